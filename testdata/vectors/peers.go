package vectors

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Scenario is one line of vectors/credentials/cases.jsonl: an environment and
// files, and what botocore and aws-sdk-go-v2 made of them.
type Scenario struct {
	Name        string
	Env, Files  map[string]string
	Agree       bool // both SDKs give the same credentials, or both an error
	AgreeRegion bool `json:"agree_region"`
	Peers       map[string]Peer
}

// Peer is what one SDK resolved. Error is set instead of the keys.
type Peer struct {
	AccessKey string `json:"access_key"`
	SecretKey string `json:"secret_key"`
	Token     string
	Region    string
	Error     string
}

// Want is what both SDKs resolved, when they agree.
func (s Scenario) Want() Peer { return s.Peers["aws-sdk-go-v2"] }

// Scenarios reads the scenarios and starts the fake services that they need,
// which end with the test. The test is skipped where there is no python3.
func Scenarios(t *testing.T) []Scenario {
	all := Lines[Scenario](t, "vectors/credentials/cases.jsonl")
	fill := startMock(t).Replace
	for _, s := range all {
		for name, value := range s.Env {
			s.Env[name] = fill(value)
		}
		for name, text := range s.Files {
			s.Files[name] = fill(text)
		}
	}
	return all
}

// Place writes the files of the scenario into a new folder and returns its
// environment, whose HOME lies in there. HOME of this process is set too, for
// the programs that a scenario runs.
func (s Scenario) Place(t *testing.T) (getenv func(string) string) {
	dir := t.TempDir()
	for name, text := range s.Files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "{DIR}", dir)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	home := filepath.Join(dir, "home")
	t.Setenv("HOME", home)
	return func(name string) string {
		if value, ok := s.Env[name]; ok {
			return strings.ReplaceAll(value, "{DIR}", dir)
		}
		if name == "HOME" {
			return home
		}
		return ""
	}
}

// startMock runs the vectors' mock.py: loopback STS, SSO, sign-in, container
// endpoint and metadata service. It returns what fills in the placeholders.
func startMock(t *testing.T) *strings.Replacer {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed, which the fake services need")
	}
	cmd := exec.Command(python, Path(t, "vectors/credentials/mock.py"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	var port, noToken int
	if _, err := fmt.Fscan(bufio.NewReader(out), &port, &noToken); err != nil {
		t.Fatalf("the fake services did not start: %v", err)
	}
	now := time.Now().UTC()
	return strings.NewReplacer(
		"{M}", fmt.Sprintf("http://127.0.0.1:%d", port),
		"{MNOTOKEN}", fmt.Sprintf("http://127.0.0.1:%d", noToken),
		"{MLOCAL}", fmt.Sprintf("http://localhost:%d", port),
		"{FUT}", now.Add(time.Hour).Format(time.RFC3339),
		"{PAST}", now.Add(-time.Hour).Format(time.RFC3339),
		"{SOON}", now.Add(5*time.Minute).Format(time.RFC3339),
		"{FUTOFF}", now.Add(time.Hour).In(time.FixedZone("", 2*3600)).Format(time.RFC3339),
		"{FUTUTC}", now.Add(time.Hour).Format("2006-01-02T15:04:05")+"UTC",
		"{ECKEY}", ecKey(t))
}

// ecKey is a throw-away P-256 key in PEM form, escaped for a JSON string.
func ecKey(t *testing.T) string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Trim(string(quoted), `"`)
}
