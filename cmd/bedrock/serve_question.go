package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"rawbedrock/client"
	"rawbedrock/client/operation"
)

// question is what a request to /prompt asks: what the flags say, overruled by
// the request's own fields.
type question struct {
	sampling
	model, prompt string
}

// field reads one member of the request into a question.
type field func(q *question, value json.RawMessage) error

// questionFields are all members that a request can have.
func questionFields(maxTemperature float64) map[string]field {
	return map[string]field{
		"prompt": func(q *question, v json.RawMessage) error { return readText(v, &q.prompt) },
		"system": func(q *question, v json.RawMessage) error { return readText(v, &q.system) },
		"model": func(q *question, v json.RawMessage) error {
			if err := readText(v, &q.model); err != nil {
				return err
			}
			if _, err := operation.Converse.Expand(q.model); err != nil {
				return errors.New("want a model id, an inference profile or an ARN")
			}
			if len(q.model) > maxModelID {
				return fmt.Errorf("no model id has more than %d characters", maxModelID)
			}
			return nil
		},
		"maxTokens": func(q *question, v json.RawMessage) error {
			if json.Unmarshal(v, &q.maxTokens) != nil || q.maxTokens < 1 || q.maxTokens > math.MaxInt32 {
				return errors.New("want a whole number from 1")
			}
			return nil
		},
		"temperature":   func(q *question, v json.RawMessage) error { return readNumber(v, &q.temperature, maxTemperature) },
		"topP":          func(q *question, v json.RawMessage) error { return readNumber(v, &q.topP, 1) },
		"stopSequences": readStop,
	}
}

// maxModelID is modelId's length in Bedrock's service model.
const maxModelID = 2048

func readText(v json.RawMessage, p *string) error {
	if v[0] != '"' || json.Unmarshal(v, p) != nil {
		return errors.New("want a string")
	}
	if strings.Contains(*p, "\ufffd") { // as encoding/json puts it for half a pair
		for _, half := range escapes.FindAllSubmatch(v, -1) {
			if half[1] != nil {
				return fmt.Errorf("\\%s is half a surrogate pair, which is no character", half[1])
			}
		}
	}
	return nil
}

// escapes finds the escapes of a JSON string; its group is half a surrogate pair.
var escapes = regexp.MustCompile(`\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)`)

func readNumber(v json.RawMessage, p **float64, most float64) error {
	var f float64
	if v[0] == 'n' || json.Unmarshal(v, &f) != nil || !(f >= 0 && f <= most) {
		return fmt.Errorf("want a number from 0 to %g", most)
	}
	*p = &f
	return nil
}

func readStop(q *question, v json.RawMessage) error {
	var all []json.RawMessage
	if v[0] != '[' || json.Unmarshal(v, &all) != nil {
		return errors.New("want an array of strings")
	}
	q.stop = nil
	for _, one := range all {
		var text string
		if readText(one, &text) != nil || text == "" {
			return errors.New("want an array of strings, none of them empty")
		}
		q.stop = append(q.stop, text)
	}
	return nil
}

// misfit names the field that a family of models has no place for: without it
// the error is another, or none. Else it is the model.
func (q question) misfit(f client.Family, err error) string {
	for name, leaveOut := range map[string]func(*client.Prompt){
		"system":        func(p *client.Prompt) { p.System = "" },
		"maxTokens":     func(p *client.Prompt) { p.MaxTokens = 0 },
		"temperature":   func(p *client.Prompt) { p.Temperature = nil },
		"topP":          func(p *client.Prompt) { p.TopP = nil },
		"stopSequences": func(p *client.Prompt) { p.Stop = nil },
	} {
		p := q.sampling.prompt(q.prompt)
		leaveOut(&p)
		if _, other := f.Body(p); other == nil || other.Error() != err.Error() {
			return name
		}
	}
	return "model"
}

// checkMediaType wants JSON, in UTF-8 and as it is.
func checkMediaType(h http.Header) error {
	kind, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset := strings.ToLower(parameters["charset"])
	encoding := h.Get("Content-Encoding")
	if err != nil || kind != "application/json" || charset != "" && charset != "utf-8" || encoding != "" && encoding != "identity" {
		return &refusal{status: http.StatusUnsupportedMediaType, code: "unsupported_media_type", message: `want Content-Type: application/json, and a body such as {"prompt":"Hello"}`}
	}
	return nil
}

// read takes a JSON object into the question: each member once, each known,
// each of its type, and nothing behind the object.
func (q *question) read(body []byte, fields map[string]field) error {
	if !utf8.Valid(body) {
		return badRequest("invalid_json", "", "the body is not UTF-8 text")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return badRequest("invalid_json", "", `the body is no JSON object such as {"prompt":"Hello"}`)
	}
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		var value json.RawMessage
		if err == nil {
			err = dec.Decode(&value)
		}
		if err != nil {
			return badRequest("invalid_json", "", "the body is not JSON: "+err.Error())
		}
		name := key.(string)
		read := fields[name]
		switch {
		case read == nil:
			return badRequest(codeUnknownField, clip(name), "there is no such field: there are prompt, model, system, maxTokens, temperature, topP and stopSequences")
		case seen[name]:
			return badRequest("repeated_field", name, "the field stands twice")
		}
		seen[name] = true
		if err := read(q, value); err != nil {
			return badRequest("invalid_field", name, err.Error())
		}
	}
	if _, err := dec.Token(); err != nil {
		return badRequest("invalid_json", "", "the body is not JSON: "+err.Error())
	}
	if _, err := dec.Token(); err != io.EOF {
		return badRequest("invalid_json", "", "there is more than one JSON value in the body")
	}
	if strings.TrimSpace(q.prompt) == "" {
		return badRequest("empty_prompt", "prompt", "there is no prompt")
	}
	return nil
}

// badRequest names the field, if there is one, in the message too: people read
// that alone.
func badRequest(code, field, message string) *refusal {
	if field != "" {
		message = field + ": " + message
	}
	return &refusal{status: http.StatusBadRequest, code: code, field: field, message: message}
}
