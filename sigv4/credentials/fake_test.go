package credentials

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
)

// fakeServices stands for STS, the SSO portal and the metadata service. The
// access key that it gives names who gave it, and steps tells what was asked.
type fakeServices struct {
	noRole bool // the instance has no role

	mu    sync.Mutex
	steps []string
}

const roleXML = `<%[1]sResponse><%[1]sResult><Credentials><AccessKeyId>%[2]s</AccessKeyId><SecretAccessKey>s</SecretAccessKey>` +
	`<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></%[1]sResult></%[1]sResponse>`

func (f *fakeServices) RoundTrip(req *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	query := req.URL.Query()
	switch path := req.URL.Path; {
	case path == "/latest/api/token":
		return answer(req, 200, "token"), nil
	case path == imdsRoles && f.noRole:
		return answer(req, 404, "no"), nil
	case path == imdsRoles:
		return answer(req, 200, "role"), nil
	case path == imdsRoles+"role":
		return answer(req, 200, `{"Code":"Success","AccessKeyId":"Ec2InstanceMetadata","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z"}`), nil
	case path == "/federation/credentials":
		region := strings.Split(req.URL.Host, ".")[2]
		f.steps = append(f.steps, fmt.Sprint("Sso ", query.Get("account_id"), " ", query.Get("role_name"), " ", region))
		return answer(req, 200, `{"roleCredentials":{"accessKeyId":"SSO","secretAccessKey":"s","sessionToken":"t","expiration":4070908800000}}`), nil
	}
	return f.sts(req)
}

func (f *fakeServices) sts(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	session := form.Get("RoleSessionName")
	if strings.HasPrefix(session, "rawbedrock-") {
		session = "" // the default
	}
	signer, _, _ := strings.Cut(strings.TrimPrefix(req.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="), "/20")
	role := form.Get("RoleArn")
	switch form.Get("Action") {
	case "AssumeRole":
		f.steps = append(f.steps, fmt.Sprint("Role ", role, " ", session, " ", form.Get("ExternalId"), " by ", signer))
		return answer(req, 200, fmt.Sprintf(roleXML, "AssumeRole", path.Base(role))), nil
	case "AssumeRoleWithWebIdentity":
		f.steps = append(f.steps, fmt.Sprint("Web ", role, " ", session))
		return answer(req, 200, fmt.Sprintf(roleXML, "AssumeRoleWithWebIdentity", "WEB")), nil
	}
	return nil, fmt.Errorf("nobody is at %s", req.URL)
}

// answer is a response with a body.
func answer(req *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req}
}
