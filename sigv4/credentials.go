package sigv4

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// Credentials are one set of AWS keys. They never print their secret: every
// fmt verb, JSON and slog show the access key id, the source and the expiry
// only. (In an unexported field of another struct fmt cannot call these methods:
// such a struct has to hide itself, or to keep a pointer.)
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string    // empty for long-term keys
	Expires         time.Time // zero: they do not expire, or nobody said when
	Source          string    // where they were found, for people: "environment", "profile dev", …
}

// Provider finds credentials. Retrieve may do I/O and must honour ctx.
type Provider interface {
	Retrieve(ctx context.Context) (Credentials, error)
}

// Retrieve returns c itself, so that Credentials are their own Provider.
func (c Credentials) Retrieve(context.Context) (Credentials, error) { return c, nil }

// HasKeys tells whether both halves of the key pair are there.
func (c Credentials) HasKeys() bool { return c.AccessKeyID != "" && c.SecretAccessKey != "" }

// ExpiredAt tells whether the credentials have an expiry and it is not after t.
func (c Credentials) ExpiredAt(t time.Time) bool {
	return !c.Expires.IsZero() && !c.Expires.After(t)
}

// ID is the access key id for people to read. Who mixed up two variables has
// the secret in its place; what looks like one is not shown.
func (c Credentials) ID() string {
	if looksSecret(c.AccessKeyID) {
		return "(not shown, for it looks like a secret access key)"
	}
	return c.AccessKeyID
}

// looksSecret tells the 40 characters of base64 that a secret access key is,
// and whatever has a slash, which no access key id has.
func looksSecret(id string) bool {
	if strings.Contains(id, "/") {
		return true
	}
	return len(id) == 40 && strings.ToUpper(id) != id && strings.IndexFunc(id, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '+')
	}) < 0
}

// String shows who the credentials are, never what they are.
func (c Credentials) String() string {
	s := "credentials " + c.ID()
	if c.AccessKeyID == "" {
		s = "no credentials"
	}
	if c.Source != "" {
		s += " from " + c.Source
	}
	if c.SessionToken != "" {
		s += " with session token"
	}
	if !c.Expires.IsZero() {
		s += " until " + c.Expires.UTC().Format(time.RFC3339)
	}
	return s
}

// Format writes String for every verb and flag, so that %#v and %+v cannot
// reach the fields.
func (c Credentials) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

// MarshalText makes JSON and other encoders write String.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// LogValue makes slog write String.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }
