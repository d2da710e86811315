package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// botocoreServer starts client/testdata/botocore_server.py, which refuses every
// request that botocore would have signed differently, and returns its URL.
func botocoreServer(t *testing.T) string {
	url, _ := python(t, "botocore_server.py")
	return url
}

// python starts a server in client/testdata. It returns the first line that it
// prints, its URL, and what follows.
func python(t *testing.T, script string, args ...string) (url string, rest *bufio.Reader) {
	t.Helper()
	if err := exec.Command("python3", "-c", "import boto3").Run(); err != nil {
		t.Skip("python3 with boto3 absent")
	}
	server := exec.Command("python3", append([]string{filepath.Join("..", "..", "client", "testdata", script)}, args...)...)
	server.Stderr = os.Stderr
	stdin, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		server.Wait()
	})
	rest = bufio.NewReader(stdout)
	url, err = rest.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(url), rest
}

// exampleEnv is the environment of somebody who holds the key of AWS's
// documentation.
func exampleEnv(more map[string]string) func(string) string {
	return func(name string) string {
		if value, ok := more[name]; ok {
			return value
		}
		return map[string]string{
			"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
			"AWS_REGION": "us-east-1", "HOME": "/nonexistent",
		}[name]
	}
}

// bedrock runs one command line in this process.
func bedrock(t *testing.T, getenv func(string) string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), env{strings.NewReader(""), &out, &errs, getenv}, args)
	return out.String(), errs.String(), code
}

var signedModels = []string{
	"amazon.nova-lite-v1:0",
	"us.anthropic.claude-haiku-4-5-20251001-v1:0",
	"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0",
	"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6",
	"arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
}

// TestBotocoreAcceptsOurSignatures calls a server that verifies with botocore,
// with ids of every shape, with and without a session token, and runs what
// --dry-run curl prints against the same server.
func TestBotocoreAcceptsOurSignatures(t *testing.T) {
	url := botocoreServer(t)
	for _, command := range []string{
		"converse", "converse --no-stream", "invoke", "invoke --stream", "chat", "chat --stream",
		`converse --system it's\u0020"quoted" --max-tokens 5 --temperature 0 --guardrail gr1:1`,
		"invoke --guardrail gr1:DRAFT",
	} {
		for _, model := range signedModels {
			for _, token := range []string{"", "to+ke/n=="} {
				args := append(strings.Fields(command), "--endpoint-url", url, "-m", model, "grüße, it's \"me\"")
				getenv := exampleEnv(map[string]string{"AWS_SESSION_TOKEN": token})
				stdout, stderr, code := bedrock(t, getenv, args...)
				if code != 0 || stdout != "signed well\n" {
					t.Errorf("%s -m %s: exit %d, %q\n%s", command, model, code, stdout, stderr)
				}
				runCurl(t, getenv, append(args, "--dry-run", "curl"))
			}
		}
	}
}

// runCurl runs what --dry-run curl prints, as its reader would.
func runCurl(t *testing.T, getenv func(string) string, args []string) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Log("curl absent")
		return
	}
	stdout, stderr, code := bedrock(t, getenv, args...)
	if code != 0 {
		t.Errorf("%q: exit %d: %s", args, code, stderr)
		return
	}
	if strings.Contains(stdout, getenv("AWS_SECRET_ACCESS_KEY")) || strings.Contains(stdout, "to+ke/n==") {
		t.Errorf("%q prints a secret:\n%s", args, stdout)
	}
	shell := exec.Command("sh", "-s")
	shell.Env = []string{"PATH=" + os.Getenv("PATH"), "AWS_SESSION_TOKEN=" + getenv("AWS_SESSION_TOKEN")}
	shell.Stdin = strings.NewReader(stdout)
	out, err := shell.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("signed")) && !bytes.Contains(out, []byte("bytes")) {
		t.Errorf("%v: %s\n%s", err, out, stdout)
	}
}

// TestConverseBodyAsBoto3 sends with --body what boto3 sent of all members of
// Converse, to a server that takes nothing else.
func TestConverseBodyAsBoto3(t *testing.T) {
	if testing.Short() {
		t.Skip("boto3 is slow to start")
	}
	const n = 50
	url, rest := python(t, "boto3_converse.py", "compare", strconv.Itoa(n))
	lines := json.NewDecoder(rest)
	for range n {
		var r struct {
			ModelID string
			Request json.RawMessage
		}
		if err := lines.Decode(&r); err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{"text", "json"} { // streamed and not
			stdout, stderr, code := bedrock(t, exampleEnv(nil), "converse", "--endpoint-url", url, "-m", r.ModelID, "--body", string(r.Request), "-o", form)
			if code != 0 || !strings.Contains(stdout, "signed ") {
				t.Errorf("-m %s -o %s: exit %d, %q\n%s", r.ModelID, form, code, stdout, stderr)
			}
		}
	}
}

// TestBotocoreRefuses: the server above does refuse, and what the command says
// then names the way out.
func TestBotocoreRefuses(t *testing.T) {
	url := botocoreServer(t)
	for _, wrong := range []map[string]string{
		{"AWS_SECRET_ACCESS_KEY": "wrong"},
		{"AWS_REGION": "us-west-2"},
	} {
		stdout, stderr, code := bedrock(t, exampleEnv(wrong), "converse", "--endpoint-url", url, "hi")
		if code != exitRefused || stdout != "" || !strings.Contains(stderr, "InvalidSignatureException") {
			t.Errorf("%v: exit %d, %q\n%s", wrong, code, stdout, stderr)
		}
	}
}
