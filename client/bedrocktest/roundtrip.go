package bedrocktest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"sync"
	"syscall"
)

// RoundTrip answers in the process, without a network: a Server is a transport
// for clients whose tests run in fake time. The answer streams as it would
// over a connection.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	in, err := received(r, ctx)
	if err != nil {
		cancel(err)
		return nil, err
	}
	body, pipe := io.Pipe()
	w := &memoryWriter{header: http.Header{}, pipe: pipe, head: make(chan *http.Response, 1)}
	w.response = http.Response{
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Body: &memoryBody{PipeReader: body, cancel: cancel},
	}
	go w.serve(s, in)
	select {
	case resp := <-w.head:
		if resp == nil {
			cancel(w.err)
			return nil, w.err
		}
		context.AfterFunc(ctx, func() { pipe.CloseWithError(context.Cause(ctx)) })
		return resp, nil
	case <-r.Context().Done():
		err := r.Context().Err()
		cancel(err)
		pipe.CloseWithError(err)
		return nil, err
	}
}

// received is the request as a server would see it. The body is read here, for
// a transport must close it.
func received(r *http.Request, ctx context.Context) (*http.Request, error) {
	in := r.Clone(ctx)
	in.Body = http.NoBody
	if r.Body != nil {
		defer r.Body.Close()
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		in.Body, in.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	}
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	if in.Header == nil {
		in.Header = http.Header{}
	}
	if in.ContentLength > 0 {
		in.Header.Set("Content-Length", strconv.FormatInt(in.ContentLength, 10))
	}
	in.RequestURI = in.URL.RequestURI()
	return in, nil
}

// memoryWriter is the ResponseWriter of RoundTrip.
type memoryWriter struct {
	header   http.Header
	pipe     *io.PipeWriter
	head     chan *http.Response // the response, or nil and err is why not
	response http.Response
	once     sync.Once
	err      error
	broken   error // how reset breaks it
}

func (w *memoryWriter) serve(s *Server, in *http.Request) {
	defer func() {
		p := recover()
		if p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
		switch {
		case in.Context().Err() != nil:
			w.broken = context.Cause(in.Context())
		case w.broken != nil:
		case p != nil:
			w.broken = io.ErrUnexpectedEOF
		default:
			w.WriteHeader(http.StatusOK)
		}
		w.once.Do(func() { w.err = w.broken; w.head <- nil })
		w.pipe.CloseWithError(w.broken) // nil: io.EOF
	}()
	s.ServeHTTP(w, in)
}

func (w *memoryWriter) Header() http.Header { return w.header }

func (w *memoryWriter) WriteHeader(status int) {
	w.once.Do(func() {
		r := &w.response
		r.StatusCode, r.Status = status, strconv.Itoa(status)+" "+http.StatusText(status)
		r.Header, r.ContentLength = http.Header{}, -1
		for name, values := range w.header {
			if len(values) > 0 {
				r.Header[http.CanonicalHeaderKey(name)] = values
			}
		}
		if n, err := strconv.ParseInt(r.Header.Get("Content-Length"), 10, 64); err == nil {
			r.ContentLength = n
		}
		w.head <- r
	})
}

func (w *memoryWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.pipe.Write(p)
}

// Flush is there because handlers look for it; nothing is held back.
func (w *memoryWriter) Flush() {}

func (w *memoryWriter) reset() { w.broken = syscall.ECONNRESET }

// memoryBody ends the handler when the client closes it.
type memoryBody struct {
	*io.PipeReader
	cancel context.CancelCauseFunc
}

func (b *memoryBody) Close() error {
	b.cancel(context.Canceled)
	return b.PipeReader.Close()
}
