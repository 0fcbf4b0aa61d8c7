package interop

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestGuide runs the code of IBM's page "Using Python" with IBM's SDK for
// Python, for each way to sign in.
func TestGuide(t *testing.T) {
	bin := pythonTools.path(t)
	c := startCOS(t)
	for _, mode := range []string{"iam", "hmac-v4", "hmac-v2", "file", "file-iam"} {
		t.Run(mode, func(t *testing.T) {
			home := t.TempDir()
			switch mode {
			case "file":
				writeHome(t, home, credentialFile(t, c))
			case "file-iam":
				writeHome(t, home, withoutHMAC(t, credentialFile(t, c)))
			}
			guide(t, bin, home, mode, c)
		})
	}
}

func TestGuideOverTLS(t *testing.T) {
	bin := pythonTools.path(t)
	c := startTLS(t)
	for _, mode := range []string{"iam", "hmac-v4"} {
		t.Run(mode, func(t *testing.T) { guide(t, bin, t.TempDir(), mode, c) })
	}
}

// TestResources uses all that the resources of IBM's SDK for Python have.
func TestResources(t *testing.T) {
	bin := pythonTools.path(t)
	c := startTLS(t)
	env := append(cleanEnv(t.TempDir()), append(c.trust(), "PYTHONDONTWRITEBYTECODE=1")...)
	out, err := run(t, env, nil, filepath.Join(bin, "python"), "python/resources.py", c.url, c.credentialFile)
	if err != nil {
		t.Fatalf("%s\n%v", out, err)
	}
	if !bytes.HasPrefix(out, []byte("resources: ")) {
		t.Errorf("it did not run to its end:\n%s", out)
	}
}

func guide(t *testing.T, bin, home, mode string, c *cos) {
	t.Helper()
	env := append(cleanEnv(home), append(c.trust(), "PYTHONDONTWRITEBYTECODE=1")...)
	out, err := run(t, env, nil, filepath.Join(bin, "python"), "python/guide.py",
		mode, c.url, c.credentialFile, "testdata/using-python.py")
	if err != nil {
		t.Fatalf("%s\n%v", out, err)
	}
	if want := []byte("guide " + mode + ": "); !bytes.Contains(out, want) {
		t.Errorf("the guide did not run to its end:\n%s", out)
	}
}

func credentialFile(t *testing.T, c *cos) []byte {
	t.Helper()
	b, err := os.ReadFile(c.credentialFile)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// writeHome puts a credential where IBM's SDKs look for it.
func writeHome(t *testing.T, home string, credential []byte) {
	t.Helper()
	dir := filepath.Join(home, ".bluemix")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cos_credentials"), credential, 0o600); err != nil {
		t.Fatal(err)
	}
}

// withoutHMAC is the credential as COS issues it when nobody asked for HMAC
// keys.
func withoutHMAC(t *testing.T, credential []byte) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(credential, &doc); err != nil {
		t.Fatal(err)
	}
	delete(doc, "cos_hmac_keys")
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
