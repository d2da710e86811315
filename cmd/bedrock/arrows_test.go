package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module    = "rawbedrock"
	retryable = "github.com/hashicorp/go-retryablehttp"
	gjson     = "github.com/tidwall/gjson"
)

// arrows says which package may import which, the standard library aside.
// Tests may follow the same arrows, those of testArrows, and the vectors.
var arrows = map[string][]string{
	"sigv4":              nil,
	"sigv4/credentials":  {"sigv4"},
	"eventstream":        nil,
	"client":             {"client/operation", "client/redact", "sigv4", "sigv4/credentials", "eventstream", retryable, gjson},
	"client/operation":   nil,
	"client/redact":      nil,
	"client/cassette":    {"client/redact", "eventstream"},
	"client/bedrocktest": {"client/operation", "eventstream", "sigv4", "sigv4/credentials", "client/cassette"},
	"cmd/bedrock":        {"client", "client/operation", "client/cassette", "client/bedrocktest", "client/redact", "sigv4", "sigv4/credentials", "eventstream"},
	"testdata/vectors":   nil,
}

var testArrows = map[string][]string{
	"client": {"client/cassette", "client/bedrocktest"},
}

// TestArrows parses the imports of the whole module and fails on one that no
// arrow allows: a library user must be able to take one package without the
// others.
func TestArrows(t *testing.T) {
	root := filepath.Join("..", "..")
	seen := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(root, path, d.Name())
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		seen++
		rel, _ := filepath.Rel(root, filepath.Dir(path))
		checkImports(t, filepath.ToSlash(rel), path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 10 {
		t.Fatalf("only %d Go files seen from %s", seen, root)
	}
}

// enter skips what is not of this module: nested modules and dot folders.
func enter(root, path, name string) error {
	if path == root {
		return nil
	}
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	if err == nil || strings.HasPrefix(name, ".") || name == "node_modules" {
		return filepath.SkipDir
	}
	return nil
}

func checkImports(t *testing.T, pkg, path string) {
	allowed, ok := arrows[pkg]
	if !ok {
		t.Errorf("%s: package %s has no place in the design", path, pkg)
	}
	if strings.HasSuffix(path, "_test.go") {
		allowed = slices.Concat(allowed, testArrows[pkg], []string{pkg, "testdata/vectors"})
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	for _, spec := range file.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		name = strings.TrimPrefix(name, module+"/")
		_, ours := arrows[name]
		if foreign := strings.Contains(strings.Split(name, "/")[0], "."); (ours || foreign) && !slices.Contains(allowed, name) {
			t.Errorf("%s: %s may not import %s", path, pkg, name)
		}
		if name == "C" {
			t.Errorf("%s: cgo", path)
		}
	}
}

// TestDirectRequirements holds go.mod to its two direct dependencies.
func TestDirectRequirements(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{retryable: true, gjson: true}
	inBlock := false
	for line := range bytes.Lines(data) {
		fields := strings.Fields(string(line))
		switch {
		case len(fields) == 0:
			continue
		case fields[0] == "require" && len(fields) == 2: // "require ("
			inBlock = true
			continue
		case fields[0] == ")":
			inBlock = false
			continue
		case fields[0] == "require":
			fields = fields[1:]
		case fields[0] == "replace" || fields[0] == "tool":
			t.Errorf("go.mod: %s", line)
			continue
		case !inBlock:
			continue
		}
		if direct := !strings.Contains(string(line), "// indirect"); direct && !allowed[fields[0]] {
			t.Errorf("go.mod requires %s directly; allowed: %v", fields[0], slices.Sorted(maps.Keys(allowed)))
		}
	}
}
