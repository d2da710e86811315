package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
)

// Forward sends a request once, with this client's authentication, and returns
// the answer as it came: refusals too, whatever their status, and streams byte
// by byte. It is for programs that stand between a caller and Bedrock and leave
// retries, decoding and errors to that caller.
//
// The body is the caller's to close. The waits of Timeouts hold, an Idle wait
// for each read. What keeps an answer or the rest of it from coming is a
// *Error.
func (c *Client) Forward(ctx context.Context, r Request) (*http.Response, error) {
	k, req, err := c.begin(ctx, r, r.streams())
	if err != nil {
		return nil, err
	}
	if len(r.Body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(r.Body))
	}
	resp, err := c.http.Do(req.Request)
	if err != nil {
		return nil, k.fail(k.transportError(err))
	}
	if strings.HasPrefix(resp.Header.Get("X-Amzn-Errortype"), "ExpiredToken") {
		k.refresh() // for the next request
	}
	resp.Body = &forwarded{resp.Body, k, requestID(resp.Header)}
	return resp, nil
}

// forwarded is the body of an answer that is handed on.
type forwarded struct {
	io.ReadCloser
	call      *call
	requestID string
}

func (f *forwarded) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if n > 0 {
		f.call.attempt.arrived()
	}
	if err == nil || err == io.EOF {
		return n, err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.Join(ErrIncompleteStream, err)
	}
	return n, f.call.fail(&Error{RequestID: f.requestID, Bytes: f.call.attempt.body.n, Err: err})
}

func (f *forwarded) Close() error {
	f.call.release()
	return f.ReadCloser.Close()
}
