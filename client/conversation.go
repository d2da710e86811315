package client

import (
	"context"
	"iter"

	"rawbedrock/client/operation"
)

// ConverseStream is the answer of [Client.ConverseStream] as it comes. Read it
// with Events, Text or Response; all that was read is assembled on the way.
type ConverseStream struct {
	*Stream
	answer Assembler
}

// ConverseStream is Converse with the answer in events. It returns when Bedrock
// has accepted the request.
func (c *Client) ConverseStream(ctx context.Context, r *ConverseRequest) (*ConverseStream, error) {
	r = given(r)
	req := Request{Op: operation.ConverseStream, Labels: []string{r.ModelID}}
	if err := c.lintRequest(req.Op, r); err != nil {
		return nil, err
	}
	var err error
	if req.Body, err = Marshal(r); err != nil {
		return nil, c.notSent(req, err)
	}
	s, err := c.Stream(ctx, req)
	if err != nil {
		return nil, err
	}
	return &ConverseStream{Stream: s}, nil
}

// Events yields the events as they arrive: [Event.Text] and [Event.Converse]
// read them. An error is the last pair; without one the answer is whole.
// Leaving the loop closes the stream.
func (s *ConverseStream) Events() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for e, err := range s.Stream.Events() {
			if err == nil {
				if err = s.answer.Add(e); err != nil {
					s.err = s.finish(&oddError{err})
					err = s.err
				}
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// Text yields the text of the answer piece by piece. An error is the last
// pair. Leaving the loop closes the stream.
func (s *ConverseStream) Text() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for e, err := range s.Events() {
			if text := e.Text(); (text != "" || err != nil) && !yield(text, err) {
				return
			}
		}
	}
}

// Response reads what is left of the stream and returns what Converse would
// have: text, tool uses, reasoning, citations, usage, metrics and trace. With
// an error it is the answer as far as it came.
func (s *ConverseStream) Response() (*ConverseResponse, error) {
	var broken error
	for _, err := range s.Events() {
		broken = err
	}
	return s.answer.Response(), broken
}
