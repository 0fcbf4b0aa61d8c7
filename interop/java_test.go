package interop

import (
	"bytes"
	"path/filepath"
	"testing"
)

// TestIBMJavaSDK runs java/Scenario.java with IBM's SDK for Java.
func TestIBMJavaSDK(t *testing.T) {
	library := javaLibrary.path(t)
	c := startCOS(t)
	for _, mode := range []string{"iam", "hmac"} {
		t.Run(mode, func(t *testing.T) {
			out, err := run(t, cleanEnv(t.TempDir()), nil, "java", "-Djava.io.tmpdir="+t.TempDir(),
				"-cp", filepath.Join(library, "*"), "java/Scenario.java", mode, c.url, c.credentialFile)
			if err != nil {
				t.Fatalf("%s\n%v", out, err)
			}
			if want := []byte("scenario " + mode + ": "); !bytes.Contains(out, want) {
				t.Errorf("the scenario did not run to its end:\n%s", out)
			}
		})
	}
}
