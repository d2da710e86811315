package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"rawbedrock/client"
	"rawbedrock/client/cassette"
	"rawbedrock/client/operation"
)

// heard is an answer put together from whatever its dialect says.
type heard struct {
	reasoning, text strings.Builder
	tools           []*heardCall
	stop            string
	usage           client.TokenUsage
	counted         bool
	other           string // an answer that holds none of it
	err             string
}

type heardCall struct {
	name  string
	input strings.Builder
}

// Where the dialects have what families do not tell.
var (
	callBegins = []string{"start.toolUse.name", "contentBlockStart.start.toolUse.name", "content_block.name", "choices.0.delta.tool_calls.0.function.name"}
	callGoesOn = []string{"delta.toolUse.input", "contentBlockDelta.delta.toolUse.input", "delta.partial_json", "choices.0.delta.tool_calls.0.function.arguments"}
	wholeCalls = []string{"output.message.content.#.toolUse", `content.#(type=="tool_use")#`, "choices.0.message.tool_calls.#.function"}
	thinks     = []string{"delta.reasoningContent.text", "delta.thinking", "contentBlockDelta.delta.reasoningContent.text", "choices.0.delta.reasoning"}
	thought    = []string{"output.message.content.#.reasoningContent.reasoningText.text|0", "content.#.thinking|0", "choices.0.message.reasoning"}
)

func (h *heard) event(x exchange, ev recordedEvent) {
	if ev.err != nil {
		h.err = strings.TrimPrefix(ev.err.Error(), "bedrock: ")
		return
	}
	s := x.event(ev.Event)
	h.text.WriteString(s.text)
	h.stop = cmp.Or(s.stop, h.stop)
	h.reasoning.WriteString(firstOf(ev.Event, thinks...))
	if name := firstOf(ev.Event, callBegins...); name != "" {
		h.tools = append(h.tools, &heardCall{name: name})
	}
	if n := len(h.tools); n > 0 {
		h.tools[n-1].input.WriteString(firstOf(ev.Event, callGoesOn...))
	}
	h.count(ev.Event)
	h.count(client.Event{Payload: []byte(ev.Get("message").Raw)})
	h.count(client.Event{Payload: []byte(ev.Get("response").Raw)})
}

func (h *heard) whole(x exchange, r *client.Response) {
	body := client.Event{Payload: r.Body}
	s, err := x.whole(r)
	if err != nil {
		h.err = err.Error()
	}
	h.stop = s.stop
	h.reasoning.WriteString(firstOf(body, thought...))
	for _, path := range wholeCalls {
		for _, call := range body.Get(path).Array() {
			c := &heardCall{name: call.Get("name").String()}
			c.input.WriteString(firstOf(client.Event{Payload: []byte(call.Raw)}, "input", "arguments"))
			h.tools = append(h.tools, c)
		}
	}
	if h.count(body); !h.counted {
		h.usage, h.counted = client.HeaderUsage(r.Header)
	}
	if s.text != string(r.Body) {
		h.text.WriteString(s.text)
	}
	if h.text.Len() == 0 && h.tools == nil && h.err == "" {
		h.other = string(r.Body)
	}
}

// count takes the tokens that an answer or an event tells.
func (h *heard) count(ev client.Event) {
	if u, ok := (client.Family{}).Usage(ev.Payload); ok {
		h.usage, h.counted = u, true
	}
	for _, side := range []struct {
		n     *int
		paths []string
	}{
		{&h.usage.InputTokens, []string{"usage.inputTokens", "usage.input_tokens", "usage.prompt_tokens"}},
		{&h.usage.OutputTokens, []string{"usage.outputTokens", "usage.output_tokens", "usage.completion_tokens"}},
		{&h.usage.CacheReadInputTokens, []string{"usage.cacheReadInputTokens", "usage.cache_read_input_tokens"}},
		{&h.usage.CacheWriteInputTokens, []string{"usage.cacheWriteInputTokens", "usage.cache_creation_input_tokens"}},
	} {
		for _, path := range side.paths {
			if v := ev.Get(path); v.Exists() {
				*side.n, h.counted = int(v.Int()), true
			}
		}
	}
}

// refused takes an error's code and message.
func (h *heard) refused(header http.Header, body []byte) {
	code, _, _ := strings.Cut(header.Get("X-Amzn-Errortype"), ":")
	ev := client.Event{Payload: body}
	code = cmp.Or(code, firstOf(ev, "error.code", "error.type", "__type"))
	message := cmp.Or(firstOf(ev, "message", "Message", "error.message"), short(body))
	h.err = strings.TrimPrefix(code+": "+message, ": ")
}

func (h *heard) print(p page) {
	for _, part := range []struct{ word, text string }{
		{"thinks", h.reasoning.String()}, {"assistant", h.text.String()},
	} {
		if part.text != "" {
			p.row(part.word, part.text)
		}
	}
	for _, call := range h.tools {
		p.row("calls", call.name+" "+short([]byte(call.input.String())))
	}
	if h.other != "" {
		p.row("body", short([]byte(h.other)))
	}
	if h.err != "" {
		p.row("error", h.err)
	}
	if h.counted {
		tokens := fmt.Sprintf("%d in, %d out", h.usage.InputTokens, h.usage.OutputTokens)
		if n := h.usage.CacheReadInputTokens; n > 0 {
			tokens += fmt.Sprintf(", %d read from the cache", n)
		}
		if n := h.usage.CacheWriteInputTokens; n > 0 {
			tokens += fmt.Sprintf(", %d written to it", n)
		}
		p.row("tokens", tokens)
	}
	if h.stop != "" {
		p.row("stop", h.stop)
	}
}

// dialect finds how the answers of an operation are read.
func dialect(op operation.Operation, labels []string) exchange {
	family := func(name string) exchange {
		f, _ := client.FamilyByName(name)
		return familyExchange(f, false)
	}
	switch op.Name {
	case operation.Converse.Name, operation.ConverseStream.Name:
		return exchange{whole: converseWhole, event: converseEvent}
	case operation.ChatCompletions.Name, operation.MantleChatCompletions.Name:
		return family("chat")
	case operation.CreateMessage.Name:
		return family("claude")
	case operation.CreateResponse.Name, operation.MantleCreateResponse.Name:
		return exchange{whole: responseWhole, event: responseEvent}
	case operation.InvokeModel.Name, operation.InvokeModelWithResponseStream.Name:
		f, ok := client.FamilyOf(labels[0])
		if ok && f.Kind == client.KindText {
			return familyExchange(f, false)
		}
		if !ok {
			return anyFamilyExchange(false)
		}
	}
	return exchange{
		whole: func(*client.Response) (s said, err error) { return s, nil },
		event: anyFamilyExchange(false).event,
	}
}

// responseWhole and responseEvent read OpenAI's Responses.
func responseWhole(r *client.Response) (said, error) {
	s := said{stop: r.Get("status").String()}
	for _, item := range r.Get("output").Array() {
		if item.Get("type").String() != "message" {
			continue
		}
		for _, part := range item.Get("content").Array() {
			s.text += part.Get("text").String()
		}
	}
	return s, nil
}

func responseEvent(ev client.Event) (s said) {
	switch ev.Get("type").String() {
	case "response.output_text.delta":
		s.text = ev.Get("delta").String()
	case "response.completed", "response.incomplete":
		s.stop = ev.Get("response.status").String()
	}
	return s
}

// hear puts together what the model said, in any dialect.
func hear(op operation.Operation, labels []string, i *cassette.Interaction, events []recordedEvent) *heard {
	x := dialect(op, labels)
	h := &heard{}
	switch {
	case i.Response.Status/100 != 2:
		h.refused(i.Response.Header, i.Response.Body)
	case events != nil:
		for _, ev := range events {
			h.event(x, ev)
		}
	case !json.Valid(i.Response.Body):
		h.other = string(i.Response.Body)
	default:
		h.whole(x, &client.Response{Status: i.Response.Status, Header: i.Response.Header, Body: i.Response.Body})
	}
	return h
}
