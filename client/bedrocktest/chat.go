package bedrocktest

import (
	"net/http"
	"strings"

	"rawbedrock/client/operation"
)

// created stands where OpenAI's objects have a time: one for all, so that the
// same request has the same answer (2026-01-01T00:00:00Z).
const created = 1767225600

// chatBody is OpenAI's chat completion as InvokeModel takes it.
var chatBody = dialect{
	required: []string{"messages"},
	read:     readChat,
	whole:    func(t turn) map[string]any { return t.chatCompletion() },
	stream:   func(t turn) []chunk { return t.chatChunks() },
}

// jambaBody is AI21's Jamba: nearly OpenAI's.
var jambaBody = dialect{
	required: []string{"messages"},
	read:     readChat,
	whole: func(t turn) map[string]any {
		o := t.chatCompletion()
		for _, k := range []string{"object", "created", "service_tier"} {
			delete(o, k)
		}
		choice := asObject(o["choices"].([]any)[0])
		delete(choice, "logprobs")
		message := choice.object("message")
		delete(message, "refusal")
		if !message.has("tool_calls") {
			message["tool_calls"] = nil
		}
		o["meta"] = map[string]any{"requestDurationMillis": t.latency()}
		return o
	},
	stream: func(t turn) []chunk { return t.chatChunks() },
	apart:  true,
}

func readChat(q *ask, o object) *apiError {
	messages := o.list("messages")
	if len(messages) == 0 {
		return invalid("messages: at least one message is required")
	}
	if n, ok := o.number("n"); ok && n > 1 {
		return invalid("n: only one choice is supported")
	}
	if named := o.text("model"); named != "" && named != q.model {
		return invalid("The model in the body, " + named + ", is not the model of the URL, " + q.model + ".")
	}
	for _, k := range []string{"max_tokens", "max_completion_tokens"} {
		if n, ok := o.number(k); ok {
			if n < 1 {
				return invalid(k + ": must be at least 1")
			}
			q.max = n
		}
	}
	q.stops = o.texts("stop")
	q.think = asksToThink(o)
	for _, t := range o.list("tools") {
		f := asObject(t).object("function")
		schema := f["parameters"]
		if schema == nil {
			schema = map[string]any{"type": "object"}
		}
		q.tools = append(q.tools, tool{name: f.text("name"), schema: schema})
	}
	q.choice = chatChoice(o)
	q.read(nil, messages)
	return q.readFormat(o.object("response_format"), messages)
}

// chatChoice reads tool_choice of Chat Completions and of Responses.
func chatChoice(o object) choice {
	picked := o.text("tool_choice")
	name := o.object("tool_choice").object("function").text("name") + o.object("tool_choice").text("name")
	return choice{any: picked == "required" || picked == "any", none: picked == "none", name: name}
}

// readFormat reads OpenAI's response_format.
func (q *ask) readFormat(format object, messages []any) *apiError {
	switch format.text("type") {
	case "json_schema":
		if q.schema = format.object("json_schema")["schema"]; q.schema == nil {
			return invalid("response_format: json_schema.schema is required")
		}
	case "json_object":
		var all strings.Builder
		for _, m := range messages {
			all.WriteString(wordsOf(asObject(m)["content"]))
		}
		if !strings.Contains(strings.ToLower(all.String()), "json") {
			return invalid("'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.")
		}
		q.schema = map[string]any{"type": "object", "properties": map[string]any{"answer": map[string]any{"type": "string"}}}
	}
	return nil
}

// chatText is the answer's text; reasoning stands inline before it, as the
// models on bedrock-runtime put it.
func (a answer) chatText() string {
	var b strings.Builder
	for _, block := range a.blocks {
		switch block.kind {
		case reasoningBlock:
			b.WriteString("<reasoning>" + block.text() + "</reasoning>")
		case textBlock:
			b.WriteString(block.text())
		}
	}
	return b.String()
}

var chatStops = map[stopReason]string{
	endTurn: "stop", maxTokens: "length", stopSequence: "stop", toolUse: "tool_calls", guardrailIntervened: "content_filter",
}

// chatCompletion is the whole answer.
func (t turn) chatCompletion() map[string]any {
	message := map[string]any{"role": "assistant", "content": t.chatText(), "refusal": nil}
	var calls []any
	for i, b := range t.blocks {
		if b.kind == toolBlock {
			calls = append(calls, t.chatCall(i, b.text()))
		}
	}
	if calls != nil {
		message["tool_calls"] = calls
		message["content"] = when(t.chatText() != "", t.chatText())
	}
	o := t.chatObject("chat.completion")
	o["choices"] = []any{map[string]any{"index": 0, "message": message, "finish_reason": chatStops[t.stop], "logprobs": nil}}
	o["usage"] = t.chatUsage()
	return o
}

func (t turn) chatObject(kind string) map[string]any {
	tier := t.body.text("service_tier")
	if tier == "" {
		tier = "default"
	}
	return map[string]any{
		"id": "chatcmpl-" + t.seed.uuid("chat"), "object": kind, "created": created, "model": t.model.id, "service_tier": tier,
	}
}

func (t turn) chatUsage() map[string]any {
	return map[string]any{"prompt_tokens": t.input, "completion_tokens": t.output, "total_tokens": t.input + t.output}
}

func (t turn) chatCall(i int, arguments string) map[string]any {
	b := t.blocks[i]
	id := "call_" + b.id
	if strings.Contains(t.model.base, "gpt-oss") {
		id = "chatcmpl-tool-" + strings.ReplaceAll(t.seed.uuid("call"), "-", "")
	}
	return map[string]any{"id": id, "type": "function", "function": map[string]any{"name": b.name, "arguments": arguments}}
}

// chatChunks is the answer as a stream.
func (t turn) chatChunks() []chunk {
	var chunks []chunk
	add := func(tokens int, delta map[string]any, finish any) *chunk {
		o := t.chatObject("chat.completion.chunk")
		o["choices"] = []any{map[string]any{"index": 0, "delta": delta, "finish_reason": finish}}
		chunks = append(chunks, chunk{value: o, tokens: tokens})
		return &chunks[len(chunks)-1]
	}
	add(0, map[string]any{"role": "assistant", "content": ""}, nil)
	for i, b := range t.blocks {
		if b.kind == toolBlock {
			call := t.chatCall(i, "")
			call["index"] = 0
			add(0, map[string]any{"tool_calls": []any{call}}, nil)
		}
		for _, p := range b.pieces {
			switch b.kind {
			case textBlock:
				add(1, map[string]any{"content": p}, nil)
			case reasoningBlock:
				add(1, map[string]any{"content": "<reasoning>" + p + "</reasoning>"}, nil)
			case toolBlock:
				add(1, map[string]any{"tool_calls": []any{map[string]any{"index": 0, "function": map[string]any{"arguments": p}}}}, nil)
			}
		}
	}
	add(0, map[string]any{}, chatStops[t.stop]).end = true
	return chunks
}

// compatible reads a request of the OpenAI and Anthropic compatible APIs,
// where the model stands in the body.
func (s *Server) compatible(req *Request, d dialect) (turn, *apiError) {
	o, bad := parseObject(req.Body)
	if bad != nil {
		return turn{}, invalid("The request body is not a JSON object: " + bad.Error())
	}
	if req.Model == "" {
		return turn{}, invalid("you must provide a model parameter")
	}
	m, err := findModel(req.Model)
	if err != nil {
		return turn{}, err
	}
	if req.Operation.Host != operation.Mantle {
		if err := m.callable(); err != nil {
			return turn{}, err
		}
	}
	t := turn{model: m, body: o, ask: ask{model: m.id, seed: newSeed(m.base, string(encode(o)))}}
	if err := d.check(o); err != nil {
		return t, err
	}
	if err := d.read(&t.ask, o); err != nil {
		return t, err
	}
	if err := checkGuardrailHeaders(req.Header); err != nil {
		return t, err
	}
	if t.answer, err = s.answer(t.ask); err == nil && guardBlocks(req.Header.Get(guardrailID), t.ask.prompt) {
		t.answer = blocked(t.answer)
	}
	return t, err
}

// chatCompletions answers Chat Completions, at either host.
func (s *Server) chatCompletions(req *Request) (*response, *apiError) {
	if m, err := findModel(req.Model); err == nil && !m.chats() {
		return nil, unsupportedAPI(req.Model, "/v1/chat/completions")
	}
	t, err := s.compatible(req, chatBody)
	if err != nil {
		return nil, err
	}
	if !t.body.truth("stream") {
		body := t.chatCompletion()
		addGuardrail(body, req.Header, t.answer)
		return openAI(whole(http.StatusOK, body), req), nil
	}
	r := sse()
	for _, c := range t.chatChunks() {
		r.data(c.tokens, sseData(c.value))
		r.parts[len(r.parts)-1].end = c.end
	}
	end := len(r.parts)
	if t.body.object("stream_options").truth("include_usage") {
		o := t.chatObject("chat.completion.chunk")
		o["choices"], o["usage"] = []any{}, t.chatUsage()
		r.data(0, sseData(o))
	}
	r.data(0, "data: [DONE]")
	r.endFrom(end)
	return openAI(r, req), nil
}

// chats tells whether Chat Completions serves the model.
func (m model) chats() bool {
	return m.family == chat || m.family == opaque || m.family == mistral
}

// openAI adds the request id that OpenAI's clients look for.
func openAI(r *response, req *Request) *response {
	setRaw(r.header, "x-request-id", req.ID)
	return r
}

// unsupportedAPI is refused by the layer that speaks OpenAI's errors.
func unsupportedAPI(model, api string) *apiError {
	e := invalid("The model '" + model + "' does not support the '" + api + "' API")
	e.body = map[string]any{"error": map[string]any{
		"code": "validation_error", "message": e.message, "param": nil, "type": "invalid_request_error",
	}}
	return e
}
