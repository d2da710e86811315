package credentials

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxReply bounds what is read of an answer: credentials take a few
// kilobytes.
const maxReply = 1 << 20

// direct is the transport for addresses that only this machine can reach, the
// metadata services: no proxy could. They are asked once an hour, so no
// connection is kept.
var direct = &http.Transport{DisableKeepAlives: true}

// exchange is one small request and its bounded answer. It is tried again
// when the server is overloaded or broken (429, 5xx) or cannot be reached.
type exchange struct {
	client  *http.Client
	request func(ctx context.Context) (*http.Request, error) // made afresh for each try, so that each is signed afresh
	timeout time.Duration                                    // of one try
	tries   int
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// do sends the request and reads the answer, whatever its status is.
func (x exchange) do(ctx context.Context) (reply, error) {
	for try := 1; ; try++ {
		r, err := x.once(ctx)
		if e, ok := err.(unsent); ok {
			return r, e.error
		}
		again := err != nil || r.status == http.StatusTooManyRequests || r.status >= 500
		if !again || try >= x.tries || ctx.Err() != nil {
			return r, err
		}
		wait := time.NewTimer(100 * time.Millisecond << try)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return reply{}, context.Cause(ctx)
		}
	}
}

// unsent is an error from before anything was sent, which another try would
// meet again.
type unsent struct{ error }

func (x exchange) once(ctx context.Context) (reply, error) {
	attempt, cancel := context.WithTimeoutCause(ctx, x.timeout, fmt.Errorf("no answer within %v", x.timeout))
	defer cancel()
	req, err := x.request(attempt)
	if err != nil {
		return reply{}, unsent{x.cause(attempt, err)}
	}
	resp, err := x.plain().Do(req)
	if err != nil {
		return reply{}, x.cause(attempt, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if err != nil {
		return reply{}, x.cause(attempt, err)
	}
	if len(body) > maxReply {
		return reply{}, errors.New("the answer is larger than 1 MiB")
	}
	return reply{status: resp.StatusCode, header: resp.Header, body: body}, nil
}

// plain is the client without redirects: an answer that points elsewhere must
// not carry a token there.
func (x exchange) plain() *http.Client {
	c := http.Client{}
	if x.client != nil {
		c = *x.client
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// cause prefers the reason why the context ended over net/http's words, and
// takes off the URL that those repeat, which may hold a secret.
func (exchange) cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// clientOr gives the caller's client, or one over the transport.
func clientOr(c *http.Client, t *http.Transport) *http.Client {
	if c != nil {
		return c
	}
	return &http.Client{Transport: t}
}

// postJSON is an unsigned request with a JSON body: the OAuth calls of SSO and
// AWS Sign-In. A refresh token works once, so it is not sent again when the
// answer was lost.
type postJSON struct {
	client *http.Client
	url    string
	body   any
	header func(http.Header) error // optional
}

func (p postJSON) do(ctx context.Context) (reply, error) {
	body, err := json.Marshal(p.body)
	if err != nil {
		return reply{}, err
	}
	return exchange{client: clientOr(p.client, http.DefaultTransport.(*http.Transport)), timeout: 10 * time.Second, tries: 1, request: func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, "POST", p.url, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "application/json")
		if p.header != nil {
			err = p.header(req.Header)
		}
		return req, err
	}}.do(ctx)
}

// saidJSON is what the JSON of a refusal says, with ": " before it: the error
// shapes of the AWS JSON protocols and of OAuth 2.0.
func saidJSON(r reply, secrets ...string) string {
	var j struct {
		Type        string `json:"__type"`
		Code        string
		Error       string
		Message     string
		Description string `json:"error_description"`
	}
	if json.Unmarshal(r.body, &j) != nil {
		return ""
	}
	name, _, _ := strings.Cut(cmp.Or(r.header.Get("X-Amzn-Errortype"), j.Type, j.Code, j.Error), ":")
	name = name[strings.LastIndex(name, "#")+1:]
	text := redact(strings.TrimSpace(name+" "+cmp.Or(j.Message, j.Description)), secrets...)
	if text == "" {
		return ""
	}
	return ": " + text
}
