package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/tidwall/gjson"

	"rawbedrock/client/operation"
	"rawbedrock/client/redact"
)

// Do calls an operation and waits for the whole answer. Every error is a
// *Error. An answer of 2xx that is not what it should be, JSON as a rule, is
// returned beside the error, for it was paid for.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	return c.whole(ctx, r, checkJSON)
}

// whole is Do. read says what is wrong with an answer's body.
func (c *Client) whole(ctx context.Context, r Request, read func([]byte) error) (*Response, error) {
	k, resp, err := c.do(ctx, r, false)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := k.readAll(resp)
	if err != nil {
		return nil, k.fail(&Error{Status: resp.StatusCode, RequestID: requestID(resp.Header), Bytes: int64(len(data)), Err: err})
	}
	answer := &Response{Status: resp.StatusCode, Header: resp.Header, Body: data, Attempts: k.attempts}
	if e := k.refuse(resp.StatusCode, resp.Header, data, read); e != nil {
		return answer, k.fail(e)
	}
	k.release()
	k.done(resp.Header, data)
	return answer, nil
}

// readAll reads a whole answer within the limit. A cut body is
// ErrIncompleteStream.
func (k *call) readAll(resp *http.Response) ([]byte, error) {
	if err := checkEncoding(resp.Header); err != nil {
		return nil, err
	}
	limit := k.client.limits.Body
	if resp.ContentLength > limit {
		return nil, fmt.Errorf("%w: Content-Length %d, limit %d bytes (Limits.Body)", ErrTooLarge, resp.ContentLength, limit)
	}
	data := make([]byte, 0, max(resp.ContentLength, 512)+1)
	for {
		n, err := resp.Body.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case err == io.EOF:
			return data, nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return data, fmt.Errorf("%w: the connection ended after %d bytes of the answer: %w", ErrIncompleteStream, len(data), err)
		case err != nil:
			return data, err
		case int64(len(data)) > limit:
			return data, fmt.Errorf("%w: over %d bytes (Limits.Body)", ErrTooLarge, limit)
		}
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
	}
}

// refuse looks for what makes an answer of 2xx none: an error in it, or a body
// that the operation cannot have sent.
func (k *call) refuse(status int, h http.Header, data []byte, read func([]byte) error) *Error {
	var err error
	switch {
	case unknownOperation(h, data), k.op != operation.InvokeModel && errorBody(data):
	case isHTML(h):
		err = errors.New("answered with text/html: that is not Bedrock but something in between")
	default:
		if err = read(data); err == nil || k.op == operation.InvokeModel && ownFormat(h) {
			return nil
		}
		if !validJSON(data) {
			err = notJSON(h, data)
		}
		return &Error{Status: status, RequestID: requestID(h), Bytes: int64(len(data)), Body: firstBytes(redact.Text(string(data[:min(len(data), 2*MaxKeptBody)]), k.secrets()...)), Err: err}
	}
	e := responseError(k.op.Name, status, h, data, k.secrets()...)
	e.Err = err
	return e
}

// notJSON says what a body is that should be JSON. Where nothing on the wire
// tells how long an answer is, that it was cut shows only here.
func notJSON(h http.Header, data []byte) error {
	switch {
	case len(data) == 0:
		return fmt.Errorf("%w: the answer has no body", ErrIncompleteStream)
	case data[0] == '{' || data[0] == '[':
		return fmt.Errorf("%w: the answer's %d bytes are JSON cut short or damaged", ErrIncompleteStream, len(data))
	}
	return fmt.Errorf("the answer's %d bytes of %q are not JSON", len(data), h.Get("Content-Type"))
}

// ownFormat tells whether an answer says that it is something else than JSON,
// which a model's own may be.
func ownFormat(h http.Header) bool {
	t := headerValue(h, "Content-Type")
	return t != "" && !strings.Contains(t, "json")
}

// errorBody tells whether an answer is an error whatever its status: an object
// that holds nothing but what errors are made of.
func errorBody(data []byte) bool {
	_, opening, _ := bytes.Cut(data, []byte(`"`))
	name, _, _ := bytes.Cut(opening, []byte(`"`))
	if len(data) > maxMessage || !errorMember(string(name)) { // as nearly every answer shows by its first name
		return false
	}
	tells, nothingElse := false, true
	gjson.ParseBytes(data).ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "message", "Message", "error":
			tells = tells || v.Type == gjson.String && v.Str != "" || name.Str == "error" && v.IsObject()
		}
		nothingElse = errorMember(name.Str)
		return nothingElse
	})
	return tells && nothingElse
}

// errorMember tells the names of what errors are made of.
func errorMember(name string) bool {
	for _, known := range [...]string{"message", "error", "__type", "type", "code", "status", "exceptionmetadata", "requestid", "request_id"} {
		if strings.EqualFold(name, known) {
			return true
		}
	}
	return false
}

// checkEncoding refuses an answer in an encoding that was not asked for.
func checkEncoding(h http.Header) error {
	if e := headerValue(h, "Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return fmt.Errorf("the answer has Content-Encoding %q, which was not asked for: a proxy between here and Bedrock rewrites answers", e)
	}
	return nil
}

// isHTML tells what cannot be Bedrock's answer.
func isHTML(h http.Header) bool {
	const html = "text/html"
	t := headerValue(h, "Content-Type")
	return len(t) >= len(html) && strings.EqualFold(t[:len(html)], html)
}
