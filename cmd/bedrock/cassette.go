package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"rawbedrock/client/cassette"
)

func cassetteCommand() command {
	return command{
		name: "cassette", short: "read, check and search recordings",
		sub: []command{
			{
				name: "show", args: "FILE", short: "print a recording as a conversation", long: showHelp,
				setup: func(fs *flag.FlagSet) func(context.Context, env, []string) error {
					var s showFlags
					choice(fs, &s.output, "output", "text", "`form`: text, or json with headers, bodies and events", "text", "json")
					alias(fs, "o", "output")
					choice(fs, &s.form, "as", "", "print the requests as `form` curl, http, boto3 (Python) or go that makes them again", "curl", "http", "boto3", "go")
					s.recordedFlags.register(fs)
					s.connection.registerIdentity(fs)
					fs.BoolVar(&s.mock, "mock", false, "with --as: requests for a 'bedrock mock' on this machine")
					return func(ctx context.Context, e env, args []string) error {
						other := given(fs, "account", "auth", "endpoint-url", "mock", "profile", "r", "region", "secrets")
						switch {
						case s.form == "" && other != "":
							return usagef("%s is for --as", dashes(other)+other)
						case s.form != "" && s.output == "json":
							return usagef("--as prints requests: leave -o json out")
						}
						return s.run(ctx, e, args)
					}
				},
			},
			{
				name: "verify", args: "PATH...", short: "find what is unreadable, stale or unused in recordings", long: verifyHelp,
				setup: func(*flag.FlagSet) func(context.Context, env, []string) error {
					return func(_ context.Context, e env, args []string) error { return findings(e, args, cassette.Verify) }
				},
			},
			{
				name: "scan", args: "PATH...", short: "search recordings for secrets and account ids", long: scanHelp,
				setup: func(fs *flag.FlagSet) func(context.Context, env, []string) error {
					var s scanFlags
					s.redaction.register(fs, "what is secret")
					fs.StringVar(&s.secrets, "secrets", "", "`file` with AWS_SECRET_ACCESS_KEY = \"…\" and the like: look for these too")
					return func(_ context.Context, e env, args []string) error { return s.run(e, args) }
				},
			},
		},
	}
}

const showHelp = `Prints each request, the text, tool calls and stop reason of its answer, the
tokens, and when what came. -o json prints an array with headers, bodies and the
decoded events of streams.

--as prints the requests instead, each as something to run: curl or http signed
with today's credentials (for an API key when there are none), a Python program
or a Go program, which find credentials of their own. They go where 'bedrock
replay-live -h' says.

Examples:
  bedrock converse --mock --record hello.cassette "Hello" && bedrock cassette show hello.cassette
  bedrock cassette show -o json hello.cassette
  bedrock cassette show --as curl -n 1 --mock hello.cassette
`

const verifyHelp = `Checks cassettes, or all files *.cassette below a directory, and prints what is
wrong with them, a line each, PATH:LINE: WHAT:

  unreadable   not a cassette, or not of this version
  stale        not as the recorder writes it today, or of another length than
               the headers say: it was edited, or recorded by an older version
  unused       a copy of an earlier interaction, which answers in its place

Exit code 1 when there is anything. An interaction that no test asks for is
found by the test: cassette.ForTest fails it.

Examples:
  bedrock cassette verify testdata/cassettes
`

const scanHelp = `Searches files, or all files *.cassette below a directory, for what looks like a
secret: access key ids, session tokens, Bedrock API keys, Authorization headers,
cookies, presigned URLs, this process's own credentials (AWS_SECRET_ACCESS_KEY
and the like), and AWS account ids that are no pseudonyms; in plain, URL-encoded,
escaped in JSON, in base64, in frames, or spelled out by the events of a stream.
Prints a line each, PATH:LINE: WHAT, never the secret whole. Exit code 1 when
there is anything.

Examples:
  bedrock cassette scan testdata/cassettes
  bedrock cassette scan --redact 'PROJ-[0-9]+' recording.cassette
`

// findings prints what a check finds in all paths; any is exit 1.
func findings(e env, paths []string, check func(path string) ([]cassette.Finding, error)) error {
	if len(paths) == 0 {
		return usagef("which file or directory?")
	}
	n := 0
	for _, path := range paths {
		found, err := check(path)
		if err != nil {
			return usagef("%w", unprefixed(err))
		}
		for _, f := range found {
			if _, err := fmt.Fprintln(e.stdout, strings.Map(visible, f.String())); err != nil {
				return err
			}
		}
		n += len(found)
	}
	if n > 0 {
		return defectf("%s", count(n, "finding"))
	}
	return nil
}

// unprefixed takes the package's name off an error that gets the command's.
func unprefixed(err error) error {
	return errors.New(strings.TrimPrefix(err.Error(), "cassette: "))
}

type scanFlags struct {
	redaction
	secrets string
}

func (s *scanFlags) run(e env, args []string) error {
	if s.none {
		return usagef("--redact none: then nothing is secret")
	}
	var secrets map[string]string
	if s.secrets != "" {
		var err error
		if secrets, err = readSecrets(s.secrets); err != nil {
			return err
		}
	}
	o := s.redaction.options(e, secrets)
	return findings(e, args, func(path string) ([]cassette.Finding, error) { return cassette.Scan(path, o) })
}
