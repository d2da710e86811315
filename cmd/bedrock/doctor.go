package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"rawbedrock/client/bedrocktest"
	"rawbedrock/client/operation"
	"rawbedrock/sigv4/credentials"
)

const doctorLong = `Looks at everything between here and a model, in the order in which a call needs
it, and goes on after a failure: credentials, clock, region, DNS, TCP, TLS, proxy
and CA, endpoint, identity (STS), API key, model, inference profile, access,
streaming, quota. Each line is ok, warn, fail or skip, says what is the case, and
below it stands what to do. Access and streaming are tried with real calls of one
token each, at most three; --no-call leaves them out. Without MODEL it is the
model that 'bedrock converse' would take.

--policy prints the IAM policy that the call needs, for the inference profile and
for the model in every destination region, and the report on stderr.

Exit code 0: a call would work. 3: credentials or region are missing. 1: anything
else fails.

With -o json: {"model","region","endpoint","works","checks":[{"check","state",
"message","remedy"?}],"policy"?}.

Examples:
  bedrock doctor
  bedrock doctor us.anthropic.claude-sonnet-5 -r us-east-1
  bedrock doctor --no-call -o json anthropic.claude-sonnet-5
  bedrock doctor --policy us.meta.llama3-1-8b-instruct-v1:0
  bedrock doctor --mock
`

type doctorFlags struct {
	connection
	model, output  string
	noCall, policy bool
}

func doctorCommand() command {
	return command{
		name: "doctor", args: "[MODEL]", short: "find out why a call does not work, and what to do", long: doctorLong,
		setup: func(fs *flag.FlagSet) func(context.Context, env, []string) error {
			var d doctorFlags
			d.connection.registerCalls(fs)
			d.tapeFlags.registerRecord(fs) // a replay would say nothing of this machine, now
			fs.Lookup("max-attempts").Usage = "try at most `N` times, 2 unless given"
			fs.Lookup("first-event-timeout").Usage = "longest `wait` for an answer or its first event, 1m unless given"
			fs.Lookup("idle-timeout").Usage = "longest `wait` within an answer, 1m unless given"
			fs.StringVar(&d.model, "model", "", "model `id`, inference profile or ARN, where no argument names it; else BEDROCK_MODEL")
			alias(fs, "m", "model")
			fs.BoolVar(&d.noCall, "no-call", false, "do not call the model: nothing is billed, and access stays untried")
			fs.BoolVar(&d.policy, "policy", false, "print the IAM policy that the call needs, as JSON; the report goes to stderr")
			choice(fs, &d.output, "output", "text", "`form` of the report: text or json", "text", "json")
			alias(fs, "o", "output")
			return func(ctx context.Context, e env, args []string) error { return d.run(ctx, e, args) }
		},
	}
}

// The states of a check.
const (
	checkOK   = "ok"
	checkWarn = "warn"
	checkFail = "fail"
	checkSkip = "skip" // there was no way to look, or no need to
)

// check is one line of the report.
type check struct {
	Name    string `json:"check"`
	State   string `json:"state"`
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

// examination is one run of the doctor.
type examination struct {
	flags   *doctorFlags
	e       env
	out     io.Writer // of the report, as it comes; nil: it is printed at the end
	model   string
	config  *credentials.Config // nil when the files are broken
	session *session            // nil when openErr
	openErr error
	auth    authReport
	wire    reached
	unsaid  error // of writing the report
	checks  []check
	account string // of the caller, when STS told it
	call    trial  // of the model
	listed  listing
}

func (d *doctorFlags) run(ctx context.Context, e env, args []string) (err error) {
	if len(args) > 1 {
		return usagef("one model, not %d arguments", len(args))
	}
	d.model = cmp.Or(d.model, e.getenv("BEDROCK_MODEL"))
	if len(args) == 1 {
		d.model = args[0]
	}
	if _, err := operation.Converse.Expand(d.model); err != nil && (d.model != "" || len(args) == 1) {
		return usagef("%q: give a model id, an inference profile or an ARN", d.model)
	}
	if err := d.checkEndpoint(); err != nil {
		return err
	}
	d.patience()
	x := &examination{flags: d, e: e, model: d.model}
	switch {
	case d.output == "json":
	case d.policy:
		x.out = e.stderr
	default:
		x.out = e.stdout
	}
	if err := x.local(ctx); err != nil {
		return err
	}
	if x.session != nil {
		defer x.session.close(e, &err)
	}
	x.network(ctx)
	x.calls(ctx)
	if ctx.Err() != nil {
		return context.Canceled
	}
	return x.report()
}

// patience is shorter than that of a call which does real work.
func (d *doctorFlags) patience() {
	d.traceJSON = d.output == "json"
	d.quiet = true // the report tells what warnings would
	d.timeouts.FirstEvent = cmp.Or(d.timeouts.FirstEvent, time.Minute)
	d.timeouts.Idle = cmp.Or(d.timeouts.Idle, time.Minute)
	d.maxAttempts = cmp.Or(d.maxAttempts, 2)
}

// add reports a check.
func (x *examination) add(name, state, message, remedy string) {
	c := check{name, state, message, remedy}
	if state == checkOK || state == checkSkip {
		c.Remedy = ""
	}
	x.checks = append(x.checks, c)
	text := fmt.Sprintf("%-4s  %-12s  %s\n", c.State, c.Name, c.Message)
	if c.Remedy != "" {
		text += fmt.Sprintf("%20s%s\n", "-> ", c.Remedy)
	}
	x.say(strings.Map(visible, text))
}

// say prints a part of a report that comes as it is made.
func (x *examination) say(text string) {
	if x.out == nil {
		return
	}
	if _, err := io.WriteString(x.out, text); err != nil && !x.flags.policy {
		x.unsaid = err
	}
}

// local finds what the environment and the files say. An error is one of the
// command line.
func (x *examination) local(ctx context.Context) error {
	x.session, x.openErr = x.flags.connection.open(x.e, false)
	if code := exitCode(ctx, x.openErr); x.openErr != nil && code != exitSetup {
		return x.openErr
	}
	o, secrets, err := x.options()
	if err != nil { // of the secrets file
		x.add("credentials", checkFail, plain(err), "Correct the file, or leave --secrets out.")
		return nil
	}
	x.auth = authReport{Auth: "none", conn: &x.flags.connection, secrets: secrets}
	x.config, err = credentials.Load(o)
	if err != nil {
		remedy := "Correct the file or the name of the profile; `bedrock auth` shows where was looked."
		if strings.Contains(err.Error(), bearerName) {
			remedy = "Set " + bearerName + " to the key alone, or unset it."
		}
		x.add("credentials", checkFail, plain(err), remedy)
		return nil
	}
	x.credentials(x.auth.fill(ctx, o))
	return nil
}

// options is what credentials and region are looked for with.
func (x *examination) options() (credentials.Options, map[string]string, error) {
	if !x.flags.mock {
		return x.flags.connection.options(x.e)
	}
	keys := bedrocktest.Credentials()
	env := map[string]string{"AWS_ACCESS_KEY_ID": keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY": keys.SecretAccessKey}
	if x.flags.auth == "bearer" {
		env["AWS_BEARER_TOKEN_BEDROCK"] = bedrocktest.APIKey
	}
	endpoint, err := x.session.Endpoint(operation.Runtime)
	return credentials.Options{Getenv: func(name string) string { return env[name] }, Region: x.session.Region(), Endpoint: endpoint}, nil, err
}

func (x *examination) credentials(err error) {
	c := x.auth.Credentials
	switch {
	case x.flags.auth == "none":
		x.add("credentials", checkOK, "none are sent (--auth none)", "")
	case x.bearer() && x.auth.Bearer != nil && x.auth.Bearer.Kind == credentials.Unknown:
		x.add("credentials", checkWarn, "the API key in "+x.auth.Bearer.Source+" is of no form that Bedrock's keys have", "Look whether it was pasted whole; `bedrock token mint` makes one from AWS credentials.")
	case x.bearer() && x.auth.Bearer != nil: // what it says of itself is a check of its own
		x.add("credentials", checkOK, "a "+x.auth.Bearer.Kind+" API key in "+x.auth.Bearer.Source, "")
	case err != nil:
		x.add("credentials", checkFail, plain(err), credentialsRemedy(err))
	case c.Expires != "":
		x.add("credentials", checkOK, fmt.Sprintf("%s from %s, good until %s", c.AccessKeyID, c.Source, c.Expires), "")
	default:
		x.add("credentials", checkOK, fmt.Sprintf("%s from %s", c.AccessKeyID, c.Source), "")
	}
}

// bearer tells whether calls carry an API key.
func (x *examination) bearer() bool {
	return x.flags.auth == "bearer" || x.flags.auth == "auto" && x.auth.Bearer != nil
}

func credentialsRemedy(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "AWS_ACCESS_KEY_ID is set but"), strings.Contains(text, "AWS_SECRET_ACCESS_KEY is set but"):
		return "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY both, with AWS_SESSION_TOKEN where the keys are temporary."
	case strings.Contains(text, "none found"):
		return "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or AWS_BEARER_TOKEN_BEDROCK, or sign in with `aws login` or `aws sso login`."
	case strings.Contains(text, "expired"), strings.Contains(text, "aws sso login"), strings.Contains(text, "aws login"):
		return "Sign in again or refresh them: `aws sso login`, `aws login`, or new keys in the environment."
	case strings.Contains(text, "there is no API key"):
		return "Set AWS_BEARER_TOKEN_BEDROCK (`bedrock token mint` makes a key from AWS credentials), or leave --auth bearer out."
	case strings.Contains(text, "is not authorized to perform"):
		return "Allow that in the policies of whoever asks and, for a role, in its trust policy; `bedrock auth` shows the sources."
	}
	return "Repair this source, or take it away so that the next one is asked; `bedrock auth` shows them all."
}

// failed is the first check that failed, of those with these names if any are
// given; nil when none did.
func (x *examination) failed(names ...string) *check {
	i := slices.IndexFunc(x.checks, func(c check) bool {
		return c.State == checkFail && (len(names) == 0 || slices.Contains(names, c.Name))
	})
	if i < 0 {
		return nil
	}
	return &x.checks[i]
}

// report ends the examination: the verdict and the exit code.
func (x *examination) report() error {
	first := x.failed()
	if x.flags.policy && x.flags.output != "json" {
		if err := x.printPolicy(); err != nil {
			return err
		}
	}
	if x.flags.output == "json" {
		if err := x.printJSON(first == nil); err != nil {
			return err
		}
	}
	switch {
	case first == nil && x.flags.noCall:
		x.say(fmt.Sprintf("\nNothing stands in the way of a call to %s; it was not tried.\n", x.model))
	case first == nil:
		x.say(fmt.Sprintf("\nA call to %s works.\n", x.model))
	case first.Name == "credentials" || first.Name == "region":
		return setupf("a call would not work: see %s", first.Name)
	default:
		return defectf("a call would not work: see %s", first.Name)
	}
	return x.unsaid
}

func (x *examination) printJSON(works bool) error {
	out := struct {
		Model    string  `json:"model"`
		Region   string  `json:"region"`
		Endpoint string  `json:"endpoint"`
		Works    bool    `json:"works"`
		Checks   []check `json:"checks"`
		Policy   *policy `json:"policy,omitempty"`
	}{Model: x.model, Region: x.region(), Endpoint: x.wire.endpoint, Works: works, Checks: x.checks}
	if x.flags.policy {
		out.Policy = x.policy()
	}
	return printJSON(x.e.stdout, out)
}

func (x *examination) region() string {
	if x.session != nil {
		return x.session.Region()
	}
	if x.config != nil {
		return x.config.Region.Value
	}
	return ""
}
