package credentials

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"rawbedrock/sigv4"
	"rawbedrock/testdata/vectors"
)

// peerCase is one line of vectors/credentials/cases.jsonl: a scenario, and what
// botocore and aws-sdk-go-v2 made of it.
type peerCase struct {
	Name        string
	Env, Files  map[string]string
	Agree       bool
	AgreeRegion bool `json:"agree_region"`
	Peers       map[string]struct {
		AccessKey string `json:"access_key"`
		SecretKey string `json:"secret_key"`
		Token     string
		Region    string
		Error     string
	}
}

// TestPeers runs the scenarios against the vectors' own fake of STS, SSO,
// sign-in, container endpoint and metadata service. Where both SDKs resolve the
// same, so must we; where they differ, a choice of ours only has to be a clean
// one.
func TestPeers(t *testing.T) {
	cases := vectors.Lines[peerCase](t, "vectors/credentials/cases.jsonl")
	values := startMock(t)
	agreed := 0
	for _, tt := range cases {
		t.Run(tt.Name, func(t *testing.T) {
			config, creds, err := tt.resolve(t, values)
			peer := tt.Peers["aws-sdk-go-v2"]
			if !tt.Agree {
				t.Logf("SDKs differ (botocore: %q, aws-sdk-go-v2: %q); ours: %v, %v", outcome(tt.Peers["botocore"].AccessKey), outcome(peer.AccessKey), creds, err)
				return
			}
			agreed++
			if (peer.Error != "") != (err != nil) {
				t.Fatalf("%v, error %v; the SDKs: %q, error %q", creds, err, peer.AccessKey, peer.Error)
			}
			if err == nil && (creds.AccessKeyID != peer.AccessKey || creds.SecretAccessKey != peer.SecretKey || creds.SessionToken != peer.Token) {
				t.Errorf("access key %q, secret %q, token %q; want %q, %q, %q",
					creds.AccessKeyID, creds.SecretAccessKey, creds.SessionToken, peer.AccessKey, peer.SecretKey, peer.Token)
			}
			if tt.AgreeRegion && config != nil && config.Region.Value != peer.Region {
				t.Errorf("region %q, want %q", config.Region.Value, peer.Region)
			}
		})
	}
	t.Logf("%d of %d scenarios with one answer", agreed, len(cases))
}

func outcome(accessKey string) string {
	if accessKey == "" {
		return "error"
	}
	return accessKey
}

// resolve writes the scenario's files and runs Load and the default chain.
func (c peerCase) resolve(t *testing.T, values map[string]string) (*Config, sigv4.Credentials, error) {
	env, files := map[string]string{}, map[string]string{}
	var oldnew []string
	for k, v := range values {
		oldnew = append(oldnew, k, v)
	}
	fill := strings.NewReplacer(oldnew...).Replace
	for name, value := range c.Env {
		env[name] = fill(value)
	}
	for name, text := range c.Files {
		files[name] = fill(text)
	}
	getenv := world(t, env, files)
	t.Setenv("HOME", getenv("HOME")) // for the shell of a credential_process
	config, err := Load(Options{Getenv: getenv})
	if err != nil {
		return nil, sigv4.Credentials{}, err
	}
	creds, err := config.Provider().Retrieve(t.Context())
	return config, creds, err
}

// startMock runs mock.py and gives what its placeholders stand for.
func startMock(t *testing.T) map[string]string {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed, which the vectors' fake services need")
	}
	cmd := exec.Command(python, vectors.Path(t, "vectors/credentials/mock.py"))
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
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	quoted, _ := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})))
	now := time.Now().UTC()
	return map[string]string{
		"{M}":        fmt.Sprintf("http://127.0.0.1:%d", port),
		"{MNOTOKEN}": fmt.Sprintf("http://127.0.0.1:%d", noToken),
		"{MLOCAL}":   fmt.Sprintf("http://localhost:%d", port),
		"{FUT}":      now.Add(time.Hour).Format(time.RFC3339),
		"{PAST}":     now.Add(-time.Hour).Format(time.RFC3339),
		"{SOON}":     now.Add(5 * time.Minute).Format(time.RFC3339),
		"{FUTOFF}":   now.Add(time.Hour).In(time.FixedZone("", 2*3600)).Format(time.RFC3339),
		"{FUTUTC}":   now.Add(time.Hour).Format("2006-01-02T15:04:05") + "UTC",
		"{ECKEY}":    strings.Trim(string(quoted), `"`),
	}
}
