package credentials

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rawbedrock/testdata/vectors"
)

// officialNames are the names that the official parser tests allow; others
// are ignored there, and kept here (see parse.go).
var officialNames = regexp.MustCompile(`^[-A-Za-z0-9/.%@_:+]+$`)

// parserErrors maps the official error texts to ours.
var parserErrors = map[string]string{
	"Profile definition must end with ']'":               "a section must end with ']'",
	"Expected a profile definition":                      "expected a section",
	"Property did not have a name":                       "a property has no name",
	"Expected an '=' sign defining a property":           "expected '=' between a property's name and its value",
	"Expected a property definition":                     "expected a property, found the continuation",
	"Expected a property definition, found continuation": "expected a property, found the continuation",
	"Expected an '=' sign defining a sub-property":       "expected '=' between the name and the value of a nested property",
	"Sub-property did not have a name":                   "a nested property has no name",
}

// TestOfficialParser runs AWS's cross-SDK parser tests (smithy-rs). Left out:
// inputs with ':' as the separator, which both official SDKs accept although
// the test calls it an error.
func TestOfficialParser(t *testing.T) {
	var file struct {
		Tests []struct {
			Name   string
			Input  struct{ ConfigFile, CredentialsFile string }
			Output struct {
				ErrorContaining string
				Config          struct {
					Profiles    map[string]map[string]string
					SSOSessions map[string]map[string]string `json:"sso_sessions"`
				}
			}
		}
	}
	readJSON(t, "vectors/credentials/official/smithy-rs/aws-runtime/test-data/profile-parser-tests.json", &file)
	for _, tt := range file.Tests {
		t.Run(tt.Name, func(t *testing.T) {
			want := tt.Output
			if strings.Contains(want.ErrorContaining, "'=' sign") && strings.Contains(tt.Input.ConfigFile, " : ") {
				t.Skip("':' separates key and value in both official SDKs")
			}
			c, err := Load(Options{Getenv: world(t, nil, map[string]string{
				"home/.aws/config": tt.Input.ConfigFile, "home/.aws/credentials": tt.Input.CredentialsFile,
			})})
			if want.ErrorContaining != "" {
				ours := parserErrors[want.ErrorContaining]
				if err == nil || ours == "" || !strings.Contains(err.Error(), ours) {
					t.Errorf("error %v, want %q (official: %q)", err, ours, want.ErrorContaining)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			profiles := map[string]map[string]string{}
			for name, p := range c.profiles {
				profiles[name] = flat(p.Section)
			}
			equalSections(t, "profile", profiles, want.Config.Profiles)
			sessions := map[string]map[string]string{}
			for name, s := range c.sessions {
				sessions[name] = flat(*s)
			}
			equalSections(t, "sso-session", sessions, want.Config.SSOSessions)
		})
	}
}

// equalSections compares the sections and keys with official names.
func equalSections(t *testing.T, kind string, got, want map[string]map[string]string) {
	t.Helper()
	official := func(name string, _ map[string]string) bool { return !officialNames.MatchString(name) }
	maps.DeleteFunc(got, official)
	if g, w := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(g, w) {
		t.Errorf("%ss %q, want %q", kind, g, w)
	}
	for name, props := range want {
		maps.DeleteFunc(got[name], func(key, _ string) bool { return !officialNames.MatchString(key) })
		if !maps.Equal(got[name], props) {
			t.Errorf("%s %s: %q, want %q", kind, name, got[name], props)
		}
	}
}

// flat is a section with nested blocks written as the official tests do.
func flat(s Section) map[string]string {
	m := map[string]string{}
	for _, part := range slices.Backward(s.parts) {
		for key, p := range part.props {
			m[key] = strings.Join(append([]string{p.value}, p.sub...), "\n")
		}
	}
	return m
}

// world writes files below a new folder and returns an environment whose HOME
// is home in it. {DIR} in values and files is that folder.
func world(t testing.TB, env, files map[string]string) func(string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "{DIR}", dir)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(name string) string {
		if v, ok := env[name]; ok {
			return strings.ReplaceAll(v, "{DIR}", dir)
		}
		if name == "HOME" {
			return filepath.Join(dir, "home")
		}
		return ""
	}
}

func readJSON(t *testing.T, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(vectors.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

const canary = "CANARYs3cr3t"

// load is Load in a world.
func load(t testing.TB, env, files map[string]string) *Config {
	t.Helper()
	c, err := Load(Options{Getenv: world(t, env, files)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// FuzzParseFile: no panic, keys in lower case, and no error quotes the file.
func FuzzParseFile(f *testing.F) {
	f.Add("[profile a]\nk = v # c\n  more\ns3 =\n  x = y\n[default]; c\n", true)
	f.Add("[a b]\r\n\tk: 'v'\r\n\r\n; c", false)
	f.Fuzz(func(t *testing.T, text string, isConfig bool) {
		parts, err := parseFile([]byte(text), "f", isConfig)
		if err != nil && parts != nil {
			t.Error("sections beside an error")
		}
		for _, part := range parts {
			if part.kind == "" || part.name == "" {
				t.Errorf("a section of kind %q named %q", part.kind, part.name)
			}
			for key, p := range part.props {
				if key == "" || key != strings.ToLower(key) || p.value != "" && len(p.sub) > 0 {
					t.Errorf("%q = %q %q", key, p.value, p.sub)
				}
			}
		}
	})
}
