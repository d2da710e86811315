package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"rawbedrock/client/bedrocktest"
	"rawbedrock/client/cassette"
	"rawbedrock/client/redact"
)

// mockDrain is how long answers under way may take after an interrupt.
const mockDrain = 5 * time.Second

func mockCommand() command {
	return command{
		name: "mock", short: "a local Bedrock on a port, for any SDK in any language",
		long: mockHelp(), setup: setupMock,
	}
}

func mockHelp() string {
	return `Answers as Amazon Bedrock does, without a model and without an account: all runtime
operations, the model lists, the OpenAI and Anthropic compatible paths. The first
line on standard output is its address. It ends on SIGINT or SIGTERM and lets the
answers under way finish.

It accepts the access key of AWS's documentation with any session token,
  AWS_ACCESS_KEY_ID=AKIDEXAMPLE
  AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
API keys minted with it, and the API key ` + bedrocktest.APIKey + `.
--access-key-file adds keys: a shared credentials file, NAME=VALUE lines, the
console's CSV, or lines ID:SECRET.

A request asks for a fault with the header X-Mock-Fault, words and settings
between semicolons:
  ThrottlingException; header.Retry-After=2
  throttlingException; at=3               an exception frame before event 3
  reset; bytes=100                        close, reset, silence or end, after bytes or at an event
Words: ` + wrapWords(bedrocktest.FaultNames(), 70) + `
Settings: at, body, bytes, code, delay, drip, header.NAME, message, size, status,
write. --script FILE gives faults to requests that do not ask:
  {"faults":[{"operation":"Converse","nth":[1],"fault":"ThrottlingException"},
             {"operation":"ConverseStream","model":"us.*","break":"reset","at":4,"delay":"1s"},
             {"name":"flaky","nth":[1,2],"fault":"close"}]}
One with a name is for requests that ask for it: X-Mock-Fault: flaky.

Examples:
  bedrock mock
  bedrock mock --addr 127.0.0.1:0 --rate 20 --latency 300ms
  AWS_ENDPOINT_URL_BEDROCK_RUNTIME=http://127.0.0.1:8090 python3 app.py
  bedrock mock --cassettes testdata/cassettes --pace real
  bedrock mock --tls --cert-file mock.pem     # then AWS_CA_BUNDLE=mock.pem
`
}

// wrapWords joins words with commas in lines of about so many characters.
func wrapWords(words []string, width int) string {
	var b strings.Builder
	column := len("Words: ")
	for i, w := range words {
		if i > 0 {
			b.WriteString(", ")
		}
		if column += len(w) + 2; column > width {
			b.WriteString("\n  ")
			column = len(w) + 4
		}
		b.WriteString(w)
	}
	return strings.ReplaceAll(b.String(), " \n", "\n")
}

// mockFlags are the flags of 'bedrock mock'.
type mockFlags struct {
	cassettes                               string
	pace                                    *cassette.Pace
	addr, verify, certFile, script, keyFile string
	tls, verbose                            bool
	server                                  bedrocktest.Server
}

func setupMock(fs *flag.FlagSet) func(context.Context, env, []string) error {
	m := &mockFlags{}
	fs.StringVar(&m.addr, "addr", mockAddress, "`HOST:PORT` to listen on; port 0 takes a free one")
	fs.BoolVar(&m.tls, "tls", false, "listen over TLS, HTTP/2 included, with a certificate of its own")
	fs.StringVar(&m.certFile, "cert-file", "", "with --tls, write the certificate to this `file` and not to standard output")
	fs.StringVar(&m.script, "script", "", "JSON `file` of faults")
	fs.StringVar(&m.cassettes, "cassettes", "", "`directory` or file of recordings that answer first, each as often as it is asked for")
	registerPace(fs, &m.pace)
	fs.StringVar(&m.keyFile, "access-key-file", "", "`file` with more keys to accept")
	fs.StringVar(&m.server.Region, "region", "", "`region` that callers must sign for; else AWS_REGION or AWS_DEFAULT_REGION, else any")
	alias(fs, "r", "region")
	choice(fs, &m.verify, "verify", "on", "`mode` of checking who calls: on (as AWS does, the default), strict or off", "on", "strict", "off")
	fs.DurationVar(&m.server.Latency, "latency", 0, "`time` before each answer, such as 300ms")
	fs.Float64Var(&m.server.Rate, "rate", 0, "tokens a second, a `number`; 0 is as fast as it goes")
	fs.BoolVar(&m.verbose, "v", false, "a line for each request on stderr")
	return func(ctx context.Context, e env, args []string) error {
		if err := noArgs(args); err != nil {
			return err
		}
		return m.run(ctx, e)
	}
}

var verifications = map[string]bedrocktest.Verification{
	"on": bedrocktest.VerifyOn, "strict": bedrocktest.VerifyStrict, "off": bedrocktest.VerifyOff,
}

// run listens until ctx ends.
func (m *mockFlags) run(ctx context.Context, e env) error {
	if err := m.check(e); err != nil {
		return err
	}
	start := m.server.Start
	if m.tls {
		start = m.server.StartTLS
	}
	local, err := start(m.addr)
	if err != nil {
		return err
	}
	defer local.Close()
	if err := m.announce(e, local); err != nil {
		return err
	}
	<-ctx.Done()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), mockDrain)
	defer cancel()
	if local.Shutdown(drain) != nil {
		fmt.Fprintf(e.stderr, "bedrock: mock: answers were broken off after %v\n", mockDrain)
	}
	return nil
}

// check reads the files and refuses flags that do not fit.
func (m *mockFlags) check(e env) error {
	m.server.Verify = verifications[m.verify]
	if _, _, err := net.SplitHostPort(m.addr); err != nil {
		return usagef("--addr %s: want HOST:PORT, such as %s", m.addr, mockAddress)
	}
	if m.server.Latency < 0 || !(m.server.Rate >= 0 && m.server.Rate <= math.MaxFloat64) { // NaN is neither
		return usagef("--latency and --rate cannot be negative or endless")
	}
	if m.certFile != "" && !m.tls {
		return usagef("--cert-file goes with --tls")
	}
	if m.keyFile != "" && m.verify == "off" {
		return usagef("--verify off accepts every key: leave --access-key-file out")
	}
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if m.server.Region == "" {
			m.server.Region = e.getenv(name)
		}
	}
	if m.script != "" {
		data, err := os.ReadFile(m.script)
		if err == nil {
			m.server.Faults, err = bedrocktest.ReadScript(data)
		}
		if err != nil {
			return usagef("--script: %w", err)
		}
	}
	if err := m.openCassettes(); err != nil {
		return err
	}
	if m.keyFile != "" {
		f, err := os.Open(m.keyFile)
		if err != nil {
			return usagef("--access-key-file: %w", err)
		}
		defer f.Close()
		if m.server.Accept, m.server.APIKeys, err = bedrocktest.ReadKeys(f); err != nil {
			return usagef("--access-key-file %s: %w", m.keyFile, err)
		}
	}
	if m.verbose {
		m.server.OnDone = accessLog(e)
	}
	return nil
}

// openCassettes lets recordings answer.
func (m *mockFlags) openCassettes() error {
	o := cassette.Options{Repeat: true}
	if m.pace != nil {
		o.Pace = *m.pace
	}
	if m.cassettes == "" {
		if m.pace != nil {
			return usagef("--pace is for --cassettes; --rate and --latency slow down the mock's own answers")
		}
		return nil
	}
	tape, err := cassette.Open(m.cassettes, o)
	if err != nil {
		return usagef("--cassettes: %w", err)
	}
	m.server.Replay = tape.Answer
	return nil
}

// announce prints the address, and the certificate where it is wanted.
func (m *mockFlags) announce(e env, local *bedrocktest.Local) error {
	if _, err := fmt.Fprintln(e.stdout, local.URL); err != nil {
		return err
	}
	if m.certFile != "" {
		return os.WriteFile(m.certFile, local.Certificate, 0o644)
	}
	_, err := e.stdout.Write(local.Certificate)
	return err
}

// accessLog writes a line for each request: no body, no query, no key but the
// public half.
func accessLog(e env) func(bedrocktest.Request, bedrocktest.Outcome) {
	var mu sync.Mutex
	return func(r bedrocktest.Request, o bedrocktest.Outcome) {
		who := r.Identity.AccessKeyID
		if r.Identity.Bearer {
			who = strings.TrimSpace("API key " + who)
		}
		if who == "" {
			who = "-"
		}
		line := fmt.Sprintf("%s %s %d %d bytes %s %s", r.Method, redact.Text(r.Path), o.Status, o.Bytes, who, r.ID)
		if o.Err != nil {
			line += ": " + o.Err.Error()
		}
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(e.stderr, line)
	}
}
