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

	"rawbedrock/client/redact"
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

--explain labels the four steps and says of each line where it comes from (-o json:
steps). A session token reads REDACTED then, in a presigned URL too.

Examples:
  bedrock sign --explain --url 'https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15' --service sts
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
	requestFlags
	service           string
	keepPath, explain bool
	time              time.Time
	presign           time.Duration
	output            string
	timeGiven         bool
}

func (f *signFlags) register(fs *flag.FlagSet) {
	f.requestFlags.register(fs)
	f.identity.register(fs)
	fs.StringVar(&f.service, "service", "bedrock", "the service's signing `name`")
	fs.BoolVar(&f.keepPath, "keep-path", false, "sign the path as it is sent, as S3 wants it")
	timeFlag(fs, &f.time)
	fs.Func("presign", "make a URL that is good for a `duration`, such as 15m or 3600s", func(s string) (err error) {
		if f.presign, err = time.ParseDuration(s); err != nil || f.presign <= 0 {
			return errors.New("want a duration from 1s to 168h")
		}
		return nil
	})
	fs.BoolVar(&f.explain, "explain", false, "show the four steps with where each line comes from, without secrets")
	choice(fs, &f.output, "output", "text", "`form` of the result: text or json", "text", "json")
	alias(fs, "o", "output")
}

func (f *signFlags) run(ctx context.Context, e env) error {
	req, err := f.request()
	if err != nil {
		return err
	}
	body, err := readBody(ctx, e, f.body)
	if err != nil {
		return err
	}
	region, creds, err := f.resolve(ctx, e)
	if err != nil {
		return err
	}
	if f.timeGiven = !f.time.IsZero(); !f.timeGiven {
		f.time = time.Now()
	}

	signer := sigv4.Signer{Region: region, Service: f.service, KeepPath: f.keepPath}
	r, sig, err := f.sign(signer, req, body, creds)
	if err != nil {
		fail := usagef
		if errors.Is(err, sigv4.ErrCredentials) {
			fail = setupf
		}
		return fail("%s", strings.TrimPrefix(err.Error(), "sigv4: "))
	}
	if f.explain {
		r.Steps = f.steps(req, body, region, creds, sig)
		r.CanonicalRequest = redact.Text(r.CanonicalRequest, creds.SessionToken)
		if token := url.QueryEscape(creds.SessionToken); token != "" {
			r.URL = strings.ReplaceAll(r.URL, token, redact.Mark)
		}
	}
	return r.print(e.stdout, f.output)
}

// sign signs the request or its URL.
func (f *signFlags) sign(signer sigv4.Signer, req *http.Request, body []byte, creds sigv4.Credentials) (r signResult, sig sigv4.Signature, err error) {
	hash := sigv4.HashPayload(body)
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
	r.CanonicalRequest, r.StringToSign = sig.CanonicalRequest, sig.StringToSign
	r.Scope, r.SignedHeaders, r.Signature = sig.Scope, sig.SignedHeaders, sig.Signature
	return r, sig, err
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

	Steps []signStep `json:"steps,omitempty"` // of --explain
}

func (r signResult) print(w io.Writer, output string) error {
	if output == "json" {
		return printJSON(w, r)
	}
	last := "authorization"
	if r.URL != "" {
		last = "url"
	}
	if r.Steps != nil {
		return printSteps(w, r.Steps, last, cmp.Or(r.URL, r.Authorization))
	}
	_, err := fmt.Fprintf(w, "canonical request\n%s\n\nstring to sign\n%s\n\nsignature\n%s\n\n%s\n%s\n",
		indented(r.CanonicalRequest), indented(r.StringToSign), indented(r.Signature), last, indented(cmp.Or(r.URL, r.Authorization)))
	return err
}

// indented sets the lines of a step off from its title.
func indented(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }
