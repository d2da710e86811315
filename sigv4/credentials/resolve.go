package credentials

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"rawbedrock/sigv4"
)

// resolver makes the provider that a profile describes.
type resolver struct {
	config *Config
	client *http.Client // for AWS; honours CA bundle and proxies
	imds   *IMDS
}

// found is a provider and how it gets its credentials, for people.
type found struct {
	provider sigv4.Provider
	how      string
}

// profile gives the provider of a profile. Of several settings it takes the
// first in the order of aws-sdk-go-v2: source_profile, static keys,
// credential_source, web_identity_token_file, SSO, login_session,
// credential_process; a role_arn is assumed on top of any of them.
//
// It differs from aws-sdk-go-v2 where AWS's cross-SDK tests and botocore agree
// against it: a role_arn without any source is an error and does not go on to
// the container and the instance; a source_profile or credential_source
// without role_arn means nothing when the profile has credentials of another
// kind; a source profile with static keys gives those and not its own role.
func (r resolver) profile(p *Profile, visited []string) (found, error) {
	if err := exclusive(p); err != nil {
		return found{}, err
	}
	if _, err := r.session(p); err != nil { // even where another source comes before it, as in aws-sdk-go-v2
		return found{}, err
	}
	role := p.Get("role_arn")
	if role != "" && p.Get("source_profile") != "" {
		base, err := r.source(p, visited)
		if err != nil {
			return found{}, err
		}
		return r.role(p, base)
	}
	base, err := r.own(p)
	if err != nil {
		return found{}, err
	}
	if _, done := base.provider.(WebIdentity); role == "" || done {
		return base, nil
	}
	if base.provider == nil {
		return found{}, inProfile(p, "role_arn needs source_profile or credential_source", "")
	}
	return r.role(p, base)
}

// own gives the credentials that a profile has without another one.
func (r resolver) own(p *Profile) (found, error) {
	web := p.Get("web_identity_token_file") != ""
	keys, ok, err := p.StaticKeys()
	switch {
	case web && p.Get("role_arn") == "": // beside static keys too, as in both SDKs; AWS_ROLE_ARN does not stand in, as in aws-sdk-go-v2
		return found{}, inProfile(p, "web_identity_token_file needs role_arn", "")
	case err != nil:
		return found{}, &Error{Source: "profile " + p.Name, Reason: "its static keys are not complete", Err: err}
	case ok:
		return found{SharedProfile{r.config, p.Name}, "static keys of " + keys.Source}, nil
	case p.Get("role_arn") != "" && p.Get("credential_source") != "":
		return r.named(p)
	case web:
		return r.web(p.Get("role_arn"), p.Get("web_identity_token_file"), p.Get("role_session_name"))
	case slices.ContainsFunc(ssoKeys, func(key string) bool { return p.Get(key) != "" }):
		return r.sso(p)
	case p.Get("login_session") != "":
		return r.login(p)
	case p.Get("credential_process") != "":
		return found{Process{Command: p.Get("credential_process")}, "credential_process of profile " + p.Name}, nil
	}
	for _, key := range []string{"source_profile", "credential_source"} {
		if p.Get(key) != "" {
			return found{}, inProfile(p, key+" needs role_arn", "")
		}
	}
	return found{}, nil
}

// exclusive refuses a role with two sources, of which one would be ignored.
func exclusive(p *Profile) error {
	var set []string
	for _, key := range []string{"source_profile", "credential_source", "web_identity_token_file", "credential_process"} {
		if p.Get(key) != "" {
			set = append(set, key)
		}
	}
	if p.Get("role_arn") == "" || len(set) < 2 {
		return nil
	}
	return inProfile(p, "role_arn has more than one source: "+strings.Join(set, " and "), "keep one of them")
}

// source gives the credentials of the profile that p names as source_profile.
// A profile may name itself when it has static keys; any other circle is an
// error.
func (r resolver) source(p *Profile, visited []string) (found, error) {
	name := p.Get("source_profile")
	visited = append(visited, p.Name)
	src, ok := r.config.LookupProfile(name)
	if !ok {
		return found{}, inProfile(p, fmt.Sprintf("source_profile %q does not exist", name), "")
	}
	_, static, err := src.StaticKeys()
	if err == nil && slices.Contains(visited, name) && !(static && name == p.Name) {
		return found{}, inProfile(p, "source_profile goes in a circle: "+strings.Join(append(visited, name), ", "), "")
	}
	var base found
	if static || err != nil {
		base, err = r.own(src)
	} else {
		base, err = r.profile(src, visited)
	}
	if err == nil && base.provider == nil {
		err = inProfile(p, fmt.Sprintf("source_profile %q has no credentials", name), "")
	}
	return base, err
}

// named gives the credentials of a credential_source, whose values are
// compared exactly, as in both SDKs.
func (r resolver) named(p *Profile) (found, error) {
	how := "credential_source " + p.Get("credential_source")
	switch p.Get("credential_source") {
	case "Environment":
		return found{Env{r.config.Getenv}, how}, nil
	case "EcsContainer":
		return found{r.container(), how}, nil
	case "Ec2InstanceMetadata":
		return found{r.imds, how}, nil
	}
	return found{}, inProfile(p, fmt.Sprintf("credential_source %q is not known", p.Get("credential_source")), "set Environment, EcsContainer or Ec2InstanceMetadata")
}

// container honours the CA bundle where TLS is spoken.
func (r resolver) container() Container {
	c := containerFromEnv(r.config.Getenv, r.config.options.HTTP)
	if c.RelativeURI == "" && strings.HasPrefix(strings.ToLower(c.FullURI), "https:") {
		c.HTTP = r.client
	}
	return c
}

// role assumes the role of p on top of base. Region and endpoint are those of
// the profile in use, not of p.
func (r resolver) role(p *Profile, base found) (found, error) {
	endpoint, err := r.config.Endpoint("sts")
	if err != nil && r.config.Region.Value != "" {
		return found{}, err
	}
	seconds, _ := strconv.Atoi(p.Get("duration_seconds")) // what is not a number counts as unset in both SDKs
	return found{AssumeRole{
		Source:      NewCache(base.provider),
		RoleARN:     p.Get("role_arn"),
		SessionName: p.Get("role_session_name"),
		ExternalID:  p.Get("external_id"),
		Duration:    time.Duration(seconds) * time.Second,
		MFASerial:   p.Get("mfa_serial"),
		MFAToken:    r.config.options.MFAToken,
		Region:      r.config.Region.Value,
		Endpoint:    endpoint.Value,
		HTTP:        r.client,
	}, "role " + p.Get("role_arn") + " with " + base.how}, nil
}

func (r resolver) web(role, file, session string) (found, error) {
	endpoint, err := r.config.Endpoint("sts")
	if err != nil {
		return found{}, err
	}
	return found{WebIdentity{RoleARN: role, TokenFile: file, SessionName: session, Endpoint: endpoint.Value, HTTP: r.client},
		"role " + role + " with the token in " + file}, nil
}

func (r resolver) login(p *Profile) (found, error) {
	endpoint, err := r.config.Endpoint("signin")
	if err != nil {
		return found{}, err
	}
	dir := r.config.Getenv("AWS_LOGIN_CACHE_DIRECTORY")
	if dir == "" {
		dir = r.config.inHome(".aws", "login", "cache")
	}
	return found{Login{Session: p.Get("login_session"), CacheDir: dir, Endpoint: endpoint.Value, Profile: p.Name, HTTP: r.client},
		"aws login session of profile " + p.Name}, nil
}

// ssoKeys are the settings any of which makes a profile use SSO.
var ssoKeys = []string{"sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name"}

// sso reads the two forms of SSO settings. What is written both in the profile
// and in the session must be the same. Account and role are required: without
// them aws-sdk-go-v2 sends a call that must fail.
func (r resolver) sso(p *Profile) (found, error) {
	get := p.Get
	session := p.Get("sso_session")
	how := "sso of profile " + p.Name
	if session != "" {
		how = "sso-session " + session
		sec, err := r.session(p)
		if err != nil {
			return found{}, err
		}
		for _, key := range []string{"sso_region", "sso_start_url"} {
			if v := p.Get(key); v != "" && v != sec.Get(key) {
				return found{}, inProfile(p, key+" is not the same as in sso-session "+session, "remove it from the profile")
			}
		}
		get = func(key string) string {
			if v := sec.Get(key); v != "" && (key == "sso_region" || key == "sso_start_url") {
				return v
			}
			return p.Get(key)
		}
	}
	for _, key := range ssoKeys[1:] {
		if get(key) == "" {
			return found{}, inProfile(p, "sso needs "+key, "run aws configure sso")
		}
	}
	portal, err := r.config.endpointIn("sso", get("sso_region"))
	if err != nil {
		return found{}, err
	}
	oidc, err := r.config.endpointIn("sso-oidc", get("sso_region"))
	if err != nil {
		return found{}, err
	}
	return found{SSO{
		AccountID: get("sso_account_id"), RoleName: get("sso_role_name"), StartURL: get("sso_start_url"), Session: session,
		CacheDir: r.config.inHome(".aws", "sso", "cache"), Endpoint: portal.Value, OIDCEndpoint: oidc.Value, Profile: p.Name, HTTP: r.client,
	}, how}, nil
}

// session gives the sso-session that p names, nil when it names none.
func (r resolver) session(p *Profile) (*Section, error) {
	name := p.Get("sso_session")
	if name == "" {
		return nil, nil
	}
	if sec, ok := r.config.SSOSession(name); ok {
		return sec, nil
	}
	return nil, inProfile(p, fmt.Sprintf("sso_session %q does not exist", name), "add a section [sso-session "+name+"], or run aws configure sso")
}

// inProfile is an error of a profile's settings.
func inProfile(p *Profile, reason, hint string) error {
	return &Error{Source: "profile " + p.Name, Reason: reason, Hint: hint}
}
