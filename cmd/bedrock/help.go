package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"rawbedrock/client"
)

const intro = `bedrock calls Amazon Bedrock's REST interface and shows every byte of it.

Try it without an account:
  bedrock converse --mock "Hello"

Commands:
`

const outro = `
'bedrock COMMAND -h' shows its flags and examples. Flags may stand before or
after the arguments; of one given twice the last counts, unless its help says that
it may be repeated. 'bedrock help topics' lists texts that explain.

Exit codes: 0 answered, 1 Bedrock or the network said no, 2 usage or bad input,
3 no usable credentials or region, 4 the stream broke after output began,
130 interrupted.
`

func helpCommand() command {
	return command{
		name: "help", args: "[COMMAND|TOPIC]", short: "list the commands, show one, or explain a topic",
		long: "Examples:\n  bedrock help\n  bedrock help converse\n  bedrock help topics\n  bedrock help profiles\n",
		setup: func(*flag.FlagSet) func(context.Context, env, []string) error {
			return func(_ context.Context, e env, args []string) error { return help(e.stdout, args) }
		},
	}
}

func versionCommand() command {
	return command{
		name: "version", short: "print the version",
		long: "Prints the module's version, the commit it was built from and the Go release.\n\nExamples:\n  bedrock version\n",
		setup: func(*flag.FlagSet) func(context.Context, env, []string) error {
			return func(_ context.Context, e env, args []string) error {
				if err := noArgs(args); err != nil {
					return err
				}
				_, err := fmt.Fprintln(e.stdout, "bedrock", version())
				return err
			}
		},
	}
}

// version describes the build: module version, commit and Go release.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return client.Version
	}
	parts := []string{client.Version}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			parts = append(parts, s.Value[:min(12, len(s.Value))])
		case s.Key == "vcs.modified" && s.Value == "true":
			parts = append(parts, "modified")
		}
	}
	return strings.Join(append(parts, info.GoVersion), " ")
}

// help prints the list of commands, or the help of the one that path names.
func help(w io.Writer, path []string) error {
	if len(path) == 0 {
		io.WriteString(w, intro)
		list(w, "", commands())
		_, err := io.WriteString(w, outro)
		return err
	}
	if path[0] == "topics" {
		return helpTopics(w, path[1:])
	}
	table := commands()
	for i, name := range path {
		j := slices.IndexFunc(table, func(c command) bool { return c.name == name })
		_, text, isTopic := topic(name)
		isTopic = isTopic && len(path) == 1
		switch {
		case j < 0 && isTopic:
			_, err := io.WriteString(w, text)
			return err
		case j < 0 && len(table) == 0:
			return usagef("%q is no group: 'bedrock %s -h' is all there is", strings.Join(path[:i], " "), strings.Join(path[:i], " "))
		case j < 0:
			return usagef("no help for %q: there is %s; topics are %s", strings.Join(path[:i+1], " "), names(table), strings.Join(topicNames, ", "))
		case i == len(path)-1:
			err := table[j].printHelp(w, strings.Join(path, " "))
			if err == nil && isTopic {
				_, err = io.WriteString(w, "\n"+text)
			}
			return err
		}
		table = table[j].sub
	}
	return nil
}

func list(w io.Writer, prefix string, table []command) {
	for _, c := range table {
		if c.sub != nil {
			list(w, prefix+c.name+" ", c.sub)
			continue
		}
		fmt.Fprintf(w, "  %-22s %s\n", prefix+c.name, c.short)
	}
}

func (c command) printHelp(w io.Writer, path string) error {
	var b bytes.Buffer
	if c.sub != nil {
		fmt.Fprintf(&b, "bedrock %s: %s\n\n", path, c.short)
		list(&b, path+" ", c.sub)
		fmt.Fprintf(&b, "\n'bedrock %s COMMAND -h' shows the flags of one.\n\nExamples:\n", path)
		for _, c := range c.sub {
			_, examples, _ := strings.Cut(c.long, "Examples:\n")
			b.WriteString(examples)
		}
		_, err := w.Write(b.Bytes())
		return err
	}
	fs := flag.NewFlagSet(path, flag.ContinueOnError)
	c.setup(fs)
	usage := strings.TrimSpace("usage: bedrock " + path + " [flags] " + c.args)
	fmt.Fprintf(&b, "%s\n\n%s: %s\n\n%s", usage, path, c.short, c.long)
	printFlags(&b, fs)
	_, err := w.Write(b.Bytes())
	return err
}

// printFlags lists the flags in two columns, short names beside long ones.
func printFlags(w io.Writer, fs *flag.FlagSet) {
	short := map[string]string{}
	fs.VisitAll(func(f *flag.Flag) {
		if name, ok := strings.CutPrefix(f.Usage, aliasOf); ok {
			short[name] = "-" + f.Name + ", "
		}
	})
	title := "\nFlags:\n"
	fs.VisitAll(func(f *flag.Flag) {
		if strings.HasPrefix(f.Usage, aliasOf) {
			return
		}
		value, usage := flag.UnquoteUsage(f)
		left := strings.TrimSpace(short[f.Name] + dashes(f.Name) + f.Name + " " + value)
		fmt.Fprintf(w, "%s  %-30s %s\n", title, left, usage)
		title = ""
	})
}
