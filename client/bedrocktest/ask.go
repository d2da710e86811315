package bedrocktest

import "strings"

// ask is what a request wants of the model, whichever dialect it came in.
type ask struct {
	model  string // as the request names it
	prompt string // the last turn, in words
	input  int    // tokens of all that goes in
	tools  []tool
	choice choice
	schema any      // of a structured answer; nil: free text
	max    int      // tokens; 0: no limit
	stops  []string // stop sequences
	think  bool     // reasoning was asked for
	seed   seed
}

// tool is a tool that the model may call.
type tool struct {
	name   string
	schema any // of its input
}

// choice is the request's word on tools.
type choice struct {
	any  bool   // one of them must be called
	name string // this one must be called
	none bool   // none may be called
}

// chosenTool is the tool that this answer calls: one that the request forces,
// or that the last turn names. Left to itself the mock does not call tools.
func (q ask) chosenTool() (t tool, forced bool, err *apiError) {
	for _, t := range q.tools {
		switch {
		case q.choice.none:
		case q.choice.name != "":
			if t.name == q.choice.name {
				return t, true, nil
			}
		case q.choice.any, t.name != "" && strings.Contains(q.prompt, t.name) && !strings.HasPrefix(q.prompt, resultOf):
			return t, true, nil
		}
	}
	if q.choice.name != "" || q.choice.any {
		return tool{}, false, invalid("The toolChoice names a tool that is not in tools: " + q.choice.name)
	}
	return tool{}, false, nil
}

// read takes in the system prompt and the turns of a conversation. The forms
// of Converse, Claude and OpenAI are told apart block by block.
func (q *ask) read(system any, turns []any) {
	q.input += count(wordsOf(system))
	for _, t := range turns {
		turn := asObject(t)
		words := wordsOf(turn["content"])
		if turn.text("role") == "tool" { // OpenAI's tool result
			words = resultOf + words
		}
		q.input += count(words) + 3 // the role and its marks
		for _, call := range turn.list("tool_calls") {
			q.input += count(asObject(call).object("function").text("arguments"))
		}
		if role := turn.text("role"); role == "user" || role == "tool" {
			q.prompt = words
		}
	}
	for _, t := range q.tools {
		q.input += count(t.name) + count(string(encode(t.schema)))
	}
}

const resultOf = "the result of a tool: "

// wordsOf is content in words: a string, or blocks of text, tool results and
// media of any dialect.
func wordsOf(content any) string {
	switch c := content.(type) {
	case string:
		return c
	case []any:
		var all []string
		for _, b := range c {
			if w := wordsOf(b); w != "" {
				all = append(all, w)
			}
		}
		return strings.Join(all, " ")
	}
	b := asObject(content)
	if text, ok := b["text"].(string); ok {
		return text
	}
	if result := b.object("toolResult"); result != nil { // Converse, Nova
		return resultOf + wordsOf(result["content"])
	}
	if kind := b.text("type"); kind == "tool_result" || kind == "function_call_output" { // Claude, Responses
		return resultOf + wordsOf(b["content"]) + b.text("output")
	}
	if use := b.object("toolUse"); use != nil {
		return string(encode(use["input"]))
	}
	if j, ok := b["json"]; ok {
		return string(encode(j))
	}
	if guarded := b.object("guardContent"); guarded != nil {
		return guarded.object("text").text("text")
	}
	for _, medium := range media {
		if b.has(medium) || b.text("type") == medium {
			name := strings.TrimSuffix(strings.TrimPrefix(medium, "input_"), "_url")
			return "[" + name + "]"
		}
	}
	return ""
}

// media are the blocks that the mock takes without looking into them.
var media = []string{"image", "document", "video", "audio", "image_url", "input_image", "input_audio", "input_file", "file"}
