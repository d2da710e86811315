package client

import "encoding/json"

// The events of ConverseStream. Source: the Amazon Bedrock API reference,
// ConverseStream, response syntax, and the data types named below.

// ConverseEvent is one event of ConverseStream: exactly one member is set
// (data type ConverseStreamOutput). An event that is newer than this package
// is in Extra.
type ConverseEvent struct {
	MessageStart      *MessageStart      `json:"messageStart,omitempty"`
	ContentBlockStart *ContentBlockStart `json:"contentBlockStart,omitempty"` // tool uses, tool results and images; text has none
	ContentBlockDelta *ContentBlockDelta `json:"contentBlockDelta,omitempty"`
	ContentBlockStop  *ContentBlockStop  `json:"contentBlockStop,omitempty"`
	MessageStop       *MessageStop       `json:"messageStop,omitempty"`
	Metadata          *StreamMetadata    `json:"metadata,omitempty"` // the last event
	Extra             Extra              `json:"-" client:"union"`
}

// MessageStart begins the message (data type MessageStartEvent).
type MessageStart struct {
	Role  string `json:"role"`
	Extra Extra  `json:"-"`
}

// ContentBlockStart begins a block (data type ContentBlockStartEvent).
type ContentBlockStart struct {
	Start             BlockStart `json:"start"`
	ContentBlockIndex int        `json:"contentBlockIndex"` // from 0
	Extra             Extra      `json:"-"`
}

// BlockStart says what block begins: exactly one member is set (data type
// ContentBlockStart).
type BlockStart struct {
	ToolUse    *ToolUseStart    `json:"toolUse,omitempty"`
	ToolResult *ToolResultStart `json:"toolResult,omitempty"`
	Image      *ImageStart      `json:"image,omitempty"`
	Extra      Extra            `json:"-" client:"union"`
}

// ToolUseStart begins a tool use (data type ToolUseBlockStart).
type ToolUseStart struct {
	ToolUseID string `json:"toolUseId"`
	Name      string `json:"name"`
	Type      string `json:"type,omitempty"` // server_tool_use: Bedrock runs the tool itself
	Extra     Extra  `json:"-"`
}

// ToolResultStart begins the result of a tool that Bedrock ran (data type
// ToolResultBlockStart).
type ToolResultStart struct {
	ToolUseID string `json:"toolUseId"`
	Type      string `json:"type,omitempty"`
	Status    string `json:"status,omitempty"` // success or error
	Extra     Extra  `json:"-"`
}

// ImageStart begins a generated image (data type ImageBlockStart).
type ImageStart struct {
	Format string `json:"format"` // png, jpeg, gif or webp
	Extra  Extra  `json:"-"`
}

// ContentBlockDelta adds to a block (data type ContentBlockDeltaEvent).
type ContentBlockDelta struct {
	Delta             BlockDelta `json:"delta"`
	ContentBlockIndex int        `json:"contentBlockIndex"` // from 0
	Extra             Extra      `json:"-"`
}

// BlockDelta is what is added: exactly one member is set (data type
// ContentBlockDelta).
type BlockDelta struct {
	Text             string            `json:"text,omitempty"`
	ToolUse          *ToolUseDelta     `json:"toolUse,omitempty"`
	ToolResult       []ToolResultDelta `json:"toolResult,omitempty"`
	ReasoningContent *ReasoningDelta   `json:"reasoningContent,omitempty"`
	Citation         *Citation         `json:"citation,omitempty"`
	Image            *ImageDelta       `json:"image,omitempty"`
	Extra            Extra             `json:"-" client:"union"`
}

// ToolUseDelta is a fragment of a tool's input (data type ToolUseBlockDelta).
type ToolUseDelta struct {
	Input string `json:"input"` // JSON only when all fragments are joined; nothing at all means {}
	Extra Extra  `json:"-"`
}

// ToolResultDelta is part of a tool's result: exactly one member is set (data
// type ToolResultBlockDelta).
type ToolResultDelta struct {
	Text  string          `json:"text,omitempty"`
	JSON  json.RawMessage `json:"json,omitempty"`
	Extra Extra           `json:"-" client:"union"`
}

// ReasoningDelta is part of the reasoning: exactly one member is set (data
// type ReasoningContentBlockDelta).
type ReasoningDelta struct {
	Text            string `json:"text,omitempty"`
	RedactedContent []byte `json:"redactedContent,omitempty"`
	Signature       string `json:"signature,omitempty"` // comes last
	Extra           Extra  `json:"-" client:"union"`
}

// ImageDelta is part of a generated image (data type ImageBlockDelta).
type ImageDelta struct {
	Source *MediaSource `json:"source,omitempty"`
	Error  *ErrorBlock  `json:"error,omitempty"`
	Extra  Extra        `json:"-"`
}

// ContentBlockStop ends a block (data type ContentBlockStopEvent).
type ContentBlockStop struct {
	ContentBlockIndex int   `json:"contentBlockIndex"` // from 0
	Extra             Extra `json:"-"`
}

// MessageStop ends the message (data type MessageStopEvent).
type MessageStop struct {
	StopReason                    string          `json:"stopReason"` // one of the Stop constants, or newer
	AdditionalModelResponseFields json.RawMessage `json:"additionalModelResponseFields,omitempty"`
	Extra                         Extra           `json:"-"`
}

// StreamMetadata tells what the answer cost (data type
// ConverseStreamMetadataEvent).
type StreamMetadata struct {
	Usage             TokenUsage         `json:"usage"`
	Metrics           Metrics            `json:"metrics"`
	Trace             *Trace             `json:"trace,omitempty"`
	PerformanceConfig *PerformanceConfig `json:"performanceConfig,omitempty"`
	ServiceTier       *ServiceTier       `json:"serviceTier,omitempty"`
	Extra             Extra              `json:"-"`
}
