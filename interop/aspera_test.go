package interop

import (
	"bytes"
	"path/filepath"
	"testing"
)

// TestAsperaManager runs the Aspera manager of IBM's SDK for Python, all of it but
// the closed engine that would move the bytes.
func TestAsperaManager(t *testing.T) {
	bin := pythonTools.path(t)
	for name, start := range map[string]func(*testing.T) *cos{"http": startCOS, "tls": startTLS} {
		t.Run(name, func(t *testing.T) {
			c := start(t)
			env := append(cleanEnv(t.TempDir()), append(c.trust(), "PYTHONDONTWRITEBYTECODE=1")...)
			out, err := run(t, env, nil, filepath.Join(bin, "python"), "python/aspera.py", c.url, c.credentialFile)
			if err != nil {
				t.Fatalf("%s\n%v", out, err)
			}
			if !bytes.Contains(out, []byte("aspera: 7 transfers")) {
				t.Errorf("the replay did not run to its end:\n%s", out)
			}
		})
	}
}
