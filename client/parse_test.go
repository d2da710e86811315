package client

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

const coralSuffix = ":http://internal.amazon.com/coral/com.amazon.bedrock/"

// responseCases are answers as AWS, compatible APIs and gateways write them.
var responseCases = []struct {
	name, header string
	status       int
	body         string
	code, msg    string
	is           error
}{
	{"header", "ThrottlingException" + coralSuffix, 429, `{"message":"slow"}`, "ThrottlingException", "slow", ErrThrottled},
	{"namespace in the header", "com.amazon#ModelNotReadyException" + coralSuffix, 429, `{"message":"m"}`, "ModelNotReadyException", "m", ErrModelNotReady},
	{"header wins over body", "ValidationException", 400, `{"code":"Other","message":"m"}`, "ValidationException", "m", ErrValidation},
	{"capital Message", "", 403, `{"Message":"no"}`, "AccessDeniedException", "no", ErrAccessDenied},
	{"errorMessage", "", 500, `{"errorMessage":"oops"}`, "InternalServerException", "oops", ErrInternal},
	{"__type", "", 400, `{"__type":"com.amazon.coral.validate#ValidationException","message":"m"}`, "ValidationException", "m", ErrValidation},
	{"code in the body", "", 400, `{"Code":"ServiceQuotaExceededException","message":"m"}`, "ServiceQuotaExceededException", "m", ErrQuota},
	{"another member first", "", 503, `{"exceptionMetadata":{"message":"not this"},"message":"Too many connections"}`, "ServiceUnavailableException", "Too many connections", ErrUnavailable},
	{"OpenAI", "", 400, `{"error":{"code":"validation_error","message":"m","param":null,"type":"invalid_request_error"}}`, "validation_error", "m", ErrValidation},
	{"OpenAI without code", "", 429, `{"error":{"code":null,"message":"m","type":"rate_limit_error"}}`, "rate_limit_error", "m", ErrThrottled},
	{"OpenAI with a number", "", 400, `{"error":{"code":400,"message":"m"}}`, "ValidationException", "m", ErrValidation},
	{"unknown code", "", 429, `{"error":{"code":"brand_new","message":"m"}}`, "brand_new", "m", ErrThrottled},
	{"Anthropic", "", 529, `{"type":"error","request_id":"req_9","error":{"type":"overloaded_error","message":"Overloaded"}}`, "overloaded_error", "Overloaded", ErrUnavailable},
	{"error as text", "", 404, `{"error":"not here"}`, "ResourceNotFoundException", "not here", ErrNotFound},
	{"200 unknown operation", "", 200, `{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}`, "UnknownOperationException", "", ErrUnknownOperation},
	{"404 unknown operation", "", 404, `<UnknownOperationException/>`, "UnknownOperationException", "", ErrUnknownOperation},
	{"XML", "", 403, `<?xml version="1.0"?><ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>a &lt; b</Message></Error></ErrorResponse>`, "SignatureDoesNotMatch", "a < b", ErrBadSignature},
	{"XML root", "", 403, `<AccessDeniedException><Message>no</Message></AccessDeniedException>`, "AccessDeniedException", "no", ErrAccessDenied},
	{"HTML", "", 502, "<!DOCTYPE html>\n<html><head><title>502 Bad\nGateway</title></head></html>", "Bad Gateway", `the answer is HTML, not JSON: "502 Bad Gateway"`, ErrUnavailable},
	{"HTML without title", "", 403, "<html></html>", "Forbidden", "the answer is HTML, not JSON: no title", ErrAccessDenied},
	{"empty", "", 503, "", "Service Unavailable", "the answer has no body", ErrUnavailable},
	{"empty with header", "ExpiredTokenException", 403, " \n", "ExpiredTokenException", "the answer has no body", ErrExpiredCredentials},
	{"HTML instead of an answer", "", 200, "<html><title>Sign in</title>", "", `the answer is HTML, not JSON: "Sign in"`, nil},
	{"text", "", 413, "Request Too Long", "Request Entity Too Large", "Request Too Long", ErrTooLarge},
	{"JSON that says nothing", "", 500, `{"foo":1}`, "Internal Server Error", `{"foo":1}`, ErrInternal},
	{"cut JSON", "", 400, `{"message":"the rest is miss`, "ValidationException", "the rest is miss", ErrValidation},
	{"cut JSON in JSON", "", 400, `{"error":{"code":"too_bad","message":"the rest is miss`, "too_bad", "the rest is miss", ErrValidation},
	{"byte order mark", "", 400, "\ufeff" + `{"message":"m"}`, "ValidationException", "m", ErrValidation},
	{"array", "", 500, `[1,2]`, "Internal Server Error", "[1,2]", ErrInternal},
	{"no header, expired", "", 403, `{"message":"The security token included in the request is expired"}`, "ExpiredTokenException", "The security token included in the request is expired", ErrExpiredCredentials},
	{"no header, signature", "", 403, `{"message":"The request signature we calculated does not match the signature you provided."}`, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided.", ErrBadSignature},
	{"header is nonsense", "\x01 : x", 404, `{"message":"m"}`, "ResourceNotFoundException", "m", ErrNotFound},
}

func TestResponseError(t *testing.T) {
	for _, c := range responseCases {
		h := http.Header{}
		if c.header != "" {
			h.Set("x-amzn-ErrorType", c.header)
		}
		e := responseError("Converse", c.status, h, []byte(c.body))
		e.finish()
		if e.Code != c.code || e.Message != c.msg || e.Status != c.status || c.is != nil && !errors.Is(e, c.is) {
			t.Errorf("%s: %d %q %q, is %v: %v", c.name, e.Status, e.Code, e.Message, c.is, errors.Is(e, c.is))
		}
		if string(e.Body) != c.body && strings.TrimSpace(c.body) != "" {
			t.Errorf("%s: kept %q", c.name, e.Body)
		}
		if e.Hint == "" {
			t.Errorf("%s: no hint", c.name)
		}
	}
}

func TestRequestIDFromHeaderOrBody(t *testing.T) {
	h := http.Header{}
	h.Set("x-amzn-RequestId", "from-header")
	body := []byte(`{"request_id":"from-body","error":{"message":"m"}}`)
	if got := responseError("", 400, h, body).RequestID; got != "from-header" {
		t.Errorf("got %q", got)
	}
	if got := responseError("", 400, nil, body).RequestID; got != "from-body" {
		t.Errorf("got %q", got)
	}
}

func TestModelErrorKeepsTheModelsOwn(t *testing.T) {
	e := responseError("Invoke", 424, nil, []byte(`{"message":"m","originalStatusCode":400,"resourceName":"r","originalMessage":"too long"}`))
	if e.Code != "ModelErrorException" || e.OriginalStatus != 400 || e.OriginalMessage != "too long" {
		t.Errorf("%+v", e)
	}
}

func TestKeptBodyIsBounded(t *testing.T) {
	e := responseError("", 500, nil, []byte(strings.Repeat("é", MaxKeptBody)))
	if len(e.Body) > MaxKeptBody || len(e.Body) < MaxKeptBody-1 || len(e.Message) > maxMessage {
		t.Errorf("kept %d bytes, message of %d", len(e.Body), len(e.Message))
	}
	if strings.ContainsRune(string(e.Body), '\uFFFD') {
		t.Error("a character was cut in two")
	}
}

func TestExceptionError(t *testing.T) {
	for _, c := range []struct {
		name, payload, code, msg string
		is                       error
	}{
		{"throttlingException", `{"message":"slow"}`, "ThrottlingException", "slow", ErrThrottled},
		{"modelStreamErrorException", `{"message":"m","originalStatusCode":500,"originalMessage":"o"}`, "ModelStreamErrorException", "m", ErrModelError},
		{"modelTimeoutException", `{"message":"m"}`, "ModelTimeoutException", "m", ErrModelTimeout},
		{"serviceUnavailableException", `{"Message":"m"}`, "ServiceUnavailableException", "m", ErrUnavailable},
		{"internalServerException", ``, "InternalServerException", "", ErrInternal},
		{"validationException", `not JSON`, "ValidationException", "not JSON", ErrValidation},
		{"InternalFailure", `An internal server error occurred`, "InternalFailure", "An internal server error occurred", ErrInternal},
		{"brandNewException", `{"message":"m"}`, "BrandNewException", "m", nil},
		{"", `{"message":"m"}`, "", "m", nil},
	} {
		e := exceptionError(c.name, []byte(c.payload))
		if e.Status != 0 || e.Code != c.code || e.Message != c.msg || c.is != nil && !errors.Is(e, c.is) {
			t.Errorf("%s: %d %q %q", c.name, e.Status, e.Code, e.Message)
		}
	}
}

func TestSSEError(t *testing.T) {
	for _, c := range []struct {
		data, code, msg string
		is              error
	}{
		{`{"error":{"message":"m","type":"rate_limit_error","code":null}}`, "rate_limit_error", "m", ErrThrottled},
		{`{"error":{"message":"m","code":429}}`, "ThrottlingException", "m", ErrThrottled},
		{`{"error":"m"}`, "", "m", nil},
		{`{"type":"error","error":{"type":"overloaded_error","message":"m"}}`, "overloaded_error", "m", ErrUnavailable},
		{`{"type":"error","code":"server_error","message":"m","param":null,"sequence_number":3}`, "server_error", "m", ErrInternal},
		{`{"type":"response.failed","response":{"id":"r","error":{"code":"server_error","message":"m"}}}`, "server_error", "m", ErrInternal},
		{`{"message":"Too many tokens, please wait before trying again."}`, "ThrottlingException", "Too many tokens, please wait before trying again.", ErrThrottled},
		{`{"__type":"x#ThrottlingException","Message":"m"}`, "ThrottlingException", "m", ErrThrottled},
	} {
		e, ok := sseError([]byte(c.data))
		if !ok || e.Code != c.code || e.Message != c.msg || c.is != nil && !errors.Is(e, c.is) {
			t.Errorf("%s: %v %+v", c.data, ok, e)
		}
	}
	for _, data := range []string{
		``, `[DONE]`, `{}`, `{"choices":[{"delta":{"content":"\"error\""}}],"error":null}`, `{"type":"message_start","message":{"id":"x"}}`,
		`{"type":"response.created","response":{"error":null,"id":"x"}}`, `{"type":"response.completed","response":{"status":"completed","error":null}}`,
		`{"type":"response.output_text.delta","delta":"error"}`, `{"id":"x","object":"chat.completion.chunk","choices":[]}`,
		`{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"},"error":null}}`,
	} {
		if e, ok := sseError([]byte(data)); ok {
			t.Errorf("%s is taken for %v", data, e)
		}
	}
}

func TestUnknownOperation(t *testing.T) {
	if !unknownOperation(nil, []byte(`{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}`)) {
		t.Error("the answer of AWS's front end is not recognised")
	}
	if !unknownOperation(http.Header{"X-Amzn-Errortype": {"UnknownOperationException"}}, nil) {
		t.Error("the header is not recognised")
	}
	for _, body := range []string{``, `{}`, `{"output":{"message":{"content":[{"text":"\"__type\":\"x#UnknownOperationException\""}]}}}`, `{"text":"__type"}`} {
		if unknownOperation(http.Header{}, []byte(body)) {
			t.Errorf("%s is taken for an error", body)
		}
	}
}
