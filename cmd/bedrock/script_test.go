package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"rawbedrock/client/bedrocktest"
)

var update = flag.Bool("update", false, "rewrite the golden files of the scripts")

// TestScripts runs testdata/script/*.txtar. A script is a txtar archive: its
// comment holds one command a line, its files are laid out in an empty
// directory first. Each command line of bedrock runs in this process with an
// environment of its own and no terminal.
//
//	env NAME=VALUE         set a variable; scripts start with HOME alone
//	stdin FILE             what the next bedrock reads
//	bedrock ARG...         run; the exit code must be 0
//	exit N bedrock ARG...  run; the exit code must be N
//	[!] stdout REGEXP      what the last run wrote must (not) match, (?m) is on
//	[!] stderr REGEXP
//	cmp A B                two files are equal; A may be stdout or stderr.
//	                       With -update B is rewritten in the archive
//	exists FILE            FILE is there
//	mock [FAULT...]        start a local Bedrock with these faults; its URL is
//	                       $MOCK, and its access key is in the environment
//
// Words are split at blanks; 'single quotes' keep blanks (” is a quote within
// them); $NAME outside of quotes is replaced by the variable.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		path, _ := filepath.Abs(file)
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { runScript(t, path) })
	}
}

// script is the state of one run.
type script struct {
	t      *testing.T
	path   string
	files  []txtarFile
	env    map[string]string
	stdin  []byte
	out    map[string][]byte // "stdout" and "stderr" of the last run
	update bool
}

type txtarFile struct {
	name string
	data []byte
}

func runScript(t *testing.T, path string) {
	archive, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	comment, files := parseTxtar(archive)
	dir := t.TempDir()
	t.Chdir(dir)
	for _, f := range files {
		if err := os.MkdirAll(filepath.Dir(f.name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.name, f.data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := &script{t: t, path: path, files: files, out: map[string][]byte{},
		env: map[string]string{"HOME": filepath.Join(dir, "home"), "WORK": dir}}
	for i, line := range strings.Split(string(comment), "\n") {
		if err := s.line(line); err != nil {
			t.Fatalf("%s:%d: %s\n%v\nstdout: %q\nstderr: %q", filepath.Base(path), i+1, line, err, s.out["stdout"], s.out["stderr"])
		}
	}
	if s.update {
		if err := os.WriteFile(path, formatTxtar(comment, s.files), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *script) line(line string) error {
	words, err := splitWords(line, s.env)
	if err != nil || len(words) == 0 {
		return err
	}
	want, word := true, words[0]
	if word == "!" {
		want, words = false, words[1:]
		word = words[0]
	}
	args := words[1:]
	switch word {
	case "env":
		name, value, _ := strings.Cut(args[0], "=")
		s.env[name] = value
	case "stdin":
		s.stdin, err = s.read(args[0])
	case "bedrock":
		return s.bedrock(0, args)
	case "exit":
		code, err := strconv.Atoi(args[0])
		if err != nil || args[1] != "bedrock" {
			return fmt.Errorf("want: exit N bedrock ARG...")
		}
		return s.bedrock(code, args[2:])
	case "stdout", "stderr":
		re, err := regexp.Compile("(?m)" + args[0])
		if err != nil {
			return err
		}
		if re.Match(s.out[word]) != want {
			return fmt.Errorf("%s: match is %v", word, !want)
		}
	case "cmp":
		return s.cmp(args[0], args[1])
	case "exists":
		_, err = os.Stat(args[0])
	case "mock":
		return s.mock(args)
	default:
		return fmt.Errorf("unknown script command %q", word)
	}
	return err
}

func (s *script) bedrock(want int, args []string) error {
	var stdout, stderr bytes.Buffer
	e := env{bytes.NewReader(s.stdin), &stdout, &stderr, func(k string) string { return s.env[k] }}
	got := run(context.WithoutCancel(s.t.Context()), e, args)
	s.stdin = nil
	s.out["stdout"], s.out["stderr"] = stdout.Bytes(), stderr.Bytes()
	if got != want {
		return fmt.Errorf("exit code %d, want %d", got, want)
	}
	return nil
}

// mock starts a local Bedrock that ends with the script.
func (s *script) mock(faults []string) error {
	server := &bedrocktest.Server{}
	for _, text := range faults {
		f, err := bedrocktest.ParseFault(text)
		if err != nil {
			return err
		}
		server.Faults = append(server.Faults, f)
	}
	listener := httptest.NewServer(server)
	s.t.Cleanup(func() { server.Close(); listener.Close() })
	keys := bedrocktest.Credentials()
	s.env["MOCK"], s.env["AWS_REGION"] = listener.URL, "us-east-1"
	s.env["AWS_ACCESS_KEY_ID"], s.env["AWS_SECRET_ACCESS_KEY"] = keys.AccessKeyID, keys.SecretAccessKey
	return nil
}

func (s *script) read(name string) ([]byte, error) {
	if out, ok := s.out[name]; ok {
		return out, nil
	}
	return os.ReadFile(name)
}

func (s *script) cmp(a, b string) error {
	got, err := s.read(a)
	if err != nil {
		return err
	}
	want, err := s.read(b)
	if err != nil {
		return err
	}
	if bytes.Equal(got, want) {
		return nil
	}
	if *update {
		for i := range s.files {
			if s.files[i].name == b {
				s.files[i].data, s.update = got, true
				return nil
			}
		}
	}
	return fmt.Errorf("%s and %s differ; got:\n%s\nwant:\n%s", a, b, got, want)
}

// splitWords splits a line of a script; '#' at its beginning makes a comment.
func splitWords(line string, env map[string]string) ([]string, error) {
	if strings.HasPrefix(strings.TrimSpace(line), "#") {
		return nil, nil
	}
	var words []string
	var word, plain strings.Builder
	inWord, quoted := false, false
	flush := func() {
		word.WriteString(os.Expand(plain.String(), func(k string) string { return env[k] }))
		plain.Reset()
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\'' && quoted && i+1 < len(line) && line[i+1] == '\'':
			word.WriteByte(c)
			i++
		case c == '\'':
			flush()
			quoted, inWord = !quoted, true
		case quoted:
			word.WriteByte(c)
		case c == ' ' || c == '\t':
			if flush(); inWord {
				words = append(words, word.String())
			}
			word.Reset()
			inWord = false
		default:
			plain.WriteByte(c)
			inWord = true
		}
	}
	if quoted {
		return nil, fmt.Errorf("unclosed quote")
	}
	if flush(); inWord {
		words = append(words, word.String())
	}
	return words, nil
}

// parseTxtar reads a txtar archive: a comment, then files, each after a line
// "-- NAME --".
func parseTxtar(data []byte) (comment []byte, files []txtarFile) {
	into := &comment
	for line := range bytes.Lines(data) {
		name, ok := bytes.CutPrefix(bytes.TrimRight(line, "\r\n"), []byte("-- "))
		if name, ok2 := bytes.CutSuffix(name, []byte(" --")); ok && ok2 {
			files = append(files, txtarFile{name: string(name)})
			into = &files[len(files)-1].data
			continue
		}
		*into = append(*into, line...)
	}
	return comment, files
}

func formatTxtar(comment []byte, files []txtarFile) []byte {
	out := bytes.Clone(comment)
	for _, f := range files {
		out = fmt.Appendf(out, "-- %s --\n%s", f.name, f.data)
	}
	return out
}
