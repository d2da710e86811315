package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"rawbedrock/client/cassette"
)

const replayLiveLong = `Makes the requests of a recording again, now and for money, and shows field by
field what the answers have otherwise than the recorded ones:

  status  another HTTP status
  gone    a field, header or kind of event that is there no more
  new     one that was not there
  type    a field that holds another kind of value
  value   another value: another text, other counts

A path is that of the JSON body, output.message.content[].text; in a stream it
begins with the event's type and is for all events of it, their texts joined:
contentBlockDelta.delta.text. Headers are compared by name, ids and times are
values, padding and account ids count for nothing.

A request goes to the region that it was recorded in, or where --region,
--endpoint-url and the settings say; one recorded from a server that is not AWS's
goes there again unless they say otherwise. Credentials are today's.

Exit code 0: nothing but values changed. 1: something else did, or a request got
no answer.

With -o json: [{"number","line","operation","labels","recorded":{"status",
"after"},"live":{"status","after","error"?},"same","drift":[{"path","change",
"recorded"?,"live"?}]}].

Examples:
  bedrock replay-live hello.cassette
  bedrock replay-live -n 2 --region eu-west-1 hello.cassette
  bedrock converse --mock --record hello.cassette "Hello" && bedrock replay-live --mock hello.cassette
`

type replayLive struct {
	connection
	recordedFlags
	output string
}

func replayLiveCommand() command {
	return command{
		name: "replay-live", args: "CASSETTE", short: "make recorded requests again, and show what changed", long: replayLiveLong,
		setup: func(fs *flag.FlagSet) func(context.Context, env, []string) error {
			var r replayLive
			r.connection.registerCalls(fs)
			r.recordedFlags.register(fs)
			choice(fs, &r.output, "output", "text", "`form`: text or json", "text", "json")
			alias(fs, "o", "output")
			return func(ctx context.Context, e env, args []string) error { return r.run(ctx, e, args) }
		},
	}
}

// comparison is of a request's answer when recorded and today.
type comparison struct {
	Number    int      `json:"number"`
	Line      int      `json:"line"`
	Operation string   `json:"operation"`
	Labels    []string `json:"labels"`
	Recorded  answered `json:"recorded"`
	Live      answered `json:"live"`
	Same      int      `json:"same"`
	Drift     []drift  `json:"drift"`
}

type answered struct {
	Status int     `json:"status"` // 0: no answer
	After  float64 `json:"after"`  // seconds
	Error  string  `json:"error,omitempty"`
}

func (r *replayLive) run(ctx context.Context, e env, args []string) error {
	all, err := r.read(e, args)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "note: making %s again%s\n", count(len(all), "request"), recordedUsage(all))
	dir, err := os.MkdirTemp("", "replay-live")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	results, drifted := []comparison{}, 0
	for n, q := range all {
		a, err := r.repeat(ctx, e, q, filepath.Join(dir, fmt.Sprint(n)))
		if err != nil {
			return errors.Join(err, r.show(e.stdout, results))
		}
		if !onlyValues(a.Drift) || a.Live.Status == 0 {
			drifted++
		}
		results = append(results, a)
		if r.output == "text" {
			if err := r.show(e.stdout, results[n:]); err != nil {
				return err
			}
		}
	}
	if r.output == "json" {
		if err := r.show(e.stdout, results); err != nil {
			return err
		}
	}
	if drifted > 0 {
		return defectf("%d of %s drifted", drifted, count(len(all), "answer"))
	}
	return nil
}

// recordedUsage is what the requests used when recorded, as far as their answers tell.
func recordedUsage(all []recorded) string {
	tokens := 0
	for _, q := range all {
		used := hear(q.request.Op, q.request.Labels, q.Interaction, eventsOf(&q.Response)).usage
		tokens += used.InputTokens + used.OutputTokens
	}
	if tokens == 0 {
		return ""
	}
	return ", which used " + count(tokens, "token") + " when recorded"
}

// repeat makes a request again and compares. Its answer goes through a cassette of its
// own, so that it is compared as a recording of today.
func (r *replayLive) repeat(ctx context.Context, e env, q recorded, tape string) (a comparison, err error) {
	a = comparison{Number: q.number, Line: q.Line, Operation: q.request.Op.Name, Labels: q.request.Labels, Drift: []drift{}}
	a.Recorded = answered{Status: q.Response.Status, After: q.Response.After.Seconds()}
	conn, err := q.here(e, r.connection)
	if err != nil {
		return a, err
	}
	conn.traceJSON = r.output == "json"
	conn.record, conn.tape = tape, new(*cassette.Cassette)
	s, err := conn.open(e, false)
	if err != nil {
		return a, err
	}
	callErr := q.call(ctx, s)
	keepFailed(e, callErr)
	s.close(e, &err)
	if ctx.Err() != nil {
		return a, ctx.Err()
	}
	if callErr != nil && nothingFound(callErr) {
		return a, callErr
	}
	if callErr != nil {
		a.Live.Error = strings.TrimPrefix(callErr.Error(), "bedrock: ")
	}
	heard := s.tape.Interactions()
	if len(heard) == 0 {
		return a, err
	}
	live := &heard[len(heard)-1].Response // of the last attempt
	a.Live.Status, a.Live.After = live.Status, live.After.Seconds()
	var changes []drift
	changes, a.Same = driftOf(&q.Response, live)
	a.Drift = append(a.Drift, changes...)
	return a, err
}

// call makes the request and hears the answer to its end.
func (q *recorded) call(ctx context.Context, s *session) error {
	if !q.stream {
		_, err := s.Do(ctx, q.request)
		return err
	}
	stream, err := s.Stream(ctx, q.request)
	if err != nil {
		return err
	}
	for _, err := range stream.Events() {
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *replayLive) show(w io.Writer, results []comparison) error {
	if r.output == "json" {
		return printIndented(w, results)
	}
	var b bytes.Buffer
	for _, a := range results {
		a.print(page{&b})
	}
	_, err := io.WriteString(w, strings.Map(visible, b.String()))
	return err
}

func (a *comparison) print(p page) {
	fmt.Fprintln(p, title(a.Number, a.Operation, a.Labels, a.Line))
	live := "no answer"
	if a.Live.Status != 0 {
		live = fmt.Sprintf("%d %s after %.2f s", a.Live.Status, http.StatusText(a.Live.Status), a.Live.After)
	}
	p.row("live", fmt.Sprintf("%s; recorded %d after %.2f s", live, a.Recorded.Status, a.Recorded.After))
	if a.Live.Error != "" {
		p.row("error", a.Live.Error)
	}
	for _, d := range a.Drift {
		text := d.Path + "  " + d.Recorded + d.Live
		switch {
		case d.Change == driftStatus:
			text = d.Recorded + " → " + d.Live
		case d.Recorded != "" && d.Live != "":
			text = d.Path + "  " + d.Recorded + " → " + d.Live
		}
		p.row(d.Change, text)
	}
	p.row("same", count(a.Same, "field"))
}
