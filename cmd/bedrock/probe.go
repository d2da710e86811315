package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"rawbedrock/client"
	"rawbedrock/sigv4/credentials"
)

const probeLong = `Calls one model everywhere it might answer: each region, by each API, with each
way to authenticate, by the smallest call there is (two letters in, one token
out), and shows what answered and what refused, with which error and how fast.

--regions is a list or all; without it they are the destinations of the
inference profile that MODEL names, else the one region. --apis is a list of
converse, invoke, chat and mantle (Chat Completions on bedrock-mantle, by the
model's own id). --auth is a list of sigv4 and bearer; bearer takes the API key in
AWS_BEARER_TOKEN_BEDROCK or, without one, makes a key for each region from the
credentials. {region} in --endpoint-url is replaced by each region.

Exit code 0: at least one call was answered. 1: none was. 3: credentials or region
are missing. 130: it was interrupted; what is known by then is shown.

With -o json: {"model","answered","calls":[{"region","api","auth","model",
"status","code","message"?,"latencyMs","requestId"?}]}; status 0 is a call that
got no answer, or was not made.

Examples:
  bedrock probe us.meta.llama3-1-8b-instruct-v1:0 --regions us-east-1,us-east-2,us-west-2
  bedrock probe openai.gpt-oss-20b-1:0 --regions all --apis converse,chat,mantle
  bedrock probe us.amazon.nova-pro-v1:0 --auth sigv4,bearer -o markdown
  bedrock probe --mock us.amazon.nova-2-lite-v1:0 --regions us-east-1,us-west-2
`

type probeFlags struct {
	connection
	regions, apis, auths words
	parallel             int
	output               string
}

func probeCommand() command {
	return command{
		name: "probe", args: "MODEL", short: "where a model answers: regions, APIs, ways to authenticate", long: probeLong,
		setup: func(fs *flag.FlagSet) func(context.Context, env, []string) error {
			p := probeFlags{apis: words{list: []string{apiConverse}}, parallel: 8}
			p.connection.register(fs)
			p.apis.allowed = []string{apiConverse, apiInvoke, apiChat, apiMantle}
			p.auths.allowed = []string{"sigv4", "bearer"}
			fs.Var(&p.regions, "regions", "`list` of regions with commas between them, or all")
			fs.Var(&p.apis, "apis", "`list` of APIs: converse, invoke, chat, mantle, or all; converse unless given")
			fs.Lookup("max-attempts").Usage = "try each call at most `N` times, once unless given"
			fs.Lookup("first-event-timeout").Usage = "longest `wait` for an answer, 1m unless given"
			fs.Lookup("region").Usage = "AWS `region` to look the inference profile up in, where --regions is no list; else AWS_REGION, AWS_DEFAULT_REGION or the profile's"
			auth := fs.Lookup("auth") // here it is a list too
			auth.Value, auth.Usage = &p.auths, "`list` of ways to authenticate: sigv4, bearer, or all; else the one that calls take"
			fs.Func("parallel", "have at most `N` calls under way at once, 8 unless given", wholeNumber(&p.parallel, 1))
			choice(fs, &p.output, "output", "text", "`form` of the table: text, markdown or json", "text", "markdown", "json")
			alias(fs, "o", "output")
			return func(ctx context.Context, e env, args []string) error { return p.run(ctx, e, args) }
		},
	}
}

// words is a flag that is a list of words with commas between them.
type words struct {
	list, allowed []string // allowed: nil for any
}

func (w *words) String() string { return strings.Join(w.list, ",") }

func (w *words) choices() []string {
	if w.allowed == nil {
		return nil
	}
	return append(slices.Clone(w.allowed), "all")
}

// Set reads the list; "all" is all that is allowed.
func (w *words) Set(s string) error {
	w.list = nil
	for word := range strings.SplitSeq(s, ",") {
		word = strings.TrimSpace(word)
		switch {
		case word == "":
			return errors.New("want words with commas between them")
		case word == "all" && w.allowed != nil:
			w.list = w.allowed
		case w.allowed != nil && !slices.Contains(w.allowed, word):
			return fmt.Errorf("want %s, or all", strings.Join(w.allowed, ", "))
		case !slices.Contains(w.list, word):
			w.list = append(w.list, word)
		}
	}
	return nil
}

// cell is one call of the matrix.
type cell struct {
	Region    string  `json:"region"`
	API       string  `json:"api"`
	Auth      string  `json:"auth"`
	Model     string  `json:"model"`
	Status    int     `json:"status"`
	Code      string  `json:"code"`
	Message   string  `json:"message,omitempty"`
	LatencyMs float64 `json:"latencyMs"`
	RequestID string  `json:"requestId,omitempty"`

	err  error
	hint string
}

func (p *probeFlags) run(ctx context.Context, e env, args []string) (err error) {
	if len(args) != 1 {
		return usagef("which model? give one model id, inference profile or ARN")
	}
	model := args[0]
	for _, region := range p.regions.list {
		if _, err := credentials.EndpointURL("bedrock", region, false, false); err != nil {
			return usagef("--regions: %s", plain(err))
		}
	}
	if _, err := smallest(apiConverse, model, false); err != nil || model == "" || model == "." || model == ".." {
		return usagef("%q: give a model id, an inference profile or an ARN", model)
	}
	p.traceJSON = p.output == "json"
	p.maxAttempts = cmp.Or(p.maxAttempts, 1) // the first answer is what is asked for
	p.timeouts.FirstEvent = cmp.Or(p.timeouts.FirstEvent, time.Minute)
	tty := isTerminal(e.stderr)
	e.stderr = &lockedWriter{w: e.stderr} // many calls tell at once
	m := matrix{probeFlags: p, model: model}
	if err := m.prepare(ctx, e); err != nil {
		return err
	}
	defer m.close(e, &err)
	cells := m.cells()
	calls := 0
	for _, c := range cells {
		if c.err == nil {
			calls++
		}
	}
	fmt.Fprintf(e.stderr, "note: makes %s of one token each\n", count(calls, "real call"))
	m.callAll(ctx, e.stderr, tty, cells, calls)
	err = p.report(e, model, cells)
	if ctx.Err() != nil {
		return context.Canceled
	}
	return err
}

// lockedWriter is written to by one at a time.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// callAll makes the calls, some at a time, and tells how far it is.
func (m *matrix) callAll(ctx context.Context, progress io.Writer, tty bool, cells []cell, calls int) {
	var (
		wait sync.WaitGroup
		mu   sync.Mutex
		done int
	)
	turns := make(chan struct{}, m.parallel)
	for i := range cells {
		c := &cells[i]
		if c.err != nil {
			continue
		}
		turns <- struct{}{}
		if ctx.Err() != nil {
			c.fail(errors.New("interrupted"))
			<-turns
			continue
		}
		wait.Go(func() {
			defer func() { <-turns }()
			m.call(ctx, c)
			mu.Lock()
			defer mu.Unlock()
			done++
			if text := fmt.Sprintf("probe: %d of %d: %s", done, calls, strings.Join(strings.Fields(strings.Join(c.row(), " ")), " ")); tty {
				fmt.Fprintf(progress, "\r\033[K%s", text)
			} else {
				fmt.Fprintln(progress, text)
			}
		})
	}
	wait.Wait()
	if tty {
		fmt.Fprint(progress, "\r\033[K")
	}
}

// call makes one call and fills in what became of it.
func (m *matrix) call(ctx context.Context, c *cell) {
	req, err := smallest(c.API, m.model, false)
	if err != nil {
		c.fail(err)
		return
	}
	start := time.Now()
	resp, err := m.sessions[c.Region+" "+c.Auth].Do(ctx, req)
	c.LatencyMs = float64(time.Since(start).Microseconds()) / 1000
	if err != nil {
		c.fail(err)
		return
	}
	c.Status, c.RequestID = resp.Status, resp.RequestID()
}

func (c *cell) fail(err error) {
	c.err, c.Code, c.Message = err, "not tried", err.Error()
	e, ok := errors.AsType[*client.Error](err)
	if !ok {
		return
	}
	c.Status, c.Code, c.Message, c.RequestID, c.hint = e.Status, e.Code, reason(e), e.RequestID, e.Hint
	if c.Code == "" {
		c.Code = "no answer"
	}
	if errors.Is(err, context.Canceled) {
		c.Message = "interrupted"
	}
}
