package credentials

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"
)

// Transport returns a transport for calls to AWS from where this program runs:
//
//   - AWS_CA_BUNDLE or ca_bundle names a PEM file of the certificate
//     authorities to trust instead of the system's;
//   - HTTPS_PROXY, HTTP_PROXY and NO_PROXY, or the same in lower case, name
//     proxies by the rules of net/http, read from the environment that Load was
//     given;
//   - connections are probed while idle (TCP keep-alive and HTTP/2 pings after
//     30 s) because load balancers and VPC endpoints drop them after 350 s, and
//     many are kept, for a server calls with many at once.
//
// It has no timeout of its own but for TLS: use a context.
func (c *Config) Transport() (*http.Transport, error) {
	t := &http.Transport{
		DialContext:           (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		HTTP2:                 &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
		MaxIdleConnsPerHost:   256,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
	var err error
	if t.Proxy, err = proxyFrom(c.Getenv); err != nil {
		return nil, err
	}
	bundle := c.Setting("AWS_CA_BUNDLE", "ca_bundle")
	if bundle.Value == "" {
		return t, nil
	}
	pem, err := os.ReadFile(bundle.Value)
	if err != nil {
		return nil, fmt.Errorf("credentials: the CA bundle (%s): %w", bundle.Source, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("credentials: the CA bundle (%s): %s holds no certificate in PEM form", bundle.Source, bundle.Value)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: roots}
	return t, nil
}

// proxyFrom is http.ProxyFromEnvironment for another environment than the
// process's, with two differences: it does not remember the first answer for
// ever, and an address that is none is an error rather than no proxy.
func proxyFrom(getenv func(string) string) (func(*http.Request) (*url.URL, error), error) {
	proxies := map[string]*url.URL{}
	for _, scheme := range []string{"http", "https"} {
		for _, name := range []string{strings.ToUpper(scheme) + "_PROXY", scheme + "_proxy"} {
			address := getenv(name)
			if address == "" || proxies[scheme] != nil {
				continue
			}
			if name == "HTTP_PROXY" && getenv("REQUEST_METHOD") != "" {
				continue // under CGI a client's Proxy header sets it
			}
			u, err := parseProxy(address)
			if err != nil {
				return nil, fmt.Errorf("credentials: %s: %w", name, err)
			}
			proxies[scheme] = u
		}
	}
	direct := getenv("NO_PROXY")
	if direct == "" {
		direct = getenv("no_proxy")
	}
	exceptions := parseExceptions(direct)
	return func(req *http.Request) (*url.URL, error) {
		proxy := proxies[req.URL.Scheme]
		if proxy == nil || isDirect(req.URL, exceptions) {
			return nil, nil
		}
		return proxy, nil
	}, nil
}

// parseProxy reads "http://host:port" or "host:port". The address may hold a
// password and is not quoted.
func parseProxy(address string) (*url.URL, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("it is no proxy address such as http://proxy.example:3128")
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return u, nil
	}
	return nil, errors.New("a proxy is reached by http, https, socks5 or socks5h")
}

// exception is one entry of NO_PROXY.
type exception struct {
	all    bool         // "*"
	prefix netip.Prefix // addresses, when valid
	host   string       // a name
	below  bool         // the names below it only
	port   string       // "" for any
}

func parseExceptions(list string) []exception {
	var all []exception
	for entry := range strings.SplitSeq(list, ",") {
		entry = strings.ToLower(strings.TrimSpace(entry))
		if prefix, err := netip.ParsePrefix(entry); err == nil {
			all = append(all, exception{prefix: prefix})
			continue
		}
		host, port, err := net.SplitHostPort(entry)
		if err != nil {
			host, port = entry, ""
		}
		if strings.HasPrefix(host, "*.") {
			host = host[1:]
		}
		host, below := strings.CutPrefix(host, ".")
		switch ip, err := netip.ParseAddr(host); {
		case entry == "*":
			all = append(all, exception{all: true})
		case err == nil:
			ip = ip.Unmap()
			all = append(all, exception{prefix: netip.PrefixFrom(ip, ip.BitLen()), port: port})
		case host != "":
			all = append(all, exception{host: host, below: below, port: port})
		}
	}
	return all
}

// isDirect tells whether a URL is reached without a proxy: this machine, and
// what NO_PROXY lists.
func isDirect(u *url.URL, exceptions []exception) bool {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	ip, err := netip.ParseAddr(host)
	isIP, ip := err == nil, ip.Unmap()
	if host == "localhost" || isIP && ip.IsLoopback() {
		return true
	}
	for _, e := range exceptions {
		match := e.all || e.host == host && !e.below || !isIP && strings.HasSuffix(host, "."+e.host) && e.host != ""
		if e.prefix.IsValid() {
			match = isIP && e.prefix.Contains(ip)
		}
		if match && (e.port == "" || e.port == port) {
			return true
		}
	}
	return false
}
