package icos_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The Go code of these pages is that of the examples and of readme_test.go, which run.
var guide = []string{
	"README.md", "docs/guide/from-python.md", "docs/guide/beyond-python.md", "docs/guide/transfer.md",
	"docs/guide/encryption.md", "docs/guide/errors.md",
}

// marker stands before a block of Go and says where it comes from: a file, and
// the names of the functions and types in it.
var marker = regexp.MustCompile("(?m)^<!-- go: (\\S+) ([^>]+?) -->\n```go\n(?s:.*?)^```\n")

func TestGuideIsCurrent(t *testing.T) {
	used := map[string]bool{}
	for _, page := range guide {
		checkPage(t, page, used)
	}
	sources, err := filepath.Glob("example_*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(sources, "readme_test.go") {
		if !used[name] {
			t.Errorf("none of %s shows %s", strings.Join(guide, ", "), name)
		}
	}
}

// checkPage compares the blocks of Go of a page with their sources, whose names
// it adds to used.
func checkPage(t *testing.T, name string, used map[string]bool) {
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	fresh := marker.ReplaceAllStringFunc(string(page), func(block string) string {
		m := marker.FindStringSubmatch(block)
		used[m[1]] = true
		code, err := extract(m[1], strings.Fields(m[2]))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return block
		}
		return fmt.Sprintf("<!-- go: %s %s -->\n```go\n%s```\n", m[1], m[2], code)
	})
	if fresh == string(page) {
		return
	}
	if *update {
		if err := os.WriteFile(name, []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s is stale; run go test -run TestGuideIsCurrent . -update\n%s", name, cmp.Diff(string(page), fresh))
}

// extract returns the source of top-level declarations of a file.
func extract(file string, names []string) (string, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, file, src, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	var blocks []string
	for _, name := range names {
		decl := find(parsed, name)
		if decl == nil {
			return "", fmt.Errorf("%s does not declare %s", file, name)
		}
		blocks = append(blocks, string(src[fset.Position(decl.Pos()).Offset:fset.Position(decl.End()).Offset])+"\n")
	}
	return strings.Join(blocks, "\n"), nil
}

func find(file *ast.File, name string) ast.Decl {
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil && decl.Name.Name == name {
				return decl
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok && t.Name.Name == name {
					return decl
				}
			}
		}
	}
	return nil
}

// TestExamplesAreChecked holds every example to its output: without an Output
// comment it would compile but not run.
func TestExamplesAreChecked(t *testing.T) {
	files, err := filepath.Glob("example_*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(string(src), "\nfunc Example"); got != 1 {
			t.Errorf("%s has %d examples; one makes it a whole-file example", name, got)
		}
		if !strings.Contains(string(src), "\t// Output:") {
			t.Errorf("%s has no output to check", name)
		}
	}
}
