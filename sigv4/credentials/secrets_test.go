package credentials

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadSecrets(t *testing.T) {
	tests := []struct {
		name, file string
		want       map[string]string
	}{
		{"toml", "# mine\nAWS_ACCESS_KEY_ID = \"AK\"\nAWS_SECRET_ACCESS_KEY = \"a/b+c\" # note\n\nAWS_REGION=\"us-east-1\"\n",
			map[string]string{"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "a/b+c", "AWS_REGION": "us-east-1"}},
		{"dotenv", "export AWS_ACCESS_KEY_ID=AK\r\nAWS_SECRET_ACCESS_KEY='s#k'\r\nexport\tAWS_SESSION_TOKEN=t==  # note\r\nAWS_URL=http://h/p#frag",
			map[string]string{"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "s#k", "AWS_SESSION_TOKEN": "t==", "AWS_URL": "http://h/p#frag"}},
		{"toml's quoted names and escapes", `"AWS_BEARER_TOKEN_BEDROCK" = "a\"b\\c\u0041"`, map[string]string{"AWS_BEARER_TOKEN_BEDROCK": `a"b\cA`}},
		{"literal quotes", `AWS_REGION='a\nb$X'`, map[string]string{"AWS_REGION": `a\nb$X`}},
		{"empty values are absent", "AWS_ACCESS_KEY_ID=\nAWS_SECRET_ACCESS_KEY=\"\"\nAWS_REGION= # none\nAWS_URL=''", map[string]string{}},
		{"other programs' secrets", "DB = [1, 2]\nKEY=\"unclosed\nx.y-z = {a = 1}\nDB = 3\nAWS_DEFAULT_REGION=x\nAWS_REGION=r", map[string]string{"AWS_REGION": "r"}},
		{"byte order mark", "\ufeffAWS_REGION=r", map[string]string{"AWS_REGION": "r"}},
		{"nothing", "\n# a\n", map[string]string{}},
	}
	for _, tt := range tests {
		got, err := ReadSecrets(strings.NewReader(tt.file))
		if err != nil || !maps.Equal(got, tt.want) {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestReadSecretsErrors(t *testing.T) {
	for file, want := range map[string]string{
		"AWS_REGION=r\n" + canary:                                "line 2: expected NAME=value",
		"AWS_REGION=r\nexport " + canary:                         "line 2: expected NAME=value",
		"a b " + canary + " = x":                                 "line 1: expected NAME=value",
		"= " + canary:                                            "line 1: expected NAME=value",
		"AWS_SECRET_ACCESS_KEY = \"" + canary:                    "line 1: the closing \" is missing",
		"AWS_SECRET_ACCESS_KEY = '" + canary:                     "line 1: the closing ' is missing",
		"AWS_SECRET_ACCESS_KEY = \"" + canary + "\\":             "line 1: a \\ does not begin an escape",
		"AWS_SECRET_ACCESS_KEY = \"" + canary + "\\$\"":          "line 1: a \\ does not begin an escape",
		"AWS_SECRET_ACCESS_KEY = \"a\" " + canary:                "line 1: there is something after the closing quote",
		"AWS_SECRET_ACCESS_KEY = \"\"\"\n" + canary + "\n\"\"\"": "line 1: values of several lines",
		"AWS_SECRET_ACCESS_KEY = " + canary + " x":               "line 1: the value of AWS_SECRET_ACCESS_KEY holds a space",
		"AWS_SECRET_ACCESS_KEY = \"" + canary + "\\n\"":          "line 1: the value of AWS_SECRET_ACCESS_KEY holds a space, a control",
		"AWS_SECRET_ACCESS_KEY = “" + canary + "”":               "non-ASCII",
		"AWS_SECRET_ACCESS_KEY = " + canary + "\xff":             "line 1: it is not UTF-8 text",
		"# x\n[default]\nAWS_REGION=r":                           "line 2: sections are not read",
		"AWS_REGION=" + canary + "\n\nAWS_REGION=" + canary:      "line 3: AWS_REGION was given before, in line 1",
		"AWS_ACCESS_KEY_ID=" + canary:                            "has AWS_ACCESS_KEY_ID but no AWS_SECRET_ACCESS_KEY",
		"AWS_ACCESS_KEY_ID=''\nAWS_SECRET_ACCESS_KEY=" + canary:  "has AWS_SECRET_ACCESS_KEY but no AWS_ACCESS_KEY_ID",
		"AWS_SESSION_TOKEN=" + canary:                            "has AWS_SESSION_TOKEN but no AWS_ACCESS_KEY_ID",
		"aws_access_key_id=" + canary:                            "names none of AWS_ACCESS_KEY_ID, ",
		"# " + strings.Repeat("x", maxSecrets):                   "larger than 1 MiB",
	} {
		got, err := ReadSecrets(strings.NewReader(file))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), canary) || got != nil {
			t.Errorf("%.80q: %q, error %v; want %q", file, got, err, want)
		}
	}
	broken := errors.New("disk on fire")
	if _, err := ReadSecrets(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a reader's error: %v", err)
	}
}

// FuzzReadSecrets: what is read can be written as TOML and read again.
func FuzzReadSecrets(f *testing.F) {
	f.Add("AWS_ACCESS_KEY_ID = \"A\"\nexport AWS_SECRET_ACCESS_KEY='s'\nX=1 # c")
	f.Fuzz(func(t *testing.T, file string) {
		got, err := ReadSecrets(strings.NewReader(file))
		if err != nil {
			return
		}
		var again strings.Builder
		for name, value := range got {
			again.WriteString(name + " = \"" + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + "\"\n")
		}
		if back, err := ReadSecrets(strings.NewReader(again.String())); err != nil || !maps.Equal(got, back) {
			t.Errorf("%q, then %q, %v", got, back, err)
		}
	})
}
