// Package client talks to Amazon Bedrock over its raw wire. Bodies go in and
// come out as JSON; every call is one HTTP request that this package signs
// (SigV4) or marks with a Bedrock API key (bearer), sends, retries and decodes.
//
//	c, err := client.New(client.WithRegion("us-east-1"))
//	resp, err := c.Do(ctx, client.Request{
//		Op:     operation.Converse,
//		Labels: []string{"us.amazon.nova-2-lite-v1:0"},
//		Body:   []byte(`{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}`),
//	})
//	fmt.Println(resp.Get("output.message.content.0.text"))
//
// A stream is a loop; leaving it closes the connection:
//
//	s, err := c.Stream(ctx, client.Request{Op: operation.ConverseStream, …})
//	for ev, err := range s.Events() {
//		if err != nil { return err } // a stream that ends early is an error
//		fmt.Print(ev.Get("delta.text"))
//	}
//
// The layers stand in one order: retry, record, sign, wire. Each attempt is
// signed afresh, and a recorder above the signer never meets a secret.
//
// Every error is a [*Error], from a refused connection to an exception in the
// middle of a stream; errors.Is tells its meaning ([ErrThrottled],
// [ErrNeedsInferenceProfile], …) and its Hint says what to do.
package client
