package sigv4_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"rawbedrock/sigv4"
)

var (
	credentials = sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	noon        = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
)

func ExampleSigner_Sign() {
	body := []byte(`{"messages":[{"role":"user","content":[{"text":"Hello"}]}]}`)
	req, err := http.NewRequest("POST", "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.amazon.nova-lite-v1%3A0/converse", bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	req.Header.Set("Content-Type", "application/json")

	s := sigv4.Signer{Region: "us-east-1", Service: "bedrock", Keys: new(sigv4.KeyCache)}
	sig, err := s.Sign(req, sigv4.HashPayload(body), credentials, noon)
	if err != nil {
		panic(err)
	}
	fmt.Println(sig.CanonicalRequest)
	fmt.Println()
	fmt.Println(sig.StringToSign)
	fmt.Println()
	fmt.Println(req.Header.Get("Authorization") == sig.Authorization())
	// Output:
	// POST
	// /model/us.amazon.nova-lite-v1%253A0/converse
	//
	// content-type:application/json
	// host:bedrock-runtime.us-east-1.amazonaws.com
	// x-amz-date:20260101T120000Z
	//
	// content-type;host;x-amz-date
	// 7421da8d1a0949a481724fee62d5886aacde03836bf58248adb73e8b61ac0d54
	//
	// AWS4-HMAC-SHA256
	// 20260101T120000Z
	// 20260101/us-east-1/bedrock/aws4_request
	// 6fc9ced3f3c2c452b22d9f99a62ac0732292cf8c3a943ffcad1abdec22e60765
	//
	// true
}

func ExampleSigner_Presign() {
	req, err := http.NewRequest("GET", "https://sts.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15", nil)
	if err != nil {
		panic(err)
	}
	s := sigv4.Signer{Region: "us-east-1", Service: "sts"}
	u, _, err := s.Presign(req, sigv4.EmptyPayloadHash, 15*time.Minute, credentials, noon)
	if err != nil {
		panic(err)
	}
	for parameter := range strings.SplitSeq(u.RawQuery, "&") {
		fmt.Println(parameter)
	}
	// Output:
	// Action=GetCallerIdentity
	// Version=2011-06-15
	// X-Amz-Algorithm=AWS4-HMAC-SHA256
	// X-Amz-Credential=AKIDEXAMPLE%2F20260101%2Fus-east-1%2Fsts%2Faws4_request
	// X-Amz-Date=20260101T120000Z
	// X-Amz-Expires=900
	// X-Amz-SignedHeaders=host
	// X-Amz-Signature=1aa541091ea8b82cd3015fcb7115a622d7198228ce54869af8f05ddf66a39fdc
}

// A server checks what came. The error holds what a client needs to see what
// it did wrong, as AWS writes it.
func ExampleSigner_Verify() {
	s := sigv4.Signer{Region: "us-east-1", Service: "bedrock"}
	lookup := func(accessKeyID string) (sigv4.Credentials, bool) {
		return credentials, accessKeyID == credentials.AccessKeyID
	}
	req, err := http.NewRequest("GET", "https://bedrock.us-east-1.amazonaws.com/foundation-models", nil)
	if err != nil {
		panic(err)
	}
	if _, err := s.Sign(req, sigv4.EmptyPayloadHash, credentials, noon); err != nil {
		panic(err)
	}

	verified, err := s.Verify(req, sigv4.EmptyPayloadHash, lookup, noon.Add(time.Minute))
	fmt.Println(verified.AccessKeyID, verified.Region, err)

	req.URL.RawQuery = "byProvider=Amazon" // added on the way
	_, err = s.Verify(req, sigv4.EmptyPayloadHash, lookup, noon)
	fmt.Println(err)
	if e, ok := errors.AsType[*sigv4.VerifyError](err); ok {
		fmt.Println(e.Code)
		fmt.Println(strings.Split(e.CanonicalRequest, "\n")[2])
	}

	_, err = s.Verify(req, sigv4.EmptyPayloadHash, lookup, noon.Add(time.Hour))
	fmt.Println(err, errors.Is(err, sigv4.ErrExpired))
	// Output:
	// AKIDEXAMPLE us-east-1 <nil>
	// sigv4: the signature does not match
	// InvalidSignatureException
	// byProvider=Amazon
	// sigv4: the signature has expired: Signature expired: 20260101T120000Z is now earlier than 20260101T125500Z (20260101T130000Z - 5 min.) true
}

// Every message that a client sends on an event stream is signed; each
// signature covers the one before.
func ExampleSigner_SignEvent() {
	req, err := http.NewRequest("POST", "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.nova-sonic-v1%3A0/invoke-with-bidirectional-stream", nil)
	if err != nil {
		panic(err)
	}
	req.Header.Set("X-Amz-Content-Sha256", sigv4.StreamingEvents)
	s := sigv4.Signer{Region: "us-east-1", Service: "bedrock"}
	sig, err := s.Sign(req, sigv4.StreamingEvents, credentials, noon)
	if err != nil {
		panic(err)
	}
	// The encoded header ":date": name, kind 8 (timestamp), milliseconds.
	date := binary.BigEndian.AppendUint64([]byte("\x05:date\x08"), uint64(noon.UnixMilli()))
	for _, message := range []string{"an encoded message", ""} {
		sig, err = s.SignEvent(sig.Signature, date, []byte(message), credentials, noon)
		if err != nil {
			panic(err)
		}
		fmt.Println(sig.Signature)
	}
	// Output:
	// 3125d2e9a6e5f1f449600e0d54fc42a7fa49906d43b58d4e136d1251027fff57
	// 4acb4682f803f0ac39b75e522afb4088e2bbb0b35bb78f3a1c7dfacdd704462b
}

// Credentials show who they are, never what they are.
func ExampleCredentials() {
	c := credentials
	c.Source = "environment"
	fmt.Printf("%v\n%+v\n%#v\n", c, c, c)
	// Output:
	// credentials AKIDEXAMPLE from environment
	// credentials AKIDEXAMPLE from environment
	// credentials AKIDEXAMPLE from environment
}

func ExampleExplain() {
	// A client that signs the path as it is sent: it should be encoded once more.
	r, _ := http.NewRequest("GET", "https://example.amazonaws.com/a%3Ab", nil)
	s3style := sigv4.Signer{Region: "us-east-1", Service: "example", KeepPath: true}
	if _, err := s3style.Sign(r, sigv4.EmptyPayloadHash, credentials, noon); err != nil {
		fmt.Println(err)
	}
	// The service refuses it and quotes what it computed.
	_, err := sigv4.Verify(r, sigv4.EmptyPayloadHash, func(string) (sigv4.Credentials, bool) { return credentials, true }, noon)
	refusal, _ := errors.AsType[*sigv4.VerifyError](err)

	why, ok := sigv4.Explain(sigv4.Evidence{Message: refusal.Message, Request: r, Credentials: credentials})
	fmt.Println(ok, why.Proven, why.Culprit)
	for _, l := range why.Lines {
		if !l.Same {
			fmt.Println(l.Part, l.Ours, l.Theirs)
		}
	}
	// Output:
	// true true path
	// path /a%3Ab /a%253Ab
}
