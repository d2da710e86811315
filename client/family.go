package client

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// What a family's models give back.
const (
	KindText      = "text"
	KindEmbedding = "embedding"
	KindRerank    = "rerank"
	KindImage     = "image"
	KindVideo     = "video"  // by StartAsyncInvoke
	KindSpeech    = "speech" // by InvokeModelWithBidirectionalStream
)

// Family is how models of one kind are spoken to by InvokeModel: the request
// body that a prompt becomes, and where text, stop reason and token counts
// stand in the answer. Source: the Amazon Bedrock user guide, "Inference
// request parameters and response fields for foundation models".
type Family struct {
	Name string // for people: claude, nova, llama, …
	Kind string // one of the Kind constants

	ids     []string // what a model id begins with
	body    string   // the request: see expand
	system  string   // how the system prompt stands in a prompt of one string
	needs   string   // what a request needs beyond a prompt
	text    []string // gjson paths of what was asked for: the first that is there counts
	delta   []string // … of a stream's next piece of text
	stop    []string // … of the stop reason, in answers and chunks
	input   []string // … of the tokens read
	output  []string // … and written
	failure []string // … of a message that this call failed, in an answer of 200
}

// Prompt is what every text family can be asked. A parameter that is zero or
// nil is left to the model.
type Prompt struct {
	Text        string
	System      string
	MaxTokens   int // of the answer; families that need one get 1024 or 4096
	Temperature *float64
	TopP        *float64
	Stop        []string // the answer ends before one of them
}

// FamilyOf finds the family of a model id, an inference profile or an ARN of
// one. It is not ok for an unknown model and for the ARNs that do not name
// their model: application inference profiles, provisioned throughput,
// imported models, deployments, prompts and SageMaker endpoints.
func FamilyOf(model string) (Family, bool) {
	id := model
	if strings.HasPrefix(model, "arn:") {
		parts := strings.SplitN(model, ":", 6)
		if len(parts) < 6 || parts[2] != "bedrock" {
			return Family{}, false
		}
		kind, name, _ := strings.Cut(parts[5], "/")
		switch kind {
		case "foundation-model", "inference-profile", "custom-model", "default-prompt-router":
			id = name
		default:
			return Family{}, false
		}
	}
	_, base, _ := strings.Cut(id, ".") // behind the prefix of a profile: us., global.
	var best Family
	var length int
	for _, f := range families {
		for _, prefix := range f.ids {
			if len(prefix) > length && (strings.HasPrefix(id, prefix) || strings.HasPrefix(base, prefix)) {
				best, length = f, len(prefix)
			}
		}
	}
	return best, length > 0
}

// FamilyByName finds a family by its Name or by a provider whose models are all
// of one family: claude, anthropic; chat, qwen.
func FamilyByName(name string) (Family, bool) {
	for _, f := range families {
		if f.Name == name {
			return f, true
		}
	}
	for _, f := range families {
		if slices.Contains(f.ids, name+".") {
			return f, true
		}
	}
	return Family{}, false
}

// FamilyNames lists the names of all families.
func FamilyNames() []string {
	names := make([]string, len(families))
	for i, f := range families {
		names[i] = f.Name
	}
	return names
}

// Body is the InvokeModel request of a prompt. It is an error when the family
// needs more than a prompt, and when it has no place for a parameter.
func (f Family) Body(p Prompt) ([]byte, error) {
	if f.needs != "" {
		return nil, fmt.Errorf("%w: a prompt is not enough for the family %s: %s", ErrValidation, f.Name, f.needs)
	}
	return f.expand(p, nil)
}

// ChatBody is the request of Chat Completions (/openai/v1/chat/completions),
// whose answers and chunks the family "chat" reads. A developer message is
// left out when empty; stream asks for server-sent events.
func ChatBody(model string, p Prompt, developer string, stream bool) ([]byte, error) {
	more := map[string]any{"$model": model}
	if developer != "" {
		more["$developer"] = developer
	}
	if stream {
		more["$stream"] = true
	}
	return Family{Name: "chat", body: chatCompletions}.expand(p, more)
}

// Result is what was asked for, as JSON: text, a vector, ranks or images.
func (f Family) Result(body []byte) gjson.Result { return first(body, f.text) }

// Text is the text of an answer.
func (f Family) Text(body []byte) string { return joined(f.Result(body)) }

// Delta is the text that a chunk of a stream adds, often none.
func (f Family) Delta(chunk []byte) string { return joined(first(chunk, f.delta)) }

// Stop is why the answer ended, in the family's own words; empty for a chunk
// that does not say.
func (f Family) Stop(chunkOrBody []byte) string { return first(chunkOrBody, f.stop).String() }

// Truncated tells if a stop reason means that the limit of tokens was reached.
func (f Family) Truncated(stop string) bool {
	switch strings.ToLower(stop) {
	case "max_tokens", "length", "max_output_tokens", "model_context_window_exceeded", "error_limit":
		return true
	}
	return false
}

// Usage counts the tokens of an answer or, from Bedrock's own metrics in the
// last chunk, of a stream. It is not ok when the JSON does not tell.
func (f Family) Usage(chunkOrBody []byte) (u TokenUsage, ok bool) {
	if m := gjson.GetBytes(chunkOrBody, "amazon-bedrock-invocationMetrics"); m.Exists() {
		u.InputTokens, u.OutputTokens = int(m.Get("inputTokenCount").Int()), int(m.Get("outputTokenCount").Int())
		u.CacheReadInputTokens = int(m.Get("cacheReadInputTokenCount").Int())
		u.CacheWriteInputTokens = int(m.Get("cacheWriteInputTokenCount").Int())
		ok = true
	} else {
		in, out := first(chunkOrBody, f.input), first(chunkOrBody, f.output)
		u.InputTokens, u.OutputTokens = int(in.Int()), int(out.Int())
		ok = in.Exists() || out.Exists()
	}
	u.TotalTokens = u.InputTokens + u.OutputTokens + u.CacheReadInputTokens + u.CacheWriteInputTokens
	return u, ok
}

// HeaderUsage counts tokens by the headers that InvokeModel answers with,
// whatever the family. It is not ok when they are absent.
func HeaderUsage(h http.Header) (u TokenUsage, ok bool) {
	for name, n := range map[string]*int{
		"Input": &u.InputTokens, "Output": &u.OutputTokens,
		"Cache-Read-Input": &u.CacheReadInputTokens, "Cache-Write-Input": &u.CacheWriteInputTokens,
	} {
		if v, err := strconv.Atoi(h.Get("X-Amzn-Bedrock-" + name + "-Token-Count")); err == nil {
			*n, ok = v, true
		}
	}
	u.TotalTokens = u.InputTokens + u.OutputTokens + u.CacheReadInputTokens + u.CacheWriteInputTokens
	return u, ok
}

// Images are the images of an answer, each as the bytes of a file.
func (f Family) Images(body []byte) ([][]byte, error) {
	if err := f.Failure(body); err != nil {
		return nil, err
	}
	var images [][]byte
	for i, r := range f.Result(body).Array() {
		data, err := base64.StdEncoding.DecodeString(r.Str)
		if err != nil || len(data) == 0 {
			return nil, fmt.Errorf("%w: image %d of the answer is no base64 of an image", ErrModelError, i)
		}
		images = append(images, data)
	}
	if len(images) == 0 {
		return nil, fmt.Errorf("%w: the answer holds no image", ErrModelError)
	}
	return images, nil
}

// Failure is the error that an answer with HTTP status 200 tells of: a filtered
// image, an input that the model could not read. It is nil for a good answer.
func (f Family) Failure(body []byte) error {
	for _, path := range f.failure {
		for _, r := range gjson.GetBytes(body, path).Array() {
			if r.Type == gjson.String && r.Str != "" {
				return fmt.Errorf("%w: %s", ErrModelError, r.Str)
			}
		}
	}
	return nil
}

// first is the value of the first path that is there and not null.
func first(data []byte, paths []string) gjson.Result {
	for _, path := range paths {
		r := gjson.GetBytes(data, path)
		if r.Exists() && r.Type != gjson.Null && !(r.IsArray() && len(r.Array()) == 0) {
			return r
		}
	}
	return gjson.Result{}
}

// joined is the text of a string or of an array of strings.
func joined(r gjson.Result) string {
	if !r.IsArray() {
		return r.String()
	}
	var b strings.Builder
	for _, part := range r.Array() {
		b.WriteString(joined(part))
	}
	return b.String()
}

// expand writes the body's template with the prompt filled in: $text, $system,
// $max, $temperature, $topP, $stop, or those of more, as the whole value of a
// member; $system and $text inside a string too. "$max|N" is N without a limit.
// A member without a value goes, and the array element or object with it.
func (f Family) expand(p Prompt, more map[string]any) ([]byte, error) {
	e := expansion{values: map[string]any{"$text": p.Text}, used: map[string]bool{}}
	for name, v := range more {
		e.values[name] = v
	}
	if p.System != "" {
		e.values["$system"] = p.System
		e.system = strings.ReplaceAll(f.system, "%s", p.System)
	}
	if p.MaxTokens != 0 {
		e.values["$max"] = p.MaxTokens
	}
	if p.Temperature != nil {
		e.values["$temperature"] = *p.Temperature
	}
	if p.TopP != nil {
		e.values["$topP"] = *p.TopP
	}
	if len(p.Stop) > 0 {
		e.values["$stop"] = p.Stop
	}
	body, _, err := e.value(nil, gjson.Parse(f.body), false)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(e.values)) { // so that the same request fails alike
		if !e.used[name] {
			return nil, fmt.Errorf("%w: models of the family %s take no %s", ErrValidation, f.Name, parameterNames[name])
		}
	}
	return body, nil
}

var parameterNames = map[string]string{
	"$system": "system prompt", "$max": "limit of tokens", "$temperature": "temperature", "$topP": "top p", "$stop": "stop sequences",
}

type expansion struct {
	values map[string]any
	used   map[string]bool
	system string
}

// value appends t filled in. It is not ok when nothing is left of it.
func (e *expansion) value(b []byte, t gjson.Result, element bool) (_ []byte, ok bool, err error) {
	switch {
	case t.IsObject() || t.IsArray():
		return e.items(b, t, element)
	case t.Type != gjson.String || !strings.Contains(t.Str, "$"):
		return append(b, t.Raw...), true, nil
	case !strings.HasPrefix(t.Str, "$") || strings.Count(t.Str, "$") > 1:
		text := e.values["$text"].(string)
		e.used["$text"] = true
		e.used["$system"] = e.used["$system"] || strings.Contains(t.Str, "$system")
		return appendText(b, strings.NewReplacer("$system", e.system, "$text", text).Replace(t.Str)), true, nil
	}
	name, standard, _ := strings.Cut(t.Str, "|")
	e.used[name] = true
	v, ok := e.values[name]
	if !ok {
		return append(b, standard...), standard != "", nil
	}
	b, err = encode(b, reflect.ValueOf(v))
	return b, true, err
}

// items appends an array or object. An element of an array that lacks a member
// goes as a whole.
func (e *expansion) items(b []byte, t gjson.Result, element bool) (_ []byte, ok bool, err error) {
	b = append(b, t.Raw[0])
	kept, lost := 0, 0
	t.ForEach(func(key, v gjson.Result) bool {
		start := len(b)
		if t.IsObject() {
			b = append(append(b, key.Raw...), ':')
		}
		if b, ok, err = e.value(b, v, t.IsArray()); !ok {
			b = b[:start]
			lost++
		} else {
			b = append(b, ',')
			kept++
		}
		return err == nil
	})
	return closed(b, t.Raw[0]+2), kept > 0 && !(element && lost > 0), err
}
