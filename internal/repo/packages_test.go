package repo

import (
	"bytes"
	"go/ast"
	"go/format"
	"path"
	"slices"
	"strings"
	"testing"
)

// longest is the number of lines at which a file must be split: a file holds
// one noun.
const longest = 600

func TestPackageDocs(t *testing.T) {
	docs := map[string][]string{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		if docs[s.pkg] == nil {
			docs[s.pkg] = []string{}
		}
		if s.ast.Doc == nil {
			continue
		}
		docs[s.pkg] = append(docs[s.pkg], s.name)
		want := "Package " + s.ast.Name.Name + " "
		if s.ast.Name.Name == "main" {
			want = "Command " + path.Base(s.pkg) + " "
		}
		if !strings.HasPrefix(strings.ReplaceAll(s.ast.Doc.Text(), "\n", " "), want) {
			t.Errorf("%s: the package comment does not begin with %q", s.name, want)
		}
	}
	for pkg, names := range docs {
		if len(names) != 1 {
			t.Errorf("package %s has %d package comments, want 1: %v", pkg, len(names), names)
		}
	}
}

func TestExportedThingsAreDocumented(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		missing := func(n ast.Node, name string) {
			t.Errorf("%s: %s has no comment", s.fset.Position(n.Pos()), name)
		}
		for _, decl := range s.ast.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) && !familiar[d.Name.Name] {
					missing(d, d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch sp := spec.(type) {
					case *ast.TypeSpec:
						if sp.Name.IsExported() && d.Doc == nil && sp.Doc == nil {
							missing(sp, sp.Name.Name)
						}
					case *ast.ValueSpec:
						if exported(sp.Names) && d.Doc == nil && sp.Doc == nil && sp.Comment == nil {
							missing(sp, sp.Names[0].Name)
						}
					}
				}
			}
		}
	}
}

// familiar are methods of the standard library's interfaces, which say all
// there is to say.
var familiar = map[string]bool{"Error": true, "Unwrap": true, "Format": true, "LogValue": true}

func exported(names []*ast.Ident) bool {
	return slices.ContainsFunc(names, (*ast.Ident).IsExported)
}

// exportedReceiver reports whether f is a function, or a method of a type
// that other packages can name.
func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if generic, ok := typ.(*ast.IndexExpr); ok {
		typ = generic.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

func TestNoInit(t *testing.T) {
	for _, s := range sources(t) {
		for _, decl := range s.ast.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: init runs before anyone asked for it", s.fset.Position(f.Pos()))
			}
		}
	}
}

func TestFormatted(t *testing.T) {
	for _, name := range listFiles(t) {
		if path.Ext(name) != ".go" || strings.Contains("/"+name, "/testdata/") {
			continue
		}
		src := read(t, name)
		want, err := format.Source(src)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !bytes.Equal(src, want) {
			t.Errorf("%s is not formatted; run gofumpt -w on it", name)
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	for _, name := range listFiles(t) {
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if n := bytes.Count(read(t, name), []byte("\n")); n > longest {
			t.Errorf("%s has %d lines, more than %d: it holds more than one noun", name, n, longest)
		}
	}
}

func TestTLSIsAlwaysVerified(t *testing.T) {
	for _, s := range sources(t) {
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && id.Name == "InsecureSkipVerify" {
				t.Errorf("%s: verification has no off switch; tests bring a root certificate", s.fset.Position(id.Pos()))
			}
			return true
		})
	}
}
