package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"rawbedrock/testdata/vectors"
)

// TestAuthPeers runs the scenarios in which both SDKs resolve the same through
// the command.
func TestAuthPeers(t *testing.T) {
	for _, tt := range vectors.Scenarios(t) {
		if !tt.Agree {
			continue
		}
		t.Run(tt.Name, func(t *testing.T) {
			stdout, stderr, code := bedrock(t, tt.Place(t), "auth", "-o", "json")
			var got authReport
			if err := json.Unmarshal([]byte(stdout), &got); err != nil {
				t.Fatalf("%v: %s%s", err, stdout, stderr)
			}
			want := tt.Want()
			wantAuth, wantCode := "sigv4", exitOK
			if want.Error != "" {
				wantAuth, wantCode = "none", exitSetup
			}
			if got.Credentials.AccessKeyID != want.AccessKey || got.Auth != wantAuth || code != wantCode || (got.Credentials.Error != "") != (want.Error != "") {
				t.Errorf("exit %d, %s%s\nwant %q, error %q", code, stdout, stderr, want.AccessKey, want.Error)
			}
			if tt.AgreeRegion && want.Error == "" && got.Region.Value != want.Region {
				t.Errorf("region %+v, want %q", got.Region, want.Region)
			}
			if code == exitSetup && !strings.Contains(stderr, got.Credentials.Error) {
				t.Errorf("stderr %q does not tell why: %s", stderr, got.Credentials.Error)
			}
		})
	}
}

// TestAuthAsksNobody: with keys in the environment or an API key no server is
// asked.
func TestAuthAsksNobody(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	for name, values := range map[string]map[string]string{
		"keys":        {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": canarySecret},
		"API key":     {"AWS_BEARER_TOKEN_BEDROCK": canaryBearer},
		"API key too": {"AWS_BEARER_TOKEN_BEDROCK": canaryBearer, "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.URL},
	} {
		values["AWS_EC2_METADATA_SERVICE_ENDPOINT"], values["HOME"] = server.URL, t.TempDir()
		for _, form := range []string{"text", "json"} {
			stdout, stderr, code := bedrock(t, func(k string) string { return values[k] }, "auth", "-o", form)
			if code != exitOK || asked.Load() != 0 {
				t.Errorf("%s: exit %d, %d requests: %s%s", name, code, asked.Load(), stdout, stderr)
			}
			findCanaries(t, name, stdout+stderr)
		}
	}
}

// TestAuthCanaries: whatever the servers repeat and wherever a secret stands,
// it is not printed.
func TestAuthCanaries(t *testing.T) {
	server := gossip(t)
	cache := `{"accessToken":"` + canarySession + `","expiresAt":"2090-01-01T00:00:00Z"}`
	for name, tt := range map[string]vectors.Scenario{
		"role": {Files: map[string]string{"home/.aws/config": fmt.Sprintf(
			"[default]\nregion = us-east-1\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = s\n[profile s]\naws_access_key_id = A\naws_secret_access_key = %s\naws_session_token = %s\n", canarySecret, canarySession)}},
		"web identity": {Env: map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "{DIR}/t", "AWS_ROLE_ARN": "arn:aws:iam::1:role/R"}, Files: map[string]string{"t": canaryBearer}},
		"container":    {Env: map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": server + "/?k=" + canaryBearer, "AWS_CONTAINER_AUTHORIZATION_TOKEN": canaryBearer}},
		"sso": {Files: map[string]string{"home/.aws/config": "[default]\nsso_account_id = 1\nsso_role_name = r\nsso_region = us-east-1\nsso_start_url = u\n",
			"home/.aws/sso/cache/51e69892ab49df85c6230ccc57f8e1d1606caccc.json": cache}},
		"process":  {Files: map[string]string{"home/.aws/config": "[default]\ncredential_process = echo " + canarySecret + " | tee /dev/stderr; exit 1\n"}},
		"bad file": {Files: map[string]string{"home/.aws/credentials": "[default]\n" + canarySecret + "\n"}},
		"bad URL":  {Env: map[string]string{"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://u:" + canaryBearer + "@x/", "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": canarySecret}},
		"damaged":  {Env: map[string]string{"AWS_BEARER_TOKEN_BEDROCK": "bedrock-api-key-" + canaryBearer}},
	} {
		t.Run(name, func(t *testing.T) {
			place := tt.Place(t)
			getenv := func(k string) string {
				switch v := place(k); {
				case v != "":
					return v
				case k == "AWS_ENDPOINT_URL" && name != "bad URL":
					return server
				case k == "AWS_EC2_METADATA_DISABLED":
					return "true"
				}
				return ""
			}
			for _, form := range []string{"text", "json"} {
				stdout, stderr, code := bedrock(t, getenv, "auth", "-o", form)
				if code != exitSetup && name != "bad URL" || stderr == "" {
					t.Errorf("exit %d: %s%s", code, stdout, stderr)
				}
				findCanaries(t, name, stdout+stderr)
			}
		})
	}
}
