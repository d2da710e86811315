package credentials

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"rawbedrock/sigv4"
)

// A short-term Bedrock API key is a presigned URL in disguise, as AWS's own
// generators (aws-bedrock-token-generator for Python, JavaScript and Java) make
// it: keyPrefix, then in base64 the URL of POST keyURL with a SigV4 query
// signature, without "https://" and with keyVersion at its end. A long-term key
// is a credential of an IAM user; nothing in it can be read.
const (
	keyPrefix      = "bedrock-api-key-"
	longTermPrefix = "ABSK"
	keyURL         = "https://bedrock.amazonaws.com/?Action=CallWithBearerToken"
	keyVersion     = "&Version=1"
)

// MaxKeyLife is the longest life of a short-term Bedrock API key.
const MaxKeyLife = 12 * time.Hour

// Kinds of API keys.
const (
	ShortTerm = "short-term" // signed with AWS credentials, ends with them or after MaxKeyLife
	LongTerm  = "long-term"  // made by IAM, opaque: only AWS knows its region and end
	Unknown   = "unknown"    // neither
)

// KeyInfo is what an API key says about itself, nothing of it secret. Only the
// kind is known of keys that are not short-term.
type KeyInfo struct {
	Kind        string // ShortTerm, LongTerm or Unknown
	Region      string // the one region it is good for
	AccessKeyID string
	Issued      time.Time
	Expires     time.Time // zero: the key does not say
	Session     bool      // made from temporary credentials: it ends with them, which may be before Expires
}

// ExpiredAt tells whether the key says that it is over at t.
func (k KeyInfo) ExpiredAt(t time.Time) bool { return !k.Expires.IsZero() && !k.Expires.After(t) }

// Token is a freshly made API key and what it says.
type Token struct {
	Key Key
	KeyInfo
}

// Mint makes a short-term Bedrock API key, offline: it is good in one region
// for expires from now, at most MaxKeyLife and never longer than the
// credentials live.
func Mint(c sigv4.Credentials, region string, expires time.Duration, now time.Time) (Token, error) {
	issued := now.UTC().Truncate(time.Second)
	switch {
	case !c.HasKeys():
		return Token{}, errors.New("credentials: a Bedrock API key is made from an access key pair, and there is none")
	case region == "":
		return Token{}, fmt.Errorf("credentials: %w", ErrNoRegion)
	case !isHostLabel(region):
		return Token{}, badRegion(region)
	case expires < time.Second || expires > MaxKeyLife:
		return Token{}, fmt.Errorf("credentials: a short-term Bedrock API key lives from 1s to 12h, not %v", expires)
	case c.ExpiredAt(now):
		return Token{}, fmt.Errorf("credentials: the credentials expired at %s", c.Expires.UTC().Format(time.RFC3339))
	}
	if !c.Expires.IsZero() {
		expires = min(expires, c.Expires.Sub(issued))
	}
	expires = max(expires.Truncate(time.Second), time.Second)

	u, err := url.Parse(keyURL)
	if err != nil {
		return Token{}, err
	}
	signer := sigv4.Signer{Region: region, Service: "bedrock"}
	signed, _, err := signer.Presign(&http.Request{Method: http.MethodPost, URL: u}, sigv4.EmptyPayloadHash, expires, c, issued)
	if err != nil {
		return Token{}, err
	}
	text := strings.TrimPrefix(signed.String(), "https://") + keyVersion
	key, err := NewKey(keyPrefix + base64.StdEncoding.EncodeToString([]byte(text)))
	return Token{key, KeyInfo{
		Kind: ShortTerm, Region: region, AccessKeyID: c.AccessKeyID,
		Issued: issued, Expires: issued.Add(expires), Session: c.SessionToken != "",
	}}, err
}

// Inspect reads an API key, offline. It does not check the signature, which
// only AWS can. A short-term key that is damaged is an error; no error quotes
// the key.
func Inspect(key string) (KeyInfo, error) {
	k, err := NewKey(key)
	if err != nil {
		return KeyInfo{}, fmt.Errorf("credentials: %w", err)
	}
	encoded, short := strings.CutPrefix(k.Reveal(), keyPrefix)
	switch {
	case k.IsZero():
		return KeyInfo{}, errors.New("credentials: the API key is empty")
	case short:
		info, err := readShortTerm(encoded)
		if err != nil {
			return KeyInfo{}, fmt.Errorf("credentials: this short-term Bedrock API key is damaged: %w", err)
		}
		return info, nil
	case strings.HasPrefix(k.Reveal(), longTermPrefix):
		return KeyInfo{Kind: LongTerm}, nil
	}
	return KeyInfo{Kind: Unknown}, nil
}

func readShortTerm(encoded string) (KeyInfo, error) {
	text, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		return KeyInfo{}, errors.New("what follows " + keyPrefix + " is not base64: was it pasted whole?")
	}
	target, rawQuery, _ := strings.Cut(string(text), "?")
	if strings.TrimSuffix(target, "/") != "bedrock.amazonaws.com" {
		return KeyInfo{}, errors.New("it is not for bedrock.amazonaws.com")
	}
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return KeyInfo{}, errors.New("its query cannot be read")
	}
	if query.Get("Action") != "CallWithBearerToken" {
		return KeyInfo{}, errors.New("its Action is not CallWithBearerToken")
	}
	if sig := query.Get("X-Amz-Signature"); len(sig) != 64 || strings.Trim(sig, "0123456789abcdef") != "" {
		return KeyInfo{}, errors.New("X-Amz-Signature is not 64 hex digits")
	}
	if query.Get("Version") == "" {
		return KeyInfo{}, errors.New("its end is missing: was it pasted whole?")
	}
	scope := strings.Split(query.Get("X-Amz-Credential"), "/")
	if len(scope) != 5 || !isPrintable(scope[0]) || !isHostLabel(scope[2]) || scope[3] != "bedrock" || scope[4] != "aws4_request" {
		return KeyInfo{}, errors.New("X-Amz-Credential is not ID/DAY/REGION/bedrock/aws4_request")
	}
	issued, err := time.Parse(sigv4.TimeFormat, query.Get("X-Amz-Date"))
	if err != nil || !strings.HasPrefix(query.Get("X-Amz-Date"), scope[1]+"T") {
		return KeyInfo{}, errors.New("X-Amz-Date is not a time of the day in X-Amz-Credential")
	}
	seconds, err := strconv.Atoi(query.Get("X-Amz-Expires"))
	if err != nil || seconds < 1 || seconds > int(sigv4.MaxPresign/time.Second) {
		return KeyInfo{}, errors.New("X-Amz-Expires is not a number of seconds up to a week")
	}
	return KeyInfo{
		Kind: ShortTerm, Region: scope[2], AccessKeyID: scope[0],
		Issued: issued, Expires: issued.Add(time.Duration(seconds) * time.Second),
		Session: query.Get("X-Amz-Security-Token") != "",
	}, nil
}

// isPrintable tells whether s can be shown on a terminal and is not empty.
func isPrintable(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) < 0
}

// Minter gives out short-term Bedrock API keys and makes the next one before
// the last one ends, for clients that speak OpenAI's or Anthropic's protocol to
// Bedrock. It makes keys offline from whatever Credentials finds, which should
// be a Cache when that is a server. Its fields must not change after first use;
// it is safe for concurrent use.
type Minter struct {
	Credentials sigv4.Provider
	Region      string
	Life        time.Duration // of each key; zero: MaxKeyLife

	last atomic.Pointer[Token]
}

// Token returns a key that is good for a while: a new one is made when less
// than a quarter of its life or 15 minutes are left, whichever is shorter. While
// that fails, the old one is given out until it ends.
func (m *Minter) Token(ctx context.Context) (Token, error) {
	now := time.Now()
	last := m.last.Load()
	if last != nil && last.Expires.Sub(now) > min(last.Expires.Sub(last.Issued)/4, 15*time.Minute) {
		return *last, nil
	}
	life := m.Life
	if life == 0 {
		life = MaxKeyLife
	}
	c, err := m.Credentials.Retrieve(ctx)
	var next Token
	if err == nil {
		next, err = Mint(c, m.Region, life, now)
	}
	if err != nil && last != nil && !last.ExpiredAt(now) && ctx.Err() == nil {
		return *last, nil
	}
	if err != nil {
		return Token{}, err
	}
	m.last.Store(&next)
	return next, nil
}

// BearerToken returns the text of Token's key.
func (m *Minter) BearerToken(ctx context.Context) (string, error) {
	t, err := m.Token(ctx)
	return t.Key.Reveal(), err
}
