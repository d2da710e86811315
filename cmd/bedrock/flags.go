package main

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rawbedrock/client"
	"rawbedrock/sigv4"
)

// connection holds the flags of every command that calls Bedrock: where, as
// whom, how patiently.
type connection struct {
	region, profile, endpoint, auth, secrets string
	mock                                     bool
	tapeFlags
	timeouts       client.Timeouts
	maxAttempts    int
	verbose, trace bool
	traceJSON      bool // -v as JSON lines
	quiet          bool // no warnings without -v
}

func (c *connection) register(fs *flag.FlagSet) {
	c.registerCalls(fs)
	c.tapeFlags.register(fs)
}

// registerCalls takes all flags but those of recordings.
func (c *connection) registerCalls(fs *flag.FlagSet) {
	c.registerIdentity(fs)
	fs.BoolVar(&c.mock, "mock", false, "call a Bedrock inside this process: no account, no network")
	duration(fs, &c.timeouts.Connect, "connect-timeout", "longest `wait` for a connection: 300ms, 30s, 10m; 10s unless given, 0 for ever")
	duration(fs, &c.timeouts.FirstEvent, "first-event-timeout", "longest `wait` for the first event of a stream (10m unless given) or for the answer (60m)")
	duration(fs, &c.timeouts.Idle, "idle-timeout", "longest `wait` within an answer, 5m unless given")
	fs.Func("max-attempts", "try at most `N` times; else AWS_MAX_ATTEMPTS, else 3", wholeNumber(&c.maxAttempts, 1))
	fs.BoolVar(&c.verbose, "v", false, "show the call as it happens on stderr; as JSON lines with -o json")
	fs.BoolVar(&c.trace, "vv", false, "also show headers, bodies and frames, without secrets")
}

// registerIdentity takes the flags that say where and as whom.
func (c *connection) registerIdentity(fs *flag.FlagSet) {
	fs.StringVar(&c.region, "region", "", "AWS `region`; else AWS_REGION, AWS_DEFAULT_REGION or the profile's")
	alias(fs, "r", "region")
	fs.StringVar(&c.profile, "profile", "", "`name` of a profile in the shared AWS files; else AWS_PROFILE")
	fs.StringVar(&c.endpoint, "endpoint-url", "", "base `URL` to call instead of AWS's own")
	choice(fs, &c.auth, "auth", "auto", "`way` to authenticate: auto, sigv4, bearer or none", "auto", "sigv4", "bearer", "none")
	fs.StringVar(&c.secrets, "secrets", "", "`file` with AWS_ACCESS_KEY_ID = \"…\" and the like, before the environment")
}

// checkEndpoint does not quote the URL: it may hold a password.
func (c *connection) checkEndpoint() error {
	u, err := url.Parse(c.endpoint)
	switch {
	case c.endpoint == "":
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return usagef("--endpoint-url: want http://HOST:PORT or https://HOST")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return usagef("--endpoint-url: a base URL has no user, query or fragment")
	}
	return nil
}

// answerFlags are those of a command that prints one answer.
type answerFlags struct {
	model              string
	output, query, out string
	force              bool
	body, dryRun       string
}

func (a *answerFlags) register(fs *flag.FlagSet) {
	fs.StringVar(&a.model, "model", "", "model `id`, inference profile or ARN; else BEDROCK_MODEL, else a cheap one")
	alias(fs, "m", "model")
	choice(fs, &a.output, "output", "text", "`form` of the answer: text, json (whole), jsonl (one event a line) or raw (the bytes)", "text", "json", "jsonl", "raw")
	alias(fs, "o", "output")
	fs.StringVar(&a.query, "query", "", "print only what stands at this gjson `path` of the answer")
	fs.StringVar(&a.out, "out", "", "write the answer to a new `file`")
	fs.BoolVar(&a.force, "force", false, "let --out replace a file")
	fs.StringVar(&a.body, "body", "", "the whole request, verbatim: `JSON`, @FILE or - for stdin")
	dryRunFlag(fs, &a.dryRun, "the request")
}

// sampling are the flags that shape an answer, in all dialects.
type sampling struct {
	system      string
	maxTokens   int
	temperature *float64
	topP        *float64
	stop        listFlag
}

func (s *sampling) register(fs *flag.FlagSet, maxTemperature float64) {
	fs.StringVar(&s.system, "system", "", "system prompt: `text` that stands before the conversation")
	fs.Func("max-tokens", "at most `N` tokens in the answer", wholeNumber(&s.maxTokens, 1))
	fs.Func("temperature", fmt.Sprintf("randomness, a `number` from 0 to %g", maxTemperature), number(&s.temperature, maxTemperature))
	fs.Func("top-p", "nucleus sampling, a `number` from 0 to 1", number(&s.topP, 1))
	fs.Func("stop", "end the answer before this `text`; may be repeated", func(text string) error {
		if text == "" {
			return fmt.Errorf("want some text")
		}
		return s.stop.Set(text)
	})
}

// prompt is the text with what the flags say.
func (s *sampling) prompt(text string) client.Prompt {
	return client.Prompt{Text: text, System: s.system, MaxTokens: s.maxTokens, Temperature: s.temperature, TopP: s.topP, Stop: s.stop}
}

// choice is a flag with a fixed set of values.
func choice(fs *flag.FlagSet, p *string, name, value, usage string, values ...string) {
	*p = value
	fs.Var(&oneOf{p, values}, name, usage)
}

// timeFlag is the flag that signs for another time than now.
func timeFlag(fs *flag.FlagSet, t *time.Time) {
	fs.Func("time", "sign for this `time`, such as 20150830T123600Z or 2015-08-30T12:36:00Z, not for now", func(s string) (err error) {
		if *t, err = time.Parse(sigv4.TimeFormat, s); err != nil || len(s) != len(sigv4.TimeFormat) {
			*t, err = time.Parse(time.RFC3339, s)
		}
		if err != nil {
			return errors.New("want YYYYMMDDTHHMMSSZ, in UTC, or a time in the form of RFC 3339")
		}
		return nil
	})
}

// oneOf is the value of a choice.
type oneOf struct {
	p      *string
	values []string
}

func (o *oneOf) String() string    { return "" }
func (o *oneOf) choices() []string { return o.values }

// Set takes one of the values.
func (o *oneOf) Set(s string) error {
	if !slices.Contains(o.values, s) {
		return fmt.Errorf("want one of %s", strings.Join(o.values, ", "))
	}
	*o.p = s
	return nil
}

// duration is a flag for a wait. Zero on the command line means forever,
// which the client writes as a negative value.
func duration(fs *flag.FlagSet, p *time.Duration, name, usage string) {
	fs.Func(name, usage, func(s string) error {
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return fmt.Errorf("want a duration with its unit, such as 300ms, 30s or 10m")
		}
		*p = d
		if d == 0 {
			*p = -1
		}
		return nil
	})
}

func wholeNumber(p *int, least int) func(string) error {
	return func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > math.MaxInt32 {
			return fmt.Errorf("want a whole number from %d", least)
		}
		*p = n
		return nil
	}
}

func number(p **float64, most float64) func(string) error {
	return func(s string) error {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || !(f >= 0 && f <= most) { // NaN is neither
			return fmt.Errorf("want a number from 0 to %g", most)
		}
		*p = &f
		return nil
	}
}

// given tells whether any of the flags stands on the command line, and which.
func given(fs *flag.FlagSet, names ...string) (first string) {
	fs.Visit(func(f *flag.Flag) {
		if first == "" && slices.Contains(names, f.Name) {
			first = f.Name
		}
	})
	return first
}
