package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rawbedrock/sigv4/credentials"
)

// newLogger writes what the client tells: prose for a person, or JSON lines.
// source names where a setting or a credential comes from.
func newLogger(w io.Writer, level slog.Level, asJSON bool, source func(key, name string) string) *slog.Logger {
	handler := slog.Handler(traceHandler{level: level, out: &traceWriter{w: w}})
	if asJSON {
		handler = slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: jsonAttr})
	}
	return slog.New(sourced{handler, source})
}

// sourced is a handler that knows where this program took things from that it
// gave the client as its code's or the environment's.
type sourced struct {
	slog.Handler
	source func(key, name string) string
}

func (s sourced) WithAttrs(attrs []slog.Attr) slog.Handler {
	return sourced{s.Handler.WithAttrs(attrs), s.source}
}

func (s sourced) Handle(ctx context.Context, r slog.Record) error {
	told := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if strings.HasSuffix(a.Key, "_from") || a.Key == "source" {
			a.Value = slog.StringValue(s.source(a.Key, a.Value.String()))
		}
		told.AddAttrs(a)
		return true
	})
	return s.Handler.Handle(ctx, told)
}

// jsonAttr writes durations in milliseconds, under a name that says so, and
// leaves out what is not there.
func jsonAttr(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case slog.Level:
		if v < slog.LevelWarn {
			return slog.Attr{}
		}
	case time.Duration:
		return slog.Float64(a.Key+"_ms", float64(v.Microseconds())/1000)
	case time.Time:
		if v.IsZero() {
			return slog.Attr{}
		}
	case string:
		if a.Key == "payload" && json.Valid([]byte(v)) {
			return slog.Any(a.Key, json.RawMessage(v))
		}
	case nil:
		return slog.Attr{}
	}
	return a
}

// traceHandler writes events as prose, a line each, with headers and payloads
// on lines of their own below.
type traceHandler struct {
	level slog.Level
	attrs []slog.Attr
	out   *traceWriter
}

// traceWriter is shared by all handlers of a trace.
type traceWriter struct {
	mu   sync.Mutex
	w    io.Writer
	call int64 // that the last line was about
}

func (h traceHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h traceHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = slices.Concat(h.attrs, attrs)
	return h
}

// WithGroup does nothing: the client uses none.
func (h traceHandler) WithGroup(string) slog.Handler { return h }

func (h traceHandler) Handle(_ context.Context, r slog.Record) error {
	event := traceEvent{values: map[string]any{}}
	add := func(a slog.Attr) bool {
		event.names = append(event.names, a.Key)
		event.values[a.Key] = a.Value.Resolve().Any()
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)

	text := ""
	if say, ok := prose[r.Message]; ok && r.Level < slog.LevelWarn {
		text = say(event)
	} else {
		text = event.pairs(r.Message)
	}
	if r.Level >= slog.LevelWarn {
		text = strings.ToLower(r.Level.String()) + ": " + text
	}
	if text == "" {
		return nil
	}
	return h.out.write(r, event, text)
}

func (o *traceWriter) write(r slog.Record, event traceEvent, text string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var b bytes.Buffer
	b.WriteString(r.Time.Format("15:04:05.000 "))
	if call, ok := event.values["call"].(int64); ok && r.Message != "attempt" {
		b.WriteString("  ")
		if call != o.call {
			fmt.Fprintf(&b, "%v (call %d): ", event.values["op"], call)
		}
		o.call = call
	} else if ok {
		o.call = call
	}
	b.WriteString(text + "\n")
	if header, ok := event.values["header"].(http.Header); ok {
		for _, name := range slices.Sorted(maps.Keys(header)) {
			fmt.Fprintf(&b, "    %s: %s\n", name, strings.Join(header[name], ", "))
		}
	}
	if payload := event.text("payload"); payload != "" {
		fmt.Fprintf(&b, "    %s\n", payload)
	}
	_, err := o.w.Write(bytes.Map(visible, b.Bytes()))
	return err
}

// traceEvent is what is told at once.
type traceEvent struct {
	names  []string
	values map[string]any
}

// text is a value as words; "" when it is not there or says nothing.
func (e traceEvent) text(name string) string {
	switch v := e.values[name].(type) {
	case nil:
		return ""
	case time.Duration:
		return took(v)
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return stamp(v)
	case []string:
		return strings.Join(v, ", ")
	default:
		return fmt.Sprint(v)
	}
}

// with is a value between two pieces of text, and nothing when there is none.
func (e traceEvent) with(before, name, after string) string {
	if text := e.text(name); text != "" && text != "0" && text != "0s" && text != "false" {
		return before + text + after
	}
	return ""
}

// took is a duration as exact as a person needs it.
func took(d time.Duration) string {
	if d.Abs() < 100*time.Millisecond {
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Millisecond).String()
}

// pairs writes an event that has no words of its own.
func (e traceEvent) pairs(message string) string {
	for _, name := range e.names {
		if name == "op" || name == "call" || name == "payload" || name == "header" {
			continue
		}
		text := e.text(name)
		if text == "" || strings.ContainsAny(text, " \"=\n") {
			text = strconv.Quote(text)
		}
		message += " " + name + "=" + text
	}
	return message
}

// prose says what the client's events mean.
var prose = map[string]func(traceEvent) string{
	"settings": func(e traceEvent) string {
		return cmp.Or(e.with("region ", "region", ""), "no region") + e.from("region_from") + ", endpoint " + e.text("endpoint") + e.from("endpoint_from") +
			", profile " + e.text("profile") + e.from("profile_from")
	},
	"credentials": func(e traceEvent) string {
		if e.text("outcome") == credentials.NotReached {
			return ""
		}
		return fmt.Sprintf("credentials %s: %s: %s", e.text("outcome"), e.text("source"), e.text("reason"))
	},
	"auth": func(e traceEvent) string {
		if e.text("scheme") == "bearer" {
			kind := map[bool]string{true: "an API key of unknown kind", false: "a " + e.text("kind") + " API key"}[e.text("kind") == credentials.Unknown]
			return "bearer: " + kind + e.with(" for ", "region", "") + e.with(", until ", "expires", "")
		}
		return "signed as " + e.text("access_key_id") + e.with(" (", "source", ")") + " for " + e.text("region") + "/" + e.text("service") +
			e.with(", credentials until ", "expires", "") + e.with(", clock corrected by ", "clock_offset", "")
	},
	"attempt": func(e traceEvent) string {
		return fmt.Sprintf("%v: attempt %v: %v %v%v", e.values["op"], e.values["number"], e.values["method"], e.values["host"], e.values["path"]) + e.with(", by the proxy ", "proxy", "")
	},
	"dns":     func(e traceEvent) string { return e.step("DNS " + e.text("host") + e.with(": ", "addresses", "")) },
	"connect": func(e traceEvent) string { return e.step("TCP " + e.text("address")) },
	"tls": func(e traceEvent) string {
		return e.step(cmp.Or(e.text("version"), "TLS") + e.with(", ", "protocol", "") + e.with(", certificate by ", "issuer", ""))
	},
	"connection": func(e traceEvent) string {
		if e.values["reused"] != true {
			return "" // it has told how it came about
		}
		return "connection to " + e.text("address") + " reused, idle for " + e.text("idle")
	},
	"sent": func(e traceEvent) string { return "request sent after " + e.text("after") + e.with(": ", "error", "") },
	"retry": func(e traceEvent) string {
		return "waits " + e.text("wait") + ", then tries again: " + strings.TrimPrefix(e.text("reason"), "bedrock: ")
	},
	"answer": func(e traceEvent) string {
		if e.values["header"] != nil {
			return "answer's headers"
		}
		return e.text("status") + e.with(" ", "protocol", "") + " after " + e.text("after") + e.with(", request id ", "request_id", "")
	},
	"first event": func(e traceEvent) string { return "first event " + e.text("type") + " after " + e.text("after") },
	"done": func(e traceEvent) string {
		return "end after " + e.text("after") + ": " + e.with("", "events", " events, ") + e.text("bytes") + " bytes" +
			e.gaps() +
			e.with("; ", "input_tokens", " tokens in") + e.with(", ", "output_tokens", " out") + e.with(", ", "tokens_per_second", " tokens/s") +
			e.with("; Bedrock's own latency ", "latency", "")
	},
	"failed": func(e traceEvent) string { return "failed: " + e.text("error") },

	"request":      func(traceEvent) string { return "request's headers" },
	"request body": func(traceEvent) string { return "request's body" },
	"body":         func(traceEvent) string { return "answer's body" },
	"frame": func(e traceEvent) string {
		return fmt.Sprintf("frame %v at byte %v, %v bytes: %s", e.values["number"], e.values["offset"], e.values["length"], e.text("headers"))
	},
	"event": func(e traceEvent) string {
		return fmt.Sprintf("event %v at byte %v: %v", e.values["number"], e.values["offset"], e.values["type"])
	},
}

// gaps are the waits between the events of a stream.
func (e traceEvent) gaps() string {
	if e.values["gap_p50"] == nil {
		return ""
	}
	return "; between events p50 " + e.text("gap_p50") + ", p99 " + e.text("gap_p99")
}

// step is something that took a while and may have failed.
func (e traceEvent) step(what string) string {
	if err := e.text("error"); err != "" {
		return what + ": failed after " + e.text("took") + ": " + err
	}
	return what + " in " + e.text("took")
}

// from names the source of a setting.
func (e traceEvent) from(name string) string {
	if e.text(name) == "default" {
		return ""
	}
	return e.with(" (", name, ")")
}
