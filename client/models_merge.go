package client

import (
	"cmp"
	"slices"
	"strings"
)

// merged joins the list of models with that of profiles. Order is kept.
type merged struct{ models []*Model }

// model is the one of that id, made when it is not there: a profile may lead
// to a model that its source region does not list.
func (l *merged) model(id string) *Model {
	for _, m := range l.models {
		if m.ModelID == id {
			return m
		}
	}
	m := &Model{ModelID: id}
	l.models = append(l.models, m)
	return m
}

// add puts a profile to the models that it contains.
func (l *merged) add(p InferenceProfile) {
	for _, id := range p.ModelIDs() {
		m := l.model(id)
		m.Profiles = append(m.Profiles, p)
	}
}

func (l *merged) finish(region string) []Model {
	all := make([]Model, len(l.models))
	for i, m := range l.models {
		m.CallIDs = m.callIDs(region)
		m.APIs = modelAPIs(m.ModelID, m.OutputModalities)
		all[i] = *m
	}
	return all
}

// callIDs orders what the model can be called by.
func (m *Model) callIDs(region string) []string {
	ids := []string{}
	if slices.Contains(m.InferenceTypesSupported, "ON_DEMAND") {
		ids = append(ids, m.ModelID)
	}
	near := append(geographies(region), "") // "": any other prefix
	rank := func(p InferenceProfile) int {
		prefix, _ := cutGeography(p.InferenceProfileID)
		i := slices.Index(near, prefix)
		switch {
		case p.Type == ProfileApplication:
			return len(near)
		case i < 0:
			return len(near) - 1
		}
		return i
	}
	profiles := slices.Clone(m.Profiles)
	slices.SortStableFunc(profiles, func(a, b InferenceProfile) int { return cmp.Compare(rank(a), rank(b)) })
	for _, p := range profiles {
		if p.Status == "" || p.Status == "ACTIVE" {
			ids = append(ids, p.CallID())
		}
	}
	return ids
}

// apisByID maps how a model id begins to the APIs that serve it; the longest
// row that fits counts. Source: the user guide, "API compatibility", and the
// model cards, autumn 2026.
var apisByID = map[string]string{
	"ai21.jamba": "invoke converse",

	"amazon.nova-":                        "invoke converse",
	"amazon.nova-2-multimodal-embeddings": "invoke async",
	"amazon.nova-2-sonic":                 "bidirectional",
	"amazon.nova-sonic":                   "bidirectional",
	"amazon.nova-canvas":                  "invoke",
	"amazon.nova-reel":                    "async",
	"amazon.rerank":                       "invoke",
	"amazon.titan-embed":                  "invoke",

	"anthropic.":                  "invoke converse",
	"anthropic.claude-fable-":     "invoke converse messages",
	"anthropic.claude-haiku-4-5":  "invoke converse messages",
	"anthropic.claude-mythos-":    "mantle",
	"anthropic.claude-mythos-5-1": "invoke converse messages",
	"anthropic.claude-opus-4-7":   "invoke converse messages",
	"anthropic.claude-opus-4-8":   "invoke converse messages",
	"anthropic.claude-opus-5":     "invoke converse messages",
	"anthropic.claude-sonnet-5":   "invoke converse messages",
	"cohere.command":              "invoke converse",
	"cohere.rerank":               "invoke",
	"deepseek.":                   "invoke converse chat",
	"deepseek.r1":                 "invoke converse",
	"google.gemma-":               "invoke converse chat",
	"luma.":                       "async",
	"meta.llama":                  "invoke converse",
	"meta.llama3-1-405b":          "converse",
	"minimax.":                    "invoke converse chat",
	"mistral.":                    "invoke converse",
	"mistral.devstral":            "invoke converse chat",
	"mistral.magistral":           "invoke converse chat",
	"mistral.ministral":           "invoke converse chat",
	"mistral.mistral-large-3":     "invoke converse chat",
	"mistral.voxtral":             "invoke converse chat",
	"moonshot":                    "invoke converse chat",
	"moonshot.kimi-k2-thinking":   "invoke converse",
	"moonshotai.kimi-k3":          "invoke converse chat responses",
	"moonshot.kimi-k3":            "invoke converse chat responses",
	"nvidia.":                     "invoke converse chat",
	"openai.gpt-":                 "chat responses",
	"openai.gpt-5.6":              "converse chat responses",
	"openai.gpt-6":                "converse chat responses",
	"openai.gpt-6.1":              "invoke converse chat responses",
	"openai.gpt-oss":              "invoke converse chat",
	"qwen.":                       "invoke converse chat",
	"twelvelabs.marengo-embed-2":  "async",
	"twelvelabs.marengo-embed-3":  "invoke async",
	"twelvelabs.pegasus":          "invoke",
	"writer.palmyra-":             "invoke converse",
	"writer.palmyra-vision":       "invoke converse chat",
	"xai.grok-":                   "invoke converse chat responses",
	"xai.grok-4.3":                "mantle",
	"zai.":                        "invoke converse chat",
}

// modelAPIs are the APIs of a model. One that nobody knows has InvokeModel,
// and Converse when it answers in text.
func modelAPIs(id string, output []string) []string {
	apis, length := "", 0
	for prefix, list := range apisByID {
		if len(prefix) > length && strings.HasPrefix(id, prefix) {
			apis, length = list, len(prefix)
		}
	}
	switch {
	case apis != "":
	case slices.Contains(output, "TEXT"):
		apis = "invoke converse"
	default:
		apis = "invoke"
	}
	return strings.Fields(apis)
}
