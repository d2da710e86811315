package client

import (
	"encoding/json"
	"strings"
	"unicode"
)

var (
	imageFormats    = []string{"png", "jpeg", "gif", "webp"}
	documentFormats = []string{"pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"}
	videoFormats    = []string{"mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"}
	audioFormats    = []string{"mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a", "mpeg", "mpga", "pcm", "webm"}
)

// DocumentName makes a name that Bedrock takes for a document out of, say, the
// name of a file: what it would refuse becomes a space, and at most 200
// characters stay.
func DocumentName(name string) string {
	name = strings.Map(func(c rune) rune {
		if c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c) || strings.ContainsRune("-()[]", c)) {
			return c
		}
		return ' '
	}, name)
	name = strings.Join(strings.Fields(name), " ")
	if len(name) > 200 {
		name = strings.TrimRight(name[:200], " ")
	}
	if name == "" {
		return "document"
	}
	return name
}

// parameters checks what stands beside the messages.
func (l *linter) parameters() {
	r := l.request
	if strings.Contains(r.ModelID, ":prompt/") && (r.AdditionalModelRequestFields != nil || r.InferenceConfig != nil || r.System != nil || r.ToolConfig != nil) {
		l.add("prompt", "modelId", "is a prompt of Prompt management: additionalModelRequestFields, inferenceConfig, system and toolConfig cannot be given beside it")
	}
	if l.known && l.family.Kind != KindText {
		l.add("no-converse", "modelId", "is %s, a model of kind %s: call InvokeModel", r.ModelID, l.family.Kind)
	}
	l.inference()
	if g := r.GuardrailConfig; g != nil && (g.GuardrailIdentifier == "") != (g.GuardrailVersion == "") {
		l.add("guardrail", "guardrailConfig", "needs both guardrailIdentifier and guardrailVersion")
	}
	if n := len(r.AdditionalModelResponseFieldPaths); n > 10 {
		l.add("response-fields", "additionalModelResponseFieldPaths", "has %d paths: at most 10 are taken", n)
	}
	for i, p := range r.AdditionalModelResponseFieldPaths {
		if !strings.HasPrefix(p, "/") {
			l.add("response-fields", pathTo("additionalModelResponseFieldPaths", i), "is %q: give a JSON pointer, as /stop_sequence", p)
		}
	}
	l.metadata()
	if o := r.OutputConfig; o != nil && o.TextFormat != nil {
		if s := o.TextFormat.Structure.JSONSchema; s != nil && !isObject(json.RawMessage(s.Schema)) || s != nil && !json.Valid([]byte(s.Schema)) {
			l.add("schema", "outputConfig.textFormat.structure.jsonSchema.schema", "is not the JSON of an object schema")
		}
	}
}

func (l *linter) metadata() {
	m := l.request.RequestMetadata
	if m != nil && (len(m) == 0 || len(m) > 16) {
		l.add("metadata", "requestMetadata", "has %d pairs: 1 to 16 are taken", len(m))
	}
	for k, v := range m {
		bad := func(s string) bool {
			return len(s) > 256 || strings.ContainsFunc(s, func(c rune) bool {
				return !(c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsSpace(c)) || strings.ContainsRune(":_@$#=/+,-.", c))
			})
		}
		if k == "" || bad(k) || bad(v) {
			l.add("metadata", pathTo("requestMetadata", k), "is %q: up to 256 letters, digits, spaces and :_@$#=/+,-. are taken", v)
		}
	}
}

func (l *linter) inference() {
	c := l.request.InferenceConfig
	if c == nil {
		return
	}
	limit, known := outputLimit(l.request.ModelID)
	switch {
	case c.MaxTokens < 0:
		l.add("max-tokens", "inferenceConfig.maxTokens", "is %d: give 1 or more", c.MaxTokens)
	case known && c.MaxTokens > limit:
		l.add("max-tokens", "inferenceConfig.maxTokens", "is %d: %s writes at most %d", c.MaxTokens, l.request.ModelID, limit)
	}
	for name, v := range map[string]*float64{"temperature": c.Temperature, "topP": c.TopP} {
		if v == nil {
			continue
		}
		if *v < 0 || *v > 1 {
			l.add("range", pathTo("inferenceConfig", name), "is %v: 0 to 1 is taken", *v)
		}
		if modelIs(l.request.ModelID, noSampling) {
			l.add("sampling", pathTo("inferenceConfig", name), "is refused by %s: leave it out", l.request.ModelID)
		}
	}
	if c.Temperature != nil && c.TopP != nil && modelIs(l.request.ModelID, oneSampling) {
		l.add("sampling", "inferenceConfig", "has temperature and topP: %s takes one of them", l.request.ModelID)
	}
	if n := len(c.StopSequences); n > 2500 {
		l.add("stop-sequences", "inferenceConfig.stopSequences", "has %d: at most 2500 are taken", n)
	}
	for i, s := range c.StopSequences {
		if s == "" {
			l.add("stop-sequences", pathTo("inferenceConfig.stopSequences", i), "is empty")
		}
	}
}

// tools checks the tool configuration, and that there is one when it is needed.
func (l *linter) tools() {
	c := l.request.ToolConfig
	if c == nil || len(c.Tools) == 0 && c.Extra.find("tools") == nil {
		if c != nil {
			l.add("no-tools", "toolConfig.tools", "is empty: leave toolConfig out")
		}
		if path := l.firstTool(); path != "" {
			l.add("tool-config-missing", "toolConfig", "is missing, though %s is a tool use or result: send the tools as long as the conversation holds them", path)
		}
		return
	}
	names := map[string]bool{}
	for i, t := range c.Tools {
		path := pathTo("toolConfig.tools", i)
		l.cachePoint(path+".cachePoint", t.CachePoint)
		if t.SystemTool != nil {
			names[t.SystemTool.Name] = true
		}
		if s := t.ToolSpec; s != nil {
			l.name(path+".toolSpec.name", s.Name, "_-")
			if names[s.Name] {
				l.add("tool-twice", path+".toolSpec.name", "is %q, as that of another tool", s.Name)
			}
			names[s.Name] = true
			if !isObject(s.InputSchema.JSON) {
				l.add("tool-schema", path+".toolSpec.inputSchema.json", "is no object: give a schema, at least {\"type\":\"object\"}")
			}
		}
	}
	if choice := c.ToolChoice; choice != nil && choice.Tool != nil && !names[choice.Tool.Name] {
		l.add("tool-choice", "toolConfig.toolChoice.tool.name", "is %q, which is none of the tools", choice.Tool.Name)
	}
}

// firstTool is the path of the first tool use or result.
func (l *linter) firstTool() string {
	for i, m := range l.request.Messages {
		for j, c := range m.Content {
			if c.ToolUse != nil || c.ToolResult != nil {
				return pathTo("messages", i, "content", j)
			}
		}
	}
	return ""
}

// modelIs tells if the model id, behind a profile's prefix or in an ARN, begins
// with one of the prefixes.
func modelIs(model string, prefixes []string) bool {
	for _, p := range prefixes {
		if i := strings.Index(model, p); i == 0 || i > 0 && (model[i-1] == '.' || model[i-1] == '/') {
			return true
		}
	}
	return false
}

// Source: models' cards in the Amazon Bedrock user guide.
var (
	oneSampling = []string{"anthropic.claude-sonnet-4-5", "anthropic.claude-haiku-4-5"}
	noSampling  = []string{"openai.gpt-5.6", "openai.gpt-6"}
)
