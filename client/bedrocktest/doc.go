// Package bedrocktest is a local Bedrock: an HTTP server that stands in for
// Amazon Bedrock's endpoints, for tests, demonstrations and work without an
// AWS account. No model runs; every answer says that a mock made it.
//
//	s := &bedrocktest.Server{}
//	local, err := s.Start("")            // or use s as an http.RoundTripper
//	defer local.Close()
//	// point any client at local.URL, with bedrocktest.Credentials()
//
// # What it does as AWS does
//
// Signatures and API keys are verified. A mismatch is answered with the
// canonical request and the string to sign that were expected. Model ids and
// bodies are checked and refused in AWS's words; model ids are not looked up
// in a list, so any that is formed like one of a known family works. Each
// model family answers InvokeModel in its own shape, streams are event-stream
// frames with padding or server-sent events, and headers, ids, usage and
// metrics look like the real ones.
//
// # What it says
//
// The same request has the same answer, to the byte. Text answers repeat the
// last turn. A tool is called when the request forces one or the last turn
// names it, with arguments that satisfy its schema; structured output
// satisfies its schema too. Stop sequences and max tokens are honoured. A
// token is a word of up to six letters with the space before it, or another
// character. Reasoning comes when it is asked for. A guardrail blocks texts
// with an e-mail address in them, and no others.
//
// # How it goes wrong
//
// A Fault makes a request fail in one of the ways that networks, proxies and
// Bedrock have: see Fault, ParseFault and ReadScript. A request can ask for
// one with the header X-Mock-Fault.
package bedrocktest
