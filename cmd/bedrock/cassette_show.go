package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"rawbedrock/client"
	"rawbedrock/client/cassette"
)

type showFlags struct {
	output, form string
	recordedFlags
	connection // of the requests of --as
}

func (s *showFlags) run(ctx context.Context, e env, args []string) error {
	if s.form != "" {
		return s.as(ctx, e, args)
	}
	all, first, err := s.chosen(args)
	if err != nil {
		return err
	}
	if s.output == "json" {
		return showJSON(e.stdout, all)
	}
	var b bytes.Buffer
	for n := range all {
		if n > 0 {
			b.WriteString("\n")
		}
		p := page{&b}
		p.interaction(first+n, &all[n])
	}
	_, err = io.WriteString(e.stdout, strings.Map(visible, b.String()))
	return err
}

// recordedEvent is an event of a recorded stream.
type recordedEvent struct {
	client.Event
	after time.Duration
	err   error // that the stream ends with here; Event is empty then
}

// eventsOf takes a recorded stream apart; nil when the answer is none.
func eventsOf(r *cassette.Response) (events []recordedEvent) {
	switch kind := r.Kind(); {
	case kind == "frames":
		for ev, err := range client.ReadEvents(bytes.NewReader(r.Body)) {
			after := r.CutAfter
			if n := len(events); n < len(r.Arrivals) {
				after = r.Arrivals[n].After
			}
			events = append(events, recordedEvent{ev.Clone(), after, err})
		}
	case strings.HasPrefix(kind, "sse"):
		from := 0
		for _, a := range r.Arrivals {
			ev := client.Event{Type: "data"}
			for line := range strings.Lines(string(r.Body[from:a.End])) {
				name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
				value = strings.TrimPrefix(value, " ")
				switch name {
				case "event":
					ev.Type = value
				case "data":
					ev.Payload = append(ev.Payload, value...)
				}
			}
			from = a.End
			events = append(events, recordedEvent{ev, a.After, nil})
		}
	}
	return events
}

// page is a recording as a person reads it.
type page struct{ *bytes.Buffer }

// row prints a text behind a word of at most nine letters; other lines of the
// text stand below its first.
func (p page) row(word, text string) {
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		fmt.Fprintln(p, strings.TrimRight(fmt.Sprintf("%-9s  %s", word, line), " "))
		word = ""
	}
}

func (p page) interaction(number int, i *cassette.Interaction) {
	op, labels, _ := matchURL(i.Request)
	fmt.Fprintln(p, title(number, op.Name, labels, i.Line))
	p.row("request", i.Request.Method+" "+i.Request.URL)
	p.request(i.Request.Body)
	events := eventsOf(&i.Response)
	p.row("answer", timing(&i.Response, events))
	hear(op, labels, i, events).print(p)
	if i.Response.Cut != "" {
		p.row("cut", fmt.Sprintf("after %s: %s", seconds(i.Response.CutAfter), i.Response.Cut))
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// timing is the status and when what came.
func timing(r *cassette.Response, events []recordedEvent) string {
	s := fmt.Sprintf("%d %s after %s", r.Status, http.StatusText(r.Status), seconds(r.After))
	if n := len(events); n > 0 {
		s += fmt.Sprintf(", %s, the first after %s, the last after %s", count(n, "event"), seconds(events[0].after), seconds(events[n-1].after))
	}
	return s
}

// request prints the conversation that a body holds, in any dialect, and the
// rest of it in a line.
func (p page) request(body []byte) {
	if len(body) == 0 {
		return
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		p.row("body", short(body))
		return
	}
	take := func(name string) client.Event {
		value := members[name]
		delete(members, name)
		return client.Event{Payload: value}
	}
	p.content("system", take("system"))
	for _, name := range []string{"messages", "input"} {
		if bytes.HasPrefix(members[name], []byte("{")) {
			continue
		}
		for _, m := range take(name).Get("@this").Array() {
			if m.IsObject() {
				p.content(m.Get("role").String(), client.Event{Payload: []byte(m.Get("content").Raw)})
				p.calls(client.Event{Payload: []byte(m.Raw)}, "tool_calls.#.function")
			} else {
				p.content("user", client.Event{Payload: []byte(m.Raw)})
			}
		}
	}
	for _, name := range []string{"prompt", "inputText", "message"} {
		p.content("user", take(name))
	}
	if rest, _ := json.Marshal(members); len(members) > 0 {
		p.row("with", short(rest))
	}
}

// content prints a string, or an array of content blocks.
func (p page) content(role string, value client.Event) {
	this := value.Get("@this")
	if !this.IsArray() && !this.IsObject() {
		if this.Exists() {
			p.row(role, this.String())
		}
		return
	}
	for _, block := range this.Array() {
		p.row(role, blockText(client.Event{Payload: []byte(block.Raw)}))
	}
}

// blockText is a content block of Converse, Claude or OpenAI in a few words.
func blockText(block client.Event) string {
	if text := firstOf(block, "text", "thinking", "reasoningContent.reasoningText.text"); text != "" {
		return text
	}
	for _, kind := range []string{"image", "document", "video", "audio"} {
		if block.Get(kind).Exists() || block.Get("type").String() == kind {
			format := firstOf(block, kind+".format", kind+".media_type", "source.media_type", "source.type")
			return fmt.Sprintf("(%s %s, %s of JSON)", kind, format, count(len(block.Payload), "byte"))
		}
	}
	for _, path := range []string{"toolUse", "@this"} {
		if name := block.Get(path + ".name").String(); name != "" && block.Get(path+".input").Exists() {
			return "calls " + name + " " + short([]byte(block.Get(path+".input").Raw))
		}
	}
	for _, path := range []string{"toolResult.content", "content"} {
		if result := block.Get(path); result.Exists() {
			return "result " + short([]byte(result.Raw))
		}
	}
	return short(block.Payload)
}

// firstOf is the first of the paths where there is a text.
func firstOf(ev client.Event, paths ...string) string {
	for _, path := range paths {
		if s := ev.Get(path).String(); s != "" {
			return s
		}
	}
	return ""
}

// calls prints the tool calls at the first of the paths that has any.
func (p page) calls(answer client.Event, paths ...string) {
	for _, path := range paths {
		found := answer.Get(path).Array()
		for _, call := range found {
			if name := call.Get("name").String(); name != "" {
				p.row("calls", name+" "+short([]byte(firstOf(client.Event{Payload: []byte(call.Raw)}, "input", "arguments"))))
			}
		}
		if len(found) > 0 {
			return
		}
	}
}

// short is text in one line of at most so many bytes; what is in base64 is not
// worth more.
func short(text []byte) string {
	const most = 300
	s := string(oneLine(text))
	if !utf8.ValidString(s) {
		return count(len(text), "byte")
	}
	if s = strings.Join(strings.Fields(s), " "); len(s) > most {
		end := most
		for !utf8.RuneStart(s[end]) {
			end--
		}
		s = fmt.Sprintf("%s… (%s)", s[:end], count(len(text), "byte"))
	}
	return s
}
