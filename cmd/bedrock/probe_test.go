package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"rawbedrock/client/bedrocktest"
)

// probed is what -o json prints.
type probed struct {
	Answered int
	Calls    []cell
}

func probe(t *testing.T, getenv func(string) string, args ...string) (p probed, stderr string) {
	t.Helper()
	stdout, stderr, _ := bedrock(t, getenv, append([]string{"probe", "-o", "json"}, args...)...)
	if err := json.Unmarshal([]byte(stdout), &p); err != nil {
		t.Fatalf("%v\n%s\n%s", err, stdout, stderr)
	}
	return p, stderr
}

// TestProbeFindsTheRegionThatAnswers is the walkthrough's finding: the profile
// of Llama 3.1 8B names us-east-1, us-east-2 and us-west-2, and all but
// us-east-2 refuse. Each region is a path of one server.
func TestProbeFindsTheRegionThatAnswers(t *testing.T) {
	regions := http.NewServeMux()
	for _, region := range []string{"us-east-1", "us-east-2", "us-west-2"} {
		s := &bedrocktest.Server{Verify: bedrocktest.VerifyOff, OnRequest: func(r bedrocktest.Request) {
			if !r.Identity.Bearer && r.Identity.Region != region {
				t.Errorf("a call of %s is signed for %s", region, r.Identity.Region)
			}
		}}
		if region != "us-east-2" {
			s.Faults = []bedrocktest.Fault{{Operation: "Converse", Code: "AccessDeniedException", Message: "You don't have access to the model with the specified model ID."}}
		}
		regions.Handle("/"+region+"/", http.StripPrefix("/"+region, s))
	}
	server := httptest.NewServer(regions)
	defer server.Close()
	p, stderr := probe(t, exampleEnv(map[string]string{"AWS_REGION": "us-east-2"}), "us.meta.llama3-1-8b-instruct-v1:0",
		"--endpoint-url", server.URL+"/{region}", "--auth", "sigv4,bearer")
	var got []string
	for _, c := range p.Calls {
		got = append(got, strings.TrimSpace(fmt.Sprint(c.Region, " ", c.Auth, " ", c.Status, " ", c.Code)))
	}
	want := []string{
		"us-east-1 sigv4 403 AccessDeniedException", "us-east-1 bearer 403 AccessDeniedException",
		"us-east-2 sigv4 200", "us-east-2 bearer 200",
		"us-west-2 sigv4 403 AccessDeniedException", "us-west-2 bearer 403 AccessDeniedException",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || p.Answered != 2 {
		t.Errorf("got %q\n%s", got, stderr)
	}
}

// TestProbeIsSignedForEachRegion: a server of one region, which verifies, takes
// the calls that were made for it, by signature and by key.
func TestProbeIsSignedForEachRegion(t *testing.T) {
	server := httptest.NewServer(&bedrocktest.Server{Region: "us-east-2"})
	defer server.Close()
	p, stderr := probe(t, exampleEnv(nil), "us.meta.llama3-1-8b-instruct-v1:0", "--endpoint-url", server.URL,
		"--regions", "us-east-1,us-east-2,us-west-2", "--auth", "all", "--apis", "converse,invoke")
	for _, c := range p.Calls {
		if want := c.Region == "us-east-2"; want != (c.Status == 200) || c.Status == 0 {
			t.Errorf("%+v", c)
		}
	}
	if len(p.Calls) != 12 || p.Answered != 4 {
		t.Errorf("%d calls, %d answered\n%s", len(p.Calls), p.Answered, stderr)
	}

	// a key of one's own is for one region
	env := minted("us-west-2", 0, set("AWS_ENDPOINT_URL="+server.URL, "AWS_ACCESS_KEY_ID="))(t)
	p, stderr = probe(t, exampleEnv(env), "us.amazon.nova-pro-v1:0", "--regions", "us-east-2")
	if c := p.Calls[0]; c.Auth != "bearer" || c.Status != 403 || !strings.Contains(stderr, "made for another region") {
		t.Errorf("%+v\n%s", c, stderr)
	}
}

// TestProbeGoesOn: what stands in the way of some calls is told of these, and
// the others are made.
func TestProbeGoesOn(t *testing.T) {
	server := httptest.NewServer(&bedrocktest.Server{})
	defer server.Close()
	for _, tt := range []struct {
		env, args, want string
		answered        int
	}{
		{"AWS_ACCESS_KEY_ID= AWS_BEARER_TOKEN_BEDROCK=" + bedrocktest.APIKey, "--regions us-east-1 --auth sigv4,bearer", "not tried", 1},
		{"AWS_REGION=", "--regions all", "", len(commercialRegions)},
		{"AWS_REGION=us-gov-west-1", "--regions all", "", len(govRegions)},
		{"", "--regions nowhere-1,us-east-1", "InvalidSignatureException", 1},
	} {
		env := set(strings.Fields(tt.env + " AWS_ENDPOINT_URL=" + server.URL)...)(t)
		p, stderr := probe(t, exampleEnv(env), append(strings.Fields(tt.args), "amazon.nova-pro-v1:0")...)
		if p.Answered != tt.answered || p.Calls[0].Code != tt.want {
			t.Errorf("%s: %d answered, %+v\n%s", tt.args, p.Answered, p.Calls[0], stderr)
		}
	}
	if _, stderr, code := bedrock(t, exampleEnv(nil), "probe", "a.b", "--regions", "us-east-1,us east"); code != exitUsage || !strings.Contains(stderr, `--regions: region "us east"`) {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// TestProbeInterrupted: what is known by then is shown.
func TestProbeInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	local := &bedrocktest.Server{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/us-east-2/") {
			io.Copy(io.Discard, r.Body) // else the server does not see the client leave
			interrupt()
			<-r.Context().Done()
			return
		}
		http.StripPrefix("/us-east-1", local).ServeHTTP(w, r)
	}))
	defer server.Close()
	var out, errs bytes.Buffer
	code := run(ctx, env{strings.NewReader(""), &out, &errs, exampleEnv(nil)}, strings.Fields(
		"probe amazon.nova-pro-v1:0 -o markdown --parallel 1 --regions us-east-1,us-east-2,us-west-2 --endpoint-url "+server.URL+"/{region}"))
	if got := out.String(); code != exitInterrupted || !regexp.MustCompile(`(?s)us-east-1 .* 200 .*us-east-2 .* no answer .* interrupted .*us-west-2 .* not tried .* interrupted`).MatchString(got) {
		t.Errorf("exit %d\n%s\n%s", code, got, errs.String())
	}
}

// TestProbeIsBounded: as many calls at once as --parallel allows, never more.
func TestProbeIsBounded(t *testing.T) {
	for _, parallel := range []int{1, 3} {
		var together sync.WaitGroup // a call waits until as many are under way
		together.Add(parallel)
		var now, most atomic.Int32
		local := &bedrocktest.Server{}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			together.Done()
			together.Wait()
			local.ServeHTTP(w, r)
			now.Add(-1)
		}))
		defer server.Close()
		regions := strings.Join(commercialRegions[:parallel], ",")
		p, stderr := probe(t, exampleEnv(nil), "us.amazon.nova-pro-v1:0", "--endpoint-url", server.URL, "--parallel", fmt.Sprint(parallel), "--regions", regions, "--apis", "converse")
		if p.Answered != parallel || int(most.Load()) != parallel {
			t.Errorf("%d answered, %d at once\n%s", p.Answered, most.Load(), stderr)
		}
	}
	var now, most atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		answer := httptest.NewRecorder()
		(&bedrocktest.Server{}).ServeHTTP(answer, r)
		now.Add(-1) // before the caller can know and make the next call
		w.Write(answer.Body.Bytes())
	}))
	defer server.Close()
	p, _ := probe(t, exampleEnv(nil), "us.amazon.nova-pro-v1:0", "--endpoint-url", server.URL, "--parallel", "2", "--regions", "all", "--apis", "converse,invoke")
	if p.Answered != 2*len(commercialRegions) || most.Load() > 2 {
		t.Errorf("%d answered, %d at once", p.Answered, most.Load())
	}
}
