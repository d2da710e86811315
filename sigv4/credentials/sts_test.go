package credentials

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rawbedrock/sigv4"
)

var sourceKeys = sigv4.Credentials{AccessKeyID: "SRC", SecretAccessKey: "s" + canary, SessionToken: "t" + canary}

// TestAssumeRoleRequest verifies the request as STS does.
func TestAssumeRoleRequest(t *testing.T) {
	a := AssumeRole{
		Source: sourceKeys, RoleARN: "arn:aws:iam::1:role/A", SessionName: "me@host", ExternalID: "e/1", Duration: time.Hour,
		MFASerial: "arn:mfa", MFAToken: func(_ context.Context, serial string) (string, error) { return "code of " + serial, nil },
		Region: "eu-west-1", Endpoint: "https://sts.example",
		HTTP: &http.Client{Transport: tripper(func(req *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(req.Body)
			got, err := sigv4.Verify(req, sigv4.HashPayload(body), func(string) (sigv4.Credentials, bool) { return sourceKeys, true }, time.Now())
			if err != nil || got.Region != "eu-west-1" || got.Service != "sts" {
				t.Error(got, err)
			}
			form, _ := url.ParseQuery(string(body))
			want := "Action=AssumeRole&DurationSeconds=3600&ExternalId=e%2F1&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2FA&RoleSessionName=me%40host&SerialNumber=arn%3Amfa&TokenCode=code+of+arn%3Amfa&Version=2011-06-15"
			if form.Encode() != want || req.URL.String() != "https://sts.example/" || req.Method != "POST" {
				t.Errorf("%s %s %s", req.Method, req.URL, form.Encode())
			}
			return answer(req, 200, fmt.Sprintf(roleXML, "AssumeRole", "ROLE")), nil
		})},
	}
	c, err := a.Retrieve(t.Context())
	if err != nil || c.AccessKeyID != "ROLE" || c.SecretAccessKey != "s" || c.SessionToken != "t" || c.Expires.Year() != 2099 || c.Source != sourceAssumeRole {
		t.Errorf("%v, %v", c, err)
	}
}

func TestAssumeRoleDuration(t *testing.T) {
	for given, want := range map[time.Duration]string{0: "900", -time.Second: "900", time.Minute: "900", 901 * time.Second: "901", 12 * time.Hour: "43200"} {
		a := AssumeRole{Source: sourceKeys, Region: "r", Endpoint: "https://x", Duration: given, HTTP: &http.Client{Transport: tripper(func(req *http.Request) (*http.Response, error) {
			req.ParseForm()
			if got := req.Form.Get("DurationSeconds"); got != want {
				t.Errorf("%v: %s", given, got)
			}
			if name := req.Form.Get("RoleSessionName"); len(name) != len("rawbedrock-")+19 {
				t.Errorf("session name %q", name)
			}
			return answer(req, 200, fmt.Sprintf(roleXML, "AssumeRole", "ROLE")), nil
		})}}
		if _, err := a.Retrieve(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestAssumeRoleErrors(t *testing.T) {
	refusal := func(code, message string) string {
		return "<ErrorResponse><Error><Type>Sender</Type><Code>" + code + "</Code><Message>" + message + "</Message></Error></ErrorResponse>"
	}
	broken := providerFunc(func(context.Context) (sigv4.Credentials, error) { return sigv4.Credentials{}, errBroken })
	nobody := &http.Client{Transport: tripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("asked") })}
	tests := []struct {
		name string
		role AssumeRole
		want string
	}{
		{"denied", AssumeRole{HTTP: says(403, refusal("AccessDenied", "User: arn:u is not authorized to perform: sts:AssumeRole"))}, "STS answered 403 Forbidden AccessDenied: User: arn:u is not"},
		{"echo", AssumeRole{HTTP: says(403, refusal("SignatureDoesNotMatch", "The Canonical String should have been 'POST\n/\nx-amz-security-token:t"+canary+"\n"))}, "x-amz-security-token:REDACTED"},
		{"secrets of one beginning", AssumeRole{Source: sigv4.Credentials{AccessKeyID: "A", SecretAccessKey: "begin", SessionToken: "begin" + canary}, HTTP: says(400, refusal("X", "not begin"+canary+"."))}, "X: not REDACTED."},
		{"long", AssumeRole{HTTP: says(400, refusal("X", strings.Repeat("é", 5000)))}, "é…"},
		{"no XML", AssumeRole{HTTP: says(200, canary)}, "without credentials"},
		{"empty", AssumeRole{HTTP: says(200, "<AssumeRoleResponse/>")}, "without credentials"},
		{"no expiry", AssumeRole{HTTP: says(200, strings.ReplaceAll(fmt.Sprintf(roleXML, "AssumeRole", "A"), "2099-01-01T00:00:00Z", canary))}, "without credentials"},
		{"gateway", AssumeRole{HTTP: says(502, "<html>"+canary+"</html>")}, "502 Bad Gateway"},
		{"nobody", AssumeRole{HTTP: nobody}, "asked"},
		{"no source", AssumeRole{Source: broken, HTTP: nobody}, errBroken.Error()},
		{"MFA", AssumeRole{MFASerial: "arn:mfa", HTTP: nobody}, "Options.MFAToken"},
		{"MFA fails", AssumeRole{MFASerial: "arn:mfa", MFAToken: func(context.Context, string) (string, error) { return "", errBroken }, HTTP: nobody}, errBroken.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.role.RoleARN, tt.role.Region, tt.role.Endpoint = "arn:role", "us-east-1", "https://sts"
				if tt.role.Source == nil {
					tt.role.Source = sourceKeys
				}
				_, err := tt.role.Retrieve(t.Context())
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "arn:") || strings.Contains(err.Error(), canary) || len(err.Error()) > 700 {
					t.Errorf("%v; want %q", err, tt.want)
				}
			})
		})
	}
	if _, err := (AssumeRole{Source: sourceKeys, RoleARN: "r", HTTP: nobody}).Retrieve(t.Context()); err == nil || !strings.Contains(err.Error(), "AWS_REGION") {
		t.Errorf("without region: %v", err)
	}
	if _, err := (AssumeRole{RoleARN: "r", Region: "us-east-1", HTTP: nobody}).Retrieve(t.Context()); err == nil || !strings.Contains(err.Error(), "set Source") {
		t.Errorf("without source: %v", err)
	}
}

// TestAssumeRoleRenewsItsSource: source credentials that STS calls expired are
// dropped and got again, once.
func TestAssumeRoleRenewsItsSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &counter{}
		good := "AWS4-HMAC-SHA256 Credential=2/"
		a := AssumeRole{Source: NewCache(source), RoleARN: "arn:role", Region: "r", Endpoint: "https://sts", HTTP: &http.Client{Transport: tripper(func(req *http.Request) (*http.Response, error) {
			if !strings.HasPrefix(req.Header.Get("Authorization"), good) {
				return answer(req, 403, "<ErrorResponse><Error><Code>ExpiredTokenException</Code></Error></ErrorResponse>"), nil
			}
			return answer(req, 200, fmt.Sprintf(roleXML, "AssumeRole", "ROLE")), nil
		})}}
		for range 2 {
			if c, err := a.Retrieve(t.Context()); err != nil || c.AccessKeyID != "ROLE" || source.n.Load() != 2 {
				t.Errorf("%v, %v, %d", c, err, source.n.Load())
			}
		}
		good = "none"
		if _, err := a.Retrieve(t.Context()); err == nil || source.n.Load() != 3 {
			t.Errorf("%v, %d", err, source.n.Load())
		}
	})
}

func TestWebIdentity(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	w := WebIdentity{RoleARN: "arn:role", TokenFile: file, Endpoint: "https://sts", HTTP: &http.Client{Transport: tripper(func(req *http.Request) (*http.Response, error) {
		req.ParseForm()
		if got := req.Form.Get("WebIdentityToken"); got != canary+"\n" || req.Header.Get("Authorization") != "" {
			return answer(req, 400, "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>"+got+"</Message></Error></ErrorResponse>"), nil
		}
		return answer(req, 200, fmt.Sprintf(roleXML, "AssumeRoleWithWebIdentity", "WEB")), nil
	})}}
	for _, tt := range []struct{ token, want, fail string }{
		{canary + "\n", "WEB", ""},
		{"x" + canary, "", "400 Bad Request InvalidIdentityToken: REDACTED"},
		{"", "", "is empty"},
	} {
		if err := os.WriteFile(file, []byte(tt.token), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := w.Retrieve(t.Context())
		if c.AccessKeyID != tt.want || (err != nil) != (tt.fail != "") || err != nil && (!strings.Contains(err.Error(), tt.fail) || strings.Contains(err.Error(), canary)) {
			t.Errorf("%q: %v, %v; want %q", tt.token, c, err, tt.fail)
		}
	}
	w.RoleARN = ""
	if _, err := w.Retrieve(t.Context()); err == nil || !strings.Contains(err.Error(), "AWS_ROLE_ARN") {
		t.Error(err)
	}
}
