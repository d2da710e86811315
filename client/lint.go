package client

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Finding is something in a request that Bedrock would refuse, or understand
// otherwise than it looks.
type Finding struct {
	Rule    string // its name, as empty-text
	Path    string // where, as in Bedrock's own messages: messages.0.content.1
	Message string // what is wrong, and what to do
}

// String is the finding in one line: path, message and rule.
func (f Finding) String() string { return f.Path + ": " + f.Message + " (" + f.Rule + ")" }

// Lint looks for what Bedrock would refuse or mangle in a request of Converse,
// without calling it. It knows the rules of the API reference and those that
// models answered with; what it does not know it lets pass. Nil is a good sign
// and no promise.
func Lint(r *ConverseRequest) []Finding {
	r = given(r)
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
		if v.Type().Elem().Kind() != reflect.Struct {
			return // text, or the bytes of a file
		}
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
