package client

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/tidwall/gjson"

	"rawbedrock/client/redact"
	"rawbedrock/sigv4"
)

// signatureHint tells why a signature was refused: what was found when the
// refusal arrived, else what the quoted canonical request shows by itself.
func signatureHint(e *Error) string {
	const usual = "A stray character in the secret key, a path that was encoded once instead of twice, or a proxy that changed the request are the usual causes: `bedrock explain` compares what was signed with what AWS saw."
	if e.culprit != "" {
		return e.culprit
	}
	if x, ok := sigv4.ExplainMessage(e.Message, "", sigv4.Credentials{}); ok {
		return x.Why + " " + x.Fix
	}
	return usual
}

// explain compares what this call signed with what the service says that it
// should have signed. body is the answer before redaction: it quotes the
// session token.
func (k *call) explain(body []byte) string {
	if k.signature.CanonicalRequest == "" {
		return ""
	}
	message := rawMessage(body)
	if _, _, ok := sigv4.Quoted(message); !ok {
		return ""
	}
	x, ok := sigv4.ExplainMessage(message, k.signature.CanonicalRequest, k.credentials)
	if !ok {
		return ""
	}
	return redact.Text(x.Why+" "+x.Fix, k.secrets()...)
}

// rawMessage is the message of an error in JSON, with all that it quotes; else
// the whole answer.
func rawMessage(body []byte) string {
	if validJSON(body) {
		if message := firstText(gjson.ParseBytes(body), messagePaths...); message != "" {
			return message
		}
	}
	return string(body)
}

// Sent is a request as it was signed and sent, without its body and without
// secrets.
type Sent struct {
	Method, URL      string
	Header           http.Header
	PayloadHash      string // of the body
	CanonicalRequest string // "" when it was not signed with SigV4
	StringToSign     string
}

// Sent is the request that was refused, in its last attempt; nil when none
// left.
func (e *Error) Sent() *Sent {
	s := e.sent
	if s == nil {
		return nil
	}
	return &Sent{
		Method: s.method, URL: redact.Text(s.url.String(), s.secrets...), Header: redact.Header(s.header, s.secrets...), PayloadHash: s.payloadHash,
		CanonicalRequest: redact.Text(s.signature.CanonicalRequest, s.secrets...), StringToSign: s.signature.StringToSign,
	}
}

// sent keeps the newest attempt of a call for its error, without the body. An
// Error has it by pointer, so that printing one does not reach what is in it.
type sent struct {
	method, payloadHash string
	url                 *url.URL
	header              http.Header
	signature           sigv4.Signature
	secrets             []string
}

func (k *call) sentRequest() *sent {
	if k.sent == nil {
		return nil
	}
	return &sent{k.sent.Method, k.payloadHash, k.sent.URL, k.sent.Header, k.signature, k.secrets()}
}

// scopeHint explains a refused credential scope.
func scopeHint(e *Error) string {
	if strings.Contains(fold(e.Message), "service") {
		return "The signature is for another service than {endpoint} serves: the signing service is bedrock, or bedrock-mantle on bedrock-mantle hosts."
	}
	return "The signature is for {region}, but {endpoint} is another region's: let both name the same."
}
