package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDocumentation wants a comment for every exported name of every package
// but commands and tests: a name of a group may share the group's.
func TestDocumentation(t *testing.T) {
	names := 0
	for pkg, files := range libraries(t) {
		documented := false
		for _, f := range files {
			documented = documented || f.Doc != nil
			for _, d := range f.Decls {
				for name, doc := range exported(d) {
					names++
					if !doc {
						t.Errorf("%s: %s has no comment", pkg, name)
					}
				}
			}
		}
		if !documented {
			t.Errorf("%s: no package comment", pkg)
		}
	}
	if names < 400 {
		t.Errorf("only %d names were seen", names)
	}
}

// TestOptionsFitOnAScreen bounds what a reader of the client must choose from.
func TestOptionsFitOnAScreen(t *testing.T) {
	n := 0
	for _, f := range libraries(t)["client"] {
		for _, d := range f.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "With") {
				n++
			}
		}
	}
	if n < 10 || n > 24 {
		t.Errorf("package client has %d options: want at most 24", n)
	}
}

// firstMet are the names that a reader meets first; each has an example.
var firstMet = map[string][]string{
	"client": {"Client_Converse", "Client_ConverseStream", "ConverseResponse_ToolUses", "Image", "OutputConfig", "Family_Result", "Client_ApplyGuardrail",
		"WithTransport", "WithRecorder", "Client_Do", "Client_Stream", "Client_Models", "Error", "Extra", "Lint", "Family"},
	"client/bedrocktest": {"Server"},
	"client/operation":   {"Match"},
	"eventstream":        {"Decoder_All", "Append", "FormatError"},
	"sigv4":              {"Signer_Sign", "Signer_Presign", "Signer_Verify", "Credentials"},
	"sigv4/credentials":  {"Cache"},
}

func TestExamples(t *testing.T) {
	for pkg, names := range firstMet {
		have := map[string]bool{}
		tests, err := filepath.Glob(filepath.Join("..", "..", pkg, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range tests {
			for _, d := range parsed(t, file).Decls {
				if f, ok := d.(*ast.FuncDecl); ok {
					have[f.Name.Name] = true
				}
			}
		}
		for _, name := range names {
			if !have["Example"+name] {
				t.Errorf("%s: no example of %s", pkg, name)
			}
		}
	}
}

// libraries are the files of the packages that others may import.
func libraries(t *testing.T) map[string][]*ast.File {
	t.Helper()
	all := map[string][]*ast.File{}
	for pkg := range arrows {
		if strings.HasPrefix(pkg, "cmd/") || strings.HasPrefix(pkg, "testdata/") {
			continue
		}
		files, err := filepath.Glob(filepath.Join("..", "..", pkg, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				all[pkg] = append(all[pkg], parsed(t, file))
			}
		}
	}
	if len(all) < 5 {
		t.Fatalf("only the packages %v were seen", slices.Sorted(maps.Keys(all)))
	}
	return all
}

func parsed(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// exported gives the exported names that a declaration makes, and whether each
// has a comment.
func exported(d ast.Decl) map[string]bool {
	names := map[string]bool{}
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && receiver(d) != "" {
			names[strings.TrimPrefix(receiver(d)+"."+d.Name.Name, "func.")] = d.Doc != nil
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					names[s.Name.Name] = d.Doc != nil || s.Doc != nil
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() {
						names[n.Name] = d.Doc != nil || s.Doc != nil || s.Comment != nil
					}
				}
			}
		}
	}
	return names
}

// receiver is the type of a method, "func" for a function, and empty for the
// methods that nobody sees or that say what everybody knows.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return "func"
	}
	known := []string{"Error", "Unwrap", "Is", "String", "GoString", "Format", "LogValue", "MarshalText", "MarshalJSON", "UnmarshalJSON", "RoundTrip", "ServeHTTP"}
	if slices.Contains(known, d.Name.Name) {
		return ""
	}
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok && id.IsExported() {
		return id.Name
	}
	return ""
}
