package bedrocktest

import (
	"bytes"
	"encoding/base64"
	"hash/crc32"
	"io"
	"net/http"
	"strings"

	"rawbedrock/eventstream"
)

// form is how a body is delivered.
type form int

const (
	wholeForm form = iota
	frameForm      // application/vnd.amazon.eventstream
	sseForm        // text/event-stream
)

// response is an answer before it is put on the wire, where a fault may still
// change it.
type response struct {
	status int
	header http.Header
	form   form
	parts  []part
	replay io.ReadCloser // a recorded body; parts are empty then
}

// part is a piece of a body that is written and flushed by itself: a frame, a
// server-sent event, or the whole.
type part struct {
	data   []byte
	tokens int  // of the answer; the rate waits for them
	end    bool // belongs to the stream's proper end
}

func formOf(h http.Header) form {
	switch t := h.Get("Content-Type"); {
	case strings.HasPrefix(t, "application/vnd.amazon.eventstream"):
		return frameForm
	case strings.HasPrefix(t, "text/event-stream"):
		return sseForm
	}
	return wholeForm
}

// whole is a JSON answer.
func whole(status int, v any) *response {
	r := &response{status: status, header: http.Header{}, parts: []part{{data: encode(v)}}}
	r.header.Set("Content-Type", "application/json")
	return r
}

// frames is an answer in event-stream frames.
func frames() *response {
	r := &response{status: http.StatusOK, header: http.Header{}, form: frameForm}
	r.header.Set("Content-Type", "application/vnd.amazon.eventstream")
	return r
}

// sse is an answer in server-sent events.
func sse() *response {
	r := &response{status: http.StatusOK, header: http.Header{}, form: sseForm}
	r.header.Set("Content-Type", "text/event-stream")
	r.header.Set("Cache-Control", "no-cache")
	return r
}

// event adds a frame with the payload, padded as Bedrock pads it against
// traffic analysis.
func (r *response) event(kind string, payload map[string]any, tokens int) {
	payload["p"] = padding(encode(payload))
	r.parts = append(r.parts, part{data: frame(":event-type", kind, "event", encode(payload)), tokens: tokens})
}

// chunk adds a frame of InvokeModelWithResponseStream: the model's own JSON in
// base64.
func (r *response) chunk(model []byte, tokens int) {
	r.event("chunk", map[string]any{"bytes": base64.StdEncoding.EncodeToString(model)}, tokens)
}

// data adds a server-sent event of the given lines.
func (r *response) data(tokens int, lines ...string) {
	r.parts = append(r.parts, part{data: []byte(strings.Join(lines, "\n") + "\n\n"), tokens: tokens})
}

// sseData is the line of a server-sent event that holds a value.
func sseData(v any) string { return "data: " + string(encode(v)) }

// endFrom marks the parts from the nth on as the stream's proper end.
func (r *response) endFrom(n int) {
	for i := n; i < len(r.parts); i++ {
		r.parts[i].end = true
	}
}

// recorded is an answer from elsewhere, without the headers that belong to the
// connection it came over.
func recorded(resp *http.Response) *response {
	h := resp.Header.Clone()
	for _, name := range []string{"Connection", "Keep-Alive", "Transfer-Encoding"} {
		drop(h, name)
	}
	return &response{status: resp.StatusCode, header: h, form: formOf(h), replay: resp.Body}
}

func (r *response) size() int {
	n := 0
	for _, p := range r.parts {
		n += len(p.data)
	}
	return n
}

// load reads a recorded body into parts, so that a fault finds its events.
func (r *response) load() error {
	defer r.replay.Close()
	body, err := io.ReadAll(r.replay)
	if err != nil {
		return err
	}
	r.replay, r.header = nil, r.header.Clone()
	drop(r.header, "Content-Length")
	switch r.form {
	case frameForm:
		d := eventstream.NewDecoder(bytes.NewReader(body))
		for start := int64(0); ; start = d.Offset() {
			if _, err := d.Decode(); err != nil {
				body = body[start:]
				break
			}
			r.parts = append(r.parts, part{data: body[start:d.Offset()]})
		}
	case sseForm:
		for event := range bytes.SplitAfterSeq(body, []byte("\n\n")) {
			r.parts = append(r.parts, part{data: event})
		}
		body = nil
	}
	if len(body) > 0 {
		r.parts = append(r.parts, part{data: body})
	}
	return nil
}

// padding is 2 to 61 characters, the same for the same payload.
func padding(payload []byte) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return alphabet[:2+crc32.ChecksumIEEE(payload)%60]
}

// frame encodes one message with Bedrock's three headers, in its order.
func frame(kindHeader, kind, messageType string, payload []byte) []byte {
	b, err := eventstream.Append(nil, eventstream.Message{
		Headers: eventstream.Headers{
			{Name: kindHeader, Value: eventstream.String(kind)},
			{Name: ":content-type", Value: eventstream.String("application/json")},
			{Name: ":message-type", Value: eventstream.String(messageType)},
		},
		Payload: payload,
	})
	if err != nil {
		panic("bedrocktest: internal error: " + err.Error()) // only frames made here are encoded
	}
	return b
}
