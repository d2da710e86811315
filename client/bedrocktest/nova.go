package bedrocktest

// novaBody is Amazon Nova, whose InvokeModel is nearly Converse.
var novaBody = dialect{
	required: []string{"messages"},
	read: func(q *ask, o object) *apiError {
		if err := checkMessages(model{family: nova}, o.list("messages"), false); err != nil {
			return malformed("#/messages: " + err.message)
		}
		config := o.object("inferenceConfig")
		if err := q.inference(config); err != nil {
			return err
		}
		if n, ok := config.number("max_new_tokens"); ok { // as older samples have it
			q.max = n
		}
		q.think = asksToThink(o) || asksToThink(config)
		for _, t := range o.object("toolConfig").list("tools") {
			spec := asObject(t).object("toolSpec")
			q.tools = append(q.tools, tool{name: spec.text("name"), schema: spec.object("inputSchema")["json"]})
		}
		picked := o.object("toolConfig").object("toolChoice")
		q.choice = choice{any: picked.has("any"), name: picked.object("tool").text("name")}
		q.read(o["system"], o.list("messages"))
		return nil
	},
	whole: func(t turn) map[string]any {
		return map[string]any{
			"output":     map[string]any{"message": map[string]any{"content": t.converseContent(), "role": "assistant"}},
			"stopReason": converseStops[t.stop],
			"usage":      t.novaUsage(true),
		}
	},
	stream: turn.novaChunks,
}

func (t turn) novaUsage(total bool) map[string]any {
	usage := map[string]any{
		"inputTokens": t.input, "outputTokens": t.output, "cacheReadInputTokenCount": 0, "cacheWriteInputTokenCount": 0,
	}
	if total {
		usage["totalTokens"] = t.input + t.output
	}
	return usage
}

// novaChunks are Converse's events as objects of one member. Every piece of
// text is a block of its own, which Converse does not have.
func (t turn) novaChunks() []chunk {
	apart := t.answer
	apart.blocks = nil
	for _, b := range t.blocks {
		if b.kind != textBlock {
			apart.blocks = append(apart.blocks, b)
			continue
		}
		for _, p := range b.pieces {
			apart.blocks = append(apart.blocks, block{pieces: []string{p}})
		}
	}
	var chunks []chunk
	for _, e := range apart.converseEvents() {
		chunks = append(chunks, chunk{value: map[string]any{e.kind: e.payload}, tokens: e.tokens})
	}
	return append(chunks,
		chunk{end: true, value: map[string]any{"messageStop": map[string]any{"stopReason": converseStops[t.stop]}}},
		chunk{end: true, value: map[string]any{"metadata": map[string]any{"usage": t.novaUsage(false), "metrics": map[string]any{}, "trace": map[string]any{}}}})
}
