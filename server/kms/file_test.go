package kms_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/icos-go/icos/server/kms"
)

// inFiles reports whether b, or its base64, stands in a file below dir.
func inFiles(t *testing.T, dir string, b []byte) bool {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, b) || bytes.Contains(content, []byte(base64.StdEncoding.EncodeToString(b))) {
			return true
		}
	}
	return false
}

// TestDamagedState: a state that cannot be read is an error that quotes none of it, and is not replaced.
func TestDamagedState(t *testing.T) {
	g := newRig(t)
	name := filepath.Join(g.dir, "state.json")
	for _, content := range []string{"", "{", `{"version":9}`, `{"version":1,"keys":["secret"]}`} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := kms.New(kms.Config{Dir: g.dir, IAM: g.iam})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", content, err)
		}
		if b, err := os.ReadFile(name); err != nil || string(b) != content {
			t.Errorf("%q became %q, %v", content, b, err)
		}
	}
}

// TestCrashWhileWriting: what an interrupted change has left is erased on the next start.
func TestCrashWhileWriting(t *testing.T) {
	g := newRig(t)
	_, crn := g.First()
	name := filepath.Join(g.dir, "state.json")
	for _, left := range []string{"state.json.123.tmp", "state.json.old"} {
		if err := os.WriteFile(filepath.Join(g.dir, left), []byte("old keys"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g.open()
	if inFiles(t, g.dir, []byte("old keys")) {
		t.Error("old keys are on the disk")
	}
	if err := os.Link(name, name+".old"); err != nil {
		t.Fatal(err)
	}
	g.open() // the crash came before the rename: both names are of the state
	if err := g.Check(crn); err != nil {
		t.Error(err)
	}
}

func TestConcurrentChanges(t *testing.T) {
	g := newRig(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			g.do("POST", "/keys", fmt.Sprintf(`{"resources":[{"name":"k%d"}]}`, i)).want(t, "create", 201, "")
			g.do("GET", "/keys", "").want(t, "list", 200, "")
		})
	}
	wg.Wait()
	g.open()
	if r := g.do("GET", "/keys", ""); len(r.Resources) != 9 {
		t.Errorf("%d keys, want 9", len(r.Resources))
	}
}
