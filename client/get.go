package client

import (
	"errors"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// get is gjson.Get. The value of a path of mere names and indexes it finds by
// itself, since gjson reads long strings, as answers are, byte by byte. Any
// other path, and whatever is not found, is gjson's.
func get(doc, path string) gjson.Result {
	s := scanner{s: doc}
	if !s.find(path) {
		return gjson.Get(doc, path)
	}
	start := s.i
	if s.skip() != nil {
		return gjson.Get(doc, path)
	}
	raw := doc[start:s.i]
	if raw[0] == '"' {
		if text, exact := unquote(raw); exact {
			return gjson.Result{Type: gjson.String, Raw: raw, Str: text, Index: start}
		}
	}
	r := gjson.Parse(raw)
	r.Index = start
	return r
}

// find goes to the value that a path leads to, if nothing in the path is more
// than a name or an index.
func (s *scanner) find(path string) bool {
	for more := true; more; {
		var step string
		step, path, more = strings.Cut(path, ".")
		if step == "" || !plainStep(step) || !s.enter(step) {
			return false
		}
		s.space()
	}
	return true
}

func plainStep(step string) bool {
	for i := range len(step) {
		if c := step[i]; !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

var errFound = errors.New("found")

// enter goes to the first member of that name or the element of that number.
func (s *scanner) enter(step string) bool {
	at := -1
	switch s.space() {
	case '{':
	case '[':
		if at, _ = strconv.Atoi(step); strconv.Itoa(at) != step {
			return false
		}
	default:
		return false
	}
	return errFound == s.items(func(name string) error {
		if at == 0 || at < 0 && name == step {
			return errFound
		}
		at--
		return s.skip()
	})
}
