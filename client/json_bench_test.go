package client

import (
	"encoding/json"
	"strings"
	"testing"
)

// exchange is a request and an answer of about size bytes each.
func exchange(t testing.TB, size int) (*ConverseRequest, []byte) {
	text := strings.Repeat("The quick brown fox jumps over the lazy dog, and \"then\" it rests.\n", size/66+1)[:size-300]
	req := NewConverse("amazon.nova-lite-v1:0", text)
	req.System = []SystemBlock{{Text: "Be brief."}}
	req.InferenceConfig = &InferenceConfig{MaxTokens: 300, Temperature: new(0.2)}
	req.ToolConfig = &ToolConfig{Tools: []Tool{{ToolSpec: &ToolSpec{Name: "weather", InputSchema: InputSchema{JSON: json.RawMessage(`{"type":"object"}`)}}}}}
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return req, []byte(`{"metrics":{"latencyMs":843},"output":{"message":{"content":[{"text":` + string(quoted) + `}],"role":"assistant"}},` +
		`"stopReason":"end_turn","usage":{"cacheReadInputTokenCount":0,"cacheReadInputTokens":0,"cacheWriteInputTokenCount":0,` +
		`"cacheWriteInputTokens":0,"inputTokens":12,"outputTokens":57,"serverToolUsage":{},"totalTokens":69}}`)
}

var sizes = []struct {
	name string
	size int
}{{"1KB", 1 << 10}, {"100KB", 100 << 10}}

func BenchmarkMarshal(b *testing.B) {
	for _, c := range sizes {
		b.Run(c.name, func(b *testing.B) {
			req, _ := exchange(b, c.size)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Marshal(req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	for _, c := range sizes {
		b.Run(c.name, func(b *testing.B) {
			_, body := exchange(b, c.size)
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				var r ConverseResponse
				if err := Unmarshal(body, &r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The allocations of a call of 1 KB may only become fewer.
func TestCodecAllocations(t *testing.T) {
	req, body := exchange(t, 1<<10)
	write := testing.AllocsPerRun(100, func() { Marshal(req) })
	read := testing.AllocsPerRun(100, func() {
		var r ConverseResponse
		Unmarshal(body, &r)
	})
	if t.Logf("write %v, read %v", write, read); write > 2 || read > 9 {
		t.Errorf("write %v allocations, read %v: want at most 2 and 9", write, read)
	}
}
