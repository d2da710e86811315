package interop

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// What a program that makes one call may weigh.
const (
	maxBytes   = 7_800_000 // stripped; 7,000,000 is the aim
	maxInit    = 20_000    // bytes that our packages allocate before main
	maxModules = 5         // besides rawbedrock, the program's own and the standard library
)

// build builds a footprint program, static and stripped.
func build(tb testing.TB, name string) string {
	tb.Helper()
	bin := filepath.Join(tb.TempDir(), name)
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", bin, "./footprint/"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// modules are those whose packages a program holds, but its own.
func modules(tb testing.TB, name string) []string {
	tb.Helper()
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "./footprint/"+name).Output()
	if err != nil {
		tb.Fatal(err)
	}
	all := strings.Fields(string(out))
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(m string) bool { return strings.HasPrefix(m, "rawbedrock") })
}

func TestFootprint(t *testing.T) {
	size := func(name string) int64 {
		info, err := os.Stat(build(t, name))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	ours, sdk, floor := size("rawbedrock"), size("sdk"), size("nethttp")
	deps := modules(t, "rawbedrock")
	t.Logf("stripped: net/http %d, rawbedrock %d, aws-sdk-go-v2 %d bytes; modules: rawbedrock %d %v, aws-sdk-go-v2 %d",
		floor, ours, sdk, len(deps), deps, len(modules(t, "sdk")))
	if ours > maxBytes {
		t.Errorf("the one-call program has %d bytes, want at most %d", ours, maxBytes)
	}
	if len(deps) > maxModules {
		t.Errorf("the one-call program holds %d modules, want at most %d: %v", len(deps), maxModules, deps)
	}
}

// Our packages build nothing big, and compile no regular expression, before
// main.
func TestInit(t *testing.T) {
	cmd := exec.Command(build(t, "rawbedrock"))
	cmd.Env = []string{"GODEBUG=inittrace=1", "HOME=" + t.TempDir()}
	out, _ := cmd.CombinedOutput() // without a region it fails, after main began
	total, seen := 0, false
	for line := range strings.Lines(string(out)) {
		var name, at, took string
		var bytes int
		if n, _ := fmt.Sscanf(line, "init rawbedrock/%s @%s ms, %s ms clock, %d bytes", &name, &at, &took, &bytes); n == 4 {
			total, seen = total+bytes, true
		}
	}
	if !seen || total > maxInit {
		t.Errorf("%d bytes before main, want at most %d:\n%s", total, maxInit, out)
	}
}

// commands make one call without Go, each if it is installed, as probe tells.
var commands = []struct {
	name  string
	probe []string
	call  []string
}{
	{"curl", []string{"curl", "--version"}, []string{"sh", "-c",
		`curl --silent --fail --request POST --header 'Content-Type: application/json' --data '{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}' "$AWS_ENDPOINT_URL/model/x/converse"`}},
	{"boto3", []string{"python3", "-c", "import boto3"}, []string{"python3", "-c", `import boto3
boto3.client("bedrock-runtime").converse(modelId="x", messages=[{"role": "user", "content": [{"text": "Hi"}]}])`}},
	{"aws-cli", []string{"aws", "--version"}, []string{"aws", "bedrock-runtime", "converse", "--model-id", "x",
		"--messages", `[{"role":"user","content":[{"text":"Hi"}]}]`}},
}

// From the start of the process to its request at the server.
func BenchmarkStart(b *testing.B) {
	came := make(chan time.Time, 1)
	all := repliesOf(20)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		came <- time.Now()
		a := all.to(r.URL.Path, nil)
		w.Header().Set("Content-Type", a.contentType)
		w.Write(a.body)
	}))
	defer srv.Close()
	start := func(b *testing.B, command ...string) {
		var total time.Duration
		for b.Loop() {
			cmd := exec.Command(command[0], command[1:]...)
			cmd.Env = []string{"HOME=" + b.TempDir(), "PATH=" + os.Getenv("PATH"), "AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region, "AWS_ENDPOINT_URL=" + srv.URL, "AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + secretKey}
			start := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
			total += (<-came).Sub(start)
		}
		b.ReportMetric(float64(total.Nanoseconds())/float64(b.N), "start-ns/op")
	}
	for peer, name := range map[string]string{
		"net/http": "nethttp", "rawbedrock": "rawbedrock", "aws-sdk-go-v2": "sdk", "anthropic-sdk-go": "anthropic", "openai-go": "openai",
	} {
		b.Run(peer, func(b *testing.B) {
			bin := build(b, name)
			info, err := os.Stat(bin)
			if err != nil {
				b.Fatal(err)
			}
			start(b, bin)
			b.ReportMetric(float64(info.Size()), "binary-B")
			b.ReportMetric(float64(len(modules(b, name))), "modules")
		})
	}
	for _, c := range commands {
		b.Run(c.name, func(b *testing.B) {
			if err := exec.Command(c.probe[0], c.probe[1:]...).Run(); err != nil {
				b.Skipf("%s absent: %v", c.name, err)
			}
			start(b, c.call...)
		})
	}
}
