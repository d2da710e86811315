package client

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"time"

	"rawbedrock/client/operation"
)

// StartAsyncInvoke starts a job whose result goes to Amazon S3. Without a
// ClientRequestToken it makes one, so that a retry starts no second job.
func (c *Client) StartAsyncInvoke(ctx context.Context, r *StartAsyncInvokeRequest) (*StartAsyncInvokeResponse, error) {
	in := *given(r)
	if in.ClientRequestToken == "" {
		in.ClientRequestToken = rand.Text()
	}
	out, _, err := typed[StartAsyncInvokeResponse](ctx, c, Request{Op: operation.StartAsyncInvoke}, &in)
	return out, err
}

// GetAsyncInvoke asks how a job stands.
func (c *Client) GetAsyncInvoke(ctx context.Context, invocationARN string) (*AsyncInvoke, error) {
	req := Request{Op: operation.GetAsyncInvoke, Labels: []string{invocationARN}}
	out, _, err := typed[AsyncInvoke, struct{}](ctx, c, req, nil)
	return out, err
}

// WaitAsyncInvoke asks every interval (a millisecond at least) how a job stands,
// tells progress (which may be nil), and returns when it is no longer in
// progress. A job that failed is an error that means [ErrModelError], beside the
// job.
func (c *Client) WaitAsyncInvoke(ctx context.Context, invocationARN string, interval time.Duration, progress func(*AsyncInvoke)) (*AsyncInvoke, error) {
	tick := time.NewTicker(max(interval, time.Millisecond))
	defer tick.Stop()
	req := Request{Op: operation.GetAsyncInvoke, Labels: []string{invocationARN}}
	for {
		job, err := c.GetAsyncInvoke(ctx, invocationARN)
		if err != nil {
			return nil, err
		}
		if progress != nil {
			progress(job)
		}
		switch job.Status {
		case AsyncInProgress:
		case AsyncFailed:
			return job, c.callError(req, &Error{Message: job.FailureMessage, Err: fmt.Errorf("%w: the job %s failed", ErrModelError, job.InvocationARN)})
		default:
			return job, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return job, c.callError(req, &Error{Err: ended(ctx)})
		}
	}
}

// ListAsyncInvokes lists jobs, page after page, beginning at r.NextToken. An
// error is the last pair.
func (c *Client) ListAsyncInvokes(ctx context.Context, r ListAsyncInvokesRequest) iter.Seq2[AsyncInvoke, error] {
	req := Request{Op: operation.ListAsyncInvokes, Query: r.query()}
	return pages(ctx, c, req, func(p *ListAsyncInvokesResponse) ([]AsyncInvoke, string) { return p.AsyncInvokeSummaries, p.NextToken })
}

func (r ListAsyncInvokesRequest) query() url.Values {
	q := url.Values{}
	set := func(name, value string, ok bool) {
		if ok {
			q.Set(name, value)
		}
	}
	set("submitTimeAfter", r.SubmitTimeAfter.UTC().Format(time.RFC3339Nano), !r.SubmitTimeAfter.IsZero())
	set("submitTimeBefore", r.SubmitTimeBefore.UTC().Format(time.RFC3339Nano), !r.SubmitTimeBefore.IsZero())
	set("statusEquals", r.StatusEquals, r.StatusEquals != "")
	set("maxResults", strconv.Itoa(r.MaxResults), r.MaxResults != 0)
	set("nextToken", r.NextToken, r.NextToken != "")
	set("sortBy", r.SortBy, r.SortBy != "")
	set("sortOrder", r.SortOrder, r.SortOrder != "")
	return q
}
