package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pyWriter writes JSON as Python. Blobs, which JSON has in base64, become bytes;
// a member that is null is left out, but within documents, which are anybody's.
type pyWriter struct {
	dec  *json.Decoder
	path []string
	err  error
}

// member reads a name and its value.
func (p *pyWriter) member() (name, value string, null bool) {
	t, err := p.dec.Token()
	name, _ = t.(string)
	p.path = append(p.path, name)
	defer func() { p.path = p.path[:len(p.path)-1] }()
	if err != nil {
		p.err = err
		return name, "None", false
	}
	value = p.value()
	return name, value, value == "None" && !p.inDocument()
}

func (p *pyWriter) value() string {
	t, err := p.dec.Token()
	if err != nil {
		p.err = err
		return "None"
	}
	switch t := t.(type) {
	case nil:
		return "None"
	case bool:
		return map[bool]string{true: "True", false: "False"}[t]
	case json.Number:
		return t.String()
	case string:
		if p.isBlob() {
			return "base64.b64decode(" + pyString(t) + ")"
		}
		return pyString(t)
	}
	return p.items(t.(json.Delim))
}

func (p *pyWriter) items(open json.Delim) string {
	var b strings.Builder
	b.WriteString(open.String())
	indent := strings.Repeat("    ", len(p.path)+1)
	for p.dec.More() && p.err == nil {
		if open == '[' {
			p.path = append(p.path, "")
			fmt.Fprintf(&b, "\n%s%s,", indent, p.value())
			p.path = p.path[:len(p.path)-1]
			continue
		}
		if name, value, null := p.member(); !null {
			fmt.Fprintf(&b, "\n%s%s: %s,", indent, pyString(name), value)
		}
	}
	end, err := p.dec.Token()
	if p.err == nil {
		p.err = err
	}
	if delim, ok := end.(json.Delim); ok {
		if b.Len() > 1 {
			b.WriteString("\n" + indent[4:])
		}
		b.WriteString(delim.String())
	}
	return b.String()
}

// inDocument tells that a value belongs to the caller, not to the API: tool
// inputs, schemas, a model's own fields.
func (p *pyWriter) inDocument() bool {
	for i, name := range p.path[:max(0, len(p.path)-1)] {
		if name == "input" && i > 0 || name == "json" || name == "additionalModelRequestFields" || name == "modelInput" {
			return true
		}
	}
	return false
}

// isBlob tells the members that hold bytes (service model of Bedrock Runtime).
func (p *pyWriter) isBlob() bool {
	n := len(p.path)
	if n < 2 || p.inDocument() {
		return false
	}
	switch p.path[n-1] {
	case "bytes":
		return p.path[n-2] == "source"
	case "redactedContent":
		return p.path[n-2] == "reasoningContent"
	case "body":
		return p.path[n-2] == "invokeModel"
	}
	return false
}

// pyString is a Python string literal, in the quotes that need fewer escapes.
func pyString(s string) string {
	quote := '"'
	if strings.ContainsRune(s, quote) && !strings.Contains(s, "'") {
		quote = '\''
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, c := range s {
		switch {
		case c == quote || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case unicode.IsControl(c) || c == 0x2028 || c == 0x2029:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteRune(quote)
	return b.String()
}

// pyBytes is a Python expression for bytes.
func pyBytes(data []byte) string {
	if !utf8.Valid(data) {
		return "base64.b64decode(" + pyString(base64.StdEncoding.EncodeToString(data)) + ")"
	}
	return pyString(string(data)) + ".encode()"
}
