package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"rawbedrock/client"
)

// trial is one real call of a model.
type trial struct {
	model  string
	done   bool
	err    error
	header http.Header
	events int // of a stream
	first  time.Duration
	took   time.Duration
}

// calls asks AWS, and then checks identity, key, model, profile, access,
// streaming and quota, which depend on all that was answered.
func (x *examination) calls(ctx context.Context) {
	x.model = cmp.Or(x.model, novaFor(x.region()))
	var sts callerIdentity
	var stream trial
	if why := x.notAsked(); why != "" {
		sts.skipped = why
		x.listed.skipped = why
	} else {
		sts = x.askSTS(ctx)
		x.account = sts.account
		listing, cancel := context.WithTimeout(ctx, listTime)
		x.listed = x.list(listing)
		cancel()
		if !x.flags.noCall {
			stream = x.tryModel(ctx)
		}
	}
	if ctx.Err() != nil {
		return
	}
	x.identity(sts)
	x.key()
	x.checkModel()
	x.profile()
	x.access(ctx)
	x.streaming(stream)
	x.quota()
}

// listTime bounds the lists of the control plane, which may be out of reach
// where models are not.
const listTime = 20 * time.Second

// notAsked is why nobody can be asked; "" when everybody can.
func (x *examination) notAsked() string {
	if x.session == nil {
		return "without a client nothing can be called"
	}
	for _, c := range x.checks {
		if c.State == checkFail && c.Name != "clock" && c.Name != "region" {
			return "not asked, since " + c.Name + " failed"
		}
	}
	return ""
}

// tryModel calls the model, once whole and once streamed. When it turns out to
// need an inference profile that is tried instead.
func (x *examination) tryModel(ctx context.Context) (stream trial) {
	var apis []string
	if m := x.listed.model; m != nil {
		apis = m.APIs
	}
	fmt.Fprintf(x.e.stderr, "note: tries %s with real calls of one token each, at most three; --no-call leaves them out\n", x.model)
	x.call = x.try(ctx, x.model, apis, false)
	if !x.call.done {
		return stream
	}
	if id := x.listed.instead(x.model); x.call.err != nil && id != "" && refusedForProfile(x.call.err) {
		x.listed.tried = x.try(ctx, id, apis, false)
	}
	if x.call.err == nil && !cannotStream(x.listed.model) {
		stream = x.try(ctx, x.model, apis, true)
	}
	return stream
}

// try makes the smallest call.
func (x *examination) try(ctx context.Context, model string, apis []string, stream bool) (t trial) {
	t.model = model
	req, err := smallest(bestAPI(model, apis), model, stream)
	if err != nil {
		t.err = err
		return t
	}
	t.done = true
	start := time.Now()
	defer func() { t.took = time.Since(start) }()
	if !stream {
		resp, err := x.session.Do(ctx, req)
		if t.err = err; err == nil {
			t.header = resp.Header
		}
		return t
	}
	s, err := x.session.Stream(ctx, req)
	if err != nil {
		t.err = err
		return t
	}
	for _, err := range s.Events() {
		if t.err = err; err != nil {
			break
		}
		if t.events++; t.events == 1 {
			t.first = time.Since(start)
		}
	}
	return t
}

// refusedForProfile tells that the model may answer under another id.
func refusedForProfile(err error) bool {
	return errors.Is(err, client.ErrNeedsInferenceProfile) || unknownModel(err)
}

// unknownModel tells that no model or profile of that id is here.
func unknownModel(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	if !ok || errors.Is(err, client.ErrUseCaseForm) {
		return false
	}
	text := strings.ToLower(e.Message)
	byName := e.Code != http.StatusText(e.Status) // and not by the status alone, as a web server's
	return errors.Is(err, client.ErrNotFound) && byName || strings.Contains(text, "model identifier is invalid") || strings.Contains(text, "invalid model identifier")
}

// answered tells that the model was called and answered.
func (x *examination) answered() bool { return x.call.done && x.call.err == nil }

// access tells whether the call went well.
func (x *examination) access(ctx context.Context) {
	c := x.call
	told := x.failed("identity", "key", "model", "profile")
	switch {
	case x.listed.skipped != "":
		x.add("access", checkSkip, x.listed.skipped, "")
	case x.flags.noCall || !c.done:
		x.availability(ctx, c.err)
	case c.err == nil:
		x.add("access", checkOK, "the model answered in "+took(c.took)+tokensOf(c.header), "")
	case told != nil:
		x.add("access", checkSkip, "the call was refused: "+told.Name+" tells why", "")
	default:
		x.denied(ctx)
	}
}

// denied tells why the call of a model failed that nothing else stood in the
// way of.
func (x *examination) denied(ctx context.Context) {
	e, ok := errors.AsType[*client.Error](x.call.err)
	if !ok {
		x.add("access", checkFail, x.call.err.Error(), "")
		return
	}
	text, remedy := brief(e), e.Hint
	if errors.Is(e, client.ErrAccessDenied) {
		if !beyondPolicy.MatchString(text) {
			remedy = strings.TrimSpace(remedy + " `bedrock doctor --policy` prints the policy that a call of this model needs.")
		}
		if a := x.modelAccess(ctx); a != nil && a.Missing() != "" {
			text += " (AWS says of the account: " + a.Missing() + ")"
		}
	}
	x.add("access", checkFail, text, remedy)
}

// beyondPolicy is what no policy allows that is attached to who calls.
var beyondPolicy = regexp.MustCompile(`(?i)control policy|explicit deny|marketplace|to the model|your account|operation not allowed|html`)

// availability stands in for a call that was not made; why tells why, when it
// was not forbidden.
func (x *examination) availability(ctx context.Context, why error) {
	untried := "not tried (--no-call)"
	if why != nil {
		untried = "not tried, for " + why.Error()
	}
	switch a := x.modelAccess(ctx); {
	case a == nil:
		x.add("access", checkSkip, untried, "")
	case a.Missing() != "":
		x.add("access", checkFail, "AWS says of the account: "+a.Missing(), "Look at the model in the Bedrock console: the provider may want a form or an agreement, or the organization does not allow it.")
	default:
		x.add("access", checkOK, untried+"; AWS says that the account may use it", "")
	}
}

// modelAccess asks AWS what it says of the account, nil when it does not tell.
func (x *examination) modelAccess(ctx context.Context) *client.ModelAccess {
	if x.listed.model == nil {
		return nil
	}
	a, err := x.session.ModelAccess(ctx, x.listed.model.ModelID)
	if err != nil {
		return nil
	}
	return a
}

func (x *examination) streaming(t trial) {
	e, _ := errors.AsType[*client.Error](t.err)
	switch {
	case !t.done && x.answered() && cannotStream(x.listed.model):
		x.add("streaming", checkSkip, "the model does not stream", "")
	case e != nil && errors.Is(e, client.ErrValidation) && strings.Contains(e.Message, "for streaming"):
		x.add("streaming", checkSkip, "the model does not stream: "+brief(e), "")
	case !t.done:
		x.add("streaming", checkSkip, "not tried", "")
	case t.err == nil:
		x.add("streaming", checkOK, fmt.Sprintf("%d events, the first after %s, the last after %s", t.events, took(t.first), took(t.took)), "")
	case e != nil:
		x.add("streaming", checkFail, brief(e), cmp.Or(e.Hint, "Ask for the whole answer instead (--no-stream)."))
	default:
		x.add("streaming", checkFail, t.err.Error(), "")
	}
}

// quota shows what the answer says of limits.
func (x *examination) quota() {
	var told []string
	for name, values := range x.call.header {
		lower := strings.ToLower(name)
		if strings.Contains(lower, "ratelimit") || strings.Contains(lower, "quota") || strings.Contains(lower, "retry-after") {
			told = append(told, lower+": "+strings.Join(values, ", "))
		}
	}
	slices.Sort(told)
	switch {
	case len(told) > 0:
		x.add("quota", checkOK, strings.Join(told, "; "), "")
	case x.call.header != nil:
		x.add("quota", checkOK, "the answer names no limits; Service Quotas in the console shows them", "")
	default:
		x.add("quota", checkSkip, "no answer came that could name limits", "")
	}
}

// tokensOf tells what a call cost, from the headers of InvokeModel.
func tokensOf(h http.Header) string {
	if u, ok := client.HeaderUsage(h); ok {
		return fmt.Sprintf(", %d tokens in, %d out", u.InputTokens, u.OutputTokens)
	}
	return ""
}

// brief is what an error says, in one line and without its call.
func brief(e *client.Error) string {
	text := strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, e.Code))
	if e.Status == 0 {
		text = e.Code
	}
	return strings.Trim(text+": "+reason(e), ": ")
}

// reason is brief without status and code.
func reason(e *client.Error) string {
	text := e.Message
	if strings.TrimSpace(text) == "" && e.Err != nil {
		text = e.Err.Error()
	}
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	if r := []rune(text); len(r) > 400 {
		text = string(r[:400]) + "…"
	}
	return text
}
