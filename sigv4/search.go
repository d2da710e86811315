package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// attempt is a way in which a signer may have gone from a canonical request to
// a signature: right, or with one mistake, which cause tells.
type attempt struct {
	algorithm, date, scope string
	hash                   func(canonical string) string // nil: SHA-256 in hex
	toSign                 func(string) string           // makes another string to sign of the right one; nil: none
	key                    []byte
	cause                  Cause
	rare                   bool // not tried together with a second mistake
}

// text is a canonical request that a signer may have made: by a mistake within
// a form, which the difference tells, or of the whole text, which cause tells.
type text struct {
	form  form
	whole string // when it is no form
	cause Cause
}

func (t text) String() string {
	if t.whole != "" {
		return t.whole
	}
	return t.form.String()
}

// search tries the mistakes that signers make until one of them gives the
// signature that the request carries.
func (x *examination) search() bool {
	if !x.searchable() {
		return false
	}
	right := x.right()
	bases := x.bases()
	for _, base := range bases {
		if x.matches(base.String(), right) {
			return x.signedWell(base)
		}
	}
	attempts := x.attempts(right)
	for _, base := range bases {
		for t := range x.texts(base) {
			if x.matches(t.String(), right) {
				return x.proves(t, Cause{}, base)
			}
		}
		for _, a := range attempts {
			if x.matches(base.String(), a) {
				return x.proves(text{form: base}, a.cause, base)
			}
		}
	}
	return x.searchPairs(bases, right, attempts)
}

// searchPairs tries two mistakes together.
func (x *examination) searchPairs(bases []form, right attempt, attempts []attempt) bool {
	attempts = slices.DeleteFunc(slices.Clone(attempts), func(a attempt) bool { return a.rare })
	x.hasty = true
	for _, base := range bases {
		for t := range x.texts(base) {
			hash := HashPayload([]byte(t.String()))
			for _, a := range attempts {
				if a.hash == nil && x.gives(hash, a) {
					return x.proves(t, a.cause, base)
				}
			}
			if t.whole != "" {
				continue
			}
			for second := range x.texts(t.form) {
				if x.matches(second.String(), right) {
					return x.proves(second, Cause{}, base)
				}
			}
		}
	}
	return false
}

func (x *examination) searchable() bool {
	c := x.claim
	return x.claimed && x.refusal == nil && isSignature(strings.ToLower(c.signature)) && x.Credentials.SecretAccessKey != "" && x.Credentials.AccessKeyID == c.accessKeyID && len(c.date) >= 8
}

// isSignature tells 64 lower case hexadecimal digits.
func isSignature(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

// misspelled finds a signature that is no signature at all.
func (x *examination) misspelled() bool {
	s := x.claim.signature
	if !x.claimed || isSignature(s) || masked(s) {
		return false
	}
	how := fmt.Sprintf("has %d characters", len(s))
	if isSignature(strings.ToLower(s)) {
		how = "is in upper case"
	}
	return x.say("signature", "The signature "+how+": it must be 64 hexadecimal digits in lower case.", "Write the last HMAC in lower case hexadecimal digits, all 64 of them.")
}

// bases are the canonical requests that the signer should have signed: the
// service's, which is of the request that arrived, and that of the request
// given.
func (x *examination) bases() (all []form) {
	if x.isTheirs {
		all = append(all, x.theirs)
	}
	if x.isOurs && !slices.ContainsFunc(all, func(f form) bool { return f.String() == x.ours.String() }) {
		all = append(all, x.ours)
	}
	return all
}

// signedWell is the verdict on a signature that is right for a form: that of
// the request given, which then changed on its way, or that of the request that
// arrived.
func (x *examination) signedWell(base form) bool {
	x.signed = base.String()
	if x.isTheirs && x.signed != x.theirs.String() {
		x.proven = x.causes(compare(base, x.theirs), true)
		return x.proven
	}
	if x.scopeDiffers() || x.face() || x.flawed() {
		x.proven = true
		return true
	}
	if !x.isTheirs {
		x.well = true
		return false // it says nothing of the one that arrived
	}
	x.proven = true
	return x.say("secret", "The request arrived as it was signed, and the signature fits this secret access key: it is not the one that belongs to the access key.", fixSecret)
}

// proves records what was found: a mistake in the canonical request, beside it,
// or one of each.
func (x *examination) proves(t text, beside Cause, base form) bool {
	x.signed, x.proven = t.String(), true
	if beside.Culprit != "" {
		x.found = append(x.found, beside)
	}
	if t.whole != "" {
		x.found = append(x.found, t.cause)
	} else {
		x.causes(compare(t.form, base), false)
	}
	if len(x.found) == 0 { // the lines are the same
		x.say("canonical request", "The headers were signed in another order.", "Sort the headers of the canonical request by their names in lower case.")
	}
	return true
}

// matches tells whether an attempt at a canonical request gives the signature
// of the request.
func (x *examination) matches(canonical string, a attempt) bool {
	if a.hash != nil {
		return x.gives(a.hash(canonical), a)
	}
	return x.gives(HashPayload([]byte(canonical)), a)
}

// gives tells whether an attempt at the hash of a canonical request does.
func (x *examination) gives(hash string, a attempt) bool {
	toSign := a.algorithm + "\n" + a.date + "\n" + a.scope + "\n" + hash
	if a.toSign != nil {
		toSign = a.toSign(toSign)
	}
	sum := mac(a.key, []byte(toSign))
	return strings.EqualFold(hex.EncodeToString(sum[:]), x.claim.signature)
}

// right is the attempt without a mistake.
func (x *examination) right() attempt {
	c := x.claim
	key := Signer{Region: c.region, Service: c.service}.deriveKey(x.Credentials.SecretAccessKey, c.day)
	return attempt{algorithm: algorithm, date: c.date, scope: scopeOf(c.day, c.region, c.service), key: key[:]}
}

func scopeOf(day, region, service string) string {
	return day + "/" + region + "/" + service + "/" + terminator
}

// attempts are all with one mistake.
func (x *examination) attempts(right attempt) []attempt {
	return slices.Concat(x.keyMistakes(right), x.scopeMistakes(right), x.dateMistakes(right), shapeMistakes(right, x.claim.accessKeyID))
}
