package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// env is the world of a command: nothing below run reads a standard stream or
// the process's environment directly.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
}

// command is one row of the table: either an action or a group of commands.
//
// setup defines the flags and returns the action, which gets the arguments
// that are no flags. Actions return errors and never exit; report turns the
// error into words and an exit code.
type command struct {
	name  string // as typed
	args  string // the arguments in the usage line: "[PROMPT]"
	short string // one line for the list of commands
	long  string // what it does and examples, as printed by -h
	setup func(fs *flag.FlagSet) func(ctx context.Context, e env, args []string) error
	sub   []command
}

// commands is the table. It is a function because help reads it too.
func commands() []command {
	return []command{
		// calls to models
		converseCommand(),
		invokeCommand(),
		chatCommand(),
		modelsCommand(),

		// credentials and signing
		authCommand(),
		tokenCommand(),
		signCommand(),
		explainCommand(),

		// streams and recordings
		eventstreamCommand(),
		cassetteCommand(),
		replayLiveCommand(),

		// servers
		mockCommand(),
		proxyCommand(),
		serveCommand(),

		// finding out
		doctorCommand(),
		probeCommand(),

		// about this program
		helpCommand(),
		versionCommand(),
		completionCommand(),
	}
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, e env, args []string) int {
	path, err := dispatch(ctx, e, args)
	return report(ctx, e, path, err)
}

// dispatch finds the command and runs it. path is its full name, for errors.
func dispatch(ctx context.Context, e env, args []string) (path string, err error) {
	if len(args) == 0 {
		return "", usagef("no command: run 'bedrock help' to see them all")
	}
	table := commands()
	for {
		if len(args) == 0 {
			return path, usagef("which one? %s", names(table))
		}
		name := args[0]
		if isHelp(name) {
			return path, help(e.stdout, strings.Fields(path))
		}
		i := slices.IndexFunc(table, func(c command) bool { return c.name == name })
		if i < 0 {
			return path, usagef("unknown command %.16q: there is %s", name, names(table)) // a key pasted here is not shown whole
		}
		path = strings.TrimSpace(path + " " + name)
		if c := table[i]; c.sub == nil {
			return path, c.run(ctx, e, path, args[1:])
		}
		table, args = table[i].sub, args[1:]
	}
}

func (c command) run(ctx context.Context, e env, path string, args []string) error {
	fs := flag.NewFlagSet(path, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // report prints the error, once
	fs.Usage = func() {}
	action := c.setup(fs)
	rest, err := parseFlags(fs, args)
	if errors.Is(err, flag.ErrHelp) {
		return c.printHelp(e.stdout, path)
	}
	if err != nil {
		return err
	}
	return action(ctx, e, rest)
}

// parseFlags parses flags wherever they stand and returns the other arguments
// in their order. "--" ends the flags; a lone "-" is an argument.
func parseFlags(fs *flag.FlagSet, args []string) ([]string, error) {
	var rest []string
	for len(args) > 0 {
		arg := args[0]
		if arg == "--" {
			return append(rest, args[1:]...), nil
		}
		if len(arg) < 2 || arg[0] != '-' {
			rest, args = append(rest, arg), args[1:]
			continue
		}
		n := 1
		name, value, inline := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		f := fs.Lookup(name)
		if f != nil && !isBool(f) && !inline && len(args) > 1 {
			n, value = 2, args[1] // the value is the next argument, whatever it looks like
		}
		if err := fs.Parse(args[:n]); errors.Is(err, flag.ErrHelp) {
			return nil, err
		} else if err != nil {
			if text := err.Error(); strings.HasPrefix(text, "flag provided but not defined") || strings.HasPrefix(text, "bad flag syntax") {
				return nil, usagef("%s (arguments that begin with '-' go after '--')", text)
			}
			return nil, usagef("%w", err)
		}
		if value == "" && !isBool(f) && name != "body" { // a body may be empty
			return nil, usagef("%s%s is empty: give it a value, or leave it out", dashes(name), name)
		}
		args = args[n:]
	}
	return rest, nil
}

func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// alias gives a flag a second, short name.
func alias(fs *flag.FlagSet, short, name string) {
	fs.Var(fs.Lookup(name).Value, short, aliasOf+name)
}

const aliasOf = "alias of "

func isHelp(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }

func names(table []command) string {
	var s []string
	for _, c := range table {
		s = append(s, c.name)
	}
	return strings.Join(s, ", ")
}

// noArgs is the check of commands that take none.
func noArgs(args []string) error {
	if len(args) > 0 {
		return usagef("unexpected argument %q", args[0])
	}
	return nil
}

// listFlag collects a flag that may be given several times.
type listFlag []string

func (l *listFlag) String() string     { return fmt.Sprint([]string(*l)) }
func (l *listFlag) Set(s string) error { *l = append(*l, s); return nil }
