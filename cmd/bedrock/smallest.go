package main

import (
	"fmt"
	"slices"

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
			r.Op = operation.MantleChatCompletions
		}
		r.Body, err = client.ChatBody(model, client.Prompt{Text: prompt, MaxTokens: 1}, "", stream)
	default:
		return r, fmt.Errorf("there is no API %q", api)
	}
	return r, err
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
