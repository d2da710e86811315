package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"net/http"
	"strings"

	"rawbedrock/client"
	"rawbedrock/client/operation"
)

const invokeLong = `Sends a request to a model in the model's own JSON (InvokeModel). The body is
built from the prompt by the family of the model, or given whole with --body.
Where the id does not tell the family, --family does.
Unless a model is named it is Amazon Nova 2 Lite.

Examples:
  bedrock invoke --mock "Hello"
  bedrock invoke --stream -m us.anthropic.claude-haiku-4-5-20251001-v1:0 "Hello"
  bedrock invoke -m meta.llama3-1-8b-instruct-v1:0 --max-tokens 100 "Hello"
  bedrock invoke -m amazon.titan-embed-text-v2:0 "to be embedded"
  bedrock invoke -m amazon.titan-image-generator-v2:0 --out cat.png "a cat"
  bedrock invoke --family claude -m arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3 "Hello"
  bedrock invoke -m cohere.embed-v4:0 --body @request.json -o json
`

func invokeCommand() command {
	return command{
		name: "invoke", args: "[PROMPT|-]", short: "send a model a request in its own form", long: invokeLong,
		setup: func(fs *flag.FlagSet) func(context.Context, env, []string) error {
			var c invokeFlags
			c.connection.register(fs)
			c.answerFlags.register(fs)
			c.sampling.register(fs, 2)
			fs.BoolVar(&c.stream, "stream", false, "print the answer as it comes (InvokeModelWithResponseStream)")
			choice(fs, &c.family, "family", "", "the model's family by `name`, where its id does not tell: "+strings.Join(client.FamilyNames(), ", "), client.FamilyNames()...)
			fs.StringVar(&c.contentType, "content-type", "", "media `type` of the body, application/json unless given")
			fs.StringVar(&c.accept, "accept", "", "media `type` that the model should answer with")
			fs.StringVar(&c.guardrail, "guardrail", "", "apply a guardrail: `ID:VERSION`")
			return func(ctx context.Context, e env, args []string) error { return c.run(ctx, e, fs, args) }
		},
	}
}

type invokeFlags struct {
	connection
	answerFlags
	sampling
	stream                         bool
	family                         string
	contentType, accept, guardrail string
}

func (c *invokeFlags) run(ctx context.Context, e env, fs *flag.FlagSet, args []string) (err error) {
	body, err := c.wholeBody(ctx, e, fs, args, "system", "max-tokens", "temperature", "top-p", "stop")
	if err == nil && body != nil && isJSON(c.contentType) {
		err = checkJSON(body, "--body")
	}
	if err != nil {
		return err
	}
	header, err := c.header()
	if err != nil {
		return err
	}
	var prompt string
	if body == nil {
		if prompt, err = readPrompt(ctx, e, args); err != nil {
			return err
		}
	}
	if err := c.checkStream(c.stream); err != nil {
		return err
	}
	s, model, err := c.session(e, &c.connection, (*session).anyModel)
	if err != nil {
		return err
	}
	defer s.close(e, &err)
	family, sure := c.familyOf(model)
	if body == nil {
		if !sure {
			fmt.Fprintf(e.stderr, "note: the id does not tell the model's family: asking as one of the family %s does (--family NAME)\n", family.Name)
		}
		if body, err = family.Body(c.prompt(prompt)); err != nil {
			return usagef("%w", err)
		}
	}
	if family.Kind == client.KindImage && c.toTerminal(e) {
		return usagef("the answer is an image: --out FILE says where to write it, -o json prints it as JSON")
	}
	x := familyExchange(family, c.stream)
	if !sure {
		x = anyFamilyExchange(c.stream)
	}
	x.request = client.Request{Op: operation.InvokeModel, Labels: []string{model}, Header: header, Body: body}
	if c.stream {
		x.request.Op = operation.InvokeModelWithResponseStream
	}
	return c.call(ctx, e, s, x)
}

// familyOf is the model's family. The catalogue moves, and ARNs hide what is
// behind them; where the id does not tell, it is not sure but what fits most:
// Claude behind Bedrock's own ARNs, else the OpenAI form, which imported models
// and all new providers take. A wrong guess is refused by the model, unbilled.
func (c *invokeFlags) familyOf(model string) (family client.Family, sure bool) {
	if c.family != "" {
		return client.FamilyByName(c.family)
	}
	if family, ok := client.FamilyOf(model); ok {
		return family, true
	}
	name := "chat"
	if arn := strings.SplitN(model, ":", 6); len(arn) == 6 && arn[0] == "arn" && arn[2] == "bedrock" && !strings.HasPrefix(arn[5], "imported-model/") {
		name = "claude"
	}
	family, _ = client.FamilyByName(name)
	return family, false
}

// header is what InvokeModel takes as headers. Of a stream, Accept is the
// framing and the model's own type has a header of its own.
func (c *invokeFlags) header() (http.Header, error) {
	h := http.Header{}
	accept := "Accept"
	if c.stream {
		accept = "X-Amzn-Bedrock-Accept"
	}
	for _, f := range []struct{ flag, name, value string }{
		{"content-type", "Content-Type", c.contentType},
		{"accept", accept, c.accept},
	} {
		if strings.ContainsFunc(f.value, func(r rune) bool { return r < ' ' || r > '~' }) {
			return nil, usagef("--%s %q is no media type", f.flag, f.value)
		}
		if f.value != "" {
			h.Set(f.name, f.value)
		}
	}
	return h, setGuardrail(h, c.guardrail)
}

// setGuardrail applies a guardrail, ID:VERSION or none, by the headers of
// InvokeModel and Chat Completions.
func setGuardrail(h http.Header, guard string) error {
	if guard == "" {
		return nil
	}
	id, version, err := guardrail(guard)
	if err != nil {
		return err
	}
	h.Set("X-Amzn-Bedrock-GuardrailIdentifier", id)
	h.Set("X-Amzn-Bedrock-GuardrailVersion", version)
	return nil
}

func isJSON(mediaType string) bool {
	return strings.HasPrefix(cmp.Or(mediaType, "application/json"), "application/json")
}

// familyExchange reads answers and chunks as the family writes them.
func familyExchange(f client.Family, stream bool) exchange {
	return exchange{
		stream: stream,
		whole: func(r *client.Response) (said, error) {
			switch f.Kind {
			case client.KindImage:
				images, err := f.Images(r.Body)
				return said{files: images}, err
			case client.KindText:
				return said{text: f.Text(r.Body), stop: f.Stop(r.Body)}, f.Failure(r.Body)
			}
			return said{text: f.Result(r.Body).Raw}, f.Failure(r.Body)
		},
		event: func(ev client.Event) said { return said{text: f.Delta(ev.Payload), stop: f.Stop(ev.Payload)} },
		line:  func(ev client.Event) []byte { return oneLine(ev.Payload) },
	}
}

// anyFamilyExchange reads answers of a family that is not known: what the
// first of the common ones finds in them, else the whole.
func anyFamilyExchange(stream bool) exchange {
	var families []client.Family
	for _, name := range []string{"claude", "nova", "chat", "llama", "mistral", "titan-text", "command-r"} {
		f, _ := client.FamilyByName(name)
		families = append(families, f)
	}
	x := familyExchange(client.Family{}, stream)
	x.whole = func(r *client.Response) (said, error) {
		for _, f := range families {
			if text := f.Text(r.Body); text != "" {
				return said{text: text, stop: f.Stop(r.Body)}, nil
			}
		}
		return said{text: string(r.Body)}, nil
	}
	x.event = func(ev client.Event) (s said) {
		for _, f := range families {
			s.text, s.stop = cmp.Or(s.text, f.Delta(ev.Payload)), cmp.Or(s.stop, f.Stop(ev.Payload))
		}
		return s
	}
	return x
}
