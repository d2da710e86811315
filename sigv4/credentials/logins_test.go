package credentials

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// ssoWorld is a cache folder with one token, and an SSO that uses it.
func ssoWorld(t *testing.T, token string, service tripper) (SSO, string) {
	s := SSO{
		AccountID: "012345678901", RoleName: "My Role", StartURL: "https://d/start", Session: "my-sso", Profile: "dev",
		CacheDir: t.TempDir(), Endpoint: "https://portal/", OIDCEndpoint: "https://oidc", HTTP: &http.Client{Transport: service},
	}
	path := filepath.Join(s.CacheDir, s.cacheName())
	if err := os.WriteFile(path, []byte(token), 0o640); err != nil {
		t.Fatal(err)
	}
	return s, path
}

const ssoKeysJSON = `{"roleCredentials":{"accessKeyId":"A","secretAccessKey":"S","sessionToken":"T","expiration":4070908800123}}`

// TestSSORefresh: an expired token is renewed, and the file replaced with its
// mode and the members that are not ours.
func TestSSORefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		s, path := ssoWorld(t, `{"accessToken":"old","expiresAt":"1999-01-01T00:00:00UTC","refreshToken":"R1","clientId":"C","clientSecret":"CS","region":"r","more":{"a":[1,null]}}`,
			func(req *http.Request) (*http.Response, error) {
				body := []byte{}
				if req.Body != nil {
					body, _ = io.ReadAll(req.Body)
				}
				asked = append(asked, req.Method+" "+req.URL.String()+" "+req.Header.Get("X-Amz-Sso_bearer_token")+" "+req.Header.Get("Authorization")+string(body))
				if req.URL.Host == "oidc" {
					return answer(req, 200, `{"accessToken":"new","expiresIn":3600,"refreshToken":"R2"}`), nil
				}
				return answer(req, 200, ssoKeysJSON), nil
			})
		for range 2 { // the second time with the renewed token
			c, err := s.Retrieve(t.Context())
			if err != nil || c.AccessKeyID != "A" || c.SecretAccessKey != "S" || c.SessionToken != "T" || c.Expires.UnixMilli() != 4070908800123 {
				t.Fatalf("%v, %v", c, err)
			}
		}
		portal := "GET https://portal/federation/credentials?account_id=012345678901&role_name=My+Role new "
		want := []string{`POST https://oidc/token  {"clientId":"C","clientSecret":"CS","grantType":"refresh_token","refreshToken":"R1"}`, portal, portal}
		if got := strings.Join(asked, "\n"); got != strings.Join(want, "\n") {
			t.Errorf("asked\n%s\nwant\n%s", got, strings.Join(want, "\n"))
		}
		sameJSON(t, path, json.RawMessage(`{"accessToken":"new","expiresAt":"2000-01-01T01:00:00Z","refreshToken":"R2","clientId":"C","clientSecret":"CS","region":"r","more":{"a":[1,null]}}`))
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		if files, _ := os.ReadDir(s.CacheDir); len(files) != 1 {
			t.Errorf("left behind: %v", files)
		}
	})
}

func TestSSOErrors(t *testing.T) {
	const valid, expired = `{"accessToken":"` + canary + `","expiresAt":"2001-01-01T00:00:00Z"}`,
		`{"accessToken":"` + canary + `","expiresAt":"1999-01-01T00:00:00Z","refreshToken":"R` + canary + `","clientId":"C","clientSecret":"` + canary + `CS"}`
	tests := []struct {
		name, token string
		legacy      bool
		status      int
		body        string
		want, hint  string
	}{
		{"not JSON", canary, false, 0, "", "is not a JSON object", "run aws sso login --profile dev"},
		{"no token", `{"expiresAt":"2001-01-01T00:00:00Z"}`, false, 0, "", "no accessToken", "run aws sso login --profile dev"},
		{"bad time", `{"accessToken":"` + canary + `","expiresAt":"` + canary + `"}`, false, 0, "", "no expiresAt", "run aws sso login --profile dev"},
		{"expired, older form", expired, true, 0, "", "has expired", "run aws sso login --profile dev"},
		{"expired, nothing to renew it", `{"accessToken":"x","expiresAt":"1999-01-01T00:00:00Z"}`, false, 0, "", "has expired", "run aws sso login --profile dev"},
		{"renewal refused", expired, false, 400, `{"error":"invalid_grant","error_description":"bad R` + canary + `"}`, "400 Bad Request: invalid_grant bad REDACTED", "run aws sso login --profile dev"},
		{"renewal without token", expired, false, 200, `{}`, "without a token", "run aws sso login --profile dev"},
		{"logged out", valid, false, 401, `{"message":"Session token not found or invalid: ` + canary + `","__type":"com.amazonaws.switchboard#UnauthorizedException"}`, "401 Unauthorized: UnauthorizedException Session token not found or invalid: REDACTED", "run aws sso login --profile dev"},
		{"no access", valid, false, 403, `{"message":"No access"}`, "role My Role of account 012345678901 was answered 403 Forbidden: No access", ""},
		{"empty", valid, false, 200, `{"roleCredentials":{"secretAccessKey":"` + canary + `"}}`, "without credentials", ""},
		{"broken", valid, false, 500, canary, "500", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, path := ssoWorld(t, tt.token, func(req *http.Request) (*http.Response, error) { return answer(req, tt.status, tt.body), nil })
				if tt.legacy {
					s.Session = ""
					if err := os.Rename(path, filepath.Join(s.CacheDir, s.cacheName())); err != nil {
						t.Fatal(err)
					}
				}
				_, err := s.Retrieve(t.Context())
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasSuffix(err.Error(), tt.hint) || strings.Contains(err.Error(), canary) {
					t.Errorf("%v\nwant %q and %q", err, tt.want, tt.hint)
				}
				if tt.hint == "" && strings.Contains(err.Error(), "aws sso login") {
					t.Errorf("a login does not help: %v", err)
				}
			})
		})
	}
}

// TestTokenFileIsReplacedWhole: where the file cannot be written, the old one
// stays.
func TestTokenFileIsReplacedWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.json")
	if err := os.WriteFile(path, []byte(`{"a":"b"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.json")
	if err := os.Symlink("f.json", link); err != nil {
		t.Skip("symbolic links are not to be had")
	}
	f, err := readTokenFile(link)
	if err != nil {
		t.Fatal(err)
	}
	f.set("a", "c")
	if err := f.write(); err != nil {
		t.Fatal(err)
	}
	sameJSON(t, path, json.RawMessage(`{"a":"c"}`))
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", info, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := f.write(); err == nil {
		t.Error("a file that is gone was made anew")
	}
}

// TestDPoP verifies proofs as a server does, among them some of keys whose
// coordinates begin with a zero byte.
func TestDPoP(t *testing.T) {
	now := time.Unix(1700000000, 0)
	zeros := 0
	for n := 0; n < 20 || zeros == 0; n++ {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if n >= 20 && key.X.BitLen() > 248 && key.Y.BitLen() > 248 {
			continue
		}
		if key.X.BitLen() <= 248 || key.Y.BitLen() <= 248 {
			zeros++
		}
		proof, err := dpopProof(key, "POST", "https://x/v1/token", now)
		if err != nil {
			t.Fatal(err)
		}
		verifyDPoP(t, proof, &key.PublicKey, now)
	}
}

func verifyDPoP(t *testing.T, proof string, key *ecdsa.PublicKey, now time.Time) {
	t.Helper()
	parts := strings.Split(proof, ".")
	if len(parts) != 3 {
		t.Fatal(proof)
	}
	var raw [3][]byte
	for i, p := range parts {
		var err error
		if raw[i], err = base64.RawURLEncoding.DecodeString(p); err != nil {
			t.Fatal(err)
		}
	}
	var header struct {
		Typ, Alg string
		JWK      struct{ Kty, Crv, X, Y string }
	}
	var claims struct {
		HTM, HTU, JTI string
		IAT           int64
	}
	if err := json.Unmarshal(raw[0], &header); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw[1], &claims); err != nil {
		t.Fatal(err)
	}
	x, _ := base64.RawURLEncoding.DecodeString(header.JWK.X)
	y, _ := base64.RawURLEncoding.DecodeString(header.JWK.Y)
	point, _ := key.Bytes() // uncompressed: 4, x, y
	if header.Typ != "dpop+jwt" || header.Alg != "ES256" || header.JWK.Kty != "EC" || header.JWK.Crv != "P-256" || len(x) != 32 || len(y) != 32 ||
		!bytes.Equal(slices.Concat([]byte{4}, x, y), point) {
		t.Errorf("header %s", raw[0])
	}
	if claims.HTM != "POST" || claims.HTU != "https://x/v1/token" || claims.IAT != now.Unix() || len(claims.JTI) != 36 {
		t.Errorf("claims %s", raw[1])
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if sig := raw[2]; len(sig) != 64 || !ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		t.Errorf("the signature of %s does not verify", proof)
	}
}

// TestDPoPKeys: both PEM forms of a P-256 key are read, and nothing else.
func TestDPoPKeys(t *testing.T) {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	other, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	sec1, _ := x509.MarshalECPrivateKey(key)
	pkcs8, _ := x509.MarshalPKCS8PrivateKey(key)
	p384, _ := x509.MarshalECPrivateKey(other)
	wrapped384, _ := x509.MarshalPKCS8PrivateKey(other)
	_, edwards, _ := ed25519.GenerateKey(rand.Reader)
	ed, _ := x509.MarshalPKCS8PrivateKey(edwards)
	block := func(der []byte) string { return string(pem.EncodeToMemory(&pem.Block{Type: "KEY", Bytes: der})) }
	for text, want := range map[string]bool{block(sec1): true, block(pkcs8): true, block(p384): false, block(wrapped384): false, block(ed): false, block([]byte(canary)): false, canary: false, "": false} {
		got, err := parseDPoPKey(text)
		if (err == nil) != want || want && !got.Equal(key) || err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestLoginRefusals: what the sign-in service says is told without the secrets
// that went to it.
func TestLoginRefusals(t *testing.T) {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	der, _ := x509.MarshalECPrivateKey(key)
	quoted, _ := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})))
	file := `{"accessToken":{"accessKeyId":"A","secretAccessKey":"` + canary + `","sessionToken":"t` + canary + `","accountId":"1","expiresAt":"1999-01-01T00:00:00Z"},"clientId":"c","refreshToken":"r` + canary + `","dpopKey":` + string(quoted) + `}`
	sum := sha256.Sum256([]byte("arn:x"))
	for name, tt := range map[string]struct {
		status     int
		body, want string
	}{
		"expired":    {403, `{"error":"TOKEN_EXPIRED","message":"r` + canary + ` is over"}`, "TOKEN_EXPIRED REDACTED is over; run aws login"},
		"no keys":    {200, `{"accessToken":{},"refreshToken":"x","expiresIn":900}`, "without credentials; run aws login"},
		"not JSON":   {200, canary, "without credentials; run aws login"},
		"over there": {307, "", "307 Temporary Redirect; run aws login"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := Login{Session: " arn:x ", CacheDir: t.TempDir(), Endpoint: "https://signin", HTTP: says(tt.status, tt.body)}
				path := filepath.Join(l.CacheDir, hex.EncodeToString(sum[:])+".json")
				if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
					t.Fatal(err)
				}
				_, err := l.Retrieve(t.Context())
				if err == nil || !strings.HasSuffix(err.Error(), tt.want) || strings.Contains(err.Error(), canary) {
					t.Errorf("%v; want %q", err, tt.want)
				}
				if now, _ := os.ReadFile(path); string(now) != file {
					t.Error("the file was changed")
				}
			})
		})
	}
}
