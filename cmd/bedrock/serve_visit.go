package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"rawbedrock/client"
	"rawbedrock/client/redact"
)

// visit is one request and what becomes of it.
type visit struct {
	http.ResponseWriter
	r     *http.Request
	door  *door
	route route
	err   error // why it did not go well
	told  bool  // the answer itself says so

	start                    time.Time
	first                    time.Duration // until the first byte of the body
	status                   int
	bytes                    int64
	model, prompt, requestID string
	asked                    []string // what the log must not quote
}

// begin sets what holds for every answer. A body that never comes must not
// hold the connection, whoever reads it.
func (v *visit) begin() {
	h := v.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	control := http.NewResponseController(v.ResponseWriter)
	if v.r.ContentLength != 0 {
		control.SetReadDeadline(time.Now().Add(v.door.readTimeout))
	}
	control.SetWriteDeadline(time.Time{}) // of the request before this one
}

// maxDrain is how much of an unwanted body is read, so that the client gets to
// read why it is unwanted.
const maxDrain = 32 << 20

// body reads a request's body of at most so many bytes.
func (v *visit) body(most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(v.r.Body, most+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &refusal{status: http.StatusRequestTimeout, code: "request_timeout", message: "the body did not come in time"}
	case err != nil:
		return nil, &refusal{status: http.StatusBadRequest, code: "invalid_body", message: "the body cannot be read", cause: err}
	case int64(len(data)) > most:
		return nil, tooLarge(most)
	}
	http.NewResponseController(v.ResponseWriter).SetReadDeadline(time.Time{})
	return data, nil
}

func (v *visit) begun() bool { return v.status != 0 }

func (v *visit) WriteHeader(status int) {
	if v.status == 0 {
		v.status = status
	}
	v.ResponseWriter.WriteHeader(status)
}

func (v *visit) Write(p []byte) (int, error) {
	if !v.begun() {
		v.WriteHeader(http.StatusOK)
	}
	if v.first == 0 && len(p) > 0 {
		v.first = time.Since(v.start)
	}
	v.deadline()
	n, err := v.ResponseWriter.Write(p)
	if v.r.Method != http.MethodHead { // net/http drops its body
		v.bytes += int64(n)
	}
	return n, err
}

// send writes and flushes. What fails is the client.
func (v *visit) send(p []byte) error {
	_, err := v.Write(p)
	if err == nil {
		err = http.NewResponseController(v.ResponseWriter).Flush()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errClientLeft, err)
	}
	return nil
}

func (v *visit) deadline() {
	http.NewResponseController(v.ResponseWriter).SetWriteDeadline(time.Now().Add(v.door.writeTimeout))
}

// Unwrap lets http.ResponseController through.
func (v *visit) Unwrap() http.ResponseWriter { return v.ResponseWriter }

// end answers what was refused, logs, and breaks off what cannot be answered
// any more: a client must never take a part for the whole.
func (v *visit) end() {
	broken := v.err != nil && v.begun()
	_, ours := errors.AsType[*refusal](v.err) // net/http cancels the context of a request whose body came too late
	left := v.err != nil && !ours && v.r.Context().Err() != nil && !errors.Is(context.Cause(v.r.Context()), errShutdown)
	if v.err != nil && !broken && !left {
		v.refuse()
	}
	v.record(broken, left)
	v.deadline() // for what is still buffered
	if left || broken && !v.told {
		v.reset()
		panic(http.ErrAbortHandler)
	}
}

// reset is for HTTP/1.0, as some proxies speak it: there the end of the
// connection is the end of the answer, so that a broken one must end otherwise.
func (v *visit) reset() {
	if v.r.ProtoAtLeast(1, 1) {
		return
	}
	conn, _, err := http.NewResponseController(v.ResponseWriter).Hijack()
	if err != nil {
		return // net/http closes it
	}
	if tcp, ok := conn.(*slowConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

func (v *visit) refuse() {
	if !strings.EqualFold(v.r.Header.Get("Expect"), "100-continue") {
		io.CopyN(io.Discard, v.r.Body, maxDrain)
	}
	v.deadline()
	v.refusal().write(v, v.route.aws)
}

// refusal is the error for the client.
func (v *visit) refusal() *refusal {
	if errors.Is(context.Cause(v.r.Context()), errShutdown) {
		return &refusal{status: http.StatusServiceUnavailable, code: "shutting_down", message: errShutdown.Error(), retryAfter: 5 * time.Second}
	}
	return refusalOf(v.err)
}

// reason is the error for the log. Bedrock's words may quote what was asked, a
// cassette's too, and then stay out of it.
func (v *visit) reason() string {
	e, ok := errors.AsType[*client.Error](v.err)
	if !ok || v.door.logPrompts || !slices.ContainsFunc(v.asked, quotedIn(fmt.Sprintln(e.Message, e.Err))) {
		return v.err.Error()
	}
	silent := *e
	silent.Message, silent.Err = "the reason quotes the prompt (--log-prompts shows it)", nil
	return silent.Error()
}

// quotedIn tells whether a message holds a piece of a text, however it is cut
// and escaped.
func quotedIn(message string) func(text string) bool {
	const piece, word = 12, 4 // bytes; less than a word says nothing
	pieces := map[string]bool{}
	for i := range max(0, len(message)-piece+1) {
		pieces[message[i:i+piece]] = true
	}
	return func(text string) bool {
		for i := range max(0, len(text)-piece+1) {
			if pieces[text[i:i+piece]] {
				return true
			}
		}
		return len(text) >= word && len(text) < piece && strings.Contains(message, text)
	}
}

// statusLeft is what nginx logs for clients that did not wait.
const statusLeft = 499

// record writes the line of the log. No part of a prompt or an answer is in
// it, but for --log-prompts, and no secret: a model may be an API key that was
// pasted into the wrong field.
func (v *visit) record(broken, left bool) {
	level, status := slog.LevelInfo, v.status
	if left && status == 0 {
		status = statusLeft
	}
	if broken && !left || status >= 500 {
		level = slog.LevelWarn
	}
	attrs := []any{"method", v.r.Method, "route", v.route.name, "status", status, "bytes", v.bytes}
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, key, redact.Text(value, v.door.token))
		}
	}
	if v.first > 0 {
		attrs = append(attrs, "first_byte", v.first.Round(time.Microsecond))
	}
	attrs = append(attrs, "duration", time.Since(v.start).Round(time.Microsecond), "client", hostname(v.r.RemoteAddr))
	add("model", v.model)
	add("request_id", v.requestID)
	if v.door.logPrompts {
		add("prompt", v.prompt)
	}
	switch {
	case left && !errors.Is(v.err, errClientLeft):
		add("error", errClientLeft.Error())
	case v.err != nil:
		add("error", v.reason())
		if e, ok := errors.AsType[*client.Error](v.err); ok {
			add("hint", e.Hint)
		}
	}
	v.door.log.Log(context.Background(), level, "request", attrs...)
}
