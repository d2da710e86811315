package credentials

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// The sources as they are called in Credentials.Source, errors and
// explanations.
const (
	sourceEnv         = "environment"
	sourceProcess     = "credential_process"
	sourceContainer   = "container"
	sourceIMDS        = "instance metadata"
	sourceAssumeRole  = "assume role"
	sourceWebIdentity = "web identity"
	sourceSSO         = "sso"
	sourceLogin       = "aws login"
)

// parseTime reads the times that AWS services and tools write: RFC 3339, with
// any offset, and the "UTC" that old versions of the AWS CLI put in place of
// the Z, which aws-sdk-go-v2 refuses.
func parseTime(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	if t, ok := strings.CutSuffix(s, "UTC"); ok {
		s = strings.TrimSpace(t) + "Z"
	}
	return time.Parse(time.RFC3339, s)
}

// httpStatus is "404 Not Found".
func httpStatus(code int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code)))
}
