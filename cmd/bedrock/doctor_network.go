package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"rawbedrock/client"
	"rawbedrock/client/operation"
)

// network checks clock, region, DNS, TCP, TLS, proxy and CA, and endpoint.
func (x *examination) network(ctx context.Context) {
	w := &x.wire
	var settings error // of transport and endpoint
	if x.config != nil {
		at, err := x.config.Endpoint(string(operation.Runtime))
		if x.noRegion() { // which is the check of the region's to tell
			err = nil
		}
		if w.endpoint, w.source = strings.TrimSuffix(at.Value, "/"), at.Source; w.source == "code" {
			w.source = "--endpoint-url"
		}
		transport, transportErr := x.config.Transport()
		if settings = errors.Join(err, transportErr); settings == nil && w.endpoint != "" {
			w.reach(ctx, transport, x.flags.timeouts.Connect)
		}
	}
	asked := w.status != 0 || w.err != nil
	x.clock()
	x.checkRegion(settings)
	nobody := "there is no endpoint to ask"
	if settings != nil {
		nobody = "not asked, since a setting is wrong"
	}
	for _, c := range []struct {
		name string
		look func() (state, message, remedy string)
	}{{"DNS", w.dns}, {"TCP", w.tcp}, {"TLS", w.checkTLS}} {
		if asked {
			state, message, remedy := c.look()
			x.add(c.name, state, message, remedy)
		} else {
			x.add(c.name, checkSkip, nobody, "")
		}
	}
	x.proxyAndCA(settings)
	x.endpoint(settings, asked)
}

// noRegion tells that calls have nowhere to go.
func (x *examination) noRegion() bool { return errors.Is(x.openErr, client.ErrNoRegion) }

// maxSkew is what AWS lets a signature's date differ from its own clock.
const maxSkew = 5 * time.Minute

func (x *examination) clock() {
	d, side := x.wire.skew.Round(time.Second), "behind"
	if d < 0 {
		side = "ahead of"
	}
	text := fmt.Sprintf("this machine's clock is %v %s the endpoint's", d.Abs(), side)
	const remedy = "Set this machine's clock, or let NTP do it: AWS refuses signatures that are five minutes off."
	switch {
	case !x.wire.dated:
		x.add("clock", checkSkip, "no answer with a date came", "")
	case d.Abs() <= 2*time.Second: // a Date has whole seconds
		x.add("clock", checkOK, "as the endpoint's, to the second", "")
	case d.Abs() < time.Minute:
		x.add("clock", checkOK, text, "")
	case d.Abs() < maxSkew, x.bearer(), x.flags.auth == "none": // no signature is dated
		x.add("clock", checkWarn, text, remedy)
	default:
		x.add("clock", checkFail, text, remedy)
	}
}

// regionForm is what AWS's regions look like.
var regionForm = regexp.MustCompile(`^(fips-)?[a-z]+(-[a-z]+)+-\d+(-fips)?$`)

// badRegion tells that a setting is wrong because the region is no name.
func badRegion(settings error) bool {
	return settings != nil && strings.HasPrefix(plain(settings), "region ")
}

func (x *examination) checkRegion(settings error) {
	if x.config == nil && x.session == nil {
		x.add("region", checkSkip, "the files that may name it could not be read", "")
		return
	}
	region := x.region()
	source := ""
	if x.config != nil && !x.flags.mock {
		source = " (" + x.auth.source(x.config.Region.Source, "--region") + ")"
	}
	endpoint, err := url.Parse(x.wire.endpoint)
	if err != nil {
		endpoint = &url.URL{}
	}
	switch named := regionOf(endpoint); {
	case region == "" && x.openErr == nil:
		x.add("region", checkSkip, "none is set, and calls without a signature need none", "")
	case region == "":
		x.add("region", checkFail, "no region is set", "Set AWS_REGION, or region in the profile, or give --region.")
	case badRegion(settings):
		x.add("region", checkFail, plain(settings), "Write the region as AWS does, such as us-east-1, without quotation marks and spaces.")
	case named != "" && named != region:
		x.add("region", checkFail, fmt.Sprintf("%s%s, but the endpoint %s is in %s", region, source, endpoint.Hostname(), named), "Let region and endpoint name the same region: a signature is good in one only.")
	case !regionForm.MatchString(region) && strings.HasPrefix(x.wire.source, "rules for "):
		x.add("region", checkWarn, region+source+" is not of the form that AWS's regions have", "Look at its spelling: us-east-1, not "+region+".")
	default:
		x.add("region", checkOK, region+source, "")
	}
}

// proxyAndCA tells which proxy and which authorities are used, and why.
func (x *examination) proxyAndCA(settings error) {
	w := &x.wire
	if settings != nil {
		text := plain(settings)
		if strings.Contains(text, "CA bundle") || strings.Contains(text, "PROXY") || strings.Contains(text, "proxy:") {
			x.add("proxy and CA", checkFail, text, "Correct the value, or unset it.")
			return
		}
	}
	if x.config == nil || w.endpoint == "" {
		x.add("proxy and CA", checkSkip, "there is no endpoint to look them up for", "")
		return
	}
	via, trust := "no proxy", "the system's CAs"
	if w.proxy != nil {
		via = "by the proxy " + w.proxy.Host
	}
	if bundle := x.config.Setting("AWS_CA_BUNDLE", "ca_bundle"); bundle.Value != "" {
		trust = "the CAs of " + bundle.Value + " (" + bundle.Source + ")"
	}
	refused := w.refused
	if w.proxy != nil && w.status == http.StatusProxyAuthRequired {
		refused = "407 Proxy Authentication Required"
	}
	switch {
	case strings.HasPrefix(refused, "407"):
		remedy := "Put it into " + w.proxyVariable() + ": " + w.proxy.Scheme + "://user:password@" + w.proxy.Host + "."
		if w.proxy.User != nil {
			remedy += " The one that is there is not accepted: check it, and write special characters in percent-encoding."
		}
		x.add("proxy and CA", checkFail, "the proxy "+w.proxy.Host+" wants a login: "+refused, remedy)
	case refused != "":
		x.add("proxy and CA", checkFail, "the proxy "+w.proxy.Host+" does not let calls through: "+refused, "Ask who runs the proxy to allow the endpoint's host, or list it in NO_PROXY where it can be reached without.")
	case w.proxyBroke():
		x.add("proxy and CA", checkFail, "the proxy "+w.proxy.Host+" does not answer as a proxy does: "+w.why(), "Check that it is a proxy that listens there, of the kind that "+w.proxyVariable()+" says ("+w.proxy.Scheme+").")
	default:
		x.add("proxy and CA", checkOK, via+", "+trust, "")
	}
}

func (x *examination) endpoint(settings error, asked bool) {
	w := &x.wire
	where := w.endpoint + " (" + w.source + ")"
	switch {
	case x.flags.mock:
		where = w.endpoint + " (the local Bedrock of --mock)"
	case settings != nil && x.lastState() != checkFail && !badRegion(settings):
		x.add("endpoint", checkFail, plain(settings), "Correct the setting, or unset it.")
		return
	}
	broken := x.openErr != nil && !x.noRegion() && !errors.Is(x.openErr, client.ErrNoCredentials) && settings == nil && x.config != nil
	switch {
	case broken:
		x.add("endpoint", checkFail, strings.TrimPrefix(x.openErr.Error(), "bedrock: "), "Correct the setting, or unset it.")
	case !asked:
		x.add("endpoint", checkSkip, "there is none to ask", "")
	case w.err != nil && x.failed("DNS", "TCP", "TLS", "proxy and CA") != nil:
		x.add("endpoint", checkSkip, where+" was not reached", "")
	case w.err != nil:
		x.add("endpoint", checkFail, where+" gave no answer: "+w.why(), "Look for proxies and firewalls on the way, and whether it is Bedrock that listens there.")
	case w.status == http.StatusBadGateway || w.status == http.StatusServiceUnavailable || w.status == http.StatusGatewayTimeout:
		x.add("endpoint", checkWarn, fmt.Sprintf("%s answers %d in %s", where, w.status, took(w.took)), "A gateway before it may not reach it.")
	case !likeBedrock(w.header):
		x.add("endpoint", checkWarn, fmt.Sprintf("%s answers %d in %s, and not as Bedrock does", where, w.status, took(w.took)), "Look whether it is Bedrock's address, or that of a gateway to it.")
	default:
		x.add("endpoint", checkOK, fmt.Sprintf("%s answers in %s", where, took(w.took)), "")
	}
}

func (x *examination) lastState() string { return x.checks[len(x.checks)-1].State }

// likeBedrock tells whether an answer has what AWS's services put into theirs.
func likeBedrock(h http.Header) bool {
	return h.Get("X-Amzn-Requestid") != "" || h.Get("X-Amzn-Errortype") != ""
}
