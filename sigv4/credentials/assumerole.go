package credentials

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rawbedrock/sigv4"
)

// AssumeRole exchanges the credentials of Source for those of a role. See
// "AssumeRole" in the STS API Reference.
type AssumeRole struct {
	Source      sigv4.Provider // a Cache when it should not be asked at each Retrieve
	RoleARN     string
	SessionName string        // default: rawbedrock- and the time in nanoseconds
	ExternalID  string        // optional
	Duration    time.Duration // less than 15 minutes, the least that STS takes: 15 minutes, as in aws-sdk-go-v2
	MFASerial   string        // serial number or ARN of the MFA device, when the role wants one
	MFAToken    func(ctx context.Context, serial string) (string, error)
	Region      string // of the credential scope
	Endpoint    string // base URL of STS
	HTTP        *http.Client
}

// minRoleDuration is the shortest session that STS gives.
const minRoleDuration = 15 * time.Minute

// Retrieve asks Source, then STS. When STS says that the source credentials
// have expired and Source is a Cache, they are renewed once. A role that wants
// an MFA code without MFAToken is an error before anything is sent.
func (a AssumeRole) Retrieve(ctx context.Context) (sigv4.Credentials, error) {
	c, source, err := a.once(ctx)
	if e, ok := errors.AsType[*stsError](err); ok && strings.HasPrefix(e.code, "ExpiredToken") {
		if cache, ok := a.Source.(*Cache); ok {
			cache.Invalidate(source)
			c, _, err = a.once(ctx)
		}
	}
	return c, err
}

// once returns the source credentials too.
func (a AssumeRole) once(ctx context.Context) (c, source sigv4.Credentials, err error) {
	fail := func(reason, hint string, err error) (sigv4.Credentials, sigv4.Credentials, error) {
		return c, source, &Error{Source: sourceAssumeRole, Reason: reason, Hint: hint, Err: err}
	}
	if a.MFASerial != "" && a.MFAToken == nil {
		return fail("role "+a.RoleARN+" wants a code of the MFA device "+a.MFASerial+", and there is nobody to ask",
			"set Options.MFAToken, or get a session by other means, for example with aws sso login", nil)
	}
	if a.Region == "" {
		return fail("role "+a.RoleARN+" is assumed in a region, and none is set", "set AWS_REGION, or region in the profile", nil)
	}
	if a.Source == nil {
		return fail("role "+a.RoleARN+" has no credentials to start from", "set Source", nil)
	}
	if source, err = a.Source.Retrieve(ctx); err != nil {
		return fail("role "+a.RoleARN+" has no credentials to start from", "", err)
	}
	form := url.Values{
		"Action":          {"AssumeRole"},
		"RoleArn":         {a.RoleARN},
		"RoleSessionName": {sessionName(a.SessionName)},
		"DurationSeconds": {strconv.Itoa(int(max(a.Duration, minRoleDuration) / time.Second))},
	}
	if a.ExternalID != "" {
		form.Set("ExternalId", a.ExternalID)
	}
	secrets := []string{source.SecretAccessKey, source.SessionToken}
	if a.MFASerial != "" {
		code, err := a.MFAToken(ctx, a.MFASerial)
		if err != nil {
			return fail("asking for the code of the MFA device "+a.MFASerial, "", err)
		}
		form.Set("SerialNumber", a.MFASerial)
		form.Set("TokenCode", code)
		secrets = append(secrets, code)
	}
	c, err = stsCall{
		source: sourceAssumeRole, endpoint: a.Endpoint, client: a.HTTP, form: form, secrets: secrets,
		sign: func(req *http.Request, payloadHash string) error {
			_, err := sigv4.Signer{Region: a.Region, Service: "sts"}.Sign(req, payloadHash, source, time.Now())
			return err
		},
	}.do(ctx)
	if err != nil {
		return fail(fmt.Sprintf("role %s with the access key %s", a.RoleARN, source.ID()), "", err)
	}
	return c, source, nil
}

// sessionName is what CloudTrail shows.
func sessionName(name string) string {
	if name != "" {
		return name
	}
	return "rawbedrock-" + strconv.FormatInt(time.Now().UnixNano(), 10)
}
