package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"rawbedrock/sigv4/credentials"
)

const authHelp = `Looks for credentials, region and endpoint the way a call does, and tells which
source wins and why every other one lost. Nothing secret is printed. A source
that is set up is really asked (STS, SSO, the metadata service), unless an API
key makes credentials unnecessary.

With -o json:

  {"credentials":{"source","accessKeyId","expires"?,"error"?},
   "bearer":{"source","kind","region"?,"expires"?,"expired"?}?,
   "auth":"sigv4|bearer|none",
   "region":{"value","source"},"endpoint":{"url","source"},
   "considered":[{"source","outcome","reason"}]}

Exit code 3: nothing that could be used was found.

Examples:
  bedrock auth
  bedrock auth --profile dev -o json
`

// bearerName is where an API key is looked for.
const bearerName = "AWS_BEARER_TOKEN_BEDROCK"

func authCommand() command {
	return command{
		name: "auth", short: "which credentials win, and why the others lost", long: authHelp,
		setup: func(fs *flag.FlagSet) func(context.Context, env, []string) error {
			var conn connection
			var output string
			conn.registerIdentity(fs)
			choice(fs, &output, "output", "text", "`form` of the answer: text or json", "text", "json")
			alias(fs, "o", "output")
			return func(ctx context.Context, e env, args []string) error {
				if err := noArgs(args); err != nil {
					return err
				}
				return explainAuth(ctx, e, &conn, output == "json")
			}
		},
	}
}

// authReport is the JSON form, and what the text form is made of.
type authReport struct {
	Credentials credentialsReport `json:"credentials"`
	Bearer      *bearerReport     `json:"bearer,omitempty"`
	Auth        string            `json:"auth"`
	Region      settingReport     `json:"region"`
	Endpoint    endpointReport    `json:"endpoint"`
	Considered  []considered      `json:"considered"`

	conn    *connection
	secrets map[string]string // of conn.secrets
	warning string            // what is wrong with the endpoint
	keyText string            // what the API key says of itself
}

type credentialsReport struct {
	Source      string `json:"source"`
	AccessKeyID string `json:"accessKeyId"`
	Expires     string `json:"expires,omitempty"`
	Error       string `json:"error,omitempty"`
}

type bearerReport struct {
	Source  string `json:"source"`
	Kind    string `json:"kind"`
	Region  string `json:"region,omitempty"`
	Expires string `json:"expires,omitempty"`
	Expired *bool  `json:"expired,omitempty"` // absent when the key does not say
}

type settingReport struct {
	Value  string `json:"value"`
	Source string `json:"source"`
}

type endpointReport struct {
	URL    string `json:"url"`
	Source string `json:"source"`
}

type considered struct {
	Source  string `json:"source"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
}

// explainAuth prints the report and fails when it has nothing usable.
func explainAuth(ctx context.Context, e env, conn *connection, asJSON bool) error {
	if err := conn.checkEndpoint(); err != nil {
		return err
	}
	o, secrets, err := conn.options(e)
	if err != nil {
		return err
	}
	r := authReport{Auth: "none", Considered: []considered{}, conn: conn, secrets: secrets}
	failure := r.fill(ctx, o)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if r.warning != "" {
		fmt.Fprintf(e.stderr, "bedrock: auth: %s\n", r.warning)
	}
	if asJSON {
		err = printJSON(e.stdout, r)
	} else {
		err = r.print(e.stdout)
	}
	if err == nil && failure != nil {
		err = setupf("%w", failure)
	}
	return err
}

// fill looks for everything. The error says why nothing is usable.
func (r *authReport) fill(ctx context.Context, o credentials.Options) error {
	config, err := credentials.Load(o)
	if err != nil {
		r.Credentials.Error = plain(err)
		return err
	}
	r.Region = settingReport{config.Region.Value, r.source(config.Region.Source, "--region")}
	endpoint, err := config.Endpoint("bedrock-runtime")
	if err == nil {
		r.Endpoint = endpointReport{endpoint.Value, r.source(endpoint.Source, "--endpoint-url")}
	} else if !errors.Is(err, credentials.ErrNoRegion) {
		r.warning = plain(err)
	}
	auth := r.conn.auth
	keyErr := r.key(config.Bearer, auth)
	if auth == "auto" && r.Bearer != nil {
		auth = "bearer"
	}
	err = r.chain(ctx, config.Provider(), auth == "bearer" || auth == "none")
	switch {
	case auth == "none":
		return nil
	case auth == "bearer" && r.Bearer != nil:
		r.Auth, err = auth, keyErr
	case auth == "bearer":
		err = keyErr
	case err == nil:
		r.Auth = "sigv4"
	}
	return err
}

// key tells what an API key says of itself. The error says why it is of no
// use.
func (r *authReport) key(key credentials.Key, auth string) error {
	line := considered{r.source(bearerName, ""), credentials.Skipped, "it is not set"}
	if key.IsZero() {
		r.Considered = append(r.Considered, line)
		return fmt.Errorf("there is no API key: set %s", bearerName)
	}
	info, err := credentials.Inspect(key.Reveal())
	if err != nil {
		info.Kind = credentials.Unknown
	}
	now := time.Now()
	r.Bearer = &bearerReport{Source: line.Source, Kind: info.Kind, Region: info.Region}
	r.keyText = describeKey(info, now)
	line.Outcome, line.Reason = credentials.Used, info.Kind+" API key"
	if !info.Expires.IsZero() {
		r.Bearer.Expires, r.Bearer.Expired = stamp(info.Expires), new(info.ExpiredAt(now))
		if *r.Bearer.Expired {
			err = fmt.Errorf("the API key in %s expired at %s: make a new one, for example with bedrock token mint", line.Source, r.Bearer.Expires)
		}
	}
	switch {
	case auth == "sigv4" || auth == "none":
		line.Outcome, line.Reason = credentials.Skipped, "--auth "+auth
	case err != nil:
		line.Outcome, line.Reason = credentials.Failed, plain(err)
	}
	r.Considered = append(r.Considered, line)
	return err
}

// chain asks the credential chain. With local it asks nobody but the
// environment and the shared files, for the credentials are not needed.
func (r *authReport) chain(ctx context.Context, chain *credentials.Chain, local bool) error {
	chain.Local = local
	c, all, err := chain.Explain(ctx)
	if err == nil && c.ExpiredAt(time.Now()) {
		err = fmt.Errorf("%s: the credentials expired at %s", c.Source, stamp(c.Expires))
	}
	if err == nil && c.ID() != c.AccessKeyID {
		err = fmt.Errorf("%s: the access key id looks like a secret access key: are the two mixed up?", c.Source)
	}
	for _, k := range all {
		if k.Outcome == credentials.Used && err != nil {
			k.Outcome, k.Reason = credentials.Failed, plain(err)
		} else if k.Outcome == credentials.Used && local {
			k.Outcome, k.Reason = credentials.NotReached, k.Reason+", which are not needed"
		}
		r.Considered = append(r.Considered, considered{r.source(k.Source, ""), k.Outcome, k.Reason})
	}
	if err != nil {
		r.Credentials.Error = plain(err)
		return err
	}
	r.Credentials = credentialsReport{Source: r.source(c.Source, ""), AccessKeyID: c.AccessKeyID}
	if !c.Expires.IsZero() {
		r.Credentials.Expires = stamp(c.Expires)
	}
	return nil
}

// print writes the report as an explanation.
func (r authReport) print(w io.Writer) error {
	var b strings.Builder
	switch {
	case r.conn.auth == "none":
		b.WriteString("Calls are neither signed nor do they carry a key: --auth none.\n")
	case r.Auth == "bearer":
		fmt.Fprintf(&b, "Calls carry the API key in %s:\n%s", r.Bearer.Source, r.keyText)
		if k := r.Bearer.Region; k != "" && r.Region.Value != "" && k != r.Region.Value {
			fmt.Fprintf(&b, "It does not work in %s, where calls go.\n", r.Region.Value)
		}
		b.WriteString("\n")
	case r.Auth == "sigv4":
		fmt.Fprintf(&b, "Calls are signed (SigV4) with the access key %s from %s.\n", r.Credentials.AccessKeyID, r.Credentials.Source)
		if r.Credentials.Expires != "" {
			fmt.Fprintf(&b, "The credentials are good until %s.\n", r.Credentials.Expires)
		}
	default:
		b.WriteString("Nothing usable was found: calls cannot be made.\n")
	}
	fmt.Fprintf(&b, "Region: %s\n", orNone(r.Region.Value, r.Region.Source, "none; set AWS_REGION or --region"))
	fmt.Fprintf(&b, "Endpoint: %s\n", orNone(r.Endpoint.URL, r.Endpoint.Source, "none"))
	if len(r.Considered) > 0 {
		b.WriteString("\nWhere was looked, in this order:\n")
	}
	for _, k := range r.Considered {
		fmt.Fprintf(&b, "  %-11s  %s: %s\n", k.Outcome, k.Source, k.Reason)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func orNone(value, source, none string) string {
	if value == "" {
		return none
	}
	return value + " (" + source + ")"
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// plain takes the package's name off an error that stands beside its source.
func plain(err error) string { return strings.TrimPrefix(err.Error(), "credentials: ") }

// source names the secrets file where it stands for the environment, and the
// flag where the library says code.
func (r *authReport) source(name, flag string) string {
	in := " in the secrets file " + r.conn.secrets
	switch {
	case name == "environment" && r.secrets["AWS_ACCESS_KEY_ID"] != "":
		return "keys" + in
	case r.secrets[name] != "":
		return name + in
	case name == "code" && flag == "--endpoint-url" && r.conn.endpoint == "":
		return "AWS_URL" + in
	case name == "code":
		return flag
	}
	return name
}
