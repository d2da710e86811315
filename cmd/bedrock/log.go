package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// logHandler writes what the client tells for a person: a line an event, with
// headers and payloads on lines of their own below it.
type logHandler struct {
	mu    *sync.Mutex
	w     io.Writer
	level slog.Level
	attrs []slog.Attr
}

func newLogger(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(logHandler{mu: new(sync.Mutex), w: w, level: level})
}

func (h logHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = slices.Concat(h.attrs, attrs)
	return h
}

// WithGroup does nothing: the client uses none.
func (h logHandler) WithGroup(string) slog.Handler { return h }

func (h logHandler) Handle(_ context.Context, r slog.Record) error {
	var line, below bytes.Buffer
	line.WriteString(r.Time.Format("15:04:05.000 "))
	if r.Level >= slog.LevelWarn {
		line.WriteString(strings.ToLower(r.Level.String()) + ": ")
	}
	line.WriteString(r.Message)
	add := func(a slog.Attr) bool {
		switch value := a.Value.Resolve().Any().(type) {
		case http.Header:
			for _, name := range slices.Sorted(maps.Keys(value)) {
				fmt.Fprintf(&below, "    %s: %s\n", name, strings.Join(value[name], ", "))
			}
		default:
			text := a.Value.Resolve().String()
			if a.Key == "payload" {
				fmt.Fprintf(&below, "    %s\n", text)
				break
			}
			if text == "" || strings.ContainsAny(text, " \"=\n") {
				text = strconv.Quote(text)
			}
			fmt.Fprintf(&line, " %s=%s", a.Key, text)
		}
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	line.WriteByte('\n')
	line.Write(below.Bytes())
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := h.w.Write(bytes.Map(visible, line.Bytes()))
	return err
}
