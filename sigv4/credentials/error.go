package credentials

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

const prefix = "credentials: "

// ErrNone marks the errors of a source that is not set up, as opposed to one
// that is set up and fails: a chain goes on past the first kind and stops at
// the second.
var ErrNone = errors.New("no credentials")

// Error says which source of credentials failed, why, and what to do about
// it. It never holds a secret: text from elsewhere passes through redact.
type Error struct {
	Source string // "environment", "assume role", "container", …
	Reason string // what is wrong
	Hint   string // what to do, empty when there is nothing to say
	Err    error  // the cause, or ErrNone when the source is not set up
}

// Error is one line: the source, the reason, the cause and the hint.
func (e *Error) Error() string { return prefix + e.text() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// text is Error without the package's prefix, so that an error inside another
// does not repeat it.
func (e *Error) text() string { return e.Source + ": " + e.why() }

// why is the text without the source.
func (e *Error) why() string {
	s := e.Reason
	if e.Err != nil && e.Err != ErrNone {
		s += ": " + causeText(e.Err)
	}
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// notSet is the error of a source that nobody set up.
func notSet(source, reason string) error {
	return &Error{Source: source, Reason: reason, Err: ErrNone}
}

// causeText prints a cause in one line, without the package's prefix.
func causeText(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.text()
	}
	return printable(strings.TrimPrefix(err.Error(), prefix), 300)
}

// redact prepares text that a server sent for an error message: the secrets
// that were sent to it are cut out, control characters become spaces, and it
// is at most 300 bytes.
func redact(text string, secrets ...string) string {
	var forms []string
	for _, s := range secrets {
		forms = append(forms, s, strings.TrimSpace(s), url.QueryEscape(s), url.PathEscape(s))
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) }) // one may begin another
	for _, form := range forms {
		if len(form) >= 4 {
			text = strings.ReplaceAll(text, form, "REDACTED")
		}
	}
	return printable(text, 300)
}

// printable makes text one printable line of at most limit bytes.
func printable(text string, limit int) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || r == ' ' || r == unicode.ReplacementChar
	}), " ")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}
