package cassette

import (
	"bytes"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"rawbedrock/testdata/vectors"
)

// traffic is one exchange that others recorded from AWS.
type traffic struct {
	ID, Operation string
	BodyFidelity  string `json:"body_fidelity"`
	Request       struct {
		Method  string
		URL     string
		Headers http.Header
		Body    []byte `json:"body_b64"`
	}
	Response struct {
		Status  int
		Headers http.Header
		Body    []byte `json:"body_b64"`
	}
	Events []struct{ Headers map[string]any }
}

func (r traffic) header() http.Header {
	h := canonicalHeader(r.Response.Headers)
	h.Del("Content-Encoding") // the recorders stored what was decoded
	return h
}

func recordings(t *testing.T) []traffic {
	all := vectors.Lines[traffic](t, "recordings/bedrock.jsonl")
	for i := range all {
		q, p := &all[i].Request, &all[i].Response
		if q.Method == "" {
			q.Method = "POST"
		}
		if q.URL == "" {
			q.URL = "https://bedrock-runtime.us-east-1.amazonaws.com/model/" + all[i].ID + "/" + all[i].Operation
		}
		q.URL = strings.ReplaceAll(q.URL, " ", "%20")
		if p.Status == 0 {
			p.Status = 200
		}
	}
	return all
}

// Every body comes back from its text as it was, and streams are readable.
func TestRecordedBodies(t *testing.T) {
	count := map[string]int{}
	for _, r := range recordings(t) {
		for _, body := range [][]byte{r.Request.Body, r.Response.Body} {
			if len(body) == 0 {
				continue
			}
			k, lines, _ := lay(body)
			count[k.name]++
			if back, _, err := k.join(lines); err != nil || !bytes.Equal(back, body) {
				t.Errorf("%s: %s does not give the body back: %v", r.ID, k.name, err)
			}
			if len(r.Events) > 0 && &body[0] == &r.Response.Body[0] {
				checkFrames(t, r, k, lines)
			}
		}
	}
	t.Logf("vectors: kinds of bodies %v", count)
}

func checkFrames(t *testing.T, r traffic, k kind, lines []string) {
	t.Helper()
	if k.name != "frames" || len(lines) < len(r.Events) {
		t.Errorf("%s: a stream of %d events is %d lines of %s", r.ID, len(r.Events), len(lines), k.name)
		return
	}
	for i, e := range r.Events {
		name, _ := e.Headers[":event-type"].(string)
		if exception, ok := e.Headers[":exception-type"].(string); ok {
			name = "!" + exception
		}
		if !strings.HasPrefix(lines[i], name+" ") && !strings.HasPrefix(lines[i], name+"/") {
			t.Errorf("%s: event %d, %s, is written as %.80s", r.ID, i, name, lines[i])
			return
		}
	}
}

// wire answers every request with the recording.
func (r traffic) wire() http.RoundTripper {
	return answer(r.Response.Status, r.header(), string(r.Response.Body))
}

func (r traffic) request(t *testing.T) *http.Request {
	req := newRequest(t, r.Request.Method, r.Request.URL, string(r.Request.Body))
	maps.Copy(req.Header, canonicalHeader(r.Request.Headers))
	req.Header.Del("Content-Encoding")
	return req
}

// Every recording goes to a file and comes back: byte for byte without
// redaction, and equal but for what was taken out with it.
func TestRecordedExchanges(t *testing.T) {
	var exact, changed atomic.Int32
	t.Cleanup(func() {
		t.Logf("vectors: %d replays exact, %d changed by redaction", exact.Load(), changed.Load())
	})
	for _, r := range recordings(t) {
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			for _, none := range []bool{true, false} {
				body := r.recordAndReplay(t, none)
				if bytes.Equal(body, r.Response.Body) {
					exact.Add(1)
					continue
				}
				changed.Add(1)
				if none {
					t.Error("the body changed")
				} else if what := otherChange(r.Response.Body, body); what != "" {
					t.Errorf("the body has a change that is no redaction: %s", what)
				}
			}
		})
	}
}

// recordAndReplay returns the body that a new cassette replays.
func (r traffic) recordAndReplay(t *testing.T, none bool) []byte {
	path := tempFile(t)
	redaction := Redaction{None: none, Getenv: func(string) string { return "" }}
	c := mustOpen(t, path, Options{Mode: Record, Redaction: redaction})
	mustDo(t, c.Wrap(r.wire()), r.request(t))
	mustClose(t, c)
	checkCanonical(t, path)
	if !none {
		if found := scan(path, []byte(readFile(t, path)), newRedactor(redaction)); len(found) > 0 {
			t.Error(found)
		}
	}
	c = mustOpen(t, path, Options{Redaction: redaction})
	resp, body := mustDo(t, c.Wrap(noNetwork(t)), r.request(t))
	if resp.StatusCode != r.Response.Status || len(c.Unused()) > 0 {
		t.Errorf("none %v: status %d, unused %d", none, resp.StatusCode, len(c.Unused()))
	}
	return body
}

// otherChange describes a difference that is none of the redaction; "" when
// there is none.
func otherChange(was, is []byte) string {
	kindWas, linesWas, _ := lay(was)
	kindIs, linesIs, _ := lay(is)
	recorded, now := strings.Join(linesIs, "\n"), strings.Join(linesWas, "\n")
	if kindWas.name == kindIs.name && fits(recorded, now) != fitsNot {
		return ""
	}
	line, want := firstDifference([]byte(recorded), []byte(now))
	return kindIs.name + " line " + strconv.Itoa(line) + ": " + want
}
