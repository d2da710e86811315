package operation

import (
	"net/url"
	"strings"
	"testing"

	"rawbedrock/testdata/vectors"
)

// The paths that boto3 and aws-sdk-go-v2 both sent for the same input.
func TestWirePaths(t *testing.T) {
	type wirePath struct {
		Op     string
		Input  string
		Same   bool
		WireGo string `json:"wire_go"`
	}
	byName := map[string]Operation{}
	for _, op := range All {
		byName[op.Name] = op
	}
	for _, c := range vectors.Lines[wirePath](t, "vectors/sigv4/wire-paths.jsonl") {
		op, ok := byName[c.Op]
		if !ok {
			t.Errorf("%s is not in the table", c.Op)
			continue
		}
		var labels []string
		if n := strings.Count(op.Path, "{"); n > 0 {
			labels = strings.SplitN(c.Input, "|", n)
		}
		path, err := op.Expand(labels...)
		if c.Input == "." || c.Input == ".." {
			if err == nil {
				t.Errorf("%s %q: got %s, want an error", c.Op, c.Input, path)
			}
			continue
		}
		if err != nil || path != c.WireGo {
			t.Errorf("%s %q:\n got %s, %v\nwant %s", c.Op, c.Input, path, err, c.WireGo)
			continue
		}
		back, got, ok := Match(op.Method, path)
		if !ok || back.Name != op.Name || strings.Join(got, "|") != strings.Join(labels, "|") {
			t.Errorf("Match(%s %s) = %s %q %v", op.Method, path, back.Name, got, ok)
		}
	}
}

func TestExpandRefuses(t *testing.T) {
	for _, label := range []string{"", ".", ".."} {
		if path, err := Converse.Expand(label); err == nil {
			t.Errorf("Expand(%q) = %q, want an error", label, path)
		}
	}
	if _, err := Converse.Expand(); err == nil {
		t.Error("Expand() without a label gave no error")
	}
	if _, err := ChatCompletions.Expand("x"); err == nil {
		t.Error("Expand with a label too many gave no error")
	}
}

func TestMatchRefuses(t *testing.T) {
	for _, path := range []string{
		"/model//converse",
		"/model/arn:aws:bedrock:us-east-1::foundation-model/x/converse", // a bare slash routes nowhere
		"/model/x/converse/",
		"/model/x%zz/converse",
		"/",
	} {
		if op, _, ok := Match("POST", path); ok {
			t.Errorf("Match(POST %s) = %s", path, op.Name)
		}
	}
	if _, _, ok := Match("GET", "/model/x/converse"); ok {
		t.Error("GET matched a POST operation")
	}
}

func FuzzExpand(f *testing.F) {
	f.Add("us.meta.llama3-1-8b-instruct-v1:0")
	f.Add("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.x-v1:0")
	f.Add("a b%2F+ü")
	f.Fuzz(func(t *testing.T, label string) {
		path, err := Converse.Expand(label)
		if err != nil {
			return
		}
		u, err := url.Parse("https://h" + path)
		if err != nil || u.EscapedPath() != path {
			t.Fatalf("%q: %s does not survive net/url: %v", label, path, err)
		}
		if _, got, ok := Match("POST", path); !ok || got[0] != label {
			t.Fatalf("Match(%s) = %q, %v; want %q", path, got, ok, label)
		}
	})
}
