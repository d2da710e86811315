package bedrocktest

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"rawbedrock/client/operation"
	"rawbedrock/sigv4"
)

// Server is a local Bedrock. Its zero value works: it is an http.Handler to
// listen with, and an http.RoundTripper that answers in the process. Set the
// fields before the first request.
type Server struct {
	// Who may call. The example key of AWS's documentation and APIKey always may.
	Verify  Verification
	Accept  []sigv4.Credentials // more access keys
	APIKeys []string            // more bearer keys
	Region  string              // that callers must sign for; empty: any, unless the Host header names one

	// How it answers.
	Reply   func(model, prompt string) string // the words of a text answer; nil: its own
	Latency time.Duration                     // before an answer begins
	Rate    float64                           // tokens a second; 0: as fast as it goes
	Now     func() time.Time                  // nil: time.Now
	Faults  []Fault

	// Replay, when it has an answer to a request that was let in, gives it
	// instead of the server's own; nil falls through. The body is passed on as
	// it can be read, at its own pace. Faults apply.
	Replay func(r *http.Request, body []byte) *http.Response

	// Hooks, called from the requests' goroutines.
	OnRequest func(Request)                               // a request came, whatever becomes of it
	OnPart    func(ctx context.Context, r Request, n int) // before part n of a body is written: wait here to hold it back
	OnDone    func(Request, Outcome)                      // its answer is written, or was abandoned

	mu        sync.Mutex
	jobs      []asyncJob                // of StartAsyncInvoke
	responses map[string]map[string]any // of Responses
	count     int                       // requests
	seen      map[int]int               // requests that fitted Faults[i]

	keys sigv4.KeyCache // derived signing keys
	done chan struct{}  // closed by Close
}

// Request is a request as the server got it.
type Request struct {
	N         int                 // counted from 1
	ID        string              // x-amzn-RequestId of its answer
	Operation operation.Operation // the zero value when the path routes nowhere
	Labels    []string            // of the path, decoded
	Model     string              // as named in the path or the body; may be empty
	Method    string
	Path      string // as on the wire
	Query     url.Values
	Header    http.Header
	Body      []byte
	Identity  Identity // zero when the caller was refused
}

// Outcome is what became of a request.
type Outcome struct {
	Status int   // 0 when no headers were sent
	Bytes  int   // of the body, written
	Err    error // why the answer was abandoned: the client left, the server closed, a fault broke it
}

// maxBody is a little more than the 25,000,000 bytes that Bedrock takes.
const maxBody = 26 << 20

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	done := s.closed() // a Close from now on ends this answer
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil && !isTooLarge(err) {
		panic(http.ErrAbortHandler) // the client left before it had said what it wants
	}
	req := s.receive(r, body)
	resp, apiErr := s.respond(r, &req, isTooLarge(err))
	if s.OnRequest != nil {
		s.OnRequest(req)
	}
	var fault *Fault
	if apiErr == nil || !apiErr.refused() {
		if fault, err = s.fault(&req); err != nil {
			apiErr, fault = invalid(err.Error()), nil
		}
	}
	if apiErr != nil {
		resp = apiErr.response()
	}
	d := delivery{s: s, w: w, ctx: r.Context(), done: done, req: req}
	broken := d.deliver(resp, fault)
	if s.OnDone != nil {
		s.OnDone(req, d.out)
	}
	if broken {
		panic(http.ErrAbortHandler)
	}
}

func isTooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}

// receive reads what the request is.
func (s *Server) receive(r *http.Request, body []byte) Request {
	s.mu.Lock()
	s.count++
	n := s.count
	s.mu.Unlock()
	req := Request{
		N: n, ID: newSeed("request", string(binary.BigEndian.AppendUint64(nil, uint64(n)))).uuid("id"),
		Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.Query(), Header: r.Header, Body: body,
	}
	req.Operation, req.Labels, _ = operation.Match(req.Method, req.Path)
	req.Operation.Host = hostOf(r, req.Operation)
	if strings.Contains(req.Operation.Path, "{modelId}") {
		req.Model = req.Labels[0]
	} else if o, err := parseObject(body); err == nil {
		req.Model = o.text("model") + o.text("modelId")
	}
	return req
}

// respond makes the answer that a request gets when nothing goes wrong on
// purpose.
func (s *Server) respond(r *http.Request, req *Request, tooLarge bool) (*response, *apiError) {
	if req.Operation.Name == "" {
		return unrouted(req)
	}
	id, apiErr := s.identify(r, req.Body, req.Operation)
	if apiErr != nil {
		return nil, apiErr
	}
	req.Identity = id
	if req.Identity.Region == "" {
		req.Identity.Region = s.region(r.Host)
	}
	if tooLarge {
		return nil, &apiError{status: http.StatusRequestEntityTooLarge, code: "RequestEntityTooLargeException", message: "The request body is larger than 25000000 bytes."}
	}
	if s.Replay != nil {
		if resp := s.Replay(r, req.Body); resp != nil {
			return recorded(resp), nil
		}
	}
	handle, ok := handlers[req.Operation.Name]
	if !ok {
		return nil, &apiError{status: http.StatusNotImplemented, code: "UnknownOperationException", message: "The mock does not have " + req.Operation.Name + "."}
	}
	return handle(s, req)
}

const unknownOperation = `{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}`

// unrouted answers paths that lead nowhere, as AWS does: an ARN with a bare
// slash gets a 200 that carries an exception.
func unrouted(req *Request) (*response, *apiError) {
	if strings.HasPrefix(req.Path, "/model//") {
		return nil, constraint("", "modelId", "Member must have length greater than or equal to 1")
	}
	h := http.Header{"Content-Type": {"application/json"}}
	if rest, ok := strings.CutPrefix(req.Path, "/model/arn"); ok && strings.Count(rest, "/") > 1 {
		return &response{status: http.StatusOK, header: h, parts: []part{{data: []byte(unknownOperation)}}}, nil
	}
	setRaw(h, "x-amzn-ErrorType", "UnknownOperationException"+authSuffix)
	return &response{status: http.StatusNotFound, header: h, parts: []part{{data: []byte("<UnknownOperationException/>\n")}}}, nil
}

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// Close ends all answers under way, also those that a fault keeps silent. The
// server can be used again afterwards.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done != nil {
		close(s.done)
		s.done = nil
	}
}

// closed is the channel that Close closes.
func (s *Server) closed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done == nil {
		s.done = make(chan struct{})
	}
	return s.done
}
