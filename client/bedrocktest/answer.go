package bedrocktest

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"iter"
	"slices"
	"strings"
	"unicode"
)

// blockKind is what a content block of an answer holds.
type blockKind int

const (
	textBlock blockKind = iota
	reasoningBlock
	toolBlock
)

// block is one content block of an answer, already in the pieces in which a
// stream delivers it. A piece counts as one token.
type block struct {
	kind   blockKind
	pieces []string
	id     string // of a tool call
	name   string // of the tool
	cut    bool   // max tokens ended it
}

func (b block) text() string { return strings.Join(b.pieces, "") }

// stopReason is why an answer ends.
type stopReason int

const (
	endTurn stopReason = iota
	maxTokens
	stopSequence
	toolUse
	guardrailIntervened
)

// answer is what the model says, in no dialect yet.
type answer struct {
	blocks   []block
	stop     stopReason
	sequence string // the stop sequence met
	input    int    // tokens
	output   int    // tokens
	seed     seed
}

// text is all text blocks together.
func (a answer) text() string {
	var b strings.Builder
	for _, block := range a.blocks {
		if block.kind == textBlock {
			b.WriteString(block.text())
		}
	}
	return b.String()
}

// latency is a plausible time in milliseconds for so many tokens; the same
// request has the same, whatever the clock says.
func (a answer) latency() int { return 250 + 12*a.output }

// echoLimit is how many tokens of the prompt an answer repeats.
const echoLimit = 256

// answer makes the reply to a request. It depends on nothing but the request,
// and says of itself that it is a mock.
func (s *Server) answer(q ask) (answer, *apiError) {
	a := answer{input: q.input, seed: q.seed}
	if q.think {
		a.blocks = append(a.blocks, block{kind: reasoningBlock, pieces: split("A mock reasons about this: " + shorten(q.prompt, 24))})
	}
	switch tool, forced, err := q.chosenTool(); {
	case err != nil:
		return a, err
	case forced:
		input, err := example(tool.schema, lenient)
		if types := asObject(tool.schema).texts("type"); err == nil && len(types) > 0 && !slices.Contains(types, "object") {
			err = errors.New("#: the type of a tool's input must be object")
		}
		if err != nil {
			return a, invalid("The mock cannot fill in the input schema of the tool " + tool.name + ": " + err.Error())
		}
		a.blocks = append(a.blocks, block{kind: toolBlock, name: tool.name, id: q.seed.id("tool", 22), pieces: split(string(encode(input)))})
		a.stop = toolUse
	case q.schema != nil:
		value, err := example(q.schema, strict)
		if err != nil {
			return a, invalid("The JSON schema of the output is not supported: " + err.Error())
		}
		a.blocks = append(a.blocks, block{pieces: split(string(encode(value)))})
	default:
		a.blocks = append(a.blocks, block{pieces: split(s.words(q))})
	}
	a.stopAt(q.stops)
	a.limit(q.max)
	return a, nil
}

func (s *Server) words(q ask) string {
	if s.Reply != nil {
		return s.Reply(q.model, q.prompt)
	}
	return "A mock answer, made without a model, to: " + shorten(q.prompt, echoLimit)
}

// stopAt ends the text before the first stop sequence in it.
func (a *answer) stopAt(sequences []string) {
	for i, b := range a.blocks {
		if b.kind != textBlock {
			continue
		}
		text, first := b.text(), -1
		for _, s := range sequences {
			if at := strings.Index(text, s); s != "" && at >= 0 && (first < 0 || at < first) {
				first, a.sequence = at, s
			}
		}
		if first >= 0 {
			a.blocks[i].pieces = split(text[:first])
			a.blocks, a.stop = a.blocks[:i+1], stopSequence
			return
		}
	}
}

// limit ends the answer after max tokens (0: no limit) and counts them.
func (a *answer) limit(max int) {
	for i, b := range a.blocks {
		if left := max - a.output; max > 0 && len(b.pieces) > left {
			a.blocks[i].pieces, a.blocks[i].cut = b.pieces[:left], true
			a.blocks = a.blocks[:i+1]
			a.stop, a.sequence, a.output = maxTokens, "", max
			return
		}
		a.output += len(b.pieces)
	}
}

// pieces cuts text into what passes for tokens: a word or number of at most
// six letters with the space before it, or a single other character.
func pieces(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		start, letters, last := 0, 0, 0
		for i, r := range text {
			class := classOf(r)
			cut := class == space || class != last && last != space || class == other && last == other || letters == 6
			if i > start && cut {
				if !yield(text[start:i]) {
					return
				}
				start, letters = i, 0
			}
			if class == word {
				letters++
			}
			last = class
		}
		if start < len(text) {
			yield(text[start:])
		}
	}
}

const (
	space = 1 + iota
	word
	other
)

func classOf(r rune) int {
	switch {
	case unicode.IsSpace(r):
		return space
	case unicode.IsLetter(r), unicode.IsDigit(r):
		return word
	}
	return other
}

func split(text string) []string { return slices.Collect(pieces(text)) }

func count(text string) int {
	n := 0
	for range pieces(text) {
		n++
	}
	return n
}

// shorten keeps the first n tokens of a text.
func shorten(text string, n int) string {
	length := 0
	for p := range pieces(text) {
		if n--; n < 0 {
			return text[:length] + " …"
		}
		length += len(p)
	}
	return text
}

// seed is the hash of a request: where its answer's ids come from, so that the
// same request has the same.
type seed [sha256.Size]byte

func newSeed(parts ...string) seed {
	return sha256.Sum256([]byte(strings.Join(parts, "\x00")))
}

func (s seed) with(label string) seed { return newSeed(string(s[:]), label) }

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// id is n letters and digits.
func (s seed) id(label string, n int) string {
	h := s.with(label)
	b := make([]byte, n)
	for i := range b {
		b[i] = alphanumeric[int(h[i%len(h)])%len(alphanumeric)]
	}
	return string(b)
}

// uuid is a version 4 UUID in form.
func (s seed) uuid(label string) string {
	h := s.with(label)
	h[6], h[8] = h[6]&0x0f|0x40, h[8]&0x3f|0x80
	const hex = "0123456789abcdef"
	var b []byte
	for i, c := range h[:16] {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b = append(b, '-')
		}
		b = append(b, hex[c>>4], hex[c&15])
	}
	return string(b)
}

// unit is a number between -1 and 1, the nth of a series.
func (s seed) unit(n int) float64 {
	h := uint64(14695981039346656037) ^ binary.LittleEndian.Uint64(s[:8])
	for range 2 { // a finalizer in the manner of splitmix64
		h += uint64(n)*0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return float64(h>>11)/(1<<52) - 1
}
