package credentials

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"rawbedrock/sigv4"
)

// SSO exchanges the cached login of IAM Identity Center, which aws sso login
// leaves in ~/.aws/sso/cache, for the credentials of a role. See "IAM Identity
// Center credential provider" in the AWS SDKs and Tools Reference Guide.
type SSO struct {
	AccountID, RoleName string
	StartURL            string
	Session             string // name of the sso-session; empty: the older form without refresh
	CacheDir            string // ~/.aws/sso/cache
	Endpoint            string // base URL of the SSO portal
	OIDCEndpoint        string // base URL of SSO OIDC, for the refresh
	Profile             string // for the advice in errors
	HTTP                *http.Client
}

// Retrieve reads the cached token, renews it when it has expired (session form
// only; the file is replaced) and asks the portal.
func (s SSO) Retrieve(ctx context.Context) (sigv4.Credentials, error) {
	file, err := readTokenFile(filepath.Join(s.CacheDir, s.cacheName()))
	if err != nil {
		return sigv4.Credentials{}, s.fail("the cached token", true, err)
	}
	token := file.text("accessToken")
	expires, err := parseTime(file.text("expiresAt"))
	if token == "" || err != nil {
		return sigv4.Credentials{}, s.fail("the cached token has no accessToken or no expiresAt that is a time", true, nil)
	}
	if !time.Now().Before(expires) {
		if token, err = s.refresh(ctx, file); err != nil {
			return sigv4.Credentials{}, err
		}
	}
	return s.roleCredentials(ctx, token)
}

// cacheName is the SHA-1 of the session's name, or of the start URL in the
// older form. One never stands in for the other.
func (s SSO) cacheName() string {
	key := s.Session
	if key == "" {
		key = s.StartURL
	}
	sum := sha1.Sum([]byte(key))
	return hex.EncodeToString(sum[:]) + ".json"
}

// refresh renews the token: "CreateToken" in the IAM Identity Center OIDC API
// Reference. Like aws-sdk-go-v2, and unlike botocore, it leaves it to the
// service to find that the client's registration has expired.
func (s SSO) refresh(ctx context.Context, file *tokenFile) (string, error) {
	id, secret, old := file.text("clientId"), file.text("clientSecret"), file.text("refreshToken")
	if s.Session == "" || id == "" || secret == "" || old == "" {
		return "", s.fail("the cached token has expired", true, nil)
	}
	r, err := postJSON{
		client: s.HTTP, url: strings.TrimSuffix(s.OIDCEndpoint, "/") + "/token",
		body: map[string]string{"grantType": "refresh_token", "clientId": id, "clientSecret": secret, "refreshToken": old},
	}.do(ctx)
	if err != nil {
		return "", s.fail("renewing the expired token", false, err)
	}
	var j struct {
		AccessToken, RefreshToken string
		ExpiresIn                 int64
	}
	if r.status != http.StatusOK {
		return "", s.fail("renewing the expired token was answered "+httpStatus(r.status)+saidJSON(r, secret, old, file.text("accessToken")), true, nil)
	}
	if json.Unmarshal(r.body, &j) != nil || j.AccessToken == "" || j.ExpiresIn <= 0 {
		return "", s.fail("renewing the expired token was answered without a token", true, nil)
	}
	file.set("accessToken", j.AccessToken)
	file.set("expiresAt", time.Now().Add(time.Duration(j.ExpiresIn)*time.Second).UTC().Format(time.RFC3339))
	if j.RefreshToken != "" {
		file.set("refreshToken", j.RefreshToken)
	}
	if err := file.write(); err != nil {
		return "", s.fail("keeping the renewed token", false, err)
	}
	return j.AccessToken, nil
}

// roleCredentials is "GetRoleCredentials" of the IAM Identity Center Portal API
// Reference. Its expiration is in milliseconds.
func (s SSO) roleCredentials(ctx context.Context, token string) (sigv4.Credentials, error) {
	query := url.Values{"role_name": {s.RoleName}, "account_id": {s.AccountID}}
	r, err := exchange{client: clientOr(s.HTTP, http.DefaultTransport.(*http.Transport)), timeout: 10 * time.Second, tries: 3, request: func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, "GET", strings.TrimSuffix(s.Endpoint, "/")+"/federation/credentials?"+query.Encode(), nil)
		if err == nil {
			req.Header.Set("X-Amz-Sso_bearer_token", token)
		}
		return req, err
	}}.do(ctx)
	what := "role " + s.RoleName + " of account " + s.AccountID
	if err != nil {
		return sigv4.Credentials{}, s.fail(what, false, err)
	}
	if r.status != http.StatusOK {
		return sigv4.Credentials{}, s.fail(what+" was answered "+httpStatus(r.status)+saidJSON(r, token), r.status == http.StatusUnauthorized, nil)
	}
	var j struct {
		RoleCredentials struct {
			AccessKeyID                   string `json:"accessKeyId"`
			SecretAccessKey, SessionToken string
			Expiration                    int64
		}
	}
	if json.Unmarshal(r.body, &j) != nil || j.RoleCredentials.AccessKeyID == "" || j.RoleCredentials.SecretAccessKey == "" || j.RoleCredentials.Expiration == 0 {
		return sigv4.Credentials{}, s.fail(what+" was answered without credentials", false, nil)
	}
	keys := j.RoleCredentials
	return sigv4.Credentials{
		AccessKeyID:     keys.AccessKeyID,
		SecretAccessKey: keys.SecretAccessKey,
		SessionToken:    keys.SessionToken,
		Expires:         time.UnixMilli(keys.Expiration).UTC(),
		Source:          sourceSSO,
	}, nil
}

// fail makes an error; login adds the advice to log in.
func (s SSO) fail(reason string, login bool, err error) error {
	e := &Error{Source: sourceSSO, Reason: reason, Err: err}
	if login {
		e.Hint = loginHint("aws sso login", s.Profile)
	}
	return e
}

// loginHint tells which command makes a new login.
func loginHint(command, profile string) string {
	if profile != "" && profile != "default" {
		command += " --profile " + profile
	}
	return "run " + command
}
