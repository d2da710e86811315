package client

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Where a refusal says that a body is wrong.
var (
	pointerPlace    = pattern{expr: `#((?:/[^:#\s]*)*): `}                       // JSON pointer: "#/messages/0/content/0: …"
	constraintPlace = pattern{expr: `[Vv]alue (?:'.*?' )?at '?([\w.\[\]-]+)'? `} // "Value '…' at 'modelId' failed …"
	namedPlace      = pattern{expr: `\bat (\w+(?:\.\w+)+)`}                      // "… at messages.0.content.0 is blank"
	leadingPlace    = pattern{expr: `(?:^|: ?|\s)([a-zA-Z_]\w*(?:\.[\w-]+)+): `} // "messages.1.content.0.text: …"
	quotedPlace     = pattern{expr: `'([a-zA-Z_]\w*(?:\[\d+\]|\.\w+)+)'`}        // "Invalid 'messages[0].role'"
	leadingField    = pattern{expr: `^(?:[^:]+ errors: )?([a-z]\w*): `}          // "messages: Field required"
)

// pattern is a regular expression that is compiled when it is first needed: a
// program that meets no error pays for none.
type pattern struct {
	expr string
	once sync.Once
	re   *regexp.Regexp
}

func (p *pattern) get() *regexp.Regexp {
	p.once.Do(func() { p.re = regexp.MustCompile(p.expr) })
	return p.re
}

// place finds the gjson path that a refusal names, "" when it names none.
func place(message string) string {
	if m := pointerPlace.get().FindStringSubmatch(message); m != nil {
		return gjsonPath(m[1])
	}
	for _, form := range []*pattern{&constraintPlace, &namedPlace, &leadingPlace, &quotedPlace, &leadingField} {
		if m := form.get().FindStringSubmatch(message); m != nil {
			return strings.NewReplacer("[", ".", "]", "").Replace(m[1])
		}
	}
	return ""
}

// gjsonPath writes a JSON pointer (RFC 6901) as a gjson path.
func gjsonPath(pointer string) string {
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, p := range parts {
		p = strings.ReplaceAll(strings.ReplaceAll(p, "~1", "/"), "~0", "~")
		parts[i] = strings.ReplaceAll(p, ".", `\.`)
	}
	return strings.Join(parts, ".")
}

// at is how a hint begins that knows the place.
func at(e *Error) string {
	if p := place(e.Message); p != "" {
		return "At " + p + " in the body: "
	}
	return "In the body: "
}

func pathHint(e *Error) string {
	if p := place(e.Message); p != "" {
		return "Look at " + p + " in the body."
	}
	return ""
}

// maxViolations is how many places of a body one hint names.
const maxViolations = 3

// malformedHint says for each place what the schema of the model's body wants.
func malformedHint(e *Error) string {
	list, _, _ := strings.Cut(e.Message, ", please reformat")
	found := pointerPlace.get().FindAllStringSubmatchIndex(list, -1)
	if len(found) == 0 {
		return "The body does not fit {model}: each family has its own, and Converse takes one for all."
	}
	var fixes []string
	for i, f := range found[:min(len(found), maxViolations)] {
		end := len(list)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		fixes = append(fixes, fix(gjsonPath(list[f[2]:f[3]]), strings.Trim(list[f[1]:end], " ,.")))
	}
	s := "In the body: " + strings.Join(fixes, "; ")
	if more := len(found) - maxViolations; more > 0 {
		s += fmt.Sprintf("; and %d more", more)
	}
	if strings.HasPrefix(e.Op, "Invoke") {
		s += ". InvokeModel takes the body of the model's own family only"
	}
	return s + "."
}

var (
	extraKey    = pattern{expr: `^extraneous key \[(.+)\] is not permitted`}
	missingKey  = pattern{expr: `^required key \[(.+)\] not found`}
	wrongType   = pattern{expr: `^expected type: (\w+), found: (\w+)`}
	schemaTypes = strings.NewReplacer("JSONArray", "array", "JSONObject", "object", "String", "string", "Integer", "integer",
		"Long", "integer", "Number", "number", "BigDecimal", "number", "Double", "number", "Boolean", "boolean", "Null", "null")
)

// fix turns one violation of a schema into what to do.
func fix(path, violation string) string {
	key := func(k string) string { return strings.TrimPrefix(path+"."+k, ".") }
	if m := extraKey.get().FindStringSubmatch(violation); m != nil {
		return "remove " + key(m[1])
	}
	if m := missingKey.get().FindStringSubmatch(violation); m != nil {
		return "add " + key(m[1])
	}
	if path == "" {
		path = "the whole"
	}
	if m := wrongType.get().FindStringSubmatch(violation); m != nil {
		return fmt.Sprintf("%s must be %s, not %s", path, schemaTypes.Replace(m[1]), schemaTypes.Replace(m[2]))
	}
	return path + ": " + oneLine(violation, 120)
}

func emptyHint(e *Error) string {
	return at(e) + "a text must hold more than white space, and a message at least one block: fill it or leave it out."
}

var tokenLimit = pattern{expr: `(?:limit of|>) (\d+)`}

func maxTokensHint(e *Error) string {
	if m := tokenLimit.get().FindStringSubmatch(e.Message); m != nil {
		return "{model} writes at most " + m[1] + " tokens: lower max tokens to that or less."
	}
	return "Lower max tokens: {model} writes less than that."
}

func constraintHint(e *Error) string {
	p := place(e.Message)
	if p == "modelId" {
		return "{model} has not the form of a model id, profile id or ARN: check for typos, quotation marks and spaces."
	}
	_, constraint, _ := strings.Cut(e.Message, "failed to satisfy constraint: ")
	constraint, _, _ = strings.Cut(constraint, ";")
	return strings.TrimSuffix(at(e)+oneLine(constraint, 160), ": ") + "."
}

var unsupported = pattern{expr: `doesn.t support ((?:the )?.+?)(?: that you provided)?\.`}

func unsupportedHint(e *Error) string {
	if m := unsupported.get().FindStringSubmatch(e.Message); m != nil {
		return "{model} does not take " + m[1] + ": leave it out, or choose a model that takes it (`bedrock models`)."
	}
	return "{model} does not take that: leave it out, or choose a model that takes it (`bedrock models`)."
}
