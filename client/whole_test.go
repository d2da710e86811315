package client

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"rawbedrock/client/operation"
	"rawbedrock/sigv4"
)

// What came and is not the answer is an error, and is returned beside it.
func TestAnswerBesideTheError(t *testing.T) {
	w := serve(t, func(c net.Conn, _ int) { io.WriteString(c, whole(200, `{"output":{"mes`, jsonType)) })
	resp, err := newClient(t, w.url).Do(t.Context(), converse)
	if e := theError(t, err); resp == nil || string(resp.Body) != `{"output":{"mes` || string(e.Body) != string(resp.Body) || e.Bytes != 15 || e.Hint == "" {
		t.Errorf("%+v, %v", resp, err)
	}
	typed, err := newClient(t, w.url).Converse(t.Context(), &ConverseRequest{ModelID: testModel})
	if !errors.Is(err, ErrIncompleteStream) || typed == nil || string(typed.Raw) != `{"output":{"mes` {
		t.Errorf("%+v, %v", typed, err)
	}
	c := scripted(t, func(r *http.Request, _ string) (int, string) {
		return 200, strconv.Quote(r.Header.Get("X-Amz-Security-Token"))
	}, WithCredentials(sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "s", SessionToken: "canary-token"}))
	typed, err = c.Converse(t.Context(), &ConverseRequest{ModelID: testModel})
	if e := theError(t, err); typed == nil || string(typed.Raw) != `"canary-token"` || e.Region == "" || e.Endpoint == "" || e.Hint == "" || len(e.Body) == 0 || strings.Contains(string(e.Body), "canary") {
		t.Errorf("%+v, %+v", typed, e)
	}
}

// A model of InvokeModel may answer in a form of its own, and in words of its
// own.
func TestModelsOwnAnswer(t *testing.T) {
	invoke := Request{Op: operation.InvokeModel, Labels: []string{testModel}, Body: []byte(`{}`)}
	for _, tt := range []struct {
		body, contentType string
		ok                bool
	}{
		{`{"message":"Hello"}`, jsonType, true},
		{"\x89PNG", "Content-Type: image/png", true},
		{"\x89PNG", jsonType, false},
		{"\x89PNG", "X: y", false},
		{`{"Output":{"__type":"x#UnknownOperationException"}}`, jsonType, false},
	} {
		w := serve(t, func(c net.Conn, _ int) { io.WriteString(c, whole(200, tt.body, tt.contentType)) })
		resp, err := newClient(t, w.url).Do(t.Context(), invoke)
		if (err == nil) != tt.ok || string(resp.Body) != tt.body {
			t.Errorf("%q of %s: %v", tt.body, tt.contentType, err)
		}
	}
}

func TestErrorBody(t *testing.T) {
	for body, want := range map[string]bool{
		`{"message":"no"}`: true, `{"Message":"no","__type":"X"}`: true, `{"error":{"message":"no"}}`: true, `{"error":"no","code":7}`: true,
		`{"type":"error","error":{"type":"x"},"request_id":"r"}`: true,
		`{}`: false, `[]`: false, `{"message":""}`: false, `{"message":{"role":"assistant"}}`: false, `{"error":null,"id":"r"}`: false,
		`{"message":"no","output":{}}`: false, `{"type":"message"}`: false, `"message"`: false, ``: false,
	} {
		if got := errorBody([]byte(body)); got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
}

// A caller who leaves while waiting for tokens gives the request back, and a
// body cannot fill the bucket.
func TestLimiterGivesBack(t *testing.T) {
	l := newLimiter(0, 10, 100)
	c := newClient(t, "http://127.0.0.1")
	c.limiter = l
	if err := c.admit(&call{Context: t.Context(), client: c}, []byte(`{"max_tokens":-1000000}`)); err != nil {
		t.Fatal(err)
	}
	if l.tokens.level > l.tokens.capacity {
		t.Errorf("the bucket holds %v", l.tokens.level)
	}
	gone := &call{Context: cancelled(t), client: c}
	before := l.requests.level
	for range 3 {
		if err := c.admit(gone, []byte(`{"max_tokens":99999999999999}`)); err == nil {
			t.Error("no error")
		}
	}
	if after := l.requests.level; after < before || l.tokens.level < 0 {
		t.Errorf("requests %v of %v, tokens %v", after, before, l.tokens.level)
	}
}

func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
