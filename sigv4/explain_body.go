package sigv4

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
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
	if x.bodies != nil || x.Body == nil || len(x.Body) > maxVariants {
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
	add("cut to as many bytes as it has characters", x.Body[:utf8.RuneCount(x.Body)])
	add("as ISO-8859-1", []byte(latin1(string(x.Body))))
	add("as UTF-8 encoded twice", []byte(fromLatin1(string(x.Body))))
	add("as UTF-16", utf16LE(string(x.Body)))
	md5Sum, sha1Sum, sha512Sum := md5.Sum(x.Body), sha1.Sum(x.Body), sha512.Sum512(x.Body)
	for how, sum := range map[string][]byte{"MD5": md5Sum[:], "SHA-1": sha1Sum[:], "SHA-512": sha512Sum[:]} {
		x.bodies = append(x.bodies, variant{"as its " + how + " in place of its SHA-256", len(x.Body), hex.EncodeToString(sum)})
	}
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

// latin1 is text in ISO-8859-1; what that does not have becomes "?".
func latin1(text string) string {
	var b []byte
	for _, r := range text {
		if r > 0xff {
			r = '?'
		}
		b = append(b, byte(r))
	}
	return string(b)
}

// fromLatin1 is text whose bytes were taken for ISO-8859-1.
func fromLatin1(text string) string {
	b := []rune{}
	for _, c := range []byte(text) {
		b = append(b, rune(c))
	}
	return string(b)
}

func utf16LE(text string) (b []byte) {
	for _, unit := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
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
