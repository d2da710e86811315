package bedrocktest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"rawbedrock/client/operation"
	"rawbedrock/eventstream"
	"rawbedrock/testdata/vectors"
)

// recording is an exchange with AWS that somebody recorded.
type recording struct {
	ID        string
	Operation string
	Request   struct {
		Method, URL string
		Headers     map[string][]string
		Body        []byte `json:"body_b64"`
	}
	Response struct {
		Status int
		Body   []byte `json:"body_b64"`
	}
	Status int
	Events []struct {
		Headers map[string]string
		Payload string `json:"payload_text"`
	}
}

// shape is the set of member names in a reply, as paths; free-form parts are
// not looked into.
type shape map[string]bool

var freeForm = []string{"input", "arguments", "trace", "amazon-bedrock-trace", "json", "additionalModelResponseFields", "parameters", "schema", "metadata"}

func (s shape) add(path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			s[path+"."+k] = true
			if !slices.Contains(freeForm, k) {
				s.add(path+"."+k, x)
			}
		}
	case []any:
		for _, x := range v {
			s.add(path+"[]", x)
		}
	}
}

// addBody adds a whole reply, or the events of one.
func (s shape) addBody(t *testing.T, body []byte, stream bool) {
	if !stream {
		var v any
		if err := json.Unmarshal(body, &v); err != nil {
			t.Logf("not JSON: %.60q", body)
			return
		}
		s.add("", v)
		return
	}
	for m, err := range eventstream.NewDecoder(bytes.NewReader(body)).All() {
		if err != nil {
			t.Logf("not decoded: %v", err)
			return
		}
		s.addEvent(t, m.Headers.Text(":event-type"), m.Payload)
	}
}

func (s shape) addEvent(t *testing.T, kind string, payload []byte) {
	var v map[string]any
	if err := json.Unmarshal(payload, &v); err != nil {
		t.Logf("not JSON: %.60q", payload)
		return
	}
	delete(v, "p")
	if b, ok := v["bytes"].(string); ok {
		inner, _ := base64.StdEncoding.DecodeString(b)
		v = nil
		json.Unmarshal(inner, &v)
	}
	s.add(kind, v)
}

// What the mock answers to recorded requests has the members that AWS's
// answers had, and no others.
func TestShapesOfRecordings(t *testing.T) {
	type group struct {
		always, ever, ours shape
		n                  int
	}
	groups := map[string]*group{}
	asked, refused := 0, 0
	server := &Server{Verify: VerifyOff}
	for _, r := range vectors.Lines[recording](t, "recordings/bedrock.jsonl") {
		u, err := url.Parse(r.Request.URL)
		if err != nil || r.Status != 200 || r.Response.Status == 0 && r.Status == 0 {
			continue
		}
		op, labels, ok := operation.Match(r.Request.Method, u.EscapedPath())
		if !ok || len(r.Request.Body) == 0 && op.Method == "POST" || bytes.Contains(r.Response.Body, []byte("UnknownOperation")) {
			continue
		}
		key := op.Name
		o, _ := parseObject(r.Request.Body)
		if strings.Contains(op.Path, "{modelId}") && strings.HasPrefix(op.Name, "Invoke") {
			m, _ := findModel(labels[0])
			key += " " + fmt.Sprint(m.family) + dialectKey(m, o)
		}
		theirs := shape{}
		if r.Events != nil {
			for _, e := range r.Events {
				theirs.addEvent(t, e.Headers[":event-type"], []byte(e.Payload))
			}
		} else {
			theirs.addBody(t, r.Response.Body, false)
		}
		asked++
		reply := replyTo(t, server, r)
		if o.has("inputText") && strings.Contains(labels[len(labels)-1], "nova") {
			continue // an answer that no Nova gives any more
		}
		if op.Name == operation.ListFoundationModels.Name {
			continue // recorded from the console's own, wider list
		}
		if reply.status != 200 {
			if !expectedRefusal(reply) {
				refused++
				t.Logf("%s: %s %s: %d %s", r.ID, op.Name, labels, reply.status, reply.body)
			}
			continue
		}
		ours := shape{}
		if op.Streaming == operation.SSE && o.truth("stream") {
			continue // see TestResponsesStream
		}
		ours.addBody(t, reply.body, op.Streaming == operation.EventStream)
		g := groups[key]
		if g == nil {
			g = &group{always: maps.Clone(theirs), ever: shape{}, ours: shape{}}
			groups[key] = g
		}
		g.n++
		maps.DeleteFunc(g.always, func(p string, _ bool) bool { return !theirs[p] })
		maps.Copy(g.ever, theirs)
		maps.Copy(g.ours, ours)
	}
	if refused*50 > asked {
		t.Errorf("%d of %d requests that AWS answered were refused", refused, asked)
	}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		g := groups[key]
		var missing, extra []string
		for p := range g.always {
			if !g.ours[p] {
				missing = append(missing, p)
			}
		}
		for p := range g.ours {
			if !g.ever[p] {
				extra = append(extra, p)
			}
		}
		slices.Sort(missing)
		slices.Sort(extra)
		t.Logf("%s: %d exchanges, %d members", key, g.n, len(g.ours))
		if len(missing) > 0 && g.n > 1 {
			t.Errorf("%s: every recording has %q", key, missing)
		}
		if len(extra) > 0 && g.n > 2 {
			t.Errorf("%s: no recording has %q", key, extra)
		}
	}
}

// dialectKey tells the bodies of one family apart.
func dialectKey(m model, o object) string {
	switch {
	case m.family == claude && o.has("prompt"), m.family == cohere && o.has("prompt"):
		return " prompt"
	}
	return ""
}

// expectedRefusal knows the models that were alive when they were recorded.
func expectedRefusal(a answerOf) bool {
	return bytes.Contains(a.body, []byte("end of its life")) || bytes.Contains(a.body, []byte("on-demand throughput")) ||
		bytes.Contains(a.body, []byte("is not supported")) // a keyword that AWS took
}

func replyTo(t *testing.T, s *Server, r recording) answerOf {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), r.Request.Method, r.Request.URL, bytes.NewReader(r.Request.Body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range r.Request.Headers {
		if n := http.CanonicalHeaderKey(name); strings.HasPrefix(n, "X-Amzn-Bedrock") || n == "Content-Type" {
			req.Header[n] = values
		}
	}
	return send(t, s, req)
}
