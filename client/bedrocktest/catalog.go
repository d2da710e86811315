package bedrocktest

import (
	"slices"
	"strings"

	"rawbedrock/sigv4/credentials"
)

// entry is a model of the catalogue. The catalogue is what the lists show, not
// what can be called: see findModel.
type entry struct {
	id, name, provider string
	in, out            string // modalities
	streams            bool
	profiles           string // prefixes of its inference profiles
	onDemand           bool   // the base id can be called
	legacy             bool
}

// catalog is a selection of the models that Bedrock listed in October 2026.
// Source: the model cards of the user guide.
var catalog = []entry{
	{"amazon.nova-2-lite-v1:0", "Nova 2 Lite", "Amazon", "TEXT IMAGE VIDEO", "TEXT", true, "us eu jp global", true, false},
	{"amazon.nova-lite-v1:0", "Nova Lite", "Amazon", "TEXT IMAGE VIDEO", "TEXT", true, "us eu apac", true, false},
	{"amazon.nova-micro-v1:0", "Nova Micro", "Amazon", "TEXT", "TEXT", true, "us eu apac", true, false},
	{"amazon.nova-pro-v1:0", "Nova Pro", "Amazon", "TEXT IMAGE VIDEO", "TEXT", true, "us eu apac", true, false},
	{"amazon.nova-2-multimodal-embeddings-v1:0", "Nova Multimodal Embeddings", "Amazon", "TEXT IMAGE AUDIO VIDEO", "EMBEDDING", false, "", true, false},
	{"amazon.titan-embed-text-v2:0", "Titan Text Embeddings V2", "Amazon", "TEXT", "EMBEDDING", false, "", true, false},
	{"amazon.titan-image-generator-v2:0", "Titan Image Generator G1 v2", "Amazon", "TEXT IMAGE", "IMAGE", false, "", true, false},
	{"amazon.titan-text-express-v1", "Titan Text G1 - Express", "Amazon", "TEXT", "TEXT", true, "", true, true},
	{"amazon.rerank-v1:0", "Rerank 1.0", "Amazon", "TEXT", "TEXT", false, "", true, false},
	{"anthropic.claude-opus-5-5", "Claude Opus 5.5", "Anthropic", "TEXT IMAGE", "TEXT", true, "us eu au jp global", false, false},
	{"anthropic.claude-sonnet-5", "Claude Sonnet 5", "Anthropic", "TEXT IMAGE", "TEXT", true, "us eu au jp global", false, false},
	{"anthropic.claude-sonnet-4-6", "Claude Sonnet 4.6", "Anthropic", "TEXT IMAGE", "TEXT", true, "us eu au jp global", false, false},
	{"anthropic.claude-sonnet-4-5-20250929-v1:0", "Claude Sonnet 4.5", "Anthropic", "TEXT IMAGE", "TEXT", true, "us eu au jp global", false, false},
	{"anthropic.claude-haiku-4-5-20251001-v1:0", "Claude Haiku 4.5", "Anthropic", "TEXT IMAGE", "TEXT", true, "us eu au jp global", false, false},
	{"anthropic.claude-opus-4-1-20250805-v1:0", "Claude Opus 4.1", "Anthropic", "TEXT IMAGE", "TEXT", true, "us", false, true},
	{"cohere.embed-v4:0", "Embed v4", "Cohere", "TEXT IMAGE", "EMBEDDING", false, "us eu global", true, false},
	{"cohere.rerank-v3-5:0", "Rerank 3.5", "Cohere", "TEXT", "TEXT", false, "", true, false},
	{"deepseek.r1-v1:0", "DeepSeek-R1", "DeepSeek", "TEXT", "TEXT", true, "us", false, false},
	{"deepseek.v3.2", "DeepSeek V3.2", "DeepSeek", "TEXT", "TEXT", true, "", true, false},
	{"google.gemma-3-12b-it", "Gemma 3 12B IT", "Google", "TEXT IMAGE", "TEXT", true, "", true, false},
	{"meta.llama3-1-8b-instruct-v1:0", "Llama 3.1 8B Instruct", "Meta", "TEXT", "TEXT", true, "us", true, false},
	{"meta.llama3-3-70b-instruct-v1:0", "Llama 3.3 70B Instruct", "Meta", "TEXT", "TEXT", true, "us", true, false},
	{"meta.llama4-scout-17b-instruct-v1:0", "Llama 4 Scout 17B Instruct", "Meta", "TEXT IMAGE", "TEXT", true, "us", false, false},
	{"mistral.mistral-7b-instruct-v0:2", "Mistral 7B Instruct", "Mistral AI", "TEXT", "TEXT", true, "", true, false},
	{"mistral.mistral-large-3-675b-instruct", "Mistral Large 3", "Mistral AI", "TEXT IMAGE", "TEXT", true, "", true, false},
	{"openai.gpt-6.1-sol", "GPT-6.1 Sol", "OpenAI", "TEXT IMAGE", "TEXT", true, "us global", false, false},
	{"openai.gpt-oss-120b-1:0", "gpt-oss-120b", "OpenAI", "TEXT", "TEXT", true, "", true, false},
	{"openai.gpt-oss-20b-1:0", "gpt-oss-20b", "OpenAI", "TEXT", "TEXT", true, "", true, false},
	{"qwen.qwen3-32b-v1:0", "Qwen3 32B", "Qwen", "TEXT", "TEXT", true, "", true, false},
	{"writer.palmyra-x5-v1:0", "Palmyra X5", "Writer", "TEXT", "TEXT", true, "us", false, false},
	{"xai.grok-4.6", "Grok 4.6", "xAI", "TEXT IMAGE", "TEXT", true, "us us-gov global", false, false},
}

func modelARN(region, id string) string {
	return "arn:" + credentials.Partition(region) + ":bedrock:" + region + "::foundation-model/" + id
}

func list(words string) []any {
	all := []any{}
	for w := range strings.FieldsSeq(words) {
		all = append(all, w)
	}
	return all
}

// summary is the model as ListFoundationModels and GetFoundationModel show it.
func (e entry) summary(region string) map[string]any {
	status, inference := "ACTIVE", "INFERENCE_PROFILE"
	if e.legacy {
		status = "LEGACY"
	}
	if e.onDemand {
		inference = "ON_DEMAND"
	}
	return map[string]any{
		"modelArn": modelARN(region, e.id), "modelId": e.id, "modelName": e.name, "providerName": e.provider,
		"inputModalities": list(e.in), "outputModalities": list(e.out), "responseStreamingSupported": e.streams,
		"customizationsSupported": []any{}, "inferenceTypesSupported": list(inference),
		"modelLifecycle": map[string]any{"status": status},
	}
}

// destinations are the regions behind a geography's profiles.
var destinations = map[string][]string{
	"us":     {"us-east-1", "us-east-2", "us-west-2"},
	"us-gov": {"us-gov-east-1", "us-gov-west-1"},
	"eu":     {"eu-central-1", "eu-north-1", "eu-west-1", "eu-west-3"},
	"apac":   {"ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2"},
	"au":     {"ap-southeast-2", "ap-southeast-4"},
	"jp":     {"ap-northeast-1", "ap-northeast-3"},
	"global": {""},
}

// callableFrom tells whether a geography's profiles can be called in a region.
func callableFrom(geography, region string) bool {
	switch geography {
	case "global":
		return !strings.HasPrefix(region, "us-gov-")
	case "us":
		return strings.HasPrefix(region, "us-") && !strings.HasPrefix(region, "us-gov-") || strings.HasPrefix(region, "ca-")
	case "eu":
		return strings.HasPrefix(region, "eu-")
	case "apac":
		return strings.HasPrefix(region, "ap-")
	}
	return slices.Contains(destinations[geography], region)
}

// profile is an inference profile that AWS defines.
func profile(e entry, geography, region string) map[string]any {
	id := geography + "." + e.id
	models := []any{}
	for _, r := range destinations[geography] {
		models = append(models, map[string]any{"modelArn": modelARN(r, e.id)})
	}
	return map[string]any{
		"inferenceProfileId": id, "inferenceProfileName": strings.ToUpper(geography) + " " + e.provider + " " + e.name,
		"inferenceProfileArn": "arn:" + credentials.Partition(region) + ":bedrock:" + region + ":" + account + ":inference-profile/" + id,
		"description":         "Routes requests to " + e.name + " in " + strings.Join(destinations[geography], ", ") + ".",
		"models":              models, "status": "ACTIVE", "type": "SYSTEM_DEFINED",
		"createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
	}
}

// profilesIn are all profiles that can be called in a region.
func profilesIn(region string) []map[string]any {
	var all []map[string]any
	for _, e := range catalog {
		for geography := range strings.FieldsSeq(e.profiles) {
			if callableFrom(geography, region) {
				all = append(all, profile(e, geography, region))
			}
		}
	}
	return all
}
