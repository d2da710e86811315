package sigv4

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

var canary = Credentials{
	AccessKeyID:     "AKIACANARY",
	SecretAccessKey: "CANARY+secret/key",
	SessionToken:    "CANARY+session/token",
	Expires:         time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	Source:          "test",
}

// checkNoSecret looks for the secrets as they are and as %q, %x, %d and JSON
// would write them.
func checkNoSecret(t *testing.T, where, text string) {
	t.Helper()
	for _, secret := range []string{canary.SecretAccessKey, canary.SessionToken} {
		for _, form := range []string{
			secret,
			fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), fmt.Sprintf("% x", secret),
			strings.Trim(fmt.Sprintf("%d", []byte(secret)), "[]"),
			strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", []byte(secret)), "[]byte{"), "}"),
		} {
			if strings.Contains(text, form) {
				t.Errorf("%s shows a secret: %s", where, text)
			}
		}
	}
}

// holders are the ways in which a value reaches a print or a log.
func holders(v any) map[string]any {
	type exported struct {
		Name  string
		Value any
	}
	return map[string]any{
		"value":   v,
		"struct":  exported{"x", v},
		"pointer": &exported{"x", v},
		"slice":   []any{v},
		"map":     map[string]any{"k": v},
		"error":   fmt.Errorf("call failed: %v", v),
		"joined":  errors.Join(fmt.Errorf("a: %+v", v), fmt.Errorf("b: %#v", v)),
	}
}

func checkPrinting(t *testing.T, name string, v any) {
	t.Helper()
	for holder, value := range holders(v) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T", "%+q", "% x", "%08v", "%[1]v"} {
			checkNoSecret(t, name+" "+holder+" "+verb, fmt.Sprintf(verb, value))
		}
		var text, asJSON bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("x", "value", value, slog.Group("g", "value", value))
		slog.New(slog.NewJSONHandler(&asJSON, nil)).Info("x", "value", value, slog.Group("g", "value", value))
		checkNoSecret(t, name+" "+holder+" slog text", text.String())
		checkNoSecret(t, name+" "+holder+" slog json", asJSON.String())
	}
}

func TestCredentialsDoNotPrint(t *testing.T) {
	checkPrinting(t, "Credentials", canary)
	checkPrinting(t, "*Credentials", &canary)
	for holder, value := range holders(canary) {
		if data, err := json.Marshal(value); err != nil {
			t.Error(err)
		} else {
			checkNoSecret(t, holder+" json", string(data))
		}
	}
	want := "credentials AKIACANARY from test with session token until 2026-01-02T03:04:05Z"
	if got := fmt.Sprintf("%#v", canary); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := fmt.Sprint(Credentials{}); got != "no credentials" {
		t.Errorf("got %q", got)
	}
}

// What signing gives back and what verifying says carry the session token
// inside the canonical request, and hide it.
func TestResultsDoNotPrint(t *testing.T) {
	s := signer
	s.Keys = new(KeyCache)
	req, hash := converse(t)
	sig, err := s.Sign(req, hash, canary, at)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(sig.CanonicalRequest, canary.SessionToken) {
		t.Fatal("the canary is not where this test thinks it is")
	}
	find := func(string) (Credentials, bool) { return canary, true }
	v, err := s.Verify(req, hash, find, at)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Verify(req, EmptyPayloadHash, find, at)
	if !errors.Is(err, ErrMismatch) || !strings.Contains(errorText(err), canary.SessionToken) {
		t.Fatalf("got %v", err)
	}
	checkPrinting(t, "Signature", sig)
	checkPrinting(t, "Verified", v)
	checkPrinting(t, "VerifyError", err)
	checkPrinting(t, "Signer", s)
	checkPrinting(t, "KeyCache", s.Keys)
	key := s.deriveKey(canary.SecretAccessKey, "20150830")
	for holder, value := range holders(s) {
		if text := fmt.Sprintf("%+v %#v", value, value); strings.Contains(text, fmt.Sprint(key)) || strings.Contains(text, string(key[:])) {
			t.Errorf("%s shows a signing key", holder)
		}
	}
}

// A secret in the place of the access key id is neither shown nor sent.
func TestMixedUpKeys(t *testing.T) {
	req, err := http.NewRequest("GET", "https://example.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI1K7MDENG2bPxRfiCYEXAMPLEKEY", "CANARY/x"} {
		c := Credentials{AccessKeyID: id, SecretAccessKey: "AKIDEXAMPLE"}
		if text := fmt.Sprintf("%v %#v %s", c, c, c.ID()); strings.Contains(text, id) {
			t.Errorf("shown: %s", text)
		}
		_, err := Signer{Region: "r", Service: "s"}.Sign(req, EmptyPayloadHash, c, at)
		if !errors.Is(err, ErrCredentials) || strings.Contains(err.Error(), id) {
			t.Errorf("%s: error %v", id, err)
		}
	}
	for _, id := range []string{"AKIDEXAMPLE", "", "SSO-Ro le+x-1", strings.Repeat("A", 40)} {
		if got := (Credentials{AccessKeyID: id}).ID(); got != id {
			t.Errorf("%q is shown as %q", id, got)
		}
	}
}

func TestCredentialsState(t *testing.T) {
	if got, err := canary.Retrieve(context.Background()); err != nil || got != canary {
		t.Errorf("Retrieve: %v, %v", got, err)
	}
	for _, c := range []struct {
		expires time.Time
		want    bool
	}{{time.Time{}, false}, {at, true}, {at.Add(-1), true}, {at.Add(1), false}} {
		if got := (Credentials{Expires: c.expires}).ExpiredAt(at); got != c.want {
			t.Errorf("expires %v: expired %v", c.expires, got)
		}
	}
	if canary.HasKeys() != true || (Credentials{AccessKeyID: "a"}).HasKeys() || (Credentials{SecretAccessKey: "a"}).HasKeys() {
		t.Error("HasKeys")
	}
}
