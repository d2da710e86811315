package credentials

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// tripper is a RoundTripper of a function.
type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// says is a client whose requests are all answered the same.
func says(status int, body string) *http.Client {
	return &http.Client{Transport: tripper(func(req *http.Request) (*http.Response, error) { return answer(req, status, body), nil })}
}

// silent is a client that nobody answers.
var silent = &http.Client{Transport: tripper(func(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
})}

func TestContainerReplies(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		fail   string
	}{
		{"credentials", 200, `{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2099-01-01T00:00:00Z"}`, ""},
		{"without expiry", 200, `{"AccessKeyId":"A","SecretAccessKey":"S"}`, ""},
		{"refusal", 403, `{"code":"Denied","message":"token ` + canary + ` is wrong"}`, "403 Forbidden: Denied token REDACTED is wrong"},
		{"text", 404, canary, "404 Not Found"},
		{"moved", 302, "", "302 Found"},
		{"not JSON", 200, canary, "something else than JSON"},
		{"half a pair", 200, `{"AccessKeyId":"A","Token":"` + canary + `"}`, "without a key pair"},
		{"bad time", 200, `{"AccessKeyId":"A","SecretAccessKey":"S","Expiration":"` + canary + `"}`, "Expiration"},
		{"too much", 200, strings.Repeat(" ", maxReply+1), "larger than 1 MiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := Container{FullURI: "http://127.0.0.1/x?key=" + canary, Token: canary, HTTP: says(tt.status, tt.body)}
				creds, err := c.Retrieve(t.Context())
				if tt.fail == "" {
					if err != nil || creds.AccessKeyID != "A" || creds.SecretAccessKey != "S" || creds.Source != sourceContainer {
						t.Errorf("%v, %v", creds, err)
					}
					return
				}
				if err == nil || !strings.Contains(err.Error(), tt.fail) || strings.Contains(err.Error(), canary) {
					t.Errorf("%v; want %q and no secret", err, tt.fail)
				}
			})
		})
	}
}

// TestContainerTries: an overloaded endpoint is asked three times, a silent one
// for six seconds and what lies between.
func TestContainerTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		busy := &http.Client{Transport: tripper(func(req *http.Request) (*http.Response, error) {
			if n++; n < 3 {
				return answer(req, 503, ""), nil
			}
			return answer(req, 200, `{"AccessKeyId":"A","SecretAccessKey":"S"}`), nil
		})}
		if c, err := (Container{RelativeURI: "/x", HTTP: busy}).Retrieve(t.Context()); err != nil || !c.HasKeys() || n != 3 {
			t.Errorf("%v, %v, %d tries", c, err, n)
		}
		started := time.Now()
		_, err := Container{RelativeURI: "/x", HTTP: silent}.Retrieve(t.Context())
		if took := time.Since(started); err == nil || !strings.Contains(err.Error(), "no answer within 2s") || took > 7*time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}

func TestContainerHosts(t *testing.T) {
	for ip, want := range map[string]bool{
		"127.0.0.1": true, "127.9.9.9": true, "::1": true, "::ffff:127.0.0.1": true, "169.254.170.2": true, "169.254.170.23": true,
		"fd00:ec2::23": true, "169.254.169.254": false, "169.254.170.3": false, "10.0.0.1": false, "0.0.0.0": false, "::": false, "fd00:ec2::254": false,
	} {
		if got := allowedIP(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %t", ip, got)
		}
	}
	for _, uri := range []string{"http://10.0.0.1/x", "ftp://127.0.0.1/x", "//127.0.0.1/x", "http:///x", "nonsense", "http://127.0.0.1.evil.invalid/", ":"} {
		c := Container{FullURI: uri, HTTP: &http.Client{Transport: tripper(func(*http.Request) (*http.Response, error) {
			t.Errorf("%s was asked", uri)
			return nil, http.ErrAbortHandler
		})}}
		if _, err := c.Retrieve(t.Context()); err == nil {
			t.Errorf("%s: no error", uri)
		}
	}
}
