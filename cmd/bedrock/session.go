package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"rawbedrock/client"
	"rawbedrock/client/bedrocktest"
	"rawbedrock/client/cassette"
	"rawbedrock/client/operation"
	"rawbedrock/sigv4/credentials"
)

const (
	mockRegion  = "us-east-1"      // of --mock, unless --region names another
	mockAddress = "127.0.0.1:8090" // where 'bedrock mock' listens unless told
)

// session is what the connection flags resolve to: a client, and the local
// Bedrock that ends with it.
type session struct {
	*client.Client
	dry     *dryRun // stands for the wire when --dry-run is given
	mock    *http.Server
	tape    *cassette.Cassette // of --record or --replay
	replays bool               // it answers
}

// close ends connections and the local Bedrock. A recording that failed is the
// command's error, or is told beside it.
func (s *session) close(e env, err *error) {
	s.CloseIdleConnections()
	if s.mock != nil {
		s.mock.Close()
	}
	if s.tape == nil {
		return
	}
	if tapeErr := s.tape.Close(); *err == nil {
		*err = tapeErr
	} else if tapeErr != nil && !errors.Is(*err, tapeErr) {
		fmt.Fprintf(e.stderr, "bedrock: %v\n", tapeErr)
	}
}

// open makes the client. Every failure to find credentials, a region or their
// files is exit 3.
func (c *connection) open(e env, dry bool) (*session, error) {
	if err := c.checkEndpoint(); err != nil {
		return nil, err
	}
	if dry && c.record != "" {
		return nil, usagef("--dry-run sends nothing that --record could keep: leave one out")
	}
	s := &session{}
	opts := []client.Option{
		client.WithTimeouts(c.timeouts),
		client.WithAuth(auths[c.auth]),
		client.WithRetry(client.Retry{MaxAttempts: c.maxAttempts}),
	}
	var secrets map[string]string
	err := c.tapeFlags.open(e, c, s)
	switch {
	case err != nil:
	case c.replay != "":
		opts = c.replayed(s, opts)
	case c.mock:
		opts, err = c.mocked(e, s, opts, dry)
	default:
		opts, secrets, err = c.real(e, opts)
	}
	if err != nil {
		return nil, err
	}
	opts = append(opts, client.WithLogger(c.logger(e, secrets)))
	if s.tape != nil && !dry {
		opts = append(opts, client.WithRecorder(s.record))
	}
	if dry {
		s.dry = &dryRun{}
		opts = append(opts, client.WithTransport(s.dry), client.WithRetry(client.Retry{MaxAttempts: 1}))
	}
	if s.Client, err = client.New(opts...); err != nil {
		if s.mock != nil {
			s.mock.Close()
		}
		return nil, setupf("%w", err)
	}
	return s, nil
}

var auths = map[string]client.Auth{
	"auto": client.AuthAuto, "sigv4": client.AuthSigV4, "bearer": client.AuthBearer, "none": client.AuthNone,
}

// logger writes what -v and -vv ask for to stderr, warnings always.
func (c *connection) logger(e env, secrets map[string]string) *slog.Logger {
	level := slog.LevelWarn
	if c.quiet {
		level = slog.LevelError
	}
	if c.verbose {
		level = slog.LevelDebug
	}
	if c.trace {
		level = client.LevelTrace
	}
	fixed := "command line"
	switch {
	case c.mock:
		fixed = "--mock"
	case c.replay != "":
		fixed = "--replay"
	}
	report := authReport{conn: c, secrets: secrets}
	return newLogger(e.stderr, level, c.traceJSON && level < slog.LevelWarn, func(key, name string) string {
		if key == "endpoint_from" && name == "code" && c.endpoint == "" && secrets["AWS_URL"] != "" {
			name = "AWS_URL"
		}
		return report.source(name, fixed)
	})
}

// mocked starts a Bedrock on loopback and points the client at it, without a
// look at the user's environment or files. A dry run starts none: it shows the
// request for the 'bedrock mock' that its reader may start.
func (c *connection) mocked(e env, s *session, opts []client.Option, dry bool) ([]client.Option, error) {
	if c.profile != "" || c.secrets != "" || c.endpoint != "" {
		return nil, usagef("--mock needs no --profile, --secrets or --endpoint-url: leave one or the other out")
	}
	address := mockAddress
	if dry {
		fmt.Fprintf(e.stderr, "note: the request is for a 'bedrock mock' on %s\n", mockAddress)
	} else {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		s.mock = &http.Server{Handler: &bedrocktest.Server{}}
		go s.mock.Serve(listener)
		address = listener.Addr().String()
	}
	opts = append(opts,
		client.WithEnv(unset),
		client.WithRegion(cmp.Or(c.region, mockRegion)),
		client.WithEndpoint("http://"+address),
		client.WithCredentials(bedrocktest.Credentials()))
	if c.auth == "bearer" {
		opts = append(opts, client.WithBearer(bedrocktest.APIKey))
	}
	return opts, nil
}

// unset is an environment without variables.
func unset(string) string { return "" }

// inside tells whether everything is in this process, credentials included.
func (c *connection) inside() bool { return c.mock || c.replay != "" }

// real takes what the flags say and leaves the rest to the environment and the
// shared files, as the AWS SDKs do.
func (c *connection) real(e env, opts []client.Option) ([]client.Option, map[string]string, error) {
	o, secrets, err := c.options(e)
	if err != nil {
		return nil, nil, err
	}
	opts = append(opts, client.WithEnv(o.Getenv), client.WithRegion(o.Region), client.WithProfile(o.Profile))
	if o.Endpoint != "" {
		opts = append(opts, client.WithEndpoint(o.Endpoint))
	}
	return opts, secrets, nil
}

// options is what the flags say of credentials, region and endpoint, with the
// secrets file, which it also returns, before the environment.
func (c *connection) options(e env) (credentials.Options, map[string]string, error) {
	o := credentials.Options{Getenv: e.getenv, Region: c.region, Profile: c.profile, Endpoint: c.endpoint}
	if c.replay != "" { // which reads nothing of the user's
		return credentials.Options{Getenv: unset, Region: c.region, Endpoint: c.endpoint}, nil, nil
	}
	getenv, secrets, err := beforeEnv(e, c.secrets, c.profile)
	if err != nil {
		return o, nil, err
	}
	o.Getenv = getenv
	o.Endpoint = cmp.Or(c.endpoint, secrets["AWS_URL"])
	return o, secrets, nil
}

// beforeEnv is the environment with a secrets file, when one is named, before
// it. A profile that is named too would win over its keys.
func beforeEnv(e env, file, profile string) (getenv func(string) string, secrets map[string]string, err error) {
	if file == "" {
		return e.getenv, nil, nil
	}
	if secrets, err = readSecrets(file); err != nil {
		return nil, nil, err
	}
	if profile != "" && secrets["AWS_ACCESS_KEY_ID"] != "" {
		return nil, nil, usagef("--profile and --secrets both name credentials: leave one out")
	}
	return overlay(e.getenv, secrets), secrets, nil
}

func readSecrets(name string) (map[string]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, setupf("--secrets: %w", err)
	}
	defer f.Close()
	secrets, err := credentials.ReadSecrets(f)
	if err != nil {
		return nil, setupf("--secrets %s: %w", name, err)
	}
	if len(secrets) == 0 {
		return nil, setupf("--secrets %s: the file holds nothing", name)
	}
	return secrets, nil
}

// overlay puts a secrets file before the environment. Keys come from one of
// the two, never half from each, and keys in the file are not beaten by an API
// key in the environment.
func overlay(getenv func(string) string, secrets map[string]string) func(string) string {
	keys := secrets["AWS_ACCESS_KEY_ID"] != "" || secrets["AWS_SECRET_ACCESS_KEY"] != ""
	return func(name string) string {
		if value := secrets[name]; value != "" {
			return value
		}
		switch name {
		case "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
			"AWS_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_BEARER_TOKEN_BEDROCK":
			if keys {
				return ""
			}
		}
		return getenv(name)
	}
}

// modelFlag is the model that --model or BEDROCK_MODEL names, empty when
// neither does.
func modelFlag(e env, model string) (string, error) {
	model = cmp.Or(model, e.getenv("BEDROCK_MODEL"))
	if _, err := operation.Converse.Expand(model); err != nil && model != "" {
		return "", usagef("--model %q: give a model id, an inference profile or an ARN", model)
	}
	return model, nil
}

// session checks the model's name and opens the connection. model is what the
// flags or BEDROCK_MODEL name, else the fallback.
func (a *answerFlags) session(e env, conn *connection, fallback func(*session) string) (s *session, model string, err error) {
	if model, err = modelFlag(e, a.model); err != nil {
		return nil, "", err
	}
	switch {
	case a.force && a.out == "":
		return nil, "", usagef("--force is for --out")
	case a.output == "raw" && a.query != "":
		return nil, "", usagef("-o raw prints the bytes as they come: leave --query out")
	case a.out != "" && conn.record != "" && filepath.Clean(a.out) == filepath.Clean(conn.record):
		return nil, "", usagef("--out and --record name the same file")
	}
	conn.traceJSON = isJSONForm(a.output)
	if s, err = conn.open(e, a.dryRun != ""); err != nil {
		return nil, "", err
	}
	if model == "" {
		model = fallback(s)
	}
	return s, model, nil
}

// anyModel is the model of converse and invoke when none is named: that of the
// recording to be replayed, else one for the region.
func (s *session) anyModel() string { return cmp.Or(s.recordedModel(), novaFor(s.Region())) }

// novaFor is a model for those who do not care: cheap, active and open to every
// account without a form. It is Nova 2 Lite by the inference profile that keeps
// requests in the region's geography (AWS's model card), and Nova Micro outside
// of the commercial regions.
func novaFor(region string) string {
	const nova2Lite = "amazon.nova-2-lite-v1:0"
	switch {
	case strings.HasPrefix(region, "us-gov-"), strings.HasPrefix(region, "cn-"):
		return "amazon.nova-micro-v1:0"
	case strings.HasPrefix(region, "us-"):
		return "us." + nova2Lite
	case strings.HasPrefix(region, "eu-"):
		return "eu." + nova2Lite
	case region == "ap-northeast-1", region == "ap-northeast-3":
		return "jp." + nova2Lite
	}
	return "global." + nova2Lite
}
