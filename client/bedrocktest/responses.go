package bedrocktest

import (
	"cmp"
	"maps"
	"net/http"
	"strings"
)

// responsesBody is OpenAI's Responses.
var responsesBody = dialect{read: readResponses}

func readResponses(q *ask, o object) *apiError {
	if !o.has("input") {
		return invalid("Missing required parameter: 'input'.")
	}
	if o.truth("background") {
		return invalid("background: responses are always synchronous here")
	}
	turns := o.list("input")
	if text := o.text("input"); text != "" {
		turns = []any{map[string]any{"role": "user", "content": text}}
	}
	for i, t := range turns {
		if item := asObject(t); item.text("type") == "function_call_output" {
			turns[i] = map[string]any{"role": "tool", "content": wordsOf(item["output"])}
		}
	}
	if n, ok := o.number("max_output_tokens"); ok {
		if n < 1 {
			return invalid("max_output_tokens: must be at least 1")
		}
		q.max = n
	}
	for _, t := range o.list("tools") {
		if f := asObject(t); f.text("type") == "function" {
			q.tools = append(q.tools, tool{name: f.text("name"), schema: f["parameters"]})
		}
	}
	q.choice = chatChoice(o)
	q.think = asksToThink(object{"reasoning_effort": o.object("reasoning").text("effort")})
	if format := o.object("text").object("format"); format.text("type") == "json_schema" {
		q.schema = format["schema"]
	}
	q.read(o["instructions"], turns)
	return nil
}

// item is an element of a response's output, and how a stream names its text.
func (t turn) item(i int, done bool) map[string]any {
	b := t.blocks[i]
	id := strings.ReplaceAll(t.ask.seed.with("item").uuid(b.id+string(rune('a'+i))), "-", "")
	status, text := "completed", b.text()
	if !done {
		status, text = "in_progress", ""
	}
	item := map[string]any{"status": status}
	switch b.kind {
	case reasoningBlock:
		item["id"], item["type"], item["summary"] = "rs_"+id, "reasoning", []any{}
		item["content"] = []any{reasoningPart(text)}
	case toolBlock:
		item["id"], item["type"], item["call_id"] = "fc_"+id, "function_call", "call_"+b.id
		item["name"], item["arguments"] = b.name, text
	default:
		item["id"], item["type"], item["role"] = "msg_"+id, "message", "assistant"
		item["content"] = []any{t.textPart(text)}
	}
	if !done && b.kind != toolBlock {
		item["content"] = []any{}
	}
	return item
}

func (t turn) textPart(text string) map[string]any {
	return map[string]any{"type": "output_text", "text": text, "annotations": []any{}, "logprobs": []any{}}
}

func reasoningPart(text string) map[string]any {
	return map[string]any{"type": "reasoning_text", "text": text}
}

// responseObject is the response, before or after it has said something.
func (t turn) responseObject(done bool) map[string]any {
	o := map[string]any{
		"id": "resp_" + strings.ToLower(t.ask.seed.id("response", 32)), "object": "response", "created_at": created, "model": t.model.id,
		"background": false, "error": nil, "incomplete_details": nil, "instructions": t.body["instructions"], "metadata": map[string]any{},
		"output": []any{}, "parallel_tool_calls": true, "status": "in_progress", "temperature": 1.0, "top_p": 1.0,
		"tool_choice": "auto", "tools": []any{}, "truncation": "disabled", "service_tier": "default",
		"max_output_tokens": t.body["max_output_tokens"], "previous_response_id": t.body["previous_response_id"], "store": true,
	}
	format := t.body.object("text").object("format")
	if format == nil {
		format = object{"type": "text"}
	}
	o["text"] = map[string]any{"format": map[string]any(format), "verbosity": "medium"}
	if !t.openWeight() {
		maps.Copy(o, gptMembers(t.body))
	}
	for _, k := range []string{"metadata", "store", "tool_choice", "tools", "temperature", "top_p"} {
		if t.body.has(k) {
			o[k] = t.body[k]
		}
	}
	if !done {
		return o
	}
	output := []any{}
	for i := range t.blocks {
		output = append(output, t.item(i, true))
	}
	o["output"], o["status"], o["completed_at"] = output, "completed", created
	if t.stop == maxTokens {
		o["status"], o["incomplete_details"] = "incomplete", map[string]any{"reason": "max_output_tokens"}
	}
	reasoning := 0
	if t.blocks[0].kind == reasoningBlock {
		reasoning = len(t.blocks[0].pieces)
	}
	cached := map[string]any{"cached_tokens": 0}
	if !t.openWeight() {
		cached["cache_write_tokens"] = 0
	}
	o["usage"] = map[string]any{
		"input_tokens": t.input, "input_tokens_details": cached,
		"output_tokens": t.output, "output_tokens_details": map[string]any{"reasoning_tokens": reasoning}, "total_tokens": t.input + t.output,
	}
	return o
}

// openWeight tells the models whose responses say less.
func (t turn) openWeight() bool { return strings.Contains(t.model.base, "gpt-oss") }

// gptMembers are those that GPT-5 and later have in their responses besides.
func gptMembers(body object) map[string]any {
	o := map[string]any{
		"billing": map[string]any{"payer": "developer"}, "frequency_penalty": 0.0, "presence_penalty": 0.0, "top_logprobs": 0,
		"prompt_cache_retention": "in_memory",
		"reasoning":              map[string]any{"context": "all_turns", "effort": cmp.Or(body.object("reasoning").text("effort"), "medium"), "summary": nil},
	}
	for _, k := range []string{"max_tool_calls", "moderation", "prompt_cache_key", "safety_identifier", "user"} {
		o[k] = body[k]
	}
	return o
}

// createResponse answers Responses, at either host.
func (s *Server) createResponse(req *Request) (*response, *apiError) {
	if m, err := findModel(req.Model); err == nil && (!m.chats() || strings.Contains(m.base, "gpt-oss") && req.Operation.Path[:8] == "/openai/") {
		return nil, unsupportedAPI(req.Model, "/v1/responses")
	}
	t, err := s.compatible(req, responsesBody)
	if err != nil {
		return nil, err
	}
	done := t.responseObject(true)
	if t.body["store"] != false {
		s.keep(done)
	}
	if !t.body.truth("stream") {
		return openAI(whole(http.StatusOK, done), req), nil
	}
	r := sse()
	sequence := 0
	emit := func(kind string, tokens int, v map[string]any) {
		v["type"], v["sequence_number"] = kind, sequence
		sequence++
		if strings.Contains(t.model.base, "gpt-oss") {
			r.data(tokens, sseData(v))
		} else { // in this order
			r.data(tokens, sseData(v), "event: "+kind)
		}
	}
	emit("response.created", 0, map[string]any{"response": t.responseObject(false)})
	emit("response.in_progress", 0, map[string]any{"response": t.responseObject(false)})
	for i := range t.blocks {
		t.emitItem(i, emit)
	}
	end := len(r.parts)
	kind := "response.completed"
	if t.stop == maxTokens {
		kind = "response.incomplete"
	}
	emit(kind, 0, map[string]any{"response": done})
	r.endFrom(end)
	return openAI(r, req), nil
}

// emitItem streams one element of the output.
func (t turn) emitItem(i int, emit func(kind string, tokens int, v map[string]any)) {
	item := t.item(i, true)
	at := func(v map[string]any) map[string]any {
		v["item_id"], v["output_index"] = item["id"], i
		if t.blocks[i].kind != toolBlock {
			v["content_index"] = 0
		}
		return v
	}
	emit("response.output_item.added", 0, map[string]any{"output_index": i, "item": t.item(i, false)})
	text := t.blocks[i].text()
	name, final, part, wrap := "response.output_text", "text", "response.content_part", t.textPart
	switch t.blocks[i].kind {
	case toolBlock:
		name, final, part = "response.function_call_arguments", "arguments", ""
	case reasoningBlock:
		name, part, wrap = "response.reasoning_text", "response.reasoning_part", reasoningPart
	}
	if part != "" {
		emit(part+".added", 0, at(map[string]any{"part": wrap("")}))
	}
	for _, p := range t.blocks[i].pieces {
		emit(name+".delta", 1, at(map[string]any{"delta": p}))
	}
	emit(name+".done", 0, at(map[string]any{final: text}))
	if part != "" {
		emit(part+".done", 0, at(map[string]any{"part": wrap(text)}))
	}
	emit("response.output_item.done", 0, map[string]any{"output_index": i, "item": item})
}

// keep stores a response for GetResponse.
func (s *Server) keep(o map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.responses == nil || len(s.responses) >= jobLimit {
		s.responses = map[string]map[string]any{}
	}
	id, _ := o["id"].(string)
	s.responses[id] = o
}

// storedResponse answers GetResponse, CancelResponse and DeleteResponse.
func (s *Server) storedResponse(req *Request) (*response, *apiError) {
	id := req.Labels[0]
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.responses[id]
	switch {
	case !ok:
		e := notFound("Response with id '" + id + "' not found.")
		e.body = map[string]any{"error": map[string]any{"code": "not_found", "message": e.message, "param": nil, "type": "invalid_request_error"}}
		return nil, e
	case req.Method == http.MethodDelete:
		delete(s.responses, id)
		return openAI(whole(http.StatusOK, map[string]any{"id": id, "object": "response", "deleted": true}), req), nil
	case req.Method == http.MethodPost:
		return nil, invalid("Cannot cancel a synchronous response.")
	}
	return openAI(whole(http.StatusOK, o), req), nil
}
