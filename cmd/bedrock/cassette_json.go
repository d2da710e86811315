package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"time"
	"unicode/utf8"

	"rawbedrock/client/cassette"
	"rawbedrock/eventstream"
)

// The JSON form of a recording: times in seconds since the request was sent, a
// body as JSON, as text or in base64, or the events of a stream.
type interactionJSON struct {
	Line     int          `json:"line"`
	Request  requestJSON  `json:"request"`
	Response responseJSON `json:"response"`
}

type requestJSON struct {
	Method string      `json:"method"`
	URL    string      `json:"url"`
	Header http.Header `json:"header"`
	bodyJSON
}

type responseJSON struct {
	Status int         `json:"status"`
	After  float64     `json:"after"`
	Header http.Header `json:"header"`
	bodyJSON
	Events   []eventJSON `json:"events,omitempty"`
	Cut      string      `json:"cut,omitempty"`
	CutAfter float64     `json:"cutAfter,omitempty"`
}

// bodyJSON has one member or none.
type bodyJSON struct {
	Body   json.RawMessage `json:"body,omitempty"`
	Text   *string         `json:"text,omitempty"`
	Base64 []byte          `json:"base64,omitempty"`
}

// eventJSON is an event: its type and payload, or a server-sent event's data;
// the whole message where there is more to it; or why the stream breaks here.
type eventJSON struct {
	After   float64         `json:"after"`
	Type    string          `json:"type,omitempty"`
	Payload any             `json:"payload,omitempty"`
	Message json.RawMessage `json:"message,omitempty"`
	Error   string          `json:"error,omitempty"`
}

func showJSON(w io.Writer, all []cassette.Interaction) error {
	out := []interactionJSON{}
	for i := range all {
		q, r := &all[i].Request, &all[i].Response
		shown := interactionJSON{
			Line:     all[i].Line,
			Request:  requestJSON{q.Method, q.URL, q.Header, bodyAsJSON(q.Body)},
			Response: responseJSON{Status: r.Status, After: r.After.Seconds(), Header: r.Header, Cut: r.Cut, CutAfter: r.CutAfter.Seconds()},
		}
		if events := eventsOf(r); events != nil {
			shown.Response.Events = eventsAsJSON(r, events)
		} else {
			shown.Response.bodyJSON = bodyAsJSON(r.Body)
		}
		out = append(out, shown)
	}
	return printIndented(w, out)
}

func bodyAsJSON(body []byte) bodyJSON {
	text := string(body)
	switch {
	case len(body) == 0:
		return bodyJSON{}
	case utf8.Valid(body) && json.Valid(body):
		return bodyJSON{Body: body}
	case utf8.Valid(body):
		return bodyJSON{Text: &text}
	}
	return bodyJSON{Base64: body}
}

func eventsAsJSON(r *cassette.Response, events []recordedEvent) (out []eventJSON) {
	messages := eventstream.NewDecoder(bytes.NewReader(r.Body))
	for _, ev := range events {
		e := eventJSON{After: time.Duration(ev.after).Seconds(), Type: ev.Type}
		switch {
		case ev.err != nil:
			e.Error = ev.err.Error()
		case utf8.Valid(ev.Payload) && json.Valid(ev.Payload):
			e.Payload = json.RawMessage(ev.Payload)
		default:
			e.Payload = string(ev.Payload)
		}
		if m, err := messages.Decode(); err == nil && (ev.err != nil || ev.Type == "") {
			e.Message = eventstream.AppendJSON(nil, m)
		}
		out = append(out, e)
	}
	return out
}
