package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"rawbedrock/client/bedrocktest"
)

// TestMain lets this test binary be the bedrock command, for tests of what
// only a process of its own has: signals and pipes.
func TestMain(m *testing.M) {
	if os.Getenv("BEDROCK_BE_THE_COMMAND") != "" {
		main()
	}
	os.Exit(m.Run())
}

// process is the bedrock command as a process with a nearly empty environment.
func process(t *testing.T, env []string, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append([]string{"BEDROCK_BE_THE_COMMAND=1", "HOME=/nonexistent"}, env...)
	return cmd
}

// faulty is a local Bedrock with one fault. begun is closed when it has got a
// request, gone when it is done with it.
type faulty struct {
	url         string
	begun, gone chan struct{}
}

func newFaulty(t *testing.T, fault string) faulty {
	f, err := bedrocktest.ParseFault(fault)
	if err != nil {
		t.Fatal(err)
	}
	s := faulty{begun: make(chan struct{}), gone: make(chan struct{})}
	mock := &bedrocktest.Server{
		Faults:    []bedrocktest.Fault{f},
		OnRequest: func(bedrocktest.Request) { close(s.begun) },
		OnDone:    func(bedrocktest.Request, bedrocktest.Outcome) { close(s.gone) },
	}
	server := httptest.NewServer(mock)
	t.Cleanup(func() { mock.Close(); server.Close() })
	s.url = server.URL
	return s
}

// await waits for an event that must come.
func await(t testing.TB, event chan struct{}) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(time.Minute):
		t.Fatal("nothing happened within a minute")
	}
}

var exampleKeys = []string{
	"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "AWS_REGION=us-east-1",
}

// TestInterrupt: after ^C in the middle of a stream the process says so, ends
// with 130 and leaves no connection.
func TestInterrupt(t *testing.T) {
	server := newFaulty(t, "silence; at=3")
	cmd := process(t, exampleKeys, "converse", "--endpoint-url", server.url, "Hello")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 1)
	if _, err := io.ReadFull(stdout, text); err != nil { // text comes before the stream's end
		t.Fatalf("%v: %s", err, stderr.String())
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, stdout)
	exit, ok := errors.AsType[*exec.ExitError](cmd.Wait())
	if !ok || exit.ExitCode() != exitInterrupted || stderr.String() != "bedrock: converse: interrupted\n" {
		t.Errorf("%v\n%s", exit, stderr.String())
	}
	await(t, server.gone)
}

// TestInterruptClosesTheConnection: whatever a call waits for, it ends with
// its context, and the server sees it go.
func TestInterruptClosesTheConnection(t *testing.T) {
	for _, fault := range []string{"silence", "silence; at=0", "silence; at=3", "delay=10m"} {
		server := newFaulty(t, fault)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-server.begun
			cancel()
		}()
		var stderr strings.Builder
		code := run(ctx, env{strings.NewReader(""), io.Discard, &stderr, exampleEnv(nil)}, []string{"converse", "--endpoint-url", server.url, "Hello"})
		if code != exitInterrupted || stderr.String() != "bedrock: converse: interrupted\n" {
			t.Errorf("%s: exit %d: %s", fault, code, stderr.String())
		}
		await(t, server.gone)
	}
}

// TestNoWordOfNetHTTP: net/http logs by itself what arrives behind the end of
// an answer, model's words included; a person gets the one error block.
func TestNoWordOfNetHTTP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			http.ReadRequest(bufio.NewReader(c))
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"output\":\"canary\"}")
		}
	}()
	cmd := process(t, exampleKeys, "converse", "--no-stream", "--endpoint-url", "http://"+l.Addr().String(), "Hello")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if exit, ok := errors.AsType[*exec.ExitError](cmd.Run()); !ok || exit.ExitCode() != exitRefused {
		t.Errorf("%v", exit)
	}
	if text := stderr.String(); !strings.HasPrefix(text, "bedrock: Converse ") || strings.Contains(text, "canary") {
		t.Errorf("stderr: %s", text)
	}
}

// TestReaderThatLeaves: | head ends the command without a word.
func TestReaderThatLeaves(t *testing.T) {
	server := newFaulty(t, "drip=20ms")
	cmd := process(t, exampleKeys, "converse", "--endpoint-url", server.url, strings.Repeat("many words ", 200))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := bufio.NewReaderSize(r, 16).ReadByte(); err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	r.Close()
	exit, ok := errors.AsType[*exec.ExitError](cmd.Wait())
	if status, isUnix := exit.Sys().(syscall.WaitStatus); !ok || !isUnix || status.Signal() != syscall.SIGPIPE || stderr.Len() > 0 {
		t.Errorf("%v\n%s", exit, stderr.String())
	}
	await(t, server.gone)
}

// TestFullDisk: an answer that cannot be written is an error, whatever had
// been written of it.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("/dev/full absent")
	}
	defer full.Close()
	for _, line := range []string{"converse --mock -o text Hello", "converse --mock -o json Hello", "converse --mock -o jsonl Hello", "converse --mock -o raw Hello",
		"doctor --mock --no-call", "converse -h", "token -h", "help auth"} {
		var stderr strings.Builder
		code := run(t.Context(), env{strings.NewReader(""), full, &stderr, exampleEnv(nil)}, strings.Fields(line))
		if code != exitRefused || !strings.Contains(stderr.String(), "no space left") {
			t.Errorf("%s: exit %d: %s", line, code, stderr.String())
		}
	}
}
