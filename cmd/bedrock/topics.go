package main

import (
	"embed"
	"fmt"
	"io"
	"path"
	"strings"
)

// topicFiles are texts that explain, for 'bedrock help TOPIC'. The first line
// of each is its summary.
//
//go:embed topics/*.txt
var topicFiles embed.FS

// topicNames are in the order in which a newcomer needs them.
var topicNames = []string{"auth", "regions", "profiles", "streaming", "errors", "cassettes"}

// topic finds a text. It is not ok when there is none of that name.
func topic(name string) (summary, text string, ok bool) {
	data, err := topicFiles.ReadFile(path.Join("topics", name+".txt"))
	if err != nil {
		return "", "", false
	}
	summary, text, _ = strings.Cut(string(data), "\n")
	return summary, strings.TrimPrefix(text, "\n"), true
}

// listTopics is 'bedrock help topics'.
func listTopics(w io.Writer) error {
	var b strings.Builder
	b.WriteString("Topics:\n")
	for _, name := range topicNames {
		summary, _, _ := topic(name)
		fmt.Fprintf(&b, "  %-22s %s\n", name, summary)
	}
	b.WriteString("\n'bedrock help TOPIC' shows one, 'bedrock help' the commands.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// helpTopics shows the one that is named, or the list.
func helpTopics(w io.Writer, path []string) error {
	if len(path) == 0 {
		return listTopics(w)
	}
	_, text, ok := topic(path[0])
	if !ok || len(path) > 1 {
		return usagef("no topic %q: there is %s", strings.Join(path, " "), strings.Join(topicNames, ", "))
	}
	_, err := io.WriteString(w, text)
	return err
}
