package credentials

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/user"
	"runtime"
	"strings"
)

// Options are what the caller fixed in code. The zero value takes everything
// from the environment and the shared files.
type Options struct {
	Getenv   func(string) string // the environment; nil: Getenv
	Profile  string              // wins over AWS_PROFILE
	Region   string              // wins over AWS_REGION
	Endpoint string              // base URL of Bedrock, wins over AWS_ENDPOINT_URL_BEDROCK_RUNTIME and the like
	HTTP     *http.Client        // for the sources that ask a server; nil: one that honours CA bundle and proxies
	// MFAToken asks the user for the code of the MFA device with that serial
	// number; nil: a role that wants one is an error.
	MFAToken func(ctx context.Context, serial string) (string, error)
}

// Setting is a value and where it was found, for people: "code", "AWS_REGION",
// "profile dev in ~/.aws/config". Both are empty when it was not found.
type Setting struct{ Value, Source string }

// Config is what the environment and the shared files say. It is read-only
// and safe for concurrent use.
type Config struct {
	Region      Setting // empty when nobody named one
	ProfileName Setting // Source is "code", "AWS_PROFILE", "AWS_DEFAULT_PROFILE" or "default"
	Bearer      Key     // AWS_BEARER_TOKEN_BEDROCK without white space around it; zero when unset

	options  Options
	fips     bool // the region was written fips-REGION
	profiles map[string]*Profile
	sessions map[string]*Section
	services map[string]*Section
}

const bearerEnv = "AWS_BEARER_TOKEN_BEDROCK"

// Load reads the environment and the shared files, and nothing else: no
// network. Files that do not exist are fine; a file that cannot be parsed, a
// named profile that does not exist and a bearer token with control characters
// are errors.
func Load(o Options) (*Config, error) {
	if o.Getenv == nil {
		o.Getenv = Getenv
	}
	c := &Config{
		options:  o,
		profiles: map[string]*Profile{},
		sessions: map[string]*Section{},
		services: map[string]*Section{},
	}
	for _, file := range sharedFiles(o.Getenv, runtime.GOOS) {
		if err := c.read(file); err != nil {
			return nil, fmt.Errorf("credentials: %w", err)
		}
	}
	c.ProfileName = c.pick(o.Profile, "AWS_PROFILE", "AWS_DEFAULT_PROFILE")
	if name := c.ProfileName; name.Value == "" {
		c.ProfileName = Setting{"default", "default"}
	} else if c.profiles[name.Value] == nil {
		from := ""
		if name.Source != "code" { // else the caller knows
			from = " (" + name.Source + ")"
		}
		return nil, fmt.Errorf("credentials: profile %q%s is not in %s", name.Value, from, c.fileNames())
	}
	c.Region = c.pick(o.Region, "AWS_REGION", "AWS_DEFAULT_REGION")
	if c.Region.Value == "" {
		c.Region = c.Setting("", "region")
	}
	c.Region.Value, c.fips = stripFIPS(c.Region.Value)
	var err error
	if c.Bearer, err = NewKey(o.Getenv(bearerEnv)); err != nil {
		return nil, fmt.Errorf("credentials: %s: %w", bearerEnv, err)
	}
	return c, nil
}

// Getenv is os.Getenv that knows HOME from the user database where the
// environment does not tell it, as for a service that init starts: both SDKs
// find ~/.aws there too.
func Getenv(name string) string {
	value := os.Getenv(name)
	if name == "HOME" && value == "" && runtime.GOOS != "windows" {
		if u, err := user.Current(); err == nil {
			return u.HomeDir
		}
	}
	return value
}

// pick returns the first that is set.
func (c *Config) pick(code string, env ...string) Setting {
	if code != "" {
		return Setting{code, "code"}
	}
	for _, name := range env {
		if v := c.Getenv(name); v != "" {
			return Setting{v, name}
		}
	}
	return Setting{}
}

// Getenv is the environment that Load was given.
func (c *Config) Getenv(name string) string { return c.options.Getenv(name) }

// Setting looks a setting up in the environment variable env, then under key
// in the profile; either name may be empty. Empty values count as unset.
func (c *Config) Setting(env, key string) Setting {
	if env != "" {
		if v := c.Getenv(env); v != "" {
			return Setting{v, env}
		}
	}
	p, ok := c.profiles[c.ProfileName.Value]
	if !ok || p.Get(key) == "" {
		return Setting{}
	}
	return Setting{p.Get(key), "profile " + p.Name + " in " + p.Source(key)}
}

// LookupProfile returns the profile of that name, merged from both files. What
// the credentials file says wins over the config file.
func (c *Config) LookupProfile(name string) (*Profile, bool) {
	p, ok := c.profiles[name]
	return p, ok
}

// SSOSession returns the section [sso-session NAME].
func (c *Config) SSOSession(name string) (*Section, bool) {
	s, ok := c.sessions[name]
	return s, ok
}

// Services returns the section [services NAME].
func (c *Config) Services(name string) (*Section, bool) {
	s, ok := c.services[name]
	return s, ok
}

// String shows profile and region, never a secret.
func (c Config) String() string {
	return fmt.Sprintf("config of profile %s, region %q", c.ProfileName.Value, c.Region.Value)
}

// Format writes String for every verb.
func (c Config) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

const maxSharedFile = 16 << 20

// sharedFile is one of the two files: the credentials file first, because it
// wins.
type sharedFile struct {
	path, shown string
	isConfig    bool
}

// sharedFiles tells where the files are. An environment variable's path is
// taken as it is: '~' and '$' in it mean nothing, as in aws-sdk-go-v2.
func sharedFiles(getenv func(string) string, goos string) []sharedFile {
	file := func(env, name string, isConfig bool) sharedFile {
		if path := getenv(env); path != "" {
			return sharedFile{path, path, isConfig}
		}
		path := inHome(getenv, goos, ".aws", name)
		return sharedFile{path, "~/.aws/" + name, isConfig}
	}
	return []sharedFile{
		file("AWS_SHARED_CREDENTIALS_FILE", "credentials", false),
		file("AWS_CONFIG_FILE", "config", true),
	}
}

// inHome is a path below the user's home folder, "" when nobody says where that
// is.
func inHome(getenv func(string) string, goos string, elem ...string) string {
	home, sep := getenv("HOME"), "/"
	if goos == "windows" {
		home, sep = cmp.Or(home, getenv("USERPROFILE"), getenv("HOMEDRIVE")+getenv("HOMEPATH")), `\`
	}
	if home == "" {
		return ""
	}
	return strings.Join(append([]string{home}, elem...), sep)
}

// inHome is a path below the user's home folder, "" when the environment does
// not say where that is.
func (c *Config) inHome(elem ...string) string {
	return inHome(c.Getenv, runtime.GOOS, elem...)
}

func (c *Config) fileNames() string {
	files := sharedFiles(c.Getenv, runtime.GOOS)
	return files[0].shown + " or " + files[1].shown
}

// read adds the sections of one file.
func (c *Config) read(file sharedFile) error {
	if info, err := os.Stat(file.path); err != nil && !errors.Is(err, fs.ErrPermission) || err == nil && info.IsDir() {
		return nil // no such file
	}
	f, err := os.Open(file.path)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSharedFile+1))
	if err == nil && len(data) > maxSharedFile {
		err = fmt.Errorf("%s is larger than 16 MiB", file.shown)
	}
	if err != nil {
		return err
	}
	parts, err := parseFile(data, file.shown, file.isConfig)
	for _, part := range parts {
		switch part.kind {
		case "profile":
			p := c.profiles[part.name]
			if p == nil {
				p = &Profile{Section{Name: part.name}}
				c.profiles[part.name] = p
			}
			p.parts = append(p.parts, part)
		case "sso-session":
			addPart(c.sessions, part)
		case "services":
			addPart(c.services, part)
		}
	}
	return err
}

func addPart(m map[string]*Section, part *part) {
	if m[part.name] == nil {
		m[part.name] = &Section{Name: part.name}
	}
	m[part.name].parts = append(m[part.name].parts, part)
}
