package sigv4

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// badSigner signs as most hand-written signers do, step by step, so that each
// step can be done wrongly.
type badSigner struct {
	method, host, path, query string // as they are sent
	header                    http.Header
	body                      string
	date                      time.Time
	region, service, secret   string
	token                     string

	canonicalPath  func(string) string
	canonicalQuery func(string) string
	line           func(name, value string) string
	payload        func(body string) string
	canonical      func(string) string
	toSign         func(string) string
	key            func(b *badSigner) []byte
	list           func(names []string) string
	sent           func(*http.Request) // what happens on the way
	sentBody       func(string) string
}

const mistakeHost = "runtime.us-east-1.example.com"

func newBadSigner() *badSigner {
	return &badSigner{
		method: "POST", host: mistakeHost, path: "/model/arn%3Aaws%3Ax%3Aus-east-1%3A1%3Aprofile%2Fus.m-v1%3A0/converse", query: "b=2&a=x%20y&a-b=1",
		header: http.Header{"Content-Type": {"application/json"}, "X-Note": {"one two"}},
		body:   `{"b":"ü","a":[1,2]}`, date: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
		region: "us-east-1", service: "runtime", secret: example.SecretAccessKey,
		canonicalPath:  func(p string) string { return escapedSegments(p) },
		canonicalQuery: func(q string) string { return string(appendQuery(nil, q)) },
		line:           func(name, value string) string { return name + ":" + trim(value) },
		payload:        func(body string) string { return HashPayload([]byte(body)) },
		canonical:      same, toSign: same, sentBody: same,
		key: func(b *badSigner) []byte {
			key := Signer{Region: b.region, Service: b.service}.deriveKey(b.secret, b.date.Format("20060102"))
			return key[:]
		},
		list: func(names []string) string { return strings.Join(names, ";") },
		sent: func(*http.Request) {},
	}
}

func same(s string) string { return s }

// send signs and gives the request as it arrives, and its body.
func (b *badSigner) send() (given, arrived *http.Request, body string) {
	h := b.header.Clone()
	h.Set("X-Amz-Date", b.date.Format(TimeFormat))
	if b.token != "" {
		h.Set("X-Amz-Security-Token", b.token)
	}
	names := []string{"host"}
	for name := range h {
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	var lines []string
	for _, name := range names {
		value := b.host
		if name != "host" {
			value = strings.Join(h.Values(name), ",")
		}
		if l := b.line(name, value); l != "" {
			lines = append(lines, l+"\n")
		}
	}
	canonical := b.canonical(b.method + "\n" + b.canonicalPath(b.path) + "\n" + b.canonicalQuery(b.query) + "\n" + strings.Join(lines, "") + "\n" + b.list(names) + "\n" + b.payload(b.body))
	scope := scopeOf(b.date.Format("20060102"), b.region, b.service)
	toSign := b.toSign(algorithm + "\n" + b.date.Format(TimeFormat) + "\n" + scope + "\n" + HashPayload([]byte(canonical)))
	sum := mac(b.key(b), []byte(toSign))
	h.Set("Authorization", fmt.Sprintf("%s Credential=%s/%s, SignedHeaders=%s, Signature=%s", algorithm, example.AccessKeyID, scope, b.list(names), hex.EncodeToString(sum[:])))

	u := &url.URL{Scheme: "https", Host: mistakeHost, RawPath: b.path, RawQuery: b.query}
	u.Path, _ = url.PathUnescape(b.path)
	given = &http.Request{Method: b.method, URL: u, Host: b.host, Header: h}
	arrived = given.Clone(given.Context())
	arrived.RequestURI = u.RequestURI()
	b.sent(arrived)
	return given, arrived, b.sentBody(b.body)
}

// mistake is one way to break a signature.
type mistake struct {
	name    string
	culprit string
	why     string // a word of the explanation
	make    func(b *badSigner)
}

func pathAs(f func(string) string) func(*badSigner) {
	return func(b *badSigner) { b.canonicalPath = f }
}

func lineAs(name string, f func(value string) string) func(*badSigner) {
	return func(b *badSigner) {
		right := b.line
		b.line = func(n, v string) string {
			if n == name {
				return n + ":" + f(v)
			}
			return right(n, v)
		}
	}
}

func onTheWay(f func(r *http.Request)) func(*badSigner) { return func(b *badSigner) { b.sent = f } }

func secretAs(secret string) func(*badSigner) { return func(b *badSigner) { b.secret = secret } }

func textAs(f func(string) string) func(*badSigner) { return func(b *badSigner) { b.canonical = f } }

func toSignAs(f func(string) string) func(*badSigner) { return func(b *badSigner) { b.toSign = f } }

func unescapePath(p string) string { s, _ := url.PathUnescape(p); return s }

var mistakes = []mistake{
	{"path encoded once", "path", "once too few", pathAs(same)},
	{"path not encoded", "path", "bare", pathAs(unescapePath)},
	{"path encoded thrice", "path", "once too many", pathAs(func(p string) string { return escapedSegments(escapedSegments(p)) })},
	{"colon bare", "path", `":" stands bare`, pathAs(func(p string) string { return strings.ReplaceAll(escapedSegments(p), "%253A", ":") })},
	{"slash of an ARN bare", "path", `"/" stands bare`, pathAs(func(p string) string { return strings.ReplaceAll(escapedSegments(p), "%252F", "/") })},
	{"slash of an ARN encoded once", "path", `"/" is encoded once too few`, pathAs(func(p string) string { return strings.ReplaceAll(escapedSegments(p), "%252F", "%2F") })},
	{"lower case digits in the path", "path", "upper case", pathAs(func(p string) string { return lowerDigits(escapedSegments(p)) })},
	{"slash behind the path", "path", "slash", pathAs(func(p string) string { return escapedSegments(p) + "/" })},
	{"path decoded on the way", "path", "decoded on the way", onTheWay(func(r *http.Request) { r.RequestURI = strings.ReplaceAll(r.RequestURI, "%3A", ":") })},
	{"prefix put on the way", "path", "prefix", onTheWay(func(r *http.Request) { r.RequestURI = "/gateway" + r.RequestURI })},

	{"query not sorted", "query", "not sorted", func(b *badSigner) { b.canonicalQuery = same }},
	{"query sorted as pairs", "query", "not sorted", func(b *badSigner) {
		b.query = "a=2&a-b=1"
		b.canonicalQuery = func(string) string { return "a-b=1&a=2" }
	}},
	{"query with plus", "query", "encoded differently", func(b *badSigner) {
		b.canonicalQuery = func(q string) string { return strings.ReplaceAll(string(appendQuery(nil, q)), "%20", "+") }
	}},
	{"query encoded twice", "query", "encoded differently", func(b *badSigner) {
		b.canonicalQuery = func(q string) string { return strings.ReplaceAll(string(appendQuery(nil, q)), "%", "%25") }
	}},
	{"query not signed", "query", "not signed", func(b *badSigner) { b.canonicalQuery = func(string) string { return "" } }},
	{"query added on the way", "query", "added, removed or changed", onTheWay(func(r *http.Request) { r.RequestURI += "&trace=1" })},
	{"slash in the query bare", "query", "encoded differently", func(b *badSigner) {
		b.query = "a=x%2Fy"
		b.canonicalQuery = func(q string) string { return "a=x/y" }
	}},
	{"value without =", "query", `needs its "="`, func(b *badSigner) { b.query = "flag"; b.canonicalQuery = same }},

	{"method in lower case", "method", `"post"`, textAs(func(s string) string { return "post" + s[4:] })},
	{"method changed on the way", "method", `"PUT"`, onTheWay(func(r *http.Request) { r.Method = "PUT" })},

	{"header not trimmed", "header x-note", "not trimmed", func(b *badSigner) {
		b.header.Set("X-Note", "  one   two ")
		b.line = func(name, value string) string { return name + ":" + value }
	}},
	{"header with an outer blank", "header content-type", "not trimmed", lineAs("content-type", func(v string) string { return " " + v })},
	{"header ends in CRLF", "header content-type", "not trimmed", lineAs("content-type", func(v string) string { return v + "\r" })},
	{"header changed on the way", "header content-type", "charset", onTheWay(func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-8") })},
	{"header appended by a proxy", "header x-forwarded-for", "roxies", func(b *badSigner) {
		b.header.Set("X-Forwarded-For", "10.0.0.1")
		b.sent = func(r *http.Request) { r.Header.Set("X-Forwarded-For", "10.0.0.1, 10.0.0.2") }
	}},
	{"header added by a proxy", "header x-amz-trace", "added", onTheWay(func(r *http.Request) { r.Header.Set("X-Amz-Trace", "1") })},
	{"header removed by a proxy", "header x-note", "removed", onTheWay(func(r *http.Request) { r.Header.Del("X-Note") })},
	{"hop header emptied by a proxy", "header connection", "Proxies", func(b *badSigner) {
		b.header.Set("Connection", "keep-alive")
		b.sent = func(r *http.Request) { r.Header["Connection"] = []string{""} }
	}},
	{"header not signed though listed", "header content-type", "left out", func(b *badSigner) {
		right := b.line
		b.line = func(n, v string) string {
			if n == "content-type" {
				return ""
			}
			return right(n, v)
		}
	}},
	{"header in lower case", "header content-type", "upper and lower case", lineAs("content-type", strings.ToUpper)},
	{"joined with blanks", "header x-note", "comma alone", func(b *badSigner) {
		b.header["X-Note"] = []string{"one", "two"}
		lineAs("x-note", func(v string) string { return strings.ReplaceAll(v, ",", ", ") })(b)
	}},
	{"bytes of a value taken for ISO-8859-1", "header x-note", "was signed where", func(b *badSigner) {
		b.header.Set("X-Note", "café")
		lineAs("x-note", fromLatin1)(b)
	}},
	{"length in characters", "header content-length", `"19" was signed where the service signs "20"`, func(b *badSigner) {
		b.header.Set("Content-Length", "20")
		lineAs("content-length", func(string) string { return "19" })(b)
	}},
	{"guessed content type", "header content-type", "x-www-form-urlencoded", lineAs("content-type", func(string) string { return "application/x-www-form-urlencoded" })},
	{"headers not sorted", "canonical request", "another order", textAs(func(s string) string {
		lines := strings.Split(s, "\n")
		lines[3], lines[4] = lines[4], lines[3]
		return strings.Join(lines, "\n")
	})},
	{"one header out of order", "canonical request", "another order", textAs(func(s string) string {
		lines := strings.Split(s, "\n")
		lines[4], lines[5] = lines[5], lines[4]
		return strings.Join(lines, "\n")
	})},
	{"names not in lower case", "canonical request", "lower case", textAs(func(s string) string {
		return strings.NewReplacer("content-type:", "Content-Type:", "host:", "Host:", "x-note:", "X-Note:", "x-amz-date:", "X-Amz-Date:").Replace(s)
	})},
	{"host listed twice", "signed headers", "sorted", func(b *badSigner) {
		b.list = func(names []string) string { return strings.Replace(strings.Join(names, ";"), "host", "host;host", 1) }
	}},
	{"signed headers not sorted", "signed headers", "sorted", func(b *badSigner) {
		b.list = func(names []string) string { return strings.Join(backwards(names), ";") }
	}},

	{"Host with a port", "host", "443", lineAs("host", func(v string) string { return v + ":443" })},
	{"Host with a port on the way", "host", "8443", onTheWay(func(r *http.Request) { r.Host += ":8443" })},
	{"Host changed on the way", "host", "gateway.internal", onTheWay(func(r *http.Request) { r.Host = "gateway.internal" })},
	{"host of FIPS", "host", "another host", lineAs("host", func(string) string { return "other-fips.us-west-2.amazonaws.com" })},
	{"another host", "host", "another host", lineAs("host", func(string) string { return "runtime.us-west-2.example.com" })},

	{"key of another region", "region", "us-west-2", func(b *badSigner) {
		b.key = func(b *badSigner) []byte {
			key := Signer{Region: "us-west-2", Service: b.service}.deriveKey(b.secret, b.date.Format("20060102"))
			return key[:]
		}
	}},
	{"key of another service", "service", "other", func(b *badSigner) {
		b.key = func(b *badSigner) []byte {
			key := Signer{Region: b.region, Service: "other"}.deriveKey(b.secret, b.date.Format("20060102"))
			return key[:]
		}
	}},
	{"wrong region", "region", "us-west-2", func(b *badSigner) { b.region = "us-west-2" }},
	{"wrong service", "service", "other", func(b *badSigner) { b.service = "other" }},
	{"clock behind", "clock", "1h0m0s behind", func(b *badSigner) { b.date = b.date.Add(-time.Hour) }},
	{"clock ahead", "clock", "20m0s ahead", func(b *badSigner) { b.date = b.date.Add(20 * time.Minute) }},
	{"scope of yesterday", "date", "of the day 20260303", onTheWay(func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "20260304", "20260303", 1))
	})},
	{"key of yesterday", "date", "20260303", func(b *badSigner) {
		b.key = func(b *badSigner) []byte {
			key := Signer{Region: b.region, Service: b.service}.deriveKey(b.secret, "20260303")
			return key[:]
		}
	}},
	{"two looks at the clock", "date", "1s later", toSignAs(func(s string) string { return strings.Replace(s, "050607Z", "050608Z", 1) })},
	{"local time", "date", "local", toSignAs(func(s string) string { return strings.Replace(s, "T050607Z", "T070607Z", 1) })},

	{"body changed", "payload hash", "changed after it was hashed", func(b *badSigner) { b.sentBody = func(string) string { return `{"other":true}` } }},
	{"line break behind the body", "payload hash", "with a line break at its end", func(b *badSigner) { b.sentBody = func(s string) string { return s + "\n" } }},
	{"CRLF in the body", "payload hash", "CRLF", func(b *badSigner) {
		b.body = "{\n\"a\":1\n}"
		b.sentBody = func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	}},
	{"body lost", "payload hash", "lost", func(b *badSigner) { b.sentBody = func(string) string { return "" } }},
	{"empty body signed", "payload hash", "empty body was signed", func(b *badSigner) { b.payload = func(string) string { return EmptyPayloadHash } }},
	{"body signed as Python writes it", "payload hash", "compact JSON with blanks", func(b *badSigner) {
		b.payload = func(string) string { return HashPayload([]byte(`{"b": "\u00fc", "a": [1, 2]}`)) }
	}},
	{"UNSIGNED-PAYLOAD", "payload hash", "UNSIGNED", func(b *badSigner) { b.payload = func(string) string { return UnsignedPayload } }},
	{"body in ISO-8859-1", "payload hash", "ISO-8859-1", func(b *badSigner) { b.payload = func(s string) string { return HashPayload([]byte(latin1(s))) } }},
	{"body in UTF-8 encoded twice", "payload hash", "encoded twice", func(b *badSigner) { b.sentBody = fromLatin1 }},
	{"body cut", "payload hash", "cut to as many bytes", func(b *badSigner) { b.sentBody = func(s string) string { return s[:len(s)-1] } }},
	{"MD5 of the body", "payload hash", "as its MD5", func(b *badSigner) {
		b.payload = func(s string) string { sum := md5.Sum([]byte(s)); return hex.EncodeToString(sum[:]) }
	}},
	{"hash of no body in upper case", "payload hash", "upper case", func(b *badSigner) {
		b.body = ""
		b.payload = func(string) string { return strings.ToUpper(EmptyPayloadHash) }
	}},
	{"body itself", "payload hash", "the body itself", func(b *badSigner) { b.payload = same }},
	{"hash in upper case", "payload hash", "upper case", func(b *badSigner) {
		b.payload = func(s string) string { return strings.ToUpper(HashPayload([]byte(s))) }
	}},

	{"token missing", "session token", "missing", func(b *badSigner) {
		b.token = "token/of+many==bytes"
		b.sent = func(r *http.Request) { r.Header.Del("X-Amz-Security-Token") }
	}},
	{"token not signed", "session token", "not covered", onTheWay(func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "token/of+many==bytes") })},
	{"token of others", "session token", "not the one", func(b *badSigner) {
		b.token = "token/of+many==bytes"
		b.sent = func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "another/token==") }
	}},
	{"token percent-encoded", "session token", "percent-encoded", func(b *badSigner) {
		b.token = "token/of+many==bytes"
		lineAs("x-amz-security-token", url.QueryEscape)(b)
	}},
	{"token left out", "session token", "left out", func(b *badSigner) {
		b.token = "token/of+many==bytes"
		right := b.line
		b.line = func(n, v string) string {
			if n == "x-amz-security-token" {
				return ""
			}
			return right(n, v)
		}
	}},

	{"secret with a line break", "secret", "trailing newline", secretAs(example.SecretAccessKey + "\n")},
	{"secret with CRLF", "secret", "CRLF", secretAs(example.SecretAccessKey + "\r\n")},
	{"secret in quotes", "secret", "quotation", secretAs(`"` + example.SecretAccessKey + `"`)},
	{"secret percent-encoded", "secret", "percent-encoded", secretAs(url.QueryEscape(example.SecretAccessKey))},
	{"plus lost in the secret", "secret", "blank", secretAs(strings.ReplaceAll(example.SecretAccessKey, "+", " "))},
	{"secret with a blank that does not break", "secret", "does not break", secretAs(example.SecretAccessKey + "\u00a0")},
	{"another secret", "secret", "another secret", secretAs("another secret altogether, of forty bytes")},
	{"AWS4 missing", "signing key", "AWS4", func(b *badSigner) {
		b.key = func(b *badSigner) []byte {
			key := []byte(b.secret)
			for _, step := range []string{b.date.Format("20060102"), b.region, b.service, terminator} {
				sum := mac(key, []byte(step))
				key = sum[:]
			}
			return key
		}
	}},

	{"steps of the key swapped", "signing key", `the steps are region, day, service, "aws4_request"`, func(b *badSigner) {
		b.key = func(b *badSigner) []byte {
			return chain("AWS4"+b.secret, b.region, b.date.Format("20060102"), b.service, terminator)
		}
	}},
	{"HMAC's arguments swapped", "signing key", "swapped", func(b *badSigner) {
		b.key = func(b *badSigner) []byte {
			return swappedChain("AWS4"+b.secret, b.date.Format("20060102"), b.region, b.service, terminator)
		}
	}},

	{"canonical request with CRLF", "canonical request", "CRLF", textAs(func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") })},
	{"line break behind the canonical request", "canonical request", "trailing newline", textAs(func(s string) string { return s + "\n" })},
	{"no empty line behind the headers", "canonical request", "empty line", textAs(func(s string) string { return strings.Replace(s, "\n\n", "\n", 1) })},
	{"string to sign with CRLF", "string to sign", "CRLF", toSignAs(func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") })},
	{"line break behind the string to sign", "string to sign", "trailing newline", toSignAs(func(s string) string { return s + "\n" })},
	{"scope before the time", "string to sign", "before the time", toSignAs(func(s string) string {
		lines := strings.Split(s, "\n")
		return strings.Join([]string{lines[0], lines[2], lines[1], lines[3]}, "\n")
	})},
	{"payload hash to sign", "string to sign", "payload hash stands", toSignAs(func(s string) string {
		return s[:len(s)-64] + HashPayload([]byte(newBadSigner().body))
	})},
	{"algorithm missing", "string to sign", "algorithm", toSignAs(func(s string) string { return strings.TrimPrefix(s, algorithm+"\n") })},
}
