package credentials

import (
	"fmt"
	"io"
	"strings"

	"rawbedrock/sigv4"
)

// Section is a named section of the shared files.
type Section struct {
	Name  string
	parts []*part // the credentials file's first
}

// Lookup returns the value of key, and whether it is there. Keys ignore case;
// the value of a nested block is "".
func (s *Section) Lookup(key string) (value string, ok bool) {
	part := s.holder(key)
	if part == nil {
		return "", false
	}
	return part.props[strings.ToLower(key)].value, true
}

// Get returns the value of key, "" when absent.
func (s *Section) Get(key string) string {
	value, _ := s.Lookup(key)
	return value
}

// Nested returns the value of name in the nested block key.
func (s *Section) Nested(key, name string) (value string, ok bool) {
	part := s.holder(key)
	if part == nil {
		return "", false
	}
	return part.props[strings.ToLower(key)].nested(name)
}

// Source tells, for people, which file key came from: "~/.aws/config", or the
// path as an environment variable gave it; "" when absent.
func (s *Section) Source(key string) string {
	if part := s.holder(key); part != nil {
		return part.file
	}
	return ""
}

// holder returns the part that has key and wins.
func (s *Section) holder(key string) *part {
	for _, part := range s.parts {
		if _, ok := part.props[strings.ToLower(key)]; ok {
			return part
		}
	}
	return nil
}

// String shows the name, never a value.
func (s Section) String() string { return "section " + s.Name }

// Format writes String for every verb.
func (s Section) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// Profile is a profile, merged from both shared files.
type Profile struct{ Section }

// StaticKeys returns the key pair of the profile and the session token beside
// it, all three from one file: the credentials file when it has a pair, else
// the config file. (aws-sdk-go-v2 would add the config file's token to the
// credentials file's keys.) ok is false when there is none; half a pair is an
// error.
func (p *Profile) StaticKeys() (creds sigv4.Credentials, ok bool, err error) {
	for _, part := range p.parts {
		id, secret := part.props["aws_access_key_id"].value, part.props["aws_secret_access_key"].value
		switch {
		case id != "" && secret != "":
			return sigv4.Credentials{
				AccessKeyID:     id,
				SecretAccessKey: secret,
				SessionToken:    part.props["aws_session_token"].value,
				Source:          "profile " + p.Name + " in " + part.file,
			}, true, nil
		case id != "":
			return creds, false, fmt.Errorf("credentials: profile %s in %s has aws_access_key_id but no aws_secret_access_key", p.Name, part.file)
		case secret != "":
			return creds, false, fmt.Errorf("credentials: profile %s in %s has aws_secret_access_key but no aws_access_key_id", p.Name, part.file)
		}
	}
	return creds, false, nil
}
