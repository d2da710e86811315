package bedrocktest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"

	"rawbedrock/client/operation"
	"rawbedrock/eventstream"
)

// transports runs a test over a TCP connection and in the process.
func transports(t *testing.T, s *Server, run func(t *testing.T, base string, rt http.RoundTripper)) {
	t.Run("tcp", func(t *testing.T) {
		url, rt := start(t, s)
		run(t, url, rt)
	})
	t.Run("in process", func(t *testing.T) { run(t, "http://127.0.0.1", s) })
}

// asked sends a ConverseStream that asks for a fault by header.
func asked(t *testing.T, base string, rt http.RoundTripper, fault string) answerOf {
	t.Helper()
	return send(t, rt, newRequest(t, base, operation.ConverseStream, sonnet, hello, FaultHeader, fault))
}

func TestFaultAnswers(t *testing.T) {
	transports(t, &Server{}, func(t *testing.T, base string, rt http.RoundTripper) {
		for _, c := range []struct {
			fault  string
			status int
			code   string
			body   string
		}{
			{"ThrottlingException", 429, "ThrottlingException:" + serviceSuffix[1:], `{"message":"Too many requests, please wait before trying again."}`},
			{"ModelNotReadyException; message=warming", 429, "ModelNotReadyException:" + serviceSuffix[1:], `{"message":"warming"}`},
			{"ExpiredTokenException", 403, "ExpiredTokenException:" + authSuffix[1:], `{"message":"The security token included in the request is expired"}`},
			{"status=418; message=tea", 418, "", `{"message":"tea"}`},
			{"unknown-operation", 200, "", unknownOperation},
			{"html", 502, "", "<html><body><h1>502 Bad Gateway</h1></body></html>\n"},
			{"empty", 503, "", ""},
			{"status=204", 204, "", ""},
			{"status=304; message=no body", 304, "", ""},
			{"header.No Name=1", 400, "ValidationException:" + serviceSuffix[1:], "cannot be sent"},
			{"nonsense", 400, "ValidationException:" + serviceSuffix[1:], "unknown word"},
			{"at=x", 400, "ValidationException:" + serviceSuffix[1:], "not a whole number"},
			{"ThrottlingException; at=3", 400, "ValidationException:" + serviceSuffix[1:], "without events"},
			{"throttlingException; validationException", 400, "ValidationException:" + serviceSuffix[1:], "a second exception"},
			{"close; bytes=1; bytes=2", 400, "ValidationException:" + serviceSuffix[1:], "a second bytes"},
		} {
			a := asked(t, base, rt, c.fault)
			if a.err != nil || a.status != c.status || a.header.Get("X-Amzn-Errortype") != c.code || !strings.Contains(string(a.body), c.body) || c.body == "" && len(a.body) > 0 {
				t.Errorf("%s: %d %q %.200s %v", c.fault, a.status, a.header.Get("X-Amzn-Errortype"), a.body, a.err)
			}
		}
		a := asked(t, base, rt, "ThrottlingException; header.Retry-After=7; header.x-amz-retry-after=1500")
		if a.header.Get("Retry-After") != "7" || a.header.Get("X-Amz-Retry-After") != "1500" {
			t.Errorf("headers %v", a.header)
		}
		a = asked(t, base, rt, "ThrottlingException; header.X-Amzn-ErrorType=Other; header.content-type=")
		if got := a.header.Values("X-Amzn-Errortype"); !slices.Equal(got, []string{"Other"}) || len(a.header.Values("Content-Type")) > 0 {
			t.Errorf("headers in place of the answer's own: %v", a.header)
		}
		if a := asked(t, base, rt, "huge"); len(a.body) != 10<<20 || a.status != 500 {
			t.Errorf("huge: %d, %d bytes", a.status, len(a.body))
		}
		if a := asked(t, base, rt, "empty"); a.header.Get("Content-Type") != "" {
			t.Errorf("empty: %v", a.header)
		}
	})
}

// Every modelled exception comes where it is wanted and ends the stream.
func TestFaultExceptions(t *testing.T) {
	transports(t, &Server{}, func(t *testing.T, base string, rt http.RoundTripper) {
		total := len(asked(t, base, rt, "delay=0s").events(t))
		for _, name := range exceptions {
			for at, want := range map[string]int{"0": 0, "1": 1, "-1": total - 1, "999": total} {
				events := asked(t, base, rt, name+"; at="+at).events(t)
				last := events[len(events)-1]
				if len(events) != want+1 || last.kind != name || last.message != "exception" || last.payload["message"] == "" || last.payload["p"] != nil {
					t.Errorf("%s at %s: %d events, the last is %+v", name, at, len(events), last)
				}
			}
		}
		a := send(t, rt, newRequest(t, base, operation.Converse, sonnet, hello, FaultHeader, "throttlingException"))
		if a.status != 429 || !strings.HasPrefix(a.header.Get("X-Amzn-Errortype"), "ThrottlingException:") {
			t.Errorf("without a stream: %d %s", a.status, a.body)
		}
		a = send(t, rt, newRequest(t, base, operation.ChatCompletions, "", strings.TrimSuffix(helloAI, "}")+`,"stream":true}`, FaultHeader, "throttlingException; at=2"))
		if body := string(a.body); !strings.Contains(body, `data: {"error":{`) || strings.Contains(body, "[DONE]") || strings.Count(body, "data: ") != 3 {
			t.Errorf("SSE: %s", a.body)
		}
	})
}

func TestFaultChecksums(t *testing.T) {
	transports(t, &Server{}, func(t *testing.T, base string, rt http.RoundTripper) {
		for fault, want := range map[string]error{"bad-prelude; at=2": eventstream.ErrPreludeChecksum, "bad-message; at=2": eventstream.ErrMessageChecksum, "throttlingException; bad-message; at=2": eventstream.ErrMessageChecksum} {
			a := asked(t, base, rt, fault)
			d := eventstream.NewDecoder(bytes.NewReader(a.body))
			n := 0
			var err error
			for ; err == nil; n++ {
				_, err = d.Decode()
			}
			if n != 3 || !errors.Is(err, want) {
				t.Errorf("%s: %v after %d events", fault, err, n-1)
			}
		}
		if behind, last := asked(t, base, rt, "bad-message; at=999"), asked(t, base, rt, "bad-message; at=-1"); !bytes.Equal(behind.body, last.body) {
			t.Error("behind the last event nothing is wrong")
		}
	})
}

func TestFaultBreaks(t *testing.T) {
	transports(t, &Server{}, func(t *testing.T, base string, rt http.RoundTripper) {
		full := asked(t, base, rt, "delay=0s").body
		for _, c := range []struct {
			fault string
			bytes int // of the body; -1: no answer at all
			err   error
		}{
			{"close", -1, io.EOF},
			{"reset", -1, syscall.ECONNRESET},
			{"close; bytes=0", 0, io.ErrUnexpectedEOF},
			{"close; bytes=100", 100, io.ErrUnexpectedEOF},
			{"reset; bytes=100", 100, syscall.ECONNRESET},
			{"end; bytes=100", 100, nil},
			{"end; bytes=0", 0, nil},
			{"close; bytes=99999", len(full), io.ErrUnexpectedEOF},
			{"close; bytes=100; byte-writes", 100, io.ErrUnexpectedEOF},
			{"end; bytes=100; one-write", 100, nil},
		} {
			a := asked(t, base, rt, c.fault)
			if c.bytes < 0 {
				if a.err == nil || a.status != 0 || c.err != io.EOF && !errors.Is(a.err, c.err) {
					t.Errorf("%s: %d %v", c.fault, a.status, a.err)
				}
				continue
			}
			if a.status != 200 || !bytes.Equal(a.body, full[:c.bytes]) || !errors.Is(a.err, c.err) {
				t.Errorf("%s: %d, %d bytes, %v", c.fault, a.status, len(a.body), a.err)
			}
		}
		a := asked(t, base, rt, "end; at=3")
		if n := len(a.events(t)); n != 3 {
			t.Errorf("end before event 3: %d events", n)
		}
		// A JSON answer cut short belies its Content-Length, unless it "ends".
		a = send(t, rt, newRequest(t, base, operation.Converse, sonnet, hello, FaultHeader, "close; bytes=10"))
		if len(a.body) != 10 || !errors.Is(a.err, io.ErrUnexpectedEOF) {
			t.Errorf("cut JSON: %q, %v", a.body, a.err)
		}
		a = send(t, rt, newRequest(t, base, operation.Converse, sonnet, hello, FaultHeader, "end; bytes=10"))
		if len(a.body) != 10 || a.err != nil {
			t.Errorf("ended JSON: %q, %v", a.body, a.err)
		}
	})
}

// NoEnd leaves out what a client must wait for, in every kind of stream.
func TestFaultNoEnd(t *testing.T) {
	s := &Server{}
	for _, c := range []struct {
		op    operation.Operation
		label string
		body  string
		end   string
	}{
		{operation.ConverseStream, sonnet, hello, "messageStop"},
		{operation.InvokeModelWithResponseStream, "amazon.nova-lite-v1:0", hello, "invocationMetrics"},
		{operation.InvokeModelWithResponseStream, "meta.llama3-1-8b-instruct-v1:0", `{"prompt":"Hi"}`, "invocationMetrics"},
		{operation.ChatCompletions, "", strings.TrimSuffix(helloAI, "}") + `,"stream":true}`, "[DONE]"},
		{operation.CreateMessage, "", `{"model":"` + sonnet + `","max_tokens":99,"stream":true,"messages":[{"role":"user","content":"Hi"}]}`, "message_stop"},
		{operation.CreateResponse, "", `{"model":"us.openai.gpt-6.1-sol","stream":true,"input":"Hi"}`, "response.completed"},
	} {
		text := func(a answerOf) string {
			var all strings.Builder
			all.WriteString(string(a.body))
			if c.op.Streaming == operation.EventStream {
				for _, e := range a.events(t) {
					all.WriteString(e.kind + string(encode(e.inner)))
				}
			}
			return all.String()
		}
		good, cut := text(call(t, s, c.op, c.label, c.body)), text(call(t, s, c.op, c.label, c.body, FaultHeader, "no-end"))
		if !strings.Contains(good, c.end) || strings.Contains(cut, c.end) || len(cut) < len(good)/3 {
			t.Errorf("%s %s: without its end: %.2000s", c.op.Name, c.label, cut)
		}
	}
}

// writes counts the writes to a connection-less client.
type writes struct {
	memoryWriter
	sizes []int
}

func (w *writes) WriteHeader(int) {}
func (w *writes) Write(p []byte) (int, error) {
	w.sizes = append(w.sizes, len(p))
	return len(p), nil
}

func TestFaultWriteSizes(t *testing.T) {
	for fault, check := range map[string]func(sizes []int) bool{
		"byte-writes":               func(s []int) bool { return len(s) > 1000 && s[0] == 1 && s[len(s)-1] == 1 },
		"one-write":                 func(s []int) bool { return len(s) == 1 && s[0] > 1000 },
		"write=300":                 func(s []int) bool { return len(s) > 2 && s[0] == 300 && s[1] == 300 && s[len(s)-1] <= 300 },
		"write=300; end; bytes=700": func(s []int) bool { return len(s) == 3 && s[2] == 100 },
	} {
		r := newRequest(t, "https://127.0.0.1", operation.ConverseStream, sonnet, hello, FaultHeader, fault)
		in, err := received(r, t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w := &writes{memoryWriter: memoryWriter{header: http.Header{}}}
		(&Server{}).ServeHTTP(w, in)
		if !check(w.sizes) {
			t.Errorf("%s: writes of %v bytes", fault, w.sizes)
		}
	}
}

func TestFaultGzip(t *testing.T) {
	url, rt := start(t, &Server{})
	rt.DisableCompression = true
	a := asked(t, url, rt, "gzip")
	if a.header.Get("Content-Encoding") != "gzip" || !bytes.HasPrefix(a.body, []byte{0x1f, 0x8b}) {
		t.Errorf("%v %.10x", a.header, a.body)
	}
	rt.DisableCompression = false
	if a := asked(t, url, rt, "gzip"); len(a.events(t)) < 8 {
		t.Errorf("%d events", len(a.events(t)))
	}
}

// Faults of a script come in turn, by operation, model and count.
func TestScript(t *testing.T) {
	faults, err := ReadScript([]byte(`{"faults":[
		{"operation":"Converse","model":"us.anthropic.*","nth":[1,3],"code":"ThrottlingException","headers":{"Retry-After":"1"}},
		{"operation":"Converse","nth":[2],"fault":"ThrottlingException; huge; message=no","code":"ServiceUnavailableException","message":"busy","bodySize":90},
		{"operation":"ConverseStream","exception":"modelStreamErrorException","at":2,"delay":"1ms"},
		{"name":"special","status":402,"body":"pay"},
		{"name":"flaky","operation":"ConverseStream","nth":[2],"status":402}
	]}`))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a new server begins anew
		s := &Server{Faults: faults}
		var got []int
		for n := range 4 {
			a := call(t, s, operation.Converse, sonnet, hello)
			if got = append(got, a.status); n == 1 && (len(a.body) != 90 || !strings.HasPrefix(string(a.body), `{"message":"busy"}`)) {
				t.Errorf("the script's own members on top of words: %q", a.body)
			}
		}
		if want := [4]int{429, 503, 429, 200}; [4]int(got) != want {
			t.Errorf("got %v, want %v", got, want)
		}
		if a := call(t, s, operation.Converse, "amazon.nova-lite-v1:0", hello); a.status != 200 {
			t.Errorf("another model: %d", a.status)
		}
		if events := call(t, s, operation.ConverseStream, sonnet, hello).events(t); len(events) != 3 || events[2].kind != "modelStreamErrorException" {
			t.Errorf("stream: %v", events)
		}
		if a := call(t, s, operation.Converse, sonnet, hello, FaultHeader, "special"); a.status != 402 || string(a.body) != "pay" {
			t.Errorf("by name: %d %s", a.status, a.body)
		}
		if a := call(t, s, operation.Converse, sonnet, hello, FaultHeader, "flaky"); a.status != 200 {
			t.Errorf("by name, of another operation: %d", a.status)
		}
		for n, want := range []int{200, 402, 200} {
			if a := call(t, s, operation.ConverseStream, sonnet, hello, FaultHeader, "flaky"); a.status != want {
				t.Errorf("by name, request %d: %d, want %d", n+1, a.status, want)
			}
		}
	}
}

func TestScriptRefuses(t *testing.T) {
	for script, word := range map[string]string{
		`{"faults":[{"headers":{"A":"b\n"}}]}`:               "cannot be sent",
		`{"faults":[{"statuss":1}]}`:                         `"statuss"`,
		`{"fault":[]}`:                                       `"fault"`,
		`{"faults":[{"break":"loudly"}]}`:                    `"loudly"`,
		`{"faults":[{"exception":"noException"}]}`:           `"noException"`,
		`{"faults":[{}, {"delay":"soon"}]}`:                  "faults[1]: delay",
		`{"faults":[{"nth":[0]}]}`:                           "nth",
		`{"faults":[{"status":99}]}`:                         "status 99",
		`{"faults":[{"corrupt":"all"}]}`:                     `"all"`,
		`{"faults":[{"model":"["}]}`:                         `model "["`,
		`{"faults":[{"fault":"reset; what=1"}]}`:             `"what"`,
		`{"faults":[]} x`:                                    "more than one",
		`{"faults":[]}}`:                                     "more than one",
		`[]`:                                                 "fault script",
		`{"faults":[{"bytes":-1,"break":"close"}]}`:          "negative",
		`{"faults":[{"operation":"converse"}]}`:              "none of Bedrock's",
		`{}`:                                                 `no "faults"`,
		`{"faults":[{"operation":"Converse","noEnd":true}]}`: "does not stream",
		`{"faults":[{"at":3}]}`:                              "at wants",
		`{"faults":[{"bytes":3}]}`:                           "bytes wants",
		`{"faults":[{"message":"x"}]}`:                       "message wants",
		`{"faults":[{"fault":"code="}]}`:                     "code is empty",
		`{"faults":[{"fault":"close; at=1; bytes=2"}]}`:      "not both",
		`{"faults":[{"status":500,"noEnd":true}]}`:           "without events",
	} {
		if _, err := ReadScript([]byte(script)); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v, want an error with %s", script, err, word)
		}
	}
}

func TestEveryNamedFaultParses(t *testing.T) {
	for _, name := range FaultNames() {
		if _, err := ParseFault(name); err != nil {
			t.Error(err)
		}
	}
}

// A reset is one on the wire, not a mere close.
func TestResetIsTCP(t *testing.T) {
	url, _ := start(t, &Server{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := newRequest(t, url, operation.ConverseStream, sonnet, hello, FaultHeader, "reset; bytes=5")
	if err := r.Write(conn); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
}

// Over HTTP/2 a broken stream is an error too, and the connection survives.
func TestFaultsOverHTTP2(t *testing.T) {
	l, err := (&Server{}).StartTLS("")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	rt := l.Client().Transport
	for _, fault := range []string{"close", "reset", "close; bytes=100", "reset; bytes=100", "close; bytes=0"} {
		if a := asked(t, l.URL, rt, fault); a.err == nil || errors.Is(a.err, io.EOF) && a.status == 200 {
			t.Errorf("%s: %d, %d bytes, %v", fault, a.status, len(a.body), a.err)
		}
	}
	if events := asked(t, l.URL, rt, "throttlingException; at=2").events(t); len(events) != 3 {
		t.Errorf("%d events", len(events))
	}
}
