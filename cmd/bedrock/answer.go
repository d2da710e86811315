package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"rawbedrock/client"
)

// exchange is one call: what is asked, and how the answers of this dialect are
// read.
type exchange struct {
	request client.Request
	stream  bool
	whole   func(*client.Response) (said, error)
	event   func(client.Event) said
	line    func(client.Event) []byte // the event as a JSON object of its own
}

// said is what an answer or an event holds for a person.
type said struct {
	text  string
	stop  string   // why the answer ended, when this says so
	tools []string // names of tools that the model wants to be called
	files [][]byte // images, which go out as they are
}

// call makes the exchange and prints the answer in the form that was asked
// for. An error after output began is exit 4.
func (a *answerFlags) call(ctx context.Context, e env, s *session, x exchange) error {
	if s.dry != nil {
		return a.show(ctx, e, s, x)
	}
	out, err := a.open(e)
	if err != nil {
		return err
	}
	p := &printer{out: out}
	if x.stream {
		err = a.printStream(ctx, s, x, p)
	} else {
		err = a.printWhole(ctx, s, x, p)
	}
	err = errors.Join(err, p.end(a.output), a.done(out, p.n))
	if refused, ok := errors.AsType[*client.Error](err); ok && p.n > 0 {
		return &exitError{exitBroken, refused}
	}
	if err == nil && a.output == "text" && a.query == "" {
		p.notes(e.stderr)
	}
	return err
}

func (a *answerFlags) printStream(ctx context.Context, s *session, x exchange, p *printer) error {
	stream, err := s.Stream(ctx, x.request)
	if err != nil {
		return err
	}
	if a.output == "raw" {
		stream.Tee(p)
	}
	for ev, err := range stream.Events() {
		if err != nil {
			return err
		}
		switch {
		case a.output == "raw":
		case a.query != "":
			if value, ok := pick(x.line(ev), a.query, a.output); ok {
				_, err = fmt.Fprintf(p, "%s\n", value)
			}
		case a.output == "text":
			err = p.say(x.event(ev))
		default:
			_, err = fmt.Fprintf(p, "%s\n", x.line(ev))
		}
		if err != nil {
			return err
		}
	}
	if a.query != "" && p.n == 0 {
		return usagef("--query %s: no event holds anything there (-o jsonl shows them)", a.query)
	}
	return nil
}

func (a *answerFlags) printWhole(ctx context.Context, s *session, x exchange, p *printer) error {
	resp, err := s.Do(ctx, x.request)
	if err != nil {
		if resp != nil && a.output == "raw" {
			_, writeErr := p.Write(resp.Body)
			err = errors.Join(err, writeErr)
		}
		return err
	}
	if a.output == "text" && a.query == "" && strings.HasPrefix(resp.Header.Get("Content-Type"), "image/") {
		return a.files(p, [][]byte{resp.Body})
	}
	if a.output != "raw" && !json.Valid(resp.Body) {
		return defectf("%s answered %d with %d bytes of %q that are not JSON (-o raw shows them), request id %q", x.request.Op.Name, resp.Status, len(resp.Body), resp.Header.Get("Content-Type"), resp.RequestID())
	}
	switch {
	case a.query != "":
		value, ok := pick(resp.Body, a.query, a.output)
		if !ok {
			return usagef("--query %s: the answer holds nothing there (-o json shows it whole)", a.query)
		}
		_, err = fmt.Fprintf(p, "%s\n", value)
	case a.output == "text":
		s, err := x.whole(resp)
		if err != nil {
			return err
		}
		return errors.Join(p.say(s), a.files(p, s.files))
	case a.output == "raw":
		_, err = p.Write(resp.Body)
	case a.output == "jsonl":
		_, err = fmt.Fprintf(p, "%s\n", oneLine(resp.Body))
	default:
		_, err = fmt.Fprintf(p, "%s\n", bytes.TrimSuffix(resp.Body, []byte("\n")))
	}
	return err
}

// pick takes a value out of a JSON text: a string without its quotes, unless
// the form is a JSON one.
func pick(data []byte, path, form string) (string, bool) {
	value := client.Event{Payload: data}.Get(path)
	if form == "json" || form == "jsonl" {
		return string(oneLine([]byte(value.Raw))), value.Exists()
	}
	return value.String(), value.Exists()
}

// isJSONForm tells whether a form of the answer is meant for a program.
func isJSONForm(form string) bool { return form == "json" || form == "jsonl" }

// oneLine takes line ends out of a JSON text; what is no JSON stays as it is.
func oneLine(data []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, data) != nil {
		return data
	}
	return b.Bytes()
}
