package main

import (
	"context"
	"flag"
	"net/http"

	"rawbedrock/client/operation"
)

const proxyLong = `Takes any request for Bedrock, signed, with an API key or bare, takes away what
it came with, signs it with the credentials found here and sends it on. Answers
come back unchanged, refusals and streams included, each frame when it arrives.
Nothing is tried again: that is the caller's business. The first line on
standard output is the address; the log is on standard error.

Paths are those of the operations that bedrock knows; others are not found.
Requests go to the region and the endpoint of this command, whatever they were
signed for.

Whoever can reach the port can use the account. With a token in BEDROCK_SERVE_TOKEN
or --token-file every request wants it, as Authorization: Bearer or x-api-key, so
that it can be given to an SDK as its Bedrock API key. An --addr beyond this
machine is refused without one.

Examples:
  bedrock proxy -r us-east-1
  bedrock proxy --mock
  bedrock proxy -r us-east-1 --record calls.cassette
  AWS_ENDPOINT_URL_BEDROCK_RUNTIME=http://127.0.0.1:8091 python3 app.py
`

type proxyFlags struct {
	connection
	listenFlags
}

func proxyCommand() command {
	return command{
		name: "proxy", short: "sign what comes in, and hand back what comes", long: proxyLong,
		setup: func(fs *flag.FlagSet) func(context.Context, env, []string) error {
			var p proxyFlags
			p.connection.register(fs)
			fs.Lookup("max-attempts").Usage = "without effect, whatever `N` is: the caller tries again"
			p.listenFlags.register(fs, "127.0.0.1:8091")
			return func(ctx context.Context, e env, args []string) error {
				if err := noArgs(args); err != nil {
					return err
				}
				return p.run(ctx, e)
			}
		},
	}
}

func (p *proxyFlags) run(ctx context.Context, e env) (err error) {
	if err := p.check(ctx, e); err != nil {
		return err
	}
	s, err := p.connect(ctx, e, &p.connection)
	if err != nil {
		return err
	}
	defer s.close(e, &err)
	pass := passThrough{s.Client}
	return p.serve(ctx, e, func(r *http.Request) route {
		if path := r.URL.EscapedPath(); path != healthPath {
			return pass.route(path, func(operation.Operation) bool { return true })
		}
		return healthRoute
	})
}
