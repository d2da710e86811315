package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"rawbedrock/client/bedrocktest"
)

// The files of the page come with a policy that allows nothing from outside,
// and nothing else is served.
func TestPageFiles(t *testing.T) {
	s := serving(t, &bedrocktest.Server{}, nil)
	for path, contentType := range map[string]string{"/": "text/html", "/style.css": "text/css", "/app.js": "text/javascript"} {
		a := s.do("GET", path, "")
		if a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), contentType) || a.header.Get("Content-Security-Policy") != pagePolicy || len(a.body) < 1000 {
			t.Errorf("%s: %d %v", path, a.status, a.header)
		}
		if head := s.do("HEAD", path, ""); head.status != 200 || head.body != "" {
			t.Errorf("HEAD %s: %+v", path, head)
		}
		if a.status = s.do("POST", path, "{}").status; a.status != 405 {
			t.Errorf("POST %s: %d", path, a.status)
		}
		if tag := a.header.Get("ETag"); path != "/" && s.do("GET", path, "", "If-None-Match", tag).status != 304 {
			t.Errorf("%s: tag %s", path, tag)
		}
		for _, outside := range []string{"http://", "https://", "//", "<style", "onclick", "javascript:", "innerHTML", "eval("} {
			text := strings.ReplaceAll(a.body, "http://www.w3.org/2000/svg", "")
			for line := range strings.Lines(text) {
				if strings.Contains(line, outside) && !strings.HasPrefix(strings.TrimSpace(line), "// ") && !strings.Contains(line, "; // ") {
					t.Errorf("%s: %s in %s", path, outside, line)
				}
			}
		}
	}
	for _, path := range []string{"/web/app.js", "/app.js/", "/index.html", "/serve.go", "/favicon.ico", "/..%2fserve.go", "/%2e%2e/%2e%2e/etc/passwd"} {
		if a := s.do("GET", path, ""); a.status != 404 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

// steps lets an upstream's answers go on part by part.
type steps chan struct{}

func (s steps) onPart(ctx context.Context, _ bedrocktest.Request, _ int) {
	select {
	case <-s:
	case <-ctx.Done():
	}
}

func TestPage(t *testing.T) {
	b := startBrowser(t)
	t.Run("answer", func(t *testing.T) { pageAnswers(t, b) })
	t.Run("stop", func(t *testing.T) { pageStops(t, b) })
	t.Run("errors", func(t *testing.T) { pageShowsErrors(t, b) })
	t.Run("looks", func(t *testing.T) { pageLooks(t, b) })
	t.Run("token", func(t *testing.T) { pageAsksForToken(t, b) })
}

const lastText = `document.querySelector("article .text").textContent`

// Type, Return, "Waiting…", growing text, small print, copy.
func pageAnswers(t *testing.T, b *browser) {
	step := make(steps)
	asked := make(chan string, 1)
	s := serving(t, &bedrocktest.Server{
		OnPart: step.onPart, OnRequest: func(r bedrocktest.Request) { asked <- string(r.Body) },
		Reply: func(_, prompt string) string { return "One <b>bold</b> answer,\nin two lines." },
	}, nil, "-m", "us.amazon.nova-2-lite-v1:0")
	p := b.open(t, s.url)
	p.press(t, "Enter") // nothing to send
	p.write(t, "What is this?")
	p.press(t, "Shift+Enter")
	p.write(t, "And that?")
	p.expect(t, `document.querySelector("textarea").value`, "What is this?\nAnd that?")
	p.shoot(t, "1-typed")
	p.press(t, "Enter")
	if body := <-asked; !strings.Contains(body, `"What is this?\nAnd that?"`) {
		t.Errorf("asked %s", body)
	}
	p.until(t, `document.querySelector("article")`)
	p.expect(t, lastText, "Waiting…")
	p.expect(t, `document.querySelector("#status").textContent`, "Waiting…")
	p.expect(t, `document.querySelector("#answers").getAttribute("aria-busy")`, "true")
	p.expect(t, `document.querySelector("#stop").hidden + " " + document.querySelector("#send").hidden`, "false true")
	p.shoot(t, "2-waiting")
	step <- struct{}{} // messageStart: nothing to see
	p.expect(t, lastText, "Waiting…")
	step <- struct{}{}
	p.until(t, lastText+` === "One"`)
	step <- struct{}{}
	p.until(t, lastText+`.length > 3`)
	p.expect(t, `document.querySelector("#answers").getAttribute("aria-busy")`, "true")
	p.shoot(t, "3-growing")
	close(step)
	p.until(t, `document.querySelector("#answers").getAttribute("aria-busy") === "false"`)
	p.expect(t, lastText, "One <b>bold</b> answer,\nin two lines.")
	p.expect(t, `document.querySelector("#stop").hidden + " " + document.querySelector("#send").hidden`, "true false")
	p.expect(t, `document.querySelectorAll("article b, article .error:not([hidden])").length`, "0")
	small := p.eval(t, `document.querySelector("article .small").textContent`)
	for _, part := range []string{"us.amazon.nova-2-lite-v1:0", "tokens in", "out", " s"} {
		if !strings.Contains(small, part) {
			t.Errorf("small print %q has no %q", small, part)
		}
	}
	p.must(t, "Browser.grantPermissions", map[string]any{"permissions": []string{"clipboardReadWrite", "clipboardSanitizedWrite"}})
	p.click(t, ".copy")
	p.until(t, `document.querySelector(".copy").textContent === "Copied"`)
	p.expect(t, `navigator.clipboard.readText()`, "One <b>bold</b> answer,\nin two lines.")
	p.shoot(t, "4-answer")
	p.click(t, "#prompt")
	p.write(t, "Again") // with the mouse
	p.click(t, "#send")
	<-asked
	p.until(t, `document.querySelectorAll("article").length === 2 && document.querySelector("#answers").getAttribute("aria-busy") === "false"`)
	p.expect(t, `document.activeElement.id`, "prompt")
	p.quiet(t, s.url)
}

// Stop, by button and by key, ends the call upstream and keeps what came.
func pageStops(t *testing.T, b *browser) {
	step := make(steps)
	gone := make(chan error, 2)
	s := serving(t, &bedrocktest.Server{OnPart: step.onPart, OnDone: func(_ bedrocktest.Request, o bedrocktest.Outcome) { gone <- o.Err }}, nil)
	p := b.open(t, s.url)
	for i, stop := range []func(){func() { p.click(t, "#stop") }, func() { p.press(t, "Escape") }} {
		p.write(t, "Tell me a long story")
		p.press(t, "Enter")
		for range 2 {
			step <- struct{}{}
		}
		p.until(t, lastText+` === "A"`)
		stop()
		if err := <-gone; err == nil {
			t.Error("the upstream finished")
		}
		p.until(t, `document.querySelector("#answers").getAttribute("aria-busy") === "false"`)
		p.expect(t, lastText, "A")
		p.expect(t, `document.querySelector("article .small").textContent`, "stopped")
		p.expect(t, `document.activeElement.id`, "prompt")
		p.expect(t, `document.querySelectorAll("article").length`, fmt.Sprint(i+1))
	}
	p.shoot(t, "5-stopped")
	p.quiet(t, s.url)
}

// Errors stand in words, with code and request id, and do not lose the prompt.
func pageShowsErrors(t *testing.T, b *browser) {
	for _, test := range []struct {
		fault, text, says, small string
	}{
		{"ThrottlingException; message=Too many requests, please wait before trying again.", "", "Too many requests, please wait before trying again. Try again in 5 s.", "ThrottlingException · request id "},
		{"modelStreamErrorException; at=3; message=the model fell over", "A mock", "The model fell over.", "ModelStreamErrorException · request id "},
		{"close; at=3", "A mock", "The answer broke off before its end.", "bad_gateway · request id "},
	} {
		f, err := bedrocktest.ParseFault(test.fault)
		if err != nil {
			t.Fatal(err)
		}
		s := serving(t, &bedrocktest.Server{Faults: []bedrocktest.Fault{f}}, nil, "--max-attempts", "1")
		p := b.open(t, s.url)
		p.write(t, "Hello")
		p.press(t, "Enter")
		p.until(t, `document.querySelector("article .error:not([hidden])")`)
		p.expect(t, `document.querySelector("article .error").textContent`, test.says)
		p.expect(t, lastText, test.text)
		if small := p.eval(t, `document.querySelector("article .small").textContent`); !strings.HasPrefix(strings.ToLower(small), strings.ToLower(test.small)) || len(small) < len(test.small)+36 {
			t.Errorf("small print %q, want %q", small, test.small)
		}
		p.expect(t, `document.querySelector("#prompt").value`, map[bool]string{true: "Hello"}[test.text == ""])
		p.shoot(t, "6-"+strings.Split(test.fault, ";")[0])
		p.quiet(t, s.url, "the server responded with a status of 429")
	}
	s := serving(t, &bedrocktest.Server{}, nil)
	p := b.open(t, s.url)
	s.stop()
	p.write(t, "Anybody there?")
	p.press(t, "Enter")
	p.until(t, `document.querySelector("article .error:not([hidden])")`)
	p.expect(t, `document.querySelector("article .error").textContent`, "The service cannot be reached: is it still running?")
	p.quiet(t, s.url, "net::ERR_CONNECTION_REFUSED")
}

// On a phone, in the dark, by keyboard and to a screen reader.
func pageLooks(t *testing.T, b *browser) {
	s := serving(t, &bedrocktest.Server{Reply: func(_, prompt string) string {
		return prompt + "\n\n" + strings.Repeat("A sentence of many words that wraps. ", 12) + "\n\n" + strings.Repeat("x", 200)
	}}, nil)
	p := b.open(t, s.url)
	ask := func() {
		p.write(t, "Why is the sky blue, and how does this look?")
		p.press(t, "Enter")
		p.until(t, `document.querySelector("article .small") && document.querySelector("article .small").textContent`)
	}
	ask()
	for _, look := range []struct {
		name, scheme  string
		width, height int
		dark          bool
	}{
		{"7-light", "light", 1000, 800, false}, {"8-dark", "dark", 1000, 800, true},
		{"9-phone", "light", 360, 740, false}, {"10-phone-dark", "dark", 320, 640, true},
	} {
		p.screen(t, look.width, look.height, look.width < 500)
		p.must(t, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": look.scheme}}})
		p.until(t, fmt.Sprintf("innerWidth === %d", look.width))
		p.shoot(t, look.name)
		if p.eval(t, `document.documentElement.scrollWidth <= innerWidth`) != "true" {
			t.Errorf("%s: wider than the screen", look.name)
		}
		const brightness = `.match(/\d+/g).reduce((sum, part) => sum + +part, 0) > 380`
		p.expect(t, `getComputedStyle(document.body).backgroundColor`+brightness, fmt.Sprint(!look.dark))
		p.expect(t, `getComputedStyle(document.body).color`+brightness, fmt.Sprint(look.dark))
		if p.eval(t, `["#send", "#prompt"].every((s) => { const r = document.querySelector(s).getBoundingClientRect(); return r.height >= 44 && r.left >= 0 && r.right <= innerWidth })`) != "true" {
			t.Errorf("%s: prompt or button do not fit", look.name)
		}
	}
	p.press(t, "Tab")
	p.expect(t, `document.activeElement.id`, "send")
	p.press(t, "Tab")
	p.expect(t, `document.activeElement.className`, "copy")
	names := accessible(t, p)
	for _, want := range []string{"textbox Prompt", "button Send", "button Copy", "heading bedrock", "region Answers", "status "} {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, want) }) {
			t.Errorf("a screen reader finds no %q among %q", want, names)
		}
	}
	p.quiet(t, s.url)
}

// accessible lists roles and names as a screen reader gets them.
func accessible(t *testing.T, p *tab) (names []string) {
	t.Helper()
	var tree struct {
		Nodes []struct{ Role, Name struct{ Value any } }
	}
	if err := json.Unmarshal(p.must(t, "Accessibility.getFullAXTree", nil), &tree); err != nil {
		t.Fatal(err)
	}
	for _, n := range tree.Nodes {
		if n.Role.Value != nil {
			names = append(names, strings.ReplaceAll(fmt.Sprint(n.Role.Value, " ", n.Name.Value), "<nil>", ""))
		}
	}
	return names
}

// Where a token is needed the page asks for it, again when it was wrong, and
// not again in this tab when it was right.
func pageAsksForToken(t *testing.T, b *browser) {
	s := serving(t, &bedrocktest.Server{}, map[string]string{tokenVariable: "s3cret"})
	if a := s.do("GET", "/", ""); a.status != http.StatusUnauthorized || !strings.Contains(a.body, "<dialog") {
		t.Errorf("/ without the token: %d", a.status)
	}
	if a := s.do("GET", "/", "", "Authorization", "Bearer s3cret"); a.status != 200 {
		t.Errorf("/ with the token: %d", a.status)
	}
	p := b.open(t, s.url)
	p.until(t, `document.querySelector("dialog").open && document.activeElement.id === "token"`)
	p.shoot(t, "11-token")
	p.write(t, "wr0ng…")
	p.press(t, "Enter")
	p.until(t, `!document.querySelector("dialog").open && document.activeElement.id === "prompt"`)
	p.write(t, "Hello")
	p.press(t, "Enter")
	p.until(t, `document.querySelector("dialog").open && document.activeElement.id === "token"`)
	if reason := p.eval(t, `document.querySelector("#login-reason").textContent`); !strings.Contains(reason, "refused") {
		t.Error(reason)
	}
	p.write(t, "s3cret")
	p.press(t, "Enter")
	p.until(t, `document.querySelector("article .small") && document.querySelector("article .small").textContent`)
	if text := p.eval(t, lastText); !strings.Contains(text, "Hello") {
		t.Errorf("answered %q", text)
	}
	p.must(t, "Page.reload", nil)
	p.until(t, `!document.querySelector("article") && document.readyState === "complete" && document.activeElement.id === "prompt"`)
	p.expect(t, `document.querySelector("dialog").open`, "false")
	p.write(t, "Hello")
	p.press(t, "Enter")
	p.until(t, `document.querySelector("article .small") && document.querySelector("article .small").textContent`)
	p.expect(t, `document.querySelectorAll("article .error:not([hidden])").length`, "0")
	p.quiet(t, s.url, "the server responded with a status of 401")
}
