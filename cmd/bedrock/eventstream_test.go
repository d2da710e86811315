package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rawbedrock/eventstream"
	"rawbedrock/testdata/vectors"
)

// runWith runs a command line in this process.
func runWith(ctx context.Context, stdin io.Reader, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(ctx, env{stdin, &out, &errs, func(string) string { return "" }}, args)
	return code, out.String(), errs.String()
}

// TestEventstreamVectors sends every vector through decode, and what comes out
// through encode.
func TestEventstreamVectors(t *testing.T) {
	type vector struct {
		Name, Expect string
		Encoded      []byte `json:"encoded_b64"`
	}
	for _, v := range vectors.Lines[vector](t, "vectors/eventstream/cases.jsonl") {
		code, lines, stderr := runWith(t.Context(), bytes.NewReader(v.Encoded), "eventstream", "decode")
		if v.Expect == "ok" && code != 0 || v.Expect == "error" && code != 1 || code == 1 && !strings.Contains(stderr, " at offset ") {
			t.Errorf("%s: exit %d, %s", v.Name, code, stderr)
		}
		again, frames, stderr := runWith(t.Context(), strings.NewReader(lines), "eventstream", "encode")
		if again != 0 || code == 0 && frames != string(v.Encoded) || !strings.HasPrefix(string(v.Encoded), frames) {
			t.Errorf("%s: encoded again: exit %d, %x, %s", v.Name, again, frames, stderr)
		}
	}
}

// TestDecodePrintsGoodMessagesFirst breaks the third message of three.
func TestDecodePrintsGoodMessagesFirst(t *testing.T) {
	frame, err := eventstream.Append(nil, eventstream.Message{Payload: []byte(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	good := append(bytes.Clone(frame), frame...)
	flipped := bytes.Clone(frame)
	flipped[13] ^= 1
	for _, tt := range []struct {
		third  []byte
		stderr string
	}{
		{flipped, "bedrock: eventstream decode: message at offset 36: message checksum mismatch: expected 0x"},
		{frame[:17], "bedrock: eventstream decode: message at offset 36 is cut short: 1 bytes missing after 17: unexpected EOF\n"},
	} {
		code, stdout, stderr := runWith(t.Context(), bytes.NewReader(append(bytes.Clone(good), tt.third...)), "eventstream", "decode")
		want := `{"offset":0,"headers":[],"payload":{}}` + "\n" + `{"offset":18,"headers":[],"payload":{}}` + "\n"
		if code != 1 || stdout != want || !strings.HasPrefix(stderr, tt.stderr) {
			t.Errorf("exit %d, stdout %s, stderr %s, want %s", code, stdout, stderr, tt.stderr)
		}
	}
}

// TestDecodeStreams wants each message on stdout before the next one is sent.
func TestDecodeStreams(t *testing.T) {
	frame, err := eventstream.Append(nil, eventstream.Message{Payload: []byte(`1`)})
	if err != nil {
		t.Fatal(err)
	}
	in, feed := io.Pipe()
	printed, out := io.Pipe()
	exit := make(chan int)
	go func() {
		exit <- run(t.Context(), env{in, out, io.Discard, func(string) string { return "" }}, []string{"eventstream", "decode"})
	}()
	line := make([]byte, 100)
	for range 3 {
		feed.Write(frame)
		if n, err := printed.Read(line); err != nil || !strings.HasSuffix(string(line[:n]), `"payload":1}`+"\n") {
			t.Fatalf("%s, %v", line[:n], err)
		}
	}
	feed.CloseWithError(errors.New("cable pulled"))
	if code := <-exit; code != 1 {
		t.Errorf("exit %d", code)
	}
}

// TestInterruptWhileReading interrupts a command that waits for its input.
func TestInterruptWhileReading(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in, feed := io.Pipe()
	defer feed.Close()
	reading := readerFunc(func(p []byte) (int, error) {
		cancel()
		return in.Read(p)
	})
	if code, _, _ := runWith(ctx, reading, "eventstream", "encode"); code != exitInterrupted {
		t.Errorf("exit %d, want %d", code, exitInterrupted)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestEncodeRefusesEndlessLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "long")
	if err := os.WriteFile(path, bytes.Repeat([]byte("1"), maxLine+1), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := runWith(t.Context(), nil, "eventstream", "encode", path)
	if code != 1 || !strings.Contains(stderr, "line 1: longer than 67108864 bytes") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}
