// Package client talks to Amazon Bedrock over its raw wire: every call is one
// HTTP request that this package signs (SigV4) or marks with a Bedrock API key
// (bearer), sends, retries and decodes.
//
// # A client
//
// [New] finds region and credentials where the AWS SDKs do: in what the options
// say, the environment, the shared files, and then the container's or the
// instance's own. It makes no call. A [Client] is for all goroutines.
//
//	c, err := client.New(client.WithRegion("us-east-1"))
//
// # Converse, the API of all chat models
//
//	answer, err := c.Converse(ctx, client.NewConverse("us.amazon.nova-2-lite-v1:0", "Hello"))
//	fmt.Println(answer.Text(), answer.StopReason, answer.Usage.OutputTokens)
//
// A conversation is a list of messages that the caller keeps: append
// [ConverseResponse.Message] as it is, then what the user says next. Text,
// [Image], [Document] and [ToolResult] make the usual content blocks; all others
// are fields of [ContentBlock]. [ConverseRequest] has the system prompt, tools,
// guardrail, cache points, structured output and the rest.
//
// A stream is a loop. Leaving it closes the connection, a stream that ends early
// is an error, and what was read is assembled on the way:
//
//	stream, err := c.ConverseStream(ctx, request)
//	for text, err := range stream.Text() {
//		if err != nil {
//			return err
//		}
//		fmt.Print(text)
//	}
//	answer, err := stream.Response() // what Converse would have returned
//
// # Tools
//
// A model calls no tool: it stops with [StopToolUse] and says which it wants.
// Run them, send back its message unchanged and one [ToolResult] for each of
// [ConverseResponse.ToolUses], and ask again; the example there is the whole
// loop. A tool use that broke off in a stream says Incomplete.
//
// # What the types do not know
//
// Members that AWS adds tomorrow are kept in the [Extra] of their struct, can be
// read with Get and are sent back; Extra.Set sends them first. [Marshal] and
// [Unmarshal] store a conversation without loss. [Lint] and [WithLint] find,
// before it is sent, what Bedrock would refuse.
//
// # Models in their own form
//
// Embeddings, images and whatever Converse does not offer go through
// [Client.Invoke] and [Client.InvokeStream], in the model's own JSON. [FamilyOf]
// knows how a model is spoken to: [Family.Body] makes the request of a prompt,
// [Family.Text], [Family.Result], [Family.Images], [Family.Stop] and
// [Family.Usage] read the answer, [Family.Delta] a chunk, and [HeaderUsage] the
// tokens of any. Jobs whose result goes to Amazon S3 are [Client.StartAsyncInvoke]
// and [Client.WaitAsyncInvoke].
//
// # Raw calls
//
// [Client.Do] and [Client.Stream] take any operation of package operation, with
// bytes in and bytes out:
//
//	resp, err := c.Do(ctx, client.Request{
//		Op:     operation.Converse,
//		Labels: []string{"us.amazon.nova-2-lite-v1:0"},
//		Body:   []byte(`{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}`),
//	})
//	fmt.Println(resp.Get("output.message.content.0.text"))
//
// So are called OpenAI's Chat Completions and Responses and Anthropic's Messages
// (operation.ChatCompletions, CreateResponse, CreateMessage), whose streams are
// server-sent events and need "stream":true in the body, and all of
// bedrock-mantle (the operations that begin with Mantle), which has its own host
// and signing name.
//
// # Errors
//
// Every error of a call is a [*Error], from a refused connection to an exception
// in the middle of a stream. errors.Is tells its meaning ([ErrThrottled],
// [ErrNeedsInferenceProfile], …), Attempts what was tried, and Hint what to do.
// That a guardrail intervened or the answer was cut is no error: see StopReason.
//
// What may be tried again is, as the AWS SDKs do ([WithRetry]), but nothing of
// which an event was delivered. Waits end by [Timeouts] or the context; there
// is no limit on the whole.
//
// # Layers
//
// They stand in one order: retry, record, sign, wire. Each attempt is signed
// afresh, and a recorder above the signer ([WithRecorder]) never meets a secret.
// The wire is any http.RoundTripper ([WithTransport]): in tests, the local
// Bedrock of package bedrocktest.
package client
