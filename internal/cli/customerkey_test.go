package cli_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/internal/cli"
)

// TestCustomerKeyOfResumedUpload has an upload fail that was begun with a key, and goes on with it: without the key that is refused,
// and the hint says what to do.
func TestCustomerKeyOfResumedUpload(t *testing.T) {
	var refuse atomic.Bool
	srv := icostest.NewServer(t, &icostest.Options{Wrap: func(cos http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("partNumber") == "2" && refuse.Load() {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			cos.ServeHTTP(w, r)
		})
	}})
	dir := t.TempDir()
	doc, err := json.Marshal(srv.Credential)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"cos_credentials": doc, "big": cli.Pattern("12000000"),
		"key": cli.Pattern("32"), "other": cli.Pattern("64")[32:],
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	icos := func(want int, args ...string) string {
		t.Helper()
		cmd := exec.Command("icos", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_STATE_HOME=", "ICOS_ENDPOINT="+srv.URL, "COS_CREDENTIALS_FILE="+filepath.Join(dir, "cos_credentials"))
		out, _ := cmd.CombinedOutput() // what it ended with is looked at
		if got := cmd.ProcessState.ExitCode(); got != want {
			t.Fatalf("icos %s ended with %d, want %d:\n%s", strings.Join(args, " "), got, want, out)
		}
		return string(out)
	}
	cp := []string{"cp", "--threshold", "5MiB", "--part-size", "5MiB", "--connections", "1", "big", "cos://vault/"}
	icos(0, "mb", "cos://vault")
	refuse.Store(true)
	icos(6, append(cp, "--sse-c-key-file", "key")...)
	refuse.Store(false)
	for _, args := range [][]string{cp, append(cp, "--sse-c-key-file", "other")} {
		out := icos(7, args...)
		for _, want := range []string{"begun with another customer key: MD5 ", "hint: --sse-c-key-file, or ICOS_SSE_C_KEY, gives the key that it was begun with; icos jobs rm"} {
			if !strings.Contains(out, want) {
				t.Errorf("%q is not in:\n%s", want, out)
			}
		}
	}
	if out := icos(0, "jobs", "resume", "--all"); !strings.Contains(out, "resumed: 5.0 MiB") {
		t.Errorf("icos jobs resume did not go on:\n%s", out)
	}
	icos(0, "cp", "--sse-c-key-file", "key", "cos://vault/big", "back")
	if got, err := os.ReadFile(filepath.Join(dir, "back")); err != nil || string(got) != string(cli.Pattern("12000000")) {
		t.Errorf("came back as %d bytes, %v", len(got), err)
	}
}
