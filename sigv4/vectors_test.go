package sigv4

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"rawbedrock/testdata/vectors"
)

// suiteCase is a record of the official suites (aws-c-auth, smithy-rs and the
// older form that botocore keeps) or of our botocore runs.
type suiteCase struct {
	Name             string
	Kind             string // header, query (aws-suite) or presign (botocore)
	Method           string
	Target           string // aws-suite: the request target, perhaps not a legal one
	URL              string // botocore
	Headers          [][2]string
	Body             []byte `json:"body_b64"`
	CanonicalRequest string `json:"canonical_request"`
	StringToSign     string `json:"string_to_sign"`
	Signature        string
	Authorization    string
	SignedHeaders    string `json:"signed_headers"`
	PresignedURL     string `json:"presigned_url"`
	AccessKey        string `json:"access_key"`
	SecretKey        string `json:"secret_key"`
	SessionToken     string `json:"session_token"`
	Region, Service  string
	AmzDate          string   `json:"amz_date"`
	Expires          int      `json:"expires"`
	Normalize        *bool    `json:"normalize"`
	SignBody         bool     `json:"sign_body"`
	OmitSessionToken bool     `json:"omit_session_token"`
	ReproducedBy     []string `json:"reproduced_by"`
}

func (c suiteCase) credentials() Credentials {
	return Credentials{AccessKeyID: c.AccessKey, SecretAccessKey: c.SecretKey, SessionToken: c.SessionToken}
}

func (c suiteCase) time(t *testing.T) time.Time {
	t.Helper()
	at, err := time.Parse(TimeFormat, c.AmzDate)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// request builds the request with its headers; a Host header becomes req.Host
// and the host of a target without one.
func (c suiteCase) request(t *testing.T) *http.Request {
	t.Helper()
	u := c.parseURL(t)
	req := &http.Request{Method: c.Method, URL: u, Header: http.Header{}, Host: u.Host}
	for _, h := range c.Headers {
		if strings.EqualFold(h[0], "Host") {
			req.Host = h[1]
			continue
		}
		req.Header[h[0]] = append(req.Header[h[0]], h[1])
	}
	return req
}

func (c suiteCase) parseURL(t *testing.T) *url.URL {
	t.Helper()
	if c.URL == "" {
		path, query, _ := strings.Cut(c.Target, "?")
		u := &url.URL{Scheme: "https", Path: path, RawQuery: query}
		if p, err := url.PathUnescape(path); err == nil {
			u.Path, u.RawPath = p, path
		}
		return u
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestBotocoreVectors(t *testing.T) {
	for _, c := range vectors.Lines[suiteCase](t, "vectors/sigv4/botocore.jsonl") {
		s := Signer{Region: c.Region, Service: c.Service}
		req := c.request(t)
		if c.Kind == "presign" {
			u, sig, err := s.Presign(req, HashPayload(c.Body), time.Duration(c.Expires)*time.Second, c.credentials(), c.time(t))
			if err != nil {
				t.Errorf("%s: %v", c.Name, err)
				continue
			}
			compareSteps(t, c, sig)
			if u.String() != c.PresignedURL {
				t.Errorf("%s: url\n got %s\nwant %s", c.Name, u, c.PresignedURL)
			}
			continue
		}
		sig, err := s.Sign(req, HashPayload(c.Body), c.credentials(), c.time(t))
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		compareSteps(t, c, sig)
		if got := req.Header.Get("Authorization"); got != c.Authorization || got != sig.Authorization() {
			t.Errorf("%s: authorization\n got %s\n and %s\nwant %s", c.Name, got, sig.Authorization(), c.Authorization)
		}
	}
}

func compareSteps(t *testing.T, c suiteCase, got Signature) {
	t.Helper()
	switch {
	case got.CanonicalRequest != c.CanonicalRequest:
		t.Errorf("%s: canonical request\n got %q\nwant %q", c.Name, got.CanonicalRequest, c.CanonicalRequest)
	case c.StringToSign != "" && got.StringToSign != c.StringToSign:
		t.Errorf("%s: string to sign\n got %q\nwant %q", c.Name, got.StringToSign, c.StringToSign)
	case c.Signature != "" && got.Signature != c.Signature:
		t.Errorf("%s: signature\n got %s\nwant %s", c.Name, got.Signature, c.Signature)
	case c.SignedHeaders != "" && got.SignedHeaders != c.SignedHeaders:
		t.Errorf("%s: signed headers\n got %s\nwant %s", c.Name, got.SignedHeaders, c.SignedHeaders)
	}
}

// impossible lists what the official suites hold and net/http does not let
// through, by the condition. A case that meets a condition must fail.
var impossible = []struct {
	reason string
	is     func(suiteCase) bool
}{
	{"a header value with a line break: net/http refuses to send it, and so do we", func(c suiteCase) bool {
		return slices.ContainsFunc(c.Headers, func(h [2]string) bool { return strings.ContainsAny(h[1], "\r\n") })
	}},
}

func TestAWSSuite(t *testing.T) {
	for _, c := range vectors.Lines[suiteCase](t, "vectors/sigv4/aws-suite.jsonl") {
		reason := ""
		for _, i := range impossible {
			if i.is(c) {
				reason = i.reason
			}
		}
		sig, err := c.sign(t)
		switch {
		case reason != "" && err == nil:
			t.Errorf("%s passes, but is listed as impossible: %s", c.Name, reason)
		case reason == "" && err != nil:
			t.Errorf("%s: %v", c.Name, err)
		case reason == "":
			compareSteps(t, c, sig)
		}
	}
}

// sign signs as the case's own settings say.
func (c suiteCase) sign(t *testing.T) (Signature, error) {
	t.Helper()
	if c.AmzDate == "" { // no settings, only the steps, which show date and scope
		_, date, _ := strings.Cut(c.CanonicalRequest, "x-amz-date:")
		c.AmzDate, c.Region, c.Service = date[:len(TimeFormat)], "us-east-1", "service"
		if scope := strings.Split(c.StringToSign, "/"); len(scope) > 2 {
			c.Region, c.Service = scope[1], scope[2]
		}
	}
	// The suites write paths decoded, the older signers encoded them once.
	// Where a path needs encoding that is what they expect.
	once := slices.Contains(c.ReproducedBy, "aws-sdk-go-v2:single-escape")
	keep := c.Normalize != nil && !*c.Normalize || once
	s := Signer{Region: c.Region, Service: c.Service, KeepPath: keep}
	req := c.request(t)
	creds := c.credentials()
	if token := req.Header.Get("X-Amz-Security-Token"); token != "" {
		creds.SessionToken = token
	}
	if c.OmitSessionToken {
		creds.SessionToken = "" // added after signing
	}
	hash := HashPayload(c.Body)
	if c.Kind == "query" {
		_, sig, err := s.Presign(req, hash, time.Duration(c.Expires)*time.Second, creds, c.time(t))
		return sig, err
	}
	if c.SignBody {
		req.Header.Set("X-Amz-Content-Sha256", hash)
	}
	return s.Sign(req, hash, creds, c.time(t))
}

func TestWirePaths(t *testing.T) {
	type wirePath struct {
		Op, Input string
		WireGo    string `json:"wire_go"`
		WireBoto3 string `json:"wire_boto3"`
		GoURI     string `json:"canonical_uri_go"`
		BotoURI   string `json:"canonical_uri_boto3"`
		GoQuery   string `json:"canonical_query_go"`
		BotoQuery string `json:"canonical_query_boto3"`
		Same      bool
	}
	for _, c := range vectors.Lines[wirePath](t, "vectors/sigv4/wire-paths.jsonl") {
		if strings.Contains(c.WireGo, "/.") {
			c.GoURI = c.BotoURI // aws-sdk-go-v2 leaves dot segments as they are
		}
		for _, w := range [][3]string{{c.WireGo, c.GoURI, c.GoQuery}, {c.WireBoto3, c.BotoURI, c.BotoQuery}} {
			path, query, _ := strings.Cut(w[0], "?")
			if got := string(appendURI(nil, path, false)); got != w[1] {
				t.Errorf("%s %q: canonical URI\n got %s\nwant %s", c.Op, c.Input, got, w[1])
			}
			if got := string(appendQuery(nil, query)); got != w[2] {
				t.Errorf("%s %q: canonical query\n got %s\nwant %s", c.Op, c.Input, got, w[2])
			}
		}
	}
}

func TestEventVectors(t *testing.T) {
	type step struct {
		DateMS       int64  `json:"date_ms"`
		Payload      []byte `json:"inner_frame_b64"`
		Headers      []byte `json:"signed_headers_b64"`
		StringToSign string `json:"string_to_sign"`
		Signature    string `json:"signature_hex"`
		OuterFrame   []byte `json:"outer_frame_b64"`
	}
	type eventCase struct {
		suiteCase
		Seed  string `json:"seed_signature_hex"`
		Steps []step
	}
	for _, c := range vectors.Lines[eventCase](t, "vectors/eventsign/cases.jsonl") {
		s := Signer{Region: c.Region, Service: c.Service, Keys: new(KeyCache)}
		prior := c.Seed
		if c.URL != "" {
			sig, err := s.Sign(c.request(t), EmptyPayloadHash, c.credentials(), c.time(t))
			if err != nil {
				t.Fatal(err)
			}
			compareSteps(t, c.suiteCase, sig)
			prior = sig.Signature
		}
		for i, st := range c.Steps {
			sig, err := s.SignEvent(prior, st.Headers, st.Payload, c.credentials(), time.UnixMilli(st.DateMS))
			if err != nil {
				t.Fatal(err)
			}
			raw, _ := hex.DecodeString(sig.Signature)
			if sig.StringToSign != st.StringToSign || sig.Signature != st.Signature || !bytes.Contains(st.OuterFrame, raw) {
				t.Errorf("%s step %d:\n got %q %s\nwant %q %s", c.Name, i, sig.StringToSign, sig.Signature, st.StringToSign, st.Signature)
			}
			prior = sig.Signature
		}
	}
}

// A short-term API key is a presigned URL in base64 without its scheme.
func TestTokenVectors(t *testing.T) {
	type tokenCase struct {
		suiteCase
		Token string
	}
	for _, c := range vectors.Lines[tokenCase](t, "vectors/token/cases.jsonl") {
		c.Method, c.URL = "POST", "https://bedrock.amazonaws.com/?Action=CallWithBearerToken"
		s := Signer{Region: c.Region, Service: "bedrock"}
		u, sig, err := s.Presign(c.request(t), EmptyPayloadHash, time.Duration(c.Expires)*time.Second, c.credentials(), c.time(t))
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		compareSteps(t, c.suiteCase, sig)
		text := strings.TrimPrefix(u.String(), "https://") + "&Version=1"
		if got := "bedrock-api-key-" + base64.StdEncoding.EncodeToString([]byte(text)); got != c.Token {
			t.Errorf("%s: %s", c.Name, text)
		}
	}
}
