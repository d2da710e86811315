package client

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzResponseError(f *testing.F) {
	f.Add(403, "InvalidSignatureException:http://x", []byte(`{"message":"The Canonical String for this request should have been\n'POST"}`))
	f.Add(400, "", []byte(`{"error":{"code":"validation_error","message":"m"}}`))
	f.Add(502, "", []byte("<html><title>x"))
	f.Add(400, "ValidationException", []byte(`{"message":"Malformed input request: #/a~1b/0: extraneous key [k] is not permitted#"}`))
	f.Add(403, "", []byte(`{"Message":"User: a is not authorized to perform: b on resource: arn:aws:bedrock: with an explicit deny in a service control policy"}`))
	f.Fuzz(func(t *testing.T, status int, code string, body []byte) {
		secret := "canary-7f3a9c0000"
		e := responseError("Converse", status, http.Header{"X-Amzn-Errortype": {code}}, append(body, secret...), secret)
		e.Model, e.Region = "us.x.y", "us-east-1"
		e.finish()
		if s := e.Error(); strings.ContainsAny(s, "\n\r\x1b") || strings.Contains(s, secret) {
			t.Errorf("not one clean line: %q", s)
		}
		if len(e.Body) > MaxKeptBody || !utf8.Valid(e.Body) || strings.Contains(e.Detail()+string(e.Body)+e.Message, secret) {
			t.Errorf("kept %q", e.Body)
		}
		classify(e)
		exceptionError(code, body).finish()
		if e, ok := sseError(body); ok {
			e.finish()
		}
		unknownOperation(nil, body)
	})
}
