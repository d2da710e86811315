package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rawbedrock/client/redact"
	"rawbedrock/testdata/vectors"
)

// signedCase is a request that botocore signed.
type signedCase struct {
	Name, Kind, Method, URL, Region, Service string
	Headers                                  [][2]string
	Body                                     []byte `json:"body_b64"`
	AccessKey                                string `json:"access_key"`
	SecretKey                                string `json:"secret_key"`
	SessionToken                             string `json:"session_token"`
	AmzDate                                  string `json:"amz_date"`
	Expires                                  int
	CanonicalRequest                         string `json:"canonical_request"`
	StringToSign                             string `json:"string_to_sign"`
	SignedHeaders                            string `json:"signed_headers"`
	Signature, Authorization                 string
	PresignedURL                             string `json:"presigned_url"`
}

// command is the case as a command line; the body is in the file body.
func (c signedCase) command(body string) []string {
	args := []string{"sign", "--method", c.Method, "--url", c.URL, "--body", "@" + body,
		"--region", c.Region, "--service", c.Service, "--time", c.AmzDate, "-o", "json"}
	for _, h := range c.Headers {
		args = append(args, "-H", h[0]+": "+h[1])
	}
	if c.Kind == "presign" {
		args = append(args, "--presign", fmt.Sprint(c.Expires, "s"))
	}
	return args
}

func TestSignEqualsBotocore(t *testing.T) {
	body := filepath.Join(t.TempDir(), "body")
	for _, c := range vectors.Lines[signedCase](t, "vectors/sigv4/botocore.jsonl") {
		if err := os.WriteFile(body, c.Body, 0o600); err != nil {
			t.Fatal(err)
		}
		getenv := func(name string) string {
			return map[string]string{
				"AWS_ACCESS_KEY_ID": c.AccessKey, "AWS_SECRET_ACCESS_KEY": c.SecretKey, "AWS_SESSION_TOKEN": c.SessionToken,
			}[name]
		}
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), env{strings.NewReader(""), &stdout, &stderr, getenv}, c.command(body)); code != 0 {
			t.Errorf("%s: exit %d, %s", c.Name, code, &stderr)
			continue
		}
		got := map[string]string{}
		if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		_, scope, _ := strings.Cut(c.StringToSign, "\n"+c.AmzDate+"\n")
		scope, _, _ = strings.Cut(scope, "\n")
		want := map[string]string{
			"canonicalRequest": c.CanonicalRequest, "stringToSign": c.StringToSign, "credentialScope": scope,
			"signedHeaders": c.SignedHeaders, "signature": c.Signature, "authorization": c.Authorization,
		}
		if c.Kind == "presign" {
			delete(want, "authorization")
			want["url"] = c.PresignedURL
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s:\n got %q\nwant %q", c.Name, got, want)
		}
		c.explained(t, getenv, body)
	}
}

// explained checks the steps of --explain, which say the same, where each line
// is from, and no token.
func (c signedCase) explained(t *testing.T, getenv func(string) string, body string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	var got signResult
	run(t.Context(), env{strings.NewReader(""), &stdout, &stderr, getenv}, append(c.command(body), "--explain"))
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil || len(got.Steps) != 4 {
		t.Fatalf("%s: %v, %d steps: %s", c.Name, err, len(got.Steps), &stderr)
	}
	want := []string{redact.Text(c.CanonicalRequest, c.SessionToken), c.StringToSign, "", c.Signature}
	for i, step := range got.Steps {
		var lines []string
		for _, l := range step.Lines {
			if lines = append(lines, l.Line); l.From == "" {
				t.Errorf("%s: %q is from nowhere", c.Name, l.Line)
			}
		}
		if text := strings.Join(lines, "\n"); want[i] != "" && text != want[i] {
			t.Errorf("%s: %s\n got %q\nwant %q", c.Name, step.Step, text, want[i])
		}
	}
	if token := c.SessionToken; token != "" && (strings.Contains(stdout.String(), token) || strings.Contains(stdout.String(), url.QueryEscape(token))) {
		t.Errorf("%s: the token is shown: %s", c.Name, &stdout)
	}
}
