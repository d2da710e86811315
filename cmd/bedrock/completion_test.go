package main

import (
	"flag"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// asked is what each shell is told, behind the script, to print what it offers
// for a line. zsh itself keeps only what fits the word being typed.
var asked = map[string]string{
	"bash": `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bedrock; echo "${COMPREPLY[@]}"`,
	"zsh": `compdef() { :; }; _files() { :; }; compadd() { shift; echo "$@"; }
words=("$@"); CURRENT=$#; _bedrock`,
	"fish": `complete -C "$argv[-1]" | cut -f 1`,
}

// TestCompletion asks the shells themselves what they would offer.
func TestCompletion(t *testing.T) {
	for shell, ask := range asked {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("%s absent", shell)
			continue
		}
		script, stderr, code := bedrock(t, func(string) string { return "" }, "completion", shell)
		if code != 0 {
			t.Fatal(stderr)
		}
		if shell == "zsh" {
			script = "compdef() { :; }\n" + script
		}
		for line, want := range map[string]string{ // the last word is being typed
			"conv":                      "converse",
			"to":                        "token",
			"token ":                    "inspect mint",
			"token m":                   "mint",
			"token mint --ex":           "--expires",
			"converse --dry":            "--dry-run",
			"converse --dry-run ":       "boto3 curl go http json",
			"converse Hello --dry-run ": "boto3 curl go http json",
			"chat -o js":                "json jsonl",
			"probe m --apis ":           "all chat converse invoke mantle",
			"probe m --regions al":      "all",
			"models -r us-gov":          "us-gov-east-1 us-gov-west-1",
			"cassette show --as g":      "go",
			"completion ":               "bash fish zsh",
			"help to":                   "token topics",
			"help pro":                  "probe profiles proxy",
			"help token --n":            "",
			"converse -v":               "-v -vv",
			"nosuch --":                 "",
			"help token ":               "inspect mint",
			"converse --output = j":     "json jsonl", // as bash takes --output=j apart
			"converse --output =":       "json jsonl raw text",
			"converse --image ":         "", // files, which fish lists
		} {
			words := append([]string{"bedrock"}, strings.Split(line, " ")...)
			if shell != "bash" && slices.Contains(words, "=") || shell == "fish" && slices.Contains(words, "--image") {
				continue
			}
			args := append([]string{"-c", script + "\n" + ask, shell}, words...)
			if shell == "fish" {
				args = []string{"-c", script + "\n" + ask, "bedrock " + line}
			}
			out, err := exec.Command(path, args...).CombinedOutput()
			got := strings.Fields(string(out))
			if shell == "zsh" {
				got = slices.DeleteFunc(got, func(w string) bool { return !strings.HasPrefix(w, words[len(words)-1]) })
			}
			slices.Sort(got)
			if strings.Join(got, " ") != want || err != nil {
				t.Errorf("%s: %q: %q, %v; want %q", shell, line, got, err, want)
			}
		}
	}
}

// TestCompletionHasEverything: every command and flag is in every script, and
// the shells that are there find no fault with it.
func TestCompletionHasEverything(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script, _, code := bedrock(t, func(string) string { return "" }, "completion", shell)
		if code != 0 {
			t.Fatalf("%s: exit %d", shell, code)
		}
		for _, c := range completions() {
			for _, f := range c.flags {
				if name := strings.TrimLeft(f.name, "-"); !strings.Contains(script, f.name) && !strings.Contains(script, "-l "+name+" ") && !strings.Contains(script, "-s "+name+" ") && !strings.Contains(script, "-o "+name+" ") {
					t.Errorf("%s: %s has no %s", shell, c.path, f.name)
				}
			}
			for _, w := range c.words {
				if !strings.Contains(script, w.name) {
					t.Errorf("%s: %q has no %s", shell, c.path, w.name)
				}
			}
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("%s absent", shell)
			continue
		}
		check := exec.Command(path, "-n")
		check.Stdin = strings.NewReader(script)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
	for _, args := range [][]string{{}, {"powershell"}, {"bash", "zsh"}} {
		if _, _, code := bedrock(t, func(string) string { return "" }, append([]string{"completion"}, args...)...); code != exitUsage {
			t.Errorf("completion %q: exit %d", args, code)
		}
	}
}

// TestTopics: every topic is there, fits a terminal, and each command line in
// it is one.
func TestTopics(t *testing.T) {
	entries, err := topicFiles.ReadDir("topics")
	if err != nil || len(entries) != len(topicNames) {
		t.Errorf("%d files of %d topics, %v", len(entries), len(topicNames), err)
	}
	for _, name := range topicNames {
		summary, text, ok := topic(name)
		if !ok || summary == "" || len(text) < 500 || !strings.HasSuffix(text, "\n") {
			t.Errorf("topic %s: %q, %d bytes", name, summary, len(text))
		}
		stdout, _, code := bedrock(t, func(string) string { return "" }, "help", name)
		if code != 0 || !strings.HasSuffix(stdout, text) {
			t.Errorf("help %s: exit %d", name, code)
		}
		examples := 0
		for line := range strings.SplitSeq(text, "\n") {
			if isExample := checkExample(t, "topic "+name, line); isExample {
				examples++
			} else if len([]rune(line)) > 100 {
				t.Errorf("%s: a line of %d characters: %s", name, len(line), line)
			}
		}
		if examples < 3 {
			t.Errorf("%s has %d examples", name, examples)
		}
	}
}

// TestExamplesInHelp: the command lines in the help of every command are such.
func TestExamplesInHelp(t *testing.T) {
	examples := 0
	var walk func(table []command)
	walk = func(table []command) {
		for _, c := range table {
			walk(c.sub)
			for line := range strings.SplitSeq(c.long, "\n") {
				if checkExample(t, c.name+" -h", line) {
					examples++
				}
			}
		}
	}
	walk(commands())
	if examples < 50 {
		t.Errorf("only %d examples were seen", examples)
	}
}

// checkExample parses the command lines of an example, "  bedrock …", without
// running them.
func checkExample(t *testing.T, where, line string) bool {
	t.Helper()
	if !strings.HasPrefix(line, "  bedrock ") {
		return false
	}
	line, _, _ = strings.Cut(strings.TrimSpace(line), "   ") // what it does
	line = strings.ReplaceAll(line, "\"", "'")
	for part := range strings.SplitSeq(strings.ReplaceAll(line, " && ", " | "), " | ") {
		part, _, _ = strings.Cut(part, " #")
		part, _, _ = strings.Cut(part, " >")
		part, _, _ = strings.Cut(part, " <")
		words, err := splitWords(part, map[string]string{})
		if err != nil || len(words) == 0 {
			t.Errorf("%s: %s: %v", where, part, err)
		} else if words[0] == "bedrock" {
			checkLine(t, where, words[1:])
		}
	}
	return true
}

func checkLine(t *testing.T, where string, words []string) {
	t.Helper()
	table := commands()
	for i, word := range words {
		k := slices.IndexFunc(table, func(c command) bool { return c.name == word })
		if k < 0 {
			t.Errorf("%s: %q: there is no command %s", where, words, word)
			return
		}
		if c := table[k]; c.sub == nil {
			fs := flag.NewFlagSet("", flag.ContinueOnError)
			fs.SetOutput(new(strings.Builder))
			c.setup(fs)
			if _, err := parseFlags(fs, words[i+1:]); err != nil {
				t.Errorf("%s: %q: %v", where, words, err)
			}
			return
		}
		table = table[k].sub
	}
}
