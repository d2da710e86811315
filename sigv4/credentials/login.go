package credentials

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"rawbedrock/sigv4"
)

// Login uses the session that aws login leaves in ~/.aws/login/cache, and
// renews it. See "Login credential provider" in the AWS SDKs and Tools
// Reference Guide.
type Login struct {
	Session  string // the profile's login_session
	CacheDir string // ~/.aws/login/cache, or AWS_LOGIN_CACHE_DIRECTORY
	Endpoint string // base URL of AWS Sign-In
	Profile  string // for the advice in errors
	HTTP     *http.Client
}

// loginToken is the member accessToken of the cache file.
type loginToken struct {
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	SessionToken    string `json:"sessionToken"`
	AccountID       string `json:"accountId"`
	ExpiresAt       string `json:"expiresAt"`
}

// Retrieve gives the cached credentials while they are valid, else exchanges
// the refresh token for new ones and replaces the file. A file that lacks one
// of accessToken, refreshToken, clientId and dpopKey is an error even while the
// credentials are valid.
func (l Login) Retrieve(ctx context.Context) (sigv4.Credentials, error) {
	file, err := readTokenFile(filepath.Join(l.CacheDir, l.cacheName()))
	if err != nil {
		return sigv4.Credentials{}, l.fail("the cached session", true, err)
	}
	var t loginToken
	json.Unmarshal(file.fields["accessToken"], &t) // what is missing is found below
	expires, timeErr := parseTime(t.ExpiresAt)
	if t.AccessKeyID == "" || t.SecretAccessKey == "" || t.SessionToken == "" || t.AccountID == "" || timeErr != nil {
		return sigv4.Credentials{}, l.fail("the cached session has no complete accessToken", true, nil)
	}
	for _, name := range []string{"refreshToken", "clientId", "dpopKey"} {
		if file.text(name) == "" {
			return sigv4.Credentials{}, l.fail("the cached session has no "+name, true, nil)
		}
	}
	if time.Now().Before(expires) {
		return t.credentials(expires), nil
	}
	return l.refresh(ctx, file, t)
}

// cacheName is the SHA-256 of the session.
func (l Login) cacheName() string {
	sum := sha256.Sum256([]byte(strings.TrimSpace(l.Session)))
	return hex.EncodeToString(sum[:]) + ".json"
}

func (t loginToken) credentials(expires time.Time) sigv4.Credentials {
	return sigv4.Credentials{
		AccessKeyID:     t.AccessKeyID,
		SecretAccessKey: t.SecretAccessKey,
		SessionToken:    t.SessionToken,
		Expires:         expires,
		Source:          sourceLogin,
	}
}

// refresh is "CreateOAuth2Token" of AWS Sign-In, with a proof of possession of
// the key that the session is bound to.
func (l Login) refresh(ctx context.Context, file *tokenFile, t loginToken) (sigv4.Credentials, error) {
	key, err := parseDPoPKey(file.text("dpopKey"))
	if err != nil {
		return sigv4.Credentials{}, l.fail("the dpopKey of the cached session is not an EC private key on P-256 in PEM form", true, nil)
	}
	endpoint, old := strings.TrimSuffix(l.Endpoint, "/")+"/v1/token", file.text("refreshToken")
	r, err := postJSON{
		client: l.HTTP, url: endpoint,
		body: map[string]string{"grantType": "refresh_token", "clientId": file.text("clientId"), "refreshToken": old},
		header: func(h http.Header) error {
			proof, err := dpopProof(key, "POST", endpoint, time.Now())
			h.Set("DPoP", proof)
			return err
		},
	}.do(ctx)
	if err != nil {
		return sigv4.Credentials{}, l.fail("renewing the expired session", false, err)
	}
	if r.status != http.StatusOK {
		return sigv4.Credentials{}, l.fail("renewing the expired session was answered "+httpStatus(r.status)+saidJSON(r, old, t.SecretAccessKey, t.SessionToken), true, nil)
	}
	var j struct {
		AccessToken  loginToken
		RefreshToken string
		ExpiresIn    int64
	}
	if json.Unmarshal(r.body, &j) != nil || j.AccessToken.AccessKeyID == "" || j.AccessToken.SecretAccessKey == "" || j.RefreshToken == "" || j.ExpiresIn <= 0 {
		return sigv4.Credentials{}, l.fail("renewing the expired session was answered without credentials", true, nil)
	}
	expires := time.Now().Add(time.Duration(j.ExpiresIn) * time.Second).UTC()
	j.AccessToken.AccountID = t.AccountID
	j.AccessToken.ExpiresAt = expires.Format(time.RFC3339)
	file.set("accessToken", j.AccessToken)
	file.set("refreshToken", j.RefreshToken)
	if err := file.write(); err != nil {
		return sigv4.Credentials{}, l.fail("keeping the renewed session", false, err)
	}
	return j.AccessToken.credentials(expires), nil
}

// fail makes an error; login adds the advice to log in.
func (l Login) fail(reason string, login bool, err error) error {
	e := &Error{Source: sourceLogin, Reason: reason, Err: err}
	if login {
		e.Hint = loginHint("aws login", l.Profile)
	}
	return e
}
