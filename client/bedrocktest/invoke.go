package bedrocktest

import (
	"encoding/base64"
	"net/http"
	"strconv"
)

// dialect is how one family of models is asked and answers with InvokeModel.
type dialect struct {
	required []string // members of the body
	allowed  []string // besides the required ones; nil: all
	refused  []string // members that belong elsewhere
	read     func(q *ask, o object) *apiError
	whole    func(t turn) map[string]any
	stream   func(t turn) []chunk
	apart    bool // the stream's metrics come in an object of their own
}

// turn is an answer with what its wording depends on.
type turn struct {
	answer
	ask   ask
	model model
	body  object // of the request
}

// chunk is one piece of a model's own stream.
type chunk struct {
	value  map[string]any
	tokens int
	end    bool // belongs to the stream's proper end
}

// invocation reads the body of InvokeModel by the model's dialect.
func (s *Server) invocation(req *Request) (dialect, turn, *apiError) {
	m, err := findModel(req.Model)
	if err != nil {
		return dialect{}, turn{}, err
	}
	if err := m.callable(); err != nil {
		return dialect{}, turn{}, err
	}
	if err := checkGuardrailHeaders(req.Header); err != nil {
		return dialect{}, turn{}, err
	}
	t := turn{model: m}
	d, err := t.read(req.Body)
	if err != nil || d.whole == nil {
		return d, t, err
	}
	t.answer, err = s.answer(t.ask)
	if err == nil && guardBlocks(req.Header.Get(guardrailID), t.ask.prompt) {
		t.answer = blocked(t.answer)
	}
	return d, t, err
}

// read takes in a body and returns the dialect that it is in.
func (t *turn) read(body []byte) (dialect, *apiError) {
	o, bad := parseObject(body)
	if bad != nil {
		return dialect{}, invalid("Malformed input request, please reformat your input and try again.")
	}
	t.body = o
	t.ask = ask{model: t.model.id, seed: newSeed(t.model.base, string(encode(o)))}
	d := dialectOf(t.model, o)
	if err := d.check(o); err != nil {
		return d, err
	}
	if d.read != nil {
		if err := d.read(&t.ask, o); err != nil {
			return d, err
		}
	}
	return d, nil
}

// invoke answers InvokeModel.
func (s *Server) invoke(req *Request) (*response, *apiError) {
	d, t, err := s.invocation(req)
	if err != nil {
		return nil, err
	}
	if d.whole == nil {
		return notText(req, &t)
	}
	body := d.whole(t)
	addGuardrail(body, req.Header, t.answer)
	r := whole(http.StatusOK, body)
	setInvokeHeaders(r.header, req.Header, t.input, t.latency())
	setRaw(r.header, "X-Amzn-Bedrock-Output-Token-Count", strconv.Itoa(t.output))
	return r, nil
}

// setInvokeHeaders sets what InvokeModel tells in headers, in AWS's case.
func setInvokeHeaders(h, request http.Header, input, latency int) {
	setRaw(h, "X-Amzn-Bedrock-Invocation-Latency", strconv.Itoa(latency))
	setRaw(h, "X-Amzn-Bedrock-Input-Token-Count", strconv.Itoa(input))
	echoHeaders(h, request)
}

func echoHeaders(h, request http.Header) {
	for _, name := range []string{"X-Amzn-Bedrock-Service-Tier", "X-Amzn-Bedrock-PerformanceConfig-Latency"} {
		if v := request.Get(name); v != "" {
			setRaw(h, name, v)
		}
	}
}

// invokeStream answers InvokeModelWithResponseStream.
func (s *Server) invokeStream(req *Request) (*response, *apiError) {
	d, t, err := s.invocation(req)
	if err != nil {
		return nil, err
	}
	if d.whole == nil {
		return nil, invalid("The model is unsupported for streaming.")
	}
	r := frames()
	setRaw(r.header, "X-Amzn-Bedrock-Content-Type", "application/json")
	echoHeaders(r.header, req.Header)
	chunks := d.stream(t)
	last := &chunks[len(chunks)-1]
	if d.apart {
		chunks = append(chunks, chunk{value: map[string]any{}, end: true})
		last = &chunks[len(chunks)-1]
	}
	if t.stop != guardrailIntervened {
		last.value["amazon-bedrock-invocationMetrics"] = map[string]any{
			"inputTokenCount": t.input, "outputTokenCount": t.output,
			"invocationLatency": t.latency(), "firstByteLatency": t.latency() / 2,
		}
	}
	addGuardrail(last.value, req.Header, t.answer)
	last.end = true
	for _, c := range chunks {
		r.chunk(encode(c.value), c.tokens)
		r.parts[len(r.parts)-1].end = c.end
	}
	return r, nil
}

// invokeTokens counts the input of an InvokeModel body, for CountTokens.
func invokeTokens(m model, body string) (ask, *apiError) {
	data, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return ask{}, invalid("The value at input.invokeModel.body is not base64: " + err.Error())
	}
	t := turn{model: m}
	if _, err := t.read(data); err != nil {
		return ask{}, err
	}
	return t.ask, nil
}
