package client

// outputLimit is the most tokens that a model writes, when that is known.
func outputLimit(model string) (int, bool) {
	longest, limit := "", 0
	for prefix, n := range outputLimits {
		if len(prefix) > len(longest) && modelIs(model, []string{prefix}) {
			longest, limit = prefix, n
		}
	}
	return limit, limit > 0
}

// outputLimits by the beginning of a model id; 0 is not known. Sources: the
// models' cards in the Amazon Bedrock user guide; models.dev, July 2026.
var outputLimits = map[string]int{
	"ai21.jamba-1-5":                        4096,
	"amazon.nova-lite":                      8192,
	"amazon.nova-micro":                     8192,
	"amazon.nova-pro":                       8192,
	"anthropic.claude-3-5-haiku-20241022":   8192,
	"anthropic.claude-haiku-4-5-20251001":   64000,
	"anthropic.claude-opus-4-1-20250805":    32000,
	"anthropic.claude-opus-4-5-20251101":    64000,
	"anthropic.claude-opus-4-6-v1":          128000,
	"anthropic.claude-opus-4-7":             128000,
	"anthropic.claude-opus-4-8":             128000,
	"anthropic.claude-opus-5-5":             128000,
	"anthropic.claude-sonnet-4-20250514":    64000,
	"anthropic.claude-sonnet-4-5-20250929":  64000,
	"anthropic.claude-sonnet-4-6":           64000,
	"anthropic.claude-sonnet-5":             128000,
	"anthropic.claude-sonnet-5-5":           0,
	"deepseek.r1":                           32768,
	"deepseek.v3":                           81920,
	"google.gemma-3-12b-it":                 8192,
	"google.gemma-3-27b-it":                 8192,
	"google.gemma-3-4b-it":                  4096,
	"meta.llama3-1-70b-instruct":            4096,
	"meta.llama3-1-8b-instruct":             4096,
	"meta.llama3-3-70b-instruct":            4096,
	"meta.llama4-maverick-17b-instruct":     16384,
	"meta.llama4-scout-17b-instruct":        16384,
	"minimax.minimax-m2":                    128000,
	"minimax.minimax-m2.1":                  131072,
	"minimax.minimax-m2.5":                  98304,
	"mistral.devstral-2-123b":               8192,
	"mistral.magistral-small-2509":          40000,
	"mistral.ministral-3-14b-instruct":      4096,
	"mistral.ministral-3-3b-instruct":       8192,
	"mistral.ministral-3-8b-instruct":       4096,
	"mistral.mistral-large-3-675b-instruct": 8192,
	"mistral.pixtral-large-2502":            8192,
	"mistral.voxtral-mini-3b-2507":          4096,
	"mistral.voxtral-small-24b-2507":        8192,
	"moonshot.kimi-k2-thinking":             16000,
	"moonshotai.kimi-k2.5":                  16000,
	"nvidia.nemotron-nano-12b-v2":           4096,
	"nvidia.nemotron-nano-3-30b":            4096,
	"nvidia.nemotron-nano-9b-v2":            4096,
	"nvidia.nemotron-super-3-120b":          131072,
	"openai.gpt-5.4":                        128000,
	"openai.gpt-5.5":                        128000,
	"openai.gpt-6.1-sol":                    131072,
	"openai.gpt-oss-120b":                   16384,
	"openai.gpt-oss-20b":                    16384,
	"openai.gpt-oss-safeguard-120b":         16384,
	"openai.gpt-oss-safeguard-20b":          16384,
	"qwen.qwen3-235b-a22b-2507":             131072,
	"qwen.qwen3-32b":                        16384,
	"qwen.qwen3-coder-30b-a3b":              131072,
	"qwen.qwen3-coder-480b-a35b":            65536,
	"qwen.qwen3-coder-next":                 65536,
	"qwen.qwen3-next-80b-a3b":               262000,
	"qwen.qwen3-vl-235b-a22b":               262000,
	"writer.palmyra-x4":                     8192,
	"writer.palmyra-x5":                     8192,
	"xai.grok-4.3":                          131072,
	"zai.glm-4.7":                           131072,
	"zai.glm-5":                             101376,
}
