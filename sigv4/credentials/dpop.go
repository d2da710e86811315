package credentials

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// parseDPoPKey reads a P-256 private key in PEM form, SEC 1 or PKCS #8. Its
// errors say nothing of the key.
func parseDPoPKey(text string) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("not PEM")
	}
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("not an EC private key")
		}
		key, _ = any.(*ecdsa.PrivateKey)
	}
	if key == nil || key.Curve != elliptic.P256() {
		return nil, errors.New("not on P-256")
	}
	return key, nil
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
