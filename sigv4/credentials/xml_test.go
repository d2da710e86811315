package credentials

import (
	"encoding/xml"
	"strings"
	"testing"
)

func TestXMLTexts(t *testing.T) {
	tests := []struct {
		name, doc string
		want      map[string]string
		ok        bool
	}{
		{"an error", "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"https://sts/\">\n <Error><Code>Denied</Code>\n<Message>a &lt;b&gt; &amp; &#39;c&#x27;</Message></Error></ErrorResponse>\n",
			map[string]string{"Error/Code": "Denied", "Error/Message": "a <b> & 'c'"}, true},
		{"prefixes and attributes", `<s:R xmlns:s="u"><s:A b="c" >x</s:A ></s:R>`, map[string]string{"A": "x"}, true},
		{"comments and CDATA", `<!DOCTYPE R><R><A>1<!-- <A>no</A> > -->2<![CDATA[<&amp;>]]></A></R>`, map[string]string{"A": "12<&amp;>"}, true},
		{"empty elements", `<R><A/><B a="/" /><C></C></R>`, map[string]string{"A": "", "B": "", "C": ""}, true},
		{"repeated", `<R><A>1</A><A>2</A></R>`, map[string]string{"A": "2"}, true},
		{"cut", `<R><A>1</A><B>2`, map[string]string{"A": "1"}, false},
		{"cut in a tag", `<R><A>1</A></R`, map[string]string{"A": "1"}, false},
		{"crossed", `<R><A>1</A><B><C>2</B></C></R>`, map[string]string{"A": "1"}, false},
		{"nothing open", `</R>`, nil, false},
		{"no XML", "secret", nil, false},
		{"no name", "<>x</>", nil, false},
		{"empty", "", nil, false},
		{"too deep", strings.Repeat("<a>", 20) + strings.Repeat("</a>", 20), nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := xmlTexts(tt.doc)
			if ok != tt.ok {
				t.Errorf("whole: %v", ok)
			}
			for path, want := range tt.want {
				if text, ok := got[path]; !ok || text != want {
					t.Errorf("%s: %q, want %q", path, text, want)
				}
			}
		})
	}
}

// FuzzXMLTexts compares with encoding/xml where that finds nothing wrong.
func FuzzXMLTexts(f *testing.F) {
	f.Add(`<R><Error><Code>a</Code><Message>b</Message></Error></R>`)
	f.Add(`<R><Error><Code><![CDATA[x]]></Code></Error><!-- c --></R>`)
	f.Fuzz(func(t *testing.T, doc string) {
		texts, ok := xmlTexts(doc)
		var want struct {
			Code string `xml:"Error>Code"`
		}
		_, code, _ := strings.Cut(doc, "<Code>")
		code, _, _ = strings.Cut(code, "</Code>")
		if !ok || strings.ContainsAny(doc, "&\r:\"'") || strings.Contains(code, "<") || strings.Count(doc, "<Code>") != 1 ||
			strings.Count(doc, "<Error>") != 1 || xml.Unmarshal([]byte(doc), &want) != nil {
			return
		}
		if got := texts["Error/Code"]; got != want.Code {
			t.Errorf("got %q, want %q", got, want.Code)
		}
	})
}
