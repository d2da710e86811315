package main

import (
	"cmp"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"rawbedrock/client"
	"rawbedrock/client/cassette"
)

// tapeFlags holds the flags that put a cassette between the command and
// Bedrock.
type tapeFlags struct {
	record, replay string
	pace           *cassette.Pace
	redaction
	tape **cassette.Cassette // of all sessions of the command
}

func (r *tapeFlags) register(fs *flag.FlagSet) {
	r.registerRecord(fs)
	fs.StringVar(&r.replay, "replay", "", "answer from this cassette, a `file` or a directory of them: no network, nothing is signed, no credentials are looked at")
	registerPace(fs, &r.pace)
}

// registerRecord takes the flags of a recording alone.
func (r *tapeFlags) registerRecord(fs *flag.FlagSet) {
	r.tape = new(*cassette.Cassette)
	fs.StringVar(&r.record, "record", "", "record the exchange to a cassette, this `file`; what it has of other requests stays")
	r.redaction.register(fs, "what --record does not write")
	fs.Lookup("redact").Usage += ". The word none stores everything"
}

func registerPace(fs *flag.FlagSet, p **cassette.Pace) {
	fs.Func("pace", "`speed` of a replay: none (at once, the default), real, or a number of times the recorded speed", func(s string) error {
		pace, err := cassette.ParsePace(s)
		*p = &pace
		return err
	})
}

// redaction holds the caller's own rules for what is secret.
type redaction struct {
	none  bool
	rules []*regexp.Regexp
}

func (r *redaction) register(fs *flag.FlagSet, what string) {
	fs.Func("redact", "more of "+what+": matches of this regular `expression`; may be repeated", func(s string) error {
		if s == "none" {
			r.none = true
			return nil
		}
		rule, err := regexp.Compile(s)
		if err == nil && rule.MatchString("") {
			err = fmt.Errorf("it matches an empty text too")
		}
		r.rules = append(r.rules, rule)
		return err
	})
}

// options are this process's own secrets and the caller's rules. Secrets files
// hold more than secrets.
func (r *redaction) options(e env, secrets map[string]string) cassette.Redaction {
	o := cassette.Redaction{None: r.none, Rules: r.rules, Getenv: e.getenv}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK"} {
		o.Secrets = append(o.Secrets, secrets[name])
	}
	return o
}

// open opens the cassette that the flags name.
func (r *tapeFlags) open(e env, c *connection, s *session) (err error) {
	path, o := r.replay, cassette.Options{}
	switch {
	case r.record != "" && r.replay != "":
		return usagef("--record and --replay: one or the other")
	case r.replay != "" && c.mock:
		return usagef("--mock and --replay: one or the other")
	case r.pace != nil && r.replay == "":
		return usagef("--pace is for --replay")
	case (r.none || r.rules != nil) && r.record == "":
		return usagef("--redact is for --record")
	case r.none && r.rules != nil:
		return usagef("--redact none stores everything: leave the other --redact out")
	case r.record != "":
		path, o.Mode = r.record, cassette.Record
		var secrets map[string]string
		if c.secrets != "" && !c.mock {
			if secrets, err = readSecrets(c.secrets); err != nil {
				return err
			}
		}
		o.Redaction = r.redaction.options(e, secrets)
	case r.replay == "":
		return nil
	}
	if r.pace != nil {
		o.Pace = *r.pace
	}
	if *r.tape == nil {
		if *r.tape, err = cassette.Open(path, o); err != nil {
			return usagef("%w", err)
		}
	}
	s.tape, s.replays = *r.tape, o.Mode == cassette.Replay
	return nil
}

// replayed is a client that finds everything on the cassette and reads nothing
// of the user's.
func (c *connection) replayed(s *session, opts []client.Option) []client.Option {
	opts = append(opts,
		client.WithEnv(unset),
		client.WithRegion(cmp.Or(c.region, s.recordedRegion(), mockRegion)),
		client.WithAuth(client.AuthNone))
	if c.endpoint != "" {
		opts = append(opts, client.WithEndpoint(c.endpoint))
	}
	return opts
}

// record puts the cassette above the signer, and tells it what that signs
// with: credentials that are not in the environment.
func (s *session) record(next http.RoundTripper) http.RoundTripper {
	return s.tape.Wrap(hiding{s, next})
}

type hiding struct {
	*session
	next http.RoundTripper
}

func (h hiding) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := h.next.RoundTrip(req)
	if err == nil {
		if c, err := h.Credentials(req.Context()); err == nil { // cached: the request was signed with it
			h.tape.Hide(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
		}
	}
	return resp, err
}

// recordedModel is the model that the first recorded request asks by its path,
// so that a replay does not have to name it again.
func (s *session) recordedModel() string {
	if !s.replays {
		return ""
	}
	for _, i := range s.tape.Interactions() {
		if op, labels, ok := matchURL(i.Request); ok && strings.Contains(op.Path, "{modelId}") {
			return labels[0]
		}
	}
	return ""
}

// recordedRegion is the region of a recorded host, when it is AWS's.
func (s *session) recordedRegion() string {
	for _, i := range s.tape.Interactions() {
		u, err := url.Parse(i.Request.URL)
		if err != nil {
			continue
		}
		if region := regionOf(u); region != "" {
			return region
		}
	}
	return ""
}
