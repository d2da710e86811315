package client

// Text is a content block of text.
func Text(text string) ContentBlock { return ContentBlock{Text: text} }

// Image is a content block with an image. Format is png, jpeg, gif or webp.
func Image(format string, data []byte) ContentBlock {
	return ContentBlock{Image: &ImageBlock{Format: format, Source: MediaSource{Bytes: data}}}
}

// Document is a content block with a document. Format is pdf, csv, doc, docx,
// xls, xlsx, html, txt or md; [DocumentName] makes a name that Bedrock takes.
func Document(format, name string, data []byte) ContentBlock {
	return ContentBlock{Document: &DocumentBlock{Format: format, Name: name, Source: DocumentSource{Bytes: data}}}
}

// ToolResult is the content block that answers a tool use with text.
func ToolResult(toolUseID, text string) ContentBlock {
	return ContentBlock{ToolResult: &ToolResultBlock{ToolUseID: toolUseID, Content: []ToolResultContent{{Text: text}}}}
}

// User is a user message of text.
func User(text string) Message { return Message{Role: RoleUser, Content: []ContentBlock{Text(text)}} }

// Assistant is an assistant message of text.
func Assistant(text string) Message {
	return Message{Role: RoleAssistant, Content: []ContentBlock{Text(text)}}
}
