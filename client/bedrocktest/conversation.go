package bedrocktest

import (
	"fmt"
	"slices"
	"strings"
)

// conversation reads and checks the members that Converse, ConverseStream and
// CountTokens share.
func (s *Server) conversation(req *Request, m model, o object) (ask, *apiError) {
	q := ask{model: m.id, seed: newSeed(m.base, string(encode(o)))}
	if !m.talks() {
		return q, invalid("This action doesn't support the model that you provided. Try again with a supported text or chat model.")
	}
	messages := o.list("messages")
	isPrompt := m.family == opaque && strings.Contains(m.id, ":prompt/")
	if err := checkMessages(m, messages, isPrompt); err != nil {
		return q, err
	}
	tools := o.object("toolConfig")
	if tools == nil && usesTools(messages) {
		return q, invalid("The toolConfig field must be defined when using toolUse and toolResult content blocks.")
	}
	for _, t := range tools.list("tools") {
		if spec := asObject(t).object("toolSpec"); spec != nil {
			q.tools = append(q.tools, tool{name: spec.text("name"), schema: spec.object("inputSchema")["json"]})
		}
	}
	picked := tools.object("toolChoice")
	q.choice = choice{any: picked.has("any"), name: picked.object("tool").text("name")}

	if err := q.inference(o.object("inferenceConfig")); err != nil {
		return q, err
	}
	more := o.object("additionalModelRequestFields")
	q.think = asksToThink(more)
	if format := o.object("outputConfig").object("textFormat"); format != nil {
		text := format.object("structure").object("jsonSchema").text("schema")
		schema, err := parseObject([]byte(text))
		if err != nil {
			return q, invalid("The value at outputConfig.textFormat.structure.jsonSchema.schema is not a JSON schema: " + err.Error())
		}
		q.schema = map[string]any(schema)
	}
	q.read(o["system"], messages)
	if isPrompt && q.prompt == "" {
		q.prompt = "the prompt " + m.id
	}
	return q, nil
}

// inference reads inferenceConfig, as Converse and Nova have it.
func (q *ask) inference(c object) *apiError {
	max, ok := c.number("maxTokens")
	if ok && max < 1 {
		return constraint(max, "inferenceConfig.maxTokens", "Member must have value greater than or equal to 1")
	}
	for _, k := range []string{"temperature", "topP"} {
		switch x, ok := float(c, k); {
		case ok && x < 0:
			return constraint(x, "inferenceConfig."+k, "Member must have value greater than or equal to 0")
		case ok && x > 1:
			return constraint(x, "inferenceConfig."+k, "Member must have value less than or equal to 1")
		}
	}
	q.max, q.stops = max, c.texts("stopSequences")
	return nil
}

// asksToThink finds the ways of asking for reasoning: Claude's thinking (and
// its older name), Nova's reasoningConfig, OpenAI's reasoning_effort.
func asksToThink(o object) bool {
	for _, k := range []string{"thinking", "reasoning_config", "reasoningConfig"} {
		if t := o.object(k).text("type"); t == "enabled" || t == "adaptive" {
			return true
		}
	}
	return o.text("reasoning_effort") != "" && o.text("reasoning_effort") != "none"
}

// checkMessages applies the rules of a conversation, in AWS's words.
func checkMessages(model model, messages []any, promptResource bool) *apiError {
	if len(messages) == 0 && promptResource {
		return nil
	}
	last := ""
	for i, v := range messages {
		m := asObject(v)
		role := m.text("role")
		if !slices.Contains([]string{"user", "assistant", "system"}, role) {
			return constraint(role, fmt.Sprintf("messages.%d.member.role", i+1), "Member must satisfy enum value set: [user, assistant, system]")
		}
		if err := checkContent(i, m); err != nil {
			return err
		}
		if role == last && model.family != titan {
			return invalid("A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.")
		}
		if role != "system" {
			last = role
		}
	}
	if len(messages) == 0 || asObject(messages[0]).text("role") != "user" {
		return invalid("A conversation must start with a user message. Try again with a conversation that starts with a user message.")
	}
	return checkToolResults(messages)
}

func checkContent(i int, message object) *apiError {
	content := message.list("content")
	if len(content) == 0 {
		return invalid(fmt.Sprintf("The content field in the Message object at messages.%d is empty. Add a ContentBlock object to the content field and try again.", i))
	}
	for j, b := range content {
		block := asObject(b)
		if len(block) == 0 {
			return invalid(fmt.Sprintf("The ContentBlock object at messages.%d.content.%d must set one of the following keys: text, image, toolUse, toolResult, document, video.", i, j))
		}
		if text, ok := block["text"].(string); ok && (text == "" || len(content) == 1 && strings.TrimSpace(text) == "") {
			return invalid(fmt.Sprintf("The text field in the ContentBlock object at messages.%d.content.%d is blank. Add text to the text field, and try again.", i, j))
		}
	}
	return nil
}

// checkToolResults wants a result for each tool use, in the very next turn.
func checkToolResults(messages []any) *apiError {
	var open []string
	for i, m := range messages {
		results := idsIn(m, "toolResult")
		for _, id := range results {
			if !slices.Contains(open, id) {
				return invalid(fmt.Sprintf("The number of toolResult blocks at messages.%d.content exceeds the number of toolUse blocks of previous turn.", i))
			}
		}
		missing := slices.DeleteFunc(open, func(id string) bool { return slices.Contains(results, id) })
		if len(missing) > 0 {
			return invalid(fmt.Sprintf("Expected toolResult blocks at messages.%d.content for the following Ids: %s", i, strings.Join(missing, ", ")))
		}
		open = idsIn(m, "toolUse")
	}
	return nil
}

// idsIn are the ids of the tool blocks of one kind that the client must
// answer; the service answers its own.
func idsIn(message any, kind string) []string {
	var ids []string
	for _, b := range asObject(message).list("content") {
		if t := asObject(b).object(kind); t != nil && t.text("type") != "server_tool_use" && !strings.HasSuffix(t.text("type"), "_result") {
			ids = append(ids, t.text("toolUseId"))
		}
	}
	return ids
}

func usesTools(messages []any) bool {
	return slices.ContainsFunc(messages, func(m any) bool {
		return len(idsIn(m, "toolUse"))+len(idsIn(m, "toolResult")) > 0
	})
}
