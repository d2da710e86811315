package bedrocktest

import "strings"

// converseAnswer does what Converse and ConverseStream have in common.
func (s *Server) converseAnswer(req *Request) (answer, object, model, *apiError) {
	m, err := findModel(req.Model)
	if err != nil {
		return answer{}, nil, m, err
	}
	o, bad := parseObject(req.Body)
	if bad != nil {
		return answer{}, nil, m, &apiError{status: 400, code: "SerializationException", message: "The request body is not a JSON object: " + bad.Error(), auth: true}
	}
	if err := m.callable(); err != nil {
		return answer{}, nil, m, err
	}
	q, err := s.conversation(req, m, o)
	if err != nil {
		return answer{}, nil, m, err
	}
	for _, p := range o.texts("additionalModelResponseFieldPaths") {
		if !strings.HasPrefix(p, "/") {
			return answer{}, nil, m, invalid("The value at additionalModelResponseFieldPaths is not a JSON Pointer: " + p)
		}
	}
	a, err := s.answer(q)
	if err == nil && guardBlocks(o.object("guardrailConfig").text("guardrailIdentifier"), q.prompt) {
		a = blocked(a)
	}
	return a, o, m, err
}

var converseStops = map[stopReason]string{
	endTurn: "end_turn", maxTokens: "max_tokens", stopSequence: "stop_sequence", toolUse: "tool_use", guardrailIntervened: "guardrail_intervened",
}

// converse answers Converse.
func (s *Server) converse(req *Request) (*response, *apiError) {
	a, o, m, err := s.converseAnswer(req)
	if err != nil {
		return nil, err
	}
	body := map[string]any{
		"metrics":    map[string]any{"latencyMs": a.latency()},
		"output":     map[string]any{"message": map[string]any{"content": a.converseContent(), "role": "assistant"}},
		"stopReason": converseStops[a.stop],
		"usage":      a.converseUsage(m),
	}
	echo(body, o, a)
	if fields := a.additionalFields(o); fields != nil {
		body["additionalModelResponseFields"] = fields
	}
	return whole(200, body), nil
}

// converseContent is the answer in Converse's blocks, which are Nova's too.
func (a answer) converseContent() []any {
	content := []any{}
	for _, b := range a.blocks {
		switch b.kind {
		case textBlock:
			content = append(content, map[string]any{"text": b.text()})
		case reasoningBlock:
			content = append(content, map[string]any{"reasoningContent": map[string]any{
				"reasoningText": map[string]any{"signature": a.signature(), "text": b.text()},
			}})
		case toolBlock:
			content = append(content, map[string]any{"toolUse": map[string]any{"input": b.input(), "name": b.name, "toolUseId": "tooluse_" + b.id}})
		}
	}
	return content
}

// input is a tool call's input; Bedrock gives one that was cut as an empty
// object.
func (b block) input() any {
	if o, err := parseObject([]byte(b.text())); err == nil && !b.cut {
		return map[string]any(o)
	}
	return map[string]any{}
}

// signature stands for the one that makes reasoning fit to be sent back.
func (a answer) signature() string { return "mock" + a.seed.id("signature", 60) }

func (a answer) converseUsage(m model) map[string]any {
	usage := map[string]any{
		"inputTokens": a.input, "outputTokens": a.output, "totalTokens": a.input + a.output,
		"serverToolUsage": map[string]any{},
	}
	if m.family == claude || m.family == nova {
		for _, k := range []string{"cacheReadInputTokenCount", "cacheReadInputTokens", "cacheWriteInputTokenCount", "cacheWriteInputTokens"} {
			usage[k] = 0
		}
	}
	return usage
}

// echo adds what the answer repeats of the request, and the guardrail's trace.
func echo(body map[string]any, o object, a answer) {
	for _, k := range []string{"performanceConfig", "serviceTier"} {
		if v := o.object(k); v != nil {
			body[k] = map[string]any(v)
		}
	}
	if g := o.object("guardrailConfig"); strings.HasPrefix(g.text("trace"), "enabled") {
		body["trace"] = map[string]any{"guardrail": guardTrace(g.text("guardrailIdentifier"), g.text("guardrailVersion"), a)}
	}
}

// additionalFields are the model's own fields that the request asks for.
func (a answer) additionalFields(o object) any {
	for _, p := range o.texts("additionalModelResponseFieldPaths") {
		if p != "/stop_sequence" {
			continue // what the model does not have is left out
		}
		if a.sequence == "" {
			return map[string]any{"stop_sequence": nil}
		}
		return map[string]any{"stop_sequence": a.sequence}
	}
	return nil
}

// converseStream answers ConverseStream.
func (s *Server) converseStream(req *Request) (*response, *apiError) {
	a, o, m, err := s.converseAnswer(req)
	if err != nil {
		return nil, err
	}
	r := frames()
	for _, e := range a.converseEvents() {
		r.event(e.kind, e.payload, e.tokens)
	}
	end := len(r.parts)
	stop := map[string]any{"stopReason": converseStops[a.stop]}
	if fields := a.additionalFields(o); fields != nil {
		stop["additionalModelResponseFields"] = fields
	}
	r.event("messageStop", stop, 0)
	metadata := map[string]any{"metrics": map[string]any{"latencyMs": a.latency()}, "usage": a.converseUsage(m)}
	echo(metadata, o, a)
	r.event("metadata", metadata, 0)
	r.endFrom(end)
	return r, nil
}

// converseEvent is an event of ConverseStream, which is also Nova's chunk.
type converseEvent struct {
	kind    string
	payload map[string]any
	tokens  int
}

// converseEvents are the events up to messageStop. Blocks of text and of
// reasoning have no contentBlockStart.
func (a answer) converseEvents() []converseEvent {
	events := []converseEvent{{"messageStart", map[string]any{"role": "assistant"}, 0}}
	for i, b := range a.blocks {
		add := func(kind, member string, v any, tokens int) {
			payload := map[string]any{"contentBlockIndex": i}
			if member != "" {
				payload[member] = v
			}
			events = append(events, converseEvent{kind, payload, tokens})
		}
		delta := func(v map[string]any, tokens int) { add("contentBlockDelta", "delta", v, tokens) }
		if b.kind == toolBlock {
			add("contentBlockStart", "start", map[string]any{"toolUse": map[string]any{"name": b.name, "toolUseId": "tooluse_" + b.id}}, 0)
			delta(map[string]any{"toolUse": map[string]any{"input": ""}}, 0)
		}
		for _, p := range b.pieces {
			switch b.kind {
			case textBlock:
				delta(map[string]any{"text": p}, 1)
			case reasoningBlock:
				delta(map[string]any{"reasoningContent": map[string]any{"text": p}}, 1)
			case toolBlock:
				delta(map[string]any{"toolUse": map[string]any{"input": p}}, 1)
			}
		}
		if b.kind == reasoningBlock && !b.cut {
			delta(map[string]any{"reasoningContent": map[string]any{"signature": a.signature()}}, 0)
		}
		add("contentBlockStop", "", nil, 0)
	}
	return events
}

// countTokens answers CountTokens.
func (s *Server) countTokens(req *Request) (*response, *apiError) {
	m, apiErr := findModel(req.Model)
	if apiErr != nil {
		return nil, apiErr
	}
	o, err := parseObject(req.Body)
	if err != nil {
		return nil, invalid("The request body is not a JSON object: " + err.Error())
	}
	input := o.object("input")
	var q ask
	switch {
	case input.has("converse") == input.has("invokeModel"):
		return nil, invalid("The input must set exactly one of the following keys: converse, invokeModel.")
	case input.has("converse"):
		q, apiErr = s.conversation(req, m, input.object("converse"))
	default:
		q, apiErr = invokeTokens(m, input.object("invokeModel").text("body"))
	}
	if apiErr != nil {
		return nil, apiErr
	}
	return whole(200, map[string]any{"inputTokens": q.input}), nil
}
