package main

import (
	"context"
	"errors"
	"flag"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"rawbedrock/client"
	"rawbedrock/sigv4/credentials"
)

const explainHelp = `Says why a request was refused and what to do. It reads the answer from FILE or
standard input: the body of the error, what 'curl -i' or 'curl -v' printed, an
HTTP request with its answer, or the error message of an SDK.

When AWS refuses a signature it quotes the canonical request that it computed.
That is put beside the one of the request that you meant: --method, --url, -H and
--body, or what the transcript shows of it. Where the request's own Authorization
header is there too (-H 'Authorization: …', or in the transcript) and the secret
access key can be found as the AWS SDKs would, the mistakes that signers make are
tried out until one gives that very signature: the culprit is then proven.

With BEDROCK_KEEP_LAST=1 in the environment a call of converse, invoke, chat,
models or replay-live that fails leaves its canonical request, its headers without
secrets and the hash of its body (never the body) in rawbedrock/last.json in
XDG_CACHE_HOME or ~/.cache, readable by you alone; --last explains it.

Where nothing shows the culprit, the likeliest is named, and the output says that
it is a guess.

-o json prints culprit, why, fix, proven, guess, also, ours, theirs, diff and
error.
Exit code 0: explained; 1: the evidence does not tell.

Examples:
  curl -sv … 2>&1 | bedrock explain --body @request.json
  bedrock explain --url https://bedrock-runtime.us-east-1.amazonaws.com/model/us.amazon.nova-lite-v1%3A0/converse \
    --method POST -H 'Content-Type: application/json' --body @request.json error.json
  BEDROCK_KEEP_LAST=1 bedrock converse Hello || bedrock explain --last
`

func explainCommand() command {
	return command{
		name: "explain", args: "[FILE]", short: "name the culprit of a refused request",
		long: explainHelp,
		setup: func(fs *flag.FlagSet) func(context.Context, env, []string) error {
			var f explainFlags
			f.register(fs)
			return func(ctx context.Context, e env, args []string) error { return f.run(ctx, e, fs, args) }
		},
	}
}

type explainFlags struct {
	identity
	requestFlags
	service string
	last    bool
	output  string
}

func (f *explainFlags) register(fs *flag.FlagSet) {
	f.requestFlags.register(fs)
	f.raw = true // white space may be what is wrong
	f.identity.register(fs)
	fs.StringVar(&f.service, "service", "", "the signing `name` that the service wants; else as host and path tell")
	fs.BoolVar(&f.last, "last", false, "explain the last call that failed with BEDROCK_KEEP_LAST=1")
	choice(fs, &f.output, "output", "text", "`form` of the result: text or json", "text", "json")
	alias(fs, "o", "output")
}

func (f *explainFlags) run(ctx context.Context, e env, fs *flag.FlagSet, args []string) error {
	r := client.Refusal{Service: f.service, Region: f.region}
	if err := f.read(ctx, e, args, &r); err != nil {
		return err
	}
	if f.url != "" || f.method != "" || f.headers != nil {
		if err := f.override(&r.Transcript); err != nil {
			return err
		}
	}
	if given(fs, "body") != "" {
		body, err := readBody(ctx, e, f.body)
		if err != nil {
			return err
		}
		r.RequestBody = append([]byte{}, body...) // known, be it empty
	} else if q := r.Request; q != nil && q.Method == http.MethodGet && r.PayloadHash == "" && r.RequestBody == nil {
		r.RequestBody = []byte{}
	}
	if err := f.find(ctx, e, &r); err != nil {
		return err
	}
	x, ok := client.Explain(r)
	if err := printExplanation(e.stdout, x, ok, f.output); err != nil || ok {
		return err
	}
	return f.unexplained(r, x)
}

// unexplained says what is missing.
func (f *explainFlags) unexplained(r client.Refusal, x client.Explanation) error {
	switch {
	case x.Error == nil && r.Status != 0:
		return defectf("the answer is no refusal: status %d", r.Status)
	case x.Theirs != "" && r.Request == nil:
		return defectf("this is the request that AWS saw: give the one that was meant (--method, --url, -H, --body), or a 'curl -v' transcript")
	case x.Error != nil && errors.Is(x.Error, client.ErrBadSignature):
		return defectf("nothing differs that can be seen: give the request with its Authorization header (-H), and its body (--body), or a 'curl -v' transcript")
	case x.Error == nil:
		return defectf("there is no error in the input")
	}
	return defectf("nothing is known of this error: %s", oneLine([]byte(strings.TrimPrefix(x.Error.Error(), "bedrock: "))))
}

// read takes the answer from FILE, stdin or the call that was kept.
func (f *explainFlags) read(ctx context.Context, e env, args []string, r *client.Refusal) error {
	if f.last {
		if err := readLast(e, r); err != nil {
			return err
		}
	}
	if len(args) == 0 && f.last {
		return nil
	}
	if f.body == "-" && (len(args) == 0 || args[0] == "-") {
		return usagef("standard input cannot be both the answer and --body: put one of them into a file")
	}
	if file, ok := e.stdin.(*os.File); ok && len(args) == 0 && isTerminal(file) {
		return usagef("no FILE: give the answer of AWS, or - to type it")
	}
	in, err := openInput(ctx, e, args)
	if err != nil {
		return err
	}
	defer in.Close()
	return interruptible(ctx, func() error {
		data, err := readAll(in, "the answer")
		if err != nil {
			return err
		}
		kept := r.Request
		r.Transcript = client.ReadTranscript(data)
		if r.Request == nil {
			r.Request = kept
		}
		return nil
	})
}

// override puts what the flags say of the request in the place of what the
// transcript shows.
func (f *explainFlags) override(t *client.Transcript) error {
	shown := t.Request
	if f.url == "" && shown == nil {
		return usagef("no --url, and the input shows no request")
	}
	if f.url == "" { // only to read the headers
		f.url = "http://shown/"
		defer func() { f.url = "" }()
	}
	told, err := f.request()
	if err != nil {
		return err
	}
	if shown == nil {
		t.Request = told
		return nil
	}
	if told.URL.Host != "shown" {
		shown.URL, shown.Host, shown.RequestURI = told.URL, told.Host, ""
	} else if told.Host != "shown" {
		shown.Host = told.Host
	}
	if f.method != "" {
		shown.Method = f.method
	}
	for name, values := range told.Header {
		shown.Header[name] = values
	}
	return nil
}

// patience is how long credentials may take to be found: they help, but are not
// needed.
const patience = 3 * time.Second

// find adds credentials and region. What is not there is done without, unless
// the command line names it.
func (f *explainFlags) find(ctx context.Context, e env, r *client.Refusal) error {
	getenv, _, err := beforeEnv(e, f.secrets, f.profile)
	if err != nil {
		return err
	}
	config, err := credentials.Load(credentials.Options{Getenv: getenv, Profile: f.profile, Region: f.region})
	if err != nil {
		if f.profile != "" || f.secrets != "" {
			return setupf("%w", err)
		}
		return nil
	}
	r.DefaultRegion = config.Region.Value
	for _, service := range []string{"bedrock-runtime", "bedrock", "bedrock-mantle", "sts"} {
		if endpoint, err := config.Endpoint(service); err == nil {
			if u, err := url.Parse(endpoint.Value); err == nil {
				r.Hosts = append(r.Hosts, u.Host)
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if r.Credentials, err = config.Provider().Retrieve(ctx); err != nil && (f.profile != "" || f.secrets != "") {
		return setupf("%w", err)
	}
	return nil
}
