package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// dryRunFlag is --dry-run of a command that makes a request, as its help names it.
func dryRunFlag(fs *flag.FlagSet, p *string, request string) {
	choice(fs, p, "dry-run", "", "send nothing; print "+request+" as `form` curl, http, json, or as a program that finds credentials of its own, boto3 (Python) or go; flags of waits, tries and the answer have no effect then", "curl", "http", "json", "boto3", "go")
}

// dryRunForms are the values of --dry-run.
var dryRunForms = map[string]func(w io.Writer, r *http.Request, body []byte) error{
	"curl":  writeCurl,
	"http":  writeHTTP,
	"json":  writeJSON,
	"boto3": writeBoto3,
	"go":    writeGo,
}

// isProgram tells the forms that find credentials of their own.
func isProgram(form string) bool { return form == "boto3" || form == "go" }

var errDryRun = errors.New("dry run: nothing was sent")

// dryRun stands where the wire would be: it keeps the signed request and
// sends nothing.
type dryRun struct {
	request *http.Request
	body    []byte
}

func (d *dryRun) RoundTrip(r *http.Request) (*http.Response, error) {
	d.request = r
	if r.Body != nil {
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		d.body = body
	}
	return nil, errDryRun
}

// show prints the request instead of sending it.
func (a *answerFlags) show(ctx context.Context, e env, s *session, x exchange) error {
	var err error
	if x.stream {
		_, err = s.Stream(ctx, x.request)
	} else {
		_, err = s.Do(ctx, x.request)
	}
	if s.dry.request == nil {
		return err
	}
	out, err := a.open(e)
	if err != nil {
		return err
	}
	p := &printer{out: out}
	err = s.dry.write(e, p, a.dryRun)
	return errors.Join(err, a.done(out, p.n))
}

// write prints the request in one of dryRunForms.
func (d *dryRun) write(e env, w io.Writer, form string) error {
	for _, h := range headers(d.request) {
		if isProgram(form) {
			break
		}
		if h.variable != "" && h.value != h.prefix+e.getenv(h.variable) {
			fmt.Fprintf(e.stderr, "note: the request needs the token it was made with: set %s to it first\n", h.variable)
		}
	}
	return dryRunForms[form](w, d.request, d.body)
}

// header is one line of a request's head. variable is set where a secret
// stands: the value is then prefix plus that environment variable.
type header struct{ name, value, prefix, variable string }

// shown is the value as anything but a shell should see it.
func (h header) shown() string {
	if h.variable != "" {
		return h.prefix + "$" + h.variable
	}
	return h.value
}

// headers lists the head of a request in a fixed order, with tokens replaced
// by the names of their variables. A signature stays: it is good for one body
// and five minutes.
func headers(r *http.Request) []header {
	var list []header
	if r.Host != "" && r.Host != r.URL.Host {
		list = append(list, header{name: "Host", value: r.Host})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			h := header{name: name, value: value}
			switch {
			case name == "X-Amz-Security-Token":
				h.variable = "AWS_SESSION_TOKEN"
			case name == "Authorization" && strings.HasPrefix(value, "Bearer "):
				h.prefix, h.variable = "Bearer ", "AWS_BEARER_TOKEN_BEDROCK"
			}
			list = append(list, h)
		}
	}
	return list
}

// maxArgument is below what Linux lets one argument of a command hold.
const maxArgument = 100 << 10

// writeCurl prints a command that sends the very request: curl's own signing
// is not used, because it encodes these paths wrongly before 8.9. A body that
// cannot be an argument goes through stdin.
func writeCurl(w io.Writer, r *http.Request, body []byte) error {
	var b strings.Builder
	viaStdin := len(body) > maxArgument || !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0
	if viaStdin {
		b.WriteString("base64 --decode <<'END' | ")
	}
	fmt.Fprintf(&b, "curl --silent --show-error --fail-with-body --no-buffer --request %s %s", r.Method, shellQuote(r.URL.String()))
	for _, h := range headers(r) {
		line := shellQuote(h.name + ": " + h.value)
		switch {
		case h.variable != "":
			line = fmt.Sprintf(`"%s: %s$%s"`, h.name, h.prefix, h.variable)
		case h.value == "":
			line = shellQuote(h.name + ";") // with a colon curl leaves it out
		}
		b.WriteString(" \\\n  --header " + line)
	}
	switch {
	case viaStdin:
		b.WriteString(" \\\n  --data-binary @-\n" + wrap(base64.StdEncoding.EncodeToString(body), 76) + "END\n")
	case len(body) > 0:
		b.WriteString(" \\\n  --data-raw " + shellQuote(string(body)) + "\n")
	default:
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shellQuote quotes s for a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// wrap breaks s into lines of n bytes.
func wrap(s string, n int) string {
	var b strings.Builder
	for part := range slices.Chunk([]byte(s), n) {
		b.Write(part)
		b.WriteByte('\n')
	}
	return b.String()
}

// writeHTTP prints the request as HTTP/1.1 would carry it, with plain line
// ends.
func writeHTTP(w io.Writer, r *http.Request, body []byte) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\n", r.Method, r.URL.RequestURI())
	if list := headers(r); len(list) == 0 || list[0].name != "Host" {
		fmt.Fprintf(&b, "Host: %s\n", r.URL.Host)
	}
	for _, h := range headers(r) {
		fmt.Fprintf(&b, "%s: %s\n", h.name, h.shown())
	}
	if len(body) > 0 {
		fmt.Fprintf(&b, "Content-Length: %d\n", len(body))
	}
	fmt.Fprintf(&b, "\n%s\n", body)
	_, err := w.Write(b.Bytes())
	return err
}

// writeJSON prints the request as one JSON object. body is the very text, for
// the signature is over its bytes; one that is not UTF-8 is in bodyBase64.
func writeJSON(w io.Writer, r *http.Request, body []byte) error {
	head := map[string]string{}
	for _, h := range headers(r) {
		head[h.name] = strings.TrimPrefix(head[h.name]+", "+h.shown(), ", ")
	}
	out := struct {
		Method     string            `json:"method"`
		URL        string            `json:"url"`
		Headers    map[string]string `json:"headers"`
		Body       string            `json:"body,omitempty"`
		BodyBase64 []byte            `json:"bodyBase64,omitempty"`
	}{Method: r.Method, URL: r.URL.String(), Headers: head}
	if utf8.Valid(body) {
		out.Body = string(body)
	} else {
		out.BodyBase64 = body
	}
	return printIndented(w, out)
}
