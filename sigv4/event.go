package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// SignEvent signs one message of an event stream that a client sends
// (AWS4-HMAC-SHA256-PAYLOAD). Every signature covers the one before it: prior
// is the Signature of the request, whose payload hash must have been
// StreamingEvents, then of the message before.
//
// headers are the encoded headers of the message that carries the signature,
// without the signature itself: ":date" alone, with time t. payload is the
// payload of that message, which is the whole encoded message to be sent, or
// empty to end the stream. The session token is covered by the request only.
//
// Source: "Signature Version 4 signing for event streams", Amazon Transcribe
// Developer Guide ("Event stream encoding").
func (s Signer) SignEvent(prior string, headers, payload []byte, c Credentials, t time.Time) (Signature, error) {
	if err := s.check(c); err != nil {
		return Signature{}, err
	}
	date := t.UTC().Format(TimeFormat)
	var space [512]byte
	b := append(append(space[:0], algorithm+"-PAYLOAD\n"...), date...)
	scope := len(b) + 1
	b = s.appendScope(append(b, '\n'), date)
	scopeEnd := len(b)
	b = append(append(append(b, '\n'), prior...), '\n')
	sum := sha256.Sum256(headers)
	b = append(hex.AppendEncode(b, sum[:]), '\n')
	sum = sha256.Sum256(payload)
	b = hex.AppendEncode(b, sum[:])
	toSign := len(b)

	key := s.signingKey(c.SecretAccessKey, date)
	sum = mac(key[:], b)
	all := string(hex.AppendEncode(b, sum[:]))
	return Signature{
		AccessKeyID:  c.AccessKeyID,
		StringToSign: all[:toSign],
		Scope:        all[scope:scopeEnd],
		Signature:    all[toSign:],
	}, nil
}
