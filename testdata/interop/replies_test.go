package interop

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"

	"rawbedrock/eventstream"
)

func text(n int) string { return strings.Repeat("word ", n/5) }

// answer is what Converse returns, with n bytes of text.
func answer(n int) []byte {
	return []byte(`{"metrics":{"latencyMs":712},"output":{"message":{"content":[{"text":"` + text(n) + `"}],"role":"assistant"}},"stopReason":"end_turn","usage":{"inputTokens":12,"outputTokens":345,"totalTokens":357}}`)
}

// question is a Converse body with n bytes of text.
func question(n int) []byte {
	return []byte(`{"messages":[{"content":[{"text":"` + text(n) + `"}],"role":"user"}]}`)
}

// frame is an event message of a stream.
func frame(name, payload string) []byte {
	b, err := eventstream.Append(nil, message(name, payload))
	if err != nil {
		panic(err)
	}
	return b
}

func message(name, payload string) eventstream.Message {
	return eventstream.Message{
		Headers: eventstream.Headers{
			{Name: ":event-type", Value: eventstream.String(name)},
			{Name: ":content-type", Value: eventstream.String("application/json")},
			{Name: ":message-type", Value: eventstream.String("event")},
		},
		Payload: []byte(payload),
	}
}

// delta is a text event of ConverseStream of about 150 bytes; every stream has
// so many of them, or of what takes their place in its API.
const (
	delta  = `{"contentBlockIndex":0,"delta":{"text":" words"},"p":"abcdefgh"}`
	deltas = 1000
)

// chunk is an event of InvokeModelWithResponseStream around a model's own.
func chunk(event string) []byte {
	return frame("chunk", `{"bytes":"`+base64.StdEncoding.EncodeToString([]byte(event))+`","p":"abcdefgh"}`)
}

func event(data string) []byte { return []byte("data: " + data + "\n\n") }

// reply is an answer; of a stream, the first event ends at first.
type reply struct {
	contentType string
	body        []byte
	first       int
}

func streamed(contentType string, begin, delta []byte, end ...[]byte) reply {
	r := reply{contentType: contentType, first: len(begin)}
	r.body = append(bytes.Clone(begin), bytes.Repeat(delta, deltas)...)
	r.body = append(r.body, bytes.Join(end, nil)...)
	return r
}

// replies are the answers by the last word of their path, all APIs saying the
// same: n bytes whole, or the deltas.
type replies map[string]reply

func repliesOf(n int) replies {
	const (
		frames    = "application/vnd.amazon.eventstream"
		claude    = `{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[%s],"stop_reason":%s,"usage":{"input_tokens":1,"output_tokens":2}}`
		openai    = `{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"%s"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`
		openaiOne = `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{%s},"finish_reason":%s}]}`
	)
	whole := func(format string, args ...any) reply {
		return reply{contentType: "application/json", body: fmt.Appendf(nil, format, args...)}
	}
	return replies{
		"converse":    {contentType: "application/json", body: answer(n)},
		"invoke":      whole(claude, `{"type":"text","text":"`+text(n)+`"}`, `"end_turn"`),
		"completions": whole(openai, text(n)),
		"converse-stream": streamed(frames, frame("messageStart", `{"p":"abc","role":"assistant"}`), frame("contentBlockDelta", delta),
			frame("contentBlockStop", `{"contentBlockIndex":0,"p":"abc"}`), frame("messageStop", `{"p":"abc","stopReason":"end_turn"}`),
			frame("metadata", `{"metrics":{"latencyMs":12},"p":"a","usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}`)),
		"invoke-with-response-stream": streamed(frames, chunk(`{"type":"message_start","message":`+fmt.Sprintf(claude, "", "null")+`}`),
			chunk(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" words"}}`),
			chunk(`{"type":"content_block_stop","index":0}`), chunk(`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}`),
			chunk(`{"type":"message_stop"}`)),
		"completions-stream": streamed("text/event-stream", event(fmt.Sprintf(openaiOne, `"role":"assistant","content":""`, "null")),
			event(fmt.Sprintf(openaiOne, `"content":" words"`, "null")), event(fmt.Sprintf(openaiOne, "", `"stop"`)), event("[DONE]")),
	}
}

// to is the answer to a request.
func (r replies) to(path string, body []byte) reply {
	name := path[strings.LastIndexByte(path, '/')+1:]
	if name == "completions" && bytes.Contains(body, []byte(`"stream":true`)) {
		name = "completions-stream"
	}
	return r[name]
}

// RoundTrip answers from memory.
func (r replies) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		if strings.HasSuffix(req.URL.Path, "/completions") {
			body, _ = io.ReadAll(req.Body)
		} else {
			io.Copy(io.Discard, req.Body)
		}
		req.Body.Close()
	}
	a := r.to(req.URL.Path, body)
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {a.contentType}, "X-Amzn-Requestid": {"r"}}, Request: req,
		ContentLength: int64(len(a.body)), Body: io.NopCloser(bytes.NewReader(a.body)),
	}, nil
}
