package interop

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"

	"rawbedrock/client"
	"rawbedrock/client/operation"
)

// The server of the loopback benchmarks is a process of its own, so that what
// the benchmarks count is the client's alone.
func TestMain(m *testing.M) {
	if os.Getenv("INTEROP_SERVER") != "" {
		serve()
		return
	}
	os.Exit(m.Run())
}

const (
	anthropicAnswer = `{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"%s"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}`
	openaiAnswer    = `{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"%s"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`
)

// serve answers Converse whole; ConverseStream with a first event, and the
// rest when the request's header says so, else when the client goes away.
func serve() {
	whole := map[string][]byte{
		"/converse":         answer(1000),
		"/messages":         fmt.Appendf(nil, anthropicAnswer, text(1000)),
		"/chat/completions": fmt.Appendf(nil, openaiAnswer, text(1000)),
	}
	first, rest := frame("messageStart", `{"p":"abc","role":"assistant"}`), stream(1000)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		for suffix, body := range whole {
			if strings.HasSuffix(r.URL.Path, suffix) {
				w.Header().Set("Content-Type", "application/json")
				w.Write(body)
				return
			}
		}
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		if strings.Contains(r.URL.Path, "whole") {
			w.Write(rest)
			return
		}
		w.Write(first)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(l, handler)
	fmt.Printf("http://%s\n", l.Addr())
	io.Copy(io.Discard, os.Stdin) // until the parent goes
}

// server starts the other process and returns its address.
func server(tb testing.TB) string {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "INTEROP_SERVER=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { in.Close(); cmd.Wait() })
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSpace(url)
}

// tuned is one transport for all, as a server program would set it.
func tuned() *http.Transport { return &http.Transport{MaxIdleConnsPerHost: 512, MaxIdleConns: 512} }

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// atOnce calls f from 256 goroutines and reports the CPU time a call, once the
// connections are there.
func atOnce(b *testing.B, f func(context.Context) error) {
	var first sync.WaitGroup
	for range 256 {
		first.Go(func() {
			if err := f(b.Context()); err != nil {
				b.Error(err)
			}
		})
	}
	first.Wait()
	b.ReportAllocs()
	b.ResetTimer()
	b.SetParallelism(256 / runtime.GOMAXPROCS(0))
	start := cpu()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := f(b.Context()); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64((cpu()-start).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

func benchmarkLoopback(b *testing.B, transport func() http.RoundTripper) {
	url := server(b)
	b.Run("net/http", func(b *testing.B) {
		c := http.Client{Transport: transport()}
		body := question(1000)
		atOnce(b, func(ctx context.Context) error {
			req, _ := http.NewRequestWithContext(ctx, "POST", url+"/model/x/converse", strings.NewReader(string(body)))
			resp, err := c.Do(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			_, err = io.ReadAll(resp.Body)
			return err
		})
	})
	b.Run("rawbedrock", func(b *testing.B) {
		c := ours(url, transport())
		r := client.Request{Op: operation.Converse, Labels: []string{model}, Body: question(1000)}
		atOnce(b, func(ctx context.Context) error {
			_, err := c.Do(ctx, r)
			return err
		})
	})
	b.Run("aws-sdk-go-v2", func(b *testing.B) {
		c := sdk(url, transport())
		messages := sdkMessages(1000)
		atOnce(b, func(ctx context.Context) error {
			_, err := sdkConverse(ctx, c, messages)
			return err
		})
	})
	b.Run("anthropic-sdk-go", func(b *testing.B) {
		c := anthropic.NewClient(anthropicoption.WithBaseURL(url), anthropicoption.WithAPIKey("k"), anthropicoption.WithHTTPClient(&http.Client{Transport: transport()}))
		params := anthropic.MessageNewParams{Model: "m", MaxTokens: 9, Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(text(1000)))}}
		atOnce(b, func(ctx context.Context) error {
			_, err := c.Messages.New(ctx, params)
			return err
		})
	})
	b.Run("openai-go", func(b *testing.B) {
		c := openai.NewClient(openaioption.WithBaseURL(url), openaioption.WithAPIKey("k"), openaioption.WithHTTPClient(&http.Client{Transport: transport()}))
		params := openai.ChatCompletionNewParams{Model: "m", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text(1000))}}
		atOnce(b, func(ctx context.Context) error {
			_, err := c.Chat.Completions.New(ctx, params)
			return err
		})
	})
}

// 256 callers on one tuned transport for each client.
func BenchmarkLoopback256(b *testing.B) {
	benchmarkLoopback(b, func() http.RoundTripper { return tuned() })
}

// 256 callers, each client as it comes.
func BenchmarkLoopback256Default(b *testing.B) {
	url := server(b)
	b.Run("rawbedrock", func(b *testing.B) {
		c := ours(url, nil)
		r := client.Request{Op: operation.Converse, Labels: []string{model}, Body: question(1000)}
		atOnce(b, func(ctx context.Context) error {
			_, err := c.Do(ctx, r)
			return err
		})
	})
	b.Run("aws-sdk-go-v2", func(b *testing.B) {
		c := sdk(url, nil)
		messages := sdkMessages(1000)
		atOnce(b, func(ctx context.Context) error {
			_, err := sdkConverse(ctx, c, messages)
			return err
		})
	})
}

// From the call to the first event of a stream.
func BenchmarkFirstEvent(b *testing.B) {
	url := server(b)
	first := len(frame("messageStart", `{"p":"abc","role":"assistant"}`))
	b.Run("net/http", func(b *testing.B) {
		c := http.Client{Transport: tuned()}
		body := string(question(100))
		buf := make([]byte, first)
		for b.Loop() {
			resp, err := c.Post(url+"/model/x/converse-stream", "application/json", strings.NewReader(body))
			if err != nil {
				b.Fatal(err)
			}
			io.ReadFull(resp.Body, buf)
			resp.Body.Close()
		}
	})
	b.Run("rawbedrock", func(b *testing.B) {
		c := ours(url, tuned())
		r := client.Request{Op: operation.ConverseStream, Labels: []string{model}, Body: question(100)}
		for b.Loop() {
			s, err := c.Stream(b.Context(), r)
			if err != nil {
				b.Fatal(err)
			}
			for _, err := range s.Events() {
				if err != nil {
					b.Fatal(err)
				}
				break
			}
		}
	})
	b.Run("aws-sdk-go-v2", func(b *testing.B) {
		c := sdk(url, tuned())
		in := &bedrockruntime.ConverseStreamInput{ModelId: aws.String(model), Messages: sdkMessages(100)}
		for b.Loop() {
			out, err := c.ConverseStream(b.Context(), in)
			if err != nil {
				b.Fatal(err)
			}
			s := out.GetStream()
			<-s.Events()
			s.Close()
		}
	})
}

// A whole stream over loopback: the CPU time of an event. (aws-sdk-go-v2 breaks
// off here, "use of closed network connection", and is not in it.)
func BenchmarkStreamLoopback(b *testing.B) {
	const whole = "whole." + model // what the server answers with all events
	url := server(b)
	perEvent := func(b *testing.B, f func() error) {
		start := cpu()
		for b.Loop() {
			if err := f(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64((cpu()-start).Nanoseconds())/float64(b.N)/(deltas+4), "cpu-ns/event")
	}
	b.Run("net/http", func(b *testing.B) {
		c := http.Client{Transport: tuned()}
		perEvent(b, func() error {
			resp, err := c.Post(url+"/model/whole/converse-stream", "application/json", strings.NewReader("{}"))
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			_, err = io.Copy(io.Discard, resp.Body)
			return err
		})
	})
	b.Run("rawbedrock", func(b *testing.B) {
		c := ours(url, tuned())
		req := &client.ConverseRequest{ModelID: whole, Messages: []client.Message{client.User("Hi")}}
		perEvent(b, func() error {
			s, err := c.ConverseStream(b.Context(), req)
			if err != nil {
				return err
			}
			for _, err := range s.Text() {
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// open opens n streams, waits for the first event of each, and reports what
// they hold.
func open(b *testing.B, n int, start func() (func(), error)) {
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		goroutines := runtime.NumGoroutine()
		closers := make([]func(), n)
		var wg sync.WaitGroup
		slots := make(chan struct{}, 64)
		for i := range n {
			wg.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				var err error
				if closers[i], err = start(); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapInuse+after.StackInuse-before.HeapInuse-before.StackInuse)/float64(n), "B/stream")
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/float64(n), "goroutines/stream")
		for _, c := range closers {
			if c != nil {
				c()
			}
		}
	}
}

func benchmarkOpen(b *testing.B, n int) {
	url := server(b)
	b.Run("net/http", func(b *testing.B) {
		c := http.Client{Transport: tuned()}
		open(b, n, func() (func(), error) {
			resp, err := c.Post(url+"/model/x/converse-stream", "application/json", strings.NewReader("{}"))
			if err != nil {
				return nil, err
			}
			resp.Body.Read(make([]byte, 1))
			return func() { resp.Body.Close() }, nil
		})
	})
	b.Run("rawbedrock", func(b *testing.B) {
		c := ours(url, tuned())
		req := &client.ConverseRequest{ModelID: model, Messages: []client.Message{client.User("Hi")}}
		open(b, n, func() (func(), error) {
			s, err := c.ConverseStream(b.Context(), req)
			if err != nil {
				return nil, err
			}
			return func() { s.Close() }, nil
		})
	})
	b.Run("aws-sdk-go-v2", func(b *testing.B) {
		c := sdk(url, tuned())
		in := &bedrockruntime.ConverseStreamInput{ModelId: aws.String(model), Messages: sdkMessages(10)}
		open(b, n, func() (func(), error) {
			out, err := c.ConverseStream(b.Context(), in)
			if err != nil {
				return nil, err
			}
			s := out.GetStream()
			<-s.Events()
			return func() { s.Close() }, nil
		})
	})
}

func BenchmarkOpenStreams1000(b *testing.B) { benchmarkOpen(b, 1000) }
func BenchmarkOpenStreams5000(b *testing.B) { benchmarkOpen(b, 5000) }
