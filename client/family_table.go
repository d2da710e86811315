package client

// The table of families. Bodies are templates, see Family.expand; paths are
// gjson's. Ids are data of the day, never a list of what may be called.

const chatCompletions = `{"model":"$model","stream":"$stream","messages":[{"role":"system","content":"$system"},{"role":"developer","content":"$developer"},` +
	`{"role":"user","content":"$text"}],"max_completion_tokens":"$max","temperature":"$temperature","top_p":"$topP","stop":"$stop"}`

var (
	chatText  = []string{"choices.0.message.content"}
	chatDelta = []string{"choices.0.delta.content", "choices.0.message.content"}
	chatStop  = []string{"choices.0.finish_reason", "choices.0.stop_reason"}
	chatIn    = []string{"usage.prompt_tokens"}
	chatOut   = []string{"usage.completion_tokens"}

	claudeText  = `content.#(type=="text")#.text`
	embedTokens = []string{"inputTextTokenCount"}
)

var families = []Family{
	{
		Name: "claude", Kind: KindText, ids: []string{"anthropic."},
		body: `{"anthropic_version":"bedrock-2023-05-31","max_tokens":"$max|4096","system":"$system","messages":[{"role":"user","content":"$text"}],` +
			`"temperature":"$temperature","top_p":"$topP","stop_sequences":"$stop"}`,
		text: []string{claudeText}, delta: []string{"delta.text"},
		stop:  []string{"stop_reason", "delta.stop_reason"},
		input: []string{"usage.input_tokens", "message.usage.input_tokens"}, output: []string{"usage.output_tokens", "message.usage.output_tokens"},
	},
	{ // completions; removed from Bedrock
		Name: "claude-text", Kind: KindText, ids: []string{"anthropic.claude-v2", "anthropic.claude-instant"}, system: "%s",
		body: `{"prompt":"$system\n\nHuman: $text\n\nAssistant:","max_tokens_to_sample":"$max|4096","temperature":"$temperature","top_p":"$topP","stop_sequences":"$stop"}`,
		text: []string{"completion", claudeText}, delta: []string{"completion", "delta.text"},
		stop:  []string{"stop_reason", "delta.stop_reason"},
		input: []string{"usage.input_tokens"}, output: []string{"usage.output_tokens"},
	},
	{
		Name: "nova", Kind: KindText, ids: []string{"amazon.nova-"},
		body: `{"system":[{"text":"$system"}],"messages":[{"role":"user","content":[{"text":"$text"}]}],` +
			`"inferenceConfig":{"maxTokens":"$max","temperature":"$temperature","topP":"$topP","stopSequences":"$stop"}}`,
		text: []string{"output.message.content.#.text"}, delta: []string{"contentBlockDelta.delta.text"},
		stop:  []string{"stopReason", "messageStop.stopReason"},
		input: []string{"usage.inputTokens", "metadata.usage.inputTokens"}, output: []string{"usage.outputTokens", "metadata.usage.outputTokens"},
	},
	{
		Name: "nova-embed", Kind: KindEmbedding, ids: []string{"amazon.nova-2-multimodal-embeddings"},
		body: `{"taskType":"SINGLE_EMBEDDING","singleEmbeddingParams":{"embeddingPurpose":"GENERIC_INDEX","text":{"truncationMode":"END","value":"$text"}}}`,
		text: []string{"embeddings.0.embedding"}, input: embedTokens,
	},
	{ // Canvas and Titan Image Generator
		Name: "titan-image", Kind: KindImage, ids: []string{"amazon.titan-image", "amazon.nova-canvas"},
		body: `{"taskType":"TEXT_IMAGE","textToImageParams":{"text":"$text"},"imageGenerationConfig":{"numberOfImages":1}}`,
		text: []string{"images"}, failure: []string{"error"},
	},
	{Name: "nova-reel", Kind: KindVideo, ids: []string{"amazon.nova-reel"}, needs: "call StartAsyncInvoke with an S3 location for the video"},
	{Name: "nova-sonic", Kind: KindSpeech, ids: []string{"amazon.nova-sonic", "amazon.nova-2-sonic"}, needs: "it answers InvokeModelWithBidirectionalStream alone"},
	{
		Name: "titan-text", Kind: KindText, ids: []string{"amazon.titan-text", "amazon.titan-tg1"}, system: "%s\n\n",
		body: `{"inputText":"$system$text","textGenerationConfig":{"maxTokenCount":"$max","temperature":"$temperature","topP":"$topP","stopSequences":"$stop"}}`,
		text: []string{"results.0.outputText"}, delta: []string{"outputText"},
		stop:  []string{"results.0.completionReason", "completionReason"},
		input: embedTokens, output: []string{"results.0.tokenCount", "totalOutputTextTokenCount"},
	},
	{
		Name: "titan-embed", Kind: KindEmbedding, ids: []string{"amazon.titan-embed-text", "amazon.titan-embed-g1"},
		body: `{"inputText":"$text"}`,
		text: []string{"embedding", "embeddingsByType"}, input: embedTokens,
	},
	{
		Name: "titan-embed-image", Kind: KindEmbedding, ids: []string{"amazon.titan-embed-image"},
		body: `{"inputText":"$text"}`,
		text: []string{"embedding"}, input: embedTokens, failure: []string{"message"},
	},
	{
		Name: "amazon-rerank", Kind: KindRerank, ids: []string{"amazon.rerank"}, needs: "give query and documents in a body of your own",
		text: []string{"results"},
	},
	{
		Name: "llama", Kind: KindText, ids: []string{"meta.llama"}, system: "<|start_header_id|>system<|end_header_id|>\n\n%s<|eot_id|>",
		body: `{"prompt":"<|begin_of_text|>$system<|start_header_id|>user<|end_header_id|>\n\n$text<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",` +
			`"max_gen_len":"$max","temperature":"$temperature","top_p":"$topP"}`,
		text: []string{"generation"}, delta: []string{"generation"}, stop: []string{"stop_reason"},
		input: []string{"prompt_token_count"}, output: []string{"generation_token_count"},
	},
	{
		Name: "llama4", Kind: KindText, ids: []string{"meta.llama4"}, system: "<|header_start|>system<|header_end|>\n\n%s<|eot|>",
		body: `{"prompt":"<|begin_of_text|>$system<|header_start|>user<|header_end|>\n\n$text<|eot|><|header_start|>assistant<|header_end|>\n\n",` +
			`"max_gen_len":"$max","temperature":"$temperature","top_p":"$topP"}`,
		text: []string{"generation"}, delta: []string{"generation"}, stop: []string{"stop_reason"},
		input: []string{"prompt_token_count"}, output: []string{"generation_token_count"},
	},
	{ // removed from Bedrock
		Name: "llama2", Kind: KindText, ids: []string{"meta.llama2"}, system: "<<SYS>>\n%s\n<</SYS>>\n\n",
		body: `{"prompt":"<s>[INST] $system$text [/INST]","max_gen_len":"$max","temperature":"$temperature","top_p":"$topP"}`,
		text: []string{"generation"}, delta: []string{"generation"}, stop: []string{"stop_reason"},
		input: []string{"prompt_token_count"}, output: []string{"generation_token_count"},
	},
	{
		Name: "mistral", Kind: KindText, system: "%s\n\n",
		ids:  []string{"mistral.mistral-7b", "mistral.mixtral", "mistral.mistral-small-2402", "mistral.mistral-large-2402"},
		body: `{"prompt":"<s>[INST] $system$text [/INST]","max_tokens":"$max","temperature":"$temperature","top_p":"$topP","stop":"$stop"}`,
		text: []string{"outputs.0.text", "choices.0.message.content"}, delta: []string{"outputs.0.text", "choices.0.delta.content", "choices.0.message.content"},
		stop:  []string{"outputs.0.stop_reason", "choices.0.stop_reason", "choices.0.finish_reason"},
		input: chatIn, output: chatOut,
	},
	{
		Name: "deepseek-r1", Kind: KindText, ids: []string{"deepseek.r1"}, system: "%s",
		body: `{"prompt":"<｜begin▁of▁sentence｜>$system<｜User｜>$text<｜Assistant｜><think>\n","max_tokens":"$max","temperature":"$temperature","top_p":"$topP","stop":"$stop"}`,
		text: []string{"choices.0.text", "choices.0.message.content"}, delta: []string{"choices.0.text", "choices.0.delta.content"},
		stop:  []string{"choices.0.stop_reason", "choices.0.finish_reason"},
		input: chatIn, output: chatOut,
	},
	{ // Chat Completions' body, also of the endpoint /openai/v1/chat/completions
		Name: "chat", Kind: KindText,
		ids: []string{"mistral.", "deepseek.", "openai.", "qwen.", "google.", "minimax.", "moonshot.", "moonshotai.", "nvidia.", "zai.", "xai."},
		body: `{"messages":[{"role":"system","content":"$system"},{"role":"user","content":"$text"}],` +
			`"max_tokens":"$max","temperature":"$temperature","top_p":"$topP","stop":"$stop"}`,
		text: append(chatText, "choices.0.text"), delta: append(chatDelta, "choices.0.text"), stop: chatStop, input: chatIn, output: chatOut,
	},
	{ // a limit is always given: left out, it is 16 tokens
		Name: "palmyra", Kind: KindText, ids: []string{"writer."},
		body: `{"messages":[{"role":"system","content":"$system"},{"role":"user","content":"$text"}],` +
			`"max_tokens":"$max|1024","temperature":"$temperature","top_p":"$topP","stop":"$stop"}`,
		text: chatText, delta: chatDelta, stop: chatStop, input: chatIn, output: chatOut,
	},
	{
		Name: "jamba", Kind: KindText, ids: []string{"ai21."},
		body: `{"messages":[{"role":"system","content":"$system"},{"role":"user","content":"$text"}],` +
			`"max_tokens":"$max","temperature":"$temperature","top_p":"$topP","stop":"$stop"}`,
		text: chatText, delta: chatDelta, stop: chatStop, input: chatIn, output: chatOut,
	},
	{ // removed from Bedrock
		Name: "jurassic", Kind: KindText, ids: []string{"ai21.j2"}, system: "%s\n\n",
		body: `{"prompt":"$system$text","maxTokens":"$max|1024","temperature":"$temperature","topP":"$topP","stopSequences":"$stop"}`,
		text: []string{"completions.0.data.text"}, stop: []string{"completions.0.finishReason.reason"},
	},
	{
		Name: "command-r", Kind: KindText, ids: []string{"cohere.command-r"},
		body: `{"message":"$text","preamble":"$system","max_tokens":"$max","temperature":"$temperature","p":"$topP","stop_sequences":"$stop"}`,
		text: []string{"text"}, delta: []string{"text"}, stop: []string{"finish_reason", "response.finish_reason"},
		input: []string{"meta.billed_units.input_tokens"}, output: []string{"meta.billed_units.output_tokens"},
	},
	{ // removed from Bedrock
		Name: "command", Kind: KindText, ids: []string{"cohere.command"}, system: "%s\n\n",
		body: `{"prompt":"$system$text","max_tokens":"$max|1024","temperature":"$temperature","p":"$topP","stop_sequences":"$stop"}`,
		text: []string{"generations.0.text"}, delta: []string{"text", "generations.0.text"},
		stop: []string{"generations.0.finish_reason", "finish_reason"},
	},
	{
		Name: "cohere-embed", Kind: KindEmbedding, ids: []string{"cohere.embed"},
		body: `{"texts":["$text"],"input_type":"search_document"}`,
		text: []string{"embeddings", "data"},
	},
	{
		Name: "cohere-rerank", Kind: KindRerank, ids: []string{"cohere.rerank"}, needs: "give api_version 2, query and documents in a body of your own",
		text: []string{"results"},
	},
	{
		Name: "stability", Kind: KindImage, ids: []string{"stability.sd3", "stability.stable-image-core", "stability.stable-image-ultra"},
		body: `{"prompt":"$text"}`,
		text: []string{"images"}, failure: []string{"finish_reasons"},
	},
	{ // the services that edit an image
		Name: "stability-edit", Kind: KindImage, ids: []string{"stability."}, needs: "give the image in a body of your own",
		text: []string{"images"}, failure: []string{"finish_reasons"},
	},
	{ // removed from Bedrock
		Name: "stable-diffusion-xl", Kind: KindImage, ids: []string{"stability.stable-diffusion-xl"},
		body: `{"text_prompts":[{"text":"$text"}]}`,
		text: []string{"artifacts.#.base64"}, failure: []string{`artifacts.#(finishReason!="SUCCESS")#.finishReason`},
	},
	{
		Name: "marengo", Kind: KindEmbedding, ids: []string{"twelvelabs.marengo"},
		body: `{"inputType":"text","text":{"inputText":"$text"}}`,
		text: []string{"data.0.embedding", "data.embedding", "embedding"},
	},
	{
		Name: "pegasus", Kind: KindText, ids: []string{"twelvelabs.pegasus"}, needs: "give inputPrompt and mediaSource in a body of your own",
		text: []string{"message"}, delta: []string{"message"}, stop: []string{"finishReason"},
	},
	{Name: "luma", Kind: KindVideo, ids: []string{"luma."}, needs: "call StartAsyncInvoke with an S3 location for the video"},
	{ // the endpoint /openai/v1/responses
		Name: "responses", Kind: KindText, needs: "give model and input in a body of your own",
		text:  []string{`output.#(type=="message")#.content.#(type=="output_text")#.text`},
		delta: []string{`[@this].#(type=="response.output_text.delta").delta`},
		stop:  []string{"incomplete_details.reason", "status", "response.incomplete_details.reason", "response.status"},
		input: []string{"usage.input_tokens", "response.usage.input_tokens"}, output: []string{"usage.output_tokens", "response.usage.output_tokens"},
	},
}
