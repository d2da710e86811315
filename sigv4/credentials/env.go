package credentials

import (
	"cmp"
	"context"
	"os"
	"strings"
	"time"

	"rawbedrock/sigv4"
)

// Env takes static keys from the environment: AWS_ACCESS_KEY_ID (or
// AWS_ACCESS_KEY), AWS_SECRET_ACCESS_KEY (or AWS_SECRET_KEY) and
// AWS_SESSION_TOKEN. Values are taken as they are, but one of white space
// alone counts as unset, and half a pair counts as none, as in
// aws-sdk-go-v2 (botocore: an error). AWS_CREDENTIAL_EXPIRATION, which that
// SDK does not know, is told in Expires while it lies ahead and changes
// nothing else. See "Environment variables" in the AWS CLI User Guide.
type Env struct {
	Getenv func(string) string // nil: os.Getenv
}

// Retrieve reads the environment anew each time.
func (e Env) Retrieve(context.Context) (sigv4.Credentials, error) {
	id, secret := e.first("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"), e.first("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY")
	switch {
	case id == "" && secret == "":
		return sigv4.Credentials{}, notSet(sourceEnv, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
	case id == "":
		return sigv4.Credentials{}, notSet(sourceEnv, "AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not")
	case secret == "":
		return sigv4.Credentials{}, notSet(sourceEnv, "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not")
	}
	c := sigv4.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: e.first("AWS_SESSION_TOKEN"), Source: sourceEnv}
	if t, err := parseTime(e.first("AWS_CREDENTIAL_EXPIRATION")); err == nil && t.After(time.Now()) {
		c.Expires = t
	}
	return c, nil
}

// first gives the first of the variables that is not blank.
func (e Env) first(names ...string) string {
	getenv := e.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	value := ""
	for _, name := range names {
		if v := getenv(name); strings.TrimSpace(v) != "" {
			value = cmp.Or(value, v)
		}
	}
	return value
}
