package cassette

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer is an upstream that always says the same.
func answer(status int, header http.Header, body string) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Header: header.Clone(), Request: r,
			ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
		}, nil
	})
}

// noNetwork fails the test when a replay reaches it.
func noNetwork(t *testing.T) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s %s went to the network", r.Method, r.URL)
		return nil, io.ErrClosedPipe
	})
}

func tempFile(t *testing.T) string { return filepath.Join(t.TempDir(), "test.cassette") }

func mustOpen(t *testing.T, path string, o Options) *Cassette {
	t.Helper()
	c, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newRequest(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// do sends a request and reads the whole answer.
func do(t *testing.T, rt http.RoundTripper, req *http.Request) (*http.Response, []byte, error) {
	t.Helper()
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if closeErr := resp.Body.Close(); closeErr != nil {
		t.Error(closeErr)
	}
	return resp, body, err
}

// mustDo is do without an error.
func mustDo(t *testing.T, rt http.RoundTripper, req *http.Request) (*http.Response, []byte) {
	t.Helper()
	resp, body, err := do(t, rt, req)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

func mustClose(t *testing.T, c *Cassette) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// checkCanonical parses a file and writes it again.
func checkCanonical(t *testing.T, path string) {
	t.Helper()
	data := readFile(t, path)
	all, err := Parse([]byte(data))
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	if again := Append(nil, all); !bytes.Equal(again, []byte(data)) {
		line, want := firstDifference([]byte(data), again)
		t.Errorf("%s:%d: written again it is %.200q", path, line, want)
	}
}
