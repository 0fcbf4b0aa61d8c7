package cli_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/icos-go/icos/icostest"
)

// shellBlock is the block of README.md that works with a bucket.
var shellBlock = regexp.MustCompile("(?s)```sh\n(go install [^`]*)```\n")

// TestReadme runs the lines of README.md as they are printed, but for those
// that install the command and start and stop the server.
func TestReadme(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell here:", err)
	}
	root := filepath.Join("..", "..")
	page, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	m := shellBlock.FindStringSubmatch(string(page))
	if m == nil {
		t.Fatal("README.md has no block of shell that begins with go install")
	}
	var script strings.Builder
	verbs := 0
	for line := range strings.Lines(m[1]) {
		switch {
		case strings.HasPrefix(line, "go install "), strings.HasPrefix(line, "icos serve "), strings.HasPrefix(line, "export "):
			continue
		}
		script.WriteString(strings.Replace(line, "&& kill %1", "", 1))
		verbs++
	}
	if verbs < 8 {
		t.Fatalf("README.md shows %d commands: the test does not see them", verbs)
	}

	doc, err := json.Marshal(icostest.NewServer(t).Credential)
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	file := filepath.Join(home, "cos_credentials")
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), sh, "-euc", script.String())
	cmd.Dir = root
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "COS_CREDENTIALS_FILE=" + file}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"made cos://my-bucket", "docs", "# From Python", "removed cos://my-bucket"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output does not hold %q:\n%s", want, out)
		}
	}
}
