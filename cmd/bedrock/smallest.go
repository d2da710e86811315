package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"rawbedrock/client"
	"rawbedrock/client/operation"
)

// The APIs that a model can be tried through, as --apis names them.
const (
	apiConverse = "converse"
	apiInvoke   = "invoke"
	apiChat     = "chat"
	apiMantle   = "mantle" // Chat Completions on bedrock-mantle
)

// smallest is the cheapest request that shows whether a model answers through
// an API: two letters in, one token out. It is an error for a model that would
// do more than that, as draw an image, or that needs more than a prompt.
func smallest(api, model string, stream bool) (client.Request, error) {
	const prompt = "Hi"
	r := client.Request{Labels: []string{model}}
	var err error
	switch api {
	case apiConverse:
		r.Op = operation.Converse
		if stream {
			r.Op = operation.ConverseStream
		}
		r.Body = []byte(`{"messages":[{"role":"user","content":[{"text":"` + prompt + `"}]}],"inferenceConfig":{"maxTokens":1}}`)
	case apiInvoke:
		r.Op = operation.InvokeModel
		if stream {
			r.Op = operation.InvokeModelWithResponseStream
		}
		family, ok := client.FamilyOf(model)
		if !ok {
			return r, fmt.Errorf("the id does not tell which family's body the model takes")
		}
		p := client.Prompt{Text: prompt}
		switch family.Kind {
		case client.KindText:
			p.MaxTokens = 1
		case client.KindEmbedding:
		default:
			return r, fmt.Errorf("a call would give %s, which costs more than a token", family.Kind)
		}
		r.Body, err = family.Body(p)
	case apiChat, apiMantle:
		r.Op, r.Labels = operation.ChatCompletions, nil
		if api == apiMantle {
			r.Op, model = operation.MantleChatCompletions, mantleID(model)
		}
		r.Body, err = client.ChatBody(model, client.Prompt{Text: prompt, MaxTokens: 1}, "", stream)
	default:
		return r, fmt.Errorf("there is no API %q", api)
	}
	return r, err
}

// cutGeography takes the geography off the id of an inference profile:
// "us.amazon.nova-lite-v1:0" is "us" and "amazon.nova-lite-v1:0". What has none
// comes back whole.
func cutGeography(id string) (prefix, base string) {
	prefix, base, _ = strings.Cut(id, ".")
	if strings.Contains(base, ".") && (len(prefix) == 2 || slices.Contains([]string{"us-gov", "apac", "global"}, prefix)) {
		return prefix, base
	}
	return "", id
}

var versionSuffix = regexp.MustCompile(`-v?\d+:\d+$`)

// mantleID is the id that bedrock-mantle knows a model by: its own, without the
// version (user guide, "Endpoints").
func mantleID(model string) string {
	_, base := cutGeography(model)
	return versionSuffix.ReplaceAllString(base, "")
}

// bestAPI is the one to try a model through. apis are those that are known to
// serve it.
func bestAPI(model string, apis []string) string {
	for _, api := range []string{apiConverse, apiInvoke, apiChat, apiMantle} {
		if slices.Contains(apis, api) {
			return api
		}
	}
	if family, ok := client.FamilyOf(model); ok && family.Kind != client.KindText {
		return apiInvoke
	}
	return apiConverse
}
