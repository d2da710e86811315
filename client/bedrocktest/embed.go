package bedrocktest

import (
	"math"
	"net/http"
	"strconv"
	"strings"
)

// notText answers InvokeModel for models that do not write: embeddings,
// rerankers, images, and video in words.
func notText(req *Request, t *turn) (*response, *apiError) {
	var body map[string]any
	var err *apiError
	switch t.model.family {
	case titanEmbed:
		body, err = t.titanEmbedding()
	case titanEmbedImage:
		body, err = t.titanImageEmbedding()
	case novaEmbed:
		body, err = t.novaEmbedding()
	case cohereEmbed:
		body, err = t.cohereEmbeddings()
	case marengo:
		body, err = t.marengoEmbedding()
	case rerank:
		body, err = t.ranking()
	case image, stability:
		body, err = t.picture()
	case pegasus:
		body, err = t.videoText()
	default:
		err = invalid("The requested operation is not recognized by the service.")
	}
	if err != nil {
		return nil, err
	}
	r := whole(http.StatusOK, body)
	setInvokeHeaders(r.header, req.Header, t.ask.input, 80)
	return r, nil
}

// vector is an embedding: of length 1, and the same for the same text.
func vector(text string, dimension int) []float64 {
	seed := newSeed("embedding", text)
	v := make([]float64, dimension)
	sum := 0.0
	for i := range v {
		v[i] = seed.unit(i)
		sum += v[i] * v[i]
	}
	for i := range v {
		v[i] = math.Round(v[i]/math.Sqrt(sum)*1e9) / 1e9
	}
	return v
}

// encoded is a vector in one of the types that embeddings come in.
func encoded(v []float64, kind string) any {
	bits := func(signed int) []int {
		packed := make([]int, len(v)/8)
		for i, x := range v {
			if x > 0 {
				packed[i/8] |= 1 << (7 - i%8)
			}
		}
		for i := range packed {
			packed[i] -= signed
		}
		return packed
	}
	scale := func(offset float64) []int {
		n := make([]int, len(v))
		for i, x := range v {
			n[i] = int(math.Round(x*127 + offset))
		}
		return n
	}
	switch kind {
	case "int8":
		return scale(0)
	case "uint8":
		return scale(128)
	case "binary":
		return bits(128)
	case "ubinary":
		return bits(0)
	}
	return v
}

// dimension reads the wanted length of a vector.
func dimension(o object, key, path string, byDefault int, allowed ...int) (int, *apiError) {
	if !o.has(key) {
		return byDefault, nil
	}
	n, _ := o.number(key)
	var list []string
	for _, a := range allowed {
		if n == a {
			return n, nil
		}
		list = append(list, strconv.Itoa(a))
	}
	return 0, malformed("#/" + path + ": " + string(encode(o[key])) + " is not a valid enum value: " + strings.Join(list, ", "))
}

func (t *turn) needText(text, key string) *apiError {
	if text == "" {
		return malformed("#: required key [" + key + "] not found")
	}
	t.ask.input += count(text)
	return nil
}

func (t *turn) titanEmbedding() (map[string]any, *apiError) {
	text := t.body.text("inputText")
	if err := t.needText(text, "inputText"); err != nil {
		return nil, err
	}
	if strings.HasPrefix(t.model.base, "amazon.titan-embed-text-v1") || strings.HasPrefix(t.model.base, "amazon.titan-embed-g1") {
		return map[string]any{"embedding": vector(text, 1536), "inputTextTokenCount": t.ask.input}, nil
	}
	n, err := dimension(t.body, "dimensions", "dimensions", 1024, 256, 512, 1024)
	if err != nil {
		return nil, err
	}
	kinds := t.body.texts("embeddingTypes")
	if len(kinds) == 0 {
		kinds = []string{"float"}
	}
	v, byType := vector(text, n), map[string]any{}
	body := map[string]any{"embeddingsByType": byType, "inputTextTokenCount": t.ask.input}
	for _, kind := range kinds {
		switch kind {
		case "float":
			byType[kind], body["embedding"] = v, v
		case "binary": // Titan gives each bit a number of its own
			bits := make([]int, n)
			for i, x := range v {
				if x > 0 {
					bits[i] = 1
				}
			}
			byType[kind] = bits
		default:
			return nil, malformed("#/embeddingTypes: " + kind + " is not a valid enum value: float, binary")
		}
	}
	return body, nil
}

func (t *turn) titanImageEmbedding() (map[string]any, *apiError) {
	input := t.body.text("inputText") + t.body.text("inputImage")
	if input == "" {
		return nil, malformed("#: required key [inputText] not found")
	}
	t.ask.input = count(t.body.text("inputText"))
	n, err := dimension(t.body.object("embeddingConfig"), "outputEmbeddingLength", "embeddingConfig/outputEmbeddingLength", 1024, 256, 384, 1024)
	if err != nil {
		return nil, err
	}
	return map[string]any{"embedding": vector(input, n), "inputTextTokenCount": t.ask.input, "message": nil}, nil
}

func (t *turn) novaEmbedding() (map[string]any, *apiError) {
	p := t.body.object("singleEmbeddingParams")
	if p == nil {
		return nil, malformed("#: required key [singleEmbeddingParams] not found")
	}
	n, err := dimension(p, "embeddingDimension", "singleEmbeddingParams/embeddingDimension", 3072, 256, 384, 1024, 3072)
	if err != nil {
		return nil, err
	}
	for _, kind := range []string{"text", "image", "audio", "video"} {
		if p.has(kind) {
			t.ask.input = count(p.object(kind).text("value"))
			v := vector(string(encode(p[kind])), n)
			return map[string]any{"embeddings": []any{map[string]any{"embedding": v, "embeddingType": strings.ToUpper(kind)}}}, nil
		}
	}
	return nil, malformed("#/singleEmbeddingParams: exactly one of text, image, audio, video is required")
}

// cohereEmbeddings is a list of vectors, or lists by type when types are asked
// for or the model is of the fourth generation.
func (t *turn) cohereEmbeddings() (map[string]any, *apiError) {
	if err := t.needText(t.body.text("input_type"), "input_type"); err != nil {
		return nil, err
	}
	t.ask.input = 0
	inputs := append(t.body.texts("texts"), t.body.texts("images")...)
	for _, in := range t.body.list("inputs") {
		inputs = append(inputs, string(encode(in)))
	}
	if len(inputs) == 0 {
		return nil, malformed("#: required key [texts] not found")
	}
	if len(inputs) > 96 {
		return nil, malformed("#/texts: expected maximum item count: 96, found: " + strconv.Itoa(len(inputs)))
	}
	v4 := strings.HasPrefix(t.model.base, "cohere.embed-v4")
	n, err := 1024, (*apiError)(nil)
	if v4 {
		if n, err = dimension(t.body, "output_dimension", "output_dimension", 1536, 256, 512, 1024, 1536); err != nil {
			return nil, err
		}
	}
	kinds := t.body.texts("embedding_types")
	if len(kinds) == 0 && v4 {
		kinds = []string{"float"}
	}
	var plain []any
	byType := map[string]any{}
	for _, text := range inputs {
		t.ask.input += count(text)
		v := vector(text, n)
		plain = append(plain, v)
		for _, k := range kinds {
			list, _ := byType[k].([]any)
			byType[k] = append(list, encoded(v, k))
		}
	}
	body := map[string]any{"id": t.ask.seed.uuid("id"), "texts": t.body.list("texts"), "embeddings": plain, "response_type": "embeddings_floats"}
	if len(kinds) > 0 {
		body["embeddings"], body["response_type"] = byType, "embeddings_by_type"
	}
	return body, nil
}

func (t *turn) marengoEmbedding() (map[string]any, *apiError) {
	if err := t.needText(t.body.text("inputType"), "inputType"); err != nil {
		return nil, err
	}
	t.ask.input = count(t.body.object("text").text("inputText"))
	return map[string]any{"data": []any{map[string]any{"embedding": vector(string(encode(t.body)), 512)}}}, nil
}

// ranking orders documents by how many words they share with the query.
func (t *turn) ranking() (map[string]any, *apiError) {
	query, documents := t.body.text("query"), t.body.list("documents")
	if err := t.needText(query, "query"); err != nil {
		return nil, err
	}
	if len(documents) == 0 {
		return nil, malformed("#/documents: expected minimum item count: 1, found: 0")
	}
	results := []any{}
	for i, d := range documents {
		text, ok := d.(string)
		if !ok {
			text = asObject(d).text("text") + string(encode(asObject(d)["json"]))
		}
		t.ask.input += count(text)
		results = insertRanked(results, i, overlap(query, text))
	}
	if n, ok := t.body.number("top_n"); ok && n > 0 && n < len(results) {
		results = results[:n]
	}
	return map[string]any{"results": results}, nil
}

func insertRanked(results []any, index int, score float64) []any {
	at := len(results)
	for at > 0 && asObject(results[at-1])["relevance_score"].(float64) < score {
		at--
	}
	results = append(results, nil)
	copy(results[at+1:], results[at:])
	results[at] = map[string]any{"index": index, "relevance_score": score}
	return results
}

// overlap is the share of the query's words that the text has, below 1.
func overlap(query, text string) float64 {
	words := strings.Fields(strings.ToLower(query))
	found := 0
	for _, w := range words {
		if strings.Contains(strings.ToLower(text), w) {
			found++
		}
	}
	return float64(found) / float64(len(words)+1)
}
