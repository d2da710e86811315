package credentials

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func needShell(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("sh is not installed")
	}
}

func TestProcess(t *testing.T) {
	needShell(t)
	const good = `{"Version":1,"AccessKeyId":"A","SecretAccessKey":"S","SessionToken":"T","Expiration":"2099-01-01T02:00:00+02:00"}`
	tests := []struct{ name, command, want, fail string }{
		{"all members", "echo '" + good + "'", "A S T 2099-01-01T00:00:00Z", ""},
		{"a shell", `x='{"Version":1,"AccessKeyId":"A","SecretAccessKey":"S"}'; echo "$x" | cat`, "A S  0001-01-01T00:00:00Z", ""},
		{"null for what is absent", `echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"S","SessionToken":null,"Expiration":null}'`, "A S  0001-01-01T00:00:00Z", ""},
		{"noise on standard error", "echo " + canary + " >&2; echo '" + good + "'", "A S T 2099-01-01T00:00:00Z", ""},
		{"fails after its output", "echo '" + good + "'; exit 3", "", "exit status 3"},
		{"not there", "/nonexistent/" + canary, "", "not found"},
		{"empty", "true", "", "something else than the JSON"},
		{"text", "echo " + canary, "", "something else than the JSON"},
		{"no version", `echo '{"AccessKeyId":"A","SecretAccessKey":"S"}'`, "", "Version 0"},
		{"version 2", `echo '{"Version":2,"AccessKeyId":"A","SecretAccessKey":"S"}'`, "", "Version 2"},
		{"version as text", `echo '{"Version":"1","AccessKeyId":"A","SecretAccessKey":"S"}'`, "", "something else than the JSON"},
		{"no id", `echo '{"Version":1,"SecretAccessKey":"` + canary + `"}'`, "", "AccessKeyId is missing"},
		{"no secret", `echo '{"Version":1,"AccessKeyId":"A"}'`, "", "SecretAccessKey is missing"},
		{"bad time", `echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"S","Expiration":"` + canary + `"}'`, "", "Expiration"},
		{"too much", "yes " + canary, "", "more than 1 MiB"},
		{"no command", "", "", "no command"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Process{Command: tt.command}.Retrieve(t.Context())
			if tt.fail != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fail) || strings.Contains(err.Error(), canary) {
					t.Errorf("%v, want an error with %q and no secret", err, tt.fail)
				}
				return
			}
			got := c.AccessKeyID + " " + c.SecretAccessKey + " " + c.SessionToken + " " + c.Expires.UTC().Format(time.RFC3339)
			if err != nil || got != tt.want {
				t.Errorf("%s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

// TestProcessEnds: a command that does not end is not waited for, though the
// shell's children hold its output open.
func TestProcessEnds(t *testing.T) {
	needShell(t)
	file := filepath.Join(t.TempDir(), "running") // they run until the test is over
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Process{Command: "while [ -e '" + file + "' ]; do sleep 0.1; done | cat", Timeout: time.Millisecond}.Retrieve(t.Context())
	if err == nil || !strings.Contains(err.Error(), "did not end within 1ms") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	left := errors.New("the caller left")
	cancel(left)
	if _, err := (Process{Command: "sleep 1000"}).Retrieve(ctx); !errors.Is(err, left) || !strings.Contains(err.Error(), "credential_process: ") {
		t.Error(err)
	}
}

// TestProcessLeavesAnAgent: what a command printed counts although something
// that it left running holds its output open.
func TestProcessLeavesAnAgent(t *testing.T) {
	needShell(t)
	file := filepath.Join(t.TempDir(), "running") // it runs until the test is over
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Process{Command: `echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"S"}'; while [ -e '` + file + "' ]; do sleep 0.1; done &"}.Retrieve(t.Context())
	if err != nil || c.AccessKeyID != "A" {
		t.Errorf("%v, %v", c, err)
	}
}

// TestProcessHasNoInput: standard input belongs to the program.
func TestProcessHasNoInput(t *testing.T) {
	needShell(t)
	file := filepath.Join(t.TempDir(), "seen")
	Process{Command: "cat > '" + file + "'"}.Retrieve(t.Context())
	if seen, err := os.ReadFile(file); err != nil || len(seen) > 0 {
		t.Errorf("%q, %v", seen, err)
	}
}
