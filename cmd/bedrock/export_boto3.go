package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"rawbedrock/client/operation"
)

// writeBoto3 prints a Python program that makes the call with boto3; one that
// boto3 has no method for is signed with botocore.
func writeBoto3(w io.Writer, r *http.Request, body []byte) error {
	x := newExport(r, body)
	members, ok := x.boto3Members()
	if method := boto3Method(x.op); ok && method != "" {
		return x.writeMethod(w, method, members)
	}
	return x.writeSigned(w)
}

// boto3Method is the method of boto3's client for an operation, "" when it has
// none: the APIs of OpenAI and Anthropic, and what is newer than boto3 1.43.
func boto3Method(op operation.Operation) string {
	if op.Name == "" || op == operation.InvokeGuardrailChecks || op.Host == operation.Mantle || op.Streaming == operation.SSE || strings.HasPrefix(op.Path, "/openai/") || strings.HasPrefix(op.Path, "/anthropic/") {
		return ""
	}
	var b strings.Builder
	for i, c := range op.Name {
		if unicode.IsUpper(c) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// pair is a parameter of a method, its value a Python expression.
type pair struct{ name, value string }

// invokeHeaders are the parameters that travel as headers (API reference,
// InvokeModel and InvokeModelWithResponseStream).
var invokeHeaders = map[string]string{
	"X-Amzn-Bedrock-Accept": "accept", "X-Amzn-Bedrock-Trace": "trace",
	"X-Amzn-Bedrock-Guardrailidentifier": "guardrailIdentifier", "X-Amzn-Bedrock-Guardrailversion": "guardrailVersion",
	"X-Amzn-Bedrock-Performanceconfig-Latency": "performanceConfigLatency", "X-Amzn-Bedrock-Service-Tier": "serviceTier",
	"X-Amzn-Bedrock-Request-Metadata": "requestMetadata",
}

// boto3Members are the parameters of the call. It is not ok when the body is
// not what the operation takes.
func (x export) boto3Members() (all []pair, ok bool) {
	names := strings.Split(x.op.Path, "{")[1:]
	for i, label := range x.labels {
		name, _, _ := strings.Cut(names[i], "}")
		all = append(all, pair{name, pyString(label)})
	}
	for _, name := range slices.Sorted(maps.Keys(x.request.URL.Query())) {
		value := pyString(x.request.URL.Query().Get(name))
		if name == "maxResults" {
			value = x.request.URL.Query().Get(name)
		}
		if x.op == operation.ListInferenceProfiles && name == "type" {
			name = "typeEquals"
		}
		all = append(all, pair{name, value})
	}
	if x.op == operation.InvokeModel || x.op == operation.InvokeModelWithResponseStream {
		return append(all, x.invokeMembers()...), true
	}
	if len(x.body) == 0 {
		return all, true
	}
	dec := json.NewDecoder(bytes.NewReader(x.body))
	dec.UseNumber()
	p := pyWriter{dec: dec}
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	for dec.More() {
		name, value, null := p.member()
		if !null {
			all = append(all, pair{name, value})
		}
	}
	return all, p.err == nil
}

func (x export) invokeMembers() []pair {
	all := []pair{{"body", pyBytes(x.body)}}
	if t := x.request.Header.Get("Content-Type"); t != "" && t != "application/json" {
		all = append(all, pair{"contentType", pyString(t)})
	}
	if a := x.request.Header.Get("Accept"); a != "" && a != "application/json" && x.op == operation.InvokeModel {
		all = append(all, pair{"accept", pyString(a)})
	}
	for _, header := range slices.Sorted(maps.Keys(x.header)) {
		if name := invokeHeaders[header]; name != "" {
			all = append(all, pair{name, pyString(x.header.Get(header))})
		}
	}
	return all
}

func (x export) writeMethod(w io.Writer, method string, members []pair) error {
	var b strings.Builder
	b.WriteString("request = {\n")
	for _, m := range members {
		fmt.Fprintf(&b, "    %s: %s,\n", pyString(m.name), m.value)
	}
	b.WriteString("}\n")
	fmt.Fprintf(&b, "client = boto3.client(%s, region_name=%s%s)\n", pyString(string(x.op.Host)), pyString(x.region), x.pyEndpoint())
	if others := x.pyHeaders(members); others != "" {
		fmt.Fprintf(&b, "headers = {\n%s}\nclient.meta.events.register(\"before-call\", lambda params, **_: params[\"headers\"].update(headers))\n", others)
	}
	fmt.Fprintf(&b, "response = client.%s(**request)\n", method)
	switch {
	case x.op == operation.InvokeModelWithResponseStream:
		b.WriteString("for event in response[\"body\"]:\n    print(event[\"chunk\"][\"bytes\"].decode())\n")
	case x.stream:
		b.WriteString("for event in response[\"stream\"]:\n    print(event)\n")
	case x.op == operation.InvokeModel:
		b.WriteString("print(response[\"body\"].read().decode())\n")
	default:
		b.WriteString("response.pop(\"ResponseMetadata\")\nprint(json.dumps(response, indent=2, default=str))\n")
	}
	_, err := io.WriteString(w, pyImports(b.String())+b.String())
	return err
}

// pyHeaders are the headers that are no parameters of the call.
func (x export) pyHeaders(members []pair) string {
	var b strings.Builder
	for _, header := range slices.Sorted(maps.Keys(x.header)) {
		if name := invokeHeaders[header]; name == "" || !slices.ContainsFunc(members, func(m pair) bool { return m.name == name }) {
			fmt.Fprintf(&b, "    %s: %s,\n", pyString(header), pyString(strings.Join(x.header[header], ", ")))
		}
	}
	return b.String()
}

// pyImports are those that a program needs.
func pyImports(program string) string {
	var standard, others string
	for _, m := range []string{"base64", "json", "os"} {
		if strings.Contains(program, m+".") {
			standard += "import " + m + "\n"
		}
	}
	if strings.Contains(program, "boto3.") {
		others = "import boto3\n"
	}
	for _, from := range []string{"auth import SigV4Auth", "awsrequest import AWSRequest", "httpsession import URLLib3Session"} {
		if strings.Contains(program, from[strings.LastIndexByte(from, ' ')+1:]+"(") {
			others += "from botocore." + from + "\n"
		}
	}
	if standard != "" {
		standard += "\n"
	}
	return standard + others + "\n"
}

func (x export) pyEndpoint() string {
	if x.endpoint == "" {
		return ""
	}
	return ", endpoint_url=" + pyString(x.endpoint)
}

// writeSigned prints a program that sends the request itself.
func (x export) writeSigned(w io.Writer) error {
	header := map[string]string{"Content-Type": x.request.Header.Get("Content-Type"), "Accept": x.request.Header.Get("Accept")}
	if v := x.request.Header.Get("Anthropic-Version"); v != "" {
		header["Anthropic-Version"] = v
	}
	for name, values := range x.header {
		header[name] = strings.Join(values, ", ")
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(header)) {
		if header[name] != "" {
			fmt.Fprintf(&b, "    %s: %s,\n", pyString(name), pyString(header[name]))
		}
	}
	auth := fmt.Sprintf("session = boto3.Session(region_name=%s)\nSigV4Auth(session.get_credentials(), %s, %s).add_auth(request)\n",
		pyString(x.region), pyString(x.service), pyString(x.region))
	if x.bearer {
		auth = "request.headers[\"Authorization\"] = \"Bearer \" + os.environ[\"AWS_BEARER_TOKEN_BEDROCK\"]\n"
		if strings.HasPrefix(x.op.Path, "/anthropic/") {
			auth = "request.headers[\"X-Api-Key\"] = os.environ[\"AWS_BEARER_TOKEN_BEDROCK\"]\n"
		}
	}
	program := fmt.Sprintf(`headers = {
%s}
data = %s
request = AWSRequest(method=%s, url=%s, headers=headers, data=data)
%sresponse = URLLib3Session().send(request.prepare())
print(response.text)
if response.status_code != 200:
    raise SystemExit(f"{response.status_code} {response.headers.get('x-amzn-ErrorType', '')}")
`, b.String(), pyBytes(x.body), pyString(x.request.Method), pyString(x.request.URL.String()), auth)
	_, err := io.WriteString(w, pyImports(program)+program)
	return err
}
