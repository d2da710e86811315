package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"

	"rawbedrock/client/operation"
)

// Converse asks a model for the next message of a conversation. Every error is
// a *Error. When an answer came that is not what it should be, the response
// with its Raw body is returned beside the error, for it was paid for.
func (c *Client) Converse(ctx context.Context, r *ConverseRequest) (*ConverseResponse, error) {
	r = given(r)
	if err := c.lintRequest(operation.Converse, r); err != nil {
		return nil, err
	}
	out, resp, err := typed[ConverseResponse](ctx, c, Request{Op: operation.Converse, Labels: []string{r.ModelID}}, r)
	if resp != nil {
		out.Raw = resp.Body
	}
	return out, err
}

// CountTokens counts the tokens of a request; [ConverseRequest.CountTokens]
// makes its request. Not every model can.
func (c *Client) CountTokens(ctx context.Context, r *CountTokensRequest) (*CountTokensResponse, error) {
	r = given(r)
	out, _, err := typed[CountTokensResponse](ctx, c, Request{Op: operation.CountTokens, Labels: []string{r.ModelID}}, r)
	return out, err
}

// ApplyGuardrail runs a guardrail on text or images, without a model. That the
// guardrail intervened is no error: see Action.
func (c *Client) ApplyGuardrail(ctx context.Context, r *ApplyGuardrailRequest) (*ApplyGuardrailResponse, error) {
	r = given(r)
	labels := []string{r.GuardrailIdentifier, r.GuardrailVersion}
	out, _, err := typed[ApplyGuardrailResponse](ctx, c, Request{Op: operation.ApplyGuardrail, Labels: labels}, r)
	return out, err
}

// InvokeGuardrailChecks runs single checks, without a guardrail of one's own.
// It detects and scores; it blocks nothing.
func (c *Client) InvokeGuardrailChecks(ctx context.Context, r *GuardrailChecksRequest) (*GuardrailChecksResponse, error) {
	out, _, err := typed[GuardrailChecksResponse](ctx, c, Request{Op: operation.InvokeGuardrailChecks}, given(r))
	return out, err
}

// given is r, or the zero request in place of nil.
func given[T any](r *T) *T {
	if r == nil {
		r = new(T)
	}
	return r
}

// typed sends in, unless it is nil, as JSON and decodes the answer. The raw
// answer comes back whenever there was one.
func typed[Out any, In any](ctx context.Context, c *Client, r Request, in *In) (*Out, *Response, error) {
	var err error
	if in != nil {
		if r.Body, err = Marshal(in); err != nil {
			return nil, nil, c.notSent(r, err)
		}
	}
	out := new(Out)
	resp, err := c.whole(ctx, r, func(body []byte) error {
		err := Unmarshal(body, out)
		if err == nil && !isObject(body) {
			err = errors.New("null is no answer")
		}
		if err != nil {
			err = fmt.Errorf("the answer is not the JSON of a %s: %w", reflect.TypeFor[Out]().Name(), err)
		}
		return err
	})
	if resp == nil {
		return nil, nil, err
	}
	return out, resp, err
}

// callError is the error of a call that failed on this side of the wire.
func (c *Client) callError(r Request, e *Error) *Error {
	e.Op, e.Region, e.Endpoint = r.Op.Name, c.signingFor(r.Op.Host).Region, c.hosts[r.Op.Host].origin
	if len(r.Labels) > 0 {
		e.Model = r.Labels[0]
	}
	e.finish()
	return e
}

// notSent is the error of a request that was not sent.
func (c *Client) notSent(r Request, err error) error {
	return c.callError(r, &Error{Err: errors.Join(ErrValidation, err)})
}

// lintRequest lets the caller's report look at what Lint found.
func (c *Client) lintRequest(op operation.Operation, r *ConverseRequest) error {
	if c.lint == nil {
		return nil
	}
	findings := Lint(r)
	if len(findings) == 0 {
		return nil
	}
	if err := c.lint(findings); err != nil {
		return c.notSent(Request{Op: op, Labels: []string{r.ModelID}}, fmt.Errorf("lint: %w", err))
	}
	return nil
}

// pages follows a list from the page that the request names; of takes a page
// apart. An error is the last pair.
func pages[Page, Item any](ctx context.Context, c *Client, first Request, of func(*Page) (items []Item, next string)) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		var none Item
		req := first
		req.Query = maps.Clone(first.Query)
		for {
			page, _, err := typed[Page, struct{}](ctx, c, req, nil)
			if err != nil {
				yield(none, err)
				return
			}
			items, next := of(page)
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			if next == req.Query.Get("nextToken") {
				yield(none, c.callError(req, &Error{Err: errors.New("the answer's nextToken is that of the page before: the list has no end")}))
				return
			}
			req.Query.Set("nextToken", next)
		}
	}
}
