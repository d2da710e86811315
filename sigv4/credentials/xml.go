package credentials

import (
	"html"
	"strings"
)

const maxXMLDepth = 16

// xmlReader collects the text of elements.
type xmlReader struct {
	texts map[string]string
	path  []string // of the open elements, the root first
	text  strings.Builder
}

// xmlTexts reads XML as AWS's query APIs answer with: the text of every element
// without children by the path of names, prefixes left out, that leads to it
// below the root ("Error/Code"); of repeated ones the last. ok tells that the
// document is whole; else the texts are those before the fault. (encoding/xml
// would add 100 KB to every program.)
func xmlTexts(doc string) (texts map[string]string, ok bool) {
	x := xmlReader{texts: map[string]string{}}
	for {
		chars, markup, more := strings.Cut(doc, "<")
		if !more {
			_, whole := x.texts[""] // the root's own
			return x.texts, whole && len(x.path) == 0
		}
		x.text.WriteString(html.UnescapeString(chars))
		end := ">"
		switch {
		case strings.HasPrefix(markup, "!--"):
			end = "-->"
		case strings.HasPrefix(markup, "![CDATA["):
			end = "]]>"
		}
		if markup, doc, more = strings.Cut(markup, end); !more || !x.take(markup) {
			return x.texts, false
		}
	}
}

// take reads what stands between "<" and ">".
func (x *xmlReader) take(markup string) bool {
	if strings.HasPrefix(markup, "!") || strings.HasPrefix(markup, "?") {
		if chars, ok := strings.CutPrefix(markup, "![CDATA["); ok {
			x.text.WriteString(chars)
		}
		return true
	}
	name := strings.Trim(markup, "/")
	if i := strings.IndexAny(name, " \t\r\n"); i >= 0 { // attributes
		name = name[:i]
	}
	name = name[strings.IndexByte(name, ':')+1:]
	if !strings.HasPrefix(markup, "/") {
		x.path = append(x.path, name)
		x.text.Reset()
	}
	last := len(x.path) - 1
	if last < 0 || last == maxXMLDepth || name == "" || x.path[last] != name {
		return false
	}
	if strings.HasPrefix(markup, "/") || strings.HasSuffix(markup, "/") {
		x.texts[strings.Join(x.path[1:], "/")] = x.text.String()
		x.path = x.path[:last]
		x.text.Reset()
	}
	return true
}
