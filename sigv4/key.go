package sigv4

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"sync/atomic"
)

// HashPayload is the payload hash of a body: SHA-256 in lower case hex.
func HashPayload(body []byte) string {
	if len(body) == 0 {
		return EmptyPayloadHash
	}
	sum := sha256.Sum256(body)
	var digits [2 * sha256.Size]byte
	return string(hex.AppendEncode(digits[:0], sum[:]))
}

// KeyCache remembers up to 32 derived signing keys; the oldest goes first. It
// belongs to the caller: give the same one to all signers that share
// credentials. The zero value is empty and ready; all methods of Signer may use
// it at once. It has nothing to print but an address.
type KeyCache struct{ keys atomic.Pointer[[]derivedKey] }

const maxKeys = 32

// derivedKey is a signing key with what it was derived from.
type derivedKey struct {
	secret, day, region, service string
	key                          [sha256.Size]byte
}

// signingKey narrows the secret to the day (the first 8 digits of date), the
// region and the service.
func (s Signer) signingKey(secret, date string) (key [sha256.Size]byte) {
	day := date[:8]
	var known []derivedKey
	if s.Keys != nil {
		if p := s.Keys.keys.Load(); p != nil {
			known = *p
		}
	}
	for i := range known {
		k := &known[i]
		if k.day == day && k.region == s.Region && k.service == s.Service && k.secret == secret {
			return k.key
		}
	}
	key = s.deriveKey(secret, day)
	if s.Keys != nil {
		// A key that another goroutine adds meanwhile is lost, and derived
		// again when it is needed.
		fresh := append(make([]derivedKey, 0, maxKeys), derivedKey{secret, day, s.Region, s.Service, key})
		fresh = append(fresh, known[:min(len(known), maxKeys-1)]...)
		s.Keys.keys.Store(&fresh)
	}
	return key
}

func (s Signer) deriveKey(secret, day string) [sha256.Size]byte {
	var space [128]byte
	key := mac(append(append(space[:0], "AWS4"...), secret...), []byte(day))
	key = mac(key[:], []byte(s.Region))
	key = mac(key[:], []byte(s.Service))
	return mac(key[:], []byte(terminator))
}

// mac is HMAC-SHA256 (RFC 2104) of a short message. crypto/hmac allocates six
// times for it.
func mac(key, message []byte) [sha256.Size]byte {
	const block = sha256.BlockSize
	if len(key) > block {
		sum := sha256.Sum256(key)
		key = sum[:]
	}
	var space [block + 256]byte
	inner := append(space[:block], message...)
	var outer [block + sha256.Size]byte
	copy(outer[:], key)
	subtle.XORBytes(inner, outer[:block], innerPad)
	subtle.XORBytes(outer[:], outer[:block], outerPad)
	sum := sha256.Sum256(inner)
	copy(outer[block:], sum[:])
	return sha256.Sum256(outer[:])
}

var (
	innerPad = bytes.Repeat([]byte{0x36}, sha256.BlockSize)
	outerPad = bytes.Repeat([]byte{0x5c}, sha256.BlockSize)
)
