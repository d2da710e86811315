package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

func TestErrorMeansWhatCodeMessageAndCauseSay(t *testing.T) {
	e := &Error{Code: "ResourceNotFoundException", Status: 404, Message: "This model version has reached the end of its life.", Err: context.Canceled}
	wrapped := fmt.Errorf("outer: %w", e)
	for _, is := range []error{ErrNotFound, ErrEndOfLife, context.Canceled, e} {
		if !errors.Is(wrapped, is) {
			t.Errorf("is not %v", is)
		}
	}
	for _, not := range []error{ErrValidation, ErrUseCaseForm, ErrThrottled, context.DeadlineExceeded, io.EOF} {
		if errors.Is(wrapped, not) {
			t.Errorf("is %v", not)
		}
	}
	if got, ok := errors.AsType[*Error](wrapped); !ok || got != e {
		t.Error("AsType does not find it")
	}
}

func TestSpecialMeaningIsItsGeneralOne(t *testing.T) {
	for special, general := range map[error]error{
		ErrDailyQuota: ErrThrottled, ErrEndOfLife: ErrNotFound, ErrUseCaseForm: ErrNotFound, ErrNeedsInferenceProfile: ErrValidation,
	} {
		if !errors.Is(special, general) || errors.Is(general, special) {
			t.Errorf("%v and %v: want the first to be a case of the second, not the reverse", special, general)
		}
	}
}

func TestAttemptsAreHistory(t *testing.T) {
	e := &Error{Code: "ValidationException", Status: 400, Attempts: []Attempt{{Err: context.DeadlineExceeded}, {Status: 429, Code: "ThrottlingException"}}}
	if errors.Is(e, context.DeadlineExceeded) || errors.Is(e, ErrThrottled) {
		t.Error("an earlier attempt counts")
	}
}

func TestErrorLine(t *testing.T) {
	for _, c := range []struct {
		e    Error
		want string
	}{
		{Error{Op: "Converse", Model: "us.x", Region: "us-east-1", Status: 429, Code: "ThrottlingException", Message: "Too many requests", RequestID: "r-1", Attempts: make([]Attempt, 3)},
			"bedrock: Converse us.x in us-east-1: 429 ThrottlingException: Too many requests (request id r-1, 3 attempts)"},
		{Error{Op: "ConverseStream", Model: "us.x", Code: "ModelStreamErrorException", Message: "broke", Events: 3, Bytes: 512, Attempts: make([]Attempt, 1)},
			"bedrock: ConverseStream us.x: after 3 events (512 bytes): ModelStreamErrorException: broke"},
		{Error{Op: "ChatCompletions", Bytes: 23, Err: fmt.Errorf("%w: %w", ErrIncompleteStream, io.ErrUnexpectedEOF)},
			"bedrock: ChatCompletions: after 0 events (23 bytes): stream ended early: unexpected EOF"},
		{Error{Op: "ListFoundationModels", Err: errors.Join(io.ErrUnexpectedEOF, errors.New("two\nlines"), io.ErrUnexpectedEOF)},
			"bedrock: ListFoundationModels: unexpected EOF; two; lines"},
		{Error{Op: "Invoke", Status: 403, Code: "InvalidSignatureException", Message: "It does not match.\n\nThe Canonical String\n'POST"},
			"bedrock: Invoke: 403 InvalidSignatureException: It does not match."},
		{Error{Op: "Invoke", Status: 500, Message: "\x1b[31mred\x07 and\ttab"}, "bedrock: Invoke: 500: [31mred and tab"},
		{Error{Code: "Forbidden", Status: 403, Err: context.Canceled}, "bedrock: 403 Forbidden: context canceled"},
		{Error{}, "bedrock: failed"},
	} {
		if got := c.e.Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestErrorLineIsShort(t *testing.T) {
	e := &Error{Op: "Converse", Message: strings.Repeat("é", 100_000)}
	if n := len([]rune(e.Error())); n > 450 {
		t.Errorf("one line of %d characters", n)
	}
}

func TestDetail(t *testing.T) {
	e := &Error{
		Op: "Converse", Model: "m", Region: "us-east-1", Status: 424, Code: "ModelErrorException", Message: "failed", RequestID: "r-2",
		Endpoint: "https://bedrock-runtime.us-east-1.amazonaws.com", OriginalStatus: 400, OriginalMessage: "bad prompt", Hint: "Change it.",
		Attempts: []Attempt{
			{Status: 503, Code: "ServiceUnavailableException", Duration: 250 * time.Millisecond},
			{Err: io.ErrUnexpectedEOF, Wait: 40 * time.Millisecond, Duration: time.Second},
			{Status: 424, Code: "ModelErrorException", Wait: 2 * time.Second, Duration: 3 * time.Second},
		},
	}
	want := `bedrock: Converse m in us-east-1: 424 ModelErrorException: failed
  request id: r-2
  endpoint: https://bedrock-runtime.us-east-1.amazonaws.com
  model's own error: 400 bad prompt
  attempts: 503 ServiceUnavailableException after 250ms; waited 40ms, unexpected EOF after 1s; waited 2s, 424 ModelErrorException after 3s
  hint: Change it.`
	if got := e.Detail(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
