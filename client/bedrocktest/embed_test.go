package bedrocktest

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"math"
	"strings"
	"testing"

	"rawbedrock/client/operation"
)

func TestEmbeddings(t *testing.T) {
	for _, c := range []struct {
		model, body string
		path        []any
		want        int
	}{
		{"amazon.titan-embed-text-v1", `{"inputText":"Hi"}`, []any{"embedding"}, 1536},
		{"amazon.titan-embed-text-v2:0", `{"inputText":"Hi"}`, []any{"embedding"}, 1024},
		{"amazon.titan-embed-text-v2:0", `{"inputText":"Hi","dimensions":256}`, []any{"embeddingsByType", "float"}, 256},
		{"amazon.titan-embed-text-v2:0", `{"inputText":"Hi","dimensions":512,"embeddingTypes":["binary"]}`, []any{"embeddingsByType", "binary"}, 512},
		{"amazon.titan-embed-image-v1", `{"inputText":"Hi","embeddingConfig":{"outputEmbeddingLength":384}}`, []any{"embedding"}, 384},
		{"amazon.nova-2-multimodal-embeddings-v1:0", `{"taskType":"SINGLE_EMBEDDING","singleEmbeddingParams":{"embeddingPurpose":"GENERIC_INDEX","text":{"truncationMode":"END","value":"Hi"}}}`, []any{"embeddings", 0, "embedding"}, 3072},
		{"amazon.nova-2-multimodal-embeddings-v1:0", `{"taskType":"SINGLE_EMBEDDING","singleEmbeddingParams":{"embeddingDimension":256,"image":{"format":"png","source":{"bytes":"eA=="}}}}`, []any{"embeddings", 0, "embedding"}, 256},
		{"cohere.embed-english-v3", `{"texts":["a","b"],"input_type":"search_query"}`, []any{"embeddings", 1}, 1024},
		{"cohere.embed-multilingual-v3", `{"texts":["a"],"input_type":"search_query","embedding_types":["int8","ubinary"]}`, []any{"embeddings", "ubinary", 0}, 128},
		{"us.cohere.embed-v4:0", `{"texts":["a"],"input_type":"search_query","output_dimension":256}`, []any{"embeddings", "float", 0}, 256},
		{"us.cohere.embed-v4:0", `{"texts":["a"],"input_type":"search_query"}`, []any{"embeddings", "float", 0}, 1536},
		{"twelvelabs.marengo-embed-3-0-v1:0", `{"inputType":"text","text":{"inputText":"Hi"}}`, []any{"data", 0, "embedding"}, 512},
	} {
		a := call(t, &Server{}, operation.InvokeModel, c.model, c.body)
		v, _ := at(a.object(t), c.path...).([]any)
		if a.status != 200 || len(v) != c.want {
			t.Errorf("%s %s: %d, %d numbers, want %d", c.model, c.body, a.status, len(v), c.want)
		}
		if a := call(t, &Server{}, operation.InvokeModelWithResponseStream, c.model, c.body); a.status != 400 || !strings.Contains(string(a.body), "unsupported for streaming") {
			t.Errorf("%s streamed: %d %.200s", c.model, a.status, a.body)
		}
	}
	sum := 0.0
	for _, x := range vector("Hi", 256) {
		sum += x * x
	}
	if math.Abs(sum-1) > 1e-6 {
		t.Errorf("the length of a vector is %v", math.Sqrt(sum))
	}
	if a := call(t, &Server{}, operation.InvokeModel, "amazon.titan-embed-text-v2:0", `{"inputText":"Hi","dimensions":100}`); a.status != 400 {
		t.Errorf("100 dimensions: %d", a.status)
	}
}

func TestRerankAndImages(t *testing.T) {
	o := call(t, &Server{}, operation.InvokeModel, "cohere.rerank-v3-5:0", `{"api_version":2,"query":"blue sky","documents":["red","the blue sky","blue"],"top_n":2}`).object(t)
	if results, _ := o["results"].([]any); len(results) != 2 || at(results, 0, "index") != 1.0 || at(results, 1, "index") != 2.0 {
		t.Errorf("%v", o)
	}
	for model, body := range map[string]string{
		"amazon.nova-canvas-v1:0":             `{"taskType":"TEXT_IMAGE","textToImageParams":{"text":"a cat"},"imageGenerationConfig":{"numberOfImages":2}}`,
		"amazon.titan-image-generator-v2:0":   `{"taskType":"TEXT_IMAGE","textToImageParams":{"text":"a cat"}}`,
		"us.stability.stable-image-core-v1:1": `{"prompt":"a cat"}`,
	} {
		a := call(t, &Server{}, operation.InvokeModel, model, body)
		text, _ := at(a.object(t), "images", 0).(string)
		data, err := base64.StdEncoding.DecodeString(text)
		if err == nil {
			_, err = png.Decode(bytes.NewReader(data))
		}
		if err != nil {
			t.Errorf("%s: %d %.100s: %v", model, a.status, a.body, err)
		}
	}
}
