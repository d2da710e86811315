package bedrocktest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// boto3 is pointed at the server, unmodified. testdata/boto3_client.py says
// what it tries.
func TestBoto3(t *testing.T) {
	if testing.Short() {
		t.Skip("boto3 is slow to start")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 absent: boto3 is not tried as a client")
	}
	if out, err := exec.Command(python, "-c", "import boto3").CombinedOutput(); err != nil {
		t.Skipf("boto3 absent: not tried as a client (%s)", lastLine(out))
	}
	for name, tls := range map[string]bool{"http": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			s := &Server{}
			start, args := s.Start, []string{"testdata/boto3_client.py"}
			if tls {
				start = s.StartTLS
			}
			l, err := start("")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			args = append(args, l.URL)
			if tls {
				ca := filepath.Join(t.TempDir(), "ca.pem")
				if err := os.WriteFile(ca, l.Certificate, 0o600); err != nil {
					t.Fatal(err)
				}
				args = append(args, ca)
			}
			cmd := exec.CommandContext(t.Context(), python, args...)
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true"}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if n := strings.Count(string(out), "ok "); n != 14 {
				t.Errorf("%d of 14 checks:\n%s", n, out)
			}
		})
	}
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
