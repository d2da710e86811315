package credentials

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestProxies(t *testing.T) {
	const proxy, other = "http://proxy.example:3128", "http://other.example:80"
	tests := []struct {
		env  map[string]string
		url  string
		want string // "" for none
	}{
		{nil, "https://a.example", ""},
		{map[string]string{"HTTPS_PROXY": proxy}, "https://a.example", proxy},
		{map[string]string{"https_proxy": proxy}, "https://a.example", proxy},
		{map[string]string{"HTTPS_PROXY": proxy, "https_proxy": other}, "https://a.example", proxy},
		{map[string]string{"HTTPS_PROXY": proxy}, "http://a.example", ""},
		{map[string]string{"HTTP_PROXY": proxy}, "https://a.example", ""},
		{map[string]string{"HTTP_PROXY": proxy}, "http://a.example", proxy},
		{map[string]string{"HTTP_PROXY": proxy, "REQUEST_METHOD": "GET"}, "http://a.example", ""},
		{map[string]string{"HTTPS_PROXY": "proxy.example:3128"}, "https://a.example", proxy},
		{map[string]string{"HTTPS_PROXY": "u:p@proxy.example"}, "https://a.example", "http://u:p@proxy.example"},
		{map[string]string{"HTTPS_PROXY": "socks5://proxy.example"}, "https://a.example", "socks5://proxy.example"},
		{map[string]string{"HTTPS_PROXY": proxy}, "https://localhost:8443", ""},
		{map[string]string{"HTTPS_PROXY": proxy}, "https://127.1.2.3", ""},
		{map[string]string{"HTTPS_PROXY": proxy}, "https://[::1]:1", ""},
		{map[string]string{"HTTPS_PROXY": proxy}, "https://[::ffff:127.0.0.1]", ""},
	}
	for _, tt := range tests {
		if got := proxyOf(t, tt.env, tt.url); got != tt.want {
			t.Errorf("%v: %s by %q, want %q", tt.env, tt.url, got, tt.want)
		}
	}
}

func proxyOf(t *testing.T, env map[string]string, target string) string {
	t.Helper()
	transport, err := load(t, env, nil).Transport()
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	proxy, err := transport.Proxy(&http.Request{URL: u})
	if err != nil {
		t.Fatal(err)
	}
	if proxy == nil {
		return ""
	}
	return proxy.String()
}

func TestNoProxy(t *testing.T) {
	for list, urls := range map[string]struct{ direct, proxied string }{
		"*":                          {"https://a.example https://8.8.8.8", ""},
		"b.example, a.example":       {"https://a.example https://x.A.example:444 https://b.example", "https://aa.example https://c.example"},
		".a.example":                 {"https://x.a.example", "https://a.example"},
		"*.a.example":                {"https://x.a.example", "https://a.example"},
		"a.example:443":              {"https://a.example https://x.a.example:443", "https://a.example:8443"},
		"10.0.0.0/8,192.168.1.1":     {"https://10.9.8.7 https://192.168.1.1:5", "https://11.0.0.1 https://192.168.1.2 https://a.example"},
		"192.168.1.1:443":            {"https://192.168.1.1", "https://192.168.1.1:444"},
		"fd00::/8,[2001:db8::1]:443": {"https://[fd00::1] https://[2001:db8::1]", "https://[2001:db8::2]"},
		" ,.,:80":                    {"", "https://a.example https://8.8.8.8"},
		"example":                    {"https://a.example", "https://a.examples"},
	} {
		for _, name := range []string{"NO_PROXY", "no_proxy"} {
			env := map[string]string{"HTTPS_PROXY": "http://p.test", name: list}
			for u := range strings.FieldsSeq(urls.direct) {
				if got := proxyOf(t, env, u); got != "" {
					t.Errorf("%s=%s: %s goes by %s", name, list, u, got)
				}
			}
			for u := range strings.FieldsSeq(urls.proxied) {
				if got := proxyOf(t, env, u); got == "" {
					t.Errorf("%s=%s: %s goes directly", name, list, u)
				}
			}
		}
	}
}

// TestCABundle: a bundle is trusted instead of the system's authorities.
func TestCABundle(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the client that does not trust it
	server.StartTLS()
	defer server.Close()
	bundle := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	files := map[string]string{"ca.pem": "a comment\n" + bundle, "home/.aws/config": "[default]\nca_bundle = {DIR}/ca.pem\n"}
	for _, env := range []map[string]string{{"AWS_CA_BUNDLE": "{DIR}/ca.pem"}, {}} {
		transport, err := load(t, env, files).Transport()
		if err != nil {
			t.Fatal(err)
		}
		resp, err := (&http.Client{Transport: transport}).Get(server.URL)
		if err != nil {
			t.Errorf("%v: %v", env, err)
			continue
		}
		resp.Body.Close()
		transport.CloseIdleConnections()
	}
	transport, err := load(t, nil, nil).Transport()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&http.Client{Transport: transport}).Get(server.URL); err == nil {
		t.Error("the server is trusted without the bundle")
	}
}

func TestTransportErrors(t *testing.T) {
	for _, tt := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"HTTPS_PROXY": "http://u:" + canary + "@h:port"}, "HTTPS_PROXY: it is no proxy address"},
		{map[string]string{"http_proxy": "://" + canary}, "http_proxy: it is no proxy address"},
		{map[string]string{"HTTPS_PROXY": "ftp://" + canary}, "HTTPS_PROXY: a proxy is reached by"},
		{map[string]string{"AWS_CA_BUNDLE": "{DIR}/none"}, "the CA bundle (AWS_CA_BUNDLE): open "},
		{map[string]string{"AWS_CA_BUNDLE": "{DIR}/empty"}, "holds no certificate in PEM form"},
	} {
		c, err := Load(Options{Getenv: world(t, tt.env, map[string]string{"empty": canary})})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.Transport(); err == nil || got != nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), canary) {
			t.Errorf("%v: error %v, want %q", tt.env, err, tt.want)
		}
	}
}

// TestTransportKeepsConnections guards what a busy server needs.
func TestTransportKeepsConnections(t *testing.T) {
	transport, err := load(t, nil, nil).Transport()
	if err != nil {
		t.Fatal(err)
	}
	if transport.MaxIdleConnsPerHost < 100 || transport.MaxConnsPerHost != 0 || !transport.ForceAttemptHTTP2 || transport.MaxIdleConns != 0 {
		t.Errorf("%d idle per host, %d idle, %d at most, HTTP/2 %t", transport.MaxIdleConnsPerHost, transport.MaxIdleConns,
			transport.MaxConnsPerHost, transport.ForceAttemptHTTP2)
	}
}
