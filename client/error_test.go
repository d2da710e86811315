package client

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

func TestErrorMeansWhatCodeAndCauseSay(t *testing.T) {
	e := &Error{Code: "ThrottlingException", Status: 429, Err: context.Canceled}
	wrapped := fmt.Errorf("outer: %w", e)
	for _, is := range []error{ErrThrottled, context.Canceled, e} {
		if !errors.Is(wrapped, is) {
			t.Errorf("is not %v", is)
		}
	}
	if errors.Is(wrapped, ErrValidation) {
		t.Error("throttling is no validation")
	}
	if got, ok := errors.AsType[*Error](wrapped); !ok || got != e {
		t.Error("AsType does not find it")
	}
}
