package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rawbedrock/client/bedrocktest"
	"rawbedrock/sigv4"
	"rawbedrock/sigv4/credentials"
)

// state is a world with one thing wrong, or none.
type state struct {
	name   string
	world  func(t *testing.T) map[string]string // the environment; exampleEnv's besides
	args   string
	exit   int
	check  string // the first that fails; "": none
	says   string // regexp of its message
	remedy string // regexp of what to do
}

// local serves a Bedrock and, with sts, an STS at every other path.
func local(t *testing.T, s *bedrocktest.Server, sts http.HandlerFunc) map[string]string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if sts != nil && r.Method == http.MethodPost && r.URL.Path == "/" {
			sts(w, r)
			return
		}
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { s.Close(); server.Close() })
	return map[string]string{"AWS_ENDPOINT_URL": server.URL}
}

func allWell(t *testing.T) map[string]string { return local(t, &bedrocktest.Server{}, sts) }

// sts verifies the signature and names the caller.
func sts(w http.ResponseWriter, r *http.Request) {
	const form = "Action=GetCallerIdentity&Version=2011-06-15"
	_, err := sigv4.Signer{Service: "sts"}.Verify(r, sigv4.HashPayload([]byte(form)), func(id string) (sigv4.Credentials, bool) {
		return bedrocktest.Credentials(), id == bedrocktest.Credentials().AccessKeyID
	}, time.Now())
	if err != nil {
		stsError("SignatureDoesNotMatch", err.Error())(w, r)
		return
	}
	fmt.Fprint(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/somebody</Arn><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
}

func stsError(code, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`, code, message)
	}
}

// faults is a Bedrock that fails so, and an STS that knows the caller.
func faults(texts ...string) func(*testing.T) map[string]string {
	return func(t *testing.T) map[string]string {
		s := &bedrocktest.Server{}
		for _, text := range texts {
			operation, text, _ := strings.Cut(text, ": ")
			f, err := bedrocktest.ParseFault(text)
			if err != nil {
				t.Fatal(err)
			}
			f.Operation = operation
			s.Faults = append(s.Faults, f)
		}
		return local(t, s, sts)
	}
}

// minted is an environment whose API key is good in a region, as of then.
func minted(region string, age time.Duration, world func(*testing.T) map[string]string) func(*testing.T) map[string]string {
	return func(t *testing.T) map[string]string {
		token, err := credentials.Mint(bedrocktest.Credentials(), region, time.Hour, time.Now().Add(-age))
		if err != nil {
			t.Fatal(err)
		}
		env := world(t)
		env["AWS_BEARER_TOKEN_BEDROCK"], env["AWS_ACCESS_KEY_ID"] = token.Key.Reveal(), ""
		return env
	}
}

func skewed(by time.Duration) func(*testing.T) map[string]string {
	return func(t *testing.T) map[string]string {
		return local(t, &bedrocktest.Server{Now: func() time.Time { return time.Now().Add(by) }}, nil)
	}
}

// overTLS is a Bedrock whose certificate is trusted or not.
func overTLS(trusted bool) func(*testing.T) map[string]string {
	return func(t *testing.T) map[string]string {
		server, err := (&bedrocktest.Server{}).StartTLS("")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
		env := map[string]string{"AWS_ENDPOINT_URL": server.URL}
		if trusted {
			env["AWS_CA_BUNDLE"] = filepath.Join(t.TempDir(), "ca.pem")
			write(t, env["AWS_CA_BUNDLE"], string(server.Certificate))
		}
		return env
	}
}

// behind is a proxy that answers everything with one status.
func behind(status int, more map[string]string) func(*testing.T) map[string]string {
	return func(t *testing.T) map[string]string {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(proxy.Close)
		url := strings.Replace(proxy.URL, "://", "://user:"+canaryBearer+"@", 1)
		env := map[string]string{"HTTPS_PROXY": url, "HTTP_PROXY": url}
		maps.Copy(env, more)
		return env
	}
}

func set(pairs ...string) func(*testing.T) map[string]string {
	return func(*testing.T) map[string]string {
		env := map[string]string{}
		for _, p := range pairs {
			name, value, _ := strings.Cut(p, "=")
			env[name] = value
		}
		return env
	}
}

// files makes a home with a shared config file.
func files(config string, pairs ...string) func(*testing.T) map[string]string {
	return func(t *testing.T) map[string]string {
		home := t.TempDir()
		if err := os.Mkdir(filepath.Join(home, ".aws"), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(home, ".aws", "config"), config)
		return set(append(pairs, "HOME="+home, "AWS_ACCESS_KEY_ID=")...)(t)
	}
}

// answering serves fixed texts by path; what is not there gets html.
func answering(answers map[string]string) func(*testing.T) map[string]string {
	return func(t *testing.T) map[string]string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if text, ok := answers[r.URL.Path]; ok {
				w.Header().Set("x-amzn-RequestId", "1")
				fmt.Fprint(w, text)
				return
			}
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, "<html>nothing here</html>")
		}))
		t.Cleanup(server.Close)
		return map[string]string{"AWS_ENDPOINT_URL": server.URL}
	}
}

// talking answers a connection with a text, and what comes next with another.
func talking(t *testing.T, texts ...string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			for _, text := range texts {
				c.Read(make([]byte, 4096))
				io.WriteString(c, text)
			}
			c.Close()
		}
	}()
	return "http://" + listener.Addr().String()
}

const (
	here      = "AWS_ENDPOINT_URL=http://127.0.0.1:1"                                                   // where nobody listens
	nowhere   = "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test" // no name server is asked for such a label
	iamDenial = "User: arn:aws:iam::123456789012:user/somebody is not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-2-lite-v1:0 because no identity-based policy allows the bedrock:InvokeModel action"
	scpDenial = "User: arn:aws:iam::123456789012:user/somebody is not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:us-west-2::foundation-model/amazon.nova-2-lite-v1:0 with an explicit deny in a service control policy"
	retired   = `{"modelSummaries":[{"modelId":"a.old","inferenceTypesSupported":["ON_DEMAND"],"modelLifecycle":{"status":"LEGACY","endOfLifeTime":"2025-01-02T00:00:00Z"}}]}`
	legacy    = `{"modelSummaries":[{"modelId":"a.old","inferenceTypesSupported":["ON_DEMAND"],"modelLifecycle":{"status":"LEGACY","endOfLifeTime":"2125-01-02T00:00:00Z"}}]}`
)

var states = []state{
	{"all is well", allWell, "", 0, "", "", ""},
	{"all is well, by API key", minted("us-east-1", 0, allWell), "", 0, "", "", ""},
	{"all is well, by TLS", overTLS(true), "", 0, "", "", ""},
	{"all is well, embeddings", allWell, "amazon.titan-embed-text-v2:0", 0, "", "", ""},
	{"all is well, chat only", allWell, "openai.gpt-oss-20b-1:0", 0, "", "", ""},
	{"all is well, without a call", allWell, "--no-call", 0, "", "", ""},
	{"all is well, by ARN", allWell, "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6 --no-call", 0, "", "", ""},
	{"lists closed", faults("ListFoundationModels: AccessDeniedException", "ListInferenceProfiles: AccessDeniedException"), "", 0, "", "", ""},
	{"lists of nobody", faults("ListFoundationModels: reset", "ListInferenceProfiles: reset"), "--max-attempts 1", 0, "", "", ""},
	{"all is well, inside", set("AWS_ACCESS_KEY_ID=", "AWS_CONFIG_FILE=/dev/null/x"), "--mock", 0, "", "", ""},
	{"STS elsewhere", func(t *testing.T) map[string]string {
		e := allWell(t)
		e["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:1"
		return e
	}, "", 0, "", "", ""},
	{"STS alone refuses", func(t *testing.T) map[string]string {
		return local(t, &bedrocktest.Server{}, stsError("InvalidClientTokenId", "The security token included in the request is invalid"))
	}, "", 0, "", "", ""},
	{"clock behind, by API key", minted("us-east-1", 0, skewed(10*time.Minute)), "", 0, "", "", ""},
	{"streams break, models closed", faults("ListFoundationModels: AccessDeniedException", "ConverseStream: modelStreamErrorException; message=it broke"), "", 1, "streaming", "it broke", "."},
	{"does not stream, lists closed", faults("ListFoundationModels: AccessDeniedException", "ListInferenceProfiles: AccessDeniedException", "ConverseStream: ValidationException; message=The model is unsupported for streaming."), "", 0, "", "", ""},
	{"ended by its date, and answers", answering(map[string]string{"/foundation-models": strings.ReplaceAll(retired, "a.old", "cohere.command-r-v1:0"), "/inference-profiles": "{}",
		"/model/cohere.command-r-v1:0/converse": `{"output":{"message":{"role":"assistant","content":[{"text":"H"}]}},"stopReason":"max_tokens"}`}), "cohere.command-r-v1:0", 0, "", "", ""},

	{"no credentials", func(t *testing.T) map[string]string {
		e := allWell(t)
		e["AWS_ACCESS_KEY_ID"], e["AWS_SECRET_ACCESS_KEY"] = "", ""
		return e
	}, "", 3, "credentials", "none found .*AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set", "^Set AWS_ACCESS_KEY_ID .*`aws sso login`"},
	{"an API key with more", set("AWS_BEARER_TOKEN_BEDROCK=key: x"), "", 3, "credentials", "AWS_BEARER_TOKEN_BEDROCK: ", "^Set AWS_BEARER_TOKEN_BEDROCK to the key alone"},
	{"half a pair", set("AWS_ACCESS_KEY_ID=", here), "", 3, "credentials", "AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not", "both"},
	{"no API key", set("AWS_ACCESS_KEY_ID=", here), "--auth bearer", 3, "credentials", "there is no API key", "^Set AWS_BEARER_TOKEN_BEDROCK"},
	{"broken files", files("[default\nregion=x\n"), "", 3, "credentials", "config: line 1", "^Correct the file"},
	{"no such profile", set(), "--profile nosuch", 3, "credentials", `profile "nosuch"`, "name of the profile"},
	{"no such secrets", set(), "--secrets nosuch.toml", 3, "credentials", "nosuch.toml", "--secrets"},
	{"a source that fails", files("[default]\ncredential_process = /bin/false\n", here), "", 3, "credentials", "process", "Repair this source"},

	{"expired, by the source", files(`[default]
credential_process = /bin/echo '{"Version":1,"AccessKeyId":"AKID","SecretAccessKey":"`+canarySecret+`","SessionToken":"x","Expiration":"2020-01-01T00:00:00Z"}'
`, here), "", 3, "credentials", "expired", "aws sso login"},
	{"expired, by STS", func(t *testing.T) map[string]string {
		return local(t, &bedrocktest.Server{}, stsError("ExpiredToken", "The security token included in the request is expired"))
	}, "--no-call", 1, "identity", "ExpiredToken: The security token included in the request is expired", "aws sso login"},
	{"expired, by Bedrock", func(t *testing.T) map[string]string {
		e := faults("Converse: ExpiredTokenException; message=The security token included in the request is expired")(t)
		e["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:1"
		return e
	}, "", 1, "identity", "Bedrock does not accept the credentials: 403 ExpiredTokenException", "expired: sign in again"},
	{"expired API key", minted("us-east-1", 2*time.Hour, allWell), "", 1, "key", "^the API key expired at 20", "bedrock token mint"},
	{"unknown access key", func(t *testing.T) map[string]string {
		e := allWell(t)
		e["AWS_ACCESS_KEY_ID"], e["AWS_ENDPOINT_URL_STS"] = "AKIDNOBODY", "http://127.0.0.1:1"
		return e
	}, "", 1, "identity", "403 UnrecognizedClientException", "does not know this access key"},
	{"wrong secret key", func(t *testing.T) map[string]string {
		e := allWell(t)
		e["AWS_SECRET_ACCESS_KEY"] = canarySecret
		return e
	}, "", 1, "identity", "STS does not accept the credentials: 403 SignatureDoesNotMatch", "secret key does not belong"},
	{"unknown API key", func(t *testing.T) map[string]string {
		e := allWell(t)
		e["AWS_BEARER_TOKEN_BEDROCK"] = "ABSK" + canaryBearer
		return e
	}, "", 1, "key", "Authentication failed", "mistyped"},

	{"key for another region", minted("us-west-2", 0, allWell), "", 1, "key", "^the API key was made for us-west-2, but calls go to us-east-1$", "--region us-west-2"},
	{"clock behind", skewed(10 * time.Minute), "", 1, "clock", "clock is (10m0s|9m5.s) behind", "NTP"},
	{"clock ahead", skewed(-7 * time.Minute), "", 1, "clock", "clock is (7m0s|7m.s) ahead of", "NTP"},
	{"region is no name", set("AWS_REGION=us east 1", here), "", 3, "region", `region "us east 1" is not valid`, "such as us-east-1"},
	{"region of a VPC endpoint differs", behind(502, map[string]string{"AWS_ENDPOINT_URL": "https://vpce-1-a.bedrock-runtime.eu-west-1.vpce.amazonaws.com"}), "", 3, "region", "is in eu-west-1", "same region"},
	{"no region", set("AWS_REGION="), "", 3, "region", "no region is set", "AWS_REGION"},
	{"region and endpoint differ", behind(502, map[string]string{"AWS_ENDPOINT_URL": "https://bedrock-runtime.eu-west-1.amazonaws.com"}), "", 3, "region", "us-east-1 .*eu-west-1", "same region"},

	{"DNS failure", set("AWS_ENDPOINT_URL=" + nowhere), "", 1, "DNS", "cannot be resolved", "spelling of the region"},
	{"proxy without DNS", set("HTTPS_PROXY=" + nowhere), "", 1, "DNS", "the proxy aaa.* cannot be resolved", "HTTPS_PROXY"},
	{"nobody listens", set(here), "", 1, "TCP", "refused", "host and port"},
	{"unknown CA", overTLS(false), "", 1, "TLS", "not trusted: it was issued by CN=local Bedrock", "AWS_CA_BUNDLE"},
	{"no TLS at all", func(t *testing.T) map[string]string {
		e := allWell(t)
		e["AWS_ENDPOINT_URL"] = strings.Replace(e["AWS_ENDPOINT_URL"], "http:", "https:", 1)
		return e
	}, "", 1, "TLS", "does not speak TLS", "http://"},
	{"proxy wants a login", behind(407, nil), "", 1, "proxy and CA", `the proxy 127\.0\.0\.1:\d+ wants a login: 407`, "HTTPS_PROXY: http://user:password@"},
	{"proxy wants a login, plain", behind(407, map[string]string{"AWS_ENDPOINT_URL": "http://bedrock.test"}), "", 1, "proxy and CA", "wants a login: 407", "HTTP_PROXY: .* is not accepted"},
	{"proxy that is none", func(t *testing.T) map[string]string {
		return map[string]string{"HTTPS_PROXY": strings.Replace(talking(t, "SSH-2.0-x\r\n", ""), "http:", "socks5:", 1)}
	}, "", 1, "proxy and CA", "does not answer as a proxy does", "HTTPS_PROXY"},
	{"proxy answers itself", func(t *testing.T) map[string]string {
		return map[string]string{"HTTPS_PROXY": talking(t, "HTTP/1.1 200 OK\r\n\r\n", "<html>please log in</html>")}
	}, "", 1, "TLS", "through the proxy .* does not speak TLS", "login page"},
	{"proxy forbids", behind(403, nil), "", 1, "proxy and CA", "does not let calls through: 403", "allow the endpoint's host"},
	{"no such proxy", set("HTTPS_PROXY=http://127.0.0.1:1"), "", 1, "TCP", "no connection to 127.0.0.1", "the proxy in HTTPS_PROXY runs"},
	{"CA bundle missing", set("AWS_CA_BUNDLE=/nonexistent/ca.pem"), "", 1, "proxy and CA", "CA bundle .*no such file", "Correct the value"},
	{"endpoint is none", set("AWS_ENDPOINT_URL=nonsense"), "", 1, "endpoint", "AWS_ENDPOINT_URL", "Correct the setting"},
	{"retry mode is none", func(t *testing.T) map[string]string {
		e := allWell(t)
		e["AWS_RETRY_MODE"] = "nonsense"
		return e
	}, "", 1, "endpoint", "^retry mode .*AWS_RETRY_MODE", "Correct the setting"},
	{"nobody answers", func(t *testing.T) map[string]string {
		return local(t, &bedrocktest.Server{Faults: []bedrocktest.Fault{{Break: "close"}}}, nil)
	}, "", 1, "endpoint", "gave no answer", "proxies and firewalls"},

	{"end of life", allWell, "anthropic.claude-3-opus-20240229-v1:0", 1, "model", "404 ResourceNotFoundException: This model version has reached the end of its life", "successor"},
	{"end of life, by its date", answering(map[string]string{"/foundation-models": retired, "/inference-profiles": "{}"}), "a.old --no-call", 1, "model", "a.old reached the end of its life on 2025-01-02", "successor"},
	{"legacy", answering(map[string]string{"/foundation-models": legacy, "/inference-profiles": "{}"}), "a.old --no-call", 0, "", "", ""},
	{"unknown model", allWell, "nosuch.model", 1, "model", "nosuch.model is not known in us-east-1: 400 ValidationException", "bedrock models"},
	{"misspelled model, without a call", allWell, "amazon.nova-2-light-v1:0 --no-call", 1, "model", "not among the models", `Is it amazon\.nova-2-lite-v1:0`},
	{"misspelled provider", allWell, "antropic.claude-sonnet-5", 1, "model", "is not known", `Is it us\.anthropic\.claude-sonnet-5 or global\.anthropic\.claude-sonnet-5`},
	{"profile needed, profiles closed", faults("ListInferenceProfiles: AccessDeniedException"), "anthropic.claude-sonnet-5", 1, "profile", "needs an inference profile", "try us.anthropic.claude-sonnet-5"},
	{"profile needed", allWell, "anthropic.claude-sonnet-5", 1, "profile", "needs an inference profile; us.anthropic.claude-sonnet-5 was tried and works", "Call it by us.anthropic.claude-sonnet-5 or global.anthropic.claude-sonnet-5"},
	{"profile needed, without a call", allWell, "anthropic.claude-sonnet-5 --no-call", 1, "profile", "needs an inference profile$", "us.anthropic.claude-sonnet-5"},
	{"profile needed, lists closed", faults("ListFoundationModels: AccessDeniedException", "ListInferenceProfiles: AccessDeniedException"), "anthropic.claude-sonnet-5", 1, "profile", "needs an inference profile", "try us.anthropic.claude-sonnet-5"},
	{"profile of elsewhere", faults("Converse: ValidationException; message=The provided model identifier is invalid."), "eu.amazon.nova-2-lite-v1:0", 1, "profile", "no inference profile that can be called from us-east-1", "Call it by .*us.amazon.nova-2-lite-v1:0"},
	{"no profile here", allWell, "deepseek.r1-v1:0 -r eu-west-1 --no-call", 1, "profile", "needs an inference profile", "choose another region"},

	{"denied by IAM", faults("Converse: AccessDeniedException; message=" + iamDenial), "", 1, "access", "because no identity-based policy allows", "bedrock doctor --policy"},
	{"denied outright", faults("Converse: AccessDeniedException; message=" + strings.Split(iamDenial, " because")[0] + " with an explicit deny in an identity-based policy: arn:aws:iam::123456789012:policy/No"), "", 1, "access", "explicit deny", `policy/No\) denies .* narrowed\.$`},
	{"denied by SCP", faults("Converse: AccessDeniedException; message=" + scpDenial), "", 1, "access", "explicit deny in a service control policy", "organization"},
	{"denied to the account", faults("Converse: AccessDeniedException; message=You don't have access to the model with the specified model ID."), "", 1, "access", "You don't have access", "may not use"},
	{"throttled", faults("Converse: ThrottlingException; message=Too many requests, please wait before trying again."), "--max-attempts 1", 1, "access", "429 ThrottlingException: Too many requests", "fewer at once"},
	{"throttled for today", faults("Converse: ThrottlingException; message=Too many tokens per day, please wait before trying again."), "", 1, "access", "per day", "tokens of this day"},
	{"throttled everywhere", faults(": ThrottlingException"), "--max-attempts 1", 1, "access", "429 ThrottlingException", "fewer at once"},
	{"denied everywhere", faults(": AccessDeniedException; message=" + iamDenial), "", 1, "access", "because no identity-based policy", "bedrock doctor --policy"},
	{"expired everywhere", faults(": ExpiredTokenException; message=The security token included in the request is expired"), "", 1, "identity", "somebody by STS, but Bedrock does not accept it: 403 ExpiredTokenException", "sign in again"},
	{"signature refused everywhere", faults(": InvalidSignatureException; message=Signature expired: 20260101T000000Z is now earlier than 20260101T005500Z (20260101T010000Z - 5 min.)"), "", 1, "identity", "Signature expired", "clock"},
	{"no capacity", faults("Converse: ServiceUnavailableException"), "--max-attempts 1", 1, "access", "503", "capacity"},
	{"answers of nobody", answering(nil), "", 1, "access", "HTML", "no answer of Bedrock"},
	{"form missing", faults("Converse: ResourceNotFoundException; message=Model use case details have not been submitted for this account."), "", 1, "access", "use case details", "form"},
	{"not open to the account, without a call", answering(map[string]string{
		"/foundation-models": legacy, "/inference-profiles": "{}",
		"/foundation-model-availability/a.old": `{"modelId":"a.old","agreementAvailability":{"status":"NOT_AVAILABLE"},"authorizationStatus":"AUTHORIZED","entitlementAvailability":"AVAILABLE","regionAvailability":"AVAILABLE"}`,
	}), "a.old --no-call", 1, "access", "agreement NOT_AVAILABLE", "agreement"},
	{"streams break", faults("ConverseStream: modelStreamErrorException; message=it broke"), "", 1, "streaming", "it broke", "."},
	{"streams are not allowed", faults("ConverseStream: AccessDeniedException; message=" + strings.ReplaceAll(iamDenial, "InvokeModel", "InvokeModelWithResponseStream")), "", 1, "streaming", "InvokeModelWithResponseStream", "."},
}

// TestDoctor: in each state the first failure is that state, what to do is
// said, and no secret is.
func TestDoctor(t *testing.T) {
	for _, s := range states {
		t.Run(s.name, func(t *testing.T) {
			extra := s.world(t)
			if extra["AWS_EC2_METADATA_DISABLED"] == "" {
				extra["AWS_EC2_METADATA_DISABLED"] = "true"
			}
			args := append([]string{"doctor", "-o", "json"}, strings.Fields(s.args)...)
			stdout, stderr, code := bedrock(t, exampleEnv(extra), args...)
			findCanaries(t, s.name, stdout+stderr)
			var report struct {
				Works  bool
				Checks []check
			}
			if err := json.Unmarshal([]byte(stdout), &report); err != nil {
				t.Fatalf("%v\n%s\n%s", err, stdout, stderr)
			}
			first := check{}
			for _, c := range report.Checks {
				if c.State == checkFail {
					first = c
					break
				}
			}
			if len(report.Checks) != 15 && s.check != "credentials" || code != s.exit || report.Works != (code == 0) || first.Name != s.check ||
				!regexp.MustCompile(s.says).MatchString(first.Message) || !regexp.MustCompile(s.remedy).MatchString(first.Remedy) || s.check != "" && first.Remedy == "" {
				t.Errorf("exit %d, first failure %+v; want %d, %s, %q, %q\n%s", code, first, s.exit, s.check, s.says, s.remedy, strings.ReplaceAll(stdout, "},{", "},\n{"))
			}
			if code != 0 && !strings.Contains(stderr, "a call would not work: see "+s.check) || strings.Contains(stderr, " warn: ") {
				t.Errorf("stderr: %s", stderr)
			}
		})
	}
}
