package bedrocktest

import (
	"encoding/json"
	"net/http"
)

// anthropicMessages is Anthropic's own API: the model and whether to stream
// stand in the body.
var anthropicMessages = dialect{required: []string{"max_tokens", "messages"}, read: readClaude}

// createMessage answers Anthropic Messages.
func (s *Server) createMessage(req *Request) (*response, *apiError) {
	if m, err := findModel(req.Model); err == nil && m.family != claude && m.family != opaque {
		return nil, anthropicError(unsupportedAPI(req.Model, "/v1/messages"), req)
	}
	t, err := s.compatible(req, anthropicMessages)
	if err != nil {
		return nil, anthropicError(err, req)
	}
	if !t.body.truth("stream") {
		return openAI(whole(http.StatusOK, t.claudeMessage()), req), nil
	}
	r := sse()
	for _, c := range t.claudeEvents() {
		name, _ := c.value["type"].(string)
		r.data(c.tokens, "event: "+name, sseData(c.value))
		r.parts[len(r.parts)-1].end = c.end
	}
	return openAI(r, req), nil
}

// anthropicError words an error as Anthropic does.
func anthropicError(e *apiError, req *Request) *apiError {
	kind := map[int]string{404: "not_found_error", 429: "rate_limit_error", 403: "permission_error"}[e.status]
	if kind == "" {
		kind = "invalid_request_error"
	}
	e.body = map[string]any{"type": "error", "request_id": req.ID, "error": map[string]any{"type": kind, "message": e.message}}
	return e
}

// messageTokens answers Anthropic's count_tokens at bedrock-mantle.
func (s *Server) messageTokens(req *Request) (*response, *apiError) {
	o, bad := parseObject(req.Body)
	if bad != nil {
		return nil, anthropicError(invalid("The request body is not a JSON object: "+bad.Error()), req)
	}
	if _, err := findModel(req.Model); err != nil {
		return nil, anthropicError(err, req)
	}
	if !o.has("max_tokens") { // which counting does not need
		o["max_tokens"] = json.Number("1")
	}
	q := ask{model: req.Model}
	if err := readClaude(&q, o); err != nil {
		return nil, anthropicError(err, req)
	}
	return openAI(whole(http.StatusOK, map[string]any{"input_tokens": q.input}), req), nil
}
