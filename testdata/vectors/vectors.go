// Package vectors opens the test data that nobody here wrote: official
// vectors and recordings of real AWS traffic. It lives outside the project,
// in the folder that RAWBEDROCK_VECTORS names (default: ../shared beside the
// checkout); a test that asks for an absent file is skipped and says so.
package vectors

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Path returns the path of name below that folder, for example
// "vectors/sigv4/botocore.jsonl" or "recordings/bedrock.jsonl". The test is
// skipped when it is not there.
func Path(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("RAWBEDROCK_VECTORS")
	if dir == "" {
		dir = filepath.Join(root(t), "..", "shared")
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("vectors absent: %s is not in RAWBEDROCK_VECTORS (default ../shared)", name)
	}
	return path
}

// Lines decodes a JSON Lines file, one T per line.
func Lines[T any](t testing.TB, name string) []T {
	t.Helper()
	data, err := os.ReadFile(Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	sc := bufio.NewScanner(bytes.NewReader(data))
	sc.Buffer(nil, 64<<20)
	for sc.Scan() {
		var v T
		if err := json.Unmarshal(sc.Bytes(), &v); err != nil {
			t.Fatalf("%s: line %d: %v", name, len(all)+1, err)
		}
		all = append(all, v)
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	t.Logf("vectors: %d cases from %s", len(all), name)
	return all
}

// root is the folder of go.mod above the test's working directory.
func root(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(data, []byte("module rawbedrock\n")) {
			return dir
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		t.Fatal("no go.mod of rawbedrock above the test")
	}
}
