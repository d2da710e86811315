package client

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// Assembler builds, from the events of a ConverseStream call, the response
// that Converse would have given. The zero Assembler is ready to use.
type Assembler struct {
	response ConverseResponse
	begun    bool
	blocks   []*block // by contentBlockIndex
}

// block is a content block that grows.
type block struct {
	index     int
	stopped   bool
	seen      [deltaOther]bool // which of the strings below had a delta
	text      [deltaOther][]byte
	redacted  []byte
	toolUse   *ToolUseStart
	result    *ToolResultBlock
	image     *ImageBlock
	citations []Citation
	strangers []member // of starts and deltas, that the types do not know
}

// Add takes the next event. Events and members that the types do not know are
// kept in the Extra of the response or of the block, padding is not.
func (a *Assembler) Add(e Event) error {
	if e.Type == "contentBlockDelta" {
		if index, text, ok := textDelta(e.Payload); ok {
			b := a.block(index)
			b.seen[deltaText] = true
			b.text[deltaText] = append(b.text[deltaText], text...)
			return nil
		}
		if d, ok := readDelta(string(e.Payload)); ok {
			b := a.block(d.index)
			b.seen[d.kind] = true
			b.text[d.kind] = append(b.text[d.kind], d.text...)
			return nil
		}
	}
	c, err := e.Converse()
	if err == nil {
		a.begin()
		a.addEvent(c)
	}
	return err
}

func (a *Assembler) addEvent(c ConverseEvent) {
	a.keep(c.Extra)
	switch {
	case c.MessageStart != nil:
		a.response.Output.Message.Role = c.MessageStart.Role
		a.keep(c.MessageStart.Extra)
	case c.ContentBlockStart != nil:
		a.block(c.ContentBlockStart.ContentBlockIndex).start(c.ContentBlockStart.Start)
		a.keep(c.ContentBlockStart.Extra)
	case c.ContentBlockDelta != nil:
		a.block(c.ContentBlockDelta.ContentBlockIndex).add(c.ContentBlockDelta.Delta)
		a.keep(c.ContentBlockDelta.Extra)
	case c.ContentBlockStop != nil:
		a.block(c.ContentBlockStop.ContentBlockIndex).stopped = true
		a.keep(c.ContentBlockStop.Extra)
	case c.MessageStop != nil:
		a.response.StopReason = c.MessageStop.StopReason
		a.response.AdditionalModelResponseFields = c.MessageStop.AdditionalModelResponseFields
		a.take(reflect.TypeFor[MessageStop](), c.MessageStop.Extra)
	case c.Metadata != nil:
		m := c.Metadata
		a.response.Usage, a.response.Metrics, a.response.Trace = m.Usage, m.Metrics, m.Trace
		a.response.PerformanceConfig, a.response.ServiceTier = m.PerformanceConfig, m.ServiceTier
		a.take(reflect.TypeFor[StreamMetadata](), m.Extra)
	}
}

// Response is the answer so far. It may be asked for at any time, and again.
func (a *Assembler) Response() *ConverseResponse {
	a.begin()
	r := a.response
	m := *r.Output.Message
	m.Content = []ContentBlock{}
	for i, b := range a.blocks {
		cut := !b.stopped || r.Truncated() && i == len(a.blocks)-1
		m.Content = b.appendTo(m.Content, cut)
	}
	r.Output.Message = &m
	return &r
}

// begin starts with an answer in which nothing is known, so that what never
// comes is left out of its JSON and not written as zero.
func (a *Assembler) begin() {
	if !a.begun {
		a.begun = true
		_ = Unmarshal([]byte(`{"output":{"message":{}}}`), &a.response)
	}
}

// take keeps what an event remembers of its members, which are members of the
// response: which were there, and how they were written.
func (a *Assembler) take(event reflect.Type, x Extra) {
	to := planOf(reflect.TypeFor[ConverseResponse]())
	for name, k := range planOf(event).index {
		bit := to.index[name]
		a.response.Extra.odd = a.response.Extra.odd&^(1<<bit) | x.odd>>k&1<<bit
	}
	for _, m := range x.members {
		if m.name != "p" {
			a.response.Extra.Set(m.name, nil)
			a.response.Extra.members = append(a.response.Extra.members, m)
		}
	}
}

// keep puts members that no type knows into the response.
func (a *Assembler) keep(x Extra) {
	for name, raw := range x.All() {
		if name != "p" {
			a.response.Extra.Set(name, raw)
		}
	}
}

func (a *Assembler) block(index int) *block {
	i, ok := slices.BinarySearchFunc(a.blocks, index, func(b *block, index int) int { return b.index - index })
	if !ok {
		a.blocks = slices.Insert(a.blocks, i, &block{index: index})
	}
	return a.blocks[i]
}

func (b *block) start(s BlockStart) {
	b.keep(s.Extra)
	switch {
	case s.ToolUse != nil:
		b.toolUse = s.ToolUse
	case s.ToolResult != nil:
		r := s.ToolResult
		b.result = &ToolResultBlock{ToolUseID: r.ToolUseID, Type: r.Type, Status: r.Status, Content: []ToolResultContent{}, Extra: r.Extra}
	case s.Image != nil:
		b.image = &ImageBlock{Format: s.Image.Format, Extra: s.Image.Extra}
	}
}

// add takes the deltas that readDelta leaves.
func (b *block) add(d BlockDelta) {
	b.keep(d.Extra)
	b.addText(deltaText, d.Text)
	if d.ToolUse != nil {
		b.addText(deltaInput, d.ToolUse.Input)
		b.keep(d.ToolUse.Extra)
	}
	if r := d.ReasoningContent; r != nil {
		b.addText(deltaReasoning, r.Text)
		b.addText(deltaSignature, r.Signature)
		b.redacted = append(b.redacted, r.RedactedContent...)
		b.keep(r.Extra)
	}
	if d.Citation != nil {
		b.citations = append(b.citations, *d.Citation)
	}
	if d.ToolResult != nil {
		b.addResult(d.ToolResult)
	}
	if d.Image != nil {
		b.addImage(d.Image)
	}
}

func (b *block) addText(kind deltaKind, text string) {
	b.seen[kind] = b.seen[kind] || text != ""
	b.text[kind] = append(b.text[kind], text...)
}

// joined is a string of the block, whole.
func (b *block) joined(kind deltaKind) string { return joinHalves(string(b.text[kind])) }

// addResult joins text to the text that came in an earlier delta.
func (b *block) addResult(deltas []ToolResultDelta) {
	if b.result == nil {
		b.result = &ToolResultBlock{}
	}
	for i, d := range deltas {
		item := ToolResultContent{Text: d.Text, JSON: d.JSON, Extra: d.Extra}
		if last := len(b.result.Content) - 1; i == 0 && last >= 0 && b.result.Content[last].Text != "" && d.Text != "" {
			b.result.Content[last].Text += d.Text
			continue
		}
		b.result.Content = append(b.result.Content, item)
	}
}

func (b *block) addImage(d *ImageDelta) {
	if b.image == nil {
		b.image = &ImageBlock{}
	}
	if d.Source != nil {
		b.image.Source.Bytes = append(b.image.Source.Bytes, d.Source.Bytes...)
		if d.Source.S3Location != nil {
			b.image.Source.S3Location = d.Source.S3Location
		}
		for name, raw := range d.Source.Extra.All() {
			b.image.Source.Extra.Set(name, raw)
		}
	}
	if d.Error != nil {
		b.image.Error = d.Error
	}
	b.keep(d.Extra)
}

func (b *block) keep(x Extra) {
	for name, raw := range x.All() {
		b.strangers = append(b.strangers, member{name: name, raw: string(raw)})
	}
}

// extra gives the strangers to the content block; of several with one name it
// makes an array.
func (b *block) extra(x *Extra) {
	x.odd |= anyCount
	for _, m := range b.strangers {
		var all []string
		for _, n := range b.strangers {
			if n.name == m.name {
				all = append(all, n.raw)
			}
		}
		if len(all) > 1 {
			m.raw = "[" + strings.Join(all, ",") + "]"
		}
		x.Set(m.name, json.RawMessage(m.raw))
	}
}

// appendTo appends what the block has become, one content block as a rule. cut:
// its end was not seen.
func (b *block) appendTo(content []ContentBlock, cut bool) []ContentBlock {
	var made []ContentBlock
	if b.seen[deltaReasoning] || b.seen[deltaSignature] {
		made = append(made, ContentBlock{ReasoningContent: &ReasoningContent{ReasoningText: &ReasoningText{
			Text: b.joined(deltaReasoning), Signature: b.joined(deltaSignature),
		}}})
	}
	if b.redacted != nil {
		made = append(made, ContentBlock{ReasoningContent: &ReasoningContent{RedactedContent: b.redacted}})
	}
	if b.citations != nil {
		c := &CitationsContent{Citations: b.citations}
		if b.seen[deltaText] {
			c.Content = []TextItem{{Text: b.joined(deltaText)}}
		}
		made = append(made, ContentBlock{CitationsContent: c})
	} else if b.seen[deltaText] {
		text := Text(b.joined(deltaText))
		if text.Text == "" {
			text.Extra.odd = 1 // the first member is there, though empty
		}
		made = append(made, text)
	}
	if b.toolUse != nil || b.seen[deltaInput] {
		made = append(made, ContentBlock{ToolUse: b.use(cut)})
	}
	if b.result != nil {
		r := *b.result
		r.Content = slices.Clone(r.Content)
		made = append(made, ContentBlock{ToolResult: &r})
	}
	if b.image != nil {
		made = append(made, ContentBlock{Image: new(*b.image)})
	}
	if b.strangers != nil {
		if made == nil {
			made = []ContentBlock{{}}
		}
		b.extra(&made[len(made)-1].Extra)
	}
	return append(content, made...)
}

// use is the tool use, with its input if that is whole.
func (b *block) use(cut bool) *ToolUseBlock {
	u := &ToolUseBlock{}
	if s := b.toolUse; s != nil {
		u.ToolUseID, u.Name, u.Type, u.Extra = s.ToolUseID, s.Name, s.Type, s.Extra
	}
	input := strings.TrimSpace(b.joined(deltaInput))
	switch {
	case input == "" && !cut:
		u.Input = json.RawMessage(`{}`)
	case (!cut || strings.HasPrefix(input, "{")) && validJSON([]byte(input)):
		u.Input = json.RawMessage(input)
	default:
		u.Incomplete, u.Partial = true, b.joined(deltaInput)
	}
	return u
}
