package main

import (
	"cmp"
	"fmt"
	"go/format"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"rawbedrock/client/operation"
	"rawbedrock/sigv4/credentials"
)

// export is a request as a program in another language makes it anew, with
// credentials of its own.
type export struct {
	op       operation.Operation // zero: it is none of Bedrock's
	labels   []string
	region   string
	endpoint string // base URL; "" when it is AWS's own for the region
	service  string // the signing name
	bearer   bool
	stream   bool
	header   http.Header // but for what a client adds by itself
	body     []byte
	request  *http.Request
}

// newExport reads a request that is about to be sent.
func newExport(r *http.Request, body []byte) export {
	x := export{request: r, body: body, header: http.Header{}}
	var prefix string
	x.op, x.labels, prefix, _ = matchPath(r.Method, r.URL.EscapedPath())
	authorization := r.Header.Get("Authorization")
	x.bearer = strings.HasPrefix(authorization, "Bearer ") || authorization == "" && r.Header.Get("X-Api-Key") != ""
	if _, scope, ok := strings.Cut(authorization, "Credential="); ok {
		if parts := strings.SplitN(scope, "/", 5); len(parts) == 5 {
			x.region, x.service = parts[2], parts[3]
		}
	}
	x.region = cmp.Or(x.region, regionOf(r.URL))
	if at, err := credentials.EndpointURL(string(x.op.Host), x.region, false, false); err != nil || at != r.URL.Scheme+"://"+r.URL.Host+prefix {
		x.endpoint = r.URL.Scheme + "://" + r.URL.Host + prefix
	}
	x.service = cmp.Or(x.service, x.op.Host.SigningName())
	x.region = cmp.Or(x.region, mockRegion) // the endpoint is given, and an API key names none
	x.stream = streaming(x.op, body)
	for name, values := range r.Header {
		if !slices.Contains(ownHeaders, name) {
			x.header[name] = values
		}
	}
	return x
}

// ownHeaders are those that every client of Bedrock makes by itself.
var ownHeaders = []string{
	"Accept", "Accept-Encoding", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request", "Anthropic-Version", "Authorization",
	"Connection", "Content-Length", "Content-Type", "User-Agent",
	"X-Amz-Content-Sha256", "X-Amz-Date", "X-Amz-Security-Token", "X-Api-Key",
}

// ownTypes are the media types that a client of Bedrock gives by itself.
var ownTypes = []string{"application/json", "application/vnd.amazon.eventstream", "text/event-stream", "*/*"}

// writeGo prints a program that makes the call with this module.
func writeGo(w io.Writer, r *http.Request, body []byte) error {
	x := newExport(r, body)
	if x.op.Name == "" {
		return fmt.Errorf("%s %s is no operation of Bedrock", r.Method, r.URL.Path)
	}
	var header string
	for _, name := range []string{"Accept", "Content-Type"} {
		if t := r.Header.Get(name); t != "" && !slices.Contains(ownTypes, t) {
			x.header.Set(name, t)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(x.header)) {
		header += fmt.Sprintf("%q: {%s},", name, quoted(x.header[name]))
	}
	fields := []string{"Op: operation." + x.op.Name + ","}
	if len(x.labels) > 0 {
		fields = append(fields, fmt.Sprintf("Labels: []string{%s},", quoted(x.labels)))
	}
	imports := []string{"context", "fmt", "log"}
	if query := r.URL.Query(); len(query) > 0 {
		imports = append(imports, "net/url")
		fields = append(fields, "Query: "+goQuery(query)+",")
	}
	if header != "" {
		imports = append(imports, "net/http")
		fields = append(fields, "Header: http.Header{"+strings.TrimSuffix(header, ",")+"},")
	}
	if len(body) > 0 {
		fields = append(fields, "Body: []byte("+goString(string(body))+"),")
	}
	options := fmt.Sprintf("client.WithRegion(%q)", x.region)
	if x.endpoint != "" {
		options += fmt.Sprintf(", client.WithEndpoint(%q)", x.endpoint)
	}
	call := goWhole
	if x.stream {
		call = goStream
	}
	slices.Sort(imports)
	source, err := format.Source(fmt.Appendf(nil, goProgram, strings.Join(imports, "\"\n\""), options, strings.Join(fields, "\n"), call))
	if err != nil {
		return err
	}
	_, err = w.Write(source)
	return err
}

const (
	goProgram = `package main

import (
	"%s"

	"rawbedrock/client"
	"rawbedrock/client/operation"
)

func main() {
	c, err := client.New(%s) // credentials: environment, profile, role
	if err != nil {
		log.Fatal(err)
	}
	request := client.Request{
		%s
	}
	%s
}
`
	goWhole = `response, err := c.Do(context.Background(), request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(response.Body))`
	goStream = `stream, err := c.Stream(context.Background(), request)
	if err != nil {
		log.Fatal(err)
	}
	for event, err := range stream.Events() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Type, string(event.Payload))
	}`
)

func quoted(list []string) string {
	var all []string
	for _, s := range list {
		all = append(all, strconv.Quote(s))
	}
	return strings.Join(all, ", ")
}

func goQuery(query url.Values) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(query)) {
		all = append(all, fmt.Sprintf("%q: {%s}", name, quoted(query[name])))
	}
	return "url.Values{" + strings.Join(all, ", ") + "}"
}

// goString is a string literal, raw where it can be.
func goString(s string) string {
	if strconv.CanBackquote(s) {
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}
