package credentials

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Key is a Bedrock API key, the bearer token of AWS_BEARER_TOKEN_BEDROCK. It
// does not print itself: every fmt verb, JSON and slog show a placeholder.
// Reveal is the one way to the text. The zero Key is no key.
type Key struct{ secret *string } // a pointer, so that fmt cannot reach it through unexported fields

// NewKey makes a Key of text as found in the environment or a file: white space
// around it is dropped; spaces, control and non-ASCII characters within are
// refused. Empty text is the zero Key.
func NewKey(text string) (Key, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Key{}, nil
	}
	for _, r := range text {
		if r <= ' ' || r >= 0x7f {
			return Key{}, errors.New("the API key holds a space, a control or a non-ASCII character")
		}
	}
	return Key{&text}, nil
}

// Reveal returns the key's text, "" for the zero Key.
func (k Key) Reveal() string {
	if k.secret == nil {
		return ""
	}
	return *k.secret
}

// IsZero tells whether there is no key.
func (k Key) IsZero() bool { return k.secret == nil }

// String is a placeholder.
func (k Key) String() string {
	if k.secret == nil {
		return "no API key"
	}
	return "API key (hidden)"
}

// Format writes String for every verb.
func (k Key) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }

// MarshalText makes JSON and other encoders write String.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// LogValue makes slog write String.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }
