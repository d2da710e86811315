package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"rawbedrock/client"
)

// refusal is an answer that says no, in JSON:
//
//	{"error":{"code":"unknown_field","message":"…","field":"promt"}}
type refusal struct {
	status     int
	code       string // a word of ours, or AWS's name for what Bedrock said
	message    string // one sentence for a person
	field      string // of the request that it is about
	requestID  string // Bedrock's
	retryAfter time.Duration
	allow      string // the methods, with 405
	cause      error  // for the log
}

// Error is for the log, where nothing of a prompt may stand: the name of an
// unknown field is left out.
func (r *refusal) Error() string {
	s := r.code
	if r.code != codeUnknownField {
		s += ": " + r.message
	}
	if r.cause != nil {
		s += ": " + r.cause.Error()
	}
	return s
}

func (r *refusal) Unwrap() error { return r.cause }

const codeUnknownField = "unknown_field"

// errorBody is a refusal as JSON. Message is there once more where AWS SDKs
// look for it.
type errorBody struct {
	Error struct {
		Code      string `json:"code"`
		Message   string `json:"message"`
		Field     string `json:"field,omitempty"`
		RequestID string `json:"requestId,omitempty"`
	} `json:"error"`
	Message string `json:"message,omitempty"`
}

func (r *refusal) body() errorBody {
	var b errorBody
	b.Error.Code, b.Error.Message, b.Error.Field, b.Error.RequestID = r.code, r.message, r.field, r.requestID
	return b
}

// write sends the refusal; aws says that SDKs of AWS read it.
func (r *refusal) write(w http.ResponseWriter, aws bool) {
	h, body := w.Header(), r.body()
	if r.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(r.retryAfter.Seconds()))))
	}
	if r.allow != "" {
		h.Set("Allow", r.allow)
	}
	switch r.status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", bearerChallenge)
	case http.StatusRequestTimeout, http.StatusRequestEntityTooLarge:
		h.Set("Connection", "close")
	}
	if aws {
		body.Message = r.message
		h.Set("X-Amzn-Errortype", r.code)
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(r.status)
	w.Write(marshal(body))
}

const bearerChallenge = `Bearer realm="bedrock"`

// marshal is what printJSON writes.
func marshal(v any) []byte {
	var b bytes.Buffer
	if err := printJSON(&b, v); err != nil {
		panic(err) // types of this file always encode
	}
	return b.Bytes()
}

func tooLarge(most int64) *refusal {
	return &refusal{status: http.StatusRequestEntityTooLarge, code: "too_large", message: fmt.Sprintf("the body is larger than %d bytes", most)}
}

// upstream says how Bedrock's errors are told to the service's clients. What
// the client can change keeps its status; what is between the service and
// Bedrock is a 502, for the client's own token was fine.
var upstream = []struct {
	is      error
	status  int
	retry   time.Duration
	private bool // the words are for the service's log, not for its clients
}{
	{is: client.ErrDailyQuota, status: http.StatusTooManyRequests, retry: time.Hour},
	{is: client.ErrThrottled, status: http.StatusTooManyRequests, retry: 5 * time.Second},
	{is: client.ErrModelNotReady, status: http.StatusServiceUnavailable, retry: 30 * time.Second},
	{is: client.ErrUnavailable, status: http.StatusServiceUnavailable, retry: 5 * time.Second},
	{is: client.ErrNoCredentials, status: http.StatusBadGateway, private: true},
	{is: client.ErrUseCaseForm, status: http.StatusBadGateway, private: true},
	{is: client.ErrAccessDenied, status: http.StatusBadGateway, private: true},
	{is: client.ErrExpiredCredentials, status: http.StatusBadGateway, private: true},
	{is: client.ErrBadCredentials, status: http.StatusBadGateway, private: true},
	{is: client.ErrBadSignature, status: http.StatusBadGateway, private: true},
	{is: client.ErrClockSkew, status: http.StatusBadGateway, private: true},
	{is: client.ErrUnknownOperation, status: http.StatusBadGateway, private: true},
	{is: client.ErrIncompleteStream, status: http.StatusBadGateway},
	{is: client.ErrModelError, status: http.StatusBadGateway},
	{is: client.ErrModelTimeout, status: http.StatusGatewayTimeout},
	{is: client.ErrTimeout, status: http.StatusGatewayTimeout},
	{is: client.ErrNotFound, status: http.StatusNotFound},
	{is: client.ErrValidation, status: http.StatusBadRequest},
}

// refusalOf makes the answer of an error.
func refusalOf(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	e, ok := errors.AsType[*client.Error](err)
	if !ok {
		return &refusal{status: http.StatusInternalServerError, code: "internal", message: "the service failed; its log says why"}
	}
	r := &refusal{status: http.StatusBadGateway, code: e.Code, message: e.Message, requestID: e.RequestID}
	if e.Status/100 == 3 {
		r.code = "" // where a redirect leads is not for the client
	}
	private := r.code == "" // what came, if anything, is not from Bedrock
	if e.Status == http.StatusRequestEntityTooLarge {
		r.status = e.Status
	} else {
		for _, u := range upstream {
			if errors.Is(e, u.is) {
				r.status, private = u.status, private || u.private
				if u.retry > 0 {
					r.retryAfter = cmp.Or(e.RetryAfter, u.retry)
				}
				break
			}
		}
	}
	plain := unspoken[r.status]
	r.code = cmp.Or(r.code, plain.code)
	switch {
	case private && e.Events > 0:
		r.message = "the answer broke off before its end"
	case private || r.message == "":
		r.message = plain.message
	}
	return r
}

// unspoken stands for words that are not passed on, or did not come.
var unspoken = map[int]struct{ code, message string }{
	http.StatusBadRequest:            {"bad_request", "Bedrock refused the request"},
	http.StatusNotFound:              {"not_found", "Bedrock does not know the model"},
	http.StatusRequestEntityTooLarge: {"too_large", "the request is too large for Bedrock"},
	http.StatusTooManyRequests:       {"throttled", "Bedrock takes no more requests for now"},
	http.StatusServiceUnavailable:    {"unavailable", "Bedrock has no capacity for now"},
	http.StatusGatewayTimeout:        {"timeout", "Bedrock did not answer in time"},
	http.StatusBadGateway:            {"bad_gateway", "the service got no answer from Bedrock; its log says why"},
}
