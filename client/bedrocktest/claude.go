package bedrocktest

import "strings"

// claudeMessages is Anthropic's Messages as InvokeModel takes it: the model
// stands in the path, whether to stream in the operation.
var claudeMessages = dialect{
	required: []string{"anthropic_version", "max_tokens", "messages"},
	refused:  []string{"model", "stream"},
	read:     readClaude,
	whole:    turn.claudeMessage,
	stream: func(t turn) []chunk {
		return t.claudeEvents()
	},
}

func readClaude(q *ask, o object) *apiError {
	messages := o.list("messages")
	if len(messages) == 0 {
		return invalid("messages: at least one message is required")
	}
	if asObject(messages[0]).text("role") != "user" {
		return invalid(`messages: first message must use the "user" role`)
	}
	for _, m := range messages {
		content := asObject(m)["content"]
		if text, ok := content.(string); ok && text == "" {
			return invalid("messages: text content blocks must be non-empty")
		}
		blocks, _ := content.([]any)
		for _, b := range blocks {
			if block := asObject(b); block.text("type") == "text" && block.text("text") == "" {
				return invalid("messages: text content blocks must be non-empty")
			}
		}
	}
	if n, ok := o.number("max_tokens"); !ok || n < 1 {
		return invalid("max_tokens: must be greater than or equal to 1")
	}
	q.max, _ = o.number("max_tokens")
	q.stops = o.texts("stop_sequences")
	for _, t := range o.list("tools") {
		schema := asObject(t)["input_schema"]
		if schema == nil { // a tool of Anthropic's own
			schema = map[string]any{"type": "object"}
		}
		q.tools = append(q.tools, tool{name: asObject(t).text("name"), schema: schema})
	}
	picked := o.object("tool_choice")
	q.choice = choice{any: picked.text("type") == "any", none: picked.text("type") == "none", name: picked.text("name")}
	q.think = asksToThink(o)
	for _, format := range []object{o.object("output_config").object("format"), o.object("output_format")} {
		if format.text("type") == "json_schema" {
			q.schema = format["schema"]
		}
	}
	q.read(o["system"], messages)
	return nil
}

// claudeName is a model's name inside its own answers: the id without
// provider and version.
func claudeName(base string) string {
	name := strings.TrimPrefix(base, "anthropic.")
	name, _, _ = strings.Cut(name, ":")
	for _, suffix := range []string{"-v1", "-v2"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return name
}

var claudeStops = map[stopReason]string{
	endTurn: "end_turn", maxTokens: "max_tokens", stopSequence: "stop_sequence", toolUse: "tool_use", guardrailIntervened: "end_turn",
}

// claudeMessage is the whole answer.
func (t turn) claudeMessage() map[string]any {
	content := []any{}
	for _, b := range t.blocks {
		block := b.claudeStart()
		switch b.kind {
		case textBlock:
			block["text"] = b.text()
		case reasoningBlock:
			block["thinking"], block["signature"] = b.text(), t.signature()
		case toolBlock:
			block["input"] = b.input()
		}
		content = append(content, block)
	}
	m := t.claudeHead()
	m["content"] = content
	m["stop_reason"], m["stop_sequence"] = claudeStops[t.stop], when(t.stop == stopSequence, t.sequence)
	m["usage"] = t.claudeUsage(t.output)
	return m
}

// claudeHead is a message before it has said anything.
func (t turn) claudeHead() map[string]any {
	return map[string]any{
		"id": "msg_bdrk_01" + t.seed.id("message", 22), "type": "message", "role": "assistant", "model": claudeName(t.model.base),
		"content": []any{}, "stop_reason": nil, "stop_sequence": nil, "usage": t.claudeUsage(1),
	}
}

func (t turn) claudeUsage(output int) map[string]any {
	return map[string]any{
		"input_tokens": t.input, "output_tokens": output,
		"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
		"cache_creation": map[string]any{"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
	}
}

// claudeStart is a block as it begins in a stream.
func (b block) claudeStart() map[string]any {
	switch b.kind {
	case reasoningBlock:
		return map[string]any{"type": "thinking", "thinking": "", "signature": ""}
	case toolBlock:
		return map[string]any{"type": "tool_use", "id": "toolu_bdrk_01" + b.id, "name": b.name, "input": map[string]any{}}
	}
	return map[string]any{"type": "text", "text": ""}
}

// claudeEvents is the answer as a stream, in Anthropic's own events.
func (t turn) claudeEvents() []chunk {
	var chunks []chunk
	add := func(tokens int, value map[string]any) { chunks = append(chunks, chunk{value: value, tokens: tokens}) }
	add(0, map[string]any{"type": "message_start", "message": t.claudeHead()})
	for i, b := range t.blocks {
		delta := func(tokens int, kind, member, text string) {
			add(tokens, map[string]any{"type": "content_block_delta", "index": i, "delta": map[string]any{"type": kind, member: text}})
		}
		add(0, map[string]any{"type": "content_block_start", "index": i, "content_block": b.claudeStart()})
		if b.kind == toolBlock {
			delta(0, "input_json_delta", "partial_json", "")
		}
		for _, p := range b.pieces {
			switch b.kind {
			case textBlock:
				delta(1, "text_delta", "text", p)
			case reasoningBlock:
				delta(1, "thinking_delta", "thinking", p)
			case toolBlock:
				delta(1, "input_json_delta", "partial_json", p)
			}
		}
		if b.kind == reasoningBlock && !b.cut {
			delta(0, "signature_delta", "signature", t.signature())
		}
		add(0, map[string]any{"type": "content_block_stop", "index": i})
	}
	return append(chunks,
		chunk{end: true, value: map[string]any{
			"type":  "message_delta",
			"delta": map[string]any{"stop_reason": claudeStops[t.stop], "stop_sequence": when(t.stop == stopSequence, t.sequence)},
			"usage": map[string]any{"output_tokens": t.output},
		}},
		chunk{end: true, value: map[string]any{"type": "message_stop"}})
}
