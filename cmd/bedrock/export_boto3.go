package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

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

// pyWriter writes JSON as Python. Blobs, which JSON has in base64, become bytes;
// a member that is null is left out, but within documents, which are anybody's.
type pyWriter struct {
	dec  *json.Decoder
	path []string
	err  error
}

// member reads a name and its value.
func (p *pyWriter) member() (name, value string, null bool) {
	t, err := p.dec.Token()
	name, _ = t.(string)
	p.path = append(p.path, name)
	defer func() { p.path = p.path[:len(p.path)-1] }()
	if err != nil {
		p.err = err
		return name, "None", false
	}
	value = p.value()
	return name, value, value == "None" && !p.inDocument()
}

func (p *pyWriter) value() string {
	t, err := p.dec.Token()
	if err != nil {
		p.err = err
		return "None"
	}
	switch t := t.(type) {
	case nil:
		return "None"
	case bool:
		return map[bool]string{true: "True", false: "False"}[t]
	case json.Number:
		return t.String()
	case string:
		if p.isBlob() {
			return "base64.b64decode(" + pyString(t) + ")"
		}
		return pyString(t)
	}
	return p.items(t.(json.Delim))
}

func (p *pyWriter) items(open json.Delim) string {
	var b strings.Builder
	b.WriteString(open.String())
	indent := strings.Repeat("    ", len(p.path)+1)
	for p.dec.More() && p.err == nil {
		if open == '[' {
			p.path = append(p.path, "")
			fmt.Fprintf(&b, "\n%s%s,", indent, p.value())
			p.path = p.path[:len(p.path)-1]
			continue
		}
		if name, value, null := p.member(); !null {
			fmt.Fprintf(&b, "\n%s%s: %s,", indent, pyString(name), value)
		}
	}
	end, err := p.dec.Token()
	if p.err == nil {
		p.err = err
	}
	if delim, ok := end.(json.Delim); ok {
		if b.Len() > 1 {
			b.WriteString("\n" + indent[4:])
		}
		b.WriteString(delim.String())
	}
	return b.String()
}

// inDocument tells that a value belongs to the caller, not to the API: tool
// inputs, schemas, a model's own fields.
func (p *pyWriter) inDocument() bool {
	for i, name := range p.path[:max(0, len(p.path)-1)] {
		if name == "input" && i > 0 || name == "json" || name == "additionalModelRequestFields" || name == "modelInput" {
			return true
		}
	}
	return false
}

// isBlob tells the members that hold bytes (service model of Bedrock Runtime).
func (p *pyWriter) isBlob() bool {
	n := len(p.path)
	if n < 2 || p.inDocument() {
		return false
	}
	switch p.path[n-1] {
	case "bytes":
		return p.path[n-2] == "source"
	case "redactedContent":
		return p.path[n-2] == "reasoningContent"
	case "body":
		return p.path[n-2] == "invokeModel"
	}
	return false
}

// pyString is a Python string literal, in the quotes that need fewer escapes.
func pyString(s string) string {
	quote := '"'
	if strings.ContainsRune(s, quote) && !strings.Contains(s, "'") {
		quote = '\''
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, c := range s {
		switch {
		case c == quote || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case unicode.IsControl(c) || c == 0x2028 || c == 0x2029:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteRune(quote)
	return b.String()
}

// pyBytes is a Python expression for bytes.
func pyBytes(data []byte) string {
	if !utf8.Valid(data) {
		return "base64.b64decode(" + pyString(base64.StdEncoding.EncodeToString(data)) + ")"
	}
	return pyString(string(data)) + ".encode()"
}
