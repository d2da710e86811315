package credentials

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestContainerEndpoint runs the official table of container URIs.
func TestContainerEndpoint(t *testing.T) {
	var file struct {
		Tests []struct {
			Docs   string
			Env    map[string]string
			Result struct {
				Ok            string
				ErrorContains string
			}
		}
	}
	readJSON(t, official+"ecs-tests.json", &file)
	for _, tt := range file.Tests {
		t.Run(tt.Docs, func(t *testing.T) {
			c := containerFromEnv(func(name string) string { return tt.Env[name] }, nil)
			err := c.unset()
			got := ""
			if err == nil {
				var u *url.URL
				if u, err = c.endpoint(t.Context()); err == nil {
					got = u.String()
				}
			}
			if got != tt.Result.Ok || (err != nil) != (tt.Result.ErrorContains != "") {
				t.Errorf("%q, %v; want %+v", got, err, tt.Result)
			}
		})
	}
}

// TestIMDSEndpoint runs the official table of the metadata service's address.
func TestIMDSEndpoint(t *testing.T) {
	var file struct {
		Tests []struct {
			Docs             string
			Env, Fs          map[string]string
			EndpointOverride string `json:"endpoint_override"`
			ModeOverride     string `json:"mode_override"`
			Result           struct{ Ok, Err string }
		}
	}
	readJSON(t, official+"imds-config/imds-endpoint-tests.json", &file)
	for _, tt := range file.Tests {
		t.Run(tt.Docs, func(t *testing.T) {
			if tt.ModeOverride != "" {
				t.Skip("the mode is set in code; here code sets the endpoint")
			}
			if name := tt.Env["AWS_CONFIG_FILE"]; name != "" {
				tt.Env["AWS_CONFIG_FILE"] = "{DIR}/" + name
			}
			m := &IMDS{}
			err := load(t, tt.Env, tt.Fs).setIMDS(m)
			if tt.EndpointOverride != "" {
				m.Endpoint = tt.EndpointOverride
			}
			got := ""
			if err == nil {
				if got, err = m.base(); err == nil {
					got += "/latest/api/token"
				}
			}
			if got != tt.Result.Ok || (err != nil) != (tt.Result.Err != "") {
				t.Errorf("%q, %v; want %+v", got, err, tt.Result)
			}
		})
	}
}

// chainStep is one element of an official profile chain: who gives the first
// credentials, then the roles assumed.
type chainStep struct {
	AccessKey *struct {
		AccessKeyID     string `json:"access_key_id"`
		SecretAccessKey string `json:"secret_access_key"`
	}
	NamedSource      string
	WebIdentityToken map[string]string
	Sso              map[string]string
	AssumeRole       map[string]string
}

// TestProfileChain runs the official table of role profiles.
func TestProfileChain(t *testing.T) {
	var tests []struct {
		Docs  string
		Input struct {
			Profiles map[string]map[string]string
			Sessions map[string]map[string]string `json:"sso_sessions"`
			Selected string                       `json:"selected_profile"`
		}
		Output struct {
			ProfileChain []chainStep
			Error        string
		}
	}
	readJSON(t, official+"assume-role-tests.json", &tests)
	for _, tt := range tests {
		t.Run(tt.Docs, func(t *testing.T) {
			if c := tt.Output.ProfileChain; len(c) > 0 && c[0].Sso["sso_session"] != "" && c[0].Sso["sso_role_name"] == "" {
				t.Skip("a bearer token of an SSO session, not credentials")
			}
			got, err := chainOf(t, tt.Input.Profiles, tt.Input.Sessions, tt.Input.Selected)
			if tt.Output.Error != "" {
				if err == nil {
					t.Fatalf("%q, want the error %q", got, tt.Output.Error)
				}
				return
			}
			if want := wantSteps(tt.Output.ProfileChain); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%q, %v; want %q", got, err, want)
			}
		})
	}
}

// chainOf writes the profiles to a config file and tells how their credentials
// come about.
func chainOf(t *testing.T, profiles, sessions map[string]map[string]string, selected string) ([]string, error) {
	services := &fakeServices{}
	files := map[string]string{"var/token.jwt": "JWT"}
	var config strings.Builder
	section := func(kind, name string, settings map[string]string) {
		fmt.Fprintf(&config, "[%s %s]\n", kind, name)
		for key, value := range settings {
			fmt.Fprintf(&config, "%s = %s\n", key, strings.ReplaceAll(value, "/var/token.jwt", "{DIR}/var/token.jwt"))
		}
		if url := settings["sso_start_url"]; url != "" {
			sum := sha1.Sum([]byte(url))
			files["home/.aws/sso/cache/"+hex.EncodeToString(sum[:])+".json"] = `{"accessToken":"TOKEN","expiresAt":"2099-01-01T00:00:00Z"}`
		}
	}
	for name, settings := range profiles {
		section("profile", name, settings)
	}
	for name, settings := range sessions {
		section("sso-session", name, settings)
	}
	files["home/.aws/config"] = config.String()
	env := map[string]string{"AWS_REGION": "us-east-1"}
	services.noRole = true // the chain must not end at the instance
	for _, settings := range profiles {
		services.noRole = services.noRole && settings["credential_source"] == ""
	}
	c, err := Load(Options{Getenv: world(t, env, files), Profile: selected, HTTP: &http.Client{Transport: services}})
	if err != nil {
		return nil, err
	}
	creds, err := c.Provider().Retrieve(t.Context())
	return append([]string{creds.AccessKeyID}, services.steps...), err
}

// wantSteps puts an official chain in the words of fakeServices.
func wantSteps(chain []chainStep) []string {
	var steps []string
	by := ""
	for _, s := range chain {
		switch {
		case s.AccessKey != nil:
			by = s.AccessKey.AccessKeyID
		case s.NamedSource != "":
			by = s.NamedSource
		case s.WebIdentityToken != nil:
			by = "WEB"
			steps = append(steps, fmt.Sprint("Web ", s.WebIdentityToken["role_arn"], " ", s.WebIdentityToken["role_session_name"]))
		case s.Sso != nil:
			by = "SSO"
			steps = append(steps, fmt.Sprint("Sso ", s.Sso["sso_account_id"], " ", s.Sso["sso_role_name"], " ", s.Sso["sso_region"]))
		case s.AssumeRole != nil:
			steps = append(steps, fmt.Sprint("Role ", s.AssumeRole["role_arn"], " ", s.AssumeRole["role_session_name"], " ", s.AssumeRole["external_id"], " by ", by))
			by = path.Base(s.AssumeRole["role_arn"])
		}
	}
	return append([]string{by}, steps...)
}

// loginCase is one of the official tests of aws login.
type loginCase struct {
	Documentation  string
	ConfigContents string
	CacheContents  map[string]json.RawMessage
	MockAPICalls   []struct {
		Request struct {
			TokenInput map[string]string
		}
		Response     struct{ TokenOutput json.RawMessage }
		ResponseCode int
	}
	Outcomes []map[string]json.RawMessage
}

// TestLoginProvider runs the official tests of aws login at the time that they
// assume.
func TestLoginProvider(t *testing.T) {
	var tests []loginCase
	readJSON(t, official+"login-provider-test-cases.json", &tests)
	for _, tt := range tests {
		t.Run(tt.Documentation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(time.Date(2025, 11, 19, 0, 0, 0, 0, time.UTC)))
				tt.run(t)
			})
		})
	}
}

func (tt loginCase) run(t *testing.T) {
	files := map[string]string{"home/.aws/config": tt.ConfigContents}
	for name, content := range tt.CacheContents {
		files["home/.aws/login/cache/"+name] = string(content)
	}
	getenv := world(t, map[string]string{"AWS_REGION": "us-west-2"}, files)
	c, err := Load(Options{Getenv: getenv, Profile: "signin", HTTP: &http.Client{Transport: &tt}})
	if err != nil {
		t.Fatal(err)
	}
	creds, err := c.Provider().Retrieve(t.Context())
	for _, o := range tt.Outcomes {
		switch text(o["result"]) {
		case "error":
			if err == nil {
				t.Errorf("%v, want an error", creds)
			}
			t.Log(err)
		case "credentials":
			got := []string{creds.AccessKeyID, creds.SecretAccessKey, creds.SessionToken, creds.Expires.Format(time.RFC3339)}
			want := []string{text(o["accessKeyId"]), text(o["secretAccessKey"]), text(o["sessionToken"]), text(o["expiresAt"])}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%q, %v; want %q", got, err, want)
			}
		case "cacheContents":
			delete(o, "result")
			for name, want := range o {
				sameJSON(t, filepath.Join(getenv("HOME"), ".aws/login/cache", name), want)
			}
		default:
			t.Errorf("result %s is not known", o["result"])
		}
	}
	if len(tt.MockAPICalls) > 0 {
		t.Errorf("%d calls were not made", len(tt.MockAPICalls))
	}
}

// RoundTrip is the sign-in service of the case.
func (tt *loginCase) RoundTrip(req *http.Request) (*http.Response, error) {
	if len(tt.MockAPICalls) == 0 {
		return nil, errors.New("no call is expected")
	}
	call := tt.MockAPICalls[0]
	tt.MockAPICalls = tt.MockAPICalls[1:]
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	var got map[string]string
	if err := json.Unmarshal(body, &got); err != nil || !reflect.DeepEqual(got, call.Request.TokenInput) {
		return nil, fmt.Errorf("asked %s, want %v", body, call.Request.TokenInput)
	}
	if call.ResponseCode == 0 {
		call.ResponseCode = http.StatusOK
	}
	return answer(req, call.ResponseCode, string(call.Response.TokenOutput)), nil
}

// text is a JSON string.
func text(raw json.RawMessage) string {
	var s string
	json.Unmarshal(raw, &s)
	return s
}

func sameJSON(t *testing.T, path string, want json.RawMessage) {
	t.Helper()
	var got, wanted any
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &got)
	}
	if err == nil {
		err = json.Unmarshal(want, &wanted)
	}
	if err != nil || !reflect.DeepEqual(got, wanted) {
		t.Errorf("%s: %s, %v; want %s", filepath.Base(path), data, err, want)
	}
}
