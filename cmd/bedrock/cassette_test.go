package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rawbedrock/client/bedrocktest"
	"rawbedrock/client/cassette"
)

// findInFiles looks for canaries in all files of a directory, and in what the
// cassettes among them say.
func findInFiles(t *testing.T, where, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		findCanaries(t, where+": "+f.Name(), string(data))
		all, err := cassette.Parse(data)
		if err != nil {
			t.Errorf("%s: %s: %v", where, f.Name(), err)
		}
		for _, i := range all {
			findCanaries(t, where+": "+f.Name(), fmt.Sprint(i.Request, i.Response)+string(i.Request.Body)+string(i.Response.Body))
		}
	}
}

// TestNoSecretIsRecorded: credentials that the prompt quotes and that the
// answer repeats, wherever they come from, are not in the file.
func TestNoSecretIsRecorded(t *testing.T) {
	dir := t.TempDir()
	secrets, profile := filepath.Join(dir, "secrets.toml"), filepath.Join(dir, "credentials")
	write(t, secrets, fmt.Sprintf("AWS_ACCESS_KEY_ID = \"AKIDEXAMPLE\"\nAWS_SECRET_ACCESS_KEY = \"%s\"\nAWS_SESSION_TOKEN = \"%s\"\n", canarySecret, canarySession))
	write(t, profile, fmt.Sprintf("[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = %s\naws_session_token = %s\n", canarySecret, canarySession))
	url, prompt := gossip(t), "Is "+canarySecret+" better than "+canarySession+"?"
	for name, c := range map[string]struct {
		env    map[string]string
		args   string
		prompt string
	}{
		"keys":    {map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": canarySecret, "AWS_SESSION_TOKEN": canarySession}, "", prompt},
		"profile": {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": profile}, "", prompt},
		"secrets": {nil, "--secrets " + secrets, prompt},
		"bearer":  {map[string]string{"AWS_BEARER_TOKEN_BEDROCK": canaryBearer}, "", "Is it " + canaryBearer + "?"},
		"rule":    {map[string]string{"AWS_BEARER_TOKEN_BEDROCK": canaryBearer}, "--redact canary-[A-Za-z0-9/+=-]+", prompt},
	} {
		for _, command := range []string{"converse", "converse --no-stream", "invoke --stream", "chat"} {
			tapes := t.TempDir()
			environment := map[string]string{"AWS_REGION": "us-east-1", "HOME": dir}
			for k, v := range c.env {
				environment[k] = v
			}
			args := append(strings.Fields(command+" --endpoint-url "+url+" --record "+filepath.Join(tapes, "t.cassette")+" "+c.args), c.prompt)
			_, stderr, code := bedrock(t, func(k string) string { return environment[k] }, args...)
			if code != 1 || !strings.Contains(stderr, "InvalidSignatureException") {
				t.Errorf("%s: exit %d: %s", name, code, stderr)
			}
			findInFiles(t, name+": "+command, tapes)
			if files, _ := os.ReadDir(tapes); len(files) != 1 {
				t.Errorf("%s: %s: files %v", name, command, files)
			}
		}
	}
}

// TestRecordKilled: a process that is killed in the middle of an answer leaves
// no canary behind.
func TestRecordKilled(t *testing.T) {
	server, dir := newFaulty(t, "silence; at=3"), t.TempDir()
	cmd := process(t, append(exampleKeys, "AWS_SESSION_TOKEN="+canarySession), "converse", "--endpoint-url", server.url, "--record", filepath.Join(dir, "t.cassette"), "say "+canarySession)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, server.begun)
	cmd.Process.Kill()
	cmd.Wait()
	findInFiles(t, "killed", dir)
}

// TestRecordInterrupted: what had come before ^C is on the cassette, and that
// it was cut.
func TestRecordInterrupted(t *testing.T) {
	server, path := newFaulty(t, "silence; at=3"), filepath.Join(t.TempDir(), "t.cassette")
	cmd := process(t, exampleKeys, "converse", "--endpoint-url", server.url, "--record", path, "Hello")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).Peek(len("A mock")); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Signal(os.Interrupt)
	cmd.Wait()
	all, err := cassette.Read(path)
	if err != nil || len(all) != 1 || all[0].Response.Cut == "" || !bytes.Contains(all[0].Response.Body, []byte("contentBlockDelta")) {
		t.Errorf("%+v %v", all, err)
	}
	if stdout, stderr, code := bedrock(t, func(string) string { return "" }, "converse", "--replay", path, "Hello"); code != exitBroken || !strings.HasPrefix(stdout, "A mock") || !strings.Contains(stderr, "the recorded answer ends here") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
}

// TestProxyRecords: the caller of the proxy has the first event while the
// upstream still writes, and the local Bedrock repeats it all.
func TestProxyRecords(t *testing.T) {
	g, dir := newGate(3), t.TempDir()
	s := serving(t, &bedrocktest.Server{OnPart: g.onPart}, nil, "proxy", "--record", filepath.Join(dir, "t.cassette"))
	resp, err := s.http.Do(s.request(t.Context(), "POST", conversePath+"-stream", converseBody))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	in := bufio.NewReader(resp.Body)
	if _, err := in.Peek(1); err != nil || resp.StatusCode != 200 {
		t.Fatalf("%d %v", resp.StatusCode, err)
	}
	<-g.reached
	close(g.open)
	live, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	url, _, _ := mock(t, nil, "--cassettes", dir, "--verify", "off")
	for range 2 { // as often as it is asked for
		again, err := s.http.Post(url+conversePath+"-stream", "application/json", strings.NewReader(converseBody))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(again.Body)
		again.Body.Close()
		if err != nil || !bytes.Equal(body, live) || again.Header.Get("X-Amzn-Requestid") != resp.Header.Get("X-Amzn-Requestid") {
			t.Errorf("replayed %q %v\nrecorded %q", body, err, live)
		}
	}
	if code, stderr := s.stop(); code != exitOK {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// TestBoto3ThroughACassette records boto3 through the proxy, where it has the
// first event before the last one has left the server, and gives it the same
// events again from the local Bedrock.
func TestBoto3ThroughACassette(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 absent: boto3 is not tried as a client")
	}
	if exec.Command(python, "-c", "import boto3").Run() != nil {
		t.Skip("boto3 absent: not tried as a client")
	}
	boto3 := func(url string) (*exec.Cmd, *bufio.Reader) {
		cmd := exec.CommandContext(t.Context(), python, "testdata/boto3_stream.py", url)
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true"}, exampleKeys...)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, bufio.NewReader(out)
	}
	g, dir := newGate(3), t.TempDir()
	s := serving(t, &bedrocktest.Server{OnPart: g.onPart}, nil, "proxy", "--record", filepath.Join(dir, "t.cassette"))
	cmd, out := boto3(s.url)
	first, err := out.ReadString('\n')
	if err != nil || !strings.Contains(first, "messageStart") {
		t.Fatalf("first event %q: %v", first, err)
	}
	<-g.reached
	close(g.open)
	rest, _ := io.ReadAll(out)
	if err := cmd.Wait(); err != nil || !strings.Contains(string(rest), "totalTokens") {
		t.Fatalf("%v: %s%s", err, first, rest)
	}
	url, _, _ := mock(t, nil, "--cassettes", dir)
	cmd, out = boto3(url)
	again, _ := io.ReadAll(out)
	if err := cmd.Wait(); err != nil || string(again) != first+string(rest) {
		t.Errorf("%v: replayed\n%s\nrecorded\n%s%s", err, again, first, rest)
	}
}
