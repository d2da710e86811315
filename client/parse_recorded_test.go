package client

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// recordedErrors are all errors that AWS sent in the recordings, as the
// client reads them, with the message that JSON itself says they hold.
func recordedErrors(t *testing.T, visit func(r recording, e *Error, message string)) {
	for _, r := range recordings(t) {
		h := r.header()
		if unknownOperation(h, r.Response.Body) || r.Response.Status >= 300 {
			visit(r, responseError(r.Operation, r.Response.Status, h, r.Response.Body), recordedMessage(r.Response.Body))
		}
		for _, ev := range r.Events {
			if name, ok := ev.Headers[":exception-type"]; ok {
				visit(r, exceptionError(name, []byte(ev.Payload)), recordedMessage([]byte(ev.Payload)))
			}
		}
		for _, ev := range r.SSE {
			if e, ok := sseError([]byte(ev.Data)); ok {
				t.Errorf("%s: an event is taken for %v", r.ID, e)
			}
		}
	}
}

func recordedMessage(body []byte) string {
	var m struct{ Message string } // matches message too
	json.Unmarshal(body, &m)
	return m.Message
}

func TestRecordedErrors(t *testing.T) {
	count := 0
	recordedErrors(t, func(r recording, e *Error, message string) {
		count++
		e.Op, e.Model, e.Region = r.Operation, r.Model, "us-east-1"
		e.finish()
		code, _, _ := strings.Cut(r.header().Get("X-Amzn-Errortype"), ":")
		if code != "" && e.Status != 0 && e.Code != code {
			t.Errorf("%s: code %q, the header says %q", r.ID, e.Code, code)
		}
		if e.Code == "" || e.Message != message && message != "" {
			t.Errorf("%s: code %q, message %q, want %q", r.ID, e.Code, e.Message, message)
		}
		if want := r.header().Get("X-Amzn-Requestid"); e.Status != 0 && e.RequestID != want {
			t.Errorf("%s: request id %q, want %q", r.ID, e.RequestID, want)
		}
		if codeMeaning(e.Code, 0) == nil {
			t.Errorf("%s: %q has no meaning", r.ID, e.Code)
		}
		if e.Hint == "" && (!errors.Is(e, ErrValidation) || e.row() != nil) {
			t.Errorf("%s: no hint for %v", r.ID, e)
		}
	})
	t.Logf("%d errors", count)
}

// What the recorded fragments mean, whatever else the other recordings hold.
func TestMeaningOfRecordedMessages(t *testing.T) {
	seen := map[string]bool{}
	recordedErrors(t, func(r recording, e *Error, message string) {
		for fragment, is := range map[string]error{
			"throughput isn’t supported":    ErrNeedsInferenceProfile,
			"reached the end of its life":   ErrEndOfLife,
			"Signature expired":             ErrClockSkew,
			"we calculated does not match":  ErrBadSignature,
			"request is expired":            ErrExpiredCredentials,
			"request is invalid":            ErrBadCredentials,
			"API Key is valid":              ErrBadCredentials,
			"is not authorized to perform":  ErrAccessDenied,
			"don't have access":             ErrAccessDenied,
			"Too many tokens":               ErrThrottled,
			"Too many connections":          ErrUnavailable,
			"unable to process":             ErrUnavailable,
			"model identifier is invalid":   ErrValidation,
			"failed to satisfy constraint":  ErrValidation,
			"encountered an unexpected err": ErrModelError,
		} {
			if strings.Contains(message, fragment) {
				if seen[fragment] = true; !errors.Is(e, is) {
					t.Errorf("%s: %v is not %v", r.ID, e, is)
				}
			}
		}
	})
	t.Logf("%d kinds of messages seen", len(seen))
}

// No answer of a model may look like an error.
func TestRecordedAnswersAreNoErrors(t *testing.T) {
	for _, r := range recordings(t) {
		if r.Response.Status == 200 && unknownOperation(r.header(), r.Response.Body) && !strings.Contains(r.ID, "unknown-operation") {
			t.Errorf("%s: taken for an error", r.ID)
		}
	}
}
