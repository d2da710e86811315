package credentials

import (
	"context"
	"net/http"
	"net/url"
	"os"

	"rawbedrock/sigv4"
)

// WebIdentity exchanges a token of an OpenID Connect provider for the
// credentials of a role, as a pod in EKS does. The call is not signed. See
// "AssumeRoleWithWebIdentity" in the STS API Reference.
type WebIdentity struct {
	RoleARN     string
	TokenFile   string // read at each Retrieve and sent as it is, with a line break at its end too, as both SDKs do
	SessionName string // default: rawbedrock- and the time in nanoseconds
	Endpoint    string // base URL of STS
	HTTP        *http.Client
}

// Retrieve reads the token and asks STS.
func (w WebIdentity) Retrieve(ctx context.Context) (sigv4.Credentials, error) {
	fail := func(reason, hint string, err error) (sigv4.Credentials, error) {
		return sigv4.Credentials{}, &Error{Source: sourceWebIdentity, Reason: reason, Hint: hint, Err: err}
	}
	switch {
	case w.TokenFile == "":
		return sigv4.Credentials{}, notSet(sourceWebIdentity, "no token file is set")
	case w.RoleARN == "":
		return fail("a token file is set but no role", "set AWS_ROLE_ARN, or role_arn in the profile", nil)
	}
	token, err := os.ReadFile(w.TokenFile)
	if err != nil {
		return fail("the token file", "", err)
	}
	if len(token) == 0 {
		return fail("the token file "+w.TokenFile+" is empty", "", nil)
	}
	c, err := stsCall{
		source: sourceWebIdentity, endpoint: w.Endpoint, client: w.HTTP, secrets: []string{string(token)},
		form: url.Values{
			"Action":           {"AssumeRoleWithWebIdentity"},
			"RoleArn":          {w.RoleARN},
			"RoleSessionName":  {sessionName(w.SessionName)},
			"WebIdentityToken": {string(token)},
		},
	}.do(ctx)
	if err != nil {
		return fail("role "+w.RoleARN, "", err)
	}
	return c, nil
}
