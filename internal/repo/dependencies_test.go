package repo

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

type dependency struct {
	path  string
	users []string
	why   string
}

func dependencies(t *testing.T) []dependency {
	t.Helper()
	var deps []dependency
	for _, line := range readText(t, "internal/repo/dependencies.txt") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		col := strings.Split(line, " | ")
		if len(col) != 3 {
			t.Fatalf("dependencies.txt: %q has %d columns, want module | packages | reason", line, len(col))
		}
		deps = append(deps, dependency{col[0], strings.Split(col[1], ", "), col[2]})
	}
	return deps
}

func TestDependenciesAreListed(t *testing.T) {
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("read go.mod: %v", err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
		Replace []struct{ Old struct{ Path string } }
		Tool    []struct{ Path string }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Replace {
		t.Errorf("go.mod replaces %s: those who depend on icos would not see it", r.Old.Path)
	}
	for _, tool := range mod.Tool {
		t.Errorf("go.mod has the tool %s: its dependencies become everybody's", tool.Path)
	}
	deps := dependencies(t)
	var required []string
	for _, r := range mod.Require {
		if r.Indirect {
			continue
		}
		required = append(required, r.Path)
		if !slices.ContainsFunc(deps, func(d dependency) bool { return d.path == r.Path }) {
			t.Errorf("go.mod requires %s, which internal/repo/dependencies.txt does not explain", r.Path)
		}
	}
	for _, d := range deps {
		if !slices.Contains(required, d.path) {
			t.Errorf("dependencies.txt explains %s, which go.mod does not require", d.path)
		}
		if len(d.why) < 10 {
			t.Errorf("dependencies.txt: %s: %q is no reason", d.path, d.why)
		}
	}
}

func TestDependenciesAreImportedWhereAllowed(t *testing.T) {
	deps := dependencies(t)
	for _, s := range sources(t) {
		for _, imp := range s.imports() {
			first, _, _ := strings.Cut(imp, "/")
			if _, ours := local(imp); ours || !strings.Contains(first, ".") {
				continue
			}
			user := s.pkg
			if s.test() {
				user = "tests"
			}
			i := slices.IndexFunc(deps, func(d dependency) bool {
				return imp == d.path || strings.HasPrefix(imp, d.path+"/")
			})
			if i < 0 {
				t.Errorf("%s imports %s, which is no listed dependency", s.name, imp)
			} else if !slices.Contains(deps[i].users, user) && !slices.Contains(deps[i].users, s.pkg) {
				t.Errorf("%s imports %s, which is for %v", s.name, imp, deps[i].users)
			}
		}
	}
}
