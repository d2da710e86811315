package bedrocktest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The aws command line, which cannot stream, calls the local Bedrock as it
// would call AWS.
func TestAWSCommandLine(t *testing.T) {
	aws, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("the aws command line is not installed")
	}
	if testing.Short() {
		t.Skip("-short: starting aws takes its time")
	}
	local, err := new(Server).Start("")
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	dir := t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), aws, append(args, "--endpoint-url", local.URL, "--output", "json", "--cli-read-timeout", "30")...)
		cmd.Env = []string{
			"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "AWS_DEFAULT_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true",
			"AWS_ACCESS_KEY_ID=" + Credentials().AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + Credentials().SecretAccessKey,
		}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	const messages = `[{"role":"user","content":[{"text":"Hi"}]}]`
	for _, tt := range []struct {
		want string
		args []string
	}{
		{"mock", []string{"bedrock-runtime", "converse", "--model-id", "us.amazon.nova-2-lite-v1:0", "--messages", messages}},
		{"inputTokens", []string{"bedrock-runtime", "count-tokens", "--model-id", "anthropic.claude-haiku-4-5-20251001-v1:0", "--input", `{"converse":{"messages":` + messages + `}}`}},
		{"modelSummaries", []string{"bedrock", "list-foundation-models"}},
	} {
		if out := run(tt.args...); !strings.Contains(out, tt.want) {
			t.Errorf("aws %s: no %q in %.300s", tt.args[1], tt.want, out)
		}
	}
	body, answer := filepath.Join(dir, "body.json"), filepath.Join(dir, "answer.json")
	if err := os.WriteFile(body, []byte(`{"prompt":"Hi","max_gen_len":20}`), 0o600); err != nil {
		t.Fatal(err)
	}
	run("bedrock-runtime", "invoke-model", "--model-id", "us.meta.llama3-1-8b-instruct-v1:0", "--body", "fileb://"+body, answer)
	if out, err := os.ReadFile(answer); err != nil || !strings.Contains(string(out), `"generation"`) {
		t.Errorf("invoke-model: %s, %v", out, err)
	}
}

// curl calls it with an API key, whole and streamed.
func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	local, err := new(Server).Start("")
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	for _, tt := range []struct{ path, body, want string }{
		{"/model/us.amazon.nova-2-lite-v1%3A0/converse", `{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}`, "mock"},
		{"/openai/v1/chat/completions", `{"model":"openai.gpt-oss-20b-1:0","stream":true,"messages":[{"role":"user","content":"Hi"}]}`, "data: [DONE]"},
	} {
		cmd := exec.CommandContext(t.Context(), curl, "--silent", "--show-error", "--fail-with-body", "--no-buffer", "--max-time", "60",
			"-H", "Content-Type: application/json", "-H", "Authorization: Bearer "+APIKey, "-d", tt.body, local.URL+tt.path)
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), tt.want) {
			t.Errorf("curl %s: %v\n%s", tt.path, err, out)
		}
	}
}
