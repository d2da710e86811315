package main

import (
	"cmp"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"rawbedrock/client"
	"rawbedrock/client/cassette"
	"rawbedrock/client/operation"
	"rawbedrock/sigv4/credentials"
)

// recordedFlags choose recorded requests to make again.
type recordedFlags struct {
	number  int
	account string
}

func (f *recordedFlags) register(fs *flag.FlagSet) {
	fs.Func("number", "only the `N`-th request of the recording", wholeNumber(&f.number, 1))
	alias(fs, "n", "number")
	fs.Func("account", "your account's `id`, in place of those that the recording made up", func(id string) error {
		if !regexp.MustCompile(`^[0-9]{12}$`).MatchString(id) {
			return fmt.Errorf("want twelve digits")
		}
		f.account = id
		return nil
	})
}

// recorded is a recorded request that can be made again.
type recorded struct {
	*cassette.Interaction
	number  int // from 1
	base    string
	region  string // "" when the host is not AWS's
	request client.Request
	stream  bool
}

func (r *recorded) title() string {
	words := append([]string{fmt.Sprintf("%d.", r.number), r.request.Op.Name}, r.request.Labels...)
	return strings.Map(visible, strings.Join(words, " ")) + fmt.Sprintf(" (line %d)", r.Line)
}

// read finds the chosen requests. What cannot be made again is an error: no
// request of Bedrock, or one with an account that nobody can know.
func (f *recordedFlags) read(e env, args []string) (all []recorded, err error) {
	if len(args) != 1 {
		return nil, usagef("one file, not %d", len(args))
	}
	interactions, err := cassette.Read(args[0])
	if err != nil {
		return nil, usagef("%w", unprefixed(err))
	}
	if f.number > len(interactions) || len(interactions) == 0 {
		return nil, f.tooFew(args[0], len(interactions))
	}
	for n := range interactions {
		if f.number > 0 && n != f.number-1 {
			continue
		}
		r, err := f.prepare(e, &interactions[n])
		if err != nil {
			return nil, err
		}
		r.number = n + 1
		all = append(all, r)
	}
	return all, nil
}

func (f *recordedFlags) tooFew(file string, has int) error {
	if f.number == 0 {
		return usagef("%s has no requests", file)
	}
	return usagef("-n %d: %s has %s", f.number, file, count(has, "request"))
}

// madeUp are the account ids that a recording has instead of real ones.
var madeUp = regexp.MustCompile(`\b000000[0-9]{6}\b`)

func (f *recordedFlags) prepare(e env, i *cassette.Interaction) (recorded, error) {
	r := recorded{Interaction: i}
	u, err := url.Parse(i.Request.URL)
	if err != nil {
		return r, usagef("line %d: the URL cannot be read", i.Line)
	}
	op, labels, prefix, ok := matchPath(i.Request.Method, u.EscapedPath())
	if !ok {
		return r, usagef("line %d: %s %s is no operation of Bedrock (-n N chooses another)", i.Line, i.Request.Method, strings.Map(visible, u.Redacted()))
	}
	r.base = u.Scheme + "://" + u.Host + prefix
	if m := hostRegion.FindStringSubmatch(u.Hostname()); m != nil {
		r.region = m[1]
	}
	mine := func(s string) string {
		if f.account != "" {
			return madeUp.ReplaceAllString(s, f.account)
		}
		return s
	}
	r.request = client.Request{Op: op, Query: upstreamQuery(u.Query()), Header: recordedHeader(i.Request.Header), Body: []byte(mine(string(i.Request.Body)))}
	for _, label := range labels {
		r.request.Labels = append(r.request.Labels, mine(label))
	}
	for _, values := range r.request.Query {
		for n := range values {
			values[n] = mine(values[n])
		}
	}
	r.stream = streaming(op, i.Request.Body)
	r.warn(e)
	return r, nil
}

// recordedHeader is what a recorded header says of the call, not of who made it.
func recordedHeader(h http.Header) http.Header {
	out := upstreamHeader(h)
	out.Del("User-Agent")
	for name, values := range out {
		if slices.Contains(values, "REDACTED") {
			out.Del(name)
		}
	}
	return out
}

// warn tells what of the request is not what was once sent.
func (r *recorded) warn(e env) {
	sent := strings.Join(r.request.Labels, " ") + r.request.Query.Encode() + string(r.request.Body)
	if id := madeUp.FindString(sent); id != "" {
		fmt.Fprintf(e.stderr, "note: line %d: account %s was made up by the recorder: --account ID puts yours in\n", r.Line, id)
	}
	if strings.Contains(sent, "REDACTED") {
		fmt.Fprintf(e.stderr, "note: line %d: the request says REDACTED where the recorder took something out\n", r.Line)
	}
}

// here points the connection where the request was recorded, as far as neither
// flags nor settings say something else.
func (r *recorded) here(e env, c connection) (connection, error) {
	c.region = cmp.Or(c.region, r.region)
	if c.mock || c.endpoint != "" || r.region != "" {
		return c, nil
	}
	o, _, err := c.options(e)
	if err != nil {
		return c, err
	}
	config, err := credentials.Load(o)
	if err == nil && config.Region.Value == "" { // a local endpoint needs one to be signed for
		o.Region, c.region = mockRegion, mockRegion
		config, err = credentials.Load(o)
	}
	if err != nil {
		return c, setupf("%w", err)
	}
	at, err := config.Endpoint(string(r.request.Op.Host))
	if err != nil {
		return c, setupf("%w", err)
	}
	if strings.HasPrefix(at.Source, "rules for ") {
		c.endpoint = r.base
	}
	return c, nil
}

// streaming tells whether an operation answers in events.
func streaming(op operation.Operation, body []byte) bool {
	return op.Streaming == operation.EventStream || op.Streaming == operation.SSE && streams(body)
}
