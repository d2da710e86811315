package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rawbedrock/client/bedrocktest"
)

// Bedrock's errors before the first text have a status of their own, a code
// and a request id.
func TestServeUpstreamErrors(t *testing.T) {
	for fault, want := range map[string]struct {
		status int
		code   string
		retry  string
		says   string
	}{
		"ThrottlingException; message=Too many requests":                                         {429, "ThrottlingException", "5", "Too many requests"},
		"ThrottlingException; message=Too many tokens per day, please wait before trying again.": {429, "ThrottlingException", "3600", "per day"},
		"ThrottlingException; header.Retry-After=17":                                             {429, "ThrottlingException", "17", ""},
		"ServiceUnavailableException; header.X-Amz-Retry-After=1500":                             {503, "ServiceUnavailableException", "2", ""},
		"throttlingException; at=0; message=slow down":                                           {429, "throttlingException", "5", "slow down"},
		"throttlingException; at=1; message=slow down":                                           {429, "throttlingException", "5", "slow down"},
		"ServiceUnavailableException":                                                            {503, "ServiceUnavailableException", "5", ""},
		"ModelNotReadyException":                                                                 {503, "ModelNotReadyException", "30", ""},
		"ValidationException; message=prompt too long":                                           {400, "ValidationException", "", "prompt too long"},
		"ResourceNotFoundException; message=Could not resolve the foundation model":              {404, "ResourceNotFoundException", "", "Could not"},
		"AccessDeniedException; message=User: arn:aws:iam::123456789012:user/u":                  {502, "AccessDeniedException", "", "its log says why"},
		"ExpiredTokenException":                                                                  {502, "ExpiredTokenException", "", "its log says why"},
		"UnrecognizedClientException":                                                            {502, "UnrecognizedClientException", "", "its log says why"},
		"InvalidSignatureException":                                                              {502, "InvalidSignatureException", "", "its log says why"},
		"InternalServerException":                                                                {502, "InternalServerException", "", ""},
		"ModelTimeoutException":                                                                  {504, "ModelTimeoutException", "", ""},
		"ModelErrorException":                                                                    {502, "ModelErrorException", "", ""},
		"html":                                                                                   {503, "Bad Gateway", "5", ""},
		"unknown-operation":                                                                      {502, "UnknownOperationException", "", ""},
		"close":                                                                                  {502, "bad_gateway", "", "no answer from Bedrock"},
		"close; at=0":                                                                            {502, "bad_gateway", "", "no answer from Bedrock"},
		"silence":                                                                                {504, "timeout", "", "in time"},
		"silence; at=0":                                                                          {504, "timeout", "", "in time"},
	} {
		f, err := bedrocktest.ParseFault(fault)
		if err != nil {
			t.Fatal(err)
		}
		up := &bedrocktest.Server{Faults: []bedrocktest.Fault{f}}
		s := serving(t, up, nil, "--max-attempts", "1", "--first-event-timeout", "300ms", "--idle-timeout", "300ms")
		for _, accept := range []string{"*/*", formEvents} {
			a := s.ask("/prompt/streamed", "Hello", "Accept", accept)
			code, message, _ := a.problem(t)
			if a.status != want.status || !strings.EqualFold(code, want.code) || a.header.Get("Retry-After") != want.retry || !strings.Contains(message, want.says) || a.header.Get("Content-Type") != formJSON {
				t.Errorf("%s: %d, Retry-After %q: %s", fault, a.status, a.header.Get("Retry-After"), a.body)
			}
			if named := strings.Contains(a.body, `"requestId"`); named != strings.Contains(s.log.String(), "request_id=") || !named && strings.Contains(fault, "Exception") {
				t.Errorf("%s: request id: %s\n%s", fault, a.body, s.log)
			}
			if strings.Contains(a.body, "123456789012") || !strings.Contains(s.log.String(), "error=") {
				t.Errorf("%s: %s\n%s", fault, a.body, s.log)
			}
		}
		up.Close()
	}
}

// Without an upstream, without credentials: said, and nothing more.
func TestServeNobodyThere(t *testing.T) {
	s := servingAt(t, "http://127.0.0.1:1", nil, "--max-attempts", "1")
	a := s.ask("/prompt", "Hello")
	if _, message, _ := a.problem(t); a.status != 502 || strings.Contains(message, "127.0.0.1") || !strings.Contains(s.log.String(), "refused") {
		t.Errorf("%+v\n%s", a, s.log)
	}
	environment := map[string]string{"HOME": t.TempDir(), "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
	for _, command := range []string{"serve", "proxy"} {
		_, stderr, code := bedrock(t, func(k string) string { return environment[k] }, command, "--addr", "127.0.0.1:0")
		if code != exitSetup || !strings.Contains(stderr, "looked for") {
			t.Errorf("%s without credentials: exit %d: %s", command, code, stderr)
		}
	}
}

// The canaries come back in no answer and stand in no log, even when the
// upstream repeats all that it was told.
func TestServeTellsNoSecret(t *testing.T) {
	up := gossip(t)
	for name, environment := range map[string]map[string]string{
		"keys":   {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": canarySecret, "AWS_SESSION_TOKEN": canarySession},
		"bearer": {"AWS_BEARER_TOKEN_BEDROCK": canaryBearer},
	} {
		environment[tokenVariable] = "canary-of-the-service-0123456789"
		s := servingAt(t, up, environment, "-vv")
		for _, header := range [][]string{{}, {"Authorization", "Bearer " + environment[tokenVariable]}} {
			for _, path := range []string{"/prompt", "/prompt/streamed"} {
				a := s.do("POST", path, `{"prompt":"x","model":"ABSK`+canaryBearer+`"}`, header...)
				findCanaries(t, name+" "+path+" as a model", a.body+fmt.Sprint(a.header)+s.log.String())
				a = s.ask(path, environment["AWS_SECRET_ACCESS_KEY"]+environment["AWS_BEARER_TOKEN_BEDROCK"], header...)
				findCanaries(t, name+" "+path, a.body+fmt.Sprint(a.header)+s.log.String())
				if strings.Contains(a.body+s.log.String(), environment[tokenVariable]) {
					t.Errorf("%s %s: the service's token is told: %s\n%s", name, path, a.body, s.log)
				}
			}
		}
	}
}

func TestServeLogsPrompts(t *testing.T) {
	s := serving(t, &bedrocktest.Server{}, nil, "--log-prompts")
	s.ask("/prompt", "a canary of a prompt")
	if _, log := s.stop(); !strings.Contains(log, `prompt="a canary of a prompt"`) {
		t.Error(log)
	}
	quoting, _ := bedrocktest.ParseFault(`ValidationException; message=at "anary of a pr": no`)
	quoted := serving(t, &bedrocktest.Server{Faults: []bedrocktest.Fault{quoting}}, nil)
	quoted.ask("/prompt", "a canary of a prompt")
	quoted.do("POST", "/prompt/streamed", `{"prompt":"x","system":"a canary of a prompt"}`)
	if _, log := quoted.stop(); strings.Contains(log, "anary") || strings.Count(log, "400 ValidationException: the reason quotes the prompt") != 2 {
		t.Error(log)
	}
	s = serving(t, &bedrocktest.Server{}, nil, "-v")
	s.ask("/prompt", "a canary of a prompt")
	s.ask("/prompt/streamed", "a canary of a prompt")
	_, log := s.stop()
	if strings.Contains(log, "canary") {
		t.Error(log)
	}
	for _, part := range []string{"method=POST", "route=/prompt/streamed", "status=200", "bytes=", "first_byte=", "duration=", "request_id="} {
		if !strings.Contains(log, part) {
			t.Errorf("no %s in the log: %s", part, log)
		}
	}
}

// Wrong flags are exit 2.
func TestServeFlags(t *testing.T) {
	for args, want := range map[string]string{
		"prompt":                                "unexpected argument",
		"--api soap":                            "want one of",
		"--temperature 1.5":                     "--temperature",
		"--temperature 2.5":                     "from 0 to 2",
		"--guardrail x":                         "--guardrail",
		"--model ..":                            "--model",
		"--max-streams 0":                       "max-streams",
		"--drain 0":                             "drain",
		"--allow-host https://a.example":        "want one name",
		"--allow-host *.example":                "want one name",
		"--drain soon":                          "drain",
		"--api invoke -m amazon.nova-reel-v1:0": "StartAsyncInvoke",
		"--api invoke -m amazon.titan-embed-text-v2:0 --temperature 1": "no temperature",
	} {
		_, stderr, code := bedrock(t, exampleEnv(nil), append([]string{"serve", "--addr", "127.0.0.1:0"}, strings.Fields(args)...)...)
		if code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d: %s", args, code, stderr)
		}
	}
}

// What a family of models has no place for is told by its field, before it is
// sent.
func TestServeMisfits(t *testing.T) {
	s := servingAt(t, "http://127.0.0.1:1", nil, "--api", "invoke", "--temperature", "0.5")
	for more, want := range map[string]string{
		`"model":"meta.llama3-1-8b-instruct-v1:0","stopSequences":["a"]`:                       "stopSequences",
		`"model":"amazon.titan-embed-text-v2:0","system":"s","stopSequences":["a"],"topP":0.5`: "stopSequences",
		`"model":"amazon.titan-embed-text-v2:0"`:                                               "temperature",
		`"model":"amazon.nova-reel-v1:0"`:                                                      "model",
		`"model":"stability.sd3-5-large-v1:0"`:                                                 "model",
	} {
		a := s.do("POST", "/prompt", `{"prompt":"x",`+more+`}`)
		if code, _, field := a.problem(t); a.status != 400 || code != "invalid_field" || field != want {
			t.Errorf("%s: %d %s", more, a.status, a.body)
		}
	}
}

// An upstream that is no Bedrock is a bad gateway.
func TestServeNotBedrock(t *testing.T) {
	for _, test := range []struct {
		status     int
		kind, body string
	}{
		{200, "text/html", "Welcome!"}, {200, formJSON, "Welcome!"}, {200, formJSON, `{"Welcome":1}`}, {200, formJSON, `["Welcome"]`}, {204, formJSON, ""}, {302, formText, ""},
	} {
		up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", test.kind)
			w.Header().Set("Location", "/Welcome")
			w.WriteHeader(test.status)
			fmt.Fprint(w, test.body)
		}))
		defer up.Close()
		for _, api := range []string{"converse", "invoke", "chat"} {
			s := servingAt(t, up.URL, nil, "--api", api, "--max-attempts", "1")
			for _, path := range []string{"/prompt", "/prompt/streamed"} {
				a := s.ask(path, "Hello")
				if code, message, _ := a.problem(t); a.status != 502 || code != "bad_gateway" || strings.Contains(message, "Welcome") {
					t.Errorf("%s %s, %d %s %s: %+v", api, path, test.status, test.kind, test.body, a)
				}
			}
		}
	}
}
