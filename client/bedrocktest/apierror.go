package bedrocktest

import (
	"fmt"
	"net/http"
)

// apiError is a refusal as AWS words it.
type apiError struct {
	status  int
	code    string // the shape's name: ValidationException
	message string
	auth    bool // refused by the layer before the service: another suffix
	capital bool // the body says "Message", as IAM and API keys do
	hint    string
	body    any // in place of {"message":…}
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// refused tells whether the caller was not let in at all.
func (e *apiError) refused() bool { return e.auth || e.capital }

// statuses are the HTTP statuses of the service's errors. Source: the service
// model of Amazon Bedrock Runtime and the page Common Errors.
var statuses = map[string]int{
	"AccessDeniedException":         403,
	"ConflictException":             400,
	"InternalServerException":       500,
	"ModelErrorException":           424,
	"ModelNotReadyException":        429,
	"ModelStreamErrorException":     424,
	"ModelTimeoutException":         408,
	"ResourceNotFoundException":     404,
	"ServiceQuotaExceededException": 400,
	"ServiceUnavailableException":   503,
	"ThrottlingException":           429,
	"ValidationException":           400,
}

func invalid(message string) *apiError {
	return &apiError{status: 400, code: "ValidationException", message: message}
}

func notFound(message string) *apiError {
	return &apiError{status: 404, code: "ResourceNotFoundException", message: message}
}

func invalidModel() *apiError { return invalid("The provided model identifier is invalid.") }

// malformed is the answer to a body that does not fit the model's schema; what
// begins with the place: "#: required key [prompt] not found".
func malformed(what string) *apiError {
	return invalid("Malformed input request: " + what + ", please reformat your input and try again.")
}

// constraint is the answer to a value outside the service model.
func constraint(value any, member, what string) *apiError {
	return invalid(fmt.Sprintf("1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, member, what))
}

// The two suffixes of x-amzn-ErrorType: from the service, and from the layer
// that checks identities before it.
const (
	serviceSuffix = ":http://internal.amazon.com/coral/com.amazon.bedrock/"
	authSuffix    = ":http://internal.amazon.com/coral/com.amazon.coral.service/"
)

// response puts the error on the wire's form.
func (e *apiError) response() *response {
	suffix, key := serviceSuffix, "message"
	if e.auth {
		suffix = authSuffix
	}
	if e.capital {
		key = "Message"
	}
	body := e.body
	if body == nil {
		body = map[string]any{key: e.message}
	}
	r := whole(e.status, body)
	setRaw(r.header, "x-amzn-ErrorType", e.code+suffix)
	if e.hint != "" {
		r.header.Set("X-Mock-Hint", e.hint)
	}
	return r
}

// setRaw sets a header under the very name given: AWS's names are partly in
// lower case, and clients that compare them find out here.
func setRaw(h http.Header, name, value string) { h[name] = []string{value} }
