package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidwall/gjson"

	"rawbedrock/client/operation"
	"rawbedrock/client/redact"
	"rawbedrock/eventstream"
	"rawbedrock/sigv4"
	"rawbedrock/sigv4/credentials"
)

// What a logger is told, all of it here. Nothing is measured, formatted or
// allocated for it when nobody listens.

// logs tells whether anybody listens. Ask before log, whose arguments cost.
func (k *call) logs() bool {
	return k.client.logger != nil && k.client.logger.Enabled(k, slog.LevelDebug)
}

func (k *call) log(msg string, args ...any) {
	k.client.logger.Log(k, slog.LevelDebug, msg, append([]any{"op", k.op.Name, "call", k.number}, args...)...)
}

// traces tells whether anybody wants headers and bodies too.
func (k *call) traces() bool {
	return k.client.logger != nil && k.client.logger.Enabled(k, LevelTrace)
}

// trace tells a body or a payload, without secrets.
func (k *call) trace(msg string, payload []byte, args ...any) {
	if k.traces() {
		args = append([]any{"op", k.op.Name, "call", k.number}, args...)
		k.client.logger.Log(k, LevelTrace, msg, append(args, "payload", redact.Text(string(payload), k.secrets()...))...)
	}
}

// traceBody tells the request's body, once. Not before it is known what the
// request is signed with: that may stand in it.
func (k *call) traceBody() {
	if k.unsaid != nil {
		k.trace("request body", k.unsaid)
		k.unsaid = nil
	}
}

// traceHeader tells a header, without secrets.
func (k *call) traceHeader(msg string, h http.Header) {
	if k.traces() {
		k.client.logger.Log(k, LevelTrace, msg, "op", k.op.Name, "call", k.number, "header", redact.Header(h, k.secrets()...))
	}
}

// logSettings tells which region and endpoint were chosen, and by whom.
func (c *Client) logSettings(world *credentials.Config) {
	if c.logger == nil || !c.logger.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	at, _ := world.Endpoint(string(operation.Runtime)) // New has checked it
	c.logger.Log(context.Background(), slog.LevelDebug, "settings", "region", world.Region.Value, "region_from", world.Region.Source,
		"endpoint", at.Value, "endpoint_from", at.Source, "profile", world.ProfileName.Value, "profile_from", world.ProfileName.Source)
}

// explained is a chain that tells a logger what became of its sources.
type explained struct {
	*credentials.Chain
	logger logger
}

// Retrieve looks for credentials.
func (x explained) Retrieve(ctx context.Context) (sigv4.Credentials, error) {
	c, all, err := x.Explain(ctx)
	if x.logger != nil && x.logger.Enabled(ctx, slog.LevelDebug) {
		for _, k := range all {
			x.logger.Log(ctx, slog.LevelDebug, "credentials", "source", k.Source, "outcome", k.Outcome, "reason", k.Reason)
		}
	}
	return c, err
}

// wireLog tells of an attempt's connection as it comes about. Dials go on
// beside one another, and after an attempt that found another connection:
// nothing is told then.
type wireLog struct {
	call *call

	mu    sync.Mutex
	over  bool
	began map[string]time.Time // what goes on, by its name
}

func (w *wireLog) start(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.began[name] = time.Now()
}

func (w *wireLog) log(name, msg string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	if start, ok := w.began[name]; ok {
		args = append(args, "took", time.Since(start))
	}
	w.call.log(msg, args...)
}

func (w *wireLog) end() {
	if w != nil {
		w.mu.Lock()
		w.over = true
		w.mu.Unlock()
	}
}

// logWire tells of the attempt, and of its connection from now on.
func (a *attempt) logWire(req *http.Request, t *httptrace.ClientTrace) {
	k := a.call
	k.log("attempt", "number", len(k.attempts)+1, "method", req.Method, "host", req.URL.Host, "path", redact.Text(req.URL.RequestURI(), k.secrets()...), "proxy", k.client.proxyOf(req))
	w := &wireLog{call: k, began: map[string]time.Time{}}
	a.wire = w
	var host atomic.Value
	t.DNSStart = func(i httptrace.DNSStartInfo) {
		host.Store(i.Host)
		w.start("dns")
	}
	t.DNSDone = func(i httptrace.DNSDoneInfo) {
		addresses := make([]string, len(i.Addrs))
		for n, a := range i.Addrs {
			addresses[n] = a.String()
		}
		w.log("dns", "dns", "host", host.Load(), "addresses", addresses, "error", i.Err)
	}
	t.ConnectStart = func(_, address string) { w.start(address) }
	t.ConnectDone = func(_, address string, err error) { w.log(address, "connect", "address", address, "error", err) }
	t.TLSHandshakeStart = func() { w.start("tls") }
	t.TLSHandshakeDone = func(s tls.ConnectionState, err error) {
		version, issuer := "", ""
		if s.Version != 0 {
			version = tls.VersionName(s.Version)
		}
		if len(s.PeerCertificates) > 0 {
			issuer = s.PeerCertificates[0].Issuer.String()
		}
		w.log("tls", "tls", "version", version, "protocol", s.NegotiatedProtocol, "issuer", issuer, "resumed", s.DidResume, "error", err)
	}
	got, wrote := t.GotConn, t.WroteRequest
	t.GotConn = func(i httptrace.GotConnInfo) {
		got(i)
		w.log("", "connection", "address", i.Conn.RemoteAddr().String(), "reused", i.Reused, "idle", i.IdleTime)
	}
	t.WroteRequest = func(i httptrace.WroteRequestInfo) {
		wrote(i)
		w.log("", "sent", "after", time.Since(a.start), "error", i.Err)
	}
}

// proxyOf is the host of the proxy that a request goes through, "" for none.
func (c *Client) proxyOf(req *http.Request) string {
	w, ok := c.wire.(*http.Transport)
	if !ok || w.Proxy == nil {
		return ""
	}
	u, err := w.Proxy(req)
	if err != nil || u == nil {
		return ""
	}
	return u.Host
}

// done tells of a whole answer.
func (k *call) done(h http.Header, body []byte) {
	if !k.logs() {
		return
	}
	k.trace("body", body)
	var f figures
	f.see(body)
	if u, ok := HeaderUsage(h); ok {
		f.input, f.output = u.InputTokens, u.OutputTokens
	}
	if ms, err := strconv.Atoi(h.Get("X-Amzn-Bedrock-Invocation-Latency")); err == nil {
		f.latency = time.Duration(ms) * time.Millisecond
	}
	args := []any{"bytes", len(body), "after", time.Since(k.start)}
	k.log("done", append(args, f.args(time.Since(k.attempt.start))...)...)
}

// traceFrame tells what an event-stream message is made of. The payload of an
// event follows, decoded.
func (s *Stream) traceFrame(m eventstream.Message, end int64) {
	if !s.call.traces() {
		return
	}
	headers := make([]string, len(m.Headers))
	for i, h := range m.Headers {
		headers[i] = redact.Text(h.Name+": "+h.Value.String(), s.call.secrets()...)
	}
	var payload []byte
	if m.Headers.Text(":message-type") != "event" {
		payload = m.Payload
	}
	s.call.trace("frame", payload, "number", s.events+1, "offset", s.offset, "length", end-s.offset, "headers", headers)
}

// pace is how the events of a stream came.
type pace struct {
	first, last time.Time
	gaps        []time.Duration
	figures
}

func (s *Stream) logEvent(ev Event) {
	now, kind := time.Now(), redact.Text(ev.Type, s.call.secrets()...)
	if s.pace == nil {
		s.pace = &pace{first: now}
		s.call.log("first event", "type", kind, "after", now.Sub(s.call.attempt.start))
	} else {
		s.pace.gaps = append(s.pace.gaps, now.Sub(s.pace.last))
	}
	s.pace.last = now
	s.pace.see(ev.Payload)
	s.call.trace("event", ev.Payload, "number", s.events, "offset", s.offset, "type", kind)
}

func (s *Stream) logDone() {
	args := []any{"events", s.events, "bytes", s.bytes(), "after", time.Since(s.call.start)}
	if p := s.pace; p != nil {
		slices.Sort(p.gaps)
		args = append(args, "gap_p50", percentile(p.gaps, 50), "gap_p99", percentile(p.gaps, 99))
		args = append(args, p.args(p.last.Sub(p.first))...)
	}
	s.call.log("done", args...)
}

// percentile of sorted durations, by the nearest rank.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*p+99)/100-1]
}

// figures are what an answer says of itself.
type figures struct {
	input, output int // tokens
	latency       time.Duration
}

// Where the APIs and families count tokens and time, in answers and events.
var (
	inputPaths   = []string{"usage.inputTokens", "amazon-bedrock-invocationMetrics.inputTokenCount", "usage.prompt_tokens", "usage.input_tokens", "message.usage.input_tokens", "response.usage.input_tokens"}
	outputPaths  = []string{"usage.outputTokens", "amazon-bedrock-invocationMetrics.outputTokenCount", "usage.completion_tokens", "usage.output_tokens", "response.usage.output_tokens"}
	latencyPaths = []string{"metrics.latencyMs", "amazon-bedrock-invocationMetrics.invocationLatency"}
)

func (f *figures) see(payload []byte) {
	number := func(paths []string, old int) int {
		for _, r := range gjson.GetManyBytes(payload, paths...) {
			old = cmp.Or(int(r.Int()), old)
		}
		return old
	}
	f.input, f.output = number(inputPaths, f.input), number(outputPaths, f.output)
	f.latency = time.Duration(number(latencyPaths, int(f.latency.Milliseconds()))) * time.Millisecond
}

// args are the figures that are known; output took so long.
func (f *figures) args(took time.Duration) []any {
	var args []any
	if f.input > 0 || f.output > 0 {
		args = append(args, "input_tokens", f.input, "output_tokens", f.output)
	}
	if s := took.Seconds(); f.output > 0 && s > 0 {
		args = append(args, "tokens_per_second", float64(int(float64(f.output)/s*10))/10)
	}
	if f.latency > 0 {
		args = append(args, "latency", f.latency)
	}
	return args
}
