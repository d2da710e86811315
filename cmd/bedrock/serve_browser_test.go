package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// browser is a headless Chromium, driven by the DevTools protocol over a pair
// of pipes: messages are JSON, each with a zero byte behind it.
type browser struct {
	t   *testing.T
	ctx context.Context
	in  io.WriteCloser

	mu      sync.Mutex
	calls   map[int]chan message
	tabs    map[string]*tab // by session
	lastID  int
	stopped error
}

// message is a request, its answer or an event of the protocol.
type message struct {
	ID        int             `json:"id,omitempty"`
	SessionID string          `json:"sessionId,omitempty"`
	Method    string          `json:"method,omitempty"`
	Params    json.RawMessage `json:"params,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// tab is a page. What it complains about and what it fetches is kept.
type tab struct {
	*browser
	session  string
	problems []string // of the console
	requests []string // URLs
}

// startBrowser skips the test where there is no Chromium.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("chromium absent: the page is not tried in a browser")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	profile, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe",
		"--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-extensions", "--disable-sync",
		"--no-first-run", "--no-default-browser-check", "--metrics-recording-only", "--mute-audio", "--hide-scrollbars",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--user-data-dir="+profile, "about:blank")
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // its descriptors 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	b := &browser{t: t, ctx: ctx, in: in, calls: map[int]chan message{}, tabs: map[string]*tab{}}
	read := make(chan struct{})
	go b.read(bufio.NewReader(out), read)
	t.Cleanup(func() {
		b.call("", "Browser.close", nil)
		in.Close()
		<-read
		out.Close()
		cmd.Wait()
		for range 1000 { // its children may still write there for a moment
			if os.RemoveAll(profile) == nil {
				break
			}
		}
	})
	return b
}

func (b *browser) read(r *bufio.Reader, done chan struct{}) {
	defer close(done)
	for {
		data, err := r.ReadBytes(0)
		if err != nil {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.stopped = fmt.Errorf("the browser ended: %w", err)
			for _, c := range b.calls {
				close(c)
			}
			b.calls = nil
			return
		}
		var m message
		if json.Unmarshal(data[:len(data)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		if c := b.calls[m.ID]; c != nil {
			delete(b.calls, m.ID)
			c <- m
		} else if tab := b.tabs[m.SessionID]; tab != nil {
			tab.note(m)
		}
		b.mu.Unlock()
	}
}

// note keeps what the console says and what is fetched.
func (p *tab) note(m message) {
	var e struct {
		Type    string
		Entry   struct{ Level, Source, Text, URL string }
		Request struct{ URL string }
	}
	json.Unmarshal(m.Params, &e)
	switch {
	case m.Method == "Network.requestWillBeSent":
		p.requests = append(p.requests, e.Request.URL)
	case m.Method == "Runtime.exceptionThrown",
		m.Method == "Runtime.consoleAPICalled" && (e.Type == "error" || e.Type == "warning" || e.Type == "assert"),
		m.Method == "Log.entryAdded" && (e.Entry.Level == "error" || e.Entry.Level == "warning"):
		p.problems = append(p.problems, string(m.Params))
	}
}

// call does one thing and waits for its result.
func (b *browser) call(session, method string, params any) (json.RawMessage, error) {
	data, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	answer := make(chan message, 1)
	b.mu.Lock()
	if b.stopped != nil {
		b.mu.Unlock()
		return nil, b.stopped
	}
	b.lastID++
	id := b.lastID
	b.calls[id] = answer
	b.mu.Unlock()
	if params == nil {
		data = []byte("{}")
	}
	request, err := json.Marshal(message{ID: id, SessionID: session, Method: method, Params: data})
	if err != nil {
		return nil, err
	}
	if _, err := b.in.Write(append(request, 0)); err != nil {
		return nil, err
	}
	select {
	case m, ok := <-answer:
		if !ok {
			return nil, b.stopped
		}
		if m.Error != nil {
			return nil, fmt.Errorf("%s: %s", method, m.Error.Message)
		}
		return m.Result, nil
	case <-b.ctx.Done():
		return nil, fmt.Errorf("%s: %w", method, b.ctx.Err())
	}
}

// open shows a URL in a tab of its own.
func (b *browser) open(t *testing.T, url string) *tab {
	t.Helper()
	var target struct{ TargetID, SessionID string }
	for _, step := range []struct {
		method string
		params func() any
	}{
		{"Target.createBrowserContext", func() any { return nil }},
		{"Target.createTarget", func() any { return map[string]any{"url": "about:blank"} }},
		{"Target.attachToTarget", func() any { return map[string]any{"targetId": target.TargetID, "flatten": true} }},
	} {
		result, err := b.call("", step.method, step.params())
		if err == nil {
			err = json.Unmarshal(result, &target)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	p := &tab{browser: b, session: target.SessionID}
	b.mu.Lock()
	b.tabs[p.session] = p
	b.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		p.must(t, domain+".enable", nil)
	}
	p.screen(t, 900, 760, false)
	p.must(t, "Page.navigate", map[string]any{"url": url})
	p.until(t, `document.readyState === "complete" && ["prompt", "token"].includes(document.activeElement.id)`)
	return p
}

func (p *tab) must(t *testing.T, method string, params any) json.RawMessage {
	t.Helper()
	result, err := p.call(p.session, method, params)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func (p *tab) screen(t *testing.T, width, height int, mobile bool) {
	t.Helper()
	p.must(t, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile})
}

// eval is the value of an expression in the page, as text.
func (p *tab) eval(t *testing.T, expression string) string {
	t.Helper()
	var r struct {
		Result           struct{ Value any }
		ExceptionDetails *struct{ Text string }
	}
	err := json.Unmarshal(p.must(t, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}), &r)
	if err != nil || r.ExceptionDetails != nil {
		t.Fatalf("%s: %v %+v", expression, err, r.ExceptionDetails)
	}
	return fmt.Sprint(r.Result.Value)
}

// until waits until a condition holds in the page, also in one that is just
// being left for the next. The ceiling is generous.
func (p *tab) until(t *testing.T, condition string) {
	t.Helper()
	params := map[string]any{"awaitPromise": true, "returnByValue": true,
		"expression": `new Promise((done) => { const end = Date.now() + 30000, look = () => (` + condition + `) ? done(true) : Date.now() > end ? done(false) : setTimeout(look, 5); look() })`}
	for {
		result, err := p.call(p.session, "Runtime.evaluate", params)
		if err != nil && (strings.Contains(err.Error(), "navigated") || strings.Contains(err.Error(), "context")) && p.ctx.Err() == nil {
			continue
		}
		if err != nil || !strings.Contains(string(result), `"value":true`) {
			t.Fatalf("until %s: %v %s; the page shows %q", condition, err, result, p.eval(t, `document.body.innerText`))
		}
		return
	}
}

func (p *tab) expect(t *testing.T, expression, want string) {
	t.Helper()
	if got := p.eval(t, expression); got != want {
		t.Errorf("%s is %q, want %q", expression, got, want)
	}
}

func (p *tab) write(t *testing.T, text string) {
	t.Helper()
	p.must(t, "Input.insertText", map[string]any{"text": text})
}

// press presses one key: "Enter", "Shift+Enter", "Tab", "Escape".
func (p *tab) press(t *testing.T, key string) {
	t.Helper()
	key, shift := strings.CutPrefix(key, "Shift+")
	code := map[string]int{"Enter": 13, "Tab": 9, "Escape": 27}[key]
	params := map[string]any{"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code}
	if key == "Enter" {
		params["text"] = "\r"
	}
	if shift {
		params["modifiers"] = 8
	}
	p.must(t, "Input.dispatchKeyEvent", params)
	params["type"] = "keyUp"
	delete(params, "text")
	p.must(t, "Input.dispatchKeyEvent", params)
}

// click clicks with the mouse in the middle of an element.
func (p *tab) click(t *testing.T, selector string) {
	t.Helper()
	var at struct{ X, Y float64 }
	data := p.eval(t, `JSON.stringify((({x, y, width, height}) => ({x: x + width / 2, y: y + height / 2}))(document.querySelector("`+selector+`").getBoundingClientRect()))`)
	if err := json.Unmarshal([]byte(data), &at); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		p.must(t, "Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at.X, "y": at.Y, "button": "left", "clickCount": 1})
	}
}

// shoot keeps a picture of the page as an artefact of the test.
func (p *tab) shoot(t *testing.T, name string) {
	t.Helper()
	var r struct{ Data string }
	if err := json.Unmarshal(p.must(t, "Page.captureScreenshot", nil), &r); err != nil {
		t.Fatal(err)
	}
	data, err := base64.StdEncoding.DecodeString(r.Data)
	if err == nil {
		err = os.WriteFile(filepath.Join(t.ArtifactDir(), name+".png"), data, 0o644)
	}
	if err != nil || len(data) < 1000 {
		t.Errorf("picture %s: %d bytes, %v", name, len(data), err)
	}
}

// quiet fails when the console complained, but for what is excused, and when
// the page fetched anything from elsewhere or anything unknown.
func (p *tab) quiet(t *testing.T, service string, excused ...string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, problem := range p.problems {
		if !slices.ContainsFunc(excused, func(e string) bool { return strings.Contains(problem, e) }) {
			t.Errorf("console: %s", problem)
		}
	}
	for _, request := range p.requests {
		u, err := url.Parse(request)
		known := err == nil && "http://"+u.Host == service && slices.Contains([]string{"/", "/style.css", "/app.js", "/prompt/streamed"}, u.Path)
		if !known && !strings.HasPrefix(request, "data:image/svg+xml,") {
			t.Errorf("the page fetched %s", request)
		}
	}
	if len(p.requests) < 3 {
		t.Errorf("only %q were seen", p.requests)
	}
}
