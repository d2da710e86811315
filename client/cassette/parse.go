package cassette

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// FormatError reports a line that is not of a cassette.
type FormatError struct {
	Path string // "" when it was not read from a file
	Line int    // from 1
	Err  error
}

// Error names file, line and what is wrong.
func (e *FormatError) Error() string {
	place := fmt.Sprintf("line %d", e.Line)
	if e.Path != "" {
		place = fmt.Sprintf("%s:%d", e.Path, e.Line)
	}
	return fmt.Sprintf("cassette: %s: %v", place, e.Err)
}

// Unwrap returns e.Err.
func (e *FormatError) Unwrap() error { return e.Err }

// Parse reads the text of a cassette. What it accepts, Append writes so that
// Parse reads the same. Every error is a *FormatError.
func Parse(data []byte) ([]Interaction, error) {
	p := &parser{lines: strings.Split(string(data), "\n")}
	all, err := p.cassette()
	if err != nil {
		return nil, &FormatError{Line: max(p.n, 1), Err: err}
	}
	return all, nil
}

// parser reads lines; n is the number of the line that was read last.
type parser struct {
	lines []string
	n     int
}

// peek returns the next line; false at the end.
func (p *parser) peek() (string, bool) {
	if p.n >= len(p.lines) || p.n == len(p.lines)-1 && p.lines[p.n] == "" {
		return "", false
	}
	return p.lines[p.n], true
}

func (p *parser) next() (string, bool) {
	line, ok := p.peek()
	if ok {
		p.n++
	}
	return line, ok
}

// skipBlank passes over empty lines.
func (p *parser) skipBlank() {
	for line, ok := p.peek(); ok && line == ""; line, ok = p.peek() {
		p.n++
	}
}

func (p *parser) cassette() ([]Interaction, error) {
	for n, line := range p.lines {
		if strings.HasPrefix(line, "<<<<<<< ") || strings.HasPrefix(line, ">>>>>>> ") {
			p.n = n + 1
			return nil, fmt.Errorf("%.40q is of a merge conflict, which is not resolved", line)
		}
	}
	first, _ := p.next()
	switch {
	case strings.HasPrefix(first, "\uFEFF"):
		return nil, errors.New("a byte order mark stands before the first line: store the file without")
	case first == magic+"\r":
		return nil, errors.New("lines end in CR LF: the file was converted; keep it as it is (.gitattributes: *.cassette -text)")
	case strings.HasPrefix(first, strings.TrimRight(magic, "0123456789")) && first != magic:
		return nil, fmt.Errorf("format %.30q is not known here, only %q", first, magic)
	case first != magic:
		return nil, fmt.Errorf("not a cassette: the first line is not %q", magic)
	}
	if p.lines[len(p.lines)-1] != "" {
		p.n = len(p.lines)
		return nil, errors.New("the last line has no line end: the file is cut short")
	}
	all := []Interaction{}
	for {
		p.skipBlank()
		if _, ok := p.peek(); !ok {
			return all, nil
		}
		i, err := p.interaction()
		if err != nil {
			return nil, err
		}
		all = append(all, i)
	}
}

func (p *parser) interaction() (i Interaction, err error) {
	line, _ := p.next()
	i.Line = p.n
	fields := strings.Split(line, " ")
	if len(fields) != 3 || fields[0] != ">" {
		return i, fmt.Errorf("want a request, '> METHOD URL', this is %.40q", line)
	}
	q, r := &i.Request, &i.Response
	q.Method, q.URL = fields[1], fields[2]
	if q.Header, err = p.header(); err != nil {
		return i, err
	}
	if q.Body, _, err = p.body(nil); err != nil {
		return i, err
	}
	p.skipBlank()
	line, _ = p.next()
	fields = strings.Split(line, " ")
	if len(fields) != 3 || fields[0] != "<" {
		return i, fmt.Errorf("want the answer, '< STATUS +SECONDS', this is %.40q", line)
	}
	if r.Status, err = strconv.Atoi(fields[1]); err != nil || len(fields[1]) != 3 {
		return i, fmt.Errorf("%.20q is not an HTTP status", fields[1])
	}
	if r.After, err = parseClock(fields[2]); err != nil {
		return i, err
	}
	if r.Header, err = p.header(); err != nil {
		return i, err
	}
	if r.Body, r.Arrivals, err = p.body(r); err != nil {
		return i, err
	}
	if err := p.cut(r); err != nil {
		return i, err
	}
	return i, i.check()
}

// header reads lines up to one that is none.
func (p *parser) header() (http.Header, error) {
	h := http.Header{}
	for line, ok := p.peek(); ok && line != "" && line[0] != '\t'; line, ok = p.peek() {
		end := strings.IndexAny(line, ":= ")
		if end < 0 || line[end] == ' ' { // the kind of a body, or a cut
			break
		}
		p.n++
		name, value := line[:end], line[end+1:]
		if value != "" && value[0] != ' ' {
			return nil, fmt.Errorf("want 'Name: value', this is %.40q", line)
		}
		value = strings.TrimPrefix(value, " ")
		if line[end] == '=' {
			var err error
			if value, err = strconv.Unquote(value); err != nil {
				return nil, fmt.Errorf("header %.40q: the value after '=' is not a quoted string", name)
			}
		}
		h.Add(name, value)
	}
	return h, nil
}

// body reads a body if there is one; r is nil for that of a request, which has
// no times.
func (p *parser) body(r *Response) ([]byte, []Arrival, error) {
	line, ok := p.peek()
	if !ok || line == "" || strings.HasPrefix(line, "cut ") || line[0] == '\t' {
		return nil, nil, nil
	}
	p.n++
	first := p.n
	k, whole, err := bodyKind(line, r)
	if err != nil {
		return nil, nil, err
	}
	lines := p.indented()
	if line, ok := p.peek(); ok && line != "" && !strings.HasPrefix(line, "cut ") && !strings.HasPrefix(line, "> ") && !strings.HasPrefix(line, "< ") {
		p.n++
		return nil, nil, fmt.Errorf("a tab begins each line of a body, this is %.40q", line)
	}
	var times []time.Duration
	if k.events && r != nil {
		times, err = cutTimes(lines)
	}
	var body []byte
	var ends []int
	if err == nil {
		body, ends, err = k.join(lines)
	}
	switch e, ok := err.(*lineError); {
	case ok:
		p.n = min(p.n, first+1+e.line)
		return nil, nil, e.err
	case err != nil:
		return nil, nil, err
	case len(body) == 0:
		return nil, nil, errors.New("the body is empty: leave it out")
	case r == nil:
		return body, nil, nil
	case !k.events:
		return body, []Arrival{{len(body), whole}}, nil
	}
	arrivals := make([]Arrival, len(ends))
	for i := range ends {
		arrivals[i] = Arrival{ends[i], times[i]}
	}
	return body, arrivals, nil
}

// bodyKind reads the line before a body: its kind, and when the whole was
// there if that was later than the headers.
func bodyKind(line string, r *Response) (k kind, whole time.Duration, err error) {
	name, after, timed := strings.Cut(line, " +")
	k, ok := kindNamed(name)
	if !ok {
		return k, 0, fmt.Errorf("%.40q is neither a header nor the kind of a body", line)
	}
	if timed && (r == nil || k.events) {
		return k, 0, fmt.Errorf("%.40q: a time does not belong here", line)
	}
	if r != nil {
		whole = r.After
	}
	if timed {
		whole, err = parseClock("+" + after)
	}
	return k, whole, err
}

// indented reads the lines of a body.
func (p *parser) indented() (lines []string) {
	for line, ok := p.peek(); ok && strings.HasPrefix(line, "\t"); line, ok = p.peek() {
		lines = append(lines, line[1:])
		p.n++
	}
	return lines
}

// cutTimes takes the time off the beginning of each line.
func cutTimes(lines []string) ([]time.Duration, error) {
	times := make([]time.Duration, len(lines))
	for i, line := range lines {
		at, text, _ := strings.Cut(line, " ")
		var err error
		if times[i], err = parseClock(at); err != nil {
			return nil, &lineError{i, err}
		}
		lines[i] = text
	}
	return times, nil
}

// cut reads the line that says that a body was cut short.
func (p *parser) cut(r *Response) (err error) {
	line, ok := p.peek()
	if !ok || !strings.HasPrefix(line, "cut ") {
		return nil
	}
	p.n++
	fields := strings.SplitN(line, " ", 3)
	if len(fields) != 3 || oneLine(fields[2]) != fields[2] || fields[2] == "" {
		return fmt.Errorf("want 'cut +SECONDS REASON', this is %.40q", line)
	}
	r.Cut = fields[2]
	r.CutAfter, err = parseClock(fields[1])
	return err
}
