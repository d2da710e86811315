package client

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"rawbedrock/client/operation"
	"rawbedrock/testdata/vectors"
)

// traffic is one exchange that others recorded from AWS.
type traffic struct {
	ID, Operation string
	Status        int
	BodyFidelity  string `json:"body_fidelity"`
	Request       struct{ Method, URL string }
	Response      struct {
		Status  int
		Headers map[string]any
		Body    []byte `json:"body_b64"`
	}
	Events []struct {
		Headers     map[string]any
		PayloadText string `json:"payload_text"`
	}
}

func (r traffic) header() http.Header {
	h := http.Header{}
	for name, v := range r.Response.Headers {
		switch v := v.(type) {
		case string:
			h.Set(name, v)
		case []any:
			for _, s := range v {
				if s, ok := s.(string); ok {
					h.Add(name, s)
				}
			}
		}
	}
	h.Del("Content-Encoding") // the recorders stored what was decoded
	return h
}

// wire answers every request with the recording.
func (r traffic) wire() http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: r.Response.Status, Header: r.header(), Request: req,
			ContentLength: int64(len(r.Response.Body)), Body: io.NopCloser(bytes.NewReader(r.Response.Body)),
		}, nil
	})
}

// The frames of every recorded stream come out as an independent decoder saw
// them, to the stream's own end or to the exception in it.
func TestRecordedStreams(t *testing.T) {
	ops := map[string]operation.Operation{
		"converse-stream": operation.ConverseStream, "invoke-with-response-stream": operation.InvokeModelWithResponseStream,
	}
	n := 0
	for _, r := range vectors.Lines[traffic](t, "recordings/bedrock.jsonl") {
		op, ok := ops[r.Operation]
		if !ok || r.Response.Status != 200 || !strings.HasPrefix(r.BodyFidelity, "exact") || len(r.Events) == 0 {
			continue
		}
		n++
		c := newClient(t, "http://127.0.0.1", WithTransport(r.wire()))
		s, err := c.Stream(t.Context(), Request{Op: op, Labels: []string{"m"}, Body: []byte(`{}`)})
		if err != nil {
			t.Errorf("%s: %v", r.ID, err)
			continue
		}
		i := 0
		for ev, err := range s.Events() {
			if i >= len(r.Events) {
				if err == nil {
					t.Errorf("%s: event %d is one too many", r.ID, i)
				}
				break
			}
			want := r.Events[i]
			if want.Headers[":message-type"] != "event" {
				if e := theError(t, err); e.Message != gjson.Get(want.PayloadText, "message").Str || e.Events != i {
					t.Errorf("%s: event %d: got %v, want %s", r.ID, i, e, want.PayloadText)
				}
				i++
				break
			}
			if err != nil {
				t.Errorf("%s: event %d: %v", r.ID, i, err)
				break
			}
			payload := want.PayloadText
			if ev.Type == "chunk" {
				b, _ := base64.StdEncoding.DecodeString(gjson.Get(payload, "bytes").Str)
				payload = string(b)
			}
			if ev.Type != want.Headers[":event-type"] || string(ev.Payload) != payload {
				t.Errorf("%s: event %d is %s %.80s, want %.80s", r.ID, i, ev.Type, ev.Payload, payload)
			}
			i++
		}
		if i != len(r.Events) {
			t.Errorf("%s: %d events, want %d", r.ID, i, len(r.Events))
		}
	}
	t.Logf("vectors: %d recorded streams", n)
}

// Every whole answer with status 200 passes as it was recorded.
func TestRecordedAnswers(t *testing.T) {
	ops := map[string]operation.Operation{"converse": operation.Converse, "invoke": operation.InvokeModel, "count-tokens": operation.CountTokens}
	for _, r := range vectors.Lines[traffic](t, "recordings/bedrock.jsonl") {
		op, ok := ops[r.Operation]
		if !ok || r.Response.Status != 200 {
			continue
		}
		c := newClient(t, "http://127.0.0.1", WithTransport(r.wire()))
		resp, err := c.Do(t.Context(), Request{Op: op, Labels: []string{"m"}, Body: []byte(`{}`)})
		if bytes.Contains(r.Response.Body, []byte("UnknownOperationException")) {
			if !errors.Is(err, ErrUnknownOperation) {
				t.Errorf("%s: %v, want ErrUnknownOperation", r.ID, err)
			}
		} else if err != nil {
			t.Errorf("%s: %v", r.ID, err)
		} else if !bytes.Equal(resp.Body, r.Response.Body) {
			t.Errorf("%s: the body changed", r.ID)
		}
	}
}

// SSE streams come out record by record.
func TestRecordedSSE(t *testing.T) {
	for _, r := range vectors.Lines[traffic](t, "recordings/bedrock.jsonl") {
		if !strings.HasPrefix(r.Operation, "mantle ") || !bytes.Contains(r.Response.Body, []byte("\n\n")) {
			continue
		}
		c := newClient(t, "http://127.0.0.1", WithTransport(r.wire()))
		s, err := c.Stream(t.Context(), Request{Op: operation.CreateResponse, Body: []byte(`{"stream":true}`)})
		if err != nil {
			t.Errorf("%s: %v", r.ID, err)
			continue
		}
		want := strings.Count("\n"+string(r.Response.Body), "\ndata: {")
		if _, n, err := read(s); err != nil || n != want {
			t.Errorf("%s: %d events, want %d: %v", r.ID, n, want, err)
		}
	}
}
