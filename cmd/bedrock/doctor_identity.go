package main

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rawbedrock/client"
	"rawbedrock/client/redact"
	"rawbedrock/sigv4"
)

// callerIdentity is what STS says of the credentials (STS API Reference,
// "GetCallerIdentity").
type callerIdentity struct {
	arn, account string
	refused      *client.Error // STS does not accept them
	err          error         // STS could not be asked
	skipped      string
}

const stsTime = 10 * time.Second

// askSTS asks who the credentials belong to.
func (x *examination) askSTS(ctx context.Context) (id callerIdentity) {
	if x.bearer() || x.flags.auth == "none" {
		id.skipped = "nothing is signed"
		return id
	}
	endpoint, err := x.config.Endpoint("sts")
	if err != nil {
		id.err = err
		return id
	}
	if u, err := url.Parse(x.wire.endpoint); err == nil && regionOf(u) == "" && strings.HasPrefix(endpoint.Source, "rules for ") {
		id.skipped = "the endpoint is not AWS's own, so AWS's STS is not asked; AWS_ENDPOINT_URL_STS can name one"
		return id
	}
	ctx, cancel := context.WithTimeout(ctx, stsTime)
	defer cancel()
	creds, err := x.session.Credentials(ctx)
	if err != nil {
		id.err = err
		return id
	}
	return x.getCallerIdentity(ctx, endpoint.Value, creds)
}

func (x *examination) getCallerIdentity(ctx context.Context, endpoint string, creds sigv4.Credentials) (id callerIdentity) {
	const form = "Action=GetCallerIdentity&Version=2011-06-15"
	transport, err := x.config.Transport()
	if err != nil {
		id.err = err
		return id
	}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(endpoint, "/")+"/", strings.NewReader(form))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		_, err = sigv4.Signer{Region: x.region(), Service: "sts"}.Sign(req, sigv4.HashPayload([]byte(form)), creds, time.Now())
	}
	var resp *http.Response
	if err == nil {
		resp, err = transport.RoundTrip(req)
	}
	if err != nil {
		id.err = err
		return id
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		id.err = err
		return id
	}
	return readIdentity(resp.StatusCode, data, creds)
}

// readIdentity reads the answer of STS.
func readIdentity(status int, data []byte, creds sigv4.Credentials) (id callerIdentity) {
	var answer struct {
		ARN     string `xml:"GetCallerIdentityResult>Arn"`
		Account string `xml:"GetCallerIdentityResult>Account"`
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	err := xml.Unmarshal(data, &answer)
	e := &client.Error{Op: "GetCallerIdentity", Status: status, Code: answer.Code,
		Message: redact.Text(answer.Message, creds.SecretAccessKey, creds.SessionToken)}
	switch {
	case err == nil && status == http.StatusOK && answer.ARN != "":
		return callerIdentity{arn: answer.ARN, account: answer.Account}
	case err != nil || answer.Code == "":
		return callerIdentity{err: fmt.Errorf("it answered %d, and not as STS does", status)}
	case notAccepted(e):
		return callerIdentity{refused: e}
	}
	return callerIdentity{err: errors.New(brief(e))}
}

// authRefusal is the refusal of credentials, whoever got it; nil when the call
// of the model went well.
func (x *examination) authRefusal() *client.Error {
	if x.answered() {
		return nil
	}
	for _, err := range []error{x.call.err, x.listed.err} {
		if e, ok := errors.AsType[*client.Error](err); ok && (notAccepted(e) || errors.Is(e, client.ErrNoCredentials)) {
			return e
		}
	}
	return nil
}

// notAccepted tells that it is the credentials, or how they sign, that an error
// is about.
func notAccepted(e *client.Error) bool {
	return errors.Is(e, client.ErrExpiredCredentials) || errors.Is(e, client.ErrBadCredentials) || errors.Is(e, client.ErrBadSignature) || errors.Is(e, client.ErrClockSkew)
}

func (x *examination) identity(sts callerIdentity) {
	const notNeeded = "Calls of Bedrock do not need STS; AWS_ENDPOINT_URL_STS names another one."
	refused := x.authRefusal()
	switch {
	case x.bearer():
		x.add("identity", checkSkip, "an API key tells none", "")
	case sts.refused != nil && x.answered():
		x.add("identity", checkWarn, "STS does not accept the credentials, though Bedrock does: "+brief(sts.refused), notNeeded)
	case sts.refused != nil:
		x.add("identity", checkFail, "STS does not accept "+whatOf(sts.refused)+": "+brief(sts.refused), identityRemedy(sts.refused))
	case refused != nil && sts.arn != "":
		x.add("identity", checkFail, sts.arn+" by STS, but Bedrock does not accept it: "+brief(refused), refused.Hint)
	case refused != nil:
		x.add("identity", checkFail, "Bedrock does not accept "+whatOf(refused)+": "+brief(refused), refused.Hint)
	case sts.arn != "":
		x.add("identity", checkOK, sts.arn, "")
	case sts.err != nil:
		x.add("identity", checkWarn, "STS could not be asked: "+sts.err.Error(), notNeeded)
	default:
		x.add("identity", checkSkip, sts.skipped, "")
	}
}

// key checks what an API key says of itself, and what Bedrock says of it.
func (x *examination) key() {
	k, region := x.auth.Bearer, x.region()
	refused := x.authRefusal()
	const again = "Make a new one (`bedrock token mint`, or the Bedrock console)."
	switch {
	case !x.bearer() || k == nil:
		x.add("key", checkSkip, "calls carry no API key", "")
	case k.Expired != nil && *k.Expired:
		x.add("key", checkFail, "the API key expired at "+k.Expires, again)
	case k.Region != "" && region != "" && k.Region != region:
		x.add("key", checkFail, fmt.Sprintf("the API key was made for %s, but calls go to %s", k.Region, region), fmt.Sprintf("Call %s (--region %s), or make a key for %s.", k.Region, k.Region, region))
	case refused != nil:
		x.add("key", checkFail, "Bedrock does not accept the API key: "+brief(refused), refused.Hint)
	case k.Expires != "":
		x.add("key", checkOK, fmt.Sprintf("for %s, good until %s", k.Region, k.Expires), "")
	default:
		x.add("key", checkOK, "it does not say which region it is for, nor until when", "")
	}
}

// whatOf is what a refusal of a signature is about.
func whatOf(e *client.Error) string {
	if errors.Is(e, client.ErrClockSkew) {
		return "the time of this machine's clock"
	}
	return "the credentials"
}

func identityRemedy(e *client.Error) string {
	switch {
	case errors.Is(e, client.ErrExpiredCredentials):
		return "Sign in again or refresh the credentials: `aws sso login`, `aws login`, or a new AssumeRole."
	case errors.Is(e, client.ErrClockSkew):
		return "Set this machine's clock, or let NTP do it."
	case errors.Is(e, client.ErrBadSignature):
		return "The secret key does not belong to the access key: look for a stray character, a line end or a mixed pair; `bedrock auth` shows where they come from."
	}
	return "AWS does not know the access key: look for a deleted key, a missing AWS_SESSION_TOKEN, or keys of another partition; `bedrock auth` shows where they come from."
}
