package client

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestFamilyOf(t *testing.T) {
	for model, want := range map[string]string{
		"anthropic.claude-opus-5-5":                       "claude",
		"us.anthropic.claude-sonnet-4-5-20250929-v1:0":    "claude",
		"global.anthropic.claude-haiku-4-5-20251001-v1:0": "claude",
		"anthropic.claude-v2:1":                           "claude-text",
		"anthropic.claude-instant-v1":                     "claude-text",
		"arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0":                 "claude",
		"arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/us-gov.openai.gpt-oss-20b-1:0":  "chat",
		"arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.titan-text-express-v1:0:8k/abcdef123456": "titan-text",
		"arn:aws:bedrock:us-east-1:123456789012:default-prompt-router/meta.llama:1":                          "llama",
		"amazon.nova-micro-v1:0":                    "nova",
		"eu.amazon.nova-2-lite-v1:0":                "nova",
		"amazon.nova-2-multimodal-embeddings-v1:0":  "nova-embed",
		"amazon.nova-canvas-v1:0":                   "titan-image",
		"amazon.nova-reel-v1:1":                     "nova-reel",
		"amazon.nova-2-sonic-v1:0":                  "nova-sonic",
		"amazon.titan-image-generator-v2:0":         "titan-image",
		"amazon.titan-text-premier-v1:0":            "titan-text",
		"amazon.titan-embed-text-v2:0":              "titan-embed",
		"amazon.titan-embed-image-v1":               "titan-embed-image",
		"amazon.rerank-v1:0":                        "amazon-rerank",
		"us.meta.llama3-3-70b-instruct-v1:0":        "llama",
		"us.meta.llama4-maverick-17b-instruct-v1:0": "llama4",
		"meta.llama2-13b-chat-v1":                   "llama2",
		"mistral.mistral-7b-instruct-v0:2":          "mistral",
		"mistral.mistral-large-2402-v1:0":           "mistral",
		"mistral.mistral-large-2407-v1:0":           "chat",
		"us.mistral.pixtral-large-2502-v1:0":        "chat",
		"mistral.voxtral-mini-3b-2507":              "chat",
		"us.deepseek.r1-v1:0":                       "deepseek-r1",
		"deepseek.v3.2":                             "chat",
		"openai.gpt-oss-120b-1:0":                   "chat",
		"qwen.qwen3-32b-v1:0":                       "chat",
		"google.gemma-3-4b-it":                      "chat",
		"minimax.minimax-m2.1":                      "chat",
		"moonshot.kimi-k2-thinking":                 "chat",
		"moonshotai.kimi-k2.5":                      "chat",
		"nvidia.nemotron-nano-9b-v2":                "chat",
		"zai.glm-4.7":                               "chat",
		"us.xai.grok-4.6":                           "chat",
		"us.writer.palmyra-x5-v1:0":                 "palmyra",
		"cohere.command-r-plus-v1:0":                "command-r",
		"cohere.command-light-text-v14":             "command",
		"us.cohere.embed-v4:0":                      "cohere-embed",
		"cohere.embed-multilingual-v3":              "cohere-embed",
		"cohere.rerank-v3-5:0":                      "cohere-rerank",
		"ai21.jamba-1-5-mini-v1:0":                  "jamba",
		"ai21.j2-ultra-v1":                          "jurassic",
		"stability.sd3-5-large-v1:0":                "stability",
		"us.stability.stable-image-inpaint-v1:0":    "stability-edit",
		"twelvelabs.marengo-embed-3-0-v1:0":         "marengo",
		"us.twelvelabs.pegasus-1-2-v1:0":            "pegasus",
		"luma.ray-v2:0":                             "luma",
		"":                                          "",
		"unknown.model-v1":                          "",
		"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl": "",
		"arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl":             "",
		"arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl":                "",
		"arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl":       "",
		"arn:aws:sagemaker:us-east-1:123456789012:endpoint/meta.llama":                      "",
		"arn:aws:bedrock": "",
	} {
		f, ok := FamilyOf(model)
		if f.Name != want || ok != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", model, f.Name, ok, want)
		}
	}
	if _, ok := FamilyByName("Claude"); ok {
		t.Error("found a family by a name in another case")
	}
	for name, want := range map[string]string{"anthropic": "claude", "qwen": "chat", "writer": "palmyra", "mistral": "mistral", "amazon": "", "": ""} {
		if f, ok := FamilyByName(name); f.Name != want || ok != (want != "") {
			t.Errorf("FamilyByName(%q) finds %q, want %q", name, f.Name, want)
		}
	}
	names := FamilyNames()
	for _, name := range names {
		if f, ok := FamilyByName(name); !ok || f.Name != name {
			t.Errorf("FamilyByName(%q) finds %q", name, f.Name)
		}
	}
	if slices.Sort(names); len(slices.Compact(names)) != len(families) {
		t.Error("two families of one name")
	}
}

func TestFamilyBody(t *testing.T) {
	full := Prompt{Text: "Say \"hi\" for $max\n", System: "Be $text", MaxTokens: 7, Temperature: new(0.5), TopP: new(0.25), Stop: []string{"<a>", "b"}}
	for _, c := range []struct {
		family     string
		p          Prompt
		want, fail string
	}{
		{"claude", Prompt{Text: "a"}, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":4096,"messages":[{"role":"user","content":"a"}]}`, ""},
		{"claude", full, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":7,"system":"Be $text","messages":[{"role":"user","content":"Say \"hi\" for $max\n"}],"temperature":0.5,"top_p":0.25,"stop_sequences":["<a>","b"]}`, ""},
		{"claude", Prompt{Text: "a", Temperature: new(0.0)}, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":4096,"messages":[{"role":"user","content":"a"}],"temperature":0}`, ""},
		{"claude-text", Prompt{Text: "a", System: "b"}, `{"prompt":"b\n\nHuman: a\n\nAssistant:","max_tokens_to_sample":4096}`, ""},
		{"nova", Prompt{Text: "a"}, `{"messages":[{"role":"user","content":[{"text":"a"}]}]}`, ""},
		{"nova", full, `{"system":[{"text":"Be $text"}],"messages":[{"role":"user","content":[{"text":"Say \"hi\" for $max\n"}]}],"inferenceConfig":{"maxTokens":7,"temperature":0.5,"topP":0.25,"stopSequences":["<a>","b"]}}`, ""},
		{"titan-text", Prompt{Text: "a", MaxTokens: 9}, `{"inputText":"a","textGenerationConfig":{"maxTokenCount":9}}`, ""},
		{"titan-text", Prompt{Text: "a", System: "b"}, `{"inputText":"b\n\na"}`, ""},
		{"titan-embed", Prompt{Text: "a"}, `{"inputText":"a"}`, ""},
		{"titan-embed", Prompt{Text: "a", MaxTokens: 1}, "", "titan-embed take no limit of tokens"},
		{"titan-embed", Prompt{Text: "a", System: "b"}, "", "titan-embed take no system prompt"},
		{"llama", Prompt{Text: "a"}, `{"prompt":"<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\na<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"}`, ""},
		{"llama", Prompt{Text: "a", System: "b"}, `{"prompt":"<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nb<|eot_id|><|start_header_id|>user<|end_header_id|>\n\na<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"}`, ""},
		{"llama", Prompt{Text: "a", Stop: []string{"b"}}, "", "llama take no stop sequences"},
		{"mistral", Prompt{Text: "a", System: "b", TopP: new(1.0)}, `{"prompt":"<s>[INST] b\n\na [/INST]","top_p":1}`, ""},
		{"deepseek-r1", Prompt{Text: "a"}, `{"prompt":"<｜begin▁of▁sentence｜><｜User｜>a<｜Assistant｜><think>\n"}`, ""},
		{"chat", full, `{"messages":[{"role":"system","content":"Be $text"},{"role":"user","content":"Say \"hi\" for $max\n"}],"max_tokens":7,"temperature":0.5,"top_p":0.25,"stop":["<a>","b"]}`, ""},
		{"palmyra", Prompt{Text: "a"}, `{"messages":[{"role":"user","content":"a"}],"max_tokens":1024}`, ""},
		{"command-r", Prompt{Text: "a", System: "b"}, `{"message":"a","preamble":"b"}`, ""},
		{"cohere-embed", Prompt{Text: "a"}, `{"texts":["a"],"input_type":"search_document"}`, ""},
		{"nova-embed", Prompt{Text: "a"}, `{"taskType":"SINGLE_EMBEDDING","singleEmbeddingParams":{"embeddingPurpose":"GENERIC_INDEX","text":{"truncationMode":"END","value":"a"}}}`, ""},
		{"titan-image", Prompt{Text: "a"}, `{"taskType":"TEXT_IMAGE","textToImageParams":{"text":"a"},"imageGenerationConfig":{"numberOfImages":1}}`, ""},
		{"pegasus", Prompt{Text: "a"}, "", "mediaSource"},
		{"cohere-rerank", Prompt{Text: "a"}, "", "documents"},
		{"nova-reel", Prompt{Text: "a"}, "", "StartAsyncInvoke"},
	} {
		f, _ := FamilyByName(c.family)
		body, err := f.Body(c.p)
		if string(body) != c.want || (err != nil) != (c.fail != "") || err != nil && (!strings.Contains(err.Error(), c.fail) || !errors.Is(err, ErrValidation)) {
			t.Errorf("%s %+v\n got %s, %v\nwant %s %s", c.family, c.p, body, err, c.want, c.fail)
		}
	}
}

// Every text family takes a prompt, a system prompt and a limit.
func TestEveryTextFamilyTakesAPrompt(t *testing.T) {
	for _, f := range families {
		if f.needs != "" {
			continue
		}
		p := Prompt{Text: "the prompt"}
		if f.Kind == KindText {
			p.System, p.MaxTokens, p.Temperature, p.TopP = "the system", 77, new(0.75), new(0.5)
		}
		body, err := f.Body(p)
		if err != nil || !json.Valid(body) {
			t.Errorf("%s: %s, %v", f.Name, body, err)
		}
		wanted := []string{"the prompt"}
		if f.Kind == KindText {
			wanted = append(wanted, "the system", ":77", ":0.75", ":0.5")
		}
		for _, w := range wanted {
			if strings.Count(string(body), w) != 1 {
				t.Errorf("%s: %q is not once in %s", f.Name, w, body)
			}
		}
	}
}

func TestChatBody(t *testing.T) {
	body, err := ChatBody("openai.gpt-oss-20b-1:0", Prompt{Text: "a", System: "b", MaxTokens: 5, Stop: []string{"c"}}, "d", true)
	want := `{"model":"openai.gpt-oss-20b-1:0","stream":true,"messages":[{"role":"system","content":"b"},{"role":"developer","content":"d"},{"role":"user","content":"a"}],"max_completion_tokens":5,"stop":["c"]}`
	if string(body) != want || err != nil {
		t.Errorf("got  %s, %v\nwant %s", body, err, want)
	}
	body, err = ChatBody("m", Prompt{Text: "a"}, "", false)
	if want := `{"model":"m","messages":[{"role":"user","content":"a"}]}`; string(body) != want || err != nil {
		t.Errorf("got  %s, %v\nwant %s", body, err, want)
	}
}

// answer has every place where a family's text can stand.
type answer struct {
	Completion, Generation, OutputText, Text string
	Content                                  []struct{ Type, Text string }
	Output                                   struct {
		Message struct{ Content []struct{ Text string } }
	}
	Results              []struct{ OutputText string }
	Outputs, Generations []struct{ Text string }
	Completions          []struct{ Data struct{ Text string } }
	Choices              []struct {
		Text           string
		Message, Delta struct{ Content string }
	}
	Delta             struct{ Text string }
	ContentBlockDelta struct{ Delta struct{ Text string } }
}

// textOf reads an answer or chunk with encoding/json, independent of the table.
func textOf(data []byte) string {
	var a answer
	if json.Unmarshal(data, &a) != nil {
		return ""
	}
	s := a.Completion + a.Generation + a.OutputText + a.Text + a.Delta.Text + a.ContentBlockDelta.Delta.Text
	for _, c := range a.Content {
		s += c.Text
	}
	for _, c := range a.Output.Message.Content {
		s += c.Text
	}
	for _, c := range a.Results {
		s += c.OutputText
	}
	for _, c := range append(a.Outputs, a.Generations...) {
		s += c.Text
	}
	for _, c := range a.Completions {
		s += c.Data.Text
	}
	for _, c := range a.Choices {
		s += c.Text + c.Message.Content + c.Delta.Content
	}
	return s
}

func TestFamiliesOnRecordings(t *testing.T) {
	tried := map[string]int{}
	for _, r := range recordings(t) {
		f, ok := FamilyOf(r.Model)
		if r.Status != 200 || !ok {
			continue
		}
		switch r.Operation {
		case "invoke":
			checkAnswer(t, f, r)
		case "invoke-with-response-stream":
			checkStream(t, f, r)
		default:
			continue
		}
		tried[f.Name]++
	}
	t.Logf("%v", tried)
	if len(tried) < 15 {
		t.Errorf("only the families %v were tried", tried)
	}
}

func checkAnswer(t *testing.T, f Family, r recording) {
	body := r.Response.Body
	if strings.Contains(string(body), "UnknownOperationException") {
		return
	}
	if f.Kind == KindEmbedding {
		if v := f.Result(body); len(v.Array()) == 0 {
			t.Errorf("%s: no vector in %.200s", r.ID, body)
		}
		return
	}
	if got, want := f.Text(body), textOf(body); got != want || got == "" && !strings.Contains(string(body), "tool") {
		t.Errorf("%s (%s): text %q, want %q of %.300s", r.ID, f.Name, got, want, body)
	}
	if f.Stop(body) == "" && !strings.Contains(string(body), "amazon-bedrock-guardrailAction") {
		t.Errorf("%s (%s): no stop reason in %.300s", r.ID, f.Name, body)
	}
	if _, ok := f.Usage(body); !ok && strings.Contains(string(body), "oken") && strings.Contains(string(body), "ount\"") {
		t.Errorf("%s (%s): no usage in %.300s", r.ID, f.Name, body)
	}
}

func checkStream(t *testing.T, f Family, r recording) {
	var got, want, stop string
	var usage TokenUsage
	chunks, metrics := 0, false
	for _, e := range r.Events {
		var p struct{ Bytes []byte }
		if e.Headers[":event-type"] != "chunk" || json.Unmarshal([]byte(e.Payload), &p) != nil {
			continue
		}
		chunks++
		got += f.Delta(p.Bytes)
		want += textOf(p.Bytes)
		if s := f.Stop(p.Bytes); s != "" {
			stop = s
		}
		if u, ok := f.Usage(p.Bytes); ok && u.OutputTokens > 0 {
			usage = u
		}
		metrics = metrics || strings.Contains(string(p.Bytes), `"amazon-bedrock-invocationMetrics"`)
	}
	if got != want || got == "" && stop != "tool_use" && stop != "stop_sequence" && chunks > 0 {
		t.Errorf("%s (%s): text %q, want %q", r.ID, f.Name, got, want)
	}
	if metrics && (stop == "" || usage.InputTokens == 0 || usage.TotalTokens == 0) {
		t.Errorf("%s (%s): stop %q, usage %+v", r.ID, f.Name, stop, usage)
	}
}

func TestFamilyFailureAndImages(t *testing.T) {
	image := base64.StdEncoding.EncodeToString([]byte("\x89PNG"))
	for _, c := range []struct {
		family, body string
		images       int
		fail         string
	}{
		{"titan-image", `{"images":["` + image + `","` + image + `"],"error":null}`, 2, ""},
		{"titan-image", `{"images":[],"error":"blocked by our policies"}`, 0, "blocked by our policies"},
		{"stability", `{"images":["` + image + `"],"seeds":[1],"finish_reasons":[null]}`, 1, ""},
		{"stability", `{"images":[""],"finish_reasons":["Filter reason: prompt"]}`, 0, "Filter reason: prompt"},
		{"stable-diffusion-xl", `{"artifacts":[{"base64":"` + image + `","finishReason":"SUCCESS"}]}`, 1, ""},
		{"stable-diffusion-xl", `{"artifacts":[{"base64":"` + image + `","finishReason":"CONTENT_FILTERED"}]}`, 0, "CONTENT_FILTERED"},
		{"titan-image", `{"images":["no base64"]}`, 0, "image 0"},
		{"titan-image", `{}`, 0, "no image"},
	} {
		f, _ := FamilyByName(c.family)
		images, err := f.Images([]byte(c.body))
		if len(images) != c.images || (err != nil) != (c.fail != "") || err != nil && (!strings.Contains(err.Error(), c.fail) || !errors.Is(err, ErrModelError)) {
			t.Errorf("%s %s: %d images, %v", c.family, c.body, len(images), err)
		}
	}
	f, _ := FamilyByName("titan-embed-image")
	if err := f.Failure([]byte(`{"embedding":null,"message":"too large"}`)); err == nil {
		t.Error("a message in an answer of 200 is no failure")
	}
	if err := f.Failure([]byte(`{"embedding":[1],"message":null}`)); err != nil {
		t.Error(err)
	}
}

func TestResponsesFamily(t *testing.T) {
	f, _ := FamilyByName("responses")
	body := []byte(`{"status":"completed","output":[{"type":"reasoning","content":[{"type":"reasoning_text","text":"no"}]},
		{"type":"message","content":[{"type":"output_text","text":"a"},{"type":"refusal"},{"type":"output_text","text":"b"}]}],"usage":{"input_tokens":3,"output_tokens":4}}`)
	if got := f.Text(body); got != "ab" {
		t.Errorf("text %q", got)
	}
	if u, ok := f.Usage(body); !ok || u.TotalTokens != 7 {
		t.Errorf("usage %+v", u)
	}
	for chunk, want := range map[string]string{
		`{"type":"response.output_text.delta","delta":"a"}`:             "a",
		`{"type":"response.function_call_arguments.delta","delta":"a"}`: "",
		`{"type":"response.created"}`:                                   "",
	} {
		if got := f.Delta([]byte(chunk)); got != want {
			t.Errorf("%s: %q", chunk, got)
		}
	}
}

func TestHeaderUsage(t *testing.T) {
	h := http.Header{}
	if _, ok := HeaderUsage(h); ok {
		t.Error("usage of no header")
	}
	h.Set("X-Amzn-Bedrock-Input-Token-Count", "3")
	h.Set("x-amzn-bedrock-output-token-count", "4")
	h.Set("X-Amzn-Bedrock-Cache-Read-Input-Token-Count", "5")
	got, ok := HeaderUsage(h)
	want := TokenUsage{InputTokens: 3, OutputTokens: 4, TotalTokens: 12, CacheReadInputTokens: 5}
	if !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestFamilyTruncated(t *testing.T) {
	for stop, want := range map[string]bool{"max_tokens": true, "LENGTH": true, "length": true, "MAX_TOKENS": true, "stop": false, "": false, "FINISH": false} {
		if got := (Family{}).Truncated(stop); got != want {
			t.Errorf("%q: %v", stop, got)
		}
	}
}
