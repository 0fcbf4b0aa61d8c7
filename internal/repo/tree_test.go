package repo

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// module is the import path of the root module.
const module = "github.com/icos-go/icos"

// skipped are directories that hold nothing of ours: version control, and
// what tools cache or download.
var skipped = []string{".git", ".cache", "node_modules", "__pycache__"}

// files returns the slash-separated path, relative to the root of the
// repository, of every regular file that we wrote.
var files = sync.OnceValues(func() ([]string, error) {
	var list []string
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(skipped, d.Name()):
			return fs.SkipDir
		case d.Type().IsRegular():
			list = append(list, name)
		}
		return nil
	})
	return list, err
})

// root is the root of the repository as seen from this package, which is
// where go test runs.
const root = "../.."

func listFiles(t *testing.T) []string {
	t.Helper()
	list, err := files()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 10 {
		t.Fatalf("found %d files: the walk does not see the repository", len(list))
	}
	return list
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// readText returns the lines of a file, or nil if it is not text.
func readText(t *testing.T, name string) []string {
	t.Helper()
	b := read(t, name)
	if !utf8.Valid(b) || slices.Contains(b, 0) {
		return nil
	}
	return strings.Split(string(b), "\n")
}

// source is one parsed Go file of the root module.
type source struct {
	name string // path from the root of the repository
	pkg  string // directory: "." for the root package
	ast  *ast.File
	fset *token.FileSet
}

func (s *source) test() bool { return strings.HasSuffix(s.name, "_test.go") }

// imports returns the unquoted import paths of the file.
func (s *source) imports() []string {
	var list []string
	for _, spec := range s.ast.Imports {
		list = append(list, strings.Trim(spec.Path.Value, "`\""))
	}
	return list
}

// sources returns every Go file of the root module, whatever system it is built
// for. Nested modules and testdata are left out.
func sources(t *testing.T) []*source {
	t.Helper()
	list, err := parse()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var parse = sync.OnceValues(func() ([]*source, error) {
	list, err := files()
	if err != nil {
		return nil, err
	}
	var nested []string
	for _, name := range list {
		if dir, file := path.Split(name); file == "go.mod" && dir != "" {
			nested = append(nested, dir)
		}
	}
	foreign := func(name string) bool {
		return slices.ContainsFunc(nested, func(dir string) bool { return strings.HasPrefix(name, dir) }) ||
			strings.Contains("/"+name, "/testdata/")
	}
	var parsed []*source
	for _, name := range list {
		if path.Ext(name) != ".go" || foreign(name) {
			continue
		}
		src, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, &source{name: name, pkg: path.Dir(name), ast: f, fset: fset})
	}
	return parsed, nil
})
