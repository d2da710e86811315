package bedrocktest

import "strings"

// The dialects that take a prompt as plain text. Source: the user guide's page
// on inference request parameters, and what the models were seen to answer.

// readPrompt makes a reader of the members that such a dialect has.
func readPrompt(prompt, max, stops string) func(*ask, object) *apiError {
	return func(q *ask, o object) *apiError {
		q.prompt = strings.TrimSpace(o.text(prompt))
		if q.prompt == "" {
			return malformed("#/" + prompt + ": expected minLength: 1, actualLength: 0")
		}
		if n, ok := o.number(max); ok && n < 1 {
			return malformed("#/" + max + ": " + string(encode(n)) + " is not greater or equal to 1")
		}
		q.input = count(q.prompt)
		q.max, _ = o.number(max)
		q.stops = o.texts(stops)
		return nil
	}
}

// reason picks the word for why the answer ended.
func (a answer) reason(end, length string) string {
	if a.stop == maxTokens {
		return length
	}
	return end
}

// textChunks makes a chunk of every piece of the answer; last is true for the
// last of them, of which there is always one.
func (t turn) textChunks(value func(text string, n int, last bool) map[string]any) []chunk {
	pieces := split(t.text())
	if len(pieces) == 0 {
		pieces = []string{""}
	}
	var chunks []chunk
	for i, p := range pieces {
		chunks = append(chunks, chunk{value: value(p, i+1, i == len(pieces)-1), tokens: 1})
	}
	return chunks
}

// when is v under a condition, else null.
func when(condition bool, v any) any {
	if condition {
		return v
	}
	return nil
}

var titanText = dialect{
	required: []string{"inputText"},
	allowed:  []string{"textGenerationConfig"},
	read: func(q *ask, o object) *apiError {
		config := o.object("textGenerationConfig")
		if err := readPrompt("inputText", "", "")(q, o); err != nil {
			return err
		}
		if n, ok := config.number("maxTokenCount"); ok && n < 0 {
			return malformed("#/textGenerationConfig/maxTokenCount: " + string(encode(n)) + " is not greater or equal to 0")
		}
		q.max, _ = config.number("maxTokenCount")
		q.stops = config.texts("stopSequences")
		return nil
	},
	whole: func(t turn) map[string]any {
		return map[string]any{
			"inputTextTokenCount": t.input,
			"results": []any{map[string]any{
				"tokenCount": t.output, "outputText": "\n" + t.text(), "completionReason": t.titanReason(),
			}},
		}
	},
	stream: func(t turn) []chunk {
		return t.textChunks(func(text string, n int, last bool) map[string]any {
			return map[string]any{
				"outputText": text, "index": 0, "inputTextTokenCount": when(n == 1, t.input),
				"totalOutputTextTokenCount": when(last, t.output), "completionReason": when(last, t.titanReason()),
			}
		})
	},
}

func (a answer) titanReason() string {
	if a.stop == stopSequence {
		return "STOP_CRITERIA_MET"
	}
	return a.reason("FINISH", "LENGTH")
}

var llamaPrompt = dialect{
	required: []string{"prompt"},
	allowed:  []string{"temperature", "top_p", "max_gen_len", "images"},
	read:     readPrompt("prompt", "max_gen_len", ""),
	whole: func(t turn) map[string]any {
		return map[string]any{
			"generation": t.text(), "prompt_token_count": t.input, "generation_token_count": t.output,
			"stop_reason": t.reason("stop", "length"),
		}
	},
	stream: func(t turn) []chunk {
		return t.textChunks(func(text string, n int, last bool) map[string]any {
			return map[string]any{
				"generation": text, "prompt_token_count": when(n == 1, t.input), "generation_token_count": n,
				"stop_reason": when(last, t.reason("stop", "length")),
			}
		})
	},
}

var mistralPrompt = dialect{
	required: []string{"prompt"},
	allowed:  []string{"max_tokens", "temperature", "top_p", "top_k", "stop"},
	read:     readPrompt("prompt", "max_tokens", "stop"),
	whole: func(t turn) map[string]any {
		return map[string]any{"outputs": []any{map[string]any{"text": t.text(), "stop_reason": t.reason("stop", "length")}}}
	},
	stream: func(t turn) []chunk {
		return t.textChunks(func(text string, _ int, last bool) map[string]any {
			return map[string]any{"outputs": []any{map[string]any{"text": text, "stop_reason": when(last, t.reason("stop", "length"))}}}
		})
	},
}

// deepseekPrompt is DeepSeek R1.
var deepseekPrompt = dialect{
	required: []string{"prompt"},
	read:     readPrompt("prompt", "max_tokens", "stop"),
	whole: func(t turn) map[string]any {
		return map[string]any{"choices": []any{map[string]any{"text": t.text(), "stop_reason": t.reason("stop", "length")}}}
	},
	stream: func(t turn) []chunk {
		return t.textChunks(func(text string, _ int, last bool) map[string]any {
			return map[string]any{"choices": []any{map[string]any{"text": text, "stop_reason": when(last, t.reason("stop", "length"))}}}
		})
	},
}

// completionPrompt is OpenAI's older text completion: imported models and
// Marketplace endpoints behind an ARN.
var completionPrompt = dialect{
	required: []string{"prompt"},
	read:     readPrompt("prompt", "max_tokens", "stop"),
	whole: func(t turn) map[string]any {
		o := t.textCompletion(t.text(), t.reason("stop", "length"))
		o["usage"] = t.chatUsage()
		return o
	},
	stream: func(t turn) []chunk {
		return t.textChunks(func(text string, _ int, last bool) map[string]any {
			return t.textCompletion(text, when(last, t.reason("stop", "length")))
		})
	},
}

func (t turn) textCompletion(text string, finish any) map[string]any {
	return map[string]any{
		"id": "cmpl-" + t.seed.uuid("completion"), "object": "text_completion", "created": created, "model": t.model.id, "system_fingerprint": "mock",
		"choices": []any{map[string]any{"index": 0, "text": text, "logprobs": nil, "finish_reason": finish}},
	}
}

// claudePrompt is the text completion of Claude 2.
var claudePrompt = dialect{
	required: []string{"prompt", "max_tokens_to_sample"},
	read:     readPrompt("prompt", "max_tokens_to_sample", "stop_sequences"),
	whole: func(t turn) map[string]any {
		return map[string]any{
			"type": "completion", "completion": " " + t.text(), "stop_reason": t.reason("stop_sequence", "max_tokens"), "stop": t.human(),
		}
	},
	stream: func(t turn) []chunk {
		return t.textChunks(func(text string, _ int, last bool) map[string]any {
			return map[string]any{
				"type": "completion", "completion": text,
				"stop_reason": when(last, t.reason("stop_sequence", "max_tokens")), "stop": when(last, t.human()),
			}
		})
	},
}

// human is the stop sequence that ends a text completion.
func (a answer) human() any {
	switch a.stop {
	case maxTokens:
		return nil
	case stopSequence:
		return a.sequence
	}
	return "\n\nHuman:"
}

// coherePrompt is Command, coherePrompt's stream one object unless the body
// asks for more.
var coherePrompt = dialect{
	required: []string{"prompt"},
	read:     readPrompt("prompt", "max_tokens", "stop_sequences"),
	whole: func(t turn) map[string]any {
		return map[string]any{
			"generations": []any{map[string]any{"finish_reason": t.reason("COMPLETE", "MAX_TOKENS"), "id": t.seed.uuid("generation"), "text": " " + t.text()}},
			"id":          t.seed.uuid("id"), "prompt": t.body.text("prompt"),
		}
	},
	stream: func(t turn) []chunk {
		chunks := t.textChunks(func(text string, _ int, _ bool) map[string]any {
			return map[string]any{"index": 0, "is_finished": false, "text": text}
		})
		return append(chunks, chunk{value: map[string]any{"finish_reason": t.reason("COMPLETE", "MAX_TOKENS"), "is_finished": true}, end: true})
	},
}

// cohereChat is Command R.
var cohereChat = dialect{
	required: []string{"message"},
	read:     readPrompt("message", "max_tokens", "stop_sequences"),
	whole:    turn.cohereResponse,
	stream: func(t turn) []chunk {
		chunks := t.textChunks(func(text string, _ int, _ bool) map[string]any {
			return map[string]any{"event_type": "text-generation", "is_finished": false, "text": text}
		})
		response := t.cohereResponse()
		response["meta"] = map[string]any{
			"api_version":  map[string]any{"version": "1"},
			"billed_units": map[string]any{"input_tokens": t.input, "output_tokens": t.output},
			"tokens":       map[string]any{"input_tokens": t.input, "output_tokens": t.output},
		}
		return append(chunks, chunk{end: true, value: map[string]any{
			"event_type": "stream-end", "finish_reason": response["finish_reason"], "is_finished": true, "response": response,
		}})
	},
}

func (t turn) cohereResponse() map[string]any {
	history := append(t.body.list("chat_history"),
		map[string]any{"role": "USER", "message": t.body.text("message")},
		map[string]any{"role": "CHATBOT", "message": t.text()})
	return map[string]any{
		"response_id": t.seed.uuid("response"), "generation_id": t.seed.uuid("generation"),
		"text": t.text(), "chat_history": history, "finish_reason": t.reason("COMPLETE", "MAX_TOKENS"),
	}
}
