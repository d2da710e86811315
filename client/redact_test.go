package client

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rawbedrock/sigv4"
)

// Canaries: what must never come out. The token has the characters that
// encodings change.
const (
	canaryToken  = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJH+canary/SESSION+TOKEN/0123456789=="
	canarySecret = "wJalrXUtnFEMI/K7MDENG+canary/EXAMPLEKEY0"
	canaryBearer = "ABSKQmVkcm9ja0FQSUtleS1jYW5hcnk6c2VjcmV0K3NlY3JldC9zZWNyZXQ9"
	canaryShort  = "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9jYW5hcnk9Y2FuYXJ5JlZlcnNpb249MQ=="
	canarySign   = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"
)

// leaks tells which piece of a secret stands in s: any eight characters in a
// row that hold no delimiter.
func leaks(s, secret string) string {
	for i := 0; i+8 <= len(secret); i++ {
		piece := secret[i : i+8]
		if strings.Contains(s, piece) && !strings.ContainsAny(piece, "/+=") && !strings.Contains("bedrock-api-key-REDACTED", piece) && !slices.ContainsFunc([]string{"IQoJb3JpZ2lu", "FwoGZXIvYXdz", "FQoGZXIvYXdz", "AQoDYXdz"}, func(start string) bool { return strings.Contains(start, piece) }) {
			return piece
		}
	}
	return ""
}

// A refusal of a signature quotes the canonical request, session token and
// all, and nothing of it may stay.
func TestNoSecretInAnErrorOfAQuotedRequest(t *testing.T) {
	body := `{"message":"The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for this request should have been\n'POST\n/model/x/converse\n\nhost:bedrock-runtime.us-east-1.amazonaws.com\nx-amz-date:20250921T101604Z\nx-amz-security-token:` +
		canaryToken + `\n\nhost;x-amz-date;x-amz-security-token\nfea7\u0027\n\nThe String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20250921T101604Z\n20250921/us-east-1/bedrock/aws4_request\nd61e'\n","echo":"` + canarySecret + `"}`
	e := responseError("Converse", 403, nil, []byte(strings.Replace(body, `\u0027`, "'", 1)), canarySecret, canaryToken)
	e.finish()
	for _, s := range []string{e.Message, string(e.Body), e.Hint, e.Error(), e.Detail(), fmt.Sprintf("%v %+v %#v", e, *e, *e)} {
		if piece := leaks(s, canaryToken) + leaks(s, canarySecret); piece != "" {
			t.Errorf("%q leaks in %s", piece, s)
		}
	}
	canonical, toSign, ok := sigv4.Quoted(e.Message)
	if !ok || !strings.HasPrefix(canonical, "POST\n/model/x/converse\n\nhost:") || !strings.HasSuffix(canonical, "\nfea7") || !strings.Contains(canonical, "x-amz-security-token:REDACTED\n") {
		t.Errorf("canonical request %q", canonical)
	}
	if !strings.HasPrefix(toSign, "AWS4-HMAC-SHA256\n") || !strings.HasSuffix(toSign, "\nd61e") {
		t.Errorf("string to sign %q", toSign)
	}
}

func TestNoSecretBehindUnusualEscapes(t *testing.T) {
	var escaped strings.Builder
	for _, r := range canarySecret {
		fmt.Fprintf(&escaped, `\u%04x`, r)
	}
	e := responseError("Converse", 403, nil, []byte(`{"message":"you sent `+escaped.String()+`"}`), canarySecret)
	if e.Message != "you sent REDACTED" {
		t.Errorf("message %q", e.Message)
	}
}
