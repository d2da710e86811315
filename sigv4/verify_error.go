package sigv4

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
)

// What can be wrong with the signature of a request.
var (
	ErrMissing       = errors.New("the request is not signed")
	ErrIncomplete    = errors.New("the signature is incomplete or malformed")
	ErrScope         = errors.New("the credential scope is wrong")
	ErrExpired       = errors.New("the signature has expired")
	ErrNotYetCurrent = errors.New("the signature lies in the future")
	ErrUnknownKey    = errors.New("the access key id is unknown")
	ErrSessionToken  = errors.New("the session token is missing or wrong")
	ErrExpiredToken  = errors.New("the credentials have expired")
	ErrSignedHeaders = errors.New("the signed headers do not fit the request")
	ErrMismatch      = errors.New("the signature does not match")
)

// VerifyError says why a signature was refused. errors.Is finds the reason;
// Code and Message are what AWS answers, with status 403, in the same case.
//
// Message and CanonicalRequest can hold the caller's session token, so Error,
// fmt, JSON and slog leave them out.
type VerifyError struct {
	Err     error  // one of this package's Err variables
	Code    string // AWS's error code, such as InvalidSignatureException
	Message string // AWS's words; for ErrMismatch they quote the next two

	// What the verifier computed; empty when the check ended before that.
	CanonicalRequest, StringToSign string

	detail string // what Error adds to Err
}

// Error is the reason with what it rests on, in one line and without secrets.
func (e *VerifyError) Error() string {
	if e.detail == "" {
		return "sigv4: " + e.Err.Error()
	}
	return "sigv4: " + e.Err.Error() + ": " + printable(e.detail)
}

// Unwrap returns the reason.
func (e *VerifyError) Unwrap() error { return e.Err }

// Format writes Error for every verb and flag.
func (e *VerifyError) Format(f fmt.State, _ rune) { io.WriteString(f, e.Error()) }

// MarshalText makes JSON and other encoders write Error.
func (e *VerifyError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// LogValue makes slog write Error.
func (e *VerifyError) LogValue() slog.Value { return slog.StringValue(e.Error()) }

// refuse makes the error for a reason whose message is all there is to say.
func refuse(reason error, format string, args ...any) *VerifyError {
	message := fmt.Sprintf(format, args...)
	return &VerifyError{Err: reason, Code: codeOf(reason), Message: message, detail: message}
}

// printable keeps what a stranger sent from breaking the lines of a log.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '.'
		}
		return r
	}, s[:min(len(s), 300)])
}

// codeOf is AWS's error code for a reason. Source: "Common error types" of the
// service API references.
func codeOf(reason error) string {
	switch reason {
	case ErrMissing:
		return "MissingAuthenticationTokenException"
	case ErrIncomplete:
		return "IncompleteSignatureException"
	case ErrUnknownKey, ErrSessionToken:
		return "UnrecognizedClientException"
	case ErrExpiredToken:
		return "ExpiredTokenException"
	}
	return "InvalidSignatureException"
}

func mismatch(want Signature) *VerifyError {
	return &VerifyError{
		Err: ErrMismatch, Code: codeOf(ErrMismatch),
		Message: "The request signature we calculated does not match the signature you provided. " +
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\n" +
			"The Canonical String for this request should have been\n'" + want.CanonicalRequest + "'\n\n" +
			"The String-to-Sign should have been\n'" + want.StringToSign + "'\n",
		CanonicalRequest: want.CanonicalRequest,
		StringToSign:     want.StringToSign,
	}
}
