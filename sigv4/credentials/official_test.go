package credentials

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"rawbedrock/testdata/vectors"
)

// official is the folder of AWS's cross-SDK tests of credentials.
const official = "vectors/credentials/official/smithy-rs/aws-config/test-data/"

// TestDefaultChain runs the official end-to-end tests of the chain over their
// recorded traffic.
func TestDefaultChain(t *testing.T) {
	runTraffic(t, official+"default-credential-provider-chain/", false)
}

// TestProfileProvider runs those of the profile alone: the profile is chosen in
// code, which hides the environment.
func TestProfileProvider(t *testing.T) { runTraffic(t, official+"profile-provider/", true) }

// TestTokenChain names what is not for us: the tokens of an SSO session are no
// credentials, and Bedrock does not take them.
func TestTokenChain(t *testing.T) {
	for _, name := range caseNames(t, official+"default-token-provider-chain") {
		t.Run(name, func(t *testing.T) { t.Skip("a bearer token of an SSO session, not credentials") })
	}
}

// trafficCase is test-case.json. The words of ErrorContains are those of one
// implementation; that there is an error counts.
type trafficCase struct {
	Docs   string
	Result struct {
		Ok *struct {
			AccessKeyID     string `json:"access_key_id"`
			SecretAccessKey string `json:"secret_access_key"`
			SessionToken    string `json:"session_token"`
			Expiry          int64
		}
		ErrorContains string
	}
}

func runTraffic(t *testing.T, folder string, inCode bool) {
	for _, name := range caseNames(t, folder) {
		t.Run(name, func(t *testing.T) {
			var tt trafficCase
			var env map[string]string
			readJSON(t, folder+name+"/test-case.json", &tt)
			readJSON(t, folder+name+"/env.json", &env)
			files, place := placeFiles(t, vectors.Path(t, folder+name)+"/fs")
			for key, value := range env {
				env[key] = place(value)
			}
			traffic := readTraffic(t, folder+name+"/http-traffic.json")
			o := Options{Getenv: world(t, env, files), HTTP: &http.Client{Transport: traffic}}
			if inCode {
				o.Profile = cmp.Or(env["AWS_PROFILE"], "default")
			}
			// a bubble's clock starts in 2000, when what was recorded had not expired
			synctest.Test(t, func(t *testing.T) { checkTraffic(t, tt, o, traffic) })
		})
	}
}

// caseNames are the folders of a folder of cases.
func caseNames(t *testing.T, folder string) []string {
	dirs, err := filepath.Glob(vectors.Path(t, folder) + "/*")
	if err != nil || len(dirs) == 0 {
		t.Fatal(dirs, err)
	}
	for i, dir := range dirs {
		dirs[i] = filepath.Base(dir)
	}
	return dirs
}

func checkTraffic(t *testing.T, tt trafficCase, o Options, traffic *replay) {
	config, err := Load(o)
	if err != nil {
		if tt.Result.Ok != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := config.Provider().Retrieve(t.Context())
	want := tt.Result.Ok
	switch {
	case want == nil && err == nil:
		t.Fatalf("%v, want an error like %q", got, tt.Result.ErrorContains)
	case want == nil:
		t.Logf("%v (theirs: %s)", err, tt.Result.ErrorContains)
		return
	case err != nil:
		t.Fatal(err)
	}
	if got.AccessKeyID != want.AccessKeyID || got.SecretAccessKey != want.SecretAccessKey || got.SessionToken != want.SessionToken {
		t.Errorf("%q, %q, %q; want %+v", got.AccessKeyID, got.SecretAccessKey, got.SessionToken, *want)
	}
	// the metadata service is asked again after an hour
	if want.Expiry != 0 && got.Expires.Unix() != want.Expiry && !strings.HasSuffix(got.Source, sourceIMDS) {
		t.Errorf("expires %d, want %d", got.Expires.Unix(), want.Expiry)
	}
	if left := traffic.left(); left > 0 {
		t.Errorf("%d recorded exchanges were not asked for", left)
	}
}

// placeFiles reads a tree that stands for "/" into the form of world, whose
// folder {DIR} takes the place of "/", and returns what puts it before the
// tree's paths in a text.
func placeFiles(t *testing.T, tree string) (files map[string]string, place func(string) string) {
	files = map[string]string{}
	roots := []string{"/home", "{DIR}/home"}
	filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // a case may have no files
		}
		name := strings.TrimPrefix(path, tree)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[name[1:]] = string(data)
		if !strings.HasPrefix(name, "/home/") {
			roots = append(roots, name, "{DIR}"+name)
		}
		return nil
	})
	place = strings.NewReplacer(roots...).Replace
	for name := range files {
		files[name] = place(files[name])
	}
	return files, place
}

// replay is a RoundTripper that answers recorded exchanges in their order and
// refuses all else.
type replay struct {
	mu        sync.Mutex
	exchanges []*recorded
}

type recorded struct {
	method, uri, form string
	signed            bool
	status            int
	header            http.Header
	body              []byte
}

// traffic is the file of smithy-rs's recorder.
type traffic struct {
	Events []struct {
		Connection int `json:"connection_id"`
		Action     struct {
			Request *struct {
				Request struct {
					URI, Method string
					Headers     map[string][]string
				}
			}
			Response *struct {
				Response struct {
					Ok *struct {
						Status  int
						Headers http.Header
					}
				}
			}
			Data *struct {
				Data      struct{ Utf8 string }
				Direction string
			}
		}
	}
}

// readTraffic reads the events, of which those of one connection make an
// exchange.
func readTraffic(t *testing.T, path string) *replay {
	var file traffic
	readJSON(t, path, &file)
	var r replay
	open := map[int]*recorded{}
	for _, e := range file.Events {
		x := open[e.Connection]
		switch a := e.Action; {
		case a.Request != nil:
			q := a.Request.Request
			x = &recorded{method: q.Method, uri: q.URI, signed: len(q.Headers["authorization"]) > 0}
			open[e.Connection] = x
			r.exchanges = append(r.exchanges, x)
		case a.Response != nil && a.Response.Response.Ok != nil:
			x.status, x.header = a.Response.Response.Ok.Status, a.Response.Response.Ok.Headers
		case a.Data != nil && a.Data.Direction == "Response":
			x.body = append(x.body, a.Data.Data.Utf8...)
		case a.Data != nil:
			x.form += a.Data.Data.Utf8
		}
	}
	return &r
}

func (r *replay) left() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.exchanges)
}

// RoundTrip compares method, URL, STS action and whether the request is signed.
// The role and the signer in what was recorded are not always those of the case.
func (r *replay) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.exchanges) == 0 {
		return nil, errors.New("nothing more was recorded")
	}
	x := r.exchanges[0]
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
	}
	got := fmt.Sprintf("%s %s %q signed %t", req.Method, canonicalURL(req.URL.String()), action(string(body)), strings.HasPrefix(req.Header.Get("Authorization"), "AWS4-"))
	want := fmt.Sprintf("%s %s %q signed %t", x.method, canonicalURL(x.uri), action(x.form), x.signed)
	if got != want {
		return nil, fmt.Errorf("asked %s, recorded %s", got, want)
	}
	r.exchanges = r.exchanges[1:]
	return &http.Response{StatusCode: x.status, Header: x.header, Body: io.NopCloser(bytes.NewReader(x.body)), Request: req}, nil
}

func action(form string) string {
	v, _ := url.ParseQuery(form)
	return v.Get("Action")
}

// canonicalURL sorts the query and ends an empty path with a slash.
func canonicalURL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return s
	}
	u.RawQuery = u.Query().Encode()
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String()
}
