package bedrocktest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseFault reads a fault as X-Mock-Fault has it: words and settings between
// semicolons, each once, combined from left to right.
//
//	ThrottlingException; header.Retry-After=2
//	throttlingException; at=3; message=slow down
//	reset; bytes=100
//	silence; at=2
//	status=418; delay=300ms
//
// The words are FaultNames; the settings are at, body, bytes, code, delay,
// drip, header.NAME, message, size (of the body), status and write (bytes a
// write).
func ParseFault(text string) (Fault, error) {
	var f Fault
	seen := map[string]bool{}
	for word := range strings.SplitSeq(text, ";") {
		key, value, setting := strings.Cut(strings.TrimSpace(word), "=")
		var err error
		if setting {
			err = f.set(key, value)
		} else {
			err = f.add(key)
			switch {
			case slices.Contains(exceptions, key):
				key = "exception"
			case statusOf(key) != 0:
				key = "code"
			}
		}
		if err == nil && seen[key] {
			err = fmt.Errorf("a second %s", key)
		}
		if err != nil {
			return Fault{}, fmt.Errorf("fault %q: %w", text, err)
		}
		seen[key] = true
	}
	if err := f.check(); err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w", text, err)
	}
	return f, nil
}

// add combines f with a fault that goes by one word.
func (f *Fault) add(word string) error {
	if slices.Contains(exceptions, word) {
		f.Exception = word
		return nil
	}
	if statusOf(word) != 0 {
		f.Code = word
		return nil
	}
	n, ok := named[word]
	if !ok {
		return fmt.Errorf("unknown word %q: there are %s", word, strings.Join(FaultNames(), ", "))
	}
	f.Status, f.Body, f.BodySize = max(f.Status, n.Status), or(n.Body, f.Body), max(f.BodySize, n.BodySize)
	f.Code, f.Message = cmp.Or(f.Code, n.Code), cmp.Or(f.Message, n.Message)
	f.Corrupt, f.Break = f.Corrupt+n.Corrupt, f.Break+n.Break
	f.NoEnd, f.Gzip = f.NoEnd || n.NoEnd, f.Gzip || n.Gzip
	f.WriteSize, f.Drip = max(f.WriteSize, n.WriteSize), max(f.Drip, n.Drip)
	for k, v := range n.Header {
		f.setHeader(k, v)
	}
	return nil
}

func or[T any](a, b *T) *T {
	if a != nil {
		return a
	}
	return b
}

// set reads one setting.
func (f *Fault) set(key, value string) (err error) {
	var n int
	switch key {
	case "at", "bytes", "status", "write", "size":
		if n, err = strconv.Atoi(value); err != nil {
			return fmt.Errorf("%s=%s: not a whole number", key, value)
		}
	}
	switch name, isHeader := strings.CutPrefix(key, "header."); {
	case isHeader:
		f.setHeader(name, value)
	case value == "" && (key == "code" || key == "message"):
		return fmt.Errorf("%s is empty", key)
	case key == "at":
		f.At = &n
	case key == "bytes":
		f.Bytes = &n
	case key == "status":
		f.Status = n
	case key == "write":
		f.WriteSize = n
	case key == "size":
		f.BodySize = n
	case key == "code":
		f.Code = value
	case key == "message":
		f.Message = value
	case key == "body":
		f.Body = &value
	case key == "delay":
		f.Delay, err = time.ParseDuration(value)
	case key == "drip":
		f.Drip, err = time.ParseDuration(value)
	default:
		return fmt.Errorf("unknown setting %q: there are at, body, bytes, code, delay, drip, header.NAME, message, size, status, write", key)
	}
	return err
}

func (f *Fault) setHeader(name, value string) {
	f.Header = maps.Clone(f.Header)
	if f.Header == nil {
		f.Header = map[string]string{}
	}
	f.Header[name] = value
}

// statusOf is the HTTP status of an error code, 0 when it is unknown.
func statusOf(code string) int {
	if slices.Contains(authCodes, code) {
		return http.StatusForbidden
	}
	return statuses[code]
}

// scriptFault is a fault as a script spells it: durations as text, words of
// ParseFault as a short form.
type scriptFault struct {
	Name      string            `json:"name"`
	Operation string            `json:"operation"`
	Model     string            `json:"model"`
	Nth       []int             `json:"nth"`
	Fault     string            `json:"fault"`
	Delay     string            `json:"delay"`
	Status    int               `json:"status"`
	Code      string            `json:"code"`
	Message   string            `json:"message"`
	Header    map[string]string `json:"headers"`
	Body      *string           `json:"body"`
	BodySize  int               `json:"bodySize"`
	At        *int              `json:"at"`
	Exception string            `json:"exception"`
	Corrupt   string            `json:"corrupt"`
	NoEnd     bool              `json:"noEnd"`
	Break     string            `json:"break"`
	Bytes     *int              `json:"bytes"`
	WriteSize int               `json:"writeSize"`
	Drip      string            `json:"drip"`
	Gzip      bool              `json:"gzip"`
}

// ReadScript reads faults from JSON:
//
//	{"faults": [
//	  {"operation": "Converse", "nth": [1, 2], "code": "ThrottlingException", "message": "Too many tokens, please wait before trying again."},
//	  {"operation": "ConverseStream", "exception": "modelStreamErrorException", "at": 3},
//	  {"name": "flaky", "fault": "reset; bytes=100", "delay": "300ms"}
//	]}
//
// The members are the fields of Fault with a small first letter, but "headers"
// for Header; durations are text such as "300ms". "fault" is text for
// ParseFault, and the other members come on top of it.
func ReadScript(data []byte) ([]Fault, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var script struct {
		Faults []json.RawMessage `json:"faults"`
	}
	if err := dec.Decode(&script); err != nil {
		return nil, fmt.Errorf("fault script: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("fault script: more than one JSON value")
	}
	if script.Faults == nil {
		return nil, fmt.Errorf(`fault script: there is no "faults"`)
	}
	var faults []Fault
	for i, raw := range script.Faults {
		f, err := readFault(raw)
		if err != nil {
			return nil, fmt.Errorf("fault script: faults[%d]: %w", i, err)
		}
		faults = append(faults, f)
	}
	return faults, nil
}

func readFault(raw []byte) (f Fault, err error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var s scriptFault
	if err := dec.Decode(&s); err != nil {
		return f, err
	}
	if s.Fault != "" {
		if f, err = ParseFault(s.Fault); err != nil {
			return f, err
		}
	}
	for key, text := range map[string]string{"delay": s.Delay, "drip": s.Drip} {
		if text == "" {
			continue
		}
		if err := f.set(key, text); err != nil {
			return f, fmt.Errorf("%s: %w", key, err)
		}
	}
	for name, value := range s.Header {
		f.setHeader(name, value)
	}
	f.Name, f.Operation, f.Model, f.Nth = s.Name, s.Operation, s.Model, s.Nth
	f.Status, f.BodySize, f.WriteSize = cmp.Or(s.Status, f.Status), cmp.Or(s.BodySize, f.BodySize), cmp.Or(s.WriteSize, f.WriteSize)
	f.Code, f.Message = cmp.Or(s.Code, f.Code), cmp.Or(s.Message, f.Message)
	f.Exception, f.Corrupt, f.Break = cmp.Or(s.Exception, f.Exception), cmp.Or(s.Corrupt, f.Corrupt), cmp.Or(s.Break, f.Break)
	f.Body, f.At, f.Bytes = or(s.Body, f.Body), or(s.At, f.At), or(s.Bytes, f.Bytes)
	f.NoEnd, f.Gzip = f.NoEnd || s.NoEnd, f.Gzip || s.Gzip
	return f, f.check()
}
