package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// maxInput bounds what a prompt, a body or an attached file may hold. Bedrock
// itself refuses requests far below it.
const maxInput = 64 << 20

// readPrompt returns the one argument, or stdin when it is "-".
func readPrompt(ctx context.Context, e env, args []string) (string, error) {
	if len(args) == 0 {
		return "", usagef("no prompt: give one, '-' to read it from stdin, or a whole request with --body")
	}
	if len(args) > 1 {
		return "", usagef("one prompt, not %d arguments: put it in quotes", len(args))
	}
	prompt, where := args[0], "the prompt"
	if prompt == "-" {
		data, err := readStdin(ctx, e)
		if err != nil {
			return "", err
		}
		prompt, where = strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r"), "stdin"
	}
	if strings.TrimSpace(prompt) == "" {
		return "", usagef("%s is empty", where)
	}
	if i := invalidUTF8(prompt); i >= 0 {
		return "", usagef("%s is not UTF-8 text: byte offset %d", where, i)
	}
	return prompt, nil
}

// wholeBody returns the request that --body names, or nil without --body. It is
// sent verbatim, so no prompt and none of the other flags may stand beside it.
func (a *answerFlags) wholeBody(ctx context.Context, e env, fs *flag.FlagSet, args []string, others ...string) ([]byte, error) {
	if given(fs, "body") == "" {
		return nil, nil
	}
	if len(args) > 0 {
		return nil, usagef("--body is the whole request: there is no place for the prompt %q", args[0])
	}
	if name := given(fs, others...); name != "" {
		return nil, usagef("--body is the whole request, verbatim: put what %s says into it", dashes(name)+name)
	}
	return readBody(ctx, e, a.body)
}

// readBody reads what a --body names: the text itself, @FILE or - for stdin.
func readBody(ctx context.Context, e env, body string) ([]byte, error) {
	if name, ok := strings.CutPrefix(body, "@"); ok {
		return readFile(name)
	}
	if body == "-" {
		return readStdin(ctx, e)
	}
	return []byte(body), nil
}

// checkJSON tells where data, which came from where, fails to be JSON.
func checkJSON(data []byte, where string) error {
	var value json.RawMessage
	err := json.Unmarshal(data, &value)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return usagef("%s is not JSON: %w at %s", where, err, place(data, syntax))
	}
	if i := invalidUTF8(string(data)); i >= 0 {
		return usagef("%s is not UTF-8: byte offset %d", where, i)
	}
	return err
}

// checkObject tells where data fails to be a JSON object.
func checkObject(data []byte, where string) error {
	if err := checkJSON(data, where); err != nil {
		return err
	}
	if !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return usagef("%s must be a JSON object: {…}", where)
	}
	return nil
}

// place says where a syntax error stands: the offset of the byte that does not
// fit (of the end, when more was wanted), and its line and column.
func place(data []byte, err *json.SyntaxError) string {
	offset := int(err.Offset)
	if !strings.Contains(err.Error(), "unexpected end") {
		offset = max(0, offset-1)
	}
	before := string(data[:min(offset, len(data))])
	line := 1 + strings.Count(before, "\n")
	column := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return fmt.Sprintf("byte offset %d (line %d, column %d)", offset, line, column)
}

// readFile reads a file that the command line names.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, usagef("%w", err)
	}
	defer f.Close()
	return readAll(f, name)
}

// readStdin reads all of stdin, unless an interrupt comes first.
func readStdin(ctx context.Context, e env) (data []byte, err error) {
	err = interruptible(ctx, func() (err error) {
		data, err = readAll(e.stdin, "stdin")
		return err
	})
	if err != nil {
		return nil, err
	}
	return data, nil
}

func readAll(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return nil, usagef("reading %s: %w", name, err)
	}
	if len(data) > maxInput {
		return nil, usagef("%s is larger than %d MiB", name, maxInput>>20)
	}
	return data, nil
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return i
			}
		}
	}
	return -1
}
