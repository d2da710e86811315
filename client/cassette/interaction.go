package cassette

import (
	"net/http"
	"time"
)

// Interaction is one request and its answer, as a cassette holds them.
type Interaction struct {
	Request  Request
	Response Response
	Line     int // where it begins in its file, from 1; 0 when it comes from none
}

// Request is what was asked.
type Request struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte
}

// Response is what was answered. Times count from when the request was sent;
// a cassette keeps hundredths of a second.
type Response struct {
	Status   int
	After    time.Duration // until the headers
	Header   http.Header
	Body     []byte
	Arrivals []Arrival // of the body: for each event of a stream when it was complete, else for the whole
	Cut      string    // why the body ends before its end; "" when it does not
	CutAfter time.Duration
}

// Arrival is when the bytes of a body up to End had come.
type Arrival struct {
	End   int
	After time.Duration
}

// tick is the precision of times on file: fine enough for the pace of a
// stream, coarse enough that the jitter of a machine makes no difference
// between two recordings of the same.
const tick = 10 * time.Millisecond

// Kind is how the body is written: "json", "frames", "sse", "text" or "base64",
// perhaps with a word behind it; see the package's documentation.
func (r *Response) Kind() string {
	k, _, _ := lay(r.Body)
	return k.name
}

// at is when the first n bytes of the body had come.
func (r *Response) at(n int) time.Duration {
	for _, a := range r.Arrivals {
		if a.End >= n {
			return a.After
		}
	}
	return r.last()
}

// last is when the last byte came, or the headers when there is none.
func (r *Response) last() time.Duration {
	if n := len(r.Arrivals); n > 0 {
		return r.Arrivals[n-1].After
	}
	return r.After
}

// arrived notes that the body has n more bytes.
func (r *Response) arrived(n int, after time.Duration) {
	if n == 0 {
		return
	}
	if k := len(r.Arrivals); k > 0 && r.Arrivals[k-1].After == after {
		r.Arrivals[k-1].End += n
		return
	}
	end := n
	if k := len(r.Arrivals); k > 0 {
		end += r.Arrivals[k-1].End
	}
	r.Arrivals = append(r.Arrivals, Arrival{end, after})
}
