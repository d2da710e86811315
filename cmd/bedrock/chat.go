package main

import (
	"context"
	"flag"
	"strings"

	"rawbedrock/client"
	"rawbedrock/client/operation"
)

const chatLong = `Sends one message through the OpenAI-compatible Chat Completions API of
bedrock-runtime. It serves OpenAI's models and the open-weight ones (gpt-oss,
DeepSeek, Qwen, Mistral, Gemma, …), not Claude, Nova or Llama: those speak
through 'bedrock converse'. Unless a model is named it is gpt-oss-20b.

Examples:
  bedrock chat --mock "Hello"
  bedrock chat --stream -m openai.gpt-oss-120b-1:0 -r us-west-2 "Hello"
  bedrock chat --developer "Answer in French." --max-tokens 300 "Hello"
  bedrock chat --stream -o jsonl "Hello"
  bedrock chat --body '{"model":"openai.gpt-oss-20b-1:0","messages":[{"role":"user","content":"Hello"}]}'
`

// gptOSS is the model of chat when none is named: the smallest open-weight one,
// called by its own id and open to every account without a form.
const gptOSS = "openai.gpt-oss-20b-1:0"

func chatCommand() command {
	return command{
		name: "chat", args: "[PROMPT|-]", short: "ask a model through the OpenAI-compatible API", long: chatLong,
		setup: func(fs *flag.FlagSet) func(context.Context, env, []string) error {
			var c chatFlags
			c.connection.register(fs)
			c.answerFlags.register(fs)
			c.sampling.register(fs, 2)
			fs.StringVar(&c.developer, "developer", "", "developer message: `text` that ranks below --system")
			fs.BoolVar(&c.stream, "stream", false, "print the answer as it comes")
			return func(ctx context.Context, e env, args []string) error { return c.run(ctx, e, fs, args) }
		},
	}
}

type chatFlags struct {
	connection
	answerFlags
	sampling
	developer string
	stream    bool
}

func (c *chatFlags) run(ctx context.Context, e env, fs *flag.FlagSet, args []string) (err error) {
	body, err := c.wholeBody(ctx, e, fs, args, "system", "developer", "max-tokens", "temperature", "top-p", "stop", "model", "m")
	if err != nil {
		return err
	}
	prompt, stream := "", c.stream
	if body == nil {
		prompt, err = readPrompt(ctx, e, args)
	} else if err = checkObject(body, "--body"); err == nil {
		if stream = streams(body); given(fs, "stream") != "" && c.stream != stream {
			return usagef(`--stream: the body must say "stream":%t`, c.stream)
		}
	}
	if err != nil {
		return err
	}
	if err := c.checkStream(stream); err != nil {
		return err
	}
	s, model, err := c.session(e, &c.connection, func(*session) string { return gptOSS })
	if err != nil {
		return err
	}
	defer s.close(e, &err)
	if body == nil {
		if body, err = client.ChatBody(model, c.prompt(prompt), c.developer, stream); err != nil {
			return usagef("%w", err)
		}
	}
	family, _ := client.FamilyByName("chat")
	x := familyExchange(family, stream)
	x.request = client.Request{Op: operation.ChatCompletions, Body: body}
	return c.call(ctx, e, s, x)
}

// streams tells whether a body asks for a stream.
func streams(body []byte) bool { return client.Event{Payload: body}.Get("stream").Bool() }

// checkStream refuses to print a stream as one whole answer, which it is not.
func (a *answerFlags) checkStream(stream bool) error {
	if stream && a.output == "json" {
		return usagef("-o json prints one whole answer: leave the streaming out, or use -o jsonl")
	}
	return nil
}

// reasoning holds back what gpt-oss says between <reasoning> and </reasoning>
// before its answer (user guide, Chat Completions). The tags may come in
// pieces.
type reasoning struct {
	held  string
	state int
}

const (
	reasoningMaybe = iota // not enough has come to tell
	reasoningInside
	reasoningBehind // before the answer's first character that is no line end
	reasoningOver
)

const reasoningBegin, reasoningEnd = "<reasoning>", "</reasoning>"

// answer returns what of the text belongs to the answer, as far as that is
// known yet.
func (r *reasoning) answer(text string) string {
	if r.held += text; r.state == reasoningMaybe && strings.HasPrefix(r.held, reasoningBegin) {
		r.state = reasoningInside
	}
	if r.state == reasoningMaybe && strings.HasPrefix(reasoningBegin, r.held) {
		return ""
	}
	if r.state == reasoningInside {
		_, after, found := strings.Cut(r.held, reasoningEnd)
		if !found {
			return ""
		}
		r.held, r.state = after, reasoningBehind
	}
	if r.state == reasoningBehind {
		if r.held = strings.TrimLeft(r.held, "\n"); r.held == "" {
			return ""
		}
	}
	r.state = reasoningOver
	return r.rest()
}

// rest returns what was held back and is no reasoning.
func (r *reasoning) rest() string {
	if r.state == reasoningInside {
		return ""
	}
	text := r.held
	r.held = ""
	return text
}
