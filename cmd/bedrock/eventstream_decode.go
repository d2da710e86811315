package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"rawbedrock/client"
	"rawbedrock/eventstream"
)

const decodeHelp = `Reads application/vnd.amazon.eventstream from FILE or standard input and prints
one JSON object for each message as soon as it has arrived:

  {"offset":0,"headers":[{"name":":event-type","type":"string","value":"chunk"}],"payload":{"a":1}}

The types are true, false, byte, short, integer, long, bytes (base64), string,
timestamp (milliseconds) and uuid. A name or string that is not UTF-8 stands in
"nameBase64" or "valueBase64", a payload that is not compact JSON in
"payloadBase64". Input that is broken or ends inside a message: the messages
before, then exit code 1 and the offset and defect on standard error.

--events and --text read the messages as Bedrock means them, one event a line as
'converse -o jsonl' and 'invoke -o jsonl' print them, or the text of the answer
alone. An exception in the stream is then an error, and so is a stream that ends
too early.

Examples:
  bedrock eventstream decode body.bin
  curl -s --no-buffer URL | bedrock eventstream decode
  bedrock converse --mock -o raw Hello | bedrock eventstream decode --text
  bedrock eventstream decode --follow --text growing.bin
`

func decodeCommand() command {
	return command{
		name: "decode", args: "[FILE]", short: "print the messages of an event stream as JSON lines",
		long: decodeHelp, setup: func(fs *flag.FlagSet) func(context.Context, env, []string) error {
			var d decodeFlags
			fs.BoolVar(&d.follow, "follow", false, "wait for more at the end of FILE, until interrupted; a named pipe ends with its writer")
			fs.BoolVar(&d.text, "text", false, "print only the text of the answer")
			fs.BoolVar(&d.events, "events", false, "print the events of the answer, one a line")
			return d.run
		},
	}
}

type decodeFlags struct{ follow, text, events bool }

func (d *decodeFlags) run(ctx context.Context, e env, args []string) error {
	if d.text && d.events {
		return usagef("--text or --events, not both")
	}
	in, err := openInput(ctx, e, args)
	if err != nil {
		return err
	}
	defer in.Close()
	r := io.Reader(in)
	if d.follow {
		file, ok := in.(*os.File)
		if !ok {
			return usagef("--follow wants a FILE: what comes through a pipe is printed as it comes")
		}
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() { // the end of a named pipe is one
			r = &follower{ctx, file}
		}
	}
	return interruptible(ctx, func() error { return d.decode(e, r) })
}

func (d *decodeFlags) decode(e env, r io.Reader) error {
	if d.text || d.events {
		return d.read(e, r)
	}
	return decodeFrames(e.stdout, r)
}

// read prints events or their text.
func (d *decodeFlags) read(e env, r io.Reader) error {
	p := &printer{out: e.stdout}
	chunk := anyFamilyExchange(true)
	for ev, err := range client.ReadEvents(r) {
		if err != nil {
			return errors.Join(err, d.end(p))
		}
		say, line := converseEvent, converseLine
		if ev.Type == "chunk" {
			say, line = chunk.event, chunk.line
		}
		if d.text {
			err = p.say(say(ev))
		} else {
			_, err = fmt.Fprintf(p, "%s\n", line(ev))
		}
		if err != nil {
			return err
		}
	}
	if d.text {
		p.notes(e.stderr)
	}
	return d.end(p)
}

func (d *decodeFlags) end(p *printer) error {
	if d.text {
		return p.end("text")
	}
	return nil
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
		if errors.Is(err, context.Canceled) {
			return err
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

// followWait is how long a follower waits before it looks for more.
const followWait = 100 * time.Millisecond

// follower reads a file that grows: its end is no end until ctx is done.
type follower struct {
	ctx  context.Context
	file *os.File
}

func (f *follower) Read(b []byte) (int, error) {
	for {
		n, err := f.file.Read(b)
		if n > 0 || err != io.EOF {
			return n, err
		}
		at, err := f.file.Seek(0, io.SeekCurrent)
		if info, fault := f.file.Stat(); err == nil && fault == nil && info.Size() < at {
			return 0, fmt.Errorf("the file got shorter: it has %d bytes, %d were read", info.Size(), at)
		}
		select {
		case <-f.ctx.Done():
			return 0, f.ctx.Err()
		case <-time.After(followWait):
		}
	}
}
