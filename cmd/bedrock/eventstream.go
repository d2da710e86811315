package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"time"

	"rawbedrock/eventstream"
)

// maxLine bounds a line that 'eventstream encode' reads: the largest payload in
// base64 takes half of it.
const maxLine = 64 << 20

func eventstreamCommand() command {
	return command{
		name: "eventstream", short: "binary frames to JSON lines and back",
		sub: []command{
			decodeCommand(),
			{
				name: "encode", args: "[FILE]", short: "make an event stream of JSON lines",
				long: encodeHelp, setup: func(fs *flag.FlagSet) func(context.Context, env, []string) error {
					broken := fs.Bool("broken", false, "let lines say what to make wrong of their frames: \"damage\"")
					return filter(func(w io.Writer, r io.Reader) error { return encodeFrames(w, r, *broken) })
				},
			},
			lintCommand(),
		},
	}
}

const encodeHelp = `Reads lines as 'bedrock eventstream decode' prints them from FILE or standard
input and writes the frames, byte for byte those that were decoded; "offset" may
be left out and is not looked at, blank lines are skipped. The first bad line
ends it: exit code 1, its number and defect on standard error, the frames of the
lines before written.

With --broken a line may have a member "damage", every part of which may be left
out, and the frame is made so:

  "damage":{"totalLength":N,"headersLength":N,"preludeCrc":"0xdeadbeef","messageCrc":"0x1","headerBlockBase64":"…","cut":N}

Checksums that it does not give fit the bytes before them, lies included; cut
leaves bytes off at the end.

Examples:
  bedrock eventstream encode lines.jsonl > body.bin
  bedrock eventstream decode body.bin | bedrock eventstream encode | cmp - body.bin
`

// filter makes the action of a command that turns FILE or stdin into stdout.
func filter(convert func(w io.Writer, r io.Reader) error) func(context.Context, env, []string) error {
	return func(ctx context.Context, e env, args []string) error {
		in, err := openInput(ctx, e, args)
		if err != nil {
			return err
		}
		defer in.Close()
		return interruptible(ctx, func() error { return convert(e.stdout, in) })
	}
}

// openInput opens the file that the one argument names; without one, and for
// "-", it is stdin.
func openInput(ctx context.Context, e env, args []string) (io.ReadCloser, error) {
	if len(args) > 1 {
		return nil, noArgs(args[1:])
	}
	if len(args) == 0 || args[0] == "-" {
		return io.NopCloser(e.stdin), nil
	}
	var f *os.File
	err := interruptible(ctx, func() (err error) {
		if f, err = os.Open(args[0]); err != nil { // a named pipe waits here for its writer
			return usagef("%w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// interruptible returns when f does or ctx is done; f may hang in a read that
// nothing can interrupt, such as one of a terminal. One that notices by itself
// has a moment for its last words.
func interruptible(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return cmp.Or(err, ctx.Err())
	case <-time.After(followWait):
		return ctx.Err()
	}
}

func encodeFrames(w io.Writer, r io.Reader, broken bool) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	var frame []byte
	n := 1
	for ; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var err error
		if frame, err = encodeLine(frame[:0], lines.Bytes(), broken); err != nil {
			return defectf("line %d: %w", n, bare(err))
		}
		if _, err := w.Write(frame); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return defectf("line %d: longer than %d bytes", n, maxLine)
	}
	return lines.Err()
}

func encodeLine(frame, line []byte, broken bool) ([]byte, error) {
	if !broken {
		m, err := eventstream.ParseJSON(line, "offset")
		if err != nil {
			return frame, err
		}
		return eventstream.Append(frame, m)
	}
	m, err := eventstream.ParseJSON(line, "offset", "damage")
	if err != nil {
		return frame, err
	}
	damage, err := eventstream.ParseDamage(line)
	if err != nil {
		return frame, err
	}
	return damage.Append(frame, m)
}

// bare takes the package's name off an error that is about to get the
// command's, which says the same.
func bare(err error) error {
	return errors.New(strings.TrimPrefix(err.Error(), "eventstream: "))
}
