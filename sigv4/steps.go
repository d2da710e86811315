package sigv4

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
)

// steps goes from the request to the signature, in one buffer that becomes one
// string: canonical request, string to sign, Authorization header.
func (s Signer) steps(r *request, fields []field, c Credentials, date string) (sig Signature, authorization string) {
	var space [1024]byte
	b := r.appendTo(space[:0], fields, s.KeepPath)
	canonical := len(b)
	hash := sha256.Sum256(b)

	b = append(append(b, algorithm...), '\n')
	b = append(append(b, date...), '\n')
	scope := len(b)
	b = s.appendScope(b, date)
	scopeEnd := len(b)
	b = hex.AppendEncode(append(b, '\n'), hash[:])
	toSign := len(b)

	key := s.signingKey(c.SecretAccessKey, date)
	sum := mac(key[:], b[canonical:])
	var digits [2 * sha256.Size]byte
	hex.AppendEncode(digits[:0], sum[:])
	names := canonical - len(r.payloadHash) - 1
	firstName := bytes.LastIndexByte(b[:names], '\n') + 1
	b = appendAuthorization(b, c.AccessKeyID, b[scope:scopeEnd], b[firstName:names], digits[:])

	all := string(b)
	return Signature{
		AccessKeyID:      c.AccessKeyID,
		CanonicalRequest: all[:canonical],
		StringToSign:     all[canonical:toSign],
		Scope:            all[scope:scopeEnd],
		SignedHeaders:    all[firstName:names],
		Signature:        all[len(all)-len(digits):],
	}, all[toSign:]
}

func (s Signer) appendScope(b []byte, date string) []byte {
	b = append(append(b, date[:8]...), '/')
	b = append(append(b, s.Region...), '/')
	b = append(append(b, s.Service...), '/')
	return append(b, terminator...)
}

func appendAuthorization(b []byte, accessKeyID string, scope, names, signature []byte) []byte {
	b = append(append(b, algorithm+" Credential="...), accessKeyID...)
	b = append(append(b, '/'), scope...)
	b = append(append(b, ", SignedHeaders="...), names...)
	return append(append(b, ", Signature="...), signature...)
}
