package sigv4

import (
	"strings"
	"testing"
)

func TestQuoted(t *testing.T) {
	const canonical, toSign = "GET\n/a'b\na=1&region=2\nhost:h\n\nhost\ne3b0", "AWS4-HMAC-SHA256\nx"
	message := "It does not match.\n\nThe Canonical String for this request should have been\n'" + canonical + "'\n\nThe String-to-Sign should have been\n'" + toSign + "'\n"
	transcript := "< HTTP/1.1 403 Forbidden\n<\n" + `{"message":"` + strings.ReplaceAll(message, "\n", `\n`) + `"}`
	xml := "<Message>" + strings.NewReplacer("&", "&amp;").Replace(message) + "</Message>"
	python := "b'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(transcript) + "'"
	for _, text := range []string{message, transcript, python, xml, strings.ReplaceAll(xml, "'", "&#39;")} {
		c, s, ok := Quoted(text)
		if !ok || c != canonical || s != toSign {
			t.Errorf("%v %q %q", ok, c, s)
		}
	}
	for _, text := range []string{"", "no quotation", "The Canonical String for this request should have been", "The Canonical String for this request should have been '"} {
		if _, _, ok := Quoted(text); ok {
			t.Errorf("%q has none", text)
		}
	}
}
