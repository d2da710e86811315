package credentials

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"rawbedrock/sigv4"
)

// Considered is what became of one source of the chain.
type Considered struct {
	Source  string // "environment", "profile dev", "container", …
	Outcome string // one of the constants Used, Skipped, Failed and NotReached
	Reason  string
}

// The outcomes of a source.
const (
	Used       = "used"
	Skipped    = "skipped"     // it is not set up, and the chain went on
	Failed     = "failed"      // it is set up and does not work, and the chain stopped
	NotReached = "not reached" // another source came first
)

// NotFoundError is the error of a chain that no source is set up for. It is
// ErrNone.
type NotFoundError struct{ Considered []Considered }

// Error lists the sources with their reasons.
func (e *NotFoundError) Error() string {
	var all []string
	for _, c := range e.Considered {
		all = append(all, c.Source+": "+c.Reason)
	}
	return prefix + "none found (" + strings.Join(all, "; ") + ")"
}

// Unwrap gives ErrNone.
func (e *NotFoundError) Unwrap() error { return ErrNone }

// Chain looks for credentials in the order of aws-sdk-go-v2: static keys in
// the environment, a web identity token in the environment, the profile, the
// container, the instance. A profile that was chosen in code comes first and
// hides the environment. The first source that is set up is taken, and when it
// fails so does the chain: other credentials than the ones that were meant are
// worse than none.
//
// A Chain comes from Config.Provider. It does not remember credentials; put it
// into a Cache.
type Chain struct {
	// Local keeps the chain from everything but the environment and the shared
	// files: a source that would ask a server or run a program is not reached.
	Local bool

	check func() error
	links []link
}

// link is one source; open makes its provider when the chain comes to it.
type link struct {
	source string
	open   func() (found, error)
}

// Provider is the default chain. It asks nothing before Retrieve.
func (c *Config) Provider() *Chain {
	imds := &IMDS{HTTP: c.options.HTTP}
	mode := func() error { return c.setIMDS(imds) }
	resolve := sync.OnceValues(func() (resolver, error) {
		client, err := c.client()
		return resolver{c, client, imds}, err
	})
	env := func(f func() (found, error)) func() (found, error) {
		if c.ProfileName.Source != "code" {
			return f
		}
		return func() (found, error) {
			return found{}, notSet("", "a profile was chosen in code")
		}
	}
	chain := &Chain{check: sync.OnceValue(mode), links: []link{
		{sourceEnv, env(func() (found, error) { return found{Env{c.Getenv}, "static keys"}, nil })},
		{sourceEnv + ": " + sourceWebIdentity, env(func() (found, error) { return c.openWebIdentity(resolve) })},
		{"profile " + c.ProfileName.Value, func() (found, error) { return c.openProfile(resolve) }},
		{sourceContainer, func() (found, error) {
			r, err := resolve()
			if err != nil {
				return found{}, err
			}
			k := r.container()
			return found{k, "the endpoint of the container"}, k.unset()
		}},
		{sourceIMDS, func() (found, error) { return found{imds, "the role of the instance"}, imds.disabled() }},
	}}
	for i, l := range chain.links {
		chain.links[i].open = sync.OnceValues(l.open)
	}
	return chain
}

// client is the caller's, or one that honours CA bundle and proxies.
func (c *Config) client() (*http.Client, error) {
	if c.options.HTTP != nil {
		return c.options.HTTP, nil
	}
	t, err := c.Transport()
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: t}, nil
}

// setIMDS takes the settings of the metadata service. A mode that does not
// exist is an error even where another source would come first, as in both
// SDKs.
func (c *Config) setIMDS(m *IMDS) (err error) {
	m.Disabled = strings.EqualFold(c.Getenv("AWS_EC2_METADATA_DISABLED"), "true")
	m.V1Disabled = strings.EqualFold(c.Setting("AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled").Value, "true")
	m.Endpoint, err = imdsEndpoint(
		c.Setting("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint"),
		c.Setting("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode"))
	return err
}

func (c *Config) openWebIdentity(resolve func() (resolver, error)) (found, error) {
	file, role := c.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE"), c.Getenv("AWS_ROLE_ARN")
	switch {
	case file == "":
		return found{}, notSet("", "AWS_WEB_IDENTITY_TOKEN_FILE is not set")
	case role == "":
		return found{}, &Error{Source: sourceWebIdentity, Reason: "AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not", Hint: "set both or none"}
	}
	r, err := resolve()
	if err == nil {
		err = c.checkProfile(r)
	}
	if err != nil {
		return found{}, err
	}
	return r.web(role, file, c.Getenv("AWS_ROLE_SESSION_NAME"))
}

// checkProfile refuses a profile that names an sso-session or a source that is
// not there, although the web identity comes before it: both SDKs refuse, and
// who set the profile meant it.
func (c *Config) checkProfile(r resolver) error {
	p, ok := c.LookupProfile(c.ProfileName.Value)
	if !ok {
		return nil
	}
	_, err := r.session(p)
	if err == nil && p.Get("role_arn") != "" && p.Get("source_profile") != "" {
		_, err = r.profile(p, nil)
	}
	return err
}

func (c *Config) openProfile(resolve func() (resolver, error)) (found, error) {
	p, ok := c.LookupProfile(c.ProfileName.Value)
	if !ok {
		return found{}, notSet("", "it is not in "+c.fileNames())
	}
	r, err := resolve()
	if err != nil {
		return found{}, err
	}
	f, err := r.profile(p, nil)
	if err == nil && f.provider == nil {
		err = notSet("", "it has no settings for credentials")
	}
	return f, err
}

// Retrieve looks for credentials.
func (c *Chain) Retrieve(ctx context.Context) (sigv4.Credentials, error) {
	creds, _, err := c.Explain(ctx)
	return creds, err
}

// Explain is Retrieve that also tells what became of each source, in order.
func (c *Chain) Explain(ctx context.Context) (creds sigv4.Credentials, all []Considered, err error) {
	err = c.check()
	done := false
	for _, l := range c.links {
		if done || err != nil {
			all = append(all, l.notReached(err))
			continue
		}
		var this Considered
		creds, this, err = l.consider(ctx, c.Local)
		all = append(all, this)
		done = this.Outcome == Used
	}
	if err == nil && !done {
		err = &NotFoundError{all}
	}
	return creds, all, err
}

// consider asks one source. The error of one that is not set up is only in
// Considered.
func (l link) consider(ctx context.Context, local bool) (sigv4.Credentials, Considered, error) {
	f, err := l.open()
	if err == nil && local && !isLocal(f.provider) {
		reason := "not asked, for it needs a server or a program"
		return sigv4.Credentials{}, Considered{l.source, NotReached, reason}, &Error{Source: l.source, Reason: reason, Err: ErrNone}
	}
	var creds sigv4.Credentials
	if err == nil {
		creds, err = f.provider.Retrieve(ctx)
	}
	if err == nil {
		switch {
		case strings.HasSuffix(l.source, creds.Source):
			creds.Source = l.source
		case !strings.HasPrefix(creds.Source, l.source):
			creds.Source = l.source + ": " + creds.Source
		}
		return creds, Considered{l.source, Used, f.how}, nil
	}
	if e, ok := err.(*Error); ok && e.Err == ErrNone {
		return creds, Considered{l.source, Skipped, e.why()}, nil
	}
	return creds, Considered{l.source, Failed, l.why(err)}, err
}

// why is the text of a failure without the name of the source.
func (l link) why(err error) string {
	if e, ok := err.(*Error); ok && strings.HasSuffix(l.source, e.Source) {
		return e.why()
	}
	return causeText(err)
}

// notReached is what becomes of a source after the one that ended the search,
// or of all when the settings of one are wrong.
func (l link) notReached(err error) Considered {
	if e, ok := err.(*Error); ok && e.Source == l.source && e.Err != ErrNone {
		return Considered{l.source, Failed, e.why()}
	}
	reason := "another source came first"
	if err != nil {
		reason = "another source failed"
	}
	return Considered{l.source, NotReached, reason}
}

// isLocal tells whether a provider needs nothing but memory.
func isLocal(p sigv4.Provider) bool {
	switch p.(type) {
	case Env, SharedProfile:
		return true
	}
	return false
}
