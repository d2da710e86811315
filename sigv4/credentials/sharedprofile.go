package credentials

import (
	"context"

	"rawbedrock/sigv4"
)

// SharedProfile gives the static keys of a profile of the shared files, the
// three of them from one file.
type SharedProfile struct {
	Config *Config
	Name   string
}

// Retrieve reads nothing anew: the files were read by Load.
func (s SharedProfile) Retrieve(context.Context) (sigv4.Credentials, error) {
	source := "profile " + s.Name
	p, ok := s.Config.LookupProfile(s.Name)
	if !ok {
		return sigv4.Credentials{}, notSet(source, "there is no such profile")
	}
	c, ok, err := p.StaticKeys()
	switch {
	case err != nil:
		return sigv4.Credentials{}, &Error{Source: source, Reason: "its static keys are not complete", Err: err}
	case !ok:
		return sigv4.Credentials{}, notSet(source, "it has no aws_access_key_id")
	}
	return c, nil
}
