package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Finding is something in a request that Bedrock would refuse, or understand
// otherwise than it looks.
type Finding struct {
	Rule    string // its name, as empty-text
	Path    string // where, as in Bedrock's own messages: messages.0.content.1
	Message string // what is wrong, and what to do
}

func (f Finding) String() string { return f.Path + ": " + f.Message + " (" + f.Rule + ")" }

// Lint looks for what Bedrock would refuse or mangle in a request of Converse,
// without calling it. It knows the rules of the API reference and those that
// models answered with; what it does not know it lets pass. Nil is a good sign
// and no promise.
func Lint(r *ConverseRequest) []Finding {
	l := linter{request: r}
	l.family, l.known = FamilyOf(r.ModelID)
	l.types(reflect.ValueOf(r).Elem(), "")
	l.parameters()
	l.tools()
	l.system()
	l.conversation()
	_, err := Marshal(r)
	if e, ok := errors.AsType[*JSONError](err); ok && !l.found("empty-text", e.Path+".text") {
		l.add("json", e.Path, "%s", e.Reason)
	}
	return l.findings
}

type linter struct {
	request  *ConverseRequest
	family   Family
	known    bool // which family the model is of
	findings []Finding

	cachePoints int
	fiveMinutes bool // a cache point of five minutes was seen
}

func (l *linter) add(rule, path, message string, args ...any) {
	l.findings = append(l.findings, Finding{rule, path, fmt.Sprintf(message, args...)})
}

func (l *linter) found(rule, path string) bool {
	return slices.ContainsFunc(l.findings, func(f Finding) bool { return f.Rule == rule && f.Path == path })
}

func pathTo(parts ...any) string {
	var s []string
	for _, p := range parts {
		if text := fmt.Sprint(p); text != "" {
			s = append(s, text)
		}
	}
	return strings.Join(s, ".")
}

// types finds members that are kept in an Extra since their JSON has another
// type than the field.
func (l *linter) types(v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			l.types(v.Elem(), path)
		}
	case reflect.Slice:
		for i := range v.Len() {
			l.types(v.Index(i), pathTo(path, i))
		}
	case reflect.Struct:
		if v.Type() == timeType {
			return
		}
		p := planOf(v.Type())
		for _, m := range p.extraOf(v).members {
			if _, known := p.index[m.name]; known && !m.verbatim {
				l.add("type", pathTo(path, m.name), "has a JSON value of the wrong type: %.60s", m.raw)
			}
		}
		for _, f := range p.fields {
			l.types(v.Field(f.index), pathTo(path, f.name))
		}
	}
}

// system checks the system prompt.
func (l *linter) system() {
	for i, b := range l.request.System {
		path := pathTo("system", i)
		if b.GuardContent == nil && b.CachePoint == nil && !b.hasExtra() {
			l.text(path+".text", b.Text)
		}
		l.cachePoint(pathTo(path, "cachePoint"), b.CachePoint)
	}
}

func (b SystemBlock) hasExtra() bool { return b.Extra.members != nil }

// conversation checks the messages, one after the other.
func (l *linter) conversation() {
	r := l.request
	prompt := strings.Contains(r.ModelID, ":prompt/")
	if len(r.Messages) == 0 && !prompt {
		l.add("no-messages", "messages", "is empty: begin with a user message")
	}
	if len(r.PromptVariables) > 0 && !prompt {
		l.add("prompt-variables", "promptVariables", "is ignored unless the model is a prompt of Prompt management")
	}
	last := ""
	var open map[string]bool // tool uses of the turn before
	for i, m := range r.Messages {
		path := pathTo("messages", i)
		if m.Role == RoleSystem {
			l.content(path, m, nil)
			continue
		}
		switch {
		case m.Role != RoleUser && m.Role != RoleAssistant:
			l.add("role", path+".role", "is %q: use user, assistant or system", m.Role)
		case last == "" && m.Role != RoleUser && !prompt:
			l.add("first-role", path+".role", "is %s: a conversation begins with a user message", m.Role)
		case m.Role == last:
			l.add("alternate", path+".role", "is %s as that of the message before: join the two, as roles alternate", m.Role)
		}
		uses := l.content(path, m, open)
		l.answers(path, m, open)
		last, open = m.Role, uses
	}
	if len(open) > 0 {
		l.add("tool-use-unanswered", pathTo("messages", len(r.Messages)-1), "ends the conversation with a tool use: add a user message with its result")
	}
}

// answers wants a result for each tool use of the turn before.
func (l *linter) answers(path string, m Message, open map[string]bool) {
	seen := map[string]bool{}
	for i, c := range m.Content {
		if r := c.ToolResult; r != nil && r.Type == "" {
			where := pathTo(path, "content", i, "toolResult")
			switch {
			case !open[r.ToolUseID]:
				l.add("tool-result-without-use", where+".toolUseId", "is %q, which no tool use of the message before has", r.ToolUseID)
			case seen[r.ToolUseID]:
				l.add("tool-result-twice", where+".toolUseId", "is %q again: one result for each tool use", r.ToolUseID)
			}
			seen[r.ToolUseID] = true
		}
	}
	for id := range open {
		if !seen[id] {
			l.add("tool-use-unanswered", path, "has no result for the tool use %q of the message before", id)
		}
	}
}

// content checks the blocks of a message and returns the tool uses to answer.
func (l *linter) content(path string, m Message, open map[string]bool) map[string]bool {
	if len(m.Content) == 0 && m.Extra.find("content") == nil {
		l.add("empty-content", path+".content", "is empty: leave the message out or give it a block")
	}
	uses := map[string]bool{}
	images, documents, texts, blank := 0, 0, 0, ""
	for i, c := range m.Content {
		where := pathTo(path, "content", i)
		l.block(where, m.Role, c)
		switch {
		case c.Image != nil:
			images++
		case c.Document != nil:
			documents++
		case c.ToolUse != nil && c.ToolUse.Type == "":
			if uses[c.ToolUse.ToolUseID] {
				l.add("tool-use-id", where+".toolUse.toolUseId", "is %q twice in one message", c.ToolUse.ToolUseID)
			}
			uses[c.ToolUse.ToolUseID] = true
		case c.Text != "" && strings.TrimSpace(c.Text) == "":
			blank = where
		case c.Text != "":
			texts++
		}
	}
	if blank != "" && texts == 0 {
		l.add("empty-text", blank+".text", "is blank: leave the block out or say something")
	}
	if documents > 0 && texts == 0 {
		l.add("document-without-text", path+".content", "has a document and no text: add a text block that says what to do with it")
	}
	if images > 20 {
		l.add("too-many-images", path+".content", "has %d images: at most 20 are taken", images)
	}
	if documents > 5 {
		l.add("too-many-documents", path+".content", "has %d documents: at most 5 are taken", documents)
	}
	return uses
}

func (l *linter) text(path, text string) {
	if text == "" {
		l.add("empty-text", path, "is empty: leave the block out")
	}
}

// block checks one content block.
func (l *linter) block(path, role string, c ContentBlock) {
	switch {
	case c.Image != nil:
		l.userOnly(path, "image", role)
		l.image(path+".image", c.Image)
	case c.Document != nil:
		l.userOnly(path, "document", role)
		l.document(path+".document", c.Document)
	case c.Video != nil:
		l.userOnly(path, "video", role)
		l.format(path+".video.format", c.Video.Format, videoFormats)
	case c.Audio != nil:
		l.format(path+".audio.format", c.Audio.Format, audioFormats)
	case c.ToolUse != nil:
		l.toolUse(path+".toolUse", role, c.ToolUse)
	case c.ToolResult != nil:
		l.toolResult(path+".toolResult", role, c.ToolResult)
	case c.ReasoningContent != nil:
		l.reasoning(path+".reasoningContent", role, c.ReasoningContent)
	case c.CachePoint != nil:
		l.cachePoint(path+".cachePoint", c.CachePoint)
	case c.ToolAddition != nil || c.ToolRemoval != nil:
		if role != RoleSystem {
			l.add("tool-change", path, "adds or removes a tool: that belongs in a message of role system")
		}
	case c.GuardContent == nil && c.CitationsContent == nil && c.SearchResult == nil && c.Extra.members == nil:
		l.text(path+".text", c.Text)
	}
}

func (l *linter) userOnly(path, kind, role string) {
	if role != RoleUser {
		l.add("user-only", pathTo(path, kind), "stands in a message of role %s: only user messages hold it", role)
	}
}

func (l *linter) image(path string, b *ImageBlock) {
	l.format(path+".format", b.Format, imageFormats)
	if n := len(b.Source.Bytes); n > 3_750_000 {
		l.add("image-size", path+".source.bytes", "has %d bytes: at most 3.75 MB are taken", n)
	}
}

func (l *linter) document(path string, b *DocumentBlock) {
	if b.Format != "" {
		l.format(path+".format", b.Format, documentFormats)
	}
	if clean := DocumentName(b.Name); clean != b.Name {
		l.add("document-name", path+".name", "is %q: only letters, digits, single spaces, hyphens, parentheses and square brackets are taken, 1 to 200 of them; use %q", b.Name, clean)
	}
	if n := len(b.Source.Bytes); n > 4_500_000 {
		l.add("document-size", path+".source.bytes", "has %d bytes: at most 4.5 MB are taken", n)
	}
}

func (l *linter) format(path, format string, known []string) {
	if !slices.Contains(known, format) {
		hint := "use one of " + strings.Join(known, ", ")
		if other := map[string]string{"jpg": "jpeg", "3gp": "three_gp", "markdown": "md", "htm": "html", "text": "txt"}[strings.ToLower(format)]; slices.Contains(known, other) {
			hint = "say " + other
		}
		l.add("format", path, "is %q: %s", format, hint)
	}
}

func (l *linter) toolUse(path, role string, b *ToolUseBlock) {
	if role != RoleAssistant {
		l.add("tool-use-role", path, "stands in a message of role %s: the model's own messages hold tool uses", role)
	}
	l.name(path+".toolUseId", b.ToolUseID, "_.:-")
	l.name(path+".name", b.Name, "_-")
	switch {
	case b.Incomplete:
		l.add("tool-input-incomplete", path+".input", "broke off in the stream: ask again, with a higher maxTokens")
	case b.Input == nil:
		l.add("tool-input-missing", path+".input", "is missing: send {} for a tool without input")
	}
}

func (l *linter) toolResult(path, role string, b *ToolResultBlock) {
	if role != RoleUser && b.Type == "" {
		l.add("tool-result-role", path, "stands in a message of role %s: send it in the next user message", role)
	}
	if len(b.Content) == 0 {
		l.add("empty-tool-result", path+".content", "is empty: say at least that the tool gave nothing")
	}
	for i, c := range b.Content {
		where := pathTo(path, "content", i)
		switch {
		case c.Image != nil:
			l.image(where+".image", c.Image)
		case c.Document != nil:
			l.document(where+".document", c.Document)
		case c.JSON != nil && !isObject(c.JSON):
			l.add("tool-result-json", where+".json", "is no object: most models take objects only; wrap it, or send text")
		case c.JSON == nil && c.Video == nil && c.SearchResult == nil && c.Extra.members == nil:
			l.text(where+".text", c.Text)
		}
	}
}

func isObject(raw json.RawMessage) bool {
	return strings.HasPrefix(strings.TrimLeft(string(raw), " \t\r\n"), "{")
}

// reasoning: only Claude signs it.
func (l *linter) reasoning(path, role string, b *ReasoningContent) {
	if role != RoleAssistant {
		l.add("reasoning-role", path, "stands in a message of role %s: it belongs to the model's own messages", role)
	}
	if t := b.ReasoningText; t != nil && t.Signature == "" && l.known && l.family.Name == "claude" {
		l.add("reasoning-signature", path+".reasoningText.signature", "is lost: send reasoning back exactly as it came, or leave the block out")
	}
}

func (l *linter) cachePoint(path string, c *CachePoint) {
	if c == nil {
		return
	}
	l.cachePoints++
	if l.cachePoints == 5 {
		l.add("cache-points", path, "is the fifth of the request: at most 4 are taken")
	}
	if c.TTL == "1h" && l.fiveMinutes {
		l.add("cache-order", path+".ttl", "is 1h behind one of 5m: put the longer ones first")
	}
	l.fiveMinutes = l.fiveMinutes || c.TTL != "1h"
}

// name checks an identifier of 1 to 64 letters, digits and marks.
func (l *linter) name(path, name, marks string) {
	bad := strings.IndexFunc(name, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune(marks, c))
	})
	if name == "" || len(name) > 64 || bad >= 0 {
		l.add("name", path, "is %s: 1 to 64 letters, digits and %s are taken", strconv.Quote(name), strings.Join(strings.Split(marks, ""), " "))
	}
}
