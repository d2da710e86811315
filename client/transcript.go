package client

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Transcript is a call as somebody saved it: what can be read out of the body
// of an error, of what "curl -i" or "curl -v" printed, of an HTTP request with
// its answer in plain text, or of a program's error message.
type Transcript struct {
	Request     *http.Request // without its body; nil when the text does not show it
	RequestBody []byte        // nil when the text does not show it, as curl does not
	Status      int           // of the answer; 0 when the text does not show it
	Header      http.Header
	Body        []byte // of the answer; else all of the text
}

var (
	requestLine = pattern{expr: `^([A-Z]{3,10}) (\S+) HTTP/[0-9.]+$`}
	statusLine  = pattern{expr: `^HTTP/[0-9.]+ ([0-9]{3})\b`}
	connected   = pattern{expr: `^\* Connected to (\S+) .*port (\d+)`}
	// noise is what curl prints between the lines of a transcript.
	noise = pattern{expr: `^(?:\* .*|[{}] \[\d+ bytes data\]|\s*% Total .*|\s*Dload .*|\s*[\d.kMG]+\s+[\d.kMG]+\s+[\d.kMG]+\s.*--:--.*)$`}
	// glued is curl's last word behind a body without a line break.
	glued = pattern{expr: `\* (?:Connection #\d+ to host|Closing connection|Curl_http_done|TLSv1).*$`}
)

// ReadTranscript reads what it can. Of several requests and answers it takes
// the last; interim answers and those of a proxy to CONNECT do not count.
func ReadTranscript(text []byte) Transcript {
	text = withoutMark(text)
	r := transcriptReader{}
	for line := range strings.Lines(string(text)) {
		r.line(strings.TrimRight(line, "\r\n"), line)
	}
	if r.t.Body = r.body.Bytes(); r.t.Status == 0 && r.t.Request == nil {
		r.t.Body = text
	}
	if r.sent.Len() > 0 && r.t.Request != nil {
		r.t.RequestBody = cutBody(r.sent.Bytes(), r.t.Request.Header)
	}
	if r.t.Request != nil && r.t.Request.Method == http.MethodConnect {
		r.t.Request = nil
	}
	return r.t
}

// withoutMark is text in UTF-8 without a byte order mark: PowerShell saves what
// a program printed as UTF-16, or as UTF-8 with a mark.
func withoutMark(text []byte) []byte {
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		return text[3:]
	case bytes.HasPrefix(text, []byte("\xfe\xff")):
		order = binary.BigEndian
	case !bytes.HasPrefix(text, []byte("\xff\xfe")):
		return text
	}
	units := make([]uint16, len(text)/2-1)
	for i := range units {
		units[i] = order.Uint16(text[2*i+2:])
	}
	return []byte(string(utf16.Decode(units)))
}

// transcriptReader goes through a transcript line by line.
type transcriptReader struct {
	t          Transcript
	tls        bool
	peer       string // that curl connected to
	in         part
	indent     string
	marked     bool // curl -v marks the lines of heads
	sent, body bytes.Buffer
}

type part int

const (
	inNothing part = iota
	inRequest
	inRequestBody
	inAnswer
	inAnswerBody
)

func (r *transcriptReader) line(text, whole string) {
	if rest := unprefixed(text); rest != text {
		r.indent, text = text[:len(text)-len(rest)], rest
	} else {
		text, whole = strings.TrimPrefix(text, r.indent), strings.TrimPrefix(whole, r.indent)
	}
	if strings.HasPrefix(text, "* ") && (strings.Contains(text, "SSL connection using") || strings.Contains(text, "ALPN")) {
		r.tls = true
	}
	if m := connected.get().FindStringSubmatch(text); m != nil {
		r.peer = strings.TrimSuffix(strings.TrimSuffix(net.JoinHostPort(strings.Trim(m[1], "[]"), m[2]), ":443"), ":80")
	}
	if rest, ok := marked(text, '>'); ok {
		r.marked = true
		r.head(rest, inRequest)
		return
	}
	if rest, ok := marked(text, '<'); ok {
		r.marked = true
		r.head(rest, inAnswer)
		return
	}
	if requestLine.get().MatchString(text) || statusLine.get().MatchString(text) || !r.marked && (r.in == inRequest || r.in == inAnswer) {
		r.head(text, r.in)
		return
	}
	switch {
	case noise.get().MatchString(text):
	case r.in == inRequestBody && !r.marked:
		r.sent.WriteString(whole)
	default:
		r.body.WriteString(glued.get().ReplaceAllString(whole, ""))
	}
}

// unprefixed takes off what stands before curl's marks: an indent, the time of
// --trace-time.
func unprefixed(text string) string {
	rest := strings.TrimLeft(text, " \t")
	if len(rest) > 16 && rest[2] == ':' && rest[5] == ':' && rest[8] == '.' && rest[15] == ' ' {
		rest = rest[16:]
	}
	if rest != "" && strings.Contains("<>*{}", rest[:1]) && (len(rest) == 1 || rest[1] == ' ') {
		return rest
	}
	return text
}

// marked takes curl's mark off a line of a head. HTML begins with one too.
func marked(text string, mark byte) (rest string, ok bool) {
	if text == string(mark) {
		return "", true
	}
	if len(text) > 1 && text[0] == mark && text[1] == ' ' {
		return text[2:], true
	}
	return "", false
}

// head reads a line of a request's or an answer's head.
func (r *transcriptReader) head(text string, in part) {
	if m := requestLine.get().FindStringSubmatch(strings.TrimSpace(text)); m != nil {
		r.t.Request, r.in = newRequest(m[1], m[2]), inRequest
		r.sent.Reset()
		return
	}
	if m := statusLine.get().FindStringSubmatch(text); m != nil {
		status, _ := strconv.Atoi(m[1])
		r.t.Status, r.t.Header, r.in = status, http.Header{}, inAnswer
		r.body.Reset()
		return
	}
	if text == "" {
		r.in = map[part]part{inRequest: inRequestBody, inAnswer: inAnswerBody}[in]
		return
	}
	name, value, ok := strings.Cut(text, ":")
	value = strings.TrimPrefix(value, " ")
	switch {
	case !ok:
	case in == inRequest && r.t.Request != nil && strings.EqualFold(name, "host"):
		r.t.Request.Host = strings.TrimSpace(value)
		r.t.Request.URL.Host = cmp.Or(r.peer, r.t.Request.Host)
		r.t.Request.URL.Scheme = map[bool]string{true: "https", false: "http"}[r.tls]
	case in == inRequest && r.t.Request != nil:
		r.t.Request.Header.Add(name, value)
	case in == inAnswer && r.t.Header != nil:
		r.t.Header.Add(name, strings.TrimSpace(value))
	}
}

// newRequest is a request by its first line; its target stays as it is.
func newRequest(method, target string) *http.Request {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		u = &url.URL{Opaque: target}
	}
	return &http.Request{Method: method, URL: u, Host: u.Host, RequestURI: target, Header: http.Header{}}
}

// cutBody takes as much as the head says.
func cutBody(body []byte, h http.Header) []byte {
	n, err := strconv.Atoi(strings.TrimSpace(h.Get("Content-Length")))
	if err != nil || n > len(body) {
		return bytes.TrimRight(body, "\r\n")
	}
	return body[:n]
}

// sdkErrors are how SDKs and programs write an error: boto3, Go, JavaScript and
// this module.
var sdkErrors = []*pattern{
	{expr: `(?s)An error occurred \((\w+)\) when calling the \w+ operation[^:]*: (.*)`},
	{expr: `(?s)\bapi error (\w+): (.*)`},
	{expr: `(?s)\b([A-Z]\w+(?:Exception|InvalidSignature|SignatureDoesNotMatch))\b:? (.*)`},
}

// Err is what the answer says, as a call of this package would return it; nil
// when there is no error in the transcript.
func (t Transcript) Err() *Error { return t.err() }

func (t Transcript) err(secrets ...string) *Error {
	if t.Status/100 == 2 && !unknownOperation(t.Header, t.Body) || t.Status == 0 && len(bytes.TrimSpace(t.Body)) == 0 {
		return nil
	}
	e := responseError("", t.Status, t.Header, t.errorBody(), secrets...)
	if t.Status == 0 && e.Code == "" {
		for _, re := range sdkErrors {
			if m := re.get().FindStringSubmatch(e.Message); m != nil {
				e.Code, e.Message = m[1], truncate(strings.TrimSpace(m[2]), maxMessage)
				break
			}
		}
	}
	if r := t.Request; r != nil && r.Host != "" {
		e.Endpoint = r.URL.Scheme + "://" + r.Host
	}
	e.finish()
	return e
}

// maxErrorBody is how much of a text is searched for an error: much more than
// any is long.
const maxErrorBody = 1 << 20

// errorBody finds the JSON of an error in what stands around it, in the first
// MiB of an answer or in the last one of any other text.
func (t Transcript) errorBody() []byte {
	body := bytes.TrimSpace(t.Body)
	if len(body) == 0 || body[0] == '{' || body[0] == '<' {
		body = body[:min(len(body), maxErrorBody)]
		if object, _ := firstObject(body); object != nil {
			return object
		}
		return body
	}
	body = body[max(0, len(body)-maxErrorBody):]
	for rest, effort := body, 0; effort < 32*maxErrorBody; {
		i := bytes.IndexByte(rest, '{')
		if i < 0 {
			break
		}
		object, read := firstObject(rest[i:])
		if slices.ContainsFunc(messagePaths[:3], func(key string) bool { return bytes.Contains(object, []byte(`"`+key+`"`)) }) {
			return object
		}
		effort += read
		rest = rest[i+max(1, len(object)):]
	}
	return body
}

// firstObject is the JSON value that b begins with, without what is glued to
// it; b itself when it is cut, nothing when it is no JSON. read is how far it
// looked.
func firstObject(b []byte) (object []byte, read int) {
	var raw json.RawMessage
	err := json.NewDecoder(bytes.NewReader(b)).Decode(&raw)
	if bad, ok := errors.AsType[*json.SyntaxError](err); ok {
		return nil, int(bad.Offset)
	}
	if err != nil {
		return b, len(b)
	}
	return raw, len(raw)
}
