package client

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// block checks one content block.
func (l *linter) block(path, role string, c ContentBlock) {
	switch {
	case c.Image != nil:
		l.userOnly(path, "image", role)
		l.image(path+".image", c.Image)
	case c.Document != nil:
		l.userOnly(path, "document", role)
		l.document(path+".document", c.Document)
	case c.Video != nil:
		l.userOnly(path, "video", role)
		l.format(path+".video.format", c.Video.Format, videoFormats)
	case c.Audio != nil:
		l.format(path+".audio.format", c.Audio.Format, audioFormats)
	case c.ToolUse != nil:
		l.toolUse(path+".toolUse", role, c.ToolUse)
	case c.ToolResult != nil:
		l.toolResult(path+".toolResult", role, c.ToolResult)
	case c.ReasoningContent != nil:
		l.reasoning(path+".reasoningContent", role, c.ReasoningContent)
	case c.CachePoint != nil:
		l.cachePoint(path+".cachePoint", c.CachePoint)
	case c.ToolAddition != nil || c.ToolRemoval != nil:
		if role != RoleSystem {
			l.add("tool-change", path, "adds or removes a tool: that belongs in a message of role system")
		}
	case c.GuardContent == nil && c.CitationsContent == nil && c.SearchResult == nil && c.Extra.members == nil:
		l.text(path+".text", c.Text)
	}
}

func (l *linter) userOnly(path, kind, role string) {
	if role != RoleUser {
		l.add("user-only", pathTo(path, kind), "stands in a message of role %s: only user messages hold it", role)
	}
}

func (l *linter) image(path string, b *ImageBlock) {
	l.format(path+".format", b.Format, imageFormats)
	if n := len(b.Source.Bytes); n > 3_750_000 {
		l.add("image-size", path+".source.bytes", "has %d bytes: at most 3.75 MB are taken", n)
	}
}

func (l *linter) document(path string, b *DocumentBlock) {
	if b.Format != "" {
		l.format(path+".format", b.Format, documentFormats)
	}
	if clean := DocumentName(b.Name); clean != b.Name {
		l.add("document-name", path+".name", "is %q: only letters, digits, single spaces, hyphens, parentheses and square brackets are taken, 1 to 200 of them; use %q", b.Name, clean)
	}
	if n := len(b.Source.Bytes); n > 4_500_000 {
		l.add("document-size", path+".source.bytes", "has %d bytes: at most 4.5 MB are taken", n)
	}
}

func (l *linter) format(path, format string, known []string) {
	if !slices.Contains(known, format) {
		hint := "use one of " + strings.Join(known, ", ")
		if other := map[string]string{"jpg": "jpeg", "3gp": "three_gp", "markdown": "md", "htm": "html", "text": "txt"}[strings.ToLower(format)]; slices.Contains(known, other) {
			hint = "say " + other
		}
		l.add("format", path, "is %q: %s", format, hint)
	}
}

func (l *linter) toolUse(path, role string, b *ToolUseBlock) {
	if role != RoleAssistant {
		l.add("tool-use-role", path, "stands in a message of role %s: the model's own messages hold tool uses", role)
	}
	l.name(path+".toolUseId", b.ToolUseID, "_.:-")
	l.name(path+".name", b.Name, "_-")
	switch {
	case b.Incomplete:
		l.add("tool-input-incomplete", path+".input", "broke off in the stream: ask again, with a higher maxTokens")
	case b.Input == nil:
		l.add("tool-input-missing", path+".input", "is missing: send {} for a tool without input")
	}
}

func (l *linter) toolResult(path, role string, b *ToolResultBlock) {
	if role != RoleUser && b.Type == "" {
		l.add("tool-result-role", path, "stands in a message of role %s: send it in the next user message", role)
	}
	if len(b.Content) == 0 {
		l.add("empty-tool-result", path+".content", "is empty: say at least that the tool gave nothing")
	}
	for i, c := range b.Content {
		where := pathTo(path, "content", i)
		switch {
		case c.Image != nil:
			l.image(where+".image", c.Image)
		case c.Document != nil:
			l.document(where+".document", c.Document)
		case c.JSON != nil && !isObject(c.JSON):
			l.add("tool-result-json", where+".json", "is no object: most models take objects only; wrap it, or send text")
		case c.JSON == nil && c.Video == nil && c.SearchResult == nil && c.Extra.members == nil:
			l.text(where+".text", c.Text)
		}
	}
}

func isObject(raw json.RawMessage) bool {
	return bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{"))
}

// reasoning: only Claude signs it.
func (l *linter) reasoning(path, role string, b *ReasoningContent) {
	if role != RoleAssistant {
		l.add("reasoning-role", path, "stands in a message of role %s: it belongs to the model's own messages", role)
	}
	if t := b.ReasoningText; t != nil && t.Signature == "" && l.known && l.family.Name == "claude" {
		l.add("reasoning-signature", path+".reasoningText.signature", "is lost: send reasoning back exactly as it came, or leave the block out")
	}
}

func (l *linter) cachePoint(path string, c *CachePoint) {
	if c == nil {
		return
	}
	l.cachePoints++
	if l.cachePoints == 5 {
		l.add("cache-points", path, "is the fifth of the request: at most 4 are taken")
	}
	if c.TTL == "1h" && l.fiveMinutes {
		l.add("cache-order", path+".ttl", "is 1h behind one of 5m: put the longer ones first")
	}
	l.fiveMinutes = l.fiveMinutes || c.TTL != "1h"
}

// name checks an identifier of 1 to 64 letters, digits and marks.
func (l *linter) name(path, name, marks string) {
	bad := strings.IndexFunc(name, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune(marks, c))
	})
	if name == "" || len(name) > 64 || bad >= 0 {
		l.add("name", path, "is %s: 1 to 64 letters, digits and %s are taken", strconv.Quote(name), strings.Join(strings.Split(marks, ""), " "))
	}
}
