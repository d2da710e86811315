package credentials

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// canaryWorlds has a secret in every place that a source may have one.
var canaryWorlds = map[string]struct {
	env   map[string]string
	files map[string]string
}{
	"environment": {env: map[string]string{"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": canary, "AWS_SESSION_TOKEN": canary}},
	"profile":     {files: map[string]string{"home/.aws/credentials": "[default]\naws_access_key_id = A\naws_secret_access_key = " + canary + "\naws_session_token = " + canary + "\n"}},
	"half a pair": {files: map[string]string{"home/.aws/credentials": "[default]\naws_secret_access_key = " + canary + "\n"}},
	"role": {files: map[string]string{"home/.aws/config": "[default]\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = s\nexternal_id = x" + canary +
		"\n[profile s]\naws_access_key_id = A\naws_secret_access_key = " + canary + "\naws_session_token = t" + canary + "\n"}},
	"web identity": {env: map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "{DIR}/t", "AWS_ROLE_ARN": "arn:aws:iam::1:role/W"}, files: map[string]string{"t": canary + "/+\n"}},
	"sso": {files: map[string]string{
		"home/.aws/config": "[default]\nsso_session = x\nsso_account_id = 1\nsso_role_name = r\n[sso-session x]\nsso_region = us-east-1\nsso_start_url = https://x\n",
		"home/.aws/sso/cache/" + SSO{Session: "x"}.cacheName(): `{"accessToken":"` + canary + `","expiresAt":"2090-01-01T00:00:00Z"}`}},
	"sso refresh": {files: map[string]string{
		"home/.aws/config": "[default]\nsso_session = x\nsso_account_id = 1\nsso_role_name = r\n[sso-session x]\nsso_region = us-east-1\nsso_start_url = https://x\n",
		"home/.aws/sso/cache/" + SSO{Session: "x"}.cacheName(): `{"accessToken":"a` + canary + `","expiresAt":"1990-01-01T00:00:00Z","clientId":"c","clientSecret":"s` + canary + `","refreshToken":"r` + canary + `"}`}},
	"login": {files: map[string]string{
		"home/.aws/config": "[default]\nlogin_session = x\n",
		"home/.aws/login/cache/" + Login{Session: "x"}.cacheName(): `{"accessToken":{"accessKeyId":"A","secretAccessKey":"` + canary + `","sessionToken":"` + canary + `","accountId":"1","expiresAt":"1990-01-01T00:00:00Z"},` +
			`"clientId":"c","refreshToken":"r` + canary + `","dpopKey":"` + canary + `"}`}},
	"process": {files: map[string]string{"home/.aws/config": "[default]\ncredential_process = echo " + canary + "; echo " + canary + " >&2; exit 1\n"}},
	"process output": {files: map[string]string{"home/.aws/config": `[default]
credential_process = echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"` + canary + `","SessionToken":"` + canary + `"}'
`}},
	"container":            {env: map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://u:" + canary + "@127.0.0.1:1/" + canary + "?k=" + canary, "AWS_CONTAINER_AUTHORIZATION_TOKEN": canary}},
	"container token":      {env: map[string]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x", "AWS_CONTAINER_AUTHORIZATION_TOKEN": canary + "\n"}},
	"container bad URL":    {env: map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:" + canary + "/"}},
	"container token file": {env: map[string]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{DIR}/t"}, files: map[string]string{"t": canary + " é"}},
	"instance":             {},
}

// echoing is a server that answers what it was sent, in every form of error
// and of credentials.
func echoing(status int) *http.Client {
	return &http.Client{Transport: tripper(func(req *http.Request) (*http.Response, error) {
		sent := req.Method + " " + req.URL.String() + fmt.Sprint(req.Header)
		if req.Body != nil {
			body, _ := io.ReadAll(req.Body)
			sent += string(body)
		}
		if status == 0 {
			return nil, errors.New("connection refused")
		}
		quoted, _ := json.Marshal(sent)
		body := fmt.Sprintf(`{"code":"X","message":%[1]s,"error":"x","error_description":%[1]s,"AccessKeyId":"A","SecretAccessKey":"%[2]s","Token":"%[2]s"}`, quoted, canary)
		if strings.Contains(sent, "Action=") {
			body = "<ErrorResponse><Error><Code>X</Code><Message>" + strings.NewReplacer("&", " ", "<", " ").Replace(sent) + "</Message></Error></ErrorResponse>"
		}
		return answer(req, status, body), nil
	})}
}

// TestCanary: nothing that a source hands out shows a secret, whatever the
// servers answer.
func TestCanary(t *testing.T) {
	for name, tt := range canaryWorlds {
		for _, status := range []int{0, 200, 400, 500} {
			t.Run(fmt.Sprint(name, " ", status), func(t *testing.T) {
				if strings.HasPrefix(name, "process") {
					needShell(t)
				}
				env := map[string]string{"AWS_REGION": "us-east-1"}
				for k, v := range tt.env {
					env[k] = v
				}
				o := Options{Getenv: world(t, env, tt.files), HTTP: echoing(status)}
				synctest.Test(t, func(t *testing.T) { checkCanary(t, o) })
			})
		}
	}
}

func checkCanary(t *testing.T, o Options) {
	c, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	chain := c.Provider()
	creds, all, err := chain.Explain(t.Context())
	cached, cacheErr := NewCache(chain).Retrieve(t.Context())
	for _, v := range []any{creds, &creds, all, err, cached, cacheErr, c, *c} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			if text := fmt.Sprintf(format, v); strings.Contains(text, canary) {
				t.Errorf("%s of %T shows the secret: %s", format, v, text)
			}
		}
		if text, _ := json.Marshal(v); strings.Contains(string(text), canary) {
			t.Errorf("JSON of %T shows the secret: %s", v, text)
		}
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.Contains(e.Error(), canary) {
			t.Errorf("a cause shows the secret: %v", e)
		}
	}
}
