package bedrocktest

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"rawbedrock/client/operation"
)

// Fault is a way of going wrong on purpose. The zero value of a field changes
// nothing, and fields combine: a delay before an error, an exception after
// bytes written one by one.
type Fault struct {
	// Which requests. The first fault that fits and whose turn it is; one with
	// a Name fits only a request that asks for it with the header X-Mock-Fault,
	// and comes before those without.
	Name      string
	Operation string // by AWS's name: "ConverseStream"; empty: every operation
	Model     string // model id or a pattern as in path.Match; empty: every model
	Nth       []int  // which of the requests that fit, counted from 1; empty: all

	// Before the answer.
	Delay time.Duration

	// Instead of the answer. With a Code alone the Status is the code's own,
	// with neither it is 500. Body replaces {"message":Message}; BodySize pads
	// the body with blanks up to so many bytes. Status 204 and 304 have none.
	// Header takes the place of the answer's own, in a proper answer too; an
	// empty value removes it.
	Status   int
	Code     string // "ThrottlingException"
	Message  string
	Header   map[string]string
	Body     *string
	BodySize int

	// In a stream. At is the index of an event, from 0; negative counts from
	// the end, -1 is the last. Before that event Exception stands as an
	// exception frame, which ends the stream (nil: At 0).
	At        *int
	Exception string // "throttlingException", "internalServerException", …; its words are Message
	Corrupt   string // "prelude" or "message": the checksum of event At is wrong
	NoEnd     bool   // the stream ends well but for its last events: no messageStop, no metrics, no [DONE]

	// How the connection ends: "close" without the rest, "reset" (TCP RST),
	// "silence" until the client leaves or the server closes, or "end": a body
	// that is complete for HTTP but cut short. It happens after Bytes of the
	// body, or before event At, or, with neither, before the headers.
	Break string
	Bytes *int

	// How the body is written.
	WriteSize int           // so many bytes a write, whatever the frames: 1, or more than the whole
	Drip      time.Duration // the pause before each write
	Gzip      bool          // Content-Encoding: gzip, asked for or not
}

// The ways in which Break ends a connection.
const (
	breakClose   = "close"
	breakReset   = "reset"
	breakSilence = "silence"
	breakEnd     = "end"
)

// Exceptions are the exception frames that Bedrock's streams model, by their
// name on the wire. Source: the service model of Amazon Bedrock Runtime.
var exceptions = []string{
	"internalServerException", "modelStreamErrorException", "modelTimeoutException",
	"serviceUnavailableException", "throttlingException", "validationException",
}

// authCodes are the refusals of the layer that checks identities.
var authCodes = []string{
	"ExpiredTokenException", "IncompleteSignatureException", "InvalidSignatureException",
	"MissingAuthenticationTokenException", "UnrecognizedClientException",
}

// check tells what is wrong with a fault.
func (f Fault) check() error {
	switch {
	case f.Operation != "" && !slices.ContainsFunc(operation.All, func(o operation.Operation) bool { return o.Name == f.Operation }):
		return fmt.Errorf("operation %q is none of Bedrock's, such as Converse", f.Operation)
	case f.Exception != "" && !slices.Contains(exceptions, f.Exception):
		return fmt.Errorf("exception %q is none of %s", f.Exception, strings.Join(exceptions, ", "))
	case f.Corrupt != "" && f.Corrupt != "prelude" && f.Corrupt != "message":
		return fmt.Errorf(`corrupt %q is neither "prelude" nor "message"`, f.Corrupt)
	case f.Break != "" && !slices.Contains([]string{breakClose, breakReset, breakSilence, breakEnd}, f.Break):
		return fmt.Errorf(`break %q is none of "close", "reset", "silence", "end"`, f.Break)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d is not between 200 and 599", f.Status)
	case f.Bytes != nil && *f.Bytes < 0:
		return errors.New("bytes is negative")
	case f.Delay < 0 || f.Drip < 0 || f.WriteSize < 0 || f.BodySize < 0:
		return errors.New("delay, drip, writeSize and bodySize cannot be negative")
	case !f.headerFits():
		return fmt.Errorf("a header of %q cannot be sent", f.Header)
	case slices.ContainsFunc(f.Nth, func(n int) bool { return n < 1 }):
		return errors.New("nth counts from 1")
	}
	if err := f.useless(); err != nil {
		return err
	}
	if _, err := path.Match(f.Model, ""); err != nil {
		return fmt.Errorf("model %q: %w", f.Model, err)
	}
	return nil
}

// useless tells of a field that changes nothing, for want of another.
func (f Fault) useless() error {
	inStream := f.Exception != "" || f.Corrupt != ""
	switch {
	case f.replaces() && (f.At != nil || inStream || f.NoEnd):
		return errors.New("status, code, body and bodySize make an answer without events: at, exception, corrupt and noEnd have no place in it (throttlingException is an event, ThrottlingException a code)")
	case f.At != nil && !inStream && f.Break == "":
		return errors.New("at wants an exception, corrupt or break that it is the place of")
	case f.At != nil && !inStream && f.Bytes != nil:
		return errors.New("a break comes at an event or after bytes, not both")
	case f.Bytes != nil && f.Break == "":
		return errors.New("bytes wants a break that comes after them")
	case (f.At != nil || f.NoEnd) && slices.ContainsFunc(operation.All, func(o operation.Operation) bool { return o.Name == f.Operation && o.Streaming == operation.None }):
		return fmt.Errorf("%s does not stream: at and noEnd have no place in its answer", f.Operation)
	case f.Message != "" && f.Exception == "" && !f.replaces():
		return errors.New("message wants an error that says it: a status, a code or an exception")
	}
	return nil
}

// replaces tells whether another answer takes the place of the proper one.
func (f Fault) replaces() bool {
	return f.Status != 0 || f.Code != "" || f.Body != nil || f.BodySize > 0
}

// headerFits tells whether net/http would send the headers: it drops others
// without a word.
func (f Fault) headerFits() bool {
	for name, value := range f.Header {
		odd := func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) }
		control := func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
		if name == "" || strings.ContainsFunc(name, odd) || strings.ContainsFunc(value, control) {
			return false
		}
	}
	return true
}

// fits tells whether the fault is meant for this operation and model.
func (f Fault) fits(name, model string) bool {
	if f.Operation != "" && f.Operation != name {
		return false
	}
	if f.Model == "" || f.Model == model {
		return true
	}
	ok, _ := path.Match(f.Model, model)
	return ok
}

// FaultHeader is the request header that asks for a fault by name.
const FaultHeader = "X-Mock-Fault"

// fault finds the fault for a request: the one its header asks for, else the
// first of Faults that fits and whose turn it is. Every fault that fits is
// counted, so that "the second request" does not depend on the others.
func (s *Server) fault(r *Request) (*Fault, error) {
	asked := r.Header.Get(FaultHeader)
	var found *Fault
	known := asked == ""
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.Faults {
		f := &s.Faults[i]
		if f.Name != "" && f.Name != asked {
			continue
		}
		known = known || f.Name != ""
		if err := f.check(); err != nil {
			return nil, err
		}
		if !f.fits(r.Operation.Name, r.Model) {
			continue
		}
		if s.seen == nil {
			s.seen = map[int]int{}
		}
		s.seen[i]++
		first := found == nil || found.Name == "" && f.Name != ""
		if first && (len(f.Nth) == 0 || slices.Contains(f.Nth, s.seen[i])) {
			found = f
		}
	}
	if known {
		return found, nil
	}
	f, err := ParseFault(asked)
	return &f, err
}

// named are the faults that go by one word.
var named = map[string]Fault{
	"close":             {Break: breakClose},
	"reset":             {Break: breakReset},
	"silence":           {Break: breakSilence},
	"end":               {Break: breakEnd},
	"bad-prelude":       {Corrupt: "prelude"},
	"bad-message":       {Corrupt: "message"},
	"no-end":            {NoEnd: true},
	"byte-writes":       {WriteSize: 1},
	"one-write":         {WriteSize: 1 << 30},
	"drip":              {WriteSize: 16, Drip: 50 * time.Millisecond},
	"gzip":              {Gzip: true},
	"html":              {Status: 502, Header: map[string]string{"Content-Type": "text/html"}, Body: new("<html><body><h1>502 Bad Gateway</h1></body></html>\n")},
	"empty":             {Status: 503, Header: map[string]string{"Content-Type": ""}, Body: new("")},
	"huge":              {Code: "InternalServerException", Message: "This error has 10 MB.", BodySize: 10 << 20},
	"unknown-operation": {Status: 200, Body: new(unknownOperation)},
}

// FaultNames lists the words that X-Mock-Fault and ParseFault know.
func FaultNames() []string {
	names := slices.Concat(slices.Sorted(maps.Keys(named)), exceptions, slices.Sorted(maps.Keys(statuses)), authCodes)
	return names
}
