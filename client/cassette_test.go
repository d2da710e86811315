package client

import (
	"context"
	"errors"
	"strings"
	"testing"

	"rawbedrock/client/bedrocktest"
	"rawbedrock/client/cassette"
)

// A conversation of the local Bedrock, recorded once (go test -run
// TestRecordedConversation -record): a throttled attempt, the one that is
// answered, and what nobody recorded. The replay needs no credentials.
func TestRecordedConversation(t *testing.T) {
	server := &bedrocktest.Server{Faults: []bedrocktest.Fault{{Code: "ThrottlingException", Nth: []int{1}}}}
	tape := cassette.ForTest(t)
	c := newClient(t, "http://127.0.0.1", WithTransport(server), WithRecorder(tape.Wrap), WithCredentials(bedrocktest.Credentials()))
	s, err := c.Stream(t.Context(), converseStream)
	if err != nil {
		t.Fatal(err)
	}
	text, events, err := read(s)
	if err != nil || events < 5 || !strings.Contains(text, "Hi") {
		t.Errorf("%q, %d events: %v", text, events, err)
	}
	if n := len(s.Attempts()); n != 2 {
		t.Errorf("%d attempts, want the throttled one and another", n)
	}
}

// A request that was never recorded is said so at once, and not tried again.
func TestUnrecordedRequest(t *testing.T) {
	tape, err := cassette.Open("testdata/cassettes/TestRecordedConversation.cassette", cassette.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, "http://127.0.0.1", WithRecorder(tape.Wrap))
	_, err = c.Do(context.WithoutCancel(t.Context()), converse)
	e := theError(t, err)
	if _, ok := errors.AsType[*cassette.UnmatchedError](err); !ok || len(e.Attempts) != 1 {
		t.Errorf("%d attempts: %v", len(e.Attempts), err)
	}
	if !strings.Contains(e.Detail(), `first difference: path: recorded "/model/us.amazon.nova-2-lite-v1%3A0/converse-stream", got "/model/us.amazon.nova-2-lite-v1%3A0/converse"`) {
		t.Errorf("%s", e.Detail())
	}
}
