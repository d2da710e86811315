package client

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"rawbedrock/sigv4"
)

// Option fixes one thing in code. What no option fixes comes from the
// environment and the shared AWS files, as it does in the AWS SDKs.
type Option func(*config)

// Auth says how requests prove who sends them.
type Auth int

const (
	AuthAuto   Auth = iota // a bearer key when there is one, else SigV4
	AuthSigV4              // SigV4, even when a bearer key is set
	AuthBearer             // a Bedrock API key
	AuthNone               // nothing: the endpoint adds its own
)

// Signing overrides what a signature is made for, one by one: behind a VPC
// endpoint or a proxy they differ from what the URL says. Empty keeps the
// ordinary value.
type Signing struct {
	Host    string // the Host header that is sent and signed
	Region  string // the credential scope's region
	Service string // the credential scope's service ("bedrock")
}

// Timeouts are the three waits of a call. Zero takes the default, a negative
// value waits forever. There is no limit on the whole: use the context.
type Timeouts struct {
	Connect    time.Duration // DNS, TCP and TLS together; default 10 s
	FirstEvent time.Duration // from the sent request to the first event of a stream (default 10 min) or to the answer (default 60 min, AWS's advice for Nova), and as long again to a whole answer's end
	Idle       time.Duration // between two events of a stream, or two reads of a whole answer; default 5 min
}

// Retry says how often a failed request is tried again. The schedule is that
// of the AWS SDKs (standard mode, 2026 constants).
type Retry struct {
	MaxAttempts  int  // the first included; zero: AWS_MAX_ATTEMPTS, max_attempts, else 3
	AfterTimeout bool // also after a client-side timeout of a fully sent request, which Bedrock may bill again
}

// Limits bound what a peer can make this client hold. Zero takes the default.
type Limits struct {
	Body      int64 // bytes of a whole answer; default 64 MiB
	ErrorBody int   // bytes read of an error's body; default 64 KiB
	Line      int   // bytes of one server-sent event; default 16 MiB
	Header    int64 // bytes of an answer's headers, on the client's own transport; default 1 MiB
}

// TokenProvider finds the Bedrock API key for a call; it may refresh it.
type TokenProvider interface {
	BearerToken(ctx context.Context) (string, error)
}

type config struct {
	region, profile, endpoint string
	getenv                    func(string) string
	auth                      Auth
	credentials               sigv4.Provider
	bearer                    TokenProvider
	signing                   Signing
	transport                 http.RoundTripper
	recorder                  func(http.RoundTripper) http.RoundTripper
	timeouts                  Timeouts
	retry                     Retry
	limits                    Limits
	concurrency               int
	requestsPerMinute         int
	tokensPerMinute           int
	logger                    logger
	lint                      func([]Finding) error
}

// WithRegion fixes the AWS region.
func WithRegion(region string) Option { return func(c *config) { c.region = region } }

// WithProfile takes a named profile of the shared files, before the
// environment's keys.
func WithProfile(name string) Option { return func(c *config) { c.profile = name } }

// WithEndpoint sends every operation to this base URL. Its path is kept as a
// prefix.
func WithEndpoint(base string) Option { return func(c *config) { c.endpoint = base } }

// WithEnv replaces the process environment, home folder included. A function
// that answers "" to everything isolates the client from the machine.
func WithEnv(getenv func(string) string) Option { return func(c *config) { c.getenv = getenv } }

// WithAuth fixes how requests are authenticated. AuthAuto lets
// AWS_BEARER_TOKEN_BEDROCK win over any credentials, as the AWS SDKs do.
func WithAuth(a Auth) Option { return func(c *config) { c.auth = a } }

// WithCredentials takes SigV4 credentials from p: sigv4.Credentials
// themselves, one source, or a chain. They are cached here, so p need not.
func WithCredentials(p sigv4.Provider) Option { return func(c *config) { c.credentials = p } }

// WithBearer sends this Bedrock API key.
func WithBearer(key string) Option { return WithBearerProvider(staticToken(key)) }

// WithBearerProvider asks p for the Bedrock API key before every attempt.
func WithBearerProvider(p TokenProvider) Option { return func(c *config) { c.bearer = p } }

// WithSigning overrides Host, region and service of the signature.
func WithSigning(s Signing) Option { return func(c *config) { c.signing = s } }

// WithTransport replaces the wire: what sends a signed request.
func WithTransport(rt http.RoundTripper) Option { return func(c *config) { c.transport = rt } }

// WithRecorder puts a layer between retry and signing, where no secret of
// ours has been added yet: a cassette, for example.
func WithRecorder(wrap func(http.RoundTripper) http.RoundTripper) Option {
	return func(c *config) { c.recorder = wrap }
}

// WithTimeouts sets the waits of a call.
func WithTimeouts(t Timeouts) Option { return func(c *config) { c.timeouts = t } }

// WithRetry sets how often a call is tried.
func WithRetry(r Retry) Option { return func(c *config) { c.retry = r } }

// WithLimits bounds what an answer may hold.
func WithLimits(l Limits) Option { return func(c *config) { c.limits = l } }

// WithConcurrency lets at most n calls, open streams included, run at once;
// others wait for their turn or their context. Zero: no limit.
func WithConcurrency(n int) Option { return func(c *config) { c.concurrency = n } }

// WithRateLimit spreads calls over time by two token buckets: requests a
// minute and model tokens a minute, the latter estimated as Bedrock reserves
// them, input plus maxTokens. Zero leaves one out.
func WithRateLimit(requestsPerMinute, tokensPerMinute int) Option {
	return func(c *config) { c.requestsPerMinute, c.tokensPerMinute = requestsPerMinute, tokensPerMinute }
}

// WithLogger tells what happens, without secrets: attempts, waits and timings
// at Debug, headers and bodies at [LevelTrace].
func WithLogger(l *slog.Logger) Option {
	return func(c *config) {
		if c.logger = nil; l != nil {
			c.logger = l
		}
	}
}

// logger is a *slog.Logger. As an interface it keeps slog's handlers out of
// programs that give none.
type logger interface {
	Enabled(ctx context.Context, level slog.Level) bool
	Log(ctx context.Context, level slog.Level, msg string, args ...any)
}

// WithLint looks over each request of Converse and ConverseStream before it is
// sent (see [Lint]) and reports what it found, when that is anything. The
// request is sent unless report returns an error.
func WithLint(report func([]Finding) error) Option { return func(c *config) { c.lint = report } }

// LevelTrace is below slog.LevelDebug: redacted headers and bodies.
const LevelTrace = slog.LevelDebug - 4

type staticToken string

func (t staticToken) BearerToken(context.Context) (string, error) { return string(t), nil }
