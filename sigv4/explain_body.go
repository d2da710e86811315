package sigv4

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// variant is a body that somebody may have hashed or sent in place of another.
type variant struct {
	how  string
	size int
	hash string
}

// maxVariants is the size of a body above which it is not rewritten.
const maxVariants = 4 << 20

// variants are what programs make of the request's body without meaning to;
// they are made once.
func (x *examination) variants() []variant {
	if x.bodies != nil || len(x.Body) == 0 || len(x.Body) > maxVariants {
		return x.bodies
	}
	add := func(how string, body []byte) {
		if !bytes.Equal(body, x.Body) {
			x.bodies = append(x.bodies, variant{how, len(body), HashPayload(body)})
		}
	}
	replace := func(old, new string) []byte { return bytes.ReplaceAll(x.Body, []byte(old), []byte(new)) }
	add("with a line break at its end", append(bytes.Clone(x.Body), '\n'))
	add("with a line break (CRLF) at its end", append(bytes.Clone(x.Body), "\r\n"...))
	add("without the white space around it", bytes.TrimSpace(x.Body))
	add("without the line break at its end", bytes.TrimRight(x.Body, "\r\n"))
	add("with CRLF line breaks", bytes.ReplaceAll(replace("\r\n", "\n"), []byte("\n"), []byte("\r\n")))
	add("with LF line breaks instead of CRLF", replace("\r\n", "\n"))
	add("without any line breaks, as curl -d @FILE sends it", bytes.ReplaceAll(replace("\n", ""), []byte("\r"), nil))
	add("with a byte order mark", append([]byte("\xef\xbb\xbf"), x.Body...))
	add("percent-encoded", []byte(url.QueryEscape(string(x.Body))))
	add("as a JSON string", marshal(string(x.Body)))
	var compact bytes.Buffer
	var value any
	if json.Compact(&compact, x.Body) == nil && json.Unmarshal(x.Body, &value) == nil {
		addJSON(add, "as compact JSON", compact.Bytes())
		addJSON(add, "as JSON with its keys sorted", marshal(value))
	}
	return x.bodies
}

// addJSON adds the ways in which encoders write the same JSON.
func addJSON(add func(how string, body []byte), how string, compact []byte) {
	spaced := spaceJSON(compact)
	both := func(how string, body []byte) {
		add(how, body)
		add(how+" and a line break at its end", append(bytes.Clone(body), '\n'))
	}
	both(how, compact)
	both(how+" with blanks behind commas and colons", spaced)
	both(how+" with blanks, and all but ASCII escaped", asciiJSON(spaced))
	both(how+" with all but ASCII escaped", asciiJSON(compact))
	var escaped bytes.Buffer
	json.HTMLEscape(&escaped, compact)
	both(how+" with HTML's characters escaped", escaped.Bytes())
	for _, indent := range []string{"  ", "    ", "\t"} {
		var b bytes.Buffer
		if json.Indent(&b, compact, "", indent) == nil {
			both(how+", indented", b.Bytes())
			both(how+", indented, all but ASCII escaped", asciiJSON(b.Bytes()))
		}
	}
}

func marshal(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return nil
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// spaceJSON puts a blank behind the commas and colons of compact JSON, as
// Python does.
func spaceJSON(compact []byte) []byte {
	var b []byte
	inString, escaped := false, false
	for _, c := range compact {
		b = append(b, c)
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"':
			inString = !inString
		case !inString && (c == ',' || c == ':'):
			b = append(b, ' ')
		}
	}
	return b
}

// asciiJSON escapes all but ASCII.
func asciiJSON(text []byte) []byte {
	var b []byte
	for _, r := range string(text) {
		switch {
		case r < 0x80:
			b = append(b, byte(r))
		case r < 0x10000:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			r -= 0x10000
			b = fmt.Appendf(b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
	}
	return b
}

// payloadMistakes sign another body, or another hash of it.
func (x *examination) payloadMistakes(f form, yield func(form) bool) bool {
	raw, _ := hex.DecodeString(f.payload)
	hashes := []string{
		EmptyPayloadHash, UnsignedPayload, "", strings.ToUpper(f.payload), base64.StdEncoding.EncodeToString(raw), HashPayload([]byte(f.payload)),
		x.header("X-Amz-Content-Sha256"), x.PayloadHash, StreamingEvents, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", string(x.Body), HashPayload([]byte("{}")), HashPayload([]byte("null")), HashPayload([]byte("\n")),
	}
	for _, v := range x.variants() {
		hashes = append(hashes, v.hash)
	}
	for _, h := range hashes {
		g := f
		if g.payload = h; !yield(g) {
			return false
		}
	}
	return true
}
