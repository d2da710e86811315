package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"rawbedrock/eventstream"
)

// maxLine bounds a line that 'eventstream encode' reads: the largest payload in
// base64 takes half of it.
const maxLine = 64 << 20

func eventstreamCommand() command {
	return command{
		name: "eventstream", short: "binary frames to JSON lines and back",
		sub: []command{
			{
				name: "decode", args: "[FILE]", short: "print the messages of an event stream as JSON lines",
				long: decodeHelp, setup: filter(decodeFrames),
			},
			{
				name: "encode", args: "[FILE]", short: "make an event stream of JSON lines",
				long: encodeHelp, setup: filter(encodeFrames),
			},
		},
	}
}

const decodeHelp = `Reads application/vnd.amazon.eventstream from FILE or standard input and prints
one JSON object for each message as soon as it has arrived:

  {"offset":0,"headers":[{"name":":event-type","type":"string","value":"chunk"}],"payload":{"a":1}}

The types are true, false, byte, short, integer, long, bytes (base64), string,
timestamp (milliseconds) and uuid. A name or string that is not UTF-8 stands in
"nameBase64" or "valueBase64", a payload that is not compact JSON in
"payloadBase64". Input that is broken or ends inside a message: the messages
before, then exit code 1 and the offset and defect on standard error.

Examples:
  bedrock eventstream decode body.bin
  curl -s --no-buffer URL | bedrock eventstream decode
`

const encodeHelp = `Reads lines as 'bedrock eventstream decode' prints them from FILE or standard
input and writes the frames, byte for byte those that were decoded; "offset" may
be left out and is not looked at, blank lines are skipped. The first bad line
ends it: exit code 1, its number and defect on standard error, the frames of the
lines before written.

Examples:
  bedrock eventstream encode lines.jsonl > body.bin
  bedrock eventstream decode body.bin | bedrock eventstream encode | cmp - body.bin
`

// filter makes the action of a command that turns FILE or stdin into stdout.
func filter(convert func(w io.Writer, r io.Reader) error) func(*flag.FlagSet) func(context.Context, env, []string) error {
	return func(*flag.FlagSet) func(context.Context, env, []string) error {
		return func(ctx context.Context, e env, args []string) error {
			if len(args) > 1 {
				return noArgs(args[1:])
			}
			in := e.stdin
			if len(args) == 1 && args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return usagef("%w", err)
				}
				defer f.Close()
				in = f
			}
			return interruptible(ctx, func() error { return convert(e.stdout, in) })
		}
	}
}

// interruptible returns when f does or ctx is done; f may hang in a read that
// nothing can interrupt, such as one of a terminal.
func interruptible(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func decodeFrames(w io.Writer, r io.Reader) error {
	d := eventstream.NewDecoder(r)
	var object, line []byte
	for {
		offset := d.Offset()
		m, err := d.Decode()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return defectf("%w", bare(err))
		}
		object = eventstream.AppendJSON(object[:0], m)
		line = fmt.Appendf(line[:0], "{\"offset\":%d,%s\n", offset, object[1:])
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
}

func encodeFrames(w io.Writer, r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	var frame []byte
	n := 1
	for ; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		m, err := eventstream.ParseJSON(lines.Bytes(), "offset")
		if err == nil {
			frame, err = eventstream.Append(frame[:0], m)
		}
		if err != nil {
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

// bare takes the package's name off an error that is about to get the
// command's, which says the same.
func bare(err error) error {
	return errors.New(strings.TrimPrefix(err.Error(), "eventstream: "))
}
