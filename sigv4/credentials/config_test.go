package credentials

import (
	"encoding/json"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"rawbedrock/testdata/vectors"
)

// TestOfficialGoFiles reads the files of aws-sdk-go-v2's own parser tests.
// Left out: a property before any section, which it skips and the cross-SDK
// tests refuse.
func TestOfficialGoFiles(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(vectors.Path(t, "vectors/credentials/official/aws-sdk-go-v2-ini/valid"), "*_expected"))
	if len(files) == 0 {
		t.Fatal("no files")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), "_expected"), func(t *testing.T) {
			data, err := os.ReadFile(strings.TrimSuffix(file, "_expected"))
			if err != nil {
				t.Fatal(err)
			}
			var want map[string]map[string]string
			if text, err := os.ReadFile(file); err != nil || json.Unmarshal(text, &want) != nil {
				t.Fatal("unreadable expectation", err)
			}
			first, _, _ := strings.Cut(string(data), "[")
			got, err := goSections(data)
			if strings.Contains(first, "=") {
				if err == nil || !strings.Contains(err.Error(), "expected a section") {
					t.Errorf("a property before any section: error %v", err)
				}
				t.Skip("a property before any section is an error in the cross-SDK tests")
			}
			if err != nil {
				t.Fatal(err)
			}
			for name, props := range want {
				for key, value := range props {
					if got[name][key] != value {
						t.Errorf("[%s] %s = %q, want %q", name, key, got[name][key], value)
					}
				}
				if got[name] == nil {
					t.Errorf("no [%s]", name)
				}
			}
		})
	}
}

// goSections reads a file that mixes the section names of both kinds.
func goSections(data []byte) (map[string]map[string]string, error) {
	found := map[string]map[string]string{}
	for _, isConfig := range []bool{false, true} {
		parts, err := parseFile(data, "f", isConfig)
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			name := part.name
			if isConfig {
				name = part.kind + " " + part.name
			}
			found[name] = goForm(part)
		}
	}
	return found, nil
}

// goForm is a part with nested blocks as aws-sdk-go-v2's tests print them.
func goForm(p *part) map[string]string {
	m := map[string]string{}
	for key, prop := range p.props {
		m[key] = prop.value
		block := map[string]string{}
		for _, line := range prop.sub {
			k, v, _ := splitProperty(line)
			block[k] = v
		}
		if len(block) > 0 {
			m[key] = fmt.Sprint(block)
		}
	}
	return m
}

// TestOfficialBotocoreFiles reads the files of botocore's config tests.
func TestOfficialBotocoreFiles(t *testing.T) {
	dir := vectors.Path(t, "vectors/credentials/official/botocore/tests/unit/cfg")
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]string{ // profile and its access key; nil: an error
		"aws_bad_profile":       {"default": "default", "my profile": "default", "personal1": "access_personal1"},
		"aws_config":            {"default": "foo", "personal": "fie"},
		"aws_config_bad":        nil,
		"aws_config_badbytes":   nil,
		"aws_config_nested":     {"default": "foo"},
		"aws_config_nested_bad": nil,
		"aws_config_other":      {"default": "other_foo", "personal": "fie"},
		"aws_credentials":       nil,
		"aws_third_config":      {"default": "third_foo", "third": "third_fie"},
		"foo_config":            {"default": "foo", "foo": "fie"},
	}
	for _, f := range files {
		env := map[string]string{"AWS_CONFIG_FILE": filepath.Join(dir, f.Name())}
		c, err := Load(Options{Getenv: world(t, env, nil)})
		profiles, listed := want[f.Name()]
		if (err != nil) != (listed && profiles == nil) {
			t.Errorf("%s: error %v", f.Name(), err)
			continue
		}
		for name, id := range profiles {
			p, ok := c.LookupProfile(name)
			if !ok || p.Get("aws_access_key_id") != id {
				t.Errorf("%s: profile %q: %v", f.Name(), name, ok)
			}
		}
	}
}

// TestOfficialFileLocations runs AWS's cross-SDK tests of where the files are.
func TestOfficialFileLocations(t *testing.T) {
	var file struct {
		Tests []struct {
			Name, Platform, Profile             string
			Environment                         map[string]string
			ConfigLocation, CredentialsLocation string
		}
	}
	readJSON(t, "vectors/credentials/official/smithy-rs/aws-runtime/test-data/file-location-tests.json", &file)
	for _, tt := range file.Tests {
		getenv := func(name string) string { return tt.Environment[name] }
		files := sharedFiles(getenv, tt.Platform)
		if files[0].path != tt.CredentialsLocation || files[1].path != tt.ConfigLocation {
			t.Errorf("%s: %s and %s", tt.Name, files[0].path, files[1].path)
		}
		c := &Config{options: Options{Getenv: getenv}}
		if got := c.pick("", "AWS_PROFILE", "AWS_DEFAULT_PROFILE").Value; tt.Profile != "" && tt.Profile != "default" && got != tt.Profile {
			t.Errorf("%s: profile %q, want %q", tt.Name, got, tt.Profile)
		}
	}
}

func TestStaticKeys(t *testing.T) {
	tests := []struct {
		name, config, credentials string
		want                      string // access key, token and file; an error when it holds "has"
	}{
		{"the token beside the keys only",
			"[default]\naws_access_key_id=CFG\naws_secret_access_key=s\naws_session_token=CFGTOK",
			"[default]\naws_access_key_id=CRED\naws_secret_access_key=s", "CRED  profile default in ~/.aws/credentials"},
		{"the config file's when the other has none",
			"[default]\naws_access_key_id=CFG\naws_secret_access_key=s\naws_session_token=T",
			"[default]\nregion=x", "CFG T profile default in ~/.aws/config"},
		{"split over the files", "[default]\naws_secret_access_key=" + canary, "[default]\naws_access_key_id=A",
			"profile default in ~/.aws/credentials has aws_access_key_id but no aws_secret_access_key"},
		{"a secret alone", "[default]\naws_secret_access_key=" + canary, "",
			"profile default in ~/.aws/config has aws_secret_access_key but no aws_access_key_id"},
		{"empty values", "[default]\naws_access_key_id=\naws_secret_access_key=", "", ""},
		{"nothing", "[default]", "", ""},
	}
	for _, tt := range tests {
		c := load(t, nil, map[string]string{"home/.aws/config": tt.config, "home/.aws/credentials": tt.credentials})
		p, _ := c.LookupProfile("default")
		keys, ok, err := p.StaticKeys()
		got := ""
		if ok {
			got = keys.AccessKeyID + " " + keys.SessionToken + " " + keys.Source
		}
		if strings.Contains(tt.want, " has ") {
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), canary) {
				t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
			}
		} else if got != tt.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestProfileAndRegion(t *testing.T) {
	files := map[string]string{
		"home/.aws/config":      "[default]\nregion=rd\n[profile p]\nregion=rp\n[profile 'a b']\nregion=rq\n",
		"home/.aws/credentials": "[p]\nregion=rc\n[c]\n",
	}
	tests := []struct {
		options         Options
		env             map[string]string
		profile, region Setting
	}{
		{Options{}, nil, Setting{"default", "default"}, Setting{"rd", "profile default in ~/.aws/config"}},
		{Options{}, map[string]string{"AWS_PROFILE": "p", "AWS_DEFAULT_PROFILE": "c"}, Setting{"p", "AWS_PROFILE"}, Setting{"rc", "profile p in ~/.aws/credentials"}},
		{Options{}, map[string]string{"AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": "c"}, Setting{"c", "AWS_DEFAULT_PROFILE"}, Setting{}},
		{Options{Profile: "a b"}, map[string]string{"AWS_PROFILE": "nope"}, Setting{"a b", "code"}, Setting{"rq", "profile a b in ~/.aws/config"}},
		{Options{}, map[string]string{"AWS_REGION": "r1", "AWS_DEFAULT_REGION": "r2"}, Setting{"default", "default"}, Setting{"r1", "AWS_REGION"}},
		{Options{}, map[string]string{"AWS_REGION": "", "AWS_DEFAULT_REGION": "r2"}, Setting{"default", "default"}, Setting{"r2", "AWS_DEFAULT_REGION"}},
		{Options{Region: "fips-r0"}, map[string]string{"AWS_REGION": "r1"}, Setting{"default", "default"}, Setting{"r0", "code"}},
	}
	for _, tt := range tests {
		tt.options.Getenv = world(t, tt.env, files)
		c, err := Load(tt.options)
		if err != nil || c.ProfileName != tt.profile || c.Region != tt.region {
			t.Errorf("%v: %v %v, %v; want %v %v", tt.env, c.ProfileName, c.Region, err, tt.profile, tt.region)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	secret := "[default]\naws_secret_access_key = x\n"
	tests := []struct {
		env, files map[string]string
		want       string
	}{
		{map[string]string{"AWS_PROFILE": "nope"}, nil, `profile "nope" (AWS_PROFILE) is not in ~/.aws/credentials or ~/.aws/config`},
		{map[string]string{"AWS_PROFILE": "default"}, nil, `profile "default" (AWS_PROFILE)`},
		{map[string]string{"AWS_DEFAULT_PROFILE": "P"}, map[string]string{"home/.aws/config": "[profile p]"}, `profile "P"`},
		{map[string]string{"AWS_CONFIG_FILE": "{DIR}/c"}, map[string]string{"c": secret + canary}, "/c: line 3: expected '='"},
		{nil, map[string]string{"home/.aws/credentials": secret + "\n" + canary + "\n"}, "~/.aws/credentials: line 4: expected '='"},
		{nil, map[string]string{"home/.aws/credentials": "\ufeff[default]\n"}, "line 1: it starts with a byte order mark"},
		{nil, map[string]string{"home/.aws/credentials": secret + "a=\xff" + canary}, "line 3: it is not UTF-8 text"},
		{nil, map[string]string{"home/.aws/credentials": secret + "= " + canary}, "line 3: a property has no name"},
		{nil, map[string]string{"home/.aws/credentials": "[default"}, "line 1: a section must end with ']'"},
		{nil, map[string]string{"home/.aws/credentials": "[]"}, "line 1: a section must end"},
		{nil, map[string]string{"home/.aws/config": strings.Repeat("#", maxSharedFile+1)}, "~/.aws/config is larger than 16 MiB"},
		{map[string]string{"AWS_BEARER_TOKEN_BEDROCK": "a\n" + canary}, nil, "AWS_BEARER_TOKEN_BEDROCK: "},
	}
	for _, tt := range tests {
		_, err := Load(Options{Getenv: world(t, tt.env, tt.files)})
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), canary) {
			t.Errorf("%v: error %v, want %q", tt.env, err, tt.want)
		}
	}
}

// TestNoFiles: folders in their place, no home and missing files are no error.
func TestNoFiles(t *testing.T) {
	for _, env := range []map[string]string{
		{"HOME": ""},
		{"AWS_CONFIG_FILE": "{DIR}", "AWS_SHARED_CREDENTIALS_FILE": "{DIR}/no/such"},
	} {
		c, err := Load(Options{Getenv: world(t, env, nil)})
		if err != nil || c.ProfileName.Value != "default" || c.Region.Value != "" || !c.Bearer.IsZero() {
			t.Errorf("%v: %v, %v", env, c, err)
		}
	}
}

// TestHomeOfTheUser: a service that init starts has no HOME.
func TestHomeOfTheUser(t *testing.T) {
	u, err := user.Current()
	if err != nil || u.HomeDir == "" {
		t.Skip("the user database tells no home: ", err)
	}
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", bearerEnv, "HOME"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	c, err := Load(Options{})
	if err != nil || c.inHome(".aws") != filepath.Join(u.HomeDir, ".aws") {
		t.Errorf("%q, %v; want the folder in %q", c.inHome(".aws"), err, u.HomeDir)
	}
}
