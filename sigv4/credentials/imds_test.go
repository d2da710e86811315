package credentials

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// instance is a metadata service. A status of 0 is 200.
type instance struct {
	token, roles, creds int    // statuses
	role                string // default "role"
	body                string // of the credentials
	expires             time.Time
	asked               []string
}

func (i *instance) RoundTrip(req *http.Request) (*http.Response, error) {
	i.asked = append(i.asked, fmt.Sprint(req.Method, " ", req.URL, " ", req.Header.Get(imdsTokenH)))
	reply := func(status int, body string) (*http.Response, error) {
		if status == 0 {
			status = 200
		}
		return answer(req, status, body), nil
	}
	switch {
	case req.Method == "PUT":
		return reply(i.token, "tok")
	case strings.HasSuffix(req.URL.Path, "/"):
		return reply(i.roles, i.role)
	}
	if i.body == "" {
		return reply(i.creds, fmt.Sprintf(`{"Code":"Success","AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":%q}`, i.expires.Format(time.RFC3339)))
	}
	return reply(i.creds, i.body)
}

func (i *instance) client() *http.Client { return &http.Client{Transport: i} }

const (
	asksV2 = "PUT http://h:1/latest/api/token |GET http://h:1" + imdsRoles + " tok|GET http://h:1" + imdsRoles + "my%20role tok"
	asksV1 = "PUT http://h:1/latest/api/token |GET http://h:1" + imdsRoles + " |GET http://h:1" + imdsRoles + "my%20role "
)

var imdsAnswers = []struct {
	name       string
	service    instance
	v1Disabled bool
	asked      string
	fail       string
	none       bool // not set up rather than failed
}{
	{"version 2", instance{}, false, asksV2, "", false},
	{"token 403", instance{token: 403}, false, asksV1, "", false},
	{"token 404", instance{token: 404}, false, asksV1, "", false},
	{"token 405", instance{token: 405}, false, asksV1, "", false},
	{"token 403, version 1 disabled", instance{token: 403}, true, "", "IMDSv1 is disabled", false},
	{"token 400", instance{token: 400}, false, "", "400 Bad Request", false},
	{"token 500", instance{token: 500}, false, "", "500 Internal Server Error", false},
	{"no role", instance{roles: 404}, false, "", "no IAM role", true},
	{"turned off", instance{token: 403, roles: 403}, false, "", "turned off", true},
	{"empty role", instance{role: "\n"}, false, "", "no IAM role", true},
	{"role 500", instance{roles: 500}, false, "", "500", false},
	{"credentials 404", instance{creds: 404, body: "x"}, false, "", "404", false},
	{"error in 200", instance{body: `{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role"}`}, false, "", "AssumeRoleUnauthorizedAccess EC2 cannot assume", false},
	{"not JSON", instance{body: canary}, false, "", "something else", false},
	{"no code", instance{body: `{"AccessKeyId":"A","SecretAccessKey":"` + canary + `"}`}, false, "", "Code", false},
	{"no expiry", instance{body: `{"Code":"Success","AccessKeyId":"A","SecretAccessKey":"` + canary + `"}`}, false, "", "Expiration", false},
}

func TestIMDSAnswers(t *testing.T) {
	for _, tt := range imdsAnswers {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if tt.service.role == "" {
					tt.service.role = "my role\nother"
				}
				tt.service.expires = time.Now().Add(30 * time.Minute)
				m := &IMDS{Endpoint: "http://h:1/prefix/", V1Disabled: tt.v1Disabled, HTTP: tt.service.client()}
				c, err := m.Retrieve(t.Context())
				if tt.fail != "" {
					if err == nil || !strings.Contains(err.Error(), tt.fail) || errors.Is(err, ErrNone) != tt.none || strings.Contains(err.Error(), canary) {
						t.Errorf("%v; want %q", err, tt.fail)
					}
					return
				}
				if asked := strings.Join(tt.service.asked, "|"); err != nil || c.AccessKeyID != "A" || c.SessionToken != "T" || asked != tt.asked || !c.Expires.Equal(tt.service.expires) {
					t.Errorf("%v, %v after %s\nwant %s", c, err, asked, tt.asked)
				}
			})
		})
	}
}

// TestIMDSProbe: where nobody answers, the first call costs a second and those
// of the next minute nothing.
func TestIMDSProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &IMDS{HTTP: silent}
		cost := func() time.Duration {
			started := time.Now()
			if _, err := m.Retrieve(t.Context()); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), "not an EC2 instance") {
				t.Error(err)
			}
			return time.Since(started)
		}
		if first, second := cost(), cost(); first != time.Second || second != 0 {
			t.Errorf("%v, then %v", first, second)
		}
		time.Sleep(imdsAgain)
		if again := cost(); again != time.Second {
			t.Errorf("a minute later %v", again)
		}
		m.Disabled = true
		if _, err := m.Retrieve(t.Context()); err == nil || !strings.Contains(err.Error(), "AWS_EC2_METADATA_DISABLED") {
			t.Error(err)
		}
	})
}

// TestIMDSCaller: a caller that leaves is not taken for an absent service.
func TestIMDSCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &IMDS{HTTP: silent}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := m.Retrieve(ctx); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrNone) {
			t.Error(err)
		}
		if !m.absent.IsZero() {
			t.Error("the service counts as absent")
		}
	})
}

// TestIMDSStaticStability: expired credentials, and the last ones when the
// service fails, go on being used for five to fifteen minutes at a time.
func TestIMDSStaticStability(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(24 * time.Hour)
		service := &instance{role: "r", expires: time.Now().Add(-time.Hour)}
		m := &IMDS{HTTP: service.client()}
		extended := func(what string) {
			t.Helper()
			c, err := m.Retrieve(t.Context())
			if left := time.Until(c.Expires); err != nil || left < 5*time.Minute || left >= 15*time.Minute {
				t.Errorf("%s: %v, %v", what, c, err)
			}
		}
		extended("expired")
		service.expires = time.Now().Add(6 * time.Hour)
		c, err := m.Retrieve(t.Context())
		if left := time.Until(c.Expires); err != nil || left != time.Hour {
			t.Errorf("six hours: %v, %v", c, err)
		}
		service.token = 500
		if now, err := m.Retrieve(t.Context()); err != nil || !now.Expires.Equal(c.Expires) {
			t.Errorf("failing while they are valid: %v, %v", now, err)
		}
		time.Sleep(2 * time.Hour)
		extended("failing")
		m.HTTP = silent
		extended("gone")
	})
}
