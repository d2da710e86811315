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

// recording is one exchange that others recorded from AWS.
type recording struct {
	ID, Operation, Model string
	Status               int
	BodyFidelity         string `json:"body_fidelity"`
	Request              struct {
		Method, URL string
		Body        []byte `json:"body_b64"`
	}
	Response struct {
		Status  int
		Headers map[string][]string
		Body    []byte `json:"body_b64"`
	}
	Events []struct {
		Headers map[string]string
		Payload string `json:"payload_text"`
	}
	SSE []struct{ Data string } `json:"events_sse"`
}

func recordings(t testing.TB) []recording {
	return vectors.Lines[recording](t, "recordings/bedrock.jsonl")
}

func (r recording) header() http.Header {
	h := http.Header{}
	for name, values := range r.Response.Headers {
		h[http.CanonicalHeaderKey(name)] = values
	}
	h.Del("Content-Encoding") // the recorders stored what was decoded
	return h
}

// wire answers every request with the recording.
func (r recording) wire() http.RoundTripper {
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
	for _, r := range recordings(t) {
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
				if e := theError(t, err); e.Message != gjson.Get(want.Payload, "message").Str || e.Events != i {
					t.Errorf("%s: event %d: got %v, want %s", r.ID, i, e, want.Payload)
				}
				i++
				break
			}
			if err != nil {
				t.Errorf("%s: event %d: %v", r.ID, i, err)
				break
			}
			payload := want.Payload
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
	for _, r := range recordings(t) {
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

// Recordings of bedrock-mantle are read by its operations; streams come out
// record by record, and their pieces are the text of the whole.
func TestRecordedMantle(t *testing.T) {
	var streams, wholes int
	for _, r := range recordings(t) {
		path, ok := strings.CutPrefix(r.Operation, "mantle ")
		if !ok || r.Response.Status != 200 {
			continue
		}
		op, _, ok := operation.Match(r.Request.Method, path)
		if !ok {
			t.Errorf("%s: %s %s is not in the table", r.ID, r.Request.Method, path)
			continue
		}
		op.Host = operation.Mantle
		family, _ := FamilyByName("responses")
		if strings.HasSuffix(path, "/chat/completions") {
			family, _ = FamilyByName("chat")
		}
		c := newClient(t, "http://127.0.0.1", WithTransport(r.wire()))
		if !bytes.Contains(r.Response.Body, []byte("\n\n")) {
			wholes++
			resp, err := c.Do(t.Context(), Request{Op: op})
			if err != nil || op != operation.MantleListModels && family.Text(resp.Body) == "" && !resp.Get("output.#(type==function_call)").Exists() {
				t.Errorf("%s: %v, no text in the answer", r.ID, err)
			}
			continue
		}
		streams++
		s, err := c.Stream(t.Context(), Request{Op: op, Body: []byte(`{"stream":true}`)})
		if err != nil {
			t.Errorf("%s: %v", r.ID, err)
			continue
		}
		n, text, whole := pieces(t, s, family)
		if want := strings.Count("\n"+string(r.Response.Body), "\ndata: {"); n != want {
			t.Errorf("%s: %d events, want %d", r.ID, n, want)
		}
		if text == "" || text != whole {
			t.Errorf("%s: the pieces are %q, the whole is %q", r.ID, text, whole)
		}
	}
	t.Logf("vectors: %d recorded answers of mantle and %d streams", wholes, streams)
}

// pieces counts the events of a stream, joins their texts and gives the text of
// the answer that the last one holds.
func pieces(t *testing.T, s *Stream, f Family) (n int, text, whole string) {
	for ev, err := range s.Events() {
		if err != nil {
			t.Error(err)
			break
		}
		n++
		text += f.Delta(ev.Payload)
		whole = f.Text([]byte(ev.Get("response").Raw))
	}
	return n, text, whole
}
