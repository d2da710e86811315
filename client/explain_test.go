package client

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"rawbedrock/client/bedrocktest"
	"rawbedrock/client/operation"
	"rawbedrock/sigv4"
)

// proxy is a wire that changes requests on their way to a local Bedrock.
type proxy struct {
	server bedrocktest.Server
	change func(*http.Request)
}

func (p *proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	changed := r.Clone(r.Context())
	p.change(changed)
	return p.server.RoundTrip(changed)
}

func setBody(r *http.Request, body string) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
}

// throughProxy makes a call that a proxy spoils.
func throughProxy(t *testing.T, c sigv4.Credentials, change func(*http.Request)) *Error {
	t.Helper()
	client, err := New(WithEnv(func(string) string { return "" }), WithRegion("us-east-1"), WithCredentials(c),
		WithTransport(&proxy{change: change}), WithRetry(Retry{MaxAttempts: 1}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Do(t.Context(), Request{Op: operation.Converse, Labels: []string{"us.amazon.nova-lite-v1:0"},
		Header: http.Header{"X-Note": {"one"}}, Body: []byte(`{"messages":[{"role":"user","content":[{"text":"hi"}]}]}`)})
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("not refused: %v", err)
	}
	return e
}

// TestHintNamesWhatChangedOnTheWay: the client knows what it signed.
func TestHintNamesWhatChangedOnTheWay(t *testing.T) {
	good := bedrocktest.Credentials()
	good.SessionToken = canaryToken
	withNewline, wrong := good, good
	withNewline.SecretAccessKey += "\n"
	wrong.SecretAccessKey = canarySecret
	for _, c := range []struct {
		name        string
		credentials sigv4.Credentials
		change      func(*http.Request)
		want        string
	}{
		{"host", good, func(r *http.Request) { r.Host = "gateway.internal" }, `Header host: what was to be signed has "bedrock-runtime.us-east-1.amazonaws.com", what arrived has "gateway.internal"`},
		{"path", good, func(r *http.Request) {
			r.URL.RawPath = strings.ReplaceAll(r.URL.RawPath, "%3A", ":")
		}, "decoded on the way"},
		{"header", good, func(r *http.Request) { r.Header.Set("X-Note", "one, two") }, "Header x-note"},
		{"removed", good, func(r *http.Request) { r.Header.Set("X-Note", "") }, "removed on the way"},
		{"dropped", good, func(r *http.Request) { r.Header.Del("X-Note") }, "header x-note was signed, and the request that arrived does not have it"},
		{"added", good, func(r *http.Request) { r.Header.Set("X-Amz-Trace", "1") }, "has the header x-amz-trace, which the signature does not cover"},
		{"body", good, func(r *http.Request) { setBody(r, `{"messages":[]}`) }, "payload hash"},
		{"token", good, func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", canaryBearer+canaryToken) }, "session token that arrived"},
		{"method", good, func(r *http.Request) { r.Method = "POST"; r.URL.RawQuery = "a=1" }, "Query"},
		{"secret", withNewline, func(*http.Request) {}, "trailing newline"},
		{"wrong secret", wrong, func(*http.Request) {}, "another key's"},
	} {
		e := throughProxy(t, c.credentials, c.change)
		if !errors.Is(e, ErrBadSignature) || !strings.Contains(e.Hint, c.want) {
			t.Errorf("%s: hint %q, want %q in it", c.name, e.Hint, c.want)
		}
		sent := e.Sent()
		if sent == nil || !strings.HasPrefix(sent.CanonicalRequest, "POST\n/model/us.amazon.nova-lite-v1%253A0/converse\n") || len(sent.PayloadHash) != 64 || sent.Header.Get("X-Note") != "one" {
			t.Errorf("%s: sent %+v", c.name, sent)
		}
		for _, s := range []string{e.Hint, e.Detail(), fmt.Sprintf("%+v %#v %+v", *e, *e, *sent)} {
			if piece := leaks(s, canaryToken) + leaks(s, canarySecret) + leaks(s, canaryBearer); piece != "" {
				t.Errorf("%s: %q leaks in %s", c.name, piece, s)
			}
		}
	}
}

const transcriptBody = `{"message":"The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for this request should have been\n'POST\n/model/x%253A0/converse\n\nhost:h\nx-amz-date:20260101T000000Z\n\nhost;x-amz-date\ne3b0'\n\nThe String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20260101T000000Z\n20260101/us-east-1/bedrock/aws4_request\nd61e'\n"}`

// inUTF16 is text as PowerShell saves it.
func inUTF16(text string, order binary.AppendByteOrder) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		out = order.AppendUint16(out, unit)
	}
	return string(out)
}

func TestReadTranscript(t *testing.T) {
	curlV := strings.NewReplacer("BODY", transcriptBody).Replace(`* Trying 127.0.0.1:8090...
* Connected to 127.0.0.1 (127.0.0.1) port 8090 (#0)
> CONNECT h:443 HTTP/1.1
> Host: h:443
>
< HTTP/1.1 200 Connection established
<
* SSL connection using TLSv1.3 / TLS_AES_128_GCM_SHA256
> POST /model/x%3A0/converse?a=b HTTP/1.1
> Host: h
> X-Amz-Date: 20260101T000000Z
> X-Note:   two  blanks 
>
} [18 bytes data]
  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current
                                 Dload  Upload   Total   Spent    Left  Speed
100    40  100    18  100    22   9000  11000 --:--:-- --:--:-- --:--:-- 20000
< HTTP/1.1 100 Continue
<
< HTTP/1.1 403 Forbidden
< Date: Thu, 01 Jan 2026 00:10:00 GMT
< x-amzn-ErrorType: InvalidSignatureException:http://internal.amazon.com/coral/com.amazon.coral.service/
<
{ [900 bytes data]
BODY* Connection #0 to host h left intact
`)
	plain := "POST https://h/model/x%3A0/converse?a=b HTTP/1.1\nHost: h\nX-Amz-Date: 20260101T000000Z\nX-Note:   two  blanks \nContent-Length: 7\n\n{\"a\":1}\n\nHTTP/2 403\ndate: Thu, 01 Jan 2026 00:10:00 GMT\nx-amzn-errortype: InvalidSignatureException\n\n" + transcriptBody
	for name, text := range map[string]string{"curl -v": curlV, "curl -v with CRLF": strings.ReplaceAll(curlV, "\n", "\r\n"), "plain": plain,
		"indented": "  " + strings.ReplaceAll(curlV, "\n", "\n  "), "with times": regexp.MustCompile(`(?m)^[<>*{}]( |$)`).ReplaceAllString(curlV, "12:34:56.789012 $0"),
		"UTF-8 with a mark": "\ufeff" + strings.TrimPrefix(curlV, "* Trying 127.0.0.1:8090...\n* Connected to 127.0.0.1 (127.0.0.1) port 8090 (#0)\n"),
		"UTF-16":            inUTF16(curlV, binary.LittleEndian), "UTF-16, big endian": inUTF16(curlV, binary.BigEndian)} {
		r := ReadTranscript([]byte(text))
		if r.Status != 403 || r.Header.Get("Date") == "" || r.Request == nil {
			t.Errorf("%s: %+v", name, r)
			continue
		}
		q := r.Request
		if q.Method != "POST" || !strings.HasSuffix(q.RequestURI, "/model/x%3A0/converse?a=b") || q.Host != "h" || q.URL.Scheme != "https" && name != "plain" || strings.TrimRight(q.Header.Get("X-Note"), " ") != "  two  blanks" {
			t.Errorf("%s: %+v", name, q)
		}
		if name == "plain" && string(r.RequestBody) != `{"a":1}` {
			t.Errorf("%s: body %q", name, r.RequestBody)
		}
		if e := r.Err(); e == nil || e.Code != "InvalidSignatureException" || !strings.HasPrefix(e.Message, "The request signature") {
			t.Errorf("%s: %v", name, e)
		}
		if toSign, _, ok := sigv4.Quoted(rawMessage(r.errorBody())); !ok || !strings.HasPrefix(toSign, "POST\n/model/x%253A0/converse\n") {
			t.Errorf("%s: quoted %q", name, toSign)
		}
	}
	for text, want := range map[string]string{
		transcriptBody: "InvalidSignatureException",
		"HTTP/1.1 403 Forbidden\r\nx-amzn-ErrorType: ExpiredTokenException\r\n\r\n{\"message\":\"x\"}":                                                                                  "ExpiredTokenException",
		"botocore.exceptions.ClientError: An error occurred (ExpiredTokenException) when calling the Converse operation: The security token included in the request is expired":         "ExpiredTokenException",
		"operation error Bedrock Runtime: Converse, https response error StatusCode: 404, RequestID: x, ResourceNotFoundException: This model version has reached the end of its life.": "ResourceNotFoundException",
		"operation error Bedrock: ListX, api error ThrottlingException: Too many requests":                                                                                              "ThrottlingException",
		`HTTP/1.1 200 OK` + "\n\n" + `{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}`:                                                       "UnknownOperationException",
	} {
		if e := ReadTranscript([]byte(text)).Err(); e == nil || e.Code != want {
			t.Errorf("%.60q: %v, want %s", text, e, want)
		}
	}
	for _, text := range []string{"", "\n", "HTTP/1.1 200 OK\n\n{}"} {
		if e := ReadTranscript([]byte(text)).Err(); e != nil {
			t.Errorf("%q: %v", text, e)
		}
	}
}

// TestExplainClassifies: an error that is no refused signature has its meaning
// and the client's hint.
func TestExplainClassifies(t *testing.T) {
	long := sigv4.Credentials{AccessKeyID: "AKIAX", SecretAccessKey: canarySecret}
	for _, c := range []struct{ text, culprit, fix string }{
		{`{"message":"Invocation of model ID x with on-demand throughput isn’t supported."}`, "inference profile needed", "profile"},
		{`{"Message":"User: arn:aws:iam::1:user/u is not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:us-east-1::foundation-model/x because no identity-based policy allows the bedrock:InvokeModel action"}`, "access denied", "bedrock:InvokeModel"},
		{`{"message":"Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T001500Z - 5 min.)"}`, "clock", "NTP"},
		{"<ErrorResponse><Error><Code>IncompleteSignature</Code><Message>Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) Authorization=abc=</Message></Error></ErrorResponse>", "date", "X-Amz-Date"},
		{`{"message":"The request signature we calculated does not match the signature you provided."}`, "signature refused", "usual causes"},
		{`{"message":"The security token included in the request is expired"}`, "session token", "new ones"},
		{"HTTP/1.1 403 Forbidden\n\n" + `{"Message":"Authentication failed: Please make sure your API Key is valid."}`, "credentials refused", "token inspect"},
		{"> POST /model/x/converse HTTP/2 \n> Host: h\n> Authorization: Bearer " + canaryBearer + "\n>\n< HTTP/2 403 \n<\n" + `{"Message":"Authentication failed: Please make sure your API Key is valid."}`, "credentials refused", "token inspect"},
		{"> POST /model/arn:aws:bedrock:us-east-1:1:inference-profile/us.x/converse HTTP/1.1\n> Host: h\n>\n< HTTP/1.1 200 OK\n<\n" + `{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}`, "path", "%2F"},
		{"HTTP/1.1 429 Too Many Requests\n\n" + `{"message":"Too many tokens per day, please wait before trying again."}`, "daily quota used up", "quota"},
		{"> POST / HTTP/1.1\n> Host: h\n> Authorization: Bearer " + canaryBearer + "\n>\n< HTTP/1.1 403 Forbidden\n< x-amzn-ErrorType: IncompleteSignatureException\n<\n" + `{"message":"'` + canaryBearer + `' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer ` + canaryBearer + `'."}`, "authorization", "bedrock-runtime"},
		{"HTTP/1.1 403 Forbidden\nContent-Type: text/html\n\n<html><title>ERR_ACCESS_DENIED</title></html>", "proxy", "firewalls"},
		{"HTTP/1.1 502 Bad Gateway\nContent-Type: text/html\n\n<html><title>502</title></html>", "service unavailable", "gateway"},
	} {
		x, ok := Explain(Refusal{Transcript: ReadTranscript([]byte(c.text)), Credentials: long})
		if !ok || x.Culprit != c.culprit || !strings.Contains(x.Fix, c.fix) || x.Why == "" {
			t.Errorf("%.50q: %v %+v, want %s: …%s…", c.text, ok, x.Cause, c.culprit, c.fix)
		}
		if piece := leaks(fmt.Sprintf("%+v %+v", x.Explanation, *x.Error), canaryBearer); piece != "" {
			t.Errorf("%.50q: %q leaks", c.text, piece)
		}
	}
	for _, text := range []string{"", "nothing of the kind", "HTTP/1.1 200 OK\n\n{}"} {
		if x, ok := Explain(Refusal{Transcript: ReadTranscript([]byte(text))}); ok {
			t.Errorf("%q: %+v", text, x.Cause)
		}
	}
}

// TestExplainScope: the host tells what should have been signed for.
func TestExplainScope(t *testing.T) {
	for url, want := range map[string]string{
		"https://bedrock-runtime.us-west-2.amazonaws.com/model/x/converse":                     "us-west-2 bedrock",
		"https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com/":                            "us-gov-west-1 bedrock",
		"https://bedrock-mantle.eu-west-1.api.aws/v1/models":                                   "eu-west-1 bedrock-mantle",
		"https://vpce-0123-abc.bedrock-runtime.eu-central-1.vpce.amazonaws.com/model/x/invoke": "eu-central-1 bedrock",
		"https://bedrock.us-east-1.amazonaws.com/foundation-models":                            "us-east-1 bedrock",
		"https://sts.us-east-1.amazonaws.com/":                                                 "us-east-1 sts",
		"http://127.0.0.1:8090/model/x/converse":                                               " bedrock",
		"http://127.0.0.1:8090/elsewhere":                                                      " ",
	} {
		r, _ := http.NewRequest("POST", url, nil)
		if strings.HasSuffix(url, "s") && !strings.Contains(url, "elsewhere") {
			r.Method = "GET"
		}
		region, service := Refusal{Transcript: Transcript{Request: r}}.scope()
		if got := region + " " + service; got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
	gateway, _ := http.NewRequest("POST", "http://gateway.internal/model/x/converse", nil)
	for message, want := range map[string]string{"The request signature we calculated does not match": "", "Credential should be scoped to a valid region.": "us-east-1"} {
		r := Refusal{Transcript: Transcript{Request: gateway, Status: 403, Body: []byte(`{"message":"` + message + `"}`)}, DefaultRegion: "us-east-1"}
		if got := r.evidence(r.Err()).Region; got != want {
			t.Errorf("%s: default region %q, want %q", message, got, want)
		}
	}
}

// FuzzReadTranscript wants no panic, and no secret in what comes out.
func FuzzReadTranscript(f *testing.F) {
	f.Add([]byte(transcriptBody))
	f.Add([]byte("> POST /a HTTP/1.1\n> Host: h\n>\n< HTTP/1.1 403 Forbidden\n<\n{}"))
	f.Add([]byte("GET /a?b=c HTTP/1.1\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=00\nHost: h\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := Refusal{Transcript: ReadTranscript(text), Credentials: sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SessionToken: canaryToken}}
		x, _ := Explain(r)
		if said := fmt.Sprintf("%+v", x.Explanation); strings.Contains(said, canaryToken) {
			t.Errorf("%s", said)
		}
		if !bytes.Equal(r.Body, ReadTranscript(text).Body) {
			t.Error("not the same twice")
		}
	})
}
