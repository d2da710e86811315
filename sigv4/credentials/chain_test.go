package credentials

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rawbedrock/sigv4"
)

// explained is a chain's answer in one line a source.
func explained(t *testing.T, o Options) (sigv4.Credentials, []string, error) {
	t.Helper()
	c, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	creds, all, err := c.Provider().Explain(t.Context())
	var lines []string
	for _, k := range all {
		lines = append(lines, fmt.Sprintf("%s | %s | %s", k.Source, k.Outcome, k.Reason))
	}
	return creds, lines, err
}

const (
	unsetEnv = "environment | skipped | AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"
	unsetWeb = "environment: web identity | skipped | AWS_WEB_IDENTITY_TOKEN_FILE is not set"
	unsetBox = "container | skipped | AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set"
	first    = " | not reached | another source came first"
)

const keyLines = "aws_access_key_id = P\naws_secret_access_key = S\n"

var explanations = []struct {
	name    string
	env     map[string]string
	profile string // in code
	config  string
	source  string
	lines   []string
	fail    string
}{
	{"environment", map[string]string{"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "S"}, "", "", "environment",
		[]string{"environment | used | static keys", "environment: web identity" + first, "profile default" + first, "container" + first, "instance metadata" + first}, ""},
	{"half a pair", map[string]string{"AWS_SECRET_ACCESS_KEY": "S"}, "", "[default]\n" + keyLines, "profile default in ~/.aws/config",
		[]string{"environment | skipped | AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not", unsetWeb, "profile default | used | static keys of profile default in ~/.aws/config", "container" + first, "instance metadata" + first}, ""},
	{"role", map[string]string{"AWS_PROFILE": "dev"}, "", "[profile dev]\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = base\n[profile base]\n" + keyLines, "profile dev: assume role",
		[]string{unsetEnv, unsetWeb, "profile dev | used | role arn:aws:iam::1:role/R with static keys of profile base in ~/.aws/config", "container" + first, "instance metadata" + first}, ""},
	{"code hides the environment", map[string]string{"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "S", "AWS_WEB_IDENTITY_TOKEN_FILE": "/x"}, "dev", "[profile dev]\n" + keyLines, "profile dev in ~/.aws/config",
		[]string{"environment | skipped | a profile was chosen in code", "environment: web identity | skipped | a profile was chosen in code", "profile dev | used | static keys of profile dev in ~/.aws/config", "container" + first, "instance metadata" + first}, ""},
	{"instance", nil, "", "[default]\nregion = r\n", "instance metadata",
		[]string{unsetEnv, unsetWeb, "profile default | skipped | it has no settings for credentials", unsetBox, "instance metadata | used | the role of the instance"}, ""},
	{"nothing", map[string]string{"AWS_EC2_METADATA_DISABLED": "TRUE"}, "", "", "",
		[]string{unsetEnv, unsetWeb, "profile default | skipped | it is not in ~/.aws/credentials or ~/.aws/config", unsetBox, "instance metadata | skipped | AWS_EC2_METADATA_DISABLED is true"}, "none found"},
	{"web identity without role", map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "/x"}, "", "[default]\n" + keyLines, "",
		[]string{unsetEnv, "environment: web identity | failed | AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not; set both or none",
			"profile default | not reached | another source failed", "container | not reached | another source failed", "instance metadata | not reached | another source failed"}, "AWS_ROLE_ARN"},
	{"profile fails", nil, "", "[default]\nsso_session = x\n", "",
		[]string{unsetEnv, unsetWeb, `profile default | failed | sso_session "x" does not exist; add a section [sso-session x], or run aws configure sso`,
			"container | not reached | another source failed", "instance metadata | not reached | another source failed"}, "does not exist"},
	{"sso_session missing beside keys", nil, "", "[default]\n" + keyLines + "sso_session = x\n", "",
		[]string{unsetEnv, unsetWeb, `profile default | failed | sso_session "x" does not exist; add a section [sso-session x], or run aws configure sso`,
			"container | not reached | another source failed", "instance metadata | not reached | another source failed"}, "does not exist"},
	{"sso_session missing beside a role", nil, "", "[default]\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = base\nsso_session = x\n[profile base]\n" + keyLines, "",
		[]string{unsetEnv, unsetWeb, `profile default | failed | sso_session "x" does not exist; add a section [sso-session x], or run aws configure sso`,
			"container | not reached | another source failed", "instance metadata | not reached | another source failed"}, "does not exist"},
	{"web_identity_token_file without role_arn beside keys", nil, "", "[default]\n" + keyLines + "web_identity_token_file = /x\n", "",
		[]string{unsetEnv, unsetWeb, "profile default | failed | web_identity_token_file needs role_arn",
			"container | not reached | another source failed", "instance metadata | not reached | another source failed"}, "needs role_arn"},
	{"web identity beside a broken role", map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "/x", "AWS_ROLE_ARN": "arn:aws:iam::1:role/W"}, "", "[default]\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = default\n", "",
		[]string{unsetEnv, "environment: web identity | failed | profile default: source_profile goes in a circle: default, default", "profile default | failed | source_profile goes in a circle: default, default",
			"container | not reached | another source failed", "instance metadata | not reached | another source failed"}, "circle"},
	{"web identity beside a missing sso_session", map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "/x", "AWS_ROLE_ARN": "arn:aws:iam::1:role/W"}, "", "[default]\nsso_session = x\n", "",
		[]string{unsetEnv, `environment: web identity | failed | profile default: sso_session "x" does not exist; add a section [sso-session x], or run aws configure sso`,
			`profile default | failed | sso_session "x" does not exist; add a section [sso-session x], or run aws configure sso`,
			"container | not reached | another source failed", "instance metadata | not reached | another source failed"}, "does not exist"},
	{"login fails", map[string]string{"AWS_PROFILE": "p", "AWS_LOGIN_CACHE_DIRECTORY": "/nowhere"}, "", "[profile p]\nregion = us-east-1\nlogin_session = arn\n", "",
		[]string{unsetEnv, unsetWeb, "profile p | failed | aws login: the cached session: there is no cached login (/nowhere/" + Login{Session: "arn"}.cacheName() + "); run aws login --profile p",
			"container | not reached | another source failed", "instance metadata | not reached | another source failed"}, "aws login --profile p"},
	{"metadata mode", map[string]string{"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "S", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv5"}, "", "", "",
		[]string{"environment | not reached | another source failed", "environment: web identity | not reached | another source failed", "profile default | not reached | another source failed",
			"container | not reached | another source failed", "instance metadata | failed | `IPv5` is not a valid endpoint mode (AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE); set IPv4 or IPv6"}, "IPv5"},
}

func TestChainExplains(t *testing.T) {
	for _, tt := range explanations {
		t.Run(tt.name, func(t *testing.T) {
			env := map[string]string{"AWS_REGION": "us-east-1"}
			for k, v := range tt.env {
				env[k] = v
			}
			files := map[string]string{"home/.aws/config": tt.config}
			c, lines, err := explained(t, Options{Getenv: world(t, env, files), Profile: tt.profile, HTTP: &http.Client{Transport: &fakeServices{}}})
			if !slices.Equal(lines, tt.lines) {
				t.Errorf("considered\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(tt.lines, "\n"))
			}
			if c.Source != tt.source || (err != nil) != (tt.fail != "") || err != nil && !strings.Contains(err.Error(), tt.fail) {
				t.Errorf("source %q, error %v; want %q, %q", c.Source, err, tt.source, tt.fail)
			}
			if tt.name == "nothing" != errors.Is(err, ErrNone) {
				t.Errorf("%v is ErrNone: %t", err, errors.Is(err, ErrNone))
			}
		})
	}
}

// TestChainLocal: nothing is asked, and what would be is named.
func TestChainLocal(t *testing.T) {
	for name, tt := range map[string]struct {
		env    map[string]string
		config string
		want   string // access key id, or the source that was not reached
	}{
		"environment": {map[string]string{"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "S"}, "", "E"},
		"profile":     {nil, "[default]\naws_access_key_id = P\naws_secret_access_key = S\n", "P"},
		"process":     {nil, "[default]\ncredential_process = false\n", "profile default"},
		"container":   {map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/"}, "", "container"},
		"instance":    {nil, "", "instance metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			nobody := &http.Client{Transport: tripper(func(req *http.Request) (*http.Response, error) {
				t.Errorf("%s was asked", req.URL)
				return nil, errBroken
			})}
			c, err := Load(Options{Getenv: world(t, tt.env, map[string]string{"home/.aws/config": tt.config}), HTTP: nobody})
			if err != nil {
				t.Fatal(err)
			}
			chain := c.Provider()
			chain.Local = true
			creds, all, err := chain.Explain(t.Context())
			got := creds.AccessKeyID
			for _, k := range all {
				if got == "" && k.Outcome == NotReached {
					got = k.Source
				}
			}
			if got != tt.want || (err == nil) != creds.HasKeys() {
				t.Errorf("%q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// TestChainOffEC2: without any credentials the one cost is the probe of the
// metadata service, once.
func TestChainOffEC2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := Load(Options{Getenv: world(t, nil, nil), HTTP: silent})
		if err != nil {
			t.Fatal(err)
		}
		cache := NewCache(c.Provider())
		started := time.Now()
		for range 5 {
			if _, err := cache.Retrieve(t.Context()); !errors.Is(err, ErrNone) {
				t.Error(err)
			}
		}
		if took := time.Since(started); took != time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestChainKeepsSourceCredentials: a role's source is asked again when its
// credentials end, not each time the role's do.
func TestChainKeepsSourceCredentials(t *testing.T) {
	services := &fakeServices{}
	env := map[string]string{"AWS_REGION": "us-east-1"}
	config := "[default]\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = web\n[profile web]\nrole_arn = arn:aws:iam::1:role/W\nweb_identity_token_file = {DIR}/t\n"
	c, err := Load(Options{Getenv: world(t, env, map[string]string{"home/.aws/config": config, "t": "JWT"}), HTTP: &http.Client{Transport: services}})
	if err != nil {
		t.Fatal(err)
	}
	chain := c.Provider()
	for range 2 {
		if _, err := chain.Retrieve(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	role := "Role arn:aws:iam::1:role/R   by WEB"
	if want := []string{"Web arn:aws:iam::1:role/W ", role, role}; !slices.Equal(services.steps, want) {
		t.Errorf("asked %q, want %q", services.steps, want)
	}
}

// TestMFAInChain: the prompt function of the options reaches the role.
func TestMFAInChain(t *testing.T) {
	config := "[default]\nregion = us-east-1\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = default\nmfa_serial = arn:mfa\naws_access_key_id = P\naws_secret_access_key = S\n"
	o := Options{Getenv: world(t, nil, map[string]string{"home/.aws/config": config}), HTTP: &http.Client{Transport: &fakeServices{}}}
	if _, _, err := explained(t, o); err == nil || !strings.Contains(err.Error(), "MFA device arn:mfa") {
		t.Error(err)
	}
	asked := ""
	o.MFAToken = func(_ context.Context, serial string) (string, error) { asked = serial; return "123456", nil }
	if c, _, err := explained(t, o); err != nil || c.AccessKeyID != "R" || asked != "arn:mfa" {
		t.Errorf("%v, %v, asked for %q", c, err, asked)
	}
}
