package client

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"rawbedrock/client/bedrocktest"
	"rawbedrock/client/operation"
)

// boto3 runs testdata/boto3_converse.py, which ends with the test, and returns
// its output.
func boto3(t *testing.T, args ...string) *bufio.Reader {
	t.Helper()
	if testing.Short() {
		t.Skip("boto3 is slow to start")
	}
	if err := exec.Command("python3", "-c", "import boto3").Run(); err != nil {
		t.Skip("python3 with boto3 absent: our requests are not compared with boto3's")
	}
	script := exec.Command("python3", append([]string{"testdata/boto3_converse.py"}, args...)...)
	script.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true"}
	script.Stderr = os.Stderr
	stdin, err := script.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := script.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := script.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := script.Wait(); err != nil {
			t.Errorf("boto3_converse.py: %v", err)
		}
	})
	return bufio.NewReader(stdout)
}

// twin is a request that boto3 sent.
type twin struct {
	ModelID string
	Request json.RawMessage
}

// twins starts a server that answers only requests which boto3 sent to it
// before, and returns its URL and n such requests.
func twins(t *testing.T, n int) (url string, all []twin) {
	t.Helper()
	out := boto3(t, "compare", fmt.Sprint(n))
	url, err := out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	lines := json.NewDecoder(out)
	for range n {
		var r twin
		if err := lines.Decode(&r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return strings.TrimSpace(url), all
}

// forget empties all Extras below v, so that only fields are left.
func forget(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			forget(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			forget(v.Index(i))
		}
	case reflect.Struct:
		if x, ok := v.Addr().Interface().(*Extra); ok {
			*x = Extra{}
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				forget(v.Field(i))
			}
		}
	}
}

// Requests over every member of Converse that boto3 knows are sent by boto3 and
// by us: to the same path, with the same JSON value, and signed as botocore
// signs them.
func TestSameRequestsAsBoto3(t *testing.T) {
	url, all := twins(t, 50)
	c := newClient(t, url)
	for _, r := range all {
		var req ConverseRequest
		if err := Unmarshal(r.Request, &req); err != nil {
			t.Fatal(err)
		}
		forget(reflect.ValueOf(&req))
		req.ModelID = r.ModelID
		if answer, err := c.Converse(t.Context(), &req); err != nil || answer.Text() != "signed well" {
			t.Errorf("%s: %v", r.ModelID, err)
		}
		stream, err := c.ConverseStream(t.Context(), &req)
		if err != nil {
			t.Errorf("%s: stream: %v", r.ModelID, err)
			continue
		}
		if answer, err := stream.Response(); err != nil || answer.Text() != "signed well" {
			t.Errorf("%s: stream: %v", r.ModelID, err)
		}
	}

	// The server does refuse.
	other := Request{Op: operation.Converse, Labels: []string{all[0].ModelID}, Body: []byte(`{"messages":[]}`)}
	if _, err := c.Do(t.Context(), other); !errors.Is(err, ErrValidation) {
		t.Errorf("another body: %v", err)
	}
	wrong := exampleKeys
	wrong.SecretAccessKey += "x"
	other.Body = all[0].Request
	if _, err := newClient(t, url, WithCredentials(wrong)).Do(t.Context(), other); !errors.Is(err, ErrBadSignature) {
		t.Errorf("another key: %v", err)
	}
}

// boto3 reads the local Bedrock's answers to those requests, streamed too.
func TestBoto3ReadsAnswers(t *testing.T) {
	l, err := (&bedrocktest.Server{}).Start("")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	out := boto3(t, "answers", "50", l.URL)
	if line, _ := out.ReadString('\n'); line != "ok 100\n" {
		t.Errorf("boto3 said %q", line)
	}
}
