package cassette

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recording is the flag -record, which only test binaries have.
var recording = new(bool)

func init() {
	if testing.Testing() {
		recording = flag.Bool("record", false, "record cassettes anew from the network")
	}
}

// ForTest opens the cassette of a test, testdata/cassettes/NAME.cassette with
// the test's name, which may hold slashes. It replays, or with
//
//	go test -run NAME -record
//
// records anew. When the test is over, an interaction that it did not use, or
// a failure to record, fails it. At most one Options may be given; its Mode
// does not count.
func ForTest(t testing.TB, options ...Options) *Cassette {
	t.Helper()
	var o Options
	if len(options) > 0 {
		o = options[0]
	}
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`<>:"\|?*`, r) {
			return '_'
		}
		return r
	}, t.Name())
	path := filepath.Join("testdata", "cassettes", filepath.FromSlash(name)+Extension)
	o.Mode = Replay
	if *recording {
		o.Mode, o.fresh = Record, true
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Open(path, o)
	if err != nil {
		t.Fatalf("%v (go test -run '^%s$' -record makes it)", err, t.Name())
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
