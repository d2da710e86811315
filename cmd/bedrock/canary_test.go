package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The canaries: secrets that must be found nowhere.
const (
	canarySecret  = "canary-SECRET/key+0123456789abcdefghijkl"
	canarySession = "canary-SESSION/token+0123456789=="
	canaryBearer  = "canary-BEARER-key-0123456789"
)

// gossip is a server that repeats in its errors all that it was told, as AWS
// does with the canonical request of a bad signature.
func gossip(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var told strings.Builder
		for name, values := range r.Header {
			fmt.Fprintf(&told, "%s:%s\\n", strings.ToLower(name), strings.Join(values, ","))
		}
		w.Header().Set("x-amzn-ErrorType", "InvalidSignatureException")
		w.Header().Set("x-amzn-RequestId", "00000000-0000-4000-8000-000000000001")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"message":"The Canonical String for this request should have been '%s'"}`, strings.ReplaceAll(told.String(), `"`, `'`))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestNoSecretIsPrinted runs every calling command in every form, verbosity
// and kind of failure, and looks for the canaries in all that comes out.
func TestNoSecretIsPrinted(t *testing.T) {
	dir := t.TempDir()
	secrets := filepath.Join(dir, "secrets.toml")
	write(t, secrets, fmt.Sprintf("AWS_ACCESS_KEY_ID = \"AKIDEXAMPLE\"\nAWS_SECRET_ACCESS_KEY = \"%s\"\nAWS_SESSION_TOKEN = \"%s\"\n", canarySecret, canarySession))
	profile := filepath.Join(dir, "credentials")
	write(t, profile, fmt.Sprintf("[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = %s\naws_session_token = %s\n", canarySecret, canarySession))
	broken := filepath.Join(dir, "broken")
	write(t, broken, fmt.Sprintf("[default]\naws_secret_access_key %s\naws_session_token = %s\n", canarySecret, canarySession))

	environments := map[string]map[string]string{
		"keys":    {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": canarySecret, "AWS_SESSION_TOKEN": canarySession},
		"half":    {"AWS_SECRET_ACCESS_KEY": canarySecret, "AWS_SESSION_TOKEN": canarySession, "AWS_EC2_METADATA_DISABLED": "true"},
		"bearer":  {"AWS_BEARER_TOKEN_BEDROCK": canaryBearer},
		"spaced":  {"AWS_BEARER_TOKEN_BEDROCK": canaryBearer + " x"},
		"profile": {"AWS_SHARED_CREDENTIALS_FILE": profile},
		"broken":  {"AWS_SHARED_CREDENTIALS_FILE": broken, "AWS_EC2_METADATA_DISABLED": "true"},
		"both":    {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": canarySecret, "AWS_BEARER_TOKEN_BEDROCK": canaryBearer},
	}
	commands := []string{"converse Hello", "converse --no-stream Hello", "invoke Hello", "invoke --stream Hello", "chat Hello", "chat --stream Hello"}
	forms := []string{"", "-v", "-vv", "-vv -o json", "-o raw", "--dry-run curl", "--dry-run http", "--dry-run json", "-vv --dry-run json",
		"--secrets " + secrets, "--auth bearer -vv", "--auth sigv4 -vv"}
	urls := []string{gossip(t), "http://127.0.0.1:1"}
	for name, environment := range environments {
		environment["AWS_REGION"], environment["HOME"] = "us-east-1", dir
		environment["AWS_MAX_ATTEMPTS"] = "1"
		for _, command := range commands {
			for _, form := range forms {
				for _, url := range urls {
					args := strings.Fields(command + " " + form + " --endpoint-url " + url)
					stdout, stderr, code := bedrock(t, func(k string) string { return environment[k] }, args...)
					findCanaries(t, name+": "+strings.Join(args, " "), stdout+stderr)
					if code == 0 && !strings.Contains(form, "dry-run") {
						t.Errorf("%s: %q: exit 0", name, args)
					}
				}
			}
		}
	}
}

func findCanaries(t *testing.T, where, output string) {
	t.Helper()
	for _, canary := range []string{canarySecret, canarySession, canaryBearer} {
		for _, form := range []string{canary, canary[:20], canary[len(canary)-14:], base64.StdEncoding.EncodeToString([]byte(canary))} {
			if strings.Contains(output, form) {
				t.Errorf("%s: %q is in the output:\n%s", where, form, output)
				return
			}
		}
	}
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
