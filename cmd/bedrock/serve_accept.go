package main

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// The forms of an answer.
const (
	formText   = "text/plain"
	formJSON   = "application/json"
	formEvents = "text/event-stream"

	plainText = formText + "; charset=utf-8"
)

// negotiate picks the form that the Accept header likes best (RFC 9110, 12.5.1):
// among equals the one it names first, text where it does not care.
func negotiate(accept []string) (string, error) {
	ranges := strings.Split(strings.Join(accept, ","), ",")
	best, quality, place := "", 0.0, 0
	for _, form := range []string{formText, formJSON, formEvents} {
		if q, at := liking(ranges, form); q > quality || q == quality && q > 0 && at < place {
			best, quality, place = form, q, at
		}
	}
	if best == "" {
		return "", &refusal{status: http.StatusNotAcceptable, code: "not_acceptable", message: "there are " + formText + ", " + formJSON + " and " + formEvents}
	}
	return best, nil
}

// liking is the quality that the most specific of the ranges gives a form, and
// where that range stands. No header at all likes everything.
func liking(ranges []string, form string) (quality float64, place int) {
	kind, _, _ := strings.Cut(form, "/")
	best := -1
	for i, part := range ranges {
		name, parameters, _ := strings.Cut(part, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" && len(ranges) == 1 {
			name = "*/*"
		}
		if specific := slices.Index([]string{"*/*", kind + "/*", form}, name); specific > best {
			best, quality, place = specific, qualityOf(parameters), i
		}
	}
	return quality, place
}

func qualityOf(parameters string) float64 {
	for p := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if q, err := strconv.ParseFloat(value, 64); err == nil && strings.EqualFold(name, "q") {
			return q
		}
	}
	return 1
}
