package client

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"rawbedrock/eventstream"
)

// TestReadEventsOfRecordings reads every recorded stream whole, and cut short
// behind its first message.
func TestReadEventsOfRecordings(t *testing.T) {
	for _, r := range recordings(t) {
		if r.Operation != "converse-stream" && r.Operation != "invoke-with-response-stream" || r.BodyFidelity != "exact" || len(r.Events) == 0 {
			continue
		}
		n := 0
		for _, err := range ReadEvents(bytes.NewReader(r.Response.Body)) {
			e, ok := errors.AsType[*Error](err)
			if ok && e.Code == "" && !errors.Is(e, ErrIncompleteStream) {
				t.Errorf("%s: %v", r.ID, err)
			}
			n++
		}
		if n != len(r.Events) {
			t.Errorf("%s: %d events, want %d", r.ID, n, len(r.Events))
		}
		d := eventstream.NewDecoder(bytes.NewReader(r.Response.Body))
		d.Decode()
		var last error
		for _, err := range ReadEvents(bytes.NewReader(r.Response.Body[:d.Offset()])) {
			last = err
		}
		if n > 1 && !errors.Is(last, ErrIncompleteStream) {
			t.Errorf("%s: its first message alone: %v", r.ID, last)
		}
	}
}

func TestReadEventsOfOtherStreams(t *testing.T) {
	message := func(kind, name string) []byte {
		b, err := eventstream.Append(nil, eventstream.Message{Payload: []byte(`{"message":"no"}`), Headers: eventstream.Headers{
			{Name: ":message-type", Value: eventstream.String(kind)},
			{Name: ":" + kind + "-type", Value: eventstream.String(name)},
		}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	other := message("event", "TranscriptEvent")
	for _, tt := range []struct {
		stream []byte
		events int
		is     error
	}{
		{nil, 0, ErrIncompleteStream},
		{other, 1, nil},
		{append(other[:len(other):len(other)], message("exception", "throttlingException")...), 1, ErrThrottled},
		{other[:len(other)-1], 0, io.ErrUnexpectedEOF},
		{append(bytes.Clone(other[:len(other)-1]), 'x'), 0, eventstream.ErrMessageChecksum},
	} {
		n := 0
		var last error
		for _, err := range ReadEvents(bytes.NewReader(tt.stream)) {
			if last = err; err == nil {
				n++
			}
		}
		if n != tt.events || (last == nil) != (tt.is == nil) || !errors.Is(last, tt.is) && tt.is != nil {
			t.Errorf("%d events, %v; want %d, %v", n, last, tt.events, tt.is)
		}
	}
}
