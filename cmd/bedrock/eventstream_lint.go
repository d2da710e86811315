package main

import (
	"bufio"
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"

	"rawbedrock/eventstream"
)

const lintHelp = `Walks a captured event stream and reports every defect, not the first alone: the
offset of the message, the byte that is wrong, what was expected and found (of a
checksum: what the frame says, and what its bytes give), and how many bytes are
missing. Behind damage it goes on with the next message: one wrong byte is worked
out from the checksum, else the next sound prelude is searched for. What decoders
differ in, a header given twice or text that is not UTF-8, is a warning.

Exit code 1 when there is any finding. -o json prints one object a finding, with
offset, at, defect, expected, found, missing, next, lost, warning and note.

Examples:
  bedrock eventstream lint body.bin
  bedrock eventstream lint -o json < body.bin
`

func lintCommand() command {
	return command{
		name: "lint", args: "[FILE]", short: "find every defect of an event stream",
		long: lintHelp, setup: func(fs *flag.FlagSet) func(context.Context, env, []string) error {
			var output string
			choice(fs, &output, "output", "text", "`form` of the findings: text or json (one a line)", "text", "json")
			alias(fs, "o", "output")
			return filter(func(w io.Writer, r io.Reader) error { return lintStream(w, r, output) })
		},
	}
}

// lintFinding is the form of -o json.
type lintFinding struct {
	Offset   int64  `json:"offset"`
	At       int64  `json:"at"`
	Defect   string `json:"defect"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
	Missing  int64  `json:"missing,omitempty"`
	AtLeast  bool   `json:"atLeast,omitempty"` // more may be missing
	Next     int64  `json:"next"`
	Lost     bool   `json:"lost,omitempty"`
	Warning  bool   `json:"warning,omitempty"`
	Note     string `json:"note,omitempty"`
	Text     string `json:"text"`
}

func lintStream(w io.Writer, r io.Reader, output string) error {
	data, err := readAll(r, "the stream")
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	findings := 0
	sound := eventstream.Walk(data, func(d eventstream.Defect) {
		findings++
		if err == nil {
			err = printDefect(out, d, output)
		}
	})
	switch {
	case err != nil || findings > 0:
	case len(data) == 0 && output == "text":
		fmt.Fprintln(out, "0 messages, 0 bytes: the stream is empty")
	case output == "text":
		fmt.Fprintf(out, "%s, %d bytes: sound\n", count(sound, "message"), len(data))
	}
	if err := cmp.Or(err, out.Flush()); err != nil {
		return err
	}
	if findings > 0 {
		return defectf("%s in %d bytes, %s sound", count(findings, "finding"), len(data), count(sound, "message"))
	}
	return nil
}

func printDefect(w io.Writer, d eventstream.Defect, output string) (err error) {
	switch {
	case output == "json":
		name := "cut short"
		if d.Missing == 0 {
			name = d.Err.Error()
		}
		return printJSON(w, lintFinding{d.Offset, d.At, name, d.Expected, d.Found, d.Missing, d.AtLeast, d.Next, d.Lost, d.Warning, d.Note, d.String()})
	case d.Warning:
		_, err = fmt.Fprintln(w, "warning:", d)
	default:
		_, err = fmt.Fprintln(w, d)
	}
	return err
}

// count is "1 message", "2 messages".
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}
