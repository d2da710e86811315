package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strings"

	"rawbedrock/client/redact"
	"rawbedrock/sigv4"
)

// signStep is one of the four steps of a signature, for --explain.
type signStep struct {
	Step  string     `json:"step"`
	What  string     `json:"what"`
	Lines []signLine `json:"lines"`
}

// signLine is a line of a step and where it came from. A secret in it reads
// REDACTED.
type signLine struct {
	Line string `json:"line"`
	From string `json:"from"`
}

// steps labels the steps of a signature.
func (f *signFlags) steps(req *http.Request, body []byte, region string, c sigv4.Credentials, sig sigv4.Signature) []signStep {
	scope := strings.Split(sig.Scope, "/")
	toSign := strings.Split(sig.StringToSign, "\n")
	from := func(set bool, flag, otherwise string) string {
		if set {
			return flag
		}
		return otherwise
	}
	day, when := scope[0], from(f.timeGiven, "--time", "this machine's clock")
	where := from(f.region != "", "--region", "environment or profile")
	return []signStep{
		{"canonical request", "the request in the one form that both sides can rebuild", f.canonicalLines(req, body, c, sig)},
		{"string to sign", "what is signed", []signLine{
			{toSign[0], "the algorithm"}, {toSign[1], "the time, as in X-Amz-Date: " + when},
			{toSign[2], "the credential scope: day / region (" + where + ") / service (--service) / aws4_request"},
			{toSign[3], "SHA-256 of the canonical request"},
		}},
		{"signing key", "the secret access key narrowed by HMAC-SHA256; neither is shown", []signLine{
			{"kDate    = HMAC(\"AWS4\" + secret access key, " + fmt.Sprintf("%q", day) + ")", "the secret is from " + cmp.Or(c.Source, "the credentials")},
			{"kRegion  = HMAC(kDate, " + fmt.Sprintf("%q", region) + ")", where},
			{"kService = HMAC(kRegion, " + fmt.Sprintf("%q", f.service) + ")", "--service"},
			{"kSigning = HMAC(kService, \"aws4_request\")", "always the same"},
		}},
		{"signature", "HMAC-SHA256 of the string to sign under the signing key", []signLine{{sig.Signature, "in hexadecimal digits"}}},
	}
}

func (f *signFlags) canonicalLines(req *http.Request, body []byte, c sigv4.Credentials, sig sigv4.Signature) []signLine {
	lines := strings.Split(redact.Text(sig.CanonicalRequest, c.SessionToken), "\n")
	all := []signLine{{lines[0], "the method"}, {lines[1], "the path of --url" + map[bool]string{true: ", as it is sent", false: ", each segment percent-encoded once more"}[f.keepPath]},
		{lines[2], "the query of --url, sorted by name and value" + map[bool]string{true: ", with the parameters of the signature", false: ""}[f.presign > 0]}}
	if lines[2] == "" {
		all[2].From = "no query"
	}
	headers := lines[3 : len(lines)-3]
	for _, line := range headers {
		name, _, _ := strings.Cut(line, ":")
		all = append(all, signLine{line, f.headerFrom(name, req, c)})
	}
	hash := fmt.Sprintf("the payload hash: SHA-256 of the body, %d bytes", len(body))
	if req.Header.Get("X-Amz-Content-Sha256") != "" {
		hash = "the payload hash, as the header X-Amz-Content-Sha256 has it"
	}
	return append(all, signLine{"", "the end of the headers"},
		signLine{sig.SignedHeaders, "the signed headers: names in lower case, sorted"}, signLine{lines[len(lines)-1], hash})
}

func (f *signFlags) headerFrom(name string, req *http.Request, c sigv4.Credentials) string {
	switch name {
	case "host":
		if req.URL.Host == "" {
			return "-H Host"
		}
		return "the host of --url"
	case "x-amz-date":
		return "set by signing"
	case "x-amz-security-token":
		return "the session token, from " + cmp.Or(c.Source, "the credentials")
	}
	return "-H " + http.CanonicalHeaderKey(name)
}

// printSteps prints the steps with the origin of each line beside it.
func printSteps(w io.Writer, steps []signStep, last, value string) error {
	var b bytes.Buffer
	for i, s := range steps {
		fmt.Fprintf(&b, "%d. %s: %s\n", i+1, s.Step, s.What)
		width := 0
		for _, l := range s.Lines {
			width = max(width, min(len(l.Line), 64))
		}
		for _, l := range s.Lines {
			fmt.Fprintf(&b, "     %-*s  | %s\n", width, l.Line, l.From)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%s\n%s\n", last, indented(value))
	_, err := w.Write(b.Bytes())
	return err
}
