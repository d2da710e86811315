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

// title names a recorded request by its number, from 1, its operation, where
// that is known, and its line.
func title(number int, op string, labels []string, line int) string {
	words := []string{fmt.Sprintf("%d.", number)}
	if op != "" {
		words = append(append(words, op), labels...)
	}
	return strings.Map(visible, strings.Join(words, " ")) + fmt.Sprintf(" (line %d)", line)
}

// read finds the chosen requests. What cannot be made again is an error: no
// request of Bedrock, or one with an account that nobody can know.
func (f *recordedFlags) read(e env, args []string) (all []recorded, err error) {
	interactions, first, err := f.chosen(args)
	if err != nil {
		return nil, err
	}
	if len(interactions) == 0 {
		return nil, usagef("%s has no requests", args[0])
	}
	for n := range interactions {
		r, err := f.prepare(e, &interactions[n])
		if err != nil {
			return nil, err
		}
		r.number = first + n
		all = append(all, r)
	}
	return all, nil
}

// chosen is the whole recording or the request of --number. first is the number
// of the first.
func (f *recordedFlags) chosen(args []string) (all []cassette.Interaction, first int, err error) {
	if len(args) != 1 {
		return nil, 0, usagef("one file, not %d", len(args))
	}
	if all, err = cassette.Read(args[0]); err != nil {
		return nil, 0, usagef("%w", unprefixed(err))
	}
	switch {
	case f.number == 0:
		return all, 1, nil
	case f.number > len(all):
		return nil, 0, usagef("-n %d: %s has %s", f.number, args[0], count(len(all), "request"))
	}
	return all[f.number-1 : f.number], f.number, nil
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
	r.region = regionOf(u)
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
