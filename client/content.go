package client

import (
	"encoding/json"
)

// The content blocks of messages. Source of names, limits and meanings: the
// Amazon Bedrock API reference, data types ContentBlock, SystemContentBlock,
// ToolResultContentBlock and those they name.

// The roles of a message.
const (
	RoleUser      = "user"
	RoleAssistant = "assistant"
	RoleSystem    = "system" // instructions in the middle of a conversation; few models
)

// Message is one turn of a conversation (data type Message). A conversation
// begins with a user message, and the roles alternate.
type Message struct {
	Role    string         `json:"role"` // user, assistant or system
	Content []ContentBlock `json:"content"`
	Extra   Extra          `json:"-"`
}

// ContentBlock is one block of a message: exactly one member is set (data type
// ContentBlock). An empty Text is no text; Bedrock refuses empty text blocks.
type ContentBlock struct {
	Text             string            `json:"text,omitempty"`             // plain text
	Image            *ImageBlock       `json:"image,omitempty"`            // user messages only; at most 20
	Document         *DocumentBlock    `json:"document,omitempty"`         // user messages only; at most 5, beside a text block
	Video            *VideoBlock       `json:"video,omitempty"`            // user messages only
	Audio            *AudioBlock       `json:"audio,omitempty"`            // models with audio input
	ToolUse          *ToolUseBlock     `json:"toolUse,omitempty"`          // the model wants a tool called
	ToolResult       *ToolResultBlock  `json:"toolResult,omitempty"`       // what the tool said, in the next user message
	GuardContent     *GuardrailContent `json:"guardContent,omitempty"`     // when present, guardrails look at these blocks only
	CachePoint       *CachePoint       `json:"cachePoint,omitempty"`       // the prompt up to here is cached; at most 4 a request
	ReasoningContent *ReasoningContent `json:"reasoningContent,omitempty"` // send it back unchanged
	CitationsContent *CitationsContent `json:"citationsContent,omitempty"` // text with its sources
	SearchResult     *SearchResult     `json:"searchResult,omitempty"`     // a search result to answer from
	ToolAddition     *ToolChange       `json:"toolAddition,omitempty"`     // system messages: offer a tool of toolConfig from here on
	ToolRemoval      *ToolChange       `json:"toolRemoval,omitempty"`      // system messages: withdraw it
	Extra            Extra             `json:"-" client:"union"`
}

// SystemBlock is one block of the system prompt: exactly one member is set
// (data type SystemContentBlock).
type SystemBlock struct {
	Text         string            `json:"text,omitempty"`
	GuardContent *GuardrailContent `json:"guardContent,omitempty"`
	CachePoint   *CachePoint       `json:"cachePoint,omitempty"`
	Extra        Extra             `json:"-" client:"union"`
}

// TextItem is text alone. The data types DocumentContentBlock,
// CitationGeneratedContent, CitationSourceContent, SearchResultContentBlock,
// PromptVariableValues, GuardrailOutputContent and GuardrailChecksContentBlock
// all have this form.
type TextItem struct {
	Text  string `json:"text"`
	Extra Extra  `json:"-"`
}

// Empty is an object without members, as ToolChoice's auto is.
type Empty struct {
	Extra Extra `json:"-"`
}

// ImageBlock is an image of at most 3.75 MB and 8000 x 8000 pixels (data type
// ImageBlock).
type ImageBlock struct {
	Format string      `json:"format"`          // png, jpeg, gif or webp
	Source MediaSource `json:"source"`          //
	Error  *ErrorBlock `json:"error,omitempty"` // why a generated image is missing
	Extra  Extra       `json:"-"`
}

// VideoBlock is a video (data type VideoBlock).
type VideoBlock struct {
	Format string      `json:"format"` // mkv, mov, mp4, webm, flv, mpeg, mpg, wmv or three_gp
	Source MediaSource `json:"source"`
	Extra  Extra       `json:"-"`
}

// AudioBlock is a sound recording (data type AudioBlock).
type AudioBlock struct {
	Format string      `json:"format"` // mp3, opus, wav, aac, flac, mp4, ogg, mkv, mka, x-aac, m4a, mpeg, mpga, pcm or webm
	Source MediaSource `json:"source"`
	Error  *ErrorBlock `json:"error,omitempty"` // why generated audio is missing
	Extra  Extra       `json:"-"`
}

// MediaSource is where an image, a video or a sound recording comes from:
// exactly one member is set (data types ImageSource, VideoSource, AudioSource,
// GuardrailImageSource, GuardrailConverseImageSource).
type MediaSource struct {
	Bytes      []byte      `json:"bytes,omitempty"`      // the file itself; base64 on the wire
	S3Location *S3Location `json:"s3Location,omitempty"` // some models only; not for guardrails
	Extra      Extra       `json:"-" client:"union"`
}

// S3Location is an object in Amazon S3 (data type S3Location).
type S3Location struct {
	URI         string `json:"uri"`                   // s3://bucket/key, at most 1024 characters
	BucketOwner string `json:"bucketOwner,omitempty"` // account id of 12 digits, when the bucket is another's
	Extra       Extra  `json:"-"`
}

// ErrorBlock says why content could not be generated (data type ErrorBlock).
type ErrorBlock struct {
	Message string `json:"message,omitempty"`
	Extra   Extra  `json:"-"`
}

// DocumentBlock is a document of at most 4.5 MB (data type DocumentBlock). Its
// message needs a text block as well.
type DocumentBlock struct {
	Format    string           `json:"format,omitempty"`    // pdf, csv, doc, docx, xls, xlsx, html, txt or md
	Name      string           `json:"name"`                // 1 to 200 letters, digits, single spaces, hyphens, () and []
	Source    DocumentSource   `json:"source"`              //
	Context   string           `json:"context,omitempty"`   // how the model should understand it
	Citations *CitationsConfig `json:"citations,omitempty"` // ask for citations of it
	Extra     Extra            `json:"-"`
}

// DocumentSource is where a document comes from: exactly one member is set
// (data type DocumentSource).
type DocumentSource struct {
	Bytes      []byte      `json:"bytes,omitempty"`      // the file itself; base64 on the wire
	S3Location *S3Location `json:"s3Location,omitempty"` // some models only
	Text       string      `json:"text,omitempty"`       // plain text
	Content    []TextItem  `json:"content,omitempty"`    // chunks that citations refer to
	Extra      Extra       `json:"-" client:"union"`
}

// CitationsConfig asks for citations (data type CitationsConfig).
type CitationsConfig struct {
	Enabled bool  `json:"enabled"`
	Extra   Extra `json:"-"`
}

// ToolUseBlock is a model's request to call a tool (data type ToolUseBlock).
type ToolUseBlock struct {
	ToolUseID string          `json:"toolUseId"`      // 1 to 64 characters; the result must name it
	Name      string          `json:"name"`           // of the tool, 1 to 64 characters
	Input     json.RawMessage `json:"input"`          // any JSON, by the tool's schema
	Type      string          `json:"type,omitempty"` // server_tool_use: Bedrock runs the tool itself, do not answer
	Extra     Extra           `json:"-"`

	// Incomplete says, of a block assembled from a stream, that the input broke
	// off or is no JSON: do not call the tool. Input is nil then, and Partial
	// what had come.
	Incomplete bool   `json:"-"`
	Partial    string `json:"-"`
}

// ToolResultBlock answers a ToolUseBlock (data type ToolResultBlock).
type ToolResultBlock struct {
	ToolUseID string              `json:"toolUseId"`
	Content   []ToolResultContent `json:"content"`          // not empty
	Status    string              `json:"status,omitempty"` // success or error
	Type      string              `json:"type,omitempty"`   // of a tool that Bedrock ran, as nova_code_interpreter_result
	Extra     Extra               `json:"-"`
}

// ToolResultContent is one block of a tool's result: exactly one member is set
// (data type ToolResultContentBlock).
type ToolResultContent struct {
	JSON         json.RawMessage `json:"json,omitempty"` // any JSON
	Text         string          `json:"text,omitempty"`
	Image        *ImageBlock     `json:"image,omitempty"`
	Document     *DocumentBlock  `json:"document,omitempty"`
	Video        *VideoBlock     `json:"video,omitempty"`
	SearchResult *SearchResult   `json:"searchResult,omitempty"`
	Extra        Extra           `json:"-" client:"union"`
}

// CachePoint ends a prefix of the prompt that is to be cached (data type
// CachePointBlock). Entries of an hour stand before those of five minutes.
type CachePoint struct {
	Type  string `json:"type"`          // default
	TTL   string `json:"ttl,omitempty"` // 5m or 1h
	Extra Extra  `json:"-"`
}

// ReasoningContent is what a model thought: exactly one member is set (data
// type ReasoningContentBlock). Send it back as it came, or the model refuses
// the next turn.
type ReasoningContent struct {
	ReasoningText   *ReasoningText `json:"reasoningText,omitempty"`
	RedactedContent []byte         `json:"redactedContent,omitempty"` // encrypted by the model's provider
	Extra           Extra          `json:"-" client:"union"`
}

// ReasoningText is readable reasoning with its signature (data type
// ReasoningTextBlock).
type ReasoningText struct {
	Text      string `json:"text"`
	Signature string `json:"signature,omitempty"` // over text; covers the whole conversation
	Extra     Extra  `json:"-"`
}

// CitationsContent is generated text with the sources that it was made from
// (data type CitationsContentBlock).
type CitationsContent struct {
	Content   []TextItem `json:"content,omitempty"`
	Citations []Citation `json:"citations,omitempty"`
	Extra     Extra      `json:"-"`
}

// Citation is one source of generated text (data types Citation and
// CitationsDelta).
type Citation struct {
	Title         string            `json:"title,omitempty"`
	Source        string            `json:"source,omitempty"`
	SourceContent []TextItem        `json:"sourceContent,omitempty"` // the cited words
	Location      *CitationLocation `json:"location,omitempty"`
	Extra         Extra             `json:"-"`
}

// CitationLocation is where the cited words stand: exactly one member is set
// (data type CitationLocation).
type CitationLocation struct {
	Web                  *WebLocation          `json:"web,omitempty"`
	DocumentChar         *DocumentLocation     `json:"documentChar,omitempty"`         // counted in characters
	DocumentPage         *DocumentLocation     `json:"documentPage,omitempty"`         // counted in pages
	DocumentChunk        *DocumentLocation     `json:"documentChunk,omitempty"`        // counted in chunks of DocumentSource.Content
	SearchResultLocation *SearchResultLocation `json:"searchResultLocation,omitempty"` // counted in content blocks
	Extra                Extra                 `json:"-" client:"union"`
}

// WebLocation is a page on the web (data type WebLocation).
type WebLocation struct {
	URL    string `json:"url,omitempty"`
	Domain string `json:"domain,omitempty"`
	Extra  Extra  `json:"-"`
}

// DocumentLocation is a part of a document of the request (data types
// DocumentCharLocation, DocumentPageLocation, DocumentChunkLocation).
type DocumentLocation struct {
	DocumentIndex int   `json:"documentIndex"` // of the document in the request, from 0
	Start         int   `json:"start"`
	End           int   `json:"end"`
	Extra         Extra `json:"-"`
}

// SearchResultLocation is a part of a search result of the request (data type
// SearchResultLocation).
type SearchResultLocation struct {
	SearchResultIndex int   `json:"searchResultIndex"` // of the search result in the request, from 0
	Start             int   `json:"start"`
	End               int   `json:"end"`
	Extra             Extra `json:"-"`
}

// SearchResult is a result of a search, for the model to answer from and to
// cite (data type SearchResultBlock).
type SearchResult struct {
	Source    string           `json:"source"` // URL or other name of the source
	Title     string           `json:"title"`
	Content   []TextItem       `json:"content"`
	Citations *CitationsConfig `json:"citations,omitempty"`
	Extra     Extra            `json:"-"`
}

// ToolChange adds or removes a tool in the middle of a conversation (data
// types ToolAdditionBlock, ToolRemovalBlock).
type ToolChange struct {
	Tool  ToolReference `json:"tool"`
	Extra Extra         `json:"-"`
}

// ToolReference names a tool of the request's toolConfig (data type
// ToolReference).
type ToolReference struct {
	Type       string `json:"type,omitempty"`
	Name       string `json:"name,omitempty"`
	ServerName string `json:"serverName,omitempty"` // of the MCP server that has the tool
	Extra      Extra  `json:"-"`
}
