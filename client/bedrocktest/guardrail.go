package bedrocktest

import (
	"net/http"
	"strings"
)

const (
	guardrailID      = "X-Amzn-Bedrock-GuardrailIdentifier"
	guardrailVersion = "X-Amzn-Bedrock-GuardrailVersion"
	guardrailTrace   = "X-Amzn-Bedrock-Trace"
)

// email is what every guardrail of the mock blocks: a text with an e-mail
// address in it. All other texts pass.
var email = lazy(`[\w.+-]+@[\w-]+\.[\w.-]*\w`)

const blockedText = "The mock guardrail blocked the input."

func guardBlocks(guardrail, text string) bool { return guardrail != "" && email().MatchString(text) }

// blocked is the answer that a guardrail gives in place of the model.
func blocked(a answer) answer {
	a.blocks = []block{{pieces: split(blockedText)}}
	a.stop, a.sequence, a.input, a.output = guardrailIntervened, "", 0, 0
	return a
}

// checkGuardrailHeaders wants identifier and version together.
func checkGuardrailHeaders(h http.Header) *apiError {
	if (h.Get(guardrailID) == "") != (h.Get(guardrailVersion) == "") {
		return invalid("Both guardrailIdentifier and guardrailVersion must be set, or neither.")
	}
	return nil
}

// addGuardrail adds what InvokeModel tells of a guardrail.
func addGuardrail(body map[string]any, h http.Header, a answer) {
	id := h.Get(guardrailID)
	if id == "" {
		return
	}
	action := "NONE"
	if a.stop == guardrailIntervened {
		action = "INTERVENED"
	}
	body["amazon-bedrock-guardrailAction"] = action
	if strings.HasPrefix(h.Get(guardrailTrace), "ENABLED") {
		trace := guardTrace(id, h.Get(guardrailVersion), a)
		trace["input"] = trace["inputAssessment"]
		delete(trace, "inputAssessment")
		body["amazon-bedrock-trace"] = map[string]any{"guardrail": trace}
	}
}

// guardTrace is the trace of Converse.
func guardTrace(id, version string, a answer) map[string]any {
	assessment := map[string]any{"invocationMetrics": guardMetrics(0), "appliedGuardrailDetails": guardDetails(id, version)}
	trace := map[string]any{"inputAssessment": map[string]any{id: assessment}}
	if a.stop == guardrailIntervened {
		assessment["sensitiveInformationPolicy"] = pii("EMAIL", "", "BLOCKED", true)
		trace["actionReason"] = "Guardrail blocked."
	}
	return trace
}

func guardDetails(id, version string) map[string]any {
	short := id[strings.LastIndexByte(id, '/')+1:]
	return map[string]any{
		"guardrailArn": "arn:aws:bedrock:" + defaultRegion + ":" + account + ":guardrail/" + short,
		"guardrailId":  short, "guardrailOrigin": []any{"REQUEST"}, "guardrailOwnership": "SELF", "guardrailVersion": version,
	}
}

// account is the account that the mock's own ARNs belong to.
const account = "000000000000"

func guardMetrics(characters int) map[string]any {
	return map[string]any{
		"guardrailProcessingLatency": 120,
		"usage":                      guardUsage(characters),
		"guardrailCoverage":          map[string]any{"images": nil, "textCharacters": map[string]any{"guarded": characters, "total": characters}},
	}
}

// guardUsage counts text units of 1,000 characters.
func guardUsage(characters int) map[string]any {
	units := (characters + 999) / 1000
	return map[string]any{
		"topicPolicyUnits": 0, "contentPolicyUnits": 0, "wordPolicyUnits": 0, "sensitiveInformationPolicyUnits": units,
		"sensitiveInformationPolicyFreeUnits": 0, "contextualGroundingPolicyUnits": 0, "contentPolicyImageUnits": 0,
		"automatedReasoningPolicyUnits": 0, "automatedReasoningPolicies": 0,
	}
}

func pii(kind, match, action string, detected bool) map[string]any {
	return map[string]any{
		"piiEntities": []any{map[string]any{"type": kind, "match": match, "action": action, "detected": detected}},
		"regexes":     []any{},
	}
}

// addUndetected adds the policies that found nothing, as the full scope does.
func addUndetected(assessment map[string]any) {
	filters := []any{}
	for _, kind := range []string{"SEXUAL", "VIOLENCE", "HATE", "INSULTS", "PROMPT_ATTACK", "MISCONDUCT"} {
		filters = append(filters, map[string]any{"type": kind, "action": "NONE", "confidence": "NONE", "detected": false, "filterStrength": "HIGH"})
	}
	assessment["contentPolicy"] = map[string]any{"filters": filters}
	topic := map[string]any{"name": "MockTopic", "type": "DENY", "action": "NONE", "detected": false}
	assessment["topicPolicy"] = map[string]any{"topics": []any{topic}}
	for _, k := range []string{"wordPolicy", "contextualGroundingPolicy", "automatedReasoningPolicy"} {
		assessment[k] = nil
	}
}

var (
	guardrailForm = lazy(`^([a-z0-9]+|arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+)$`)
	versionForm   = lazy(`^([1-9][0-9]{0,7}|DRAFT)$`)
)

// applyGuardrail answers ApplyGuardrail.
func (s *Server) applyGuardrail(req *Request) (*response, *apiError) {
	id, version := req.Labels[0], req.Labels[1]
	if !guardrailForm().MatchString(id) {
		return nil, constraint(id, "guardrailIdentifier", "Member must satisfy regular expression pattern: (|([a-z0-9]+)|(arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+))")
	}
	if !versionForm().MatchString(version) {
		return nil, constraint(version, "guardrailVersion", "Member must satisfy regular expression pattern: (|([1-9][0-9]{0,7})|(DRAFT))")
	}
	o, err := parseObject(req.Body)
	if err != nil {
		return nil, invalid("The request body is not a JSON object: " + err.Error())
	}
	if source := o.text("source"); source != "INPUT" && source != "OUTPUT" {
		return nil, constraint(source, "source", "Member must satisfy enum value set: [INPUT, OUTPUT]")
	}
	if len(o.list("content")) == 0 {
		return nil, constraint("[]", "content", "Member must have length greater than or equal to 1")
	}
	var texts []string
	for _, c := range o.list("content") {
		texts = append(texts, asObject(c).object("text").text("text"))
	}
	text := strings.Join(texts, "\n")
	match := email().FindString(text)
	assessment := map[string]any{"invocationMetrics": guardMetrics(len(text)), "appliedGuardrailDetails": guardDetails(id, version)}
	body := map[string]any{"action": "NONE", "actionReason": "No action.", "outputs": []any{}}
	switch {
	case match != "":
		body["action"], body["actionReason"] = "GUARDRAIL_INTERVENED", "Guardrail blocked."
		body["outputs"] = []any{map[string]any{"text": blockedText}}
		assessment["sensitiveInformationPolicy"] = pii("EMAIL", match, "BLOCKED", true)
	case o.text("outputScope") == "FULL":
		assessment["sensitiveInformationPolicy"] = pii("EMAIL", "", "NONE", false)
	}
	if o.text("outputScope") == "FULL" {
		addUndetected(assessment)
	}
	body["assessments"] = []any{assessment}
	body["usage"] = guardUsage(len(text))
	body["guardrailCoverage"] = guardMetrics(len(text))["guardrailCoverage"]
	body["blockedResponse"], body["output"] = when(match != "", blockedText), body["outputs"]
	return whole(http.StatusOK, body), nil
}
