package bedrocktest

import "net/http"

// invokeGuardrailChecks answers InvokeGuardrailChecks: an e-mail address is
// found with certainty, an insult or an attack never.
func (s *Server) invokeGuardrailChecks(req *Request) (*response, *apiError) {
	o, err := parseObject(req.Body)
	if err != nil {
		return nil, invalid("The request body is not a JSON object: " + err.Error())
	}
	checks := o.object("checks")
	if len(checks) == 0 || len(o.list("messages")) == 0 {
		return nil, invalid("2 members are required: checks and messages.")
	}
	characters := 0
	for _, m := range o.list("messages") {
		characters += len(wordsOf(asObject(m)["content"]))
	}
	results, usage := map[string]any{}, map[string]any{}
	for _, name := range []string{"contentFilter", "promptAttack"} {
		if !checks.has(name) {
			continue
		}
		found := []any{}
		for _, c := range checks.object(name).list("categories") {
			found = append(found, map[string]any{"category": asObject(c).text("category"), "severityScore": 0.0})
		}
		results[name] = map[string]any{"results": found}
	}
	if checks.has("sensitiveInformation") {
		results["sensitiveInformation"] = map[string]any{"results": findEmails(o), "truncated": false}
	}
	for name := range results {
		usage[name] = map[string]any{"textUnits": (characters + 999) / 1000}
	}
	return whole(http.StatusOK, map[string]any{"results": results, "usage": usage}), nil
}

// findEmails lists the e-mail addresses in all messages.
func findEmails(o object) []any {
	found := []any{}
	for i, m := range o.list("messages") {
		for j, c := range asObject(m).list("content") {
			for _, at := range email().FindAllStringIndex(asObject(c).text("text"), -1) {
				found = append(found, map[string]any{
					"type": "EMAIL", "beginOffset": at[0], "endOffset": at[1], "confidenceScore": 1.0, "messageIndex": i, "contentIndex": j,
				})
			}
		}
	}
	return found
}
