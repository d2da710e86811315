package bedrocktest

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"

	"rawbedrock/client/operation"
	"rawbedrock/sigv4"
	"rawbedrock/sigv4/credentials"
)

// Verification is how closely a Server looks at who calls.
type Verification int

const (
	// VerifyOn checks what AWS checks: signature, key, clock, service, and the
	// region where it is known.
	VerifyOn Verification = iota
	// VerifyStrict refuses besides what AWS lets pass and a careful client does
	// not send: unsigned payloads, unsigned Content-Type and X-Amzn-Bedrock-
	// headers, and any region but the Server's (us-east-1 unless set).
	VerifyStrict
	// VerifyOff lets everybody in.
	VerifyOff
)

// APIKey is a Bedrock API key (bearer token) that every Server accepts.
const APIKey = "mock-bedrock-api-key"

// Credentials are the access key of AWS's documentation, which every Server
// accepts with any session token.
func Credentials() sigv4.Credentials {
	return sigv4.Credentials{
		AccessKeyID:     "AKIDEXAMPLE",
		SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		Source:          "the local Bedrock",
	}
}

// Identity is who called.
type Identity struct {
	AccessKeyID string // of the signature, or of the credentials that minted an API key
	Bearer      bool   // by API key
	Region      string // of the credential scope; empty when nothing says
}

const (
	apiKeyPrefix = "bedrock-api-key-"
	wrongAPIKey  = "Authentication failed: Please make sure your API Key is valid."
	mockHint     = "this is a local Bedrock: it knows the access key AKIDEXAMPLE of AWS's documentation, the API key " +
		APIKey + ", keys minted with that access key, and what it was told"
)

var regionForm = lazy(`^[a-z]{2,4}(-[a-z]+)+-[0-9]+$`)

// identify checks who calls.
func (s *Server) identify(r *http.Request, body []byte, op operation.Operation) (Identity, *apiError) {
	if key := apiKey(r.Header); key != "" {
		return s.checkKey(key, r.Host)
	}
	if s.Verify == VerifyOff {
		id, _ := scopeOf(r.Header)
		return id, nil
	}
	signer := sigv4.Signer{Region: s.region(r.Host), Service: op.Host.SigningName(), Keys: &s.keys}
	v, err := signer.Verify(r, sigv4.HashPayload(body), s.lookup, s.now())
	if bad, ok := errors.AsType[*sigv4.VerifyError](err); ok {
		return Identity{}, &apiError{status: http.StatusForbidden, code: bad.Code, message: bad.Message, auth: true, hint: hintFor(bad)}
	}
	if err := s.checkScope(r, op, v); err != nil {
		return Identity{}, err
	}
	return Identity{AccessKeyID: v.AccessKeyID, Region: v.Region}, nil
}

func hintFor(err *sigv4.VerifyError) string {
	if errors.Is(err, sigv4.ErrUnknownKey) || errors.Is(err, sigv4.ErrMissing) {
		return mockHint
	}
	return ""
}

// checkScope checks what depends on more than the signature.
func (s *Server) checkScope(r *http.Request, op operation.Operation, v sigv4.Verified) *apiError {
	refuse := func(message string) *apiError {
		return &apiError{status: http.StatusForbidden, code: "InvalidSignatureException", message: message, auth: true}
	}
	if want := op.Host.SigningName(); v.Service != want {
		return refuse("Credential should be scoped to correct service: '" + want + "'.")
	}
	if !regionForm().MatchString(v.Region) {
		return refuse("Credential should be scoped to a valid region.")
	}
	signed := strings.Split(v.SignedHeaders, ";")
	for name := range r.Header {
		name = strings.ToLower(name)
		must := name == "x-amzn-bedrock-request-metadata" ||
			s.Verify == VerifyStrict && (name == "content-type" || strings.HasPrefix(name, "x-amzn-bedrock-"))
		if must && !slices.Contains(signed, name) {
			return refuse("The header '" + name + "' must be a 'SignedHeader' in the AWS Authorization.")
		}
	}
	if s.Verify == VerifyStrict && r.Header.Get("X-Amz-Content-Sha256") == sigv4.UnsignedPayload {
		return refuse("The payload must be signed: X-Amz-Content-Sha256 is UNSIGNED-PAYLOAD.")
	}
	return nil
}

// hostOf is the endpoint family that a request is for. bedrock-runtime and
// bedrock-mantle share some paths; unless the Host header tells, the service in
// the credential scope does.
func hostOf(r *http.Request, op operation.Operation) operation.Host {
	_, service := scopeOf(r.Header)
	compatible := strings.HasPrefix(op.Path, "/openai/") || strings.HasPrefix(op.Path, "/anthropic/")
	if strings.HasPrefix(r.Host, string(operation.Mantle)+".") || compatible && !awsHost().MatchString(r.Host) && service == operation.Mantle.SigningName() {
		return operation.Mantle
	}
	return op.Host
}

var awsHost = lazy(`^bedrock[a-z-]*\.([a-z0-9-]+)\.(amazonaws\.|api\.)`)

// region is the one that callers must sign for, empty when any will do.
func (s *Server) region(host string) string {
	if s.Region != "" {
		return s.Region
	}
	if parts := awsHost().FindStringSubmatch(host); parts != nil {
		return parts[1]
	}
	if s.Verify == VerifyStrict {
		return defaultRegion
	}
	return ""
}

const defaultRegion = "us-east-1"

func (s *Server) lookup(accessKeyID string) (sigv4.Credentials, bool) {
	for _, c := range append(s.Accept[:len(s.Accept):len(s.Accept)], Credentials()) {
		if c.AccessKeyID == accessKeyID {
			return c, true
		}
	}
	return sigv4.Credentials{}, false
}

// apiKey is the bearer key of a request, empty when it has none.
func apiKey(h http.Header) string {
	if scheme, key, ok := strings.Cut(h.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(key)
	}
	if h.Get("Authorization") == "" {
		return h.Get("X-Api-Key")
	}
	return ""
}

// checkKey checks a Bedrock API key: one that the server was told, or a
// short-term key, which is a presigned request in base64.
func (s *Server) checkKey(key, host string) (Identity, *apiError) {
	if s.Verify == VerifyOff {
		return Identity{Bearer: true}, nil
	}
	for _, known := range append(s.APIKeys[:len(s.APIKeys):len(s.APIKeys)], APIKey) {
		if known != "" && subtle.ConstantTimeCompare([]byte(known), []byte(key)) == 1 {
			return Identity{Bearer: true}, nil
		}
	}
	refuse := func(message, hint string) *apiError {
		return &apiError{status: http.StatusForbidden, code: "AccessDeniedException", message: message, capital: true, hint: hint}
	}
	text, ok := strings.CutPrefix(key, apiKeyPrefix)
	if !ok {
		return Identity{}, refuse(wrongAPIKey, mockHint)
	}
	r, ok := presigned(text)
	if !ok {
		return Identity{}, refuse(wrongAPIKey, "the API key holds no presigned request")
	}
	signer := sigv4.Signer{Region: s.region(host), Service: "bedrock", Keys: &s.keys}
	v, err := signer.Verify(r, sigv4.EmptyPayloadHash, s.lookup, s.now())
	switch {
	case errors.Is(err, sigv4.ErrExpired):
		return Identity{}, refuse("Bearer Token has expired", "")
	case err != nil:
		return Identity{}, refuse(wrongAPIKey, err.Error())
	case v.Expires.Sub(v.Time) > credentials.MaxKeyLife:
		return Identity{}, refuse(wrongAPIKey, "the API key is made for more than 12 hours")
	}
	return Identity{AccessKeyID: v.AccessKeyID, Bearer: true, Region: v.Region}, nil
}

// presigned is the request inside a short-term API key.
func presigned(text string) (*http.Request, bool) {
	plain, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, false
	}
	target, ok := strings.CutSuffix(string(plain), "&Version=1")
	if !ok || !strings.HasPrefix(target, "bedrock.amazonaws.com/?Action=CallWithBearerToken&") {
		return nil, false
	}
	r, err := http.NewRequest(http.MethodPost, "https://"+target, nil)
	return r, err == nil
}

// scopeOf reads the credential of an Authorization header without checking it.
func scopeOf(h http.Header) (id Identity, service string) {
	_, rest, _ := strings.Cut(h.Get("Authorization"), "Credential=")
	scope, _, _ := strings.Cut(rest, ",")
	parts := strings.Split(scope, "/")
	if len(parts) != 5 {
		return Identity{}, ""
	}
	return Identity{AccessKeyID: parts[0], Region: parts[2]}, parts[3]
}
