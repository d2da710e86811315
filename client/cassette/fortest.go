package cassette

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// recording is the flag -record, which only test binaries have.
var recording = new(bool)

// recorders are the tests that have recorded, by their file.
var recorders sync.Map

func init() {
	if testing.Testing() {
		recording = flag.Bool("record", false, "record cassettes anew from the network")
	}
}

// pathOf is the file of a test by its name.
func pathOf(test string) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`<>:"\|?*`, r) {
			return '_'
		}
		return r
	}, strings.ReplaceAll(test, "/..", "/__"))
	return filepath.Join("testdata", "cassettes", filepath.FromSlash(name)+Extension)
}

// ForTest opens the cassette of a test, testdata/cassettes/NAME.cassette with
// the test's name, which may hold slashes. It replays, or with
//
//	go test -run NAME -record
//
// records anew. When the test is over, an interaction that it did not use, or
// a failure to record, fails it. At most one Options may be given; its Mode
// does not count. One call records a file: a second one by the same test, or by
// another whose name makes the same file name, fails it.
func ForTest(t testing.TB, options ...Options) *Cassette {
	t.Helper()
	var o Options
	if len(options) > 0 {
		o = options[0]
	}
	path := pathOf(t.Name())
	o.Mode = Replay
	if *recording {
		o.Mode, o.fresh = Record, true
		if other, ok := recorders.Swap(path, t); ok && (other == t || other.(testing.TB).Name() != t.Name()) {
			t.Fatalf("cassette: %s is recorded by the test %s already", path, other.(testing.TB).Name())
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Open(path, o)
	if err != nil {
		t.Fatalf("%v (go test -run '^%s$' -record makes it)", err, regexp.QuoteMeta(t.Name()))
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() || *recording {
			return
		}
		for _, i := range c.Unused() {
			t.Errorf("%s:%d: the test does not ask for this interaction: %s %s", path, i.Line, i.Request.Method, i.Request.URL)
		}
	})
	return c
}
