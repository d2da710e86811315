package client

import (
	"bytes"
	"html"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"rawbedrock/client/redact"
)

const (
	// MaxKeptBody is how many bytes of an answer an Error keeps.
	MaxKeptBody = 4 << 10

	maxMessage   = 16 << 10 // bytes of a message; a quoted canonical request fits
	maxRequestID = 100      // runes
)

// responseError reads an HTTP answer that is an error: one whose status is not
// 2xx, or one that unknownOperation recognised. It takes what it finds where
// AWS, the OpenAI and Anthropic compatible APIs, and gateways put it, and
// leaves out the secrets, those given and those recognised by their form.
func responseError(op string, status int, header http.Header, body []byte, secrets ...string) *Error {
	text := redact.Text(strings.ToValidUTF8(string(body), "\uFFFD"), secrets...)
	e := &Error{Op: op, Status: status, RequestID: redact.Text(requestID(header), secrets...), Body: firstBytes(text), RetryAfter: waitAsked(header)}
	e.Code = cleanCode(redact.Text(header.Get("X-Amzn-Errortype"), secrets...))
	switch trimmed := strings.TrimSpace(strings.TrimPrefix(text, "\ufeff")); {
	case checkEncoding(header) != nil: // not a text
	case status/100 == 3 && header.Get("Location") != "":
		e.Message = redirects + ", to " + oneLine(redact.Text(header.Get("Location"), secrets...), 200)
	case strings.HasPrefix(trimmed, "{"):
		e.readJSON(trimmed, secrets)
	case trimmed == "":
		e.Message = noBody
	case xmlError.get().MatchString(trimmed):
		e.readXML(trimmed, secrets)
	case strings.HasPrefix(trimmed, "<"):
		e.Message = answeredHTML + ", not JSON: " + htmlTitle(trimmed)
	default:
		e.Message = truncate(trimmed, maxMessage)
	}
	if e.Code == "" && status/100 != 2 {
		e.Code = http.StatusText(status)
	}
	return e
}

// What an Error says of an answer that is not from Bedrock.
const (
	noBody       = "the answer has no body"
	answeredHTML = "the answer is HTML"
	redirects    = "the answer is a redirect"
)

// exceptionError reads an exception message of an event stream: its
// :exception-type and payload; or an error message: its :error-code, with
// :error-message as the payload.
func exceptionError(exceptionType string, payload []byte, secrets ...string) *Error {
	text := redact.Text(strings.ToValidUTF8(string(payload), "\uFFFD"), secrets...)
	e := &Error{Code: cleanCode(exceptionType), Body: firstBytes(text)}
	if e.Code != "" {
		e.Code = strings.ToUpper(e.Code[:1]) + e.Code[1:]
	}
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		e.readJSON(text, secrets)
	} else {
		e.Message = truncate(strings.TrimSpace(text), maxMessage)
	}
	return e
}

// sseError reads the data of a server-sent event, and tells whether it is an
// error: {"error":{…}} of Chat Completions, {"type":"error",…} of Messages and
// Responses, {"type":"response.failed",…}, or AWS's own {"message":"…"}.
func sseError(payload []byte, secrets ...string) (*Error, bool) {
	payload = bytes.TrimSpace(payload)
	if !bytes.HasPrefix(payload, []byte("{")) {
		return nil, false
	}
	r := gjson.ParseBytes(payload)
	failure := r.Get("error")
	switch typ := r.Get("type").String(); {
	case typ == "error":
	case typ == "response.failed":
		failure = r.Get("response")
		payload = []byte(failure.Raw)
	case failure.IsObject(), failure.Type == gjson.String && failure.Str != "":
	case r.Get("__type").Exists(), r.Get("message").Type == gjson.String && !r.Get("id").Exists() && typ == "" && !r.Get("choices").Exists():
	default:
		return nil, false
	}
	return exceptionError("", payload, secrets...), true
}

// unknownOperation tells whether an answer with HTTP status 200 is none: AWS's
// front end answers so when a path routes nowhere, as one with a bare slash in
// an ARN does.
func unknownOperation(header http.Header, body []byte) bool {
	if headerValue(header, "X-Amzn-Errortype") != "" {
		return true
	}
	if !bytes.Contains(body, []byte("__type")) {
		return false
	}
	found := gjson.GetManyBytes(body, "Output.__type", "__type")
	return found[0].String() != "" || strings.HasSuffix(found[1].String(), "Exception")
}

// codePaths and messagePaths are where a JSON error may name its code and its
// message, the likeliest first.
var (
	codePaths    = []string{"code", "Code", "__type", "Output.__type", "error.code", "error.type", "Error.Code", "error.__type"}
	messagePaths = []string{"message", "Message", "errorMessage", "error.message", "error.Message", "Error.Message", "Output.message", "detail", "error_description", "error"}
)

// readJSON fills in what a JSON error says. The text is redacted already, but
// its strings may hold secrets in escapes that only unquoting undoes.
func (e *Error) readJSON(text string, secrets []string) {
	r := gjson.Parse(closeJSON(text))
	e.Message = truncate(redact.Text(firstText(r, messagePaths...), secrets...), maxMessage)
	if e.RequestID == "" {
		e.RequestID = oneLine(firstText(r, "request_id", "requestId", "RequestId"), maxRequestID)
	}
	e.OriginalStatus = int(r.Get("originalStatusCode").Int())
	e.OriginalMessage = truncate(redact.Text(r.Get("originalMessage").String(), secrets...), maxMessage)
	for _, path := range codePaths {
		if v := r.Get(path); e.Code == "" && v.Type == gjson.String {
			e.Code = cleanCode(v.Str)
		}
	}
	if e.Code == "" {
		e.Code, e.guessed = inferCode(e.Message, e.Status, int(r.Get("error.code").Int()))
	}
	if e.Code == "" && e.Message == "" {
		e.Message = truncate(text, maxMessage)
	}
}

// closeJSON closes a JSON object that was cut in a string, as one over
// Limits.ErrorBody is.
func closeJSON(text string) string {
	if !validJSON([]byte(text)) {
		for _, end := range []string{`"}`, `"}}`} {
			if validJSON([]byte(text + end)) {
				return text + end
			}
		}
	}
	return text
}

// xmlError is AWS's error in XML: <SomeException/>, or with <Code> inside.
var (
	xmlError   = pattern{expr: `^(?:<\?xml[^>]*\?>\s*)?<(?:ErrorResponse|Error|(\w+Exception))\b`}
	xmlCode    = pattern{expr: `<Code>([^<]*)</Code>`}
	xmlMessage = pattern{expr: `<[Mm]essage>([^<]*)`} // its end may be gone with a secret before it
	title      = pattern{expr: `(?is)<title[^>]*>(.*?)</title>`}
)

func (e *Error) readXML(text string, secrets []string) {
	if m := xmlMessage.get().FindStringSubmatch(text); m != nil {
		e.Message = truncate(redact.Text(strings.TrimSpace(html.UnescapeString(m[1])), secrets...), maxMessage)
	}
	if e.Code != "" {
		return
	}
	if m := xmlCode.get().FindStringSubmatch(text); m != nil {
		e.Code = cleanCode(m[1])
	} else {
		e.Code = xmlError.get().FindStringSubmatch(text)[1]
	}
}

// htmlTitle is what a page calls itself, in quotation marks.
func htmlTitle(page string) string {
	if m := title.get().FindStringSubmatch(page); m != nil {
		return `"` + oneLine(html.UnescapeString(m[1]), 100) + `"`
	}
	return "no title"
}

// Codes for messages that came without one: some recorders, proxies and replays
// drop the header that names it.
var (
	// inferred tell more than the status.
	inferred = []struct{ fragment, code string }{
		{"security token included in the request is expired", "ExpiredTokenException"},
		{"security token included in the request is invalid", "UnrecognizedClientException"},
		{"request signature we calculated does not match", "InvalidSignatureException"},
		{"signature expired:", "InvalidSignatureException"},
		{"signature not yet current", "InvalidSignatureException"},
		{"missing authentication token", "MissingAuthenticationTokenException"},
	}
	byStatus = map[int]string{
		400: "ValidationException", 403: "AccessDeniedException", 404: "ResourceNotFoundException",
		408: "ModelTimeoutException", 424: "ModelErrorException", 429: "ThrottlingException",
		500: "InternalServerException", 503: "ServiceUnavailableException",
	}
	// withoutStatus are for the middle of a stream.
	withoutStatus = []struct{ fragment, code string }{
		{"too many tokens", "ThrottlingException"},
		{"too many requests", "ThrottlingException"},
		{"too many connections", "ServiceUnavailableException"},
		{"unable to process your request", "ServiceUnavailableException"},
	}
)

// inferCode tells too whether the code is a guess, by nothing but the status.
func inferCode(message string, status ...int) (code string, guessed bool) {
	if message == "" {
		return "", false
	}
	folded := fold(message)
	for _, i := range inferred {
		if strings.Contains(folded, i.fragment) {
			return i.code, false
		}
	}
	for _, s := range status {
		if s != 0 && s/100 != 2 { // an error with status 200 is as one without
			return byStatus[s], true
		}
	}
	for _, i := range withoutStatus {
		if strings.Contains(folded, i.fragment) {
			return i.code, false
		}
	}
	return "", false
}

// cleanCode cuts what surrounds a code: "Code:http://…" and "namespace#Code".
func cleanCode(s string) string {
	s, _, _ = strings.Cut(s, ":")
	s = strings.TrimSpace(s[strings.LastIndexByte(s, '#')+1:])
	for i := range len(s) {
		c := s[i]
		if i >= 100 || c < '!' || c > '~' {
			return ""
		}
	}
	return s
}

// headerValue is h.Get for a name as net/http writes it, which Get would look up in
// three tables first.
func headerValue(h http.Header, name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// requestID finds the request's id in the headers of an answer.
func requestID(h http.Header) string {
	for _, name := range []string{"X-Amzn-Requestid", "X-Request-Id", "X-Amz-Request-Id", "Request-Id"} {
		if id := headerValue(h, name); id != "" {
			return oneLine(id, maxRequestID)
		}
	}
	return ""
}

// firstText is the first of the paths that holds a string with text in it.
func firstText(r gjson.Result, paths ...string) string {
	for _, p := range paths {
		if v := r.Get(p); v.Type == gjson.String && strings.TrimSpace(v.Str) != "" {
			return v.Str
		}
	}
	return ""
}

func firstBytes(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(truncate(s, MaxKeptBody))
}

// truncate cuts s to at most n bytes, between two characters.
func truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
