package cassette

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A process that is killed while answers arrive leaves a whole file, and no
// canary in any.
func TestKilled(t *testing.T) {
	if path := os.Getenv("CASSETTE_TEST_KILLED"); path != "" {
		recordUntilKilled(t, path)
		return
	}
	path := tempFile(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
	cmd.Env = append(os.Environ(), "CASSETTE_TEST_KILLED="+path, "AWS_SECRET_ACCESS_KEY="+canaries["own AWS_SECRET_ACCESS_KEY"])
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if line != "half way\n" {
		t.Errorf("the process said %q: %v", line, err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) == 0 {
		t.Fatalf("%v %v", files, err)
	}
	for _, f := range files {
		text := readFile(t, filepath.Join(filepath.Dir(path), f.Name()))
		if strings.Contains(text, "canary") || strings.Contains(text, "CANARY") {
			t.Errorf("%s holds a canary:\n%s", f.Name(), text)
		}
	}
	checkCanonical(t, path)
	if all, err := Read(path); err != nil || len(all) != 20 {
		t.Errorf("%d interactions: %v", len(all), err)
	}
}

// recordUntilKilled records twenty answers and then waits within the next.
func recordUntilKilled(t *testing.T, path string) {
	c := mustOpen(t, path, Options{Mode: Record})
	body := fmt.Sprintf(`{"key":"AKIACANARY0123456789","own":%q}`, os.Getenv("AWS_SECRET_ACCESS_KEY"))
	for i := range 20 {
		mustDo(t, c.Wrap(answer(200, nil, body)), newRequest(t, "POST", fmt.Sprintf("http://h/%d?X-Amz-Signature=canary", i), body))
	}
	r, w := io.Pipe()
	wire := roundTripper(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 200, Body: r}, nil })
	resp, err := c.Wrap(wire).RoundTrip(newRequest(t, "POST", "http://h/last", body))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		w.Write([]byte(body))
		fmt.Println("half way")
	}()
	io.ReadAll(resp.Body)
}
