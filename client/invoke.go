package client

import (
	"context"
	"net/http"

	"rawbedrock/client/operation"
)

// InvokeRequest is a request in a model's own format (API reference,
// InvokeModel and InvokeModelWithResponseStream). [Family.Body] makes a Body of
// a prompt.
type InvokeRequest struct {
	ModelID string // model id, inference profile id or an ARN
	Body    []byte // at most 25 MB, sent verbatim

	ContentType         string            // of Body; application/json when empty
	Accept              string            // of the answer; application/json when empty
	Trace               string            // of the guardrail: ENABLED, DISABLED or ENABLED_FULL
	GuardrailIdentifier string            // id or ARN
	GuardrailVersion    string            // a number or DRAFT
	Latency             string            // standard or optimized
	ServiceTier         string            // priority, default, flex or reserved
	RequestMetadata     map[string]string // for the invocation log; 1 to 16 pairs of at most 256 characters
}

// Invoke calls InvokeModel. The answer is the model's own: [Family.Text] and
// [Family.Usage] read it, [HeaderUsage] its headers.
func (c *Client) Invoke(ctx context.Context, r *InvokeRequest) (*Response, error) {
	req, err := c.invokeRequest(operation.InvokeModel, r, "Accept")
	if err != nil {
		return nil, err
	}
	return c.Do(ctx, req)
}

// InvokeStream calls InvokeModelWithResponseStream. Its events are chunks of
// the model's own JSON: [Family.Delta] reads them.
func (c *Client) InvokeStream(ctx context.Context, r *InvokeRequest) (*Stream, error) {
	req, err := c.invokeRequest(operation.InvokeModelWithResponseStream, r, "X-Amzn-Bedrock-Accept")
	if err != nil {
		return nil, err
	}
	return c.Stream(ctx, req)
}

func (c *Client) invokeRequest(op operation.Operation, r *InvokeRequest, accept string) (Request, error) {
	r = given(r)
	req := Request{Op: op, Labels: []string{r.ModelID}, Header: http.Header{}, Body: r.Body}
	metadata := ""
	if len(r.RequestMetadata) > 0 {
		data, err := Marshal(r.RequestMetadata)
		if err != nil {
			return req, c.notSent(req, err)
		}
		metadata = string(data)
	}
	for name, value := range map[string]string{
		"Content-Type":                             r.ContentType,
		accept:                                     r.Accept,
		"X-Amzn-Bedrock-Trace":                     r.Trace,
		"X-Amzn-Bedrock-Guardrailidentifier":       r.GuardrailIdentifier,
		"X-Amzn-Bedrock-Guardrailversion":          r.GuardrailVersion,
		"X-Amzn-Bedrock-Performanceconfig-Latency": r.Latency,
		"X-Amzn-Bedrock-Service-Tier":              r.ServiceTier,
		"X-Amzn-Bedrock-Request-Metadata":          metadata,
	} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	return req, nil
}
