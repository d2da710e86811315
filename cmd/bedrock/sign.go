package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"rawbedrock/sigv4"
)

const signHelp = `Signs a request with AWS Signature Version 4 and prints the steps; nothing is
sent. Covered are the headers given with -H, Host, X-Amz-Date and the session
token, but not the few that are rewritten on the way (Connection, Expect,
Keep-Alive, Proxy-…, Te, Trailer, Transfer-Encoding, Upgrade, User-Agent,
X-Amzn-Trace-Id). A given Host replaces the URL's, X-Amz-Content-Sha256 the hash
of the body; Authorization, X-Amz-Date and X-Amz-Security-Token are made anew.

The path is encoded once more for signing, as every service but S3 wants it:
":" travels as "%3A" and is signed as "%253A". The credentials are those that the
AWS SDKs would find, the environment first.

-o json prints canonicalRequest, stringToSign, credentialScope, signedHeaders,
signature and authorization; with --presign url instead of the last.

Examples:
  bedrock sign --method POST -H 'Content-Type: application/json' --body @request.json \
    --url https://bedrock-runtime.us-east-1.amazonaws.com/model/us.amazon.nova-lite-v1%3A0/converse
  bedrock sign --presign 15m --service sts --region us-east-1 -o json \
    --url 'https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15'
`

// formType is what clients say of a form on their own, and whoever follows a
// presigned URL does not: botocore leaves it out of one.
const formType = "application/x-www-form-urlencoded; charset=utf-8"

func signCommand() command {
	return command{
		name: "sign", short: "sign any request and show every step",
		long: signHelp,
		setup: func(fs *flag.FlagSet) func(context.Context, env, []string) error {
			var f signFlags
			f.register(fs)
			return func(ctx context.Context, e env, args []string) error {
				if err := noArgs(args); err != nil {
					return err
				}
				return f.run(ctx, e)
			}
		},
	}
}

type signFlags struct {
	identity
	method, url, body, service string
	headers                    listFlag
	keepPath                   bool
	time                       time.Time
	presign                    time.Duration
	output                     string
}

func (f *signFlags) register(fs *flag.FlagSet) {
	fs.StringVar(&f.method, "method", "", "HTTP `method`; else GET, or POST with --body")
	fs.StringVar(&f.url, "url", "", "the whole `URL`, its path percent-encoded as it is sent")
	fs.Var(&f.headers, "H", "a header, `'Name: value'`; may be repeated")
	fs.StringVar(&f.body, "body", "", "the body: `text`, @FILE or - for stdin")
	f.identity.register(fs)
	fs.StringVar(&f.service, "service", "bedrock", "the service's signing `name`")
	fs.BoolVar(&f.keepPath, "keep-path", false, "sign the path as it is sent, as S3 wants it")
	fs.Func("time", "sign for this `time`, such as 20150830T123600Z, not for now", func(s string) (err error) {
		if f.time, err = time.Parse(sigv4.TimeFormat, s); err != nil || len(s) != len(sigv4.TimeFormat) {
			return errors.New("want YYYYMMDDTHHMMSSZ, in UTC")
		}
		return nil
	})
	fs.Func("presign", "make a URL that is good for a `duration`, such as 15m or 3600s", func(s string) (err error) {
		if f.presign, err = time.ParseDuration(s); err != nil || f.presign <= 0 {
			return errors.New("want a duration from 1s to 168h")
		}
		return nil
	})
	choice(fs, &f.output, "output", "text", "`form` of the result: text or json", "text", "json")
	alias(fs, "o", "output")
}

func (f *signFlags) run(ctx context.Context, e env) error {
	req, err := f.request()
	if err != nil {
		return err
	}
	body, err := f.readBody(ctx, e)
	if err != nil {
		return err
	}
	region, creds, err := f.resolve(ctx, e)
	if err != nil {
		return err
	}
	if f.time.IsZero() {
		f.time = time.Now()
	}

	signer := sigv4.Signer{Region: region, Service: f.service, KeepPath: f.keepPath}
	hash := sigv4.HashPayload(body)
	r := signResult{}
	var sig sigv4.Signature
	if f.presign > 0 {
		if req.Header.Get("Content-Type") == formType {
			req.Header.Del("Content-Type")
		}
		var u *url.URL
		if u, sig, err = signer.Presign(req, hash, f.presign, creds, f.time); err == nil {
			r.URL = u.String()
		}
	} else if sig, err = signer.Sign(req, hash, creds, f.time); err == nil {
		r.Authorization = sig.Authorization()
	}
	if err != nil {
		fail := usagef
		if errors.Is(err, sigv4.ErrCredentials) {
			fail = setupf
		}
		return fail("%s", strings.TrimPrefix(err.Error(), "sigv4: "))
	}
	r.CanonicalRequest, r.StringToSign = sig.CanonicalRequest, sig.StringToSign
	r.Scope, r.SignedHeaders, r.Signature = sig.Scope, sig.SignedHeaders, sig.Signature
	return r.print(e.stdout, f.output)
}

// request makes the request that the flags describe, without its body. The
// URL is not quoted in errors: it may hold a password.
func (f *signFlags) request() (*http.Request, error) {
	u, err := url.Parse(f.url)
	switch {
	case f.url == "":
		return nil, usagef("no --url")
	case err != nil:
		return nil, usagef("--url: %w", errors.Unwrap(err))
	case u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, usagef("--url: want a whole URL: https://HOST/PATH")
	}
	u.Fragment, u.RawFragment = "", "" // never sent
	u.Opaque = "//" + u.Host + givenPath(f.url)
	method := f.method
	if method == "" {
		method = "GET"
		if f.body != "" {
			method = "POST"
		}
	}
	req := &http.Request{Method: method, URL: u, Host: u.Host, Header: http.Header{}}
	for i, line := range f.headers {
		name, value, ok := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		switch {
		case !ok || name == "":
			return nil, usagef("header %d: want -H 'Name: value'", i+1)
		case !utf8.ValidString(value):
			return nil, usagef("header %d: the value is not UTF-8", i+1)
		case strings.EqualFold(name, "Host"):
			req.Host, u.Host = strings.TrimSpace(value), "" // nothing to take it for the URL's own
		default:
			req.Header.Add(name, strings.TrimSpace(value))
		}
	}
	return req, nil
}

// givenPath is the path of a whole URL in the very spelling that was given.
// Where that has a character that should be encoded, net/url would write all of
// it anew, "%3A" and "%2F" too.
func givenPath(whole string) string {
	_, rest, _ := strings.Cut(whole, "://")
	if end := strings.IndexAny(rest, "?#"); end >= 0 {
		rest = rest[:end]
	}
	if start := strings.IndexByte(rest, '/'); start >= 0 {
		return rest[start:]
	}
	return ""
}

func (f *signFlags) readBody(ctx context.Context, e env) ([]byte, error) {
	if name, ok := strings.CutPrefix(f.body, "@"); ok {
		return readFile(name)
	}
	if f.body == "-" {
		return readStdin(ctx, e)
	}
	return []byte(f.body), nil
}

// signResult is the form of -o json.
type signResult struct {
	CanonicalRequest string `json:"canonicalRequest"`
	StringToSign     string `json:"stringToSign"`
	Scope            string `json:"credentialScope"`
	SignedHeaders    string `json:"signedHeaders"`
	Signature        string `json:"signature"`
	Authorization    string `json:"authorization,omitempty"`
	URL              string `json:"url,omitempty"`
}

func (r signResult) print(w io.Writer, output string) error {
	if output == "json" {
		return printJSON(w, r)
	}
	last := "authorization"
	if r.URL != "" {
		last = "url"
	}
	_, err := fmt.Fprintf(w, "canonical request\n%s\n\nstring to sign\n%s\n\nsignature\n%s\n\n%s\n%s\n",
		indented(r.CanonicalRequest), indented(r.StringToSign), indented(r.Signature), last, indented(cmp.Or(r.URL, r.Authorization)))
	return err
}

// indented sets the lines of a step off from its title.
func indented(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }
