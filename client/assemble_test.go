package client

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

type object = map[string]any

// expect builds, from the events alone and with encoding/json, the JSON of the
// response that the Assembler must give.
func expect(t *testing.T, r recording) any {
	content := map[string]object{} // by index
	want := object{"output": object{"message": object{}}}
	message := want["output"].(object)["message"].(object)
	for _, e := range r.Events {
		p := value(t, []byte(e.Payload)).(object)
		delete(p, "p")
		index, _ := p["contentBlockIndex"].(json.Number)
		key := strings.Repeat("0", 3-min(3, len(index))) + string(index)
		if _, ok := content[key]; !ok && index != "" {
			content[key] = object{}
		}
		switch e.Headers[":event-type"] {
		case "messageStart":
			message["role"] = p["role"]
		case "messageStop", "metadata":
			maps.Copy(want, p)
		case "contentBlockStart":
			maps.Copy(content[key], p["start"].(object))
		case "contentBlockDelta":
			expectDelta(content[key], p["delta"].(object))
		}
	}
	blocks := []any{}
	for _, key := range slices.Sorted(maps.Keys(content)) {
		if b := content[key]; len(b) > 0 {
			blocks = append(blocks, finished(t, b))
		}
	}
	message["content"] = blocks
	return want
}

func text(o object, name string) string { s, _ := o[name].(string); return s }

func expectDelta(b, d object) {
	for name, v := range d {
		switch name {
		case "text":
			b["text"] = text(b, "text") + v.(string)
		case "toolUse":
			u := b["toolUse"].(object)
			u["input"] = text(u, "input") + v.(object)["input"].(string)
		case "toolResult":
			b["toolResult"].(object)["content"] = v
		case "citation":
			list, _ := b["citations"].([]any)
			b["citations"] = append(list, v)
		case "reasoningContent":
			r, _ := b["reasoning"].(object)
			if r == nil {
				r = object{"text": ""}
				b["reasoning"] = r
			}
			for member, v := range v.(object) {
				r[member] = text(r, member) + v.(string)
			}
		default:
			panic("the test does not know the delta " + name)
		}
	}
}

func finished(t *testing.T, b object) any {
	if u, ok := b["toolUse"].(object); ok {
		input := text(u, "input")
		if input == "" {
			input = "{}"
		}
		u["input"] = value(t, []byte(input))
	}
	if c, ok := b["citations"]; ok {
		cited := object{"citations": c}
		if s, ok := b["text"]; ok {
			cited["content"] = []any{object{"text": s}}
		}
		return object{"citationsContent": cited}
	}
	if r, ok := b["reasoning"].(object); ok {
		if redacted, ok := r["redactedContent"]; ok {
			return object{"reasoningContent": object{"redactedContent": redacted}}
		}
		return object{"reasoningContent": object{"reasoningText": r}}
	}
	return b
}

func assembled(t *testing.T, events []Event) *ConverseResponse {
	t.Helper()
	var a Assembler
	for _, e := range events {
		if err := a.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	return a.Response()
}

func events(r recording) []Event {
	var all []Event
	for _, e := range r.Events {
		if name := e.Headers[":event-type"]; name != "" {
			all = append(all, Event{name, []byte(e.Payload)})
		}
	}
	return all
}

func TestAssembleRecordedStreams(t *testing.T) {
	n := 0
	for _, r := range recordings(t) {
		all := events(r)
		if len(all) == 0 || all[0].Type != "messageStart" {
			continue
		}
		n++
		got, err := Marshal(assembled(t, all))
		if err != nil {
			t.Errorf("%s: %v", r.ID, err)
			continue
		}
		if want := expect(t, r); !reflect.DeepEqual(value(t, got), want) {
			data, _ := json.Marshal(want)
			t.Errorf("%s\n got %s\nwant %s", r.ID, got, data)
		}
	}
	if n < 30 {
		t.Errorf("only %d streams were tried", n)
	}
}

// exploded is the stream of events that a response could have come as.
func exploded(t *testing.T, response []byte) []Event {
	var all []Event
	add := func(name string, payload object) {
		payload["p"] = "abc"
		all = append(all, Event{name, encoded(t, payload)})
	}
	v := value(t, response).(object)
	message := v["output"].(object)["message"].(object)
	add("messageStart", object{"role": message["role"]})
	content, _ := message["content"].([]any)
	for i, c := range content {
		deltas := func(path ...string) func(s string) {
			return func(s string) {
				for j, r := 0, []rune(s); j == 0 || j < len(r); j += 7 {
					d := any(string(r[j:min(len(r), j+7)]))
					for _, step := range slices.Backward(path) {
						d = object{step: d}
					}
					add("contentBlockDelta", object{"delta": d, "contentBlockIndex": i})
				}
			}
		}
		for name, b := range c.(object) {
			switch name {
			case "text":
				deltas("text")(b.(string))
			case "toolUse":
				u := maps.Clone(b.(object))
				input := string(encoded(t, u["input"]))
				if delete(u, "input"); input == "{}" {
					input = ""
				}
				add("contentBlockStart", object{"start": object{"toolUse": u}, "contentBlockIndex": i})
				deltas("toolUse", "input")(input)
			case "toolResult":
				r := maps.Clone(b.(object))
				items := r["content"]
				delete(r, "content")
				add("contentBlockStart", object{"start": object{"toolResult": r}, "contentBlockIndex": i})
				add("contentBlockDelta", object{"delta": object{"toolResult": items}, "contentBlockIndex": i})
			case "reasoningContent":
				if r, ok := b.(object)["reasoningText"].(object); ok {
					deltas("reasoningContent", "text")(r["text"].(string))
					if s, ok := r["signature"].(string); ok {
						add("contentBlockDelta", object{"delta": object{"reasoningContent": object{"signature": s}}, "contentBlockIndex": i})
					}
				} else {
					add("contentBlockDelta", object{"delta": object{"reasoningContent": b}, "contentBlockIndex": i})
				}
			case "citationsContent":
				for _, c := range b.(object)["citations"].([]any) {
					add("contentBlockDelta", object{"delta": object{"citation": c}, "contentBlockIndex": i})
				}
				if texts, ok := b.(object)["content"].([]any); ok {
					deltas("text")(texts[0].(object)["text"].(string))
				}
			default:
				t.Fatalf("the test does not know the block %s", name)
			}
		}
		add("contentBlockStop", object{"contentBlockIndex": i})
	}
	stop, metadata := object{"stopReason": v["stopReason"]}, object{}
	for name, v := range v {
		switch name {
		case "output", "stopReason":
		case "additionalModelResponseFields":
			stop[name] = v
		default:
			metadata[name] = v
		}
	}
	add("messageStop", stop)
	add("metadata", metadata)
	return all
}

// A response of Converse, taken apart into events, is assembled to itself.
func TestAssembleRecordedResponses(t *testing.T) {
	n := 0
	for _, r := range recordings(t) {
		if r.Operation != "converse" || r.Status != 200 || !strings.Contains(string(r.Response.Body), `"output"`) {
			continue
		}
		n++
		got, err := Marshal(assembled(t, exploded(t, r.Response.Body)))
		if err != nil || !reflect.DeepEqual(value(t, got), value(t, r.Response.Body)) {
			t.Errorf("%s: %v\n got %s\nwant %s", r.ID, err, got, r.Response.Body)
		}
	}
	if n < 100 {
		t.Errorf("only %d responses were tried", n)
	}
}

// lines makes events of "name payload" lines.
func lines(s ...string) []Event {
	var all []Event
	for _, line := range s {
		name, payload, _ := strings.Cut(line, " ")
		all = append(all, Event{name, []byte(payload)})
	}
	return all
}

func TestAssembleToolInput(t *testing.T) {
	const start = `contentBlockStart {"start":{"toolUse":{"toolUseId":"id","name":"n"}},"contentBlockIndex":0}`
	const stop = `contentBlockStop {"contentBlockIndex":0}`
	input := func(s string) string {
		q, _ := json.Marshal(s)
		return `contentBlockDelta {"delta":{"toolUse":{"input":` + string(q) + `}},"contentBlockIndex":0}`
	}
	end := func(reason string) string { return `messageStop {"stopReason":"` + reason + `"}` }
	for _, c := range []struct {
		name           string
		events         []string
		input, partial string
		incomplete     bool
	}{
		{"no delta", []string{start, stop, end("tool_use")}, `{}`, "", false},
		{"an empty delta", []string{start, input(""), stop, end("tool_use")}, `{}`, "", false},
		{"fragments", []string{start, input(`{"a`), input(`":1.0`), input(`}`), stop, end("tool_use")}, `{"a":1.0}`, "", false},
		{"a list", []string{start, input(`[1]`), stop, end("tool_use")}, `[1]`, "", false},
		{"cut by max_tokens", []string{start, input(`{"a":"b`), stop, end("max_tokens")}, "", `{"a":"b`, true},
		{"nothing before max_tokens", []string{start, stop, end("max_tokens")}, "", "", true},
		{"cut stream", []string{start, input(`{"a"`)}, "", `{"a"`, true},
		{"cut before any input", []string{start}, "", "", true},
		{"whole, then cut", []string{start, input(`{"a":1}`)}, `{"a":1}`, "", false},
		{"a number, then cut", []string{start, input(`12`)}, "", `12`, true},
		{"not JSON", []string{start, input(`{a:1}`), stop, end("malformed_tool_use")}, "", `{a:1}`, true},
	} {
		r := assembled(t, lines(c.events...))
		uses := r.ToolUses()
		if len(uses) != 1 {
			t.Errorf("%s: %d tool uses", c.name, len(uses))
			continue
		}
		u := uses[0]
		if string(u.Input) != c.input || u.Incomplete != c.incomplete || u.Partial != c.partial || u.ToolUseID != "id" || u.Name != "n" {
			t.Errorf("%s: got %+v", c.name, u)
		}
		if _, err := Marshal(r); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestAssembleRareEvents(t *testing.T) {
	redacted := base64.StdEncoding.EncodeToString([]byte("secret thought"))
	for _, c := range []struct {
		name   string
		events []string
		want   string
	}{
		{"no event", nil, `{"output":{"message":{"content":[]}}}`},
		{"a cut stream", []string{`messageStart {"role":"assistant"}`, `contentBlockDelta {"delta":{"text":"a"},"contentBlockIndex":0}`},
			`{"output":{"message":{"role":"assistant","content":[{"text":"a"}]}}}`},
		{"blocks out of order", []string{`contentBlockDelta {"delta":{"text":"b"},"contentBlockIndex":10}`, `contentBlockDelta {"delta":{"text":"a"},"contentBlockIndex":2}`},
			`{"output":{"message":{"content":[{"text":"a"},{"text":"b"}]}}}`},
		{"empty text", []string{`contentBlockDelta {"delta":{"text":""},"contentBlockIndex":0}`}, `{"output":{"message":{"content":[{"text":""}]}}}`},
		{"halves of a character", []string{`contentBlockDelta {"delta":{"text":"\ud83d"},"contentBlockIndex":0}`, `contentBlockDelta {"delta":{"text":"\ude00 \ude00\ud83d"},"contentBlockIndex":0}`, `contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"e"}}`},
			`{"output":{"message":{"content":[{"text":"😀 ��e"}]}}}`},
		{"redacted reasoning", []string{`contentBlockDelta {"delta":{"reasoningContent":{"redactedContent":"` + redacted + `"}},"contentBlockIndex":0}`},
			`{"output":{"message":{"content":[{"reasoningContent":{"redactedContent":"` + redacted + `"}}]}}}`},
		{"a signature alone", []string{`contentBlockDelta {"delta":{"reasoningContent":{"signature":"s"}},"contentBlockIndex":0}`},
			`{"output":{"message":{"content":[{"reasoningContent":{"reasoningText":{"text":"","signature":"s"}}}]}}}`},
		{"an image", []string{`contentBlockStart {"start":{"image":{"format":"png"}},"contentBlockIndex":0}`, `contentBlockDelta {"delta":{"image":{"source":{"bytes":"YWJj"}}},"contentBlockIndex":0}`,
			`contentBlockDelta {"delta":{"image":{"source":{"bytes":"ZGVm"}}},"contentBlockIndex":0}`},
			`{"output":{"message":{"content":[{"image":{"format":"png","source":{"bytes":"YWJjZGVm"}}}]}}}`},
		{"a tool result in pieces", []string{`contentBlockStart {"start":{"toolResult":{"toolUseId":"i","type":"t"}},"contentBlockIndex":0}`,
			`contentBlockDelta {"delta":{"toolResult":[{"json":{"a":1}},{"text":"b"}]},"contentBlockIndex":0}`, `contentBlockDelta {"delta":{"toolResult":[{"text":"c"}]},"contentBlockIndex":0}`},
			`{"output":{"message":{"content":[{"toolResult":{"toolUseId":"i","content":[{"json":{"a":1}},{"text":"bc"}],"type":"t"}}]}}}`},
		{"what is new", []string{`messageStart {"role":"assistant","n1":1,"p":"x"}`, `later {"a":1}`, `contentBlockStart {"start":{"hologram":{"id":1}},"contentBlockIndex":0}`,
			`contentBlockDelta {"delta":{"smell":"rose"},"contentBlockIndex":1,"p":"x"}`, `contentBlockDelta {"delta":{"smell":"wood"},"contentBlockIndex":1}`,
			`contentBlockDelta {"delta":{"text":"a","mood":2},"contentBlockIndex":2}`, `messageStop {"stopReason":"end_turn","n2":2}`,
			`metadata {"usage":{"inputTokens":0,"outputTokens":0,"totalTokens":0,"n3":3},"metrics":{"latencyMs":0},"n4":4}`},
			`{"output":{"message":{"role":"assistant","content":[{"hologram":{"id":1}},{"smell":["rose","wood"]},{"text":"a","mood":2}]}},"stopReason":"end_turn",` +
				`"usage":{"inputTokens":0,"outputTokens":0,"totalTokens":0,"n3":3},"metrics":{"latencyMs":0},"n1":1,"later":{"a":1},"n2":2,"n4":4}`},
		{"no usage and no metrics", []string{`messageStart {"role":"assistant"}`, `messageStop {"stopReason":"end_turn"}`, `metadata {"trace":{},"p":"a"}`},
			`{"output":{"message":{"role":"assistant","content":[]}},"stopReason":"end_turn","trace":{}}`},
		{"members of odd values", []string{`messageStop {"stopReason":null,"p":"a"}`, `metadata {"usage":null,"metrics":{"latencyMs":1.0},"serviceTier":"flex"}`},
			`{"output":{"message":{"content":[]}},"stopReason":null,"usage":null,"metrics":{"latencyMs":1.0},"serviceTier":"flex"}`},
	} {
		got, err := Marshal(assembled(t, lines(c.events...)))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %v\n got %s\nwant %s", c.name, err, got, c.want)
		}
	}
}

// A response asked for in the middle does not change when more comes.
func TestAssembleInTheMiddle(t *testing.T) {
	var a Assembler
	var want []string
	var got []*ConverseResponse
	for _, e := range lines(`contentBlockStart {"start":{"toolResult":{"toolUseId":"i"}},"contentBlockIndex":1}`,
		`contentBlockDelta {"delta":{"toolResult":[{"text":"a"}]},"contentBlockIndex":1}`, `contentBlockDelta {"delta":{"toolResult":[{"text":"b"}]},"contentBlockIndex":1}`,
		`contentBlockDelta {"delta":{"image":{"source":{"bytes":"YWJj"}}},"contentBlockIndex":2}`, `contentBlockDelta {"delta":{"image":{"source":{"bytes":"YWJj"}}},"contentBlockIndex":2}`,
		`contentBlockDelta {"delta":{"text":"a"},"contentBlockIndex":0}`, `later {}`, `messageStop {"stopReason":"end_turn"}`) {
		if err := a.Add(e); err != nil {
			t.Fatal(err)
		}
		got = append(got, a.Response())
		data, _ := Marshal(got[len(got)-1])
		want = append(want, string(data))
	}
	for i, r := range got {
		if data, _ := Marshal(r); string(data) != want[i] {
			t.Errorf("after %d events\n now %s\nthen %s", i+1, data, want[i])
		}
	}
}

func TestAssembleBadEvent(t *testing.T) {
	for _, e := range lines(`contentBlockDelta {"delta":{"text":"a"}`, `metadata {`, `later`, `messageStop [`) {
		var a Assembler
		if err := a.Add(e); err == nil {
			t.Errorf("%s %s: no error", e.Type, e.Payload)
		}
	}
}

func TestEventText(t *testing.T) {
	for line, want := range map[string]string{
		`contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"caf\u00e9\n"},"p":"abc"}`: "café\n",
		`contentBlockDelta {"delta":{"text":"a","new":1},"contentBlockIndex":0}`:             "a",
		`contentBlockDelta {"delta":{"reasoningContent":{"text":"a"}}}`:                      "",
		`contentBlockDelta {"delta":{"toolUse":{"input":"a"}}}`:                              "",
		`contentBlockDelta {"delta":{"citation":{}}}`:                                        "",
		`contentBlockDelta {"delta":{"text":5}}`:                                             "5",
		`messageStart {"role":"assistant"}`:                                                  "",
		`later {"delta":{"text":"a"}}`:                                                       "",
	} {
		if got := lines(line)[0].Text(); got != want {
			t.Errorf("%s: %q", line, got)
		}
	}
}

// The quick reading of a delta agrees with the general one.
func FuzzTextDelta(f *testing.F) {
	for _, s := range []string{
		`{"contentBlockIndex":0,"delta":{"text":" a"},"p":"abc"}`, `{"contentBlockIndex":12,"delta":{"text":"é"}}`, `{"contentBlockIndex":0,"delta":{"text":"a\n"}}`,
		`{"contentBlockIndex":0,"delta":{"text":"a"},"p":"abc","q":1}`, `{"contentBlockIndex":0,"delta":{"text":"a"},"p":"a\""}`, `{"contentBlockIndex":,"delta":{"text":"a"}}`,
		`{"contentBlockIndex":01,"delta":{"text":"a"}}`, `{"contentBlockIndex":0,"delta":{"text":"a"},"p":"`, `{"contentBlockIndex":0,"delta":{"text":"`, `{"contentBlockIndex":99999,"delta":{"text":"a"}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		index, text, ok := textDelta(payload)
		if !ok {
			return
		}
		d, ok := readDelta(string(payload))
		if !ok || d.index != index || d.text != string(text) || d.kind != deltaText {
			t.Fatalf("quick: %d %q, general: %+v, %v", index, text, d, ok)
		}
	})
}

func BenchmarkEventText(b *testing.B) {
	e := lines(`contentBlockDelta {"contentBlockIndex":0,"delta":{"text":" and a piece of text that"},"p":"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"}`)[0]
	b.ReportAllocs()
	for b.Loop() {
		if e.Text() == "" {
			b.Fatal("no text")
		}
	}
}

func BenchmarkAssemble(b *testing.B) {
	for name, e := range map[string]Event{
		"text":  lines(`contentBlockDelta {"contentBlockIndex":0,"delta":{"text":" and a piece of text that"},"p":"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"}`)[0],
		"input": lines(`contentBlockDelta {"contentBlockIndex":0,"delta":{"toolUse":{"input":"{\"city\": \"Par"}},"p":"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"}`)[0],
	} {
		b.Run(name, func(b *testing.B) {
			var a Assembler
			b.ReportAllocs()
			for b.Loop() {
				if err := a.Add(e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The allocations of an event may only become fewer.
func TestEventAllocations(t *testing.T) {
	e := lines(`contentBlockDelta {"contentBlockIndex":0,"delta":{"text":" and a piece of text that"},"p":"abcdefghijkl"}`)[0]
	if n := testing.AllocsPerRun(100, func() { e.Text() }); n > 1 {
		t.Errorf("Text: %v allocations", n)
	}
	var a Assembler
	a.Add(e)
	if n := testing.AllocsPerRun(100, func() { a.Add(e) }); n > 0 {
		t.Errorf("Add: %v allocations", n)
	}
}
