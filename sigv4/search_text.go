package sigv4

import (
	"encoding/hex"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// texts are the canonical requests that signers make of base with one mistake,
// each once.
func (x *examination) texts(base form) iter.Seq[text] {
	return func(yield func(text) bool) {
		seen := map[string]bool{base.String(): true}
		each := func(f form) bool {
			s := f.String()
			if seen[s] {
				return true
			}
			seen[s] = true
			return yield(text{form: f})
		}
		for _, mistakes := range []func(form, func(form) bool) bool{
			x.pathMistakes, x.queryMistakes, x.methodMistakes, x.headerMistakes, x.listMistakes, x.payloadMistakes,
		} {
			if !mistakes(base, each) {
				return
			}
		}
		for _, t := range wholeMistakes(base) {
			if !seen[t.whole] && !yield(t) {
				return
			}
		}
	}
}

// pathMistakes encode the path differently.
func (x *examination) pathMistakes(f form, yield func(form) bool) bool {
	try := func(path string) bool {
		g := f
		g.path = path
		return yield(g)
	}
	if !x.spellings(f.path, try) {
		return false
	}
	paths := []string{lowerDigits(f.path), strings.TrimSuffix(f.path, "/"), f.path + "/", "/", "", strings.TrimPrefix(f.path, "/"), "/" + f.path}
	for i := 1; i < len(f.path); i++ { // without a prefix
		if f.path[i] == '/' {
			paths = append(paths, f.path[i:], f.path[:i])
		}
	}
	if x.Request != nil && x.Request.URL != nil {
		raw, query := receivedTarget(x.Request)
		wire := []string{raw, escapedSegments(raw), x.Request.URL.Path, escapedSegments(x.Request.URL.Path), f.path + "?" + query, raw + "?" + query,
			"/" + x.Request.URL.Host + f.path, x.Request.URL.Scheme + "://" + x.Request.URL.Host + raw}
		paths = append(paths, wire...)
		if !x.spellings(string(appendURI(nil, raw, false)), try) {
			return false
		}
	}
	for _, p := range paths {
		if !try(p) {
			return false
		}
	}
	return true
}

// escapedSegments percent-encodes the segments of a path as they are, with none
// removed.
func escapedSegments(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		segments[i] = escaped(segment)
	}
	return strings.Join(segments, "/")
}

// maxSpelled is how many different characters have each its own number of
// encodings tried; more are changed all together.
const maxSpelled = 3

// spellings are the path with its special characters encoded 0 to 3 times: all
// alike, each alone, and each differently when they are few.
func (x *examination) spellings(path string, yield func(string) bool) bool {
	all := spell(path)
	var chars []byte
	for _, s := range all {
		if (s.times > 0 || !unreserved[s.char] && s.char != '/') && !slices.Contains(chars, s.char) {
			chars = append(chars, s.char)
		}
	}
	write := func(times func(c byte, was int) int) bool {
		var b strings.Builder
		for _, s := range all {
			n := s.times
			if slices.Contains(chars, s.char) && (s.times > 0 || s.char != '/') {
				n = times(s.char, s.times)
			}
			b.WriteString(encodedTimes(s.char, n))
		}
		return yield(b.String()) && yield(lowerDigits(b.String()))
	}
	if len(chars) > maxSpelled {
		for n := range 4 {
			for _, only := range append([]byte{0}, chars...) {
				if !write(func(c byte, was int) int {
					if only == 0 || c == only {
						return n
					}
					return was
				}) {
					return false
				}
			}
		}
		return true
	}
	for code := range 1 << (2 * len(chars)) {
		if !write(func(c byte, _ int) int { return code >> (2 * slices.Index(chars, c)) & 3 }) {
			return false
		}
	}
	return true
}

// encodedTimes is a character percent-encoded so often.
func encodedTimes(c byte, times int) string {
	if times == 0 {
		return string([]byte{c})
	}
	return "%" + strings.Repeat("25", times-1) + strings.ToUpper(hex.EncodeToString([]byte{c}))
}

// lowerDigits writes %2F as %2f, and %252F as %252f.
func lowerDigits(s string) string {
	b := []byte(s)
	for i := range b {
		if _, size, times := encodedChar(s[i:]); times > 0 {
			copy(b[i:], strings.ToLower(s[i:i+size]))
		}
	}
	return string(b)
}

// queryMistakes order or encode the query differently.
func (x *examination) queryMistakes(f form, yield func(form) bool) bool {
	try := func(parts []string) bool {
		g := f
		g.query = strings.Join(parts, "&")
		return yield(g)
	}
	if f.query == "" {
		return true
	}
	sorted := strings.Split(f.query, "&")
	orders := [][]string{sorted, backwards(sorted)}
	if x.Request != nil && x.Request.URL != nil {
		_, raw := receivedTarget(x.Request)
		given := strings.Split(raw, "&")
		orders = append(orders, given, strings.Split(withoutSignature(raw), "&"))
	}
	orders = append(orders, slices.SortedFunc(slices.Values(sorted), strings.Compare))
	if len(sorted) <= 4 && !x.hasty {
		orders = append(orders, permutations(sorted)...)
	}
	for i := range sorted { // one left out
		orders = append(orders, slices.Delete(slices.Clone(sorted), i, i+1))
	}
	for _, order := range orders {
		for _, spelling := range querySpellings {
			parts := make([]string, len(order))
			for i, p := range order {
				parts[i] = spelling(p)
			}
			if !try(parts) {
				return false
			}
		}
	}
	return try(nil) && try([]string{"?" + f.query}) && try([]string{f.query + "&"})
}

// querySpellings are wrong ways to write a parameter.
var querySpellings = []func(string) string{
	func(p string) string { return p },
	func(p string) string {
		if !strings.Contains(p, "=") {
			p += "="
		}
		return p
	},
	func(p string) string { return strings.TrimSuffix(p, "=") },
	unescape,
	lowerDigits,
	func(p string) string { return strings.ReplaceAll(p, "%20", "+") },
	func(p string) string { return strings.ReplaceAll(p, "+", "%20") },
	func(p string) string { return strings.ReplaceAll(p, "+", "%2B") },
	func(p string) string { return strings.ReplaceAll(p, "%", "%25") },
	func(p string) string {
		name, value, _ := strings.Cut(p, "=")
		return escaped(name) + "=" + escaped(value)
	},
	func(p string) string {
		name, value, _ := strings.Cut(p, "=")
		return url.QueryEscape(unescape(name)) + "=" + url.QueryEscape(unescape(value))
	},
	func(p string) string {
		name, value, _ := strings.Cut(p, "=")
		return escaped(unescape(name)) + "=" + escaped(unescape(value))
	},
	func(p string) string { return bare(p, "!'()*") },        // as JavaScript's encodeURIComponent
	func(p string) string { return bare(p, "!'()*;,/?:@$") }, // as its encodeURI
	func(p string) string { return bare(p, "/") },            // as Python's quote
	func(p string) string { return bare(p, ":/") },
	func(p string) string { return strings.ReplaceAll(p, "~", "%7E") },
	func(p string) string { return strings.NewReplacer("~", "%7E", "%2A", "*", "%20", "+").Replace(p) }, // as Java's URLEncoder
	strings.ToLower,
}

// bare has some characters not percent-encoded.
func bare(s, chars string) string {
	for _, c := range []byte(chars) {
		s = strings.ReplaceAll(s, encodedTimes(c, 1), string(rune(c)))
	}
	return s
}

func escaped(s string) string { return string(appendEscaped(nil, s)) }

func backwards[T any](s []T) []T {
	s = slices.Clone(s)
	slices.Reverse(s)
	return s
}

// methodMistakes sign another method.
func (x *examination) methodMistakes(f form, yield func(form) bool) bool {
	for _, m := range []string{strings.ToLower(f.method), upperFirst(strings.ToLower(f.method)), http.MethodGet, http.MethodPost, http.MethodPut, http.MethodHead, http.MethodPatch, http.MethodDelete, ""} {
		g := f
		if g.method = m; !yield(g) {
			return false
		}
	}
	return true
}

// wholeMistakes are texts that are no canonical request at all.
func wholeMistakes(f form) []text {
	const fix = "Write method, path, query, one line \"name:value\" for each header, an empty line, the signed headers and the payload hash, joined with line feeds alone, and nothing behind the hash."
	s := f.String()
	say := func(how, whole string) text {
		return text{whole: whole, cause: Cause{"canonical request", "The canonical request is put together wrongly: " + how + ".", fix}}
	}
	spaced, cased := f, f
	spaced.headers, cased.headers = slices.Clone(f.headers), slices.Clone(f.headers)
	for i, h := range f.headers {
		spaced.headers[i].value = " " + h.value
		cased.headers[i].name = http.CanonicalHeaderKey(h.name)
	}
	var all []text
	for i, h := range f.headers {
		g := f
		g.headers = slices.Clone(f.headers)
		g.headers[i].name = http.CanonicalHeaderKey(h.name)
		all = append(all, text{whole: g.String(), cause: Cause{"header " + printable(h.name), "The name of the header " + printable(h.name) + " is not in lower case in what was signed.", fixHeader}})
	}
	end := "\n\n" + f.signed + "\n" + f.payload
	head := strings.TrimSuffix(s, end)
	return append(all,
		say("its lines end in CRLF", strings.ReplaceAll(s, "\n", "\r\n")),
		say("it begins with a line break", "\n"+s),
		say("its lines end in blanks", strings.ReplaceAll(s, "\n", " \n")),
		say("its header lines end in CRLF", strings.ReplaceAll(head, "\n", "\r\n")+end),
		say("\"\\n\" stands in it as two characters", strings.ReplaceAll(s, "\n", `\n`)),
		say("a line break follows the payload hash (a trailing newline)", s+"\n"),
		say("a line break (CRLF) follows the payload hash", s+"\r\n"),
		say("the empty line behind the headers is missing", head+end[1:]),
		say("its empty lines are missing", strings.ReplaceAll(s, "\n\n", "\n")),
		say("one empty line too many follows the headers", head+"\n"+end),
		say("the line of an empty query is missing", strings.Replace(s, "\n"+f.path+"\n\n", "\n"+f.path+"\n", 1)),
		say("the signed headers are missing", head+"\n\n"+f.payload),
		say("the payload hash is missing", strings.TrimSuffix(s, "\n"+f.payload)),
		say("a blank stands between each header's name and value", spaced.String()),
		say("header names are not in lower case", cased.String()),
		say("the method is missing", strings.TrimPrefix(s, f.method+"\n")),
	)
}
