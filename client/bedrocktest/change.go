package bedrocktest

import (
	"bytes"
	"math"
	"net/http"
	"slices"
	"strings"
)

// change makes of a response what the fault wants of it.
func (f *Fault) change(r *response) error {
	if r.replay != nil {
		if err := r.load(); err != nil {
			return err
		}
	}
	if f.replaces() {
		*r = *f.instead()
		return nil
	}
	if f.Exception != "" && r.form == wholeForm {
		code := strings.ToUpper(f.Exception[:1]) + f.Exception[1:]
		*r = *(&Fault{Code: code, Message: f.Message}).instead()
		return nil
	}
	at := f.index(r)
	if f.Exception != "" {
		r.parts = append(r.parts[:at:at], f.exception(r.form))
	}
	if last := len(r.parts) - 1; f.Corrupt != "" && last >= 0 {
		at = min(at, last)
		r.parts[at].data = corrupt(r.parts[at].data, f.Corrupt, r.form)
	}
	if f.NoEnd {
		r.parts = slices.DeleteFunc(slices.Clone(r.parts), func(p part) bool { return p.end })
	}
	return nil
}

// index is the part that At means.
func (f *Fault) index(r *response) int {
	if f.At == nil {
		return 0
	}
	at := *f.At
	if at < 0 {
		at += len(r.parts)
	}
	return min(max(at, 0), len(r.parts))
}

// breakPoint is after how many bytes of the body the fault breaks it: -1 is
// before the headers.
func (f *Fault) breakPoint(r *response) int {
	switch {
	case f.Break == "":
		return math.MaxInt
	case f.Bytes != nil:
		return *f.Bytes
	case f.At == nil:
		return -1
	}
	n := 0
	for _, p := range r.parts[:f.index(r)] {
		n += len(p.data)
	}
	return n
}

// instead is the answer that takes the place of the proper one.
func (f *Fault) instead() *response {
	status := f.Status
	if status == 0 {
		status = max(statusOf(f.Code), 0)
	}
	if status == 0 {
		status = http.StatusInternalServerError
	}
	message := f.Message
	if message == "" {
		message = messageOf(f.Code)
	}
	r := (&apiError{status: status, code: f.Code, message: message, auth: slices.Contains(authCodes, f.Code)}).response()
	if f.Code == "" {
		delete(r.header, "x-amzn-ErrorType")
	}
	body := &r.parts[0].data
	if f.Body != nil {
		*body = []byte(*f.Body)
	}
	if pad := f.BodySize - len(*body); pad > 0 {
		*body = append(*body, bytes.Repeat([]byte{' '}, pad)...)
	}
	if status == http.StatusNoContent || status == http.StatusNotModified {
		r.parts = nil // HTTP knows no body of these
	}
	return r
}

// corrupt spoils a checksum; a server-sent event has none, so its JSON goes.
func corrupt(data []byte, which string, form form) []byte {
	data = slices.Clone(data)
	switch {
	case form != frameForm:
		return bytes.Replace(data, []byte("{"), []byte("#"), 1)
	case which == "prelude":
		data[8] ^= 0xff
	default:
		data[len(data)-1] ^= 0xff
	}
	return data
}

// exception is the event that ends a stream with an error.
func (f *Fault) exception(form form) part {
	message := f.Message
	if message == "" {
		message = messageOf(strings.ToUpper(f.Exception[:1]) + f.Exception[1:])
	}
	if form == sseForm {
		return part{data: append(append([]byte("data: "), encode(map[string]any{
			"error": map[string]any{"code": f.Exception, "message": message, "param": nil, "type": "server_error"},
		})...), "\n\n"...)}
	}
	payload := map[string]any{"message": message}
	if f.Exception == "modelStreamErrorException" {
		payload["originalStatusCode"], payload["originalMessage"] = 500, message
	}
	return part{data: frame(":exception-type", f.Exception, "exception", encode(payload))}
}

// messageOf is what AWS says with an error code.
func messageOf(code string) string {
	switch code {
	case "AccessDeniedException":
		return "You don't have access to the model with the specified model ID."
	case "ExpiredTokenException":
		return "The security token included in the request is expired"
	case "UnrecognizedClientException":
		return "The security token included in the request is invalid."
	case "InternalServerException", "ModelStreamErrorException", "ModelErrorException":
		return "The system encountered an unexpected error during processing. Try your request again."
	case "ModelNotReadyException":
		return "Model is not ready for inference. Wait and try your request again."
	case "ModelTimeoutException":
		return "Model has timed out in processing the request. Try your request again."
	case "ResourceNotFoundException":
		return "Could not resolve the foundation model from the provided model identifier."
	case "ServiceUnavailableException":
		return "Bedrock is unable to process your request."
	case "ThrottlingException":
		return "Too many requests, please wait before trying again."
	}
	return "A fault of the mock."
}
