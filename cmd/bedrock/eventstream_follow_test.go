package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rawbedrock/eventstream"
)

// TestDecodeFollows appends to a file while it is decoded: every message is
// printed when it is whole, until the interrupt.
func TestDecodeFollows(t *testing.T) {
	frame, err := eventstream.Append(nil, eventstream.Message{Payload: []byte(`1`)})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "growing")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	ctx, cancel := context.WithCancel(t.Context())
	printed, out := io.Pipe()
	var stderr strings.Builder
	exit := make(chan int)
	go func() {
		exit <- run(ctx, env{strings.NewReader(""), out, &stderr, func(string) string { return "" }}, []string{"eventstream", "decode", "--follow", name})
	}()
	line := make([]byte, 100)
	for range 2 {
		for _, half := range [][]byte{frame[:7], frame[7:]} {
			if _, err := file.Write(half); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := printed.Read(line); err != nil || !strings.HasSuffix(string(line[:n]), `"payload":1}`+"\n") {
			t.Fatalf("%s, %v", line[:n], err)
		}
	}
	cancel()
	if code := <-exit; code != exitInterrupted || stderr.String() != "bedrock: eventstream decode: interrupted\n" {
		t.Errorf("exit %d: %s", code, stderr.String())
	}
}
