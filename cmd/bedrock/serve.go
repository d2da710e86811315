package main

import (
	"cmp"
	"context"
	"flag"
	"net/http"
	"strings"

	"rawbedrock/client"
	"rawbedrock/client/operation"
)

const serveLong = `Serves a JSON prompt over HTTP and a web page that shows the answer as it is
written. The first line on standard output is the address; the log is on
standard error. It ends on SIGINT or SIGTERM and lets the answers under way
finish.

  POST /prompt             {"prompt":"…"} and, if wanted, model, system, maxTokens,
                           temperature, topP, stopSequences
  POST /prompt/streamed    the same, text as it comes
  GET  /                   the page
  POST /v1/chat/completions, /openai/v1/chat/completions, /model/ID/…
                           handed on to Bedrock with this service's credentials
  GET  /healthz

Accept chooses the form: text/plain (the default), application/json with usage
and stop reason, or text/event-stream. A broken answer never ends well: plain
text is aborted, events end with "error" and without "done".

Bedrock's errors come as {"error":{"code","message","requestId"}}: throttled is
429 with Retry-After, no capacity 503, an unknown model 404, a request that
Bedrock refuses 400, a timeout 504. What is wrong between the service and
Bedrock, its credentials and their rights included, is 502; the log says why.

Whoever can reach the port can use the account. With a token in BEDROCK_SERVE_TOKEN
or --token-file every route but /healthz wants Authorization: Bearer TOKEN; an
--addr beyond this machine is refused without one.

Examples:
  bedrock serve --mock
  bedrock serve -r us-east-1 -m us.amazon.nova-2-lite-v1:0 --system "Be brief."
  bedrock serve --api invoke -m amazon.titan-text-lite-v1 --secrets Secrets.toml --max-tokens 100 --stop '|'
  curl http://localhost:8000/prompt -H 'Content-Type: application/json' -d '{"prompt":"Hello world!"}'
  curl --no-buffer http://localhost:8000/prompt/streamed -H 'Content-Type: application/json' -d '{"prompt":"Hello world!"}'
`

type serveFlags struct {
	connection
	sampling
	listenFlags
	model, api, guardrail string
	maxBody               int
}

func serveCommand() command {
	return command{
		name: "serve", short: "an HTTP service and a web page that answer prompts", long: serveLong,
		setup: func(fs *flag.FlagSet) func(context.Context, env, []string) error {
			var s serveFlags
			s.connection.register(fs)
			s.sampling.register(fs, 2)
			s.listenFlags.register(fs, "127.0.0.1:8000")
			fs.StringVar(&s.model, "model", "", "model `id`, inference profile or ARN unless a request names one; else BEDROCK_MODEL, else a cheap one")
			alias(fs, "m", "model")
			choice(fs, &s.api, "api", "converse", "`API` of Bedrock to speak: invoke (the model's own form), converse or chat", "invoke", "converse", "chat")
			fs.StringVar(&s.guardrail, "guardrail", "", "apply a guardrail: `ID:VERSION`")
			s.maxBody = 4 << 20
			fs.Func("max-body", "largest body of a prompt in `bytes`, 4194304 unless given", wholeNumber(&s.maxBody, 1))
			fs.BoolVar(&s.logPrompts, "log-prompts", false, "write prompts into the log")
			return func(ctx context.Context, e env, args []string) error {
				if err := noArgs(args); err != nil {
					return err
				}
				return s.run(ctx, e)
			}
		},
	}
}

func (s *serveFlags) run(ctx context.Context, e env) (err error) {
	model, err := modelFlag(e, s.model)
	if err != nil {
		return err
	}
	if err := setGuardrail(http.Header{}, s.guardrail); err != nil {
		return err
	}
	maxTemperature := 2.0
	if s.api == "converse" {
		maxTemperature = 1
	}
	if s.temperature != nil && *s.temperature > maxTemperature {
		return usagef("--temperature: Converse takes a number from 0 to 1")
	}
	if err := s.check(ctx, e); err != nil {
		return err
	}
	session, err := s.connect(ctx, e, &s.connection)
	if err != nil {
		return err
	}
	defer session.close(e, &err)
	fallback := novaFor(session.Region())
	if s.api == "chat" {
		fallback = gptOSS
	}
	p := &prompter{
		Client: session.Client, question: question{sampling: s.sampling, model: cmp.Or(model, fallback)},
		api: s.api, guard: s.guardrail, maxBody: int64(s.maxBody), fields: questionFields(maxTemperature),
	}
	if _, err := p.ask(nil, p.question, false); err != nil {
		return usagef("--model %s: %w", p.model, err)
	}
	return s.listenFlags.serve(ctx, e, p.route)
}

// connect opens the connection of a server. Credentials are looked for at
// once: a service that cannot answer anybody should not start.
func (l *listenFlags) connect(ctx context.Context, e env, c *connection) (*session, error) {
	s, err := c.open(e, false)
	if err != nil {
		return nil, err
	}
	if s.tape != nil {
		s.tape.Hide(l.token)
	}
	if _, err := s.Credentials(ctx); err != nil && err != client.ErrNoCredentials { // that itself: calls go by bearer key, or by none
		err = setupf("%w: %w", client.ErrNoCredentials, err)
		s.close(e, &err)
		return nil, err
	}
	return s, nil
}

// route finds what serves a path.
func (p *prompter) route(r *http.Request) route {
	switch path := r.URL.EscapedPath(); path {
	case "/":
		return get(path, serveIndex)
	case "/style.css":
		return get(path, styleFile.serve)
	case "/app.js":
		return get(path, scriptFile.serve)
	case healthPath:
		return healthRoute
	case "/prompt":
		return post(path, func(v *visit) error { return p.serve(v, false) })
	case "/prompt/streamed":
		return post(path, func(v *visit) error { return p.serve(v, true) })
	case "/v1/chat/completions":
		return passThrough{p.Client}.route(operation.ChatCompletions.Path, passedOn)
	default:
		return passThrough{p.Client}.route(path, passedOn)
	}
}

// passedOn tells the operations that the service hands on: those that call
// models, and no others of the account's.
func passedOn(op operation.Operation) bool {
	return op == operation.ChatCompletions || op.Host == operation.Runtime && strings.HasPrefix(op.Path, "/model/")
}

func post(name string, serve func(*visit) error) route {
	return route{name: name, method: map[string]func(*visit) error{http.MethodPost: serve}}
}

func get(name string, serve func(*visit) error) route {
	return route{name: name, open: true, method: map[string]func(*visit) error{http.MethodGet: serve, http.MethodHead: serve}}
}

const healthPath = "/healthz"

var healthRoute = get(healthPath, func(v *visit) error {
	v.Header().Set("Content-Type", plainText)
	return v.send([]byte("ok\n"))
})
