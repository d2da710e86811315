package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
)

// classifyCases follow the AWS SDKs' standard retry mode.
var classifyCases = []struct {
	e    Error
	want kind
}{
	{Error{Status: 429, Code: "ThrottlingException", Message: "Too many tokens, please wait before trying again."}, kindThrottle},
	{Error{Status: 400, Code: "Throttling"}, kindThrottle},
	{Error{Status: 503, Code: "SlowDown"}, kindThrottle},
	{Error{Code: "ThrottlingException"}, kindThrottle}, // a frame
	{Error{Status: 429, Code: "rate_limit_error"}, kindThrottle},
	{Error{Status: 429, Code: "ThrottlingException", Message: "Too many tokens per day, please wait before trying again."}, kindNever},
	{Error{Status: 429, Code: "Too Many Requests"}, kindNever}, // as in the SDKs: no code, no throttling
	{Error{Status: 429, Code: "ModelNotReadyException"}, kindTransient},
	{Error{Status: 408, Code: "RequestTimeout"}, kindTransient},
	{Error{Status: 408, Code: "ModelTimeoutException"}, kindNever},
	{Error{Status: 424, Code: "ModelErrorException"}, kindNever},
	{Error{Code: "ModelStreamErrorException"}, kindNever},
	{Error{Status: 500, Code: "InternalServerException"}, kindTransient},
	{Error{Status: 502, Code: "Bad Gateway"}, kindTransient},
	{Error{Status: 503, Code: "ServiceUnavailableException"}, kindTransient},
	{Error{Status: 504, Code: "Gateway Timeout"}, kindTransient},
	{Error{Status: 501, Code: "Not Implemented"}, kindNever},
	{Error{Code: "InternalServerException"}, kindTransient},
	{Error{Code: "ServiceUnavailableException"}, kindTransient},
	{Error{Status: 400, Code: "ValidationException"}, kindNever},
	{Error{Status: 400, Code: "ServiceQuotaExceededException"}, kindNever},
	{Error{Status: 404, Code: "ResourceNotFoundException", Message: "This model version has reached the end of its life."}, kindNever},
	{Error{Status: 403, Code: "ExpiredTokenException"}, kindExpired},
	{Error{Status: 403, Code: "InvalidSignatureException", Message: "Signature expired: …"}, kindSkew},
	{Error{Status: 403, Code: "RequestTimeTooSkewed"}, kindSkew},
	{Error{Status: 403, Code: "AccessDeniedException"}, kindSkew},
	{Error{Status: 403, Code: "UnrecognizedClientException"}, kindNever},
	{Error{Status: 503, Code: "ServiceUnavailableException", Err: context.Canceled}, kindNever},
	{Error{Err: context.DeadlineExceeded}, kindNever},
	{Error{Err: &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}}, kindTransient},
	{Error{Err: fmt.Errorf("x: %w", io.EOF)}, kindTransient},
	{Error{Err: syscall.ECONNRESET}, kindTransient},
	{Error{Err: errors.New("http2: server sent GOAWAY and closed the connection")}, kindTransient},
	{Error{Err: &net.OpError{Op: "dial", Err: &net.DNSError{Name: "x", IsNotFound: true}}}, kindNever},
	{Error{Err: &net.OpError{Op: "dial", Err: &net.DNSError{Name: "x", IsTemporary: true}}}, kindTransient},
	{Error{Err: &tls.CertificateVerificationError{Err: errors.New("x")}}, kindNever},
	{Error{Err: fmt.Errorf("idle: %w", ErrTimeout)}, kindTimeout},
	{Error{Err: fmt.Errorf("x: %w", ErrIncompleteStream)}, kindNever},
	{Error{Err: errors.New("anything else")}, kindTransient},
	{Error{Err: fmt.Errorf("%w: x", ErrNoCredentials)}, kindNever},
	{Error{Err: &proxyError{"p:1", 407}}, kindNever},
	{Error{Err: fmt.Errorf("x: %w", &proxyError{"p:1", 503})}, kindTransient},
	{Error{Status: 429, Code: "ThrottlingException", guessed: true}, kindNever},
	{Error{Status: 503, Code: "ServiceUnavailableException", guessed: true}, kindTransient},
	{Error{}, kindNever},
}

func TestClassify(t *testing.T) {
	for _, c := range classifyCases {
		if got := classify(&c.e); got != c.want {
			t.Errorf("%v: kind %d, want %d", &c.e, got, c.want)
		}
	}
}

func TestEveryShapeHasAMeaning(t *testing.T) {
	for code, s := range shapes {
		if s.is == nil || s.status < 400 || code != foldCode(code) {
			t.Errorf("%s: %+v", code, s)
		}
	}
	for is := range general {
		if general[is] == "" || is == nil {
			t.Errorf("%v has an empty hint", is)
		}
	}
}
