package repo

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/internal/cli"
	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/server/s3api"
)

var update = flag.Bool("update", false, "rewrite docs/guide/api.md")

const apiPage = "docs/guide/api.md"

// TestAPIPageIsCurrent makes the table of all operations from what there is: the server's routes, the client's methods, the handles,
// the commands, and the tests that call the methods. An operation that one of them lacks fails.
func TestAPIPageIsCurrent(t *testing.T) {
	page := string(read(t, apiPage))
	begin, end := "<!-- operations -->\n", "<!-- end of operations -->\n"
	head, rest, ok := strings.Cut(page, begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no %q and %q around the table", apiPage, begin, end)
	}
	fresh := head + begin + apiTable(t) + end + tail
	if fresh == page {
		return
	}
	if *update {
		if err := os.WriteFile(filepath.Join(root, apiPage), []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s is stale; run go test -run TestAPIPageIsCurrent ./internal/repo -update\n%s", apiPage, cmp.Diff(page, fresh))
}

func apiTable(t *testing.T) string {
	methods := methodsOf(reflect.TypeFor[*s3.Client]())
	client, handles, contract := callers(t, clientTests), callers(t, handleTests), callers(t, contractDir)
	commands := map[string]bool{}
	seen := map[string]bool{}
	var b strings.Builder
	b.WriteString("| operation | request | s3.Client | handle | command | server | tested by | with IBM's SDKs by |\n|---|---|---|---|---|---|---|---|\n")
	for _, op := range s3api.Operations() {
		if !op.Offered {
			continue
		}
		seen[op.Name] = true
		hand := byHand[op.Name]
		method := methods[strings.ToLower(alias(op.Name))]
		if method == "" {
			t.Errorf("%s has no method in s3.Client", op.Name)
		}
		by := prefix("s3.", client[method])
		for _, h := range hand.handles {
			_, name, _ := strings.Cut(h, ".")
			by = append(by, prefix("icos.", handles[name])...)
		}
		sdks := contract[op.Name]
		if len(sdks) == 0 && op.Name != "PostObject" { // which browsers do, and no SDK
			t.Errorf("%s: no section of the contract with IBM's SDKs asks for it", op.Name)
		}
		if len(by) == 0 {
			t.Errorf("%s: no test calls %s or a handle that does it", op.Name, method)
		}
		for _, h := range hand.handles {
			if !hasMethod(h) {
				t.Errorf("%s: there is no %s", op.Name, h)
			}
		}
		for _, c := range hand.commands {
			if !commands[c] && !hasCommand(c) {
				t.Errorf("%s: there is no command icos %s", op.Name, c)
			}
			commands[c] = true
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s | ✓ | %s | %s |\n", op.Name, op.Request, code(method), code(hand.handles...), code(prefix("icos ", hand.commands)...),
			code(by[:min(2, len(by))]...), code(sdks[:min(2, len(sdks))]...))
	}
	for name := range byHand {
		if !seen[name] {
			t.Errorf("byHand names %s, which is no operation that the server offers", name)
		}
	}
	b.WriteString("\nWhat IBM does not offer is answered 501 `NotImplemented`, by name:\n")
	var missing []string
	for _, op := range s3api.Operations() {
		if !op.Offered && !slices.Contains(missing, op.Name) {
			missing = append(missing, op.Name)
		}
	}
	b.WriteString(strings.Join(missing, ", ") + ".\n")
	return b.String()
}

// alias is the name of the method for an operation where the two differ by more than case.
func alias(operation string) string {
	if a, found := map[string]string{
		"GetBucketLifecycleConfiguration": "GetBucketLifecycle",
		"PutBucketLifecycleConfiguration": "PutBucketLifecycle",
	}[operation]; found {
		return a
	}
	return operation
}

func methodsOf(typ reflect.Type) map[string]string {
	methods := map[string]string{}
	for i := range typ.NumMethod() {
		name := typ.Method(i).Name
		methods[strings.ToLower(name)] = name
	}
	return methods
}

var handleTypes = map[string]reflect.Type{
	"Client": reflect.TypeFor[*icos.Client](),
	"Bucket": reflect.TypeFor[*icos.Bucket](),
	"Object": reflect.TypeFor[*icos.Object](),
	"Upload": reflect.TypeFor[*icos.Upload](),
}

func hasMethod(handle string) bool {
	name, method, _ := strings.Cut(handle, ".")
	typ := handleTypes[name]
	if typ == nil {
		return false
	}
	_, found := typ.MethodByName(method)
	return found
}

// hasCommand asks the command itself, whose help names it.
func hasCommand(words string) bool {
	var out bytes.Buffer
	code := cli.Main(append(strings.Fields(words), "--help"), strings.NewReader(""), &out, &out)
	return code == 0 && strings.Contains(out.String(), "icos "+words)
}

// Where tests of operations are: of the methods of s3.Client, of the handles in package icos, and the contract with IBM's SDKs.
const (
	clientTests   = "s3"
	handleTests   = "."
	contractDir   = "interop"
	contractFiles = "contract"
)

// callers lists, for each name of a method or an operation, the tests in a directory that call a method of that name or, in the
// contract, name the operation as a string.
func callers(t *testing.T, dir string) map[string][]string {
	all := map[string][]string{}
	add := func(name, test string) {
		if !slices.Contains(all[name], test) {
			all[name] = append(all[name], test)
		}
	}
	for _, name := range listFiles(t) {
		if !strings.HasSuffix(name, "_test.go") || path.Dir(name) != dir {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					if s, ok := n.Fun.(*ast.SelectorExpr); ok && isTest(f.Name.Name) {
						add(s.Sel.Name, f.Name.Name)
					}
				case *ast.BasicLit:
					if n.Kind == token.STRING && strings.HasPrefix(path.Base(name), contractFiles) {
						add(strings.Trim(n.Value, `"`), f.Name.Name)
					}
				}
				return true
			})
		}
	}
	return all
}

func isTest(name string) bool {
	return strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Example")
}

func code(words ...string) string {
	var quoted []string
	for _, w := range words {
		if w != "" {
			quoted = append(quoted, "`"+w+"`")
		}
	}
	return strings.Join(quoted, ", ")
}

func prefix(p string, words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = p + w
	}
	return out
}
