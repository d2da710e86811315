package client

import (
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"
)

// ConverseRequest asks a model for the next message of a conversation (API
// reference, Converse and ConverseStream, request syntax). Of its members only
// ModelID and, but for prompts of Prompt management, Messages are needed.
type ConverseRequest struct {
	ModelID string `json:"-"` // model id, inference profile id or an ARN of one; goes into the path

	Messages        []Message        `json:"messages,omitempty"`
	System          []SystemBlock    `json:"system,omitempty"`
	InferenceConfig *InferenceConfig `json:"inferenceConfig,omitempty"`
	ToolConfig      *ToolConfig      `json:"toolConfig,omitempty"`
	GuardrailConfig *GuardrailConfig `json:"guardrailConfig,omitempty"`
	// AdditionalModelRequestFields are parameters of the model that Converse
	// does not name, as an object: {"top_k":50}.
	AdditionalModelRequestFields      json.RawMessage     `json:"additionalModelRequestFields,omitempty"`
	PromptVariables                   map[string]TextItem `json:"promptVariables,omitempty"`                   // by name, when ModelID is a prompt
	AdditionalModelResponseFieldPaths []string            `json:"additionalModelResponseFieldPaths,omitempty"` // JSON pointers into the model's own answer, as /stop_sequence; at most 10
	RequestMetadata                   map[string]string   `json:"requestMetadata,omitempty"`                   // for the invocation log; 1 to 16 pairs of at most 256 characters
	PerformanceConfig                 *PerformanceConfig  `json:"performanceConfig,omitempty"`
	ServiceTier                       *ServiceTier        `json:"serviceTier,omitempty"`
	OutputConfig                      *OutputConfig       `json:"outputConfig,omitempty"`
	Extra                             Extra               `json:"-"`
}

// InferenceConfig are the parameters that all models share (data type
// InferenceConfiguration). What is not set has the model's own default.
type InferenceConfig struct {
	MaxTokens     int      `json:"maxTokens,omitempty"`     // of the answer, from 1
	Temperature   *float64 `json:"temperature,omitempty"`   // 0 to 1: new(0.2)
	TopP          *float64 `json:"topP,omitempty"`          // 0 to 1
	StopSequences []string `json:"stopSequences,omitempty"` // the answer ends before one of them; at most 2500
	Extra         Extra    `json:"-"`
}

// ToolConfig says which tools the model may call (data type
// ToolConfiguration). It must be sent as long as messages hold tool uses.
type ToolConfig struct {
	Tools      []Tool      `json:"tools"` // at least one
	ToolChoice *ToolChoice `json:"toolChoice,omitempty"`
	Extra      Extra       `json:"-"`
}

// Tool is a tool: exactly one member is set (data type Tool).
type Tool struct {
	ToolSpec   *ToolSpec   `json:"toolSpec,omitempty"`   // yours to run
	SystemTool *SystemTool `json:"systemTool,omitempty"` // Bedrock's to run
	CachePoint *CachePoint `json:"cachePoint,omitempty"` // the tools up to here are cached
	Extra      Extra       `json:"-" client:"union"`
}

// ToolSpec describes a tool to the model (data type ToolSpecification).
type ToolSpec struct {
	Name        string      `json:"name"` // 1 to 64 letters, digits, _ and -
	Description string      `json:"description,omitempty"`
	InputSchema InputSchema `json:"inputSchema"`
	Strict      bool        `json:"strict,omitempty"` // hold the model to the schema; some models
	Extra       Extra       `json:"-"`
}

// InputSchema is the JSON schema of a tool's input (data type ToolInputSchema).
type InputSchema struct {
	JSON  json.RawMessage `json:"json,omitempty"` // an object schema
	Extra Extra           `json:"-" client:"union"`
}

// SystemTool names a tool of Bedrock's own, as nova_grounding or
// nova_code_interpreter (data type SystemTool).
type SystemTool struct {
	Name  string `json:"name"`
	Extra Extra  `json:"-"`
}

// ToolChoice says if the model must call a tool: exactly one member is set
// (data type ToolChoice).
type ToolChoice struct {
	Auto  *Empty        `json:"auto,omitempty"` // as it likes; the default
	Any   *Empty        `json:"any,omitempty"`  // some tool; not on all models
	Tool  *SpecificTool `json:"tool,omitempty"` // this tool; Claude 3 and later, Nova
	Extra Extra         `json:"-" client:"union"`
}

// SpecificTool is the tool to call (data type SpecificToolChoice).
type SpecificTool struct {
	Name  string `json:"name"`
	Extra Extra  `json:"-"`
}

// GuardrailConfig applies a guardrail to the call (data types
// GuardrailConfiguration, GuardrailStreamConfiguration).
type GuardrailConfig struct {
	GuardrailIdentifier  string `json:"guardrailIdentifier,omitempty"`  // id or ARN
	GuardrailVersion     string `json:"guardrailVersion,omitempty"`     // a number or DRAFT
	Trace                string `json:"trace,omitempty"`                // enabled, disabled or enabled_full
	StreamProcessingMode string `json:"streamProcessingMode,omitempty"` // ConverseStream only; sync waits for the guardrail, async lets text pass before it
	Extra                Extra  `json:"-"`
}

// PerformanceConfig chooses the latency (data type PerformanceConfiguration).
type PerformanceConfig struct {
	Latency string `json:"latency,omitempty"` // standard or optimized
	Extra   Extra  `json:"-"`
}

// ServiceTier is the class of service; in a response, the one that served
// (data type ServiceTier).
type ServiceTier struct {
	Type  string `json:"type"` // priority, default, flex or reserved
	Extra Extra  `json:"-"`
}

// OutputConfig shapes the answer (data type OutputConfig).
type OutputConfig struct {
	TextFormat *TextFormat `json:"textFormat,omitempty"` // structured output
	Effort     string      `json:"effort,omitempty"`     // low, medium, high, xhigh or max
	Extra      Extra       `json:"-"`
}

// TextFormat holds the answer to a schema (data type OutputFormat).
type TextFormat struct {
	Type      string          `json:"type"` // json_schema
	Structure FormatStructure `json:"structure"`
	Extra     Extra           `json:"-"`
}

// FormatStructure is the schema of an answer (data type OutputFormatStructure).
type FormatStructure struct {
	JSONSchema *JSONSchema `json:"jsonSchema,omitempty"`
	Extra      Extra       `json:"-" client:"union"`
}

// JSONSchema is a schema of the subset of JSON Schema 2020-12 that structured
// output knows (data type JsonSchemaDefinition): additionalProperties false on
// every object, no recursion, no bounds of numbers and lengths.
type JSONSchema struct {
	Schema      string `json:"schema"` // the schema's JSON, as a string
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	Extra       Extra  `json:"-"`
}

// Why an answer ended (Converse, stopReason).
const (
	StopEndTurn               = "end_turn"
	StopToolUse               = "tool_use"
	StopMaxTokens             = "max_tokens"
	StopSequence              = "stop_sequence"
	StopGuardrailIntervened   = "guardrail_intervened"
	StopContentFiltered       = "content_filtered"
	StopMalformedModelOutput  = "malformed_model_output"
	StopMalformedToolUse      = "malformed_tool_use"
	StopContextWindowExceeded = "model_context_window_exceeded"
)

// ConverseResponse is a model's answer (API reference, Converse, response
// syntax).
type ConverseResponse struct {
	Output                        ConverseOutput     `json:"output"`
	StopReason                    string             `json:"stopReason"` // one of the Stop constants, or newer
	Usage                         TokenUsage         `json:"usage"`
	Metrics                       Metrics            `json:"metrics"`
	AdditionalModelResponseFields json.RawMessage    `json:"additionalModelResponseFields,omitempty"` // what AdditionalModelResponseFieldPaths asked for
	Trace                         *Trace             `json:"trace,omitempty"`
	PerformanceConfig             *PerformanceConfig `json:"performanceConfig,omitempty"`
	ServiceTier                   *ServiceTier       `json:"serviceTier,omitempty"`
	Extra                         Extra              `json:"-"`

	Raw json.RawMessage `json:"-"` // the body as it came; nil for an answer assembled from a stream
}

// ConverseOutput holds the message (data type ConverseOutput).
type ConverseOutput struct {
	Message *Message `json:"message,omitempty"`
	Extra   Extra    `json:"-" client:"union"`
}

// TokenUsage counts tokens (data type TokenUsage). InputTokens does not
// include those of the cache.
type TokenUsage struct {
	InputTokens           int           `json:"inputTokens"`
	OutputTokens          int           `json:"outputTokens"`
	TotalTokens           int           `json:"totalTokens"`
	CacheReadInputTokens  int           `json:"cacheReadInputTokens,omitempty"`  // read from the cache
	CacheWriteInputTokens int           `json:"cacheWriteInputTokens,omitempty"` // written to it
	CacheDetails          []CacheDetail `json:"cacheDetails,omitempty"`
	Extra                 Extra         `json:"-"`
}

// CacheDetail counts tokens written to the cache by time to live (data type
// CacheDetail).
type CacheDetail struct {
	TTL         string `json:"ttl"` // 5m or 1h
	InputTokens int    `json:"inputTokens"`
	Extra       Extra  `json:"-"`
}

// Metrics are measures of the call (data types ConverseMetrics,
// ConverseStreamMetrics).
type Metrics struct {
	LatencyMs int64 `json:"latencyMs"` // in Bedrock, milliseconds
	Extra     Extra `json:"-"`
}

// Trace tells what guardrail and prompt router did (data types ConverseTrace,
// ConverseStreamTrace).
type Trace struct {
	Guardrail    *GuardrailTrace    `json:"guardrail,omitempty"` // when the request said trace enabled
	PromptRouter *PromptRouterTrace `json:"promptRouter,omitempty"`
	Extra        Extra              `json:"-"`
}

// PromptRouterTrace tells which model a prompt router chose (data type
// PromptRouterTrace).
type PromptRouterTrace struct {
	InvokedModelID string `json:"invokedModelId,omitempty"` // an ARN
	Extra          Extra  `json:"-"`
}

// NewConverse is the request for an answer of model to one prompt.
func NewConverse(model, prompt string) *ConverseRequest {
	return &ConverseRequest{ModelID: model, Messages: []Message{User(prompt)}}
}

// Message is the model's message, nil when the response has none.
func (r *ConverseResponse) Message() *Message { return r.Output.Message }

// Text joins the text of the answer: text blocks and text with citations, not
// reasoning.
func (r *ConverseResponse) Text() string {
	var parts []string // of one, Join makes no copy
	for _, c := range r.content() {
		if c.Text != "" {
			parts = append(parts, c.Text)
		}
		if c.CitationsContent != nil {
			for _, t := range c.CitationsContent.Content {
				parts = append(parts, t.Text)
			}
		}
	}
	return strings.Join(parts, "")
}

// ToolUses are the tools that the model wants you to call, in order; not those
// that Bedrock runs itself. Answer each with a [ToolResult].
func (r *ConverseResponse) ToolUses() []*ToolUseBlock {
	var uses []*ToolUseBlock
	for _, c := range r.content() {
		if c.ToolUse != nil && c.ToolUse.Type != "server_tool_use" {
			uses = append(uses, c.ToolUse)
		}
	}
	return uses
}

// Truncated tells if the answer is shorter than the model meant it to be,
// since the limit of tokens or the context window was reached.
func (r *ConverseResponse) Truncated() bool {
	return r.StopReason == StopMaxTokens || r.StopReason == StopContextWindowExceeded
}

// Get reads any part of the answer by a gjson path
// (https://github.com/tidwall/gjson), also what the types do not know. The
// result changes when Raw is written to.
func (r *ConverseResponse) Get(path string) gjson.Result {
	raw := r.Raw
	if raw == nil {
		raw, _ = Marshal(r)
	}
	return get(shared(raw), path)
}

func (r *ConverseResponse) content() []ContentBlock {
	if r.Output.Message == nil {
		return nil
	}
	return r.Output.Message.Content
}
