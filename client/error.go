package client

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"rawbedrock/client/redact"
)

// Error is every error of this package: a refusal from Bedrock, an exception
// in the middle of a stream, or what kept an answer from coming at all. Take
// it out of an error with errors.AsType[*Error]; ask for its meaning with
// errors.Is and one of the Err… variables.
//
// Nothing in it is a secret: session tokens, signatures and keys that came back
// in an answer read REDACTED. Access key ids, account ids and ARNs stay, for
// without them nobody can tell which identity was refused.
type Error struct {
	Op        string // operation: "Converse"
	Status    int    // HTTP status; 0: it came in the middle of a stream, or nothing came at all
	Code      string // AWS's name ("ThrottlingException") or that of a compatible API ("rate_limit_error"), else the status in words
	Message   string // what the answer says, whole
	RequestID string
	Region    string // that the request was signed for
	Endpoint  string
	Model     string // model id, inference profile or ARN of the request

	OriginalStatus  int    // of ModelErrorException and ModelStreamErrorException: the model's own status
	OriginalMessage string // … and its own words

	Events   int       // events delivered before it
	Bytes    int64     // bytes of the answer that had arrived before it
	Body     []byte    // first bytes of the answer, at most MaxKeptBody
	Attempts []Attempt // every try, this error's own last
	Hint     string    // what a person should do, "" when nothing is known
	// RetryAfter is how long the answer asked to wait (RFC 9110, 10.2.3), an
	// hour at most; 0 when it did not.
	RetryAfter time.Duration
	Skew       time.Duration // Bedrock's clock minus ours, when known
	// KeyRegion is the region that a short-term API key was made for, when
	// one was used.
	KeyRegion string
	Err       error // the cause when there is one: context, network, timeout, damaged frame

	guessed bool // the answer did not name the code
	sent    *sent
	culprit string // what broke the signature, for the hint
}

// Attempt is one try of a request on the wire.
type Attempt struct {
	Status    int           // 0: no answer came
	Code      string        // "" on success
	RequestID string        //
	Wait      time.Duration // before it
	Duration  time.Duration // from its start to its answer or end
	Err       error         // what kept the answer from coming
}

// The meanings of an Error, for errors.Is. An error means what its code says
// and what its message says, so that two can be true at once: a retired model
// is ErrNotFound and ErrEndOfLife. Attempts are history and do not count.
var (
	ErrThrottled             = means("throttled", nil)                          // requests or tokens a minute or a day
	ErrDailyQuota            = means("daily quota used up", ErrThrottled)       // waiting for seconds does not help
	ErrQuota                 = means("service quota exceeded", nil)             // a quota of the account that is no rate
	ErrAccessDenied          = means("access denied", nil)                      // by IAM, an organization's policy or the model's gate
	ErrExpiredCredentials    = means("credentials expired", nil)                // AWS credentials or API key: get new ones
	ErrBadCredentials        = means("credentials refused", nil)                // access key, session token or API key that AWS does not accept
	ErrBadSignature          = means("signature refused", nil)                  // the request that arrived is not the one that was signed
	ErrClockSkew             = means("clock differs from that of AWS", nil)     // the request's date is too old or in the future
	ErrNotFound              = means("not found", nil)                          // model, profile, guardrail, job
	ErrEndOfLife             = means("model retired", ErrNotFound)              // or legacy, and closed to this account
	ErrUseCaseForm           = means("use case form missing", ErrNotFound)      // Anthropic's form was not submitted for this account
	ErrValidation            = means("invalid request", nil)                    // body, parameter or model id
	ErrNeedsInferenceProfile = means("inference profile needed", ErrValidation) // the model cannot be called by its own id
	ErrTooLarge              = means("too large", nil)                          // the request for Bedrock, or the answer for this client's limits
	ErrConflict              = means("conflict", nil)                           // a duplicate, or a resource in use
	ErrModelNotReady         = means("model not ready", nil)                    // an imported or custom model is warming up
	ErrModelTimeout          = means("model timed out", nil)                    // Bedrock stopped waiting for the model
	ErrModelError            = means("model failed", nil)                       // before or during its answer
	ErrUnavailable           = means("service unavailable", nil)                // no capacity, or a gateway that reached nobody
	ErrInternal              = means("internal error of the service", nil)      // AWS's fault
	ErrUnknownOperation      = means("unknown operation", nil)                  // the path routes nowhere, which may come with HTTP status 200
	ErrIncompleteStream      = means("stream ended early", nil)                 // what arrived is not the whole answer
	ErrTimeout               = means("timeout", nil)                            // one of this client's own waits ran out
)

// meaning is a sentinel that may be a special case of another.
type meaning struct {
	text   string
	parent error
}

func means(text string, parent error) error { return &meaning{text, parent} }

func (m *meaning) Error() string { return m.text }
func (m *meaning) Unwrap() error { return m.parent }

// Is tells whether target is a meaning of e.
func (e *Error) Is(target error) bool {
	if is := codeMeaning(e.Code, e.Status); is != nil && errors.Is(is, target) {
		return true
	}
	r := e.row()
	return r != nil && r.is != nil && errors.Is(r.is, target)
}

// Unwrap returns the cause, so that errors.Is(err, context.Canceled) holds
// when that is why the call ended.
func (e *Error) Unwrap() error { return e.Err }

// Error says in one line what was called, where, and what came back.
func (e *Error) Error() string {
	s := "bedrock: " + e.subject() + e.what()
	var end []string
	if e.RequestID != "" {
		end = append(end, "request id "+e.RequestID)
	}
	if n := len(e.Attempts); n > 1 {
		end = append(end, fmt.Sprintf("%d attempts", n))
	}
	if len(end) > 0 {
		s += " (" + strings.Join(end, ", ") + ")"
	}
	return s
}

// Detail says it in several lines for a person: Error's line, then whatever
// is known of endpoint, request id, model's own error, attempts and hint, each
// on a line that begins with two spaces and its name. It ends without a newline.
func (e *Error) Detail() string {
	var b strings.Builder
	b.WriteString("bedrock: " + e.subject() + e.what())
	line := func(name, text string) {
		if text != "" {
			b.WriteString("\n  " + name + ": " + text)
		}
	}
	line("request id", e.RequestID)
	line("endpoint", e.Endpoint)
	if e.OriginalStatus != 0 || e.OriginalMessage != "" {
		line("model's own error", strings.TrimSpace(fmt.Sprintf("%d %s", e.OriginalStatus, oneLine(e.OriginalMessage, maxLine))))
	}
	if len(e.Attempts) > 1 {
		tries := make([]string, len(e.Attempts))
		for i, a := range e.Attempts {
			tries[i] = a.String()
		}
		line("attempts", strings.Join(tries, "; "))
	}
	line("hint", e.Hint)
	return b.String()
}

// subject is "Converse us.x in us-east-1: ", as much of it as is known.
func (e *Error) subject() string {
	s := strings.TrimSpace(e.Op + " " + e.Model)
	if e.Region != "" {
		s = strings.TrimSpace(s + " in " + e.Region)
	}
	if s != "" {
		s += ": "
	}
	return s
}

// what is status, code, message and cause, and what had arrived before.
func (e *Error) what() string {
	var parts []string
	cut := e.Bytes > 0 && errors.Is(e.Err, ErrIncompleteStream)
	if (e.Events > 0 || cut) && !isTimeout(e.Err) { // a timeout tells it itself
		parts = append(parts, fmt.Sprintf("after %d events (%d bytes)", e.Events, e.Bytes))
	}
	name := e.Code
	if e.Status != 0 {
		name = strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, e.Code))
	}
	for _, s := range []string{name, oneLine(e.Message, maxLine), causeText(e.Err)} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return "failed"
	}
	return strings.Join(parts, ": ")
}

// String is one try in a few words: "429 ThrottlingException after 0.2s".
func (a Attempt) String() string {
	s := strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, a.Code))
	if a.Status == 0 {
		s = cmp.Or(a.Code, causeText(a.Err), "no answer")
	}
	s += fmt.Sprintf(" after %v", a.Duration.Round(time.Millisecond))
	if a.Wait > 0 {
		s = fmt.Sprintf("waited %v, %s", a.Wait.Round(time.Millisecond), s)
	}
	return s
}

// maxLine bounds a message within one line, in runes.
const maxLine = 400

// oneLine is the first paragraph of s without control characters, for s may
// come from any proxy on the way and goes to a terminal.
func oneLine(s string, limit int) string {
	if len(s) <= limit && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return s // one word, as every request id is
	}
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n\n")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit]) + "…"
	}
	return s
}

// causeText is a cause in one line: joined errors side by side, none twice.
func causeText(err error) string {
	if err == nil {
		return ""
	}
	var parts []string
	for p := range strings.SplitSeq(redact.Text(err.Error()), "\n") {
		if p = oneLine(p, maxLine); p != "" && !slices.Contains(parts, p) {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "; ")
}

func isTimeout(err error) bool { return errors.Is(err, ErrTimeout) }
