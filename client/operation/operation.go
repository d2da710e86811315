// Package operation is the one table of Bedrock's operations. The client
// builds requests from it, the local Bedrock and the proxy match paths with it,
// and the command line and the recorder name calls by it.
//
// Source: the service models of Amazon Bedrock Runtime and Amazon Bedrock
// (2023-09-30, 2023-04-20) and the Bedrock user guide's pages on the OpenAI
// and Anthropic compatible APIs.
package operation

import (
	"fmt"
	"net/url"
	"strings"
)

// Host is an endpoint family: which of Bedrock's hosts serves an operation.
type Host string

const (
	Runtime Host = "bedrock-runtime" // calls to models
	Control Host = "bedrock"         // catalogues and administration
	Mantle  Host = "bedrock-mantle"  // OpenAI and Anthropic compatible, on api.aws
)

// SigningName is the service in the SigV4 credential scope. Runtime and
// control plane share one; mantle has its own.
func (h Host) SigningName() string {
	if h == Mantle {
		return "bedrock-mantle"
	}
	return "bedrock"
}

// Streaming is the form in which an operation can stream its answer.
type Streaming int

const (
	None        Streaming = iota // one answer, whole
	EventStream                  // always application/vnd.amazon.eventstream
	SSE                          // text/event-stream when the body says "stream":true
)

// Operation is one row of the table.
type Operation struct {
	Name      string // AWS's name, or ours for the compatible APIs
	Method    string
	Path      string // labels in braces, each one path segment
	Host      Host
	Streaming Streaming
	Action    string // the IAM action: "bedrock:InvokeModel"; of mantle's own "bedrock-mantle:CreateInference"
}

// The operations of bedrock-runtime.
var (
	InvokeModel                   = Operation{"InvokeModel", "POST", "/model/{modelId}/invoke", Runtime, None, "bedrock:InvokeModel"}
	InvokeModelWithResponseStream = Operation{"InvokeModelWithResponseStream", "POST", "/model/{modelId}/invoke-with-response-stream", Runtime, EventStream, "bedrock:InvokeModelWithResponseStream"}
	Converse                      = Operation{"Converse", "POST", "/model/{modelId}/converse", Runtime, None, "bedrock:InvokeModel"}
	ConverseStream                = Operation{"ConverseStream", "POST", "/model/{modelId}/converse-stream", Runtime, EventStream, "bedrock:InvokeModelWithResponseStream"}
	CountTokens                   = Operation{"CountTokens", "POST", "/model/{modelId}/count-tokens", Runtime, None, "bedrock:CountTokens"}
	ApplyGuardrail                = Operation{"ApplyGuardrail", "POST", "/guardrail/{guardrailIdentifier}/version/{guardrailVersion}/apply", Runtime, None, "bedrock:ApplyGuardrail"}
	InvokeGuardrailChecks         = Operation{"InvokeGuardrailChecks", "POST", "/guardrail-checks/invoke", Runtime, None, "bedrock:InvokeGuardrailChecks"}
	StartAsyncInvoke              = Operation{"StartAsyncInvoke", "POST", "/async-invoke", Runtime, None, "bedrock:InvokeModel"}
	GetAsyncInvoke                = Operation{"GetAsyncInvoke", "GET", "/async-invoke/{invocationArn}", Runtime, None, "bedrock:GetAsyncInvoke"}
	ListAsyncInvokes              = Operation{"ListAsyncInvokes", "GET", "/async-invoke", Runtime, None, "bedrock:ListAsyncInvokes"}
)

// The compatible APIs that bedrock-runtime serves beside its own.
var (
	ChatCompletions = Operation{"ChatCompletions", "POST", "/openai/v1/chat/completions", Runtime, SSE, "bedrock:InvokeModel"}
	CreateResponse  = Operation{"CreateResponse", "POST", "/openai/v1/responses", Runtime, SSE, "bedrock:InvokeModel"}
	GetResponse     = Operation{"GetResponse", "GET", "/openai/v1/responses/{responseId}", Runtime, None, "bedrock:InvokeModel"}
	CancelResponse  = Operation{"CancelResponse", "POST", "/openai/v1/responses/{responseId}/cancel", Runtime, None, "bedrock:InvokeModel"}
	DeleteResponse  = Operation{"DeleteResponse", "DELETE", "/openai/v1/responses/{responseId}", Runtime, None, "bedrock:InvokeModel"}
	CreateMessage   = Operation{"CreateMessage", "POST", "/anthropic/v1/messages", Runtime, SSE, "bedrock:InvokeModel"}
)

// The operations of the control plane that tell which models can be called.
var (
	ListFoundationModels           = Operation{"ListFoundationModels", "GET", "/foundation-models", Control, None, "bedrock:ListFoundationModels"}
	GetFoundationModel             = Operation{"GetFoundationModel", "GET", "/foundation-models/{modelIdentifier}", Control, None, "bedrock:GetFoundationModel"}
	GetFoundationModelAvailability = Operation{"GetFoundationModelAvailability", "GET", "/foundation-model-availability/{modelId}", Control, None, "bedrock:GetFoundationModelAvailability"}
	ListInferenceProfiles          = Operation{"ListInferenceProfiles", "GET", "/inference-profiles", Control, None, "bedrock:ListInferenceProfiles"}
	GetInferenceProfile            = Operation{"GetInferenceProfile", "GET", "/inference-profiles/{inferenceProfileIdentifier}", Control, None, "bedrock:GetInferenceProfile"}
)

// The operations of bedrock-mantle. Most models are served under /v1. For those
// under /openai/v1 (GPT-5 and later, Gemma 4, Grok) set the Host of the
// operation above: op := ChatCompletions; op.Host = Mantle.
var (
	MantleListModels      = Operation{"MantleListModels", "GET", "/v1/models", Mantle, None, "bedrock-mantle:ListModels"}
	MantleChatCompletions = Operation{"MantleChatCompletions", "POST", "/v1/chat/completions", Mantle, SSE, "bedrock-mantle:CreateInference"}
	MantleCreateResponse  = Operation{"MantleCreateResponse", "POST", "/v1/responses", Mantle, SSE, "bedrock-mantle:CreateInference"}
	MantleCreateMessage   = Operation{"MantleCreateMessage", "POST", "/anthropic/v1/messages", Mantle, SSE, "bedrock-mantle:CreateInference"}
	MantleCountTokens     = Operation{"MantleCountTokens", "POST", "/anthropic/v1/messages/count_tokens", Mantle, None, "bedrock-mantle:CountTokens"}
)

// All is the whole table. Mantle's rows stand last, so that a path which two
// hosts serve matches bedrock-runtime first.
var All = []Operation{
	InvokeModel, InvokeModelWithResponseStream, Converse, ConverseStream, CountTokens,
	ApplyGuardrail, InvokeGuardrailChecks, StartAsyncInvoke, GetAsyncInvoke, ListAsyncInvokes,
	ChatCompletions, CreateResponse, GetResponse, CancelResponse, DeleteResponse, CreateMessage,
	ListFoundationModels, GetFoundationModel, GetFoundationModelAvailability, ListInferenceProfiles, GetInferenceProfile,
	MantleListModels, MantleChatCompletions, MantleCreateResponse, MantleCreateMessage, MantleCountTokens,
}

// Match finds the operation that serves a request by its method and its path
// as it stood on the wire, still percent-encoded (url.URL.EscapedPath). The
// labels come back decoded, in the order of the path. A path that routes
// nowhere, as an ARN with a bare slash does, is not ok.
func Match(method, escapedPath string) (op Operation, labels []string, ok bool) {
	for _, op := range All {
		if op.Method != method {
			continue
		}
		if labels, ok := op.match(escapedPath); ok {
			return op, labels, true
		}
	}
	return Operation{}, nil, false
}

func (o Operation) match(escapedPath string) ([]string, bool) {
	want := strings.Split(o.Path, "/")
	got := strings.Split(escapedPath, "/")
	if len(want) != len(got) {
		return nil, false
	}
	var labels []string
	for i, w := range want {
		if !strings.HasPrefix(w, "{") {
			if w != got[i] {
				return nil, false
			}
			continue
		}
		label, err := url.PathUnescape(got[i])
		if err != nil || label == "" {
			return nil, false
		}
		labels = append(labels, label)
	}
	return labels, true
}

// Expand writes the path with its labels filled in, percent-encoded once: all
// bytes but RFC 3986's unreserved characters, so that the : and / of model ids
// and ARNs are %3A and %2F. It refuses an empty label and the labels "." and
// "..", which HTTP peers remove from a path.
func (o Operation) Expand(labels ...string) (string, error) {
	var space [192]byte
	path, rest := space[:0], o.Path
	for {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			break
		}
		end := strings.IndexByte(rest, '}')
		name := rest[open+1 : end]
		if len(labels) == 0 {
			return "", fmt.Errorf("%s needs a %s", o.Name, name)
		}
		if l := labels[0]; l == "" || l == "." || l == ".." {
			return "", fmt.Errorf("%s: %s %q cannot stand in a path: give a model id, profile id or ARN", o.Name, name, l)
		}
		path = append(path, rest[:open]...)
		path = appendEscaped(path, labels[0])
		rest, labels = rest[end+1:], labels[1:]
	}
	if len(labels) > 0 {
		return "", fmt.Errorf("%s: %d labels too many", o.Name, len(labels))
	}
	return string(append(path, rest...)), nil
}

func appendEscaped(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~' {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}
