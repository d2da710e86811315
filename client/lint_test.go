package client

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// What Bedrock answered with 200 has nothing to find in it.
func TestLintAcceptedRequests(t *testing.T) {
	n := 0
	for _, r := range recordings(t) {
		if !strings.HasPrefix(r.Operation, "converse") || r.Status != 200 || !json.Valid(r.Request.Body) {
			continue
		}
		req := ConverseRequest{}
		if err := Unmarshal(r.Request.Body, &req); err != nil {
			t.Fatal(err)
		}
		req.ModelID = r.Model
		n++
		for _, f := range Lint(&req) {
			// The rules say otherwise, these models do not mind.
			if f.Rule == "document-name" && strings.Contains(f.Message, "_") || f.Rule == "alternate" && strings.HasPrefix(r.Model, "amazon.titan") {
				continue
			}
			t.Errorf("%s (%s): %v", r.ID, r.Model, f)
		}
	}
	if n < 100 {
		t.Errorf("only %d requests were tried", n)
	}
}

func TestLint(t *testing.T) {
	const claude, nova = "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-lite-v1:0"
	const hi = `{"role":"user","content":[{"text":"hi"}]}`
	const tools = `,"toolConfig":{"tools":[{"toolSpec":{"name":"t","inputSchema":{"json":{"type":"object"}}}}]}`
	use := func(id string) string {
		return `{"role":"assistant","content":[{"toolUse":{"toolUseId":"` + id + `","name":"t","input":{}}}]}`
	}
	result := func(id string) string {
		return `{"role":"user","content":[{"toolResult":{"toolUseId":"` + id + `","content":[{"text":"a"}]}}]}`
	}
	messages := func(m ...string) string { return `{"messages":[` + strings.Join(m, ",") + `]` }
	for _, c := range []struct{ model, body, want string }{
		{nova, messages(hi) + `}`, ""},
		{nova, `{}`, "messages no-messages"},
		{nova, `{"messages":[{"role":"user","content":[{"text":""}]}]}`, "messages.0.content.0.text empty-text"},
		{nova, `{"messages":[{"role":"user","content":[{"text":" \n"},{"text":"a"}]}]}`, ""},
		{nova, `{"messages":[{"role":"user","content":[{"text":" \n"}]}]}`, "messages.0.content.0.text empty-text"},
		{nova, `{"messages":[{"role":"user","content":[{}]}]}`, "messages.0.content.0.text empty-text"},
		{nova, `{"messages":[{"role":"user","content":[]}]}`, "messages.0.content empty-content"},
		{nova, messages(hi) + `,"system":[{"text":""}]}`, "system.0.text empty-text"},
		{nova, messages(`{"role":"assistant","content":[{"text":"a"}]}`) + `}`, "messages.0.role first-role"},
		{nova, messages(hi, hi) + `}`, "messages.1.role alternate"},
		{nova, messages(hi, `{"role":"tool","content":[{"text":"a"}]}`) + `}`, "messages.1.role role"},
		{nova, messages(hi, `{"role":"system","content":[{"toolRemoval":{"tool":{"name":"t"}}}]}`) + `}`, ""},
		{nova, messages(`{"role":"user","content":[{"toolRemoval":{"tool":{"name":"t"}}}]}`) + `}`, "messages.0.content.0 tool-change"},

		{nova, messages(hi, use("1"), result("1")) + tools + `}`, ""},
		{nova, messages(hi, use("1"), result("1")) + `}`, "toolConfig tool-config-missing"},
		{nova, messages(hi, use("1"), result("2")) + tools + `}`, "messages.2.content.0.toolResult.toolUseId tool-result-without-use; messages.2 tool-use-unanswered"},
		{nova, messages(result("1")) + tools + `}`, "messages.0.content.0.toolResult.toolUseId tool-result-without-use"},
		{nova, messages(hi, use("1"), hi) + tools + `}`, "messages.2 tool-use-unanswered"},
		{nova, messages(hi, use("1")) + tools + `}`, "messages.1 tool-use-unanswered"},
		{nova, messages(hi, use("1"), `{"role":"user","content":[{"toolResult":{"toolUseId":"1","content":[]}}]}`) + tools + `}`, "messages.2.content.0.toolResult.content empty-tool-result"},
		{nova, messages(hi, use("1"), `{"role":"user","content":[{"toolResult":{"toolUseId":"1","content":[{"text":""}]}}]}`) + tools + `}`, "messages.2.content.0.toolResult.content.0.text empty-text"},
		{nova, messages(hi, use("1"), `{"role":"user","content":[{"toolResult":{"toolUseId":"1","content":[{"json":[1]}]}}]}`) + tools + `}`, "messages.2.content.0.toolResult.content.0.json tool-result-json"},
		{nova, messages(hi, `{"role":"assistant","content":[{"toolUse":{"toolUseId":"1","name":"n","input":{},"type":"server_tool_use"}},{"toolResult":{"toolUseId":"1","type":"x_result","content":[{"text":"a"}]}}]}`) + tools + `}`, ""},
		{nova, messages(hi, use("bad id"), result("bad id")) + tools + `}`, "messages.1.content.0.toolUse.toolUseId name"},
		{nova, messages(hi, `{"role":"assistant","content":[{"toolUse":{"toolUseId":"1","name":"t"}}]}`, result("1")) + tools + `}`, "messages.1.content.0.toolUse.input tool-input-missing"},
		{nova, messages(hi) + `,"toolConfig":{"tools":[]}}`, "toolConfig.tools no-tools"},
		{nova, messages(hi) + `,"toolConfig":{"tools":[{"toolSpec":{"name":"a b","inputSchema":{"json":"{}"}}}]}}`, "toolConfig.tools.0.toolSpec.name name; toolConfig.tools.0.toolSpec.inputSchema.json tool-schema"},
		{nova, messages(hi) + tools[:len(tools)-1] + `,"toolChoice":{"tool":{"name":"u"}}}}`, "toolConfig.toolChoice.tool.name tool-choice"},

		{claude, messages(hi, `{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"a"}}},{"text":"b"}]}`, hi) + `}`, "messages.1.content.0.reasoningContent.reasoningText.signature reasoning-signature"},
		{nova, messages(hi, `{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"a"}}},{"text":"b"}]}`, hi) + `}`, ""},
		{claude, messages(hi, `{"role":"assistant","content":[{"reasoningContent":{"redactedContent":"AAAA"}},{"text":"b"}]}`, hi) + `}`, ""},

		{nova, `{"messages":[{"role":"user","content":[{"document":{"format":"pdf","name":"a_b.pdf","source":{"bytes":"AA=="}}},{"text":"a"}]}]}`, "messages.0.content.0.document.name document-name"},
		{nova, `{"messages":[{"role":"user","content":[{"document":{"format":"pdf","name":"a (1) [x]-2","source":{"bytes":"AA=="}}}]}]}`, "messages.0.content document-without-text"},
		{nova, `{"messages":[{"role":"user","content":[{"image":{"format":"jpg","source":{"bytes":"AA=="}}}]}]}`, "messages.0.content.0.image.format format"},
		{nova, messages(hi, `{"role":"assistant","content":[{"image":{"format":"png","source":{"bytes":"AA=="}}}]}`, hi) + `}`, "messages.1.content.0.image user-only"},
		{nova, messages(`{"role":"user","content":[`+strings.Repeat(`{"image":{"format":"png","source":{"bytes":"AA=="}}},`, 21)+`{"text":"a"}]}`) + `}`, "messages.0.content too-many-images"},
		{nova, messages(`{"role":"user","content":[`+strings.Repeat(`{"text":"a"},{"cachePoint":{"type":"default"}},`, 5)+`{"text":"a"}]}`) + `}`, "messages.0.content.9.cachePoint cache-points"},
		{nova, messages(`{"role":"user","content":[{"text":"a"},{"cachePoint":{"type":"default","ttl":"1h"}}]}`) + `,"system":[{"text":"a"},{"cachePoint":{"type":"default"}}]}`, "messages.0.content.1.cachePoint.ttl cache-order"},

		{nova, messages(hi) + `,"inferenceConfig":{"maxTokens":8193}}`, "inferenceConfig.maxTokens max-tokens"},
		{"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0", messages(hi) + `,"inferenceConfig":{"maxTokens":8193}}`, "inferenceConfig.maxTokens max-tokens"},
		{nova, messages(hi) + `,"inferenceConfig":{"maxTokens":8192,"temperature":0.0,"topP":1}}`, ""},
		{"unknown.model", messages(hi) + `,"inferenceConfig":{"maxTokens":9999999}}`, ""},
		{nova, messages(hi) + `,"inferenceConfig":{"maxTokens":-1,"temperature":1.5,"stopSequences":[""]}}`, "inferenceConfig.maxTokens max-tokens; inferenceConfig.temperature range; inferenceConfig.stopSequences.0 stop-sequences"},
		{claude, messages(hi) + `,"inferenceConfig":{"temperature":0.5,"topP":0.5}}`, "inferenceConfig sampling"},
		{"us.openai.gpt-6.1-sol", messages(hi) + `,"inferenceConfig":{"temperature":0.5}}`, "inferenceConfig.temperature sampling"},
		{nova, messages(hi) + `,"guardrailConfig":{"guardrailIdentifier":"abc"}}`, "guardrailConfig guardrail"},
		{nova, messages(hi) + `,"additionalModelResponseFieldPaths":["stop"]}`, "additionalModelResponseFieldPaths.0 response-fields"},
		{nova, messages(hi) + `,"requestMetadata":{"a!":"b"}}`, "requestMetadata.a! metadata"},
		{nova, messages(hi) + `,"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{"}}}}}`, "outputConfig.textFormat.structure.jsonSchema.schema schema"},
		{nova, messages(hi) + `,"promptVariables":{"a":{"text":"b"}}}`, "promptVariables prompt-variables"},
		{"arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:1", `{"promptVariables":{"a":{"text":"b"}}}`, ""},
		{"arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ", `{"inferenceConfig":{"maxTokens":1}}`, "modelId prompt"},
		{"amazon.titan-embed-text-v2:0", messages(hi) + `}`, "modelId no-converse"},
		{nova, `{"messages":[{"role":"user","content":"hi"}]}`, "messages.0.content type"},
		{nova, messages(hi) + `,"inferenceConfig":{"maxTokens":"5"}}`, "inferenceConfig.maxTokens type"},
		{nova, `{"messages":[{"role":"user","content":[{"hologram":{}}]}],"later":1}`, ""},
	} {
		r := ConverseRequest{}
		if err := Unmarshal([]byte(c.body), &r); err != nil {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		r.ModelID = c.model
		var got []string
		for _, f := range Lint(&r) {
			got = append(got, f.Path+" "+f.Rule)
			if f.Message == "" || !strings.Contains(f.String(), f.Message) {
				t.Errorf("%s: finding %+v says nothing", c.body, f)
			}
		}
		want := strings.Split(c.want, "; ")
		if c.want == "" {
			want = nil
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s\n got %q\nwant %q", c.body, got, want)
		}
	}
}

func TestLintGoValues(t *testing.T) {
	r := NewConverse("amazon.nova-lite-v1:0", "a")
	r.Messages = append(r.Messages, Message{Role: RoleAssistant, Content: []ContentBlock{{ToolUse: &ToolUseBlock{ToolUseID: "1", Name: "n", Incomplete: true, Partial: "{"}}}},
		Message{Role: RoleUser, Content: []ContentBlock{ToolResult("1", "ok"), {Text: "b", Image: &ImageBlock{Format: "png", Source: MediaSource{Bytes: make([]byte, 3_750_001)}}}}})
	r.ToolConfig = &ToolConfig{Tools: []Tool{{SystemTool: &SystemTool{Name: "nova_grounding"}}}}
	var got []string
	for _, f := range Lint(r) {
		got = append(got, f.Rule)
	}
	if want := []string{"tool-input-incomplete", "image-size", "json"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// What Lint costs does not grow with the files in a request, but for writing
// them once.
func TestLintAllocations(t *testing.T) {
	r := NewConverse("amazon.nova-lite-v1:0", "a")
	r.Messages[0].Content = append(r.Messages[0].Content, Image("png", make([]byte, 1<<20)))
	if n := testing.AllocsPerRun(1, func() { Lint(r) }); n > 1000 {
		t.Errorf("%v allocations", n)
	}
}

func TestDocumentName(t *testing.T) {
	for name, want := range map[string]string{
		"report_v1.2.pdf": "report v1 2 pdf", "a  b\tc": "a b c", "(x) [y]-z": "(x) [y]-z", "": "document", "…": "document", "é1": "1",
		strings.Repeat("ab ", 100): strings.TrimSpace(strings.Repeat("ab ", 67))[:200],
	} {
		if got := DocumentName(name); got != want || DocumentName(got) != got {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
