package bedrocktest

import (
	"strings"
	"testing"
)

func TestReadKeys(t *testing.T) {
	for text, want := range map[string]string{
		"[default]\naws_access_key_id = AKIDONE\naws_secret_access_key = s/1+=\n\n[two]\naws_access_key_id=AKIDTWO\naws_secret_access_key=s2\naws_session_token=t\nregion=x\n": "AKIDONE s/1+= |AKIDTWO s2 t",
		"export AWS_ACCESS_KEY_ID=\"AKIDONE\"\nAWS_SECRET_ACCESS_KEY='s1'\nAWS_BEARER_TOKEN_BEDROCK=key==\n# note\n":                                                           "AKIDONE s1 |key==",
		"Access key ID,Secret access key\r\nAKIDONE,s1=\r\n": "AKIDONE s1= ",
		"AKIDONE:s1\nAKIDTWO s2\n":                           "AKIDONE s1 |AKIDTWO s2 ",
		"AWS_ACCESS_KEY_ID=AKIDONE\nAWS_SECRET_ACCESS_KEY=s1\nAWS_ACCESS_KEY_ID=AKIDTWO\nAWS_SECRET_ACCESS_KEY=s2": "AKIDONE s1 |AKIDTWO s2 ",
	} {
		keys, apiKeys, err := ReadKeys(strings.NewReader(text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		var got []string
		for _, k := range keys {
			got = append(got, k.AccessKeyID+" "+k.SecretAccessKey+" "+k.SessionToken)
		}
		if g := strings.Join(append(got, apiKeys...), "|"); g != want {
			t.Errorf("%q: %q, want %q", text, g, want)
		}
	}
	for text, word := range map[string]string{
		"":                                       "no key",
		"# nothing":                              "no key",
		"AWS_ACCESS_KEY_ID=AKIDCANARY":           "no secret",
		"AWS_SECRET_ACCESS_KEY=canary":           "no access key id",
		"[a]\naws_access_key_id=AKIDCANARY\n[b]": "before line 3",
		"AKIDONE:s1\ncanary":                     "line 2",
	} {
		_, _, err := ReadKeys(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), word) || strings.Contains(strings.ToLower(err.Error()), "canary") {
			t.Errorf("%q: %v, want an error with %q and without the content", text, err, word)
		}
	}
}
