package bedrocktest

import (
	"fmt"
	"maps"
	"slices"
)

// dialectOf chooses the dialect by the model's family and, where a family has
// several or an ARN hides it, by the body.
func dialectOf(m model, o object) dialect {
	isPrompt := o.has("prompt") && !o.has("messages")
	switch m.family {
	case claude:
		if isPrompt {
			return claudePrompt
		}
		return claudeMessages
	case nova:
		return novaBody
	case titan:
		return titanText
	case llama:
		return llamaPrompt
	case mistral:
		if isPrompt || beginsWith(m.base, []string{"mistral.mistral-7b", "mistral.mixtral", "mistral.mistral-small-2402", "mistral.mistral-large-2402"}) && !o.has("messages") {
			return mistralPrompt
		}
		return chatBody
	case deepseek:
		return deepseekPrompt
	case cohere:
		if isPrompt {
			return coherePrompt
		}
		return cohereChat
	case jamba:
		return jambaBody
	case opaque:
		return dialectOfBody(o)
	case chat:
		return chatBody
	}
	return dialect{} // no text: see notText
}

// dialectOfBody guesses what stands behind an ARN.
func dialectOfBody(o object) dialect {
	switch {
	case o.has("anthropic_version"):
		return claudeMessages
	case o.has("max_tokens_to_sample"):
		return claudePrompt
	case o.has("inputText"):
		return titanText
	case o.has("max_gen_len"):
		return llamaPrompt
	case o.has("message"):
		return cohereChat
	case o.has("inferenceConfig"), o.has("schemaVersion"):
		return novaBody
	case o.has("prompt"):
		return completionPrompt
	}
	for _, m := range o.list("messages") {
		for _, b := range asObject(m).list("content") {
			if !asObject(b).has("type") {
				return novaBody
			}
		}
	}
	return chatBody
}

// types are what the members that a dialect requires must be.
var types = map[string]string{
	"prompt": "String", "inputText": "String", "message": "String", "messages": "JSONArray",
	"max_tokens": "Integer", "anthropic_version": "String", "max_tokens_to_sample": "Integer",
}

// check applies the dialect's schema, in the words of Bedrock's validator.
func (d dialect) check(o object) *apiError {
	var violations []string
	for _, k := range d.required {
		switch v, ok := o[k]; {
		case !ok:
			violations = append(violations, fmt.Sprintf("#: required key [%s] not found", k))
		case typeName(v) != types[k]:
			violations = append(violations, fmt.Sprintf("#/%s: expected type: %s, found: %s", k, types[k], typeName(v)))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(o)) {
		allowed := d.allowed == nil || slices.Contains(d.allowed, k) || slices.Contains(d.required, k) || k == "amazon-bedrock-guardrailConfig"
		if !allowed || slices.Contains(d.refused, k) {
			violations = append(violations, fmt.Sprintf("#: extraneous key [%s] is not permitted", k))
		}
	}
	switch len(violations) {
	case 0:
		return nil
	case 1:
		return malformed(violations[0])
	}
	return malformed(fmt.Sprintf("%d schema violations found", len(violations)))
}

// typeName names a JSON type as the validator does.
func typeName(v any) string {
	switch v := v.(type) {
	case string:
		return "String"
	case bool:
		return "Boolean"
	case []any:
		return "JSONArray"
	case map[string]any:
		return "JSONObject"
	case interface{ Int64() (int64, error) }:
		if _, err := v.Int64(); err != nil {
			return "BigDecimal"
		}
		return "Integer"
	}
	return "Null"
}
