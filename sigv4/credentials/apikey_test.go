package credentials

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rawbedrock/sigv4"
	"rawbedrock/testdata/vectors"
)

type tokenCase struct {
	Name    string
	Access  string `json:"access_key"`
	Secret  string `json:"secret_key"`
	Session string `json:"session_token"`
	Region  string
	Expires int
	Date    string `json:"amz_date"`
	Token   string
	TokenJS string `json:"token_js"`
	Parsed  struct {
		Access   string `json:"access_key"`
		Region   string
		Issued   string
		NotAfter time.Time `json:"not_after"`
		Session  bool      `json:"has_session_token"`
	}
}

// TestTokensOfAWS mints what AWS's generators minted and reads what they made.
func TestTokensOfAWS(t *testing.T) {
	for _, tt := range vectors.Lines[tokenCase](t, "vectors/token/cases.jsonl") {
		now, err := time.Parse(sigv4.TimeFormat, tt.Date)
		if err != nil {
			t.Fatal(err)
		}
		c := sigv4.Credentials{AccessKeyID: tt.Access, SecretAccessKey: tt.Secret, SessionToken: tt.Session}
		got, err := Mint(c, tt.Region, time.Duration(tt.Expires)*time.Second, now)
		if err != nil {
			t.Errorf("%s: %v", tt.Name, err)
			continue
		}
		if got.Key.Reveal() != tt.Token {
			t.Errorf("%s: not the key of the Python generator", tt.Name)
		}
		if want := parameters(t, tt.TokenJS); !maps.Equal(parameters(t, got.Key.Reveal()), want) {
			t.Errorf("%s: not the parameters of the JavaScript generator", tt.Name)
		}
		for _, key := range []string{tt.Token, tt.TokenJS} {
			info, err := Inspect(key)
			if err != nil || info != got.KeyInfo {
				t.Errorf("%s: Inspect %+v, %v; Mint says %+v", tt.Name, info, err, got.KeyInfo)
			}
			p := tt.Parsed
			if info.Kind != ShortTerm || info.AccessKeyID != p.Access || info.Region != p.Region || info.Session != p.Session ||
				info.Issued.Format(sigv4.TimeFormat) != p.Issued || !info.Expires.Equal(p.NotAfter) {
				t.Errorf("%s: %+v, want %+v", tt.Name, info, p)
			}
		}
	}
}

func parameters(t *testing.T, key string) map[string]string {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key, "bedrock-api-key-"))
	if err != nil {
		t.Fatal(err)
	}
	target, query, _ := strings.Cut(string(text), "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{"": target}
	for name, v := range values {
		m[name] = strings.Join(v, "\n")
	}
	return m
}

var (
	noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	keys = sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: canary, SessionToken: canary}
)

func TestMintIsCappedByTheSession(t *testing.T) {
	for _, tt := range []struct {
		left, ask, want time.Duration
	}{
		{time.Hour, MaxKeyLife, time.Hour},
		{time.Hour, time.Minute, time.Minute},
		{90*time.Minute + 999*time.Millisecond, MaxKeyLife, 90 * time.Minute},
		{13 * time.Hour, MaxKeyLife, MaxKeyLife},
		{13 * time.Hour, 1999 * time.Millisecond, time.Second},
	} {
		c := keys
		c.Expires = noon.Add(tt.left)
		got, err := Mint(c, "us-east-1", tt.ask, noon)
		if err != nil || got.Expires.Sub(noon) != tt.want || !got.ExpiredAt(got.Expires) || got.ExpiredAt(noon) {
			t.Errorf("%v left, %v asked: %v, %v; want %v", tt.left, tt.ask, got.Expires.Sub(noon), err, tt.want)
		}
	}
}

func TestMintErrors(t *testing.T) {
	expired := keys
	expired.Expires = noon
	for _, tt := range []struct {
		c       sigv4.Credentials
		region  string
		expires time.Duration
		want    string
	}{
		{sigv4.Credentials{AccessKeyID: "A"}, "us-east-1", time.Hour, "there is none"},
		{keys, "", time.Hour, "no region"},
		{keys, "us east", time.Hour, `region "us east"`},
		{keys, "us-east-1", 0, "from 1s to 12h, not 0s"},
		{keys, "us-east-1", -time.Hour, "not -1h"},
		{keys, "us-east-1", MaxKeyLife + time.Second, "not 12h0m1s"},
		{expired, "us-east-1", time.Hour, "expired at 2026-05-04T12:00:00Z"},
	} {
		got, err := Mint(tt.c, tt.region, tt.expires, noon)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), canary) || got != (Token{}) {
			t.Errorf("%q %v: %v, error %v; want %q", tt.region, tt.expires, got, err, tt.want)
		}
	}
}

func TestInspectOthers(t *testing.T) {
	for key, want := range map[string]string{
		"ABSKQmVkcm9ja0FQSUtleS1leGFtcGxl": LongTerm,
		"sk-1234":                          Unknown,
		" \tsk-1234\r\n":                   Unknown,
		"bedrock-api-key":                  Unknown,
	} {
		if got, err := Inspect(key); err != nil || got != (KeyInfo{Kind: want}) {
			t.Errorf("%q: %+v, %v; want %s", key, got, err, want)
		}
	}
}

// TestInspectDamaged changes one thing of a good key at a time.
func TestInspectDamaged(t *testing.T) {
	good, err := Mint(keys, "us-east-1", time.Hour, noon)
	if err != nil {
		t.Fatal(err)
	}
	encoded := strings.TrimPrefix(good.Key.Reveal(), keyPrefix)
	text, _ := base64.StdEncoding.DecodeString(encoded)
	edit := func(old, new string) string {
		if !strings.Contains(string(text), old) {
			t.Fatalf("no %q in the key", old)
		}
		return keyPrefix + base64.StdEncoding.EncodeToString([]byte(strings.Replace(string(text), old, new, 1)))
	}
	if _, err := Inspect(strings.TrimRight(good.Key.Reveal(), "=")); err != nil {
		t.Errorf("without padding: %v", err)
	}
	for key, want := range map[string]string{
		"":                                                   "empty",
		" \n":                                                "empty",
		"bedrock-api-key-":                                   "not for bedrock.amazonaws.com",
		keyPrefix + "!" + encoded:                            "not base64",
		keyPrefix + encoded[:30]:                             "Action",
		keyPrefix + "a b":                                    "a space, a control",
		"sk-\x00":                                            "a space, a control",
		edit("bedrock.", "evil."):                            "not for bedrock.amazonaws.com",
		edit("CallWith", "Call%zz"):                          "cannot be read",
		edit("CallWith", "With"):                             "Action",
		edit("Signature=", "Sig="):                           "X-Amz-Signature",
		edit("Signature=", "Signature=z"):                    "X-Amz-Signature",
		keyPrefix + encoded[:len(encoded)-8]:                 "pasted whole",
		edit("%2Fbedrock%2F", "%2Fs3%2F"):                    "X-Amz-Credential",
		edit("%2Fus-east-1%2F", "%2Fus%1B%5B2J%2F"):          "X-Amz-Credential",
		edit("AKIDEXAMPLE", "A%1B"):                          "X-Amz-Credential",
		edit("%2F20260504", ""):                              "X-Amz-Credential",
		edit("Date=20260504", "Date=20260505"):               "X-Amz-Date",
		edit("X-Amz-Date=", "x="):                            "X-Amz-Date",
		edit("Expires=3600", "Expires=0"):                    "X-Amz-Expires",
		edit("Expires=3600", "Expires=604801"):               "X-Amz-Expires",
		edit("Expires=3600", "Expires=99999999999999999999"): "X-Amz-Expires",
		edit("Expires=3600", "Expires=1h"):                   "X-Amz-Expires",
	} {
		got, err := Inspect(key)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), canary) || got != (KeyInfo{}) {
			t.Errorf("%+v, error %v; want %q", got, err, want)
		}
	}
}

// providerFunc is a sigv4.Provider.
type providerFunc func(context.Context) (sigv4.Credentials, error)

func (f providerFunc) Retrieve(ctx context.Context) (sigv4.Credentials, error) { return f(ctx) }

func TestMinterRenewsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, broken := 0, error(nil)
		m := &Minter{Region: "us-east-1", Life: 2 * time.Hour, Credentials: providerFunc(func(context.Context) (sigv4.Credentials, error) {
			asked++
			return keys, broken
		})}
		token := func() Token {
			t.Helper()
			got, err := m.Token(t.Context())
			if text, _ := m.BearerToken(t.Context()); err != nil || text != got.Key.Reveal() || text == "" {
				t.Fatalf("%v, %v", got, err)
			}
			return got
		}
		first := token()
		time.Sleep(105*time.Minute - time.Second)
		if token() != first || asked != 1 {
			t.Errorf("renewed early: %d times asked", asked)
		}
		time.Sleep(time.Second) // 15 minutes are left
		second := token()
		if second == first || !second.Issued.Equal(time.Now()) || asked != 2 {
			t.Errorf("not renewed: issued %v, %d times asked", second.Issued, asked)
		}
		broken = errors.New("no network")
		time.Sleep(2*time.Hour - time.Second)
		if token() != second {
			t.Error("the old key is not given out while renewal fails")
		}
		time.Sleep(time.Second)
		if got, err := m.Token(t.Context()); !errors.Is(err, broken) || got != (Token{}) {
			t.Errorf("an ended key: %v, %v", got, err)
		}
	})
}

// TestMinterOfDyingSession: a key that cannot live longer is made again and
// again, not given out for ever.
func TestMinterOfDyingSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := keys
		c.Expires = time.Now().Add(10 * time.Minute)
		m := &Minter{Region: "us-east-1", Credentials: c}
		got, err := m.Token(t.Context())
		if err != nil || !got.Expires.Equal(c.Expires) {
			t.Errorf("%+v, %v", got.KeyInfo, err)
		}
		time.Sleep(10 * time.Minute)
		if _, err := m.Token(t.Context()); err == nil {
			t.Error("no error after the session's end")
		}
	})
}

// TestNothingPrintsItself formats every type that holds a secret in every way.
func TestNothingPrintsItself(t *testing.T) {
	c := load(t, map[string]string{"AWS_BEARER_TOKEN_BEDROCK": canary, "AWS_SECRET_ACCESS_KEY": canary}, map[string]string{
		"home/.aws/config":      "[default]\ns3 =\n  a = " + canary + "\n[services x]\na = " + canary + "\n[sso-session y]\na = " + canary,
		"home/.aws/credentials": "[default]\naws_access_key_id = A\naws_secret_access_key = " + canary,
	})
	if c.Bearer.Reveal() != canary || c.Bearer.IsZero() {
		t.Error("the bearer token was not read")
	}
	profile, _ := c.LookupProfile("default")
	session, _ := c.SSOSession("y")
	services, _ := c.Services("x")
	token, err := Mint(keys, "us-east-1", time.Hour, noon)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{canary, base64.StdEncoding.EncodeToString([]byte(canary))[:8], token.Key.Reveal()[40:80]}
	minter := &Minter{Credentials: keys, Region: "us-east-1"}
	if _, err := minter.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{c, *c, profile, *profile, session, *services, token, &token, token.Key, &token.Key, minter,
		struct{ hidden Token }{token}, struct{ hidden Config }{*c}, struct{ hidden *Config }{c}, []Key{token.Key}, map[string]Key{"k": token.Key}} {
		var out strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			fmt.Fprintf(&out, verb, v)
		}
		js, _ := json.Marshal(v)
		out.Write(js)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		for _, secret := range secrets {
			if strings.Contains(out.String(), secret) || strings.Contains(out.String(), fmt.Sprintf("%x", secret)) {
				t.Errorf("%T prints a secret: %.200s", v, out.String())
			}
		}
	}
}

func FuzzInspect(f *testing.F) {
	good, err := Mint(keys, "us-east-1", time.Hour, noon)
	if err != nil {
		f.Fatal(err)
	}
	text, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(good.Key.Reveal(), keyPrefix))
	f.Add(string(text), true)
	f.Add("ABSKx", false)
	f.Add(keyPrefix+"Zg==", false)
	f.Fuzz(func(t *testing.T, key string, encode bool) {
		if encode {
			key = keyPrefix + base64.StdEncoding.EncodeToString([]byte(key))
		}
		info, err := Inspect(key)
		if (err == nil) != (info.Kind != "") {
			t.Fatalf("%+v, %v", info, err)
		}
		if info.Kind == ShortTerm && (!info.Expires.After(info.Issued) || !isHostLabel(info.Region) || !isPrintable(info.AccessKeyID)) {
			t.Errorf("%+v", info)
		}
	})
}
