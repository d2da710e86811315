package bedrocktest

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"rawbedrock/client/operation"
	"rawbedrock/sigv4"
	"rawbedrock/testdata/vectors"
)

// refusals: each with AWS's status, code and words.
func TestRefusals(t *testing.T) {
	now := time.Now()
	example := Credentials()
	other := sigv4.Credentials{AccessKeyID: "AKIDOTHER", SecretAccessKey: "another"}
	temporary := sigv4.Credentials{AccessKeyID: "ASIDTEMP", SecretAccessKey: "another", SessionToken: "right"}
	s := &Server{Accept: []sigv4.Credentials{temporary, {AccessKeyID: "AKIDOLD", SecretAccessKey: "x", Expires: now.Add(-time.Hour)}}}
	with := func(region, service string, c sigv4.Credentials, at time.Time) func(*http.Request) {
		return func(r *http.Request) {
			if _, err := (sigv4.Signer{Region: region, Service: service}).Sign(r, sigv4.HashPayload([]byte(hello)), c, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	wrongSecret, wrongToken := example, temporary
	wrongSecret.SecretAccessKey, wrongToken.SessionToken = "wrong", "wrong"
	for _, c := range []struct {
		name    string
		prepare func(*http.Request)
		code    string
		words   string
	}{
		{"wrong secret", with("us-east-1", "bedrock", wrongSecret, now), "InvalidSignatureException", "The Canonical String for this request should have been\n'POST\n/model/us.anthropic.claude-sonnet-4-5-20250929-v1%253A0/converse\n"},
		{"unknown key", with("us-east-1", "bedrock", other, now), "UnrecognizedClientException", "The security token included in the request is invalid."},
		{"wrong token", with("us-east-1", "bedrock", wrongToken, now), "UnrecognizedClientException", "The security token included in the request is invalid."},
		{"expired keys", with("us-east-1", "bedrock", sigv4.Credentials{AccessKeyID: "AKIDOLD", SecretAccessKey: "x"}, now), "ExpiredTokenException", "The security token included in the request is expired"},
		{"wrong region", with("eu-west-1", "bedrock", example, now), "InvalidSignatureException", "Credential should be scoped to a valid region"},
		{"wrong service", with("us-east-1", "bedrock-runtime", example, now), "InvalidSignatureException", "Credential should be scoped to correct service: 'bedrock'."},
		{"late", with("us-east-1", "bedrock", example, now.Add(-time.Hour)), "InvalidSignatureException", "Signature expired: "},
		{"early", with("us-east-1", "bedrock", example, now.Add(time.Hour)), "InvalidSignatureException", "Signature not yet current: "},
		{"unsigned", func(r *http.Request) { r.Header.Del("Authorization"); r.Header.Del("X-Amz-Date") }, "MissingAuthenticationTokenException", "Missing Authentication Token"},
		{"nonsense", func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 x") }, "IncompleteSignatureException", "Authorization header"},
		{"changed body", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, "InvalidSignatureException", "content-type:text/plain"},
		{"unsigned metadata", func(r *http.Request) { r.Header.Set("X-Amzn-Bedrock-Request-Metadata", "{}") }, "InvalidSignatureException", "x-amzn-bedrock-request-metadata"},
		{"wrong API key", bearer("nobody"), "AccessDeniedException", wrongAPIKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRequest(t, "https://bedrock-runtime.us-east-1.amazonaws.com", operation.Converse, sonnet, hello)
			c.prepare(r)
			a := send(t, s, r)
			code, suffix, _ := strings.Cut(a.header.Get("X-Amzn-Errortype"), ":")
			message, _ := a.object(t)["message"].(string)
			if message == "" {
				message, _ = a.object(t)["Message"].(string)
			}
			if a.status != 403 || code != c.code || !strings.Contains(message, c.words) {
				t.Errorf("%d %s: %s", a.status, code, message)
			}
			if !strings.HasPrefix(suffix, "http://internal.amazon.com/coral/") {
				t.Errorf("suffix %q", suffix)
			}
			if strings.Contains(string(a.body), example.SecretAccessKey) {
				t.Error("the answer holds the secret key")
			}
		})
	}
}

func bearer(key string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Del("X-Amz-Date")
		r.Header.Set("Authorization", "Bearer "+key)
	}
}

// mint makes a short-term API key as AWS's generators do.
func mint(t *testing.T, region string, c sigv4.Credentials, at time.Time, life time.Duration) string {
	t.Helper()
	r, err := http.NewRequest("POST", "https://bedrock.amazonaws.com/?Action=CallWithBearerToken", nil)
	if err != nil {
		t.Fatal(err)
	}
	u, _, err := (sigv4.Signer{Region: region, Service: "bedrock"}).Presign(r, sigv4.EmptyPayloadHash, life, c, at)
	if err != nil {
		t.Fatal(err)
	}
	return apiKeyPrefix + base64.StdEncoding.EncodeToString([]byte(strings.TrimPrefix(u.String(), "https://")+"&Version=1"))
}

func TestAPIKeys(t *testing.T) {
	now := time.Now()
	token := Credentials()
	token.SessionToken = "any/token+=="
	forged := Credentials()
	forged.SecretAccessKey = "wrong"
	for _, c := range []struct {
		name, key string
		message   string // empty: let in
	}{
		{"documented", APIKey, ""},
		{"told", "ABSK-told", ""},
		{"minted", mint(t, "us-east-1", Credentials(), now, time.Hour), ""},
		{"minted with a session", mint(t, "us-east-1", token, now, 12*time.Hour), ""},
		{"expired", mint(t, "us-east-1", Credentials(), now.Add(-2*time.Hour), time.Hour), "Bearer Token has expired"},
		{"another region", mint(t, "eu-west-1", Credentials(), now, time.Hour), wrongAPIKey},
		{"forged", mint(t, "us-east-1", forged, now, time.Hour), wrongAPIKey},
		{"too long", mint(t, "us-east-1", Credentials(), now, 13*time.Hour), wrongAPIKey},
		{"not base64", apiKeyPrefix + "%%%", wrongAPIKey},
		{"something else", apiKeyPrefix + base64.StdEncoding.EncodeToString([]byte("example.com/?x=1&Version=1")), wrongAPIKey},
		{"made up", "hello", wrongAPIKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &Server{APIKeys: []string{"ABSK-told"}}
			r := newRequest(t, "https://bedrock-runtime.us-east-1.amazonaws.com", operation.ChatCompletions, "", helloAI)
			bearer(c.key)(r)
			a := send(t, s, r)
			message, _ := a.object(t)["Message"].(string)
			if wantStatus := map[bool]int{true: 200, false: 403}[c.message == ""]; a.status != wantStatus || message != c.message {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	r := newRequest(t, "https://bedrock-runtime.us-east-1.amazonaws.com", operation.CreateMessage, "", `{"model":"`+sonnet+`","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}`)
	r.Header.Del("Authorization")
	r.Header.Del("X-Amz-Date")
	r.Header.Set("X-Api-Key", APIKey)
	if a := send(t, &Server{}, r); a.status != 200 {
		t.Errorf("x-api-key: %d %s", a.status, a.body)
	}
}

func TestVerificationModes(t *testing.T) {
	request := func(prepare func(*http.Request)) *http.Request {
		r := newRequest(t, "http://127.0.0.1:1", operation.Converse, sonnet, hello)
		prepare(r)
		return r
	}
	unsigned := func(r *http.Request) { r.Header = http.Header{} }
	foreign := func(r *http.Request) {
		r.Header = http.Header{}
		if _, err := (sigv4.Signer{Region: "eu-north-1", Service: "bedrock"}).Sign(r, sigv4.HashPayload([]byte(hello)), Credentials(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	lateType := func(r *http.Request) {
		r.Header = http.Header{}
		foreignHome := sigv4.Signer{Region: "us-east-1", Service: "bedrock"}
		if _, err := foreignHome.Sign(r, sigv4.HashPayload([]byte(hello)), Credentials(), time.Now()); err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
	}
	unsignedPayload := func(r *http.Request) {
		r.Header = http.Header{"X-Amz-Content-Sha256": {sigv4.UnsignedPayload}}
		if _, err := (sigv4.Signer{Region: "us-east-1", Service: "bedrock"}).Sign(r, sigv4.UnsignedPayload, Credentials(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name       string
		prepare    func(*http.Request)
		on, strict int
	}{
		{"signed", func(*http.Request) {}, 200, 200},
		{"unsigned", unsigned, 403, 403},
		{"another region", foreign, 200, 403},
		{"unsigned content type", lateType, 200, 403},
		{"unsigned payload", unsignedPayload, 200, 403},
	} {
		for mode, want := range map[Verification]int{VerifyOn: c.on, VerifyStrict: c.strict, VerifyOff: 200} {
			if a := send(t, &Server{Verify: mode}, request(c.prepare)); a.status != want {
				t.Errorf("%s, mode %d: %d %s", c.name, mode, a.status, a.body)
			}
		}
	}
}

// A key signed for one host and path does not open another.
func TestSignatureCoversTheTarget(t *testing.T) {
	for _, change := range []func(*http.Request){
		func(r *http.Request) {
			r.URL.Path = strings.Replace(r.URL.Path, "converse", "invoke", 1)
			r.URL.RawPath = ""
		},
		func(r *http.Request) { r.URL.RawQuery = "a=b" },
		func(r *http.Request) { r.Host = "example.com" },
		func(r *http.Request) {
			r.Header.Set("X-Amz-Date", time.Now().UTC().Add(time.Minute).Format(sigv4.TimeFormat))
		},
	} {
		r := newRequest(t, "https://127.0.0.1", operation.Converse, "amazon.nova-lite-v1:0", hello)
		change(r)
		if a := send(t, &Server{}, r); a.status != 403 {
			t.Errorf("%s: %d", r.URL, a.status)
		}
	}
}

// The path counts as it stood on the wire: a bare colon is signed as such.
func TestBareColon(t *testing.T) {
	u, err := url.Parse("https://127.0.0.1/model/amazon.nova-lite-v1:0/converse")
	if err != nil {
		t.Fatal(err)
	}
	r := newRequest(t, "https://127.0.0.1", operation.Converse, "x", hello)
	r.URL = u
	sign(t, r, []byte(hello), Credentials(), time.Now())
	if a := send(t, &Server{}, r); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// Keys of AWS's own generators, in both orders of their parameters.
func TestGeneratedKeys(t *testing.T) {
	for _, c := range vectors.Lines[struct {
		Name, Region, Token string
		Access              string `json:"access_key"`
		Secret              string `json:"secret_key"`
		Session             string `json:"session_token"`
		Date                string `json:"amz_date"`
		JS                  string `json:"token_js"`
		Expires             int
	}](t, "vectors/token/cases.jsonl") {
		issued, err := time.Parse(sigv4.TimeFormat, c.Date)
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range []string{c.Token, c.JS} {
			if token == "" {
				continue
			}
			now := issued
			s := &Server{
				Region: c.Region, Now: func() time.Time { return now },
				Accept: []sigv4.Credentials{{AccessKeyID: c.Access, SecretAccessKey: c.Secret, SessionToken: c.Session}},
			}
			if id, err := s.checkKey(token, "127.0.0.1"); err != nil || id.AccessKeyID != c.Access || id.Region != c.Region {
				t.Errorf("%s: %v %+v", c.Name, id, err)
			}
			now = issued.Add(time.Duration(c.Expires+1) * time.Second)
			if _, err := s.checkKey(token, "127.0.0.1"); err == nil || err.message != "Bearer Token has expired" {
				t.Errorf("%s: after it expired: %v", c.Name, err)
			}
		}
	}
}
