package interop

import (
	"bytes"
	"path/filepath"
	"testing"
)

// TestIBMNodeSDK runs node/scenario.js with IBM's SDK for Node.
func TestIBMNodeSDK(t *testing.T) {
	modules := nodeModules.path(t)
	script, err := filepath.Abs("node/scenario.js")
	if err != nil {
		t.Fatal(err)
	}
	c := startCOS(t)
	for _, mode := range []string{"iam", "hmac"} {
		t.Run(mode, func(t *testing.T) {
			env := append(cleanEnv(t.TempDir()), "NODE_PATH="+modules)
			out, err := run(t, env, nil, "node", script, mode, c.url, c.credentialFile)
			if err != nil {
				t.Fatalf("%s\n%v", out, err)
			}
			if want := []byte("scenario " + mode + ": "); !bytes.Contains(out, want) {
				t.Errorf("the scenario did not run to its end:\n%s", out)
			}
		})
	}
}
