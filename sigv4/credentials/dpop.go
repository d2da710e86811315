package credentials

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// ecKey is an EC private key in DER (RFC 5915, section 3), wrappedKey one in
// PKCS #8 (RFC 5958, section 2). x509.ParsePKCS8PrivateKey would add 70 KB of
// RSA to every program.
type (
	ecKey struct {
		Version int
		Scalar  []byte
		Curve   asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
	}
	wrappedKey struct {
		Version   int
		Algorithm struct{ ID, Curve asn1.ObjectIdentifier }
		Key       []byte
	}
)

var p256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}

// parseDPoPKey reads a P-256 private key in PEM form, SEC 1 or PKCS #8. Its
// errors say nothing of the key.
func parseDPoPKey(text string) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("not PEM")
	}
	var key ecKey
	if _, err := asn1.Unmarshal(block.Bytes, &key); err != nil {
		var wrapped wrappedKey
		if _, err := asn1.Unmarshal(block.Bytes, &wrapped); err != nil {
			return nil, errors.New("not an EC private key")
		}
		if _, err := asn1.Unmarshal(wrapped.Key, &key); err != nil {
			return nil, errors.New("not an EC private key")
		}
		key.Curve = wrapped.Algorithm.Curve
	}
	if !key.Curve.Equal(p256) || len(key.Scalar) > 32 {
		return nil, errors.New("not on P-256")
	}
	var scalar [32]byte // some writers leave out leading zeros
	copy(scalar[len(scalar)-len(key.Scalar):], key.Scalar)
	return ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar[:])
}

// dpopProof makes the JWT that proves possession of key for one request: RFC
// 9449 section 4.2, signed ES256 with r and s of 32 bytes each (RFC 7518
// section 3.4). The coordinates of the public key are 32 bytes too, leading
// zeros kept (section 6.2.1.2); aws-sdk-go-v2 drops them, and then one key in
// 128 does not verify.
func dpopProof(key *ecdsa.PrivateKey, method, url string, now time.Time) (string, error) {
	point, err := key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return "", err
	}
	b64 := base64.RawURLEncoding.EncodeToString
	header, err := json.Marshal(map[string]any{
		"typ": "dpop+jwt", "alg": "ES256",
		"jwk": map[string]string{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])},
	})
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(map[string]any{"htm": method, "htu": url, "iat": now.Unix(), "jti": newUUID()})
	if err != nil {
		return "", err
	}
	text := b64(header) + "." + b64(payload)
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		return "", err
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return text + "." + b64(sig), nil
}

// newUUID is a random UUID (RFC 9562 section 5.4).
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
