package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"rawbedrock/client"
	"rawbedrock/client/operation"
)

// prompter answers /prompt and /prompt/streamed.
type prompter struct {
	*client.Client
	question        // what holds unless a request says otherwise
	api      string // invoke, converse or chat
	guard    string
	maxBody  int64
	fields   map[string]field
}

// answer is what is told of an answer beside its text.
type answer struct {
	Text       *string            `json:"text,omitempty"`
	Model      string             `json:"model"`
	StopReason string             `json:"stopReason,omitempty"`
	Usage      *client.TokenUsage `json:"usage,omitempty"`
	RequestID  string             `json:"requestId,omitempty"`
}

// promptCall is one exchange with a model on behalf of a request.
type promptCall struct {
	*visit
	exchange
	usage func(payload []byte) (client.TokenUsage, bool)
	answer
	reasoning
}

// serve answers one request. streamed tells text that is flushed as it comes.
func (p *prompter) serve(v *visit, streamed bool) error {
	form, err := negotiate(v.r.Header.Values("Accept"))
	if err != nil {
		return err
	}
	if err := checkMediaType(v.r.Header); err != nil {
		return err
	}
	body, err := v.body(p.maxBody)
	if err != nil {
		return err
	}
	q := p.question
	if err := q.read(body, p.fields); err != nil {
		return err
	}
	v.model, v.prompt, v.asked = q.model, q.prompt, []string{q.prompt, q.system}
	leave, err := v.door.enter()
	if err != nil {
		return err
	}
	defer leave()
	c, err := p.ask(v, q, form == formEvents || form == formText && streamed)
	if err != nil {
		return err
	}
	switch {
	case c.stream && form == formEvents:
		return c.events(p.Client)
	case c.stream:
		return c.flushed(p.Client)
	}
	return c.wholly(p.Client, form)
}

// ask turns a question into a request of the API that the service speaks.
func (p *prompter) ask(v *visit, q question, stream bool) (*promptCall, error) {
	c := &promptCall{visit: v, answer: answer{Model: q.model}}
	var err error
	switch p.api {
	case "converse":
		c.exchange = exchange{stream: stream, whole: converseWhole, event: converseEvent}
		c.usage = converseUsage
		c.request, err = p.converseRequest(q)
	case "chat":
		family, _ := client.FamilyByName("chat")
		c.exchange, c.usage = familyExchange(family, stream), family.Usage
		c.request = client.Request{Op: operation.ChatCompletions, Header: http.Header{}}
		c.request.Body, err = client.ChatBody(q.model, q.sampling.prompt(q.prompt), "", stream)
	default:
		family, sure := (&invokeFlags{}).familyOf(q.model)
		if c.exchange, c.usage = familyExchange(family, stream), family.Usage; !sure {
			c.exchange = anyFamilyExchange(stream)
		}
		c.request = client.Request{Op: operation.InvokeModel, Labels: []string{q.model}, Header: http.Header{}}
		if family.Kind == client.KindImage {
			return nil, badRequest("invalid_field", "model", "models of the family "+family.Name+" answer with images, this service with text")
		}
		if c.request.Body, err = family.Body(q.sampling.prompt(q.prompt)); err != nil {
			return nil, badRequest("invalid_field", q.misfit(family, err), err.Error())
		}
	}
	if err == nil && p.api != "converse" {
		err = setGuardrail(c.request.Header, p.guard)
	}
	if err != nil {
		return nil, badRequest("invalid_field", "", err.Error())
	}
	switch {
	case stream && p.api == "converse":
		c.request.Op = operation.ConverseStream
	case stream && p.api == "invoke":
		c.request.Op = operation.InvokeModelWithResponseStream
	}
	return c, nil
}

func (p *prompter) converseRequest(q question) (client.Request, error) {
	r, err := q.converse(p.guard, client.ContentBlock{Text: q.prompt})
	if err != nil {
		return client.Request{}, err
	}
	body, err := json.Marshal(r)
	return client.Request{Op: operation.Converse, Labels: []string{q.model}, Body: body}, err
}

// converseUsage finds the tokens in an answer of Converse or in the event
// that tells them.
func converseUsage(payload []byte) (u client.TokenUsage, ok bool) {
	usage := client.Event{Payload: payload}.Get("usage")
	if !usage.Exists() {
		return u, false
	}
	return u, json.Unmarshal([]byte(usage.Raw), &u) == nil
}

func (c *promptCall) count(payload []byte) {
	if u, ok := c.usage(payload); ok {
		c.Usage = &u
	}
}

// wholly waits for the whole answer.
func (c *promptCall) wholly(to *client.Client, form string) error {
	resp, err := to.Do(c.r.Context(), c.request)
	if err != nil {
		return c.failed(err)
	}
	c.requestID, c.RequestID = resp.RequestID(), resp.RequestID()
	if !json.Valid(resp.Body) {
		return &refusal{status: http.StatusBadGateway, code: "bad_gateway", message: "Bedrock's answer is not JSON", requestID: resp.RequestID()}
	}
	s, err := c.whole(resp)
	if _, odd := errors.AsType[*client.JSONError](err); odd || err == nil && s.text == "" && s.stop == "" {
		return &refusal{status: http.StatusBadGateway, code: "bad_gateway", message: "Bedrock's answer holds neither a text nor why it ended", requestID: resp.RequestID(), cause: err}
	}
	if err != nil {
		return &refusal{status: http.StatusBadGateway, code: "ModelErrorException", message: err.Error(), requestID: resp.RequestID()}
	}
	text := c.reasoning.answer(s.text) + c.rest()
	c.Text, c.StopReason = &text, s.stop
	c.count(resp.Body)
	if u, ok := client.HeaderUsage(resp.Header); ok && c.Usage == nil {
		c.Usage = &u
	}
	body, contentType := []byte(text), plainText
	if form == formJSON {
		body, contentType = marshal(c.answer), formJSON
	}
	c.Header().Set("Content-Length", strconv.Itoa(len(body)))
	c.begin200(contentType)
	return c.send(body)
}

// begin200 sends the head of a good answer.
func (c *promptCall) begin200(contentType string) {
	h := c.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Accel-Buffering", "no") // nginx would hold a stream back
	if c.requestID != "" {
		h.Set("X-Amzn-Requestid", c.requestID)
	}
	c.WriteHeader(http.StatusOK)
}

// failed keeps the request id of a call that failed.
func (c *promptCall) failed(err error) error {
	if e, ok := errors.AsType[*client.Error](err); ok && e.RequestID != "" {
		c.requestID = e.RequestID
	}
	return err
}

// pieces calls the model and hands out the text as it comes. The first piece
// waits for the model's first words, so that a refusal before them still has
// a status of its own.
func (c *promptCall) pieces(to *client.Client, say func(text string) error) error {
	stream, err := to.Stream(c.r.Context(), c.request)
	if err != nil {
		return c.failed(err)
	}
	c.requestID, c.RequestID = stream.RequestID(), stream.RequestID()
	for ev, err := range stream.Events() {
		if err != nil {
			return c.failed(err)
		}
		s := c.event(ev)
		if s.stop != "" {
			c.StopReason = s.stop
		}
		c.count(ev.Payload)
		if text := c.reasoning.answer(s.text); text != "" {
			if err := say(text); err != nil {
				return err
			}
		}
	}
	if text := c.rest(); text != "" {
		return say(text)
	}
	return nil
}

// flushed sends plain text as it comes. A break after it began aborts the
// answer.
func (c *promptCall) flushed(to *client.Client) error {
	head := func() {
		if !c.begun() {
			c.begin200(plainText)
		}
	}
	err := c.pieces(to, func(text string) error {
		head()
		return c.send([]byte(text))
	})
	if err == nil {
		head()
	}
	return err
}

// events sends server-sent events: data {"text":"…"} for each piece, then one
// "done", or "error" when the answer broke.
func (c *promptCall) events(to *client.Client) error {
	send := func(name string, data any) error {
		if !c.begun() {
			c.begin200(formEvents)
		}
		return c.send(fmt.Appendf(nil, "%sdata: %s\n", name, marshal(data)))
	}
	err := c.pieces(to, func(text string) error {
		return send("", map[string]string{"text": text})
	})
	if err == nil {
		return send("event: done\n", c.answer)
	}
	if c.begun() && !errors.Is(err, errClientLeft) {
		c.err = err
		c.told = send("event: error\n", c.refusal().body()) == nil
	}
	return err
}
