package main

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"rawbedrock/client/bedrocktest"
)

// TestNoSecretIsFoundOut runs the commands that find out, at every verbosity
// and in every form, against servers that repeat what they are told, and looks
// for the canaries in all that comes out.
func TestNoSecretIsFoundOut(t *testing.T) {
	dir := t.TempDir()
	secrets := filepath.Join(dir, "secrets.toml")
	write(t, secrets, "AWS_ACCESS_KEY_ID = \"AKIDEXAMPLE\"\nAWS_SECRET_ACCESS_KEY = \""+canarySecret+"\"\nAWS_SESSION_TOKEN = \""+canarySession+"\"\n")
	keys := map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": canarySecret, "AWS_SESSION_TOKEN": canarySession}
	environments := map[string]map[string]string{
		"keys":   keys,
		"bearer": {"AWS_BEARER_TOKEN_BEDROCK": canaryBearer},
		"absk":   {"AWS_BEARER_TOKEN_BEDROCK": "ABSK" + canaryBearer},
		"half":   {"AWS_SECRET_ACCESS_KEY": canarySecret, "AWS_SESSION_TOKEN": canarySession},
		"proxy":  {"HTTPS_PROXY": "http://user:" + canaryBearer + "@127.0.0.1:1", "AWS_ENDPOINT_URL": "https://bedrock.test"},
	}
	maps.Copy(environments["proxy"], keys)
	commands := []string{"models", "models --profiles -o json", "doctor", "doctor -o json", "doctor --policy --no-call",
		"probe us.amazon.nova-lite-v1:0 --apis all", "probe us.amazon.nova-lite-v1:0 --regions us-east-1,us-west-2 --auth sigv4,bearer -o json", "probe a.b -o markdown"}
	urls := []string{gossip(t), "http://127.0.0.1:1"}
	for name, environment := range environments {
		environment["AWS_REGION"], environment["HOME"], environment["AWS_EC2_METADATA_DISABLED"] = "us-east-1", dir, "true"
		for _, command := range commands {
			for _, form := range []string{"", "-v", "-vv", "-vv --auth bearer", "-vv --auth sigv4", "--secrets " + secrets} {
				for _, url := range urls {
					line := command + " --max-attempts 1 " + form
					if name != "proxy" {
						line += " --endpoint-url " + url
					}
					if strings.HasPrefix(command, "doctor") {
						environment["AWS_ENDPOINT_URL_STS"] = url
					}
					stdout, stderr, code := bedrock(t, func(k string) string { return environment[k] }, strings.Fields(line)...)
					findCanaries(t, name+": "+line, stdout+stderr)
					if code == 0 {
						t.Errorf("%s: %q: exit 0", name, line)
					}
				}
			}
		}
	}
}

// TestNoSecretInATrace: of a call that goes well, -vv shows everything but what
// is secret; keys that a probe makes are secret too.
func TestNoSecretInATrace(t *testing.T) {
	env := allWell(t)
	env["AWS_SESSION_TOKEN"] = canarySession
	for _, line := range []string{"doctor -vv", "doctor -vv -o json", "models -vv", "converse -vv Hello", "chat -vv --stream Hello"} {
		stdout, stderr, code := bedrock(t, exampleEnv(env), strings.Fields(line)...)
		findCanaries(t, line, stdout+stderr)
		if code != 0 || strings.Contains(stdout+stderr, bedrocktest.Credentials().SecretAccessKey) {
			t.Errorf("%s: exit %d\n%s", line, code, stderr)
		}
	}
	url, arrived := remembering(t)
	stdout, stderr, code := bedrock(t, exampleEnv(nil), "probe", "us.amazon.nova-lite-v1:0", "--regions", "us-east-1", "--auth", "bearer", "-vv", "--endpoint-url", url)
	got := arrived.got()
	if code != 0 || len(got) != 1 {
		t.Fatalf("exit %d, %d calls\n%s", code, len(got), stderr)
	}
	if key := strings.TrimPrefix(got[0].Header.Get("Authorization"), "Bearer "); len(key) < 100 || strings.Contains(stdout+stderr, key[:60]) {
		t.Errorf("the key is of %d bytes, or told:\n%s", len(key), stderr)
	}
}
