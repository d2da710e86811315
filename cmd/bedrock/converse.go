package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"

	"rawbedrock/client"
	"rawbedrock/client/operation"
)

const converseLong = `Sends one message through the Converse API, which speaks to every chat model in
the same form, and prints the answer as it comes. Unless a model is named it is
Amazon Nova 2 Lite, by the inference profile of the region's geography.

Examples:
  bedrock converse --mock "Hello"
  bedrock converse -m us.amazon.nova-2-lite-v1:0 -r us-east-1 "Hello"
  git diff | bedrock converse --system "Review this." -
  bedrock converse --image chart.png --max-tokens 200 "What does it show?"
  bedrock converse -o jsonl "Hello" --query contentBlockDelta.delta.text
  bedrock converse --no-stream -o json "Hello"
  bedrock converse --lint --body @request.json
  bedrock converse --body @request.json --dry-run curl
  bedrock converse --record hello.cassette "Hello"
  bedrock converse --replay hello.cassette "Hello"
`

type converseFlags struct {
	connection
	answerFlags
	sampling
	noStream          bool
	images, documents listFlag
	toolConfig        string
	guardrail         string
	lint              lintFlag
}

func converseCommand() command {
	return command{
		name: "converse", args: "[PROMPT|-]", short: "ask a chat model through the Converse API", long: converseLong,
		setup: func(fs *flag.FlagSet) func(context.Context, env, []string) error {
			var c converseFlags
			c.connection.register(fs)
			c.answerFlags.register(fs)
			c.sampling.register(fs, 1)
			fs.BoolVar(&c.noStream, "no-stream", false, "ask for the whole answer at once (Converse, not ConverseStream)")
			fs.Var(&c.images, "image", "attach an image `file`: png, jpeg, gif or webp; may be repeated")
			fs.Var(&c.documents, "document", "attach a document `file`: pdf, csv, doc, docx, xls, xlsx, html, txt or md; may be repeated")
			fs.StringVar(&c.toolConfig, "tool-config", "", "`file` with the request's toolConfig")
			fs.StringVar(&c.guardrail, "guardrail", "", "apply a guardrail: `ID:VERSION`")
			fs.Var(&c.lint, "lint", "first tell on stderr what Bedrock would refuse; --lint=strict sends nothing then")
			return func(ctx context.Context, e env, args []string) error { return c.run(ctx, e, fs, args) }
		},
	}
}

func (c *converseFlags) run(ctx context.Context, e env, fs *flag.FlagSet, args []string) (err error) {
	body, err := c.wholeBody(ctx, e, fs, args, "system", "max-tokens", "temperature", "top-p", "stop", "image", "document", "tool-config", "guardrail")
	if err != nil {
		return err
	}
	if body == nil {
		body, err = c.request(ctx, e, args)
	} else {
		err = checkObject(body, "--body")
	}
	if err != nil {
		return err
	}
	s, model, err := c.session(e, &c.connection, (*session).anyModel)
	if err != nil {
		return err
	}
	defer s.close(e, &err)
	if err := c.lint.check(e, model, body); err != nil {
		return err
	}
	x := exchange{
		request: client.Request{Op: operation.ConverseStream, Labels: []string{model}, Body: body},
		stream:  !c.noStream && c.output != "json" && (c.query == "" || c.output == "jsonl"),
		whole:   converseWhole, event: converseEvent, line: converseLine,
	}
	if !x.stream {
		x.request.Op = operation.Converse
	}
	return c.call(ctx, e, s, x)
}

// lintFlag is --lint, which warns, or --lint=strict, which refuses.
type lintFlag string

func (l *lintFlag) String() string   { return string(*l) }
func (l *lintFlag) IsBoolFlag() bool { return true }

func (l *lintFlag) Set(s string) error {
	if s != "true" && s != "strict" {
		return fmt.Errorf("want --lint or --lint=strict")
	}
	*l = lintFlag(s)
	return nil
}

// check tells what Bedrock would refuse in a request.
func (l lintFlag) check(e env, model string, body []byte) error {
	if l == "" {
		return nil
	}
	r := client.ConverseRequest{}
	if err := client.Unmarshal(body, &r); err != nil {
		return usagef("--lint: %w", err)
	}
	r.ModelID = model
	findings := client.Lint(&r)
	for _, f := range findings {
		fmt.Fprintf(e.stderr, "lint: %v\n", f)
	}
	if l == "strict" && len(findings) > 0 {
		return usagef("--lint=strict: nothing was sent, for what is said above")
	}
	return nil
}

// request builds the body of Converse from the flags.
func (c *converseFlags) request(ctx context.Context, e env, args []string) ([]byte, error) {
	prompt, err := readPrompt(ctx, e, args)
	if err != nil {
		return nil, err
	}
	content, err := c.attachments()
	if err != nil {
		return nil, err
	}
	r, err := c.converse(c.guardrail, append(content, client.ContentBlock{Text: prompt})...)
	if err != nil {
		return nil, err
	}
	if c.toolConfig != "" {
		if r.ToolConfig, err = readToolConfig(c.toolConfig); err != nil {
			return nil, err
		}
	}
	return client.Marshal(r)
}

// converse is the request of Converse for one message.
func (s *sampling) converse(guard string, content ...client.ContentBlock) (*client.ConverseRequest, error) {
	r := &client.ConverseRequest{Messages: []client.Message{{Role: client.RoleUser, Content: content}}}
	if s.system != "" {
		r.System = []client.SystemBlock{{Text: s.system}}
	}
	if s.maxTokens > 0 || s.temperature != nil || s.topP != nil || s.stop != nil {
		r.InferenceConfig = &client.InferenceConfig{MaxTokens: s.maxTokens, Temperature: s.temperature, TopP: s.topP, StopSequences: s.stop}
	}
	if guard != "" {
		id, version, err := guardrail(guard)
		if err != nil {
			return nil, err
		}
		r.GuardrailConfig = &client.GuardrailConfig{GuardrailIdentifier: id, GuardrailVersion: version}
	}
	return r, nil
}

// attachments are the content blocks that stand before the prompt.
func (c *converseFlags) attachments() (content []client.ContentBlock, err error) {
	for _, name := range c.images {
		block, err := imageBlock(name)
		if err != nil {
			return nil, err
		}
		content = append(content, client.ContentBlock{Image: block})
	}
	for _, name := range c.documents {
		block, err := documentBlock(name)
		if err != nil {
			return nil, err
		}
		content = append(content, client.ContentBlock{Document: block})
	}
	return content, nil
}

func readToolConfig(name string) (*client.ToolConfig, error) {
	data, err := readFile(name)
	if err != nil {
		return nil, err
	}
	if err := checkObject(data, "--tool-config "+name); err != nil {
		return nil, err
	}
	config := new(client.ToolConfig)
	if err := client.Unmarshal(data, config); err != nil {
		return nil, usagef("--tool-config %s: %w", name, err)
	}
	return config, nil
}

var guardrailForm = regexp.MustCompile(`^(.+):(DRAFT|[1-9][0-9]*)$`)

// guardrail takes ID:VERSION or ARN:VERSION apart.
func guardrail(s string) (id, version string, err error) {
	m := guardrailForm.FindStringSubmatch(s)
	if m == nil {
		return "", "", usagef("--guardrail %q: want ID:VERSION or ARN:VERSION, the version a number or DRAFT", s)
	}
	return m[1], m[2], nil
}

func imageBlock(name string) (*client.ImageBlock, error) {
	data, err := readFile(name)
	if err != nil {
		return nil, err
	}
	format, ok := strings.CutPrefix(http.DetectContentType(data), "image/")
	switch format {
	case "png", "jpeg", "gif", "webp":
	default:
		ok = false
	}
	if !ok {
		return nil, usagef("--image %s is no png, jpeg, gif or webp image", name)
	}
	return &client.ImageBlock{Format: format, Source: client.MediaSource{Bytes: data}}, nil
}

// documentFormats are Converse's, by the file's extension.
var documentFormats = map[string]string{
	".pdf": "pdf", ".csv": "csv", ".doc": "doc", ".docx": "docx", ".xls": "xls", ".xlsx": "xlsx",
	".html": "html", ".htm": "html", ".txt": "txt", ".md": "md", ".markdown": "md",
}

func documentBlock(name string) (*client.DocumentBlock, error) {
	format, ok := documentFormats[strings.ToLower(filepath.Ext(name))]
	if !ok {
		return nil, usagef("--document %s: the name must end in one of pdf, csv, doc, docx, xls, xlsx, html, txt, md", name)
	}
	data, err := readFile(name)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return nil, usagef("--document %s is empty", name)
	}
	return &client.DocumentBlock{Format: format, Name: documentName(name), Source: client.DocumentSource{Bytes: data}}, nil
}

// documentName is the name of a file as Bedrock takes it.
func documentName(path string) string {
	base := filepath.Base(path)
	return client.DocumentName(strings.TrimSuffix(base, filepath.Ext(base)))
}

func converseWhole(r *client.Response) (said, error) {
	var answer client.ConverseResponse
	if err := client.Unmarshal(r.Body, &answer); err != nil {
		return said{}, defectf("%w: -o json shows the answer", err)
	}
	s := said{text: answer.Text(), stop: answer.StopReason}
	for _, use := range answer.ToolUses() {
		s.tools = append(s.tools, use.Name)
	}
	return s, nil
}

func converseEvent(ev client.Event) said {
	switch ev.Type {
	case "contentBlockStart":
		if name := ev.Get("start.toolUse.name").String(); name != "" && ev.Get("start.toolUse.type").String() != "server_tool_use" {
			return said{tools: []string{name}}
		}
	case "contentBlockDelta":
		return said{text: ev.Get("delta.text").String()}
	case "messageStop":
		return said{stop: ev.Get("stopReason").String()}
	}
	return said{}
}

// converseLine is an event as the SDKs show it: {"messageStart":{…}}.
func converseLine(ev client.Event) []byte {
	return fmt.Appendf(nil, "{%q:%s}", ev.Type, oneLine(ev.Payload))
}
