package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// An sdk makes calls with one of IBM's SDKs. Operations and parameters have the names of the service's model, as in
// "PutObject" and "Bucket"; results have the names of the model, too.
type sdk interface {
	call(op string, params in, page int) answer
}

// in are the parameters of a call.
type in map[string]any

// String is the parameters without what is too long to read.
func (p in) String() string {
	s := show(p)
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return s
}

// An answer is what an SDK made of what the server sent.
type answer struct {
	Status  int    `json:"status"` // 0 if there was no answer
	Out     out    `json:"out"`
	Error   string `json:"error"` // the code; "" for success
	Message string `json:"message"`
}

// answerTime is how long one call may take. Waiters wait for some seconds.
const answerTime = 30 * time.Second

// A foreignSDK is a program in another language that makes a call for each line it reads.
type foreignSDK struct {
	t     *testing.T
	name  string
	in    io.Writer
	lines chan []byte
	log   *output
}

// openForeign starts a program that serves until the test ends.
func openForeign(t *testing.T, env []string, name string, args ...string) sdk {
	t.Helper()
	f := &foreignSDK{t: t, name: filepath.Base(name), lines: make(chan []byte), log: &output{}}
	cmd := exec.Command(name, args...) // outlives the context of t, to end with its input
	cmd.Env = env
	cmd.Stderr = f.log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f.in = stdin
	go func() {
		defer close(f.lines)
		for r := bufio.NewReader(stdout); ; {
			line, err := r.ReadBytes('\n')
			if err != nil {
				return
			}
			f.lines <- line
		}
	}()
	t.Cleanup(func() {
		stdin.Close()
		for range f.lines { // the program ends when its input does
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", cmd, err)
		}
		if t.Failed() {
			t.Logf("%s said:\n%s", f.name, f.log)
		}
	})
	return f
}

func (f *foreignSDK) call(op string, params in, page int) answer {
	f.t.Helper()
	line, err := json.Marshal(map[string]any{"op": op, "in": params, "page": page})
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := f.in.Write(append(line, '\n')); err != nil {
		f.t.Fatalf("%s: %v\n%s", f.name, err, f.log)
	}
	select {
	case line, open := <-f.lines:
		if !open {
			f.t.Fatalf("%s ended at %s\n%s", f.name, op, f.log)
		}
		var a answer
		if err := json.Unmarshal(bytes.TrimSpace(line), &a); err != nil {
			f.t.Fatalf("%s: %v in %s", f.name, err, line)
		}
		return a
	case <-time.After(answerTime):
		f.t.Fatalf("%s did not answer %s within %v\n%s", f.name, line, answerTime, f.log)
		return answer{}
	}
}

func openPython(t *testing.T, c *cos) sdk {
	env := append(cleanEnv(t.TempDir()), append(c.trust(), "PYTHONDONTWRITEBYTECODE=1")...)
	return openForeign(t, env, filepath.Join(pythonTools.path(t), "python"), "python/contract.py", c.url, c.credentialFile)
}

func openNode(t *testing.T, c *cos) sdk {
	modules := nodeModules.path(t)
	script, err := filepath.Abs("node/contract.js")
	if err != nil {
		t.Fatal(err)
	}
	env := append(cleanEnv(t.TempDir()), append(c.trust(), "NODE_PATH="+modules)...)
	return openForeign(t, env, "node", script, c.url, c.credentialFile)
}

// openJava compiles java/*.java with the SDK, and gives the program a trust store, the form of a certificate that Java takes.
func openJava(t *testing.T, c *cos) sdk {
	library := filepath.Join(javaLibrary.path(t), "*")
	classes, store := t.TempDir(), filepath.Join(t.TempDir(), "trust.p12")
	sources, err := filepath.Glob("java/contract/*.java")
	if err != nil {
		t.Fatal(err)
	}
	env := cleanEnv(t.TempDir())
	if _, err := run(t, env, nil, "javac", append([]string{"-nowarn", "-cp", library, "-d", classes}, sources...)...); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, env, nil, "keytool", "-importcert", "-noprompt", "-alias", "cos", "-file", c.caFile,
		"-keystore", store, "-storetype", "PKCS12", "-storepass", "changeit"); err != nil {
		t.Fatal(err)
	}
	return openForeign(t, env, "java", "-Djavax.net.ssl.trustStore="+store, "-Djavax.net.ssl.trustStorePassword=changeit",
		"-Djava.io.tmpdir="+t.TempDir(), "-cp", library+string(filepath.ListSeparator)+classes, "contract.Main", c.url, c.credentialFile)
}

// testFilter is the argument of -run, "" if all tests run.
func testFilter() string {
	if f := flag.Lookup("test.run"); f != nil {
		return f.Value.String()
	}
	return ""
}
