package interop

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// cache is where tools are installed; it is kept between runs.
const cache = ".cache"

// fetchTime bounds the installation of one tool, its download included.
const fetchTime = 15 * time.Minute

// unavailable skips a test whose tool cannot be had here. In CI, where
// ICOS_INTEROP is "required", that is a failure: a judge who stays at home
// finds nobody guilty.
func unavailable(t *testing.T, tool string, err error) {
	t.Helper()
	if os.Getenv("ICOS_INTEROP") == "required" {
		t.Fatalf("%s cannot be had: %v", tool, err)
	}
	t.Skipf("%s cannot be had, so it was not asked: %v", tool, err)
}

// A tool is something to install once for all tests.
type tool struct {
	name    string
	install func() (path string, err error)
}

func newTool(name string, install func() (string, error)) *tool {
	return &tool{name, sync.OnceValues(install)}
}

// path installs the tool if need be, and returns where it is.
func (tl *tool) path(t *testing.T) string {
	t.Helper()
	path, err := tl.install()
	if err != nil {
		unavailable(t, tl.name, err)
	}
	return path
}

var (
	icosCommand = newTool("icos", buildIcos)
	pythonTools = newTool("the Python environment", installPython)
	nodeModules = newTool("IBM's Node SDK", installNode)
	javaLibrary = newTool("IBM's Java SDK", installJava)
	rclone      = newTool("rclone", func() (string, error) {
		return installGo("github.com/rclone/rclone", "v1.76.0")
	})
	versitygw = newTool("versitygw", func() (string, error) {
		return installGo("github.com/versity/versitygw/cmd/versitygw", "v1.8.0")
	})
)

// buildIcos builds the command from the sources beside this module.
func buildIcos() (string, error) {
	path, err := filepath.Abs(filepath.Join(cache, "bin", "icos"))
	if err != nil {
		return "", err
	}
	return path, fetch("..", nil, "go", "build", "-o", path, "./cmd/icos")
}

// installGo builds a command of another module, with the dependencies that its
// authors chose.
func installGo(pkg, version string) (string, error) {
	dir, err := filepath.Abs(filepath.Join(cache, filepath.Base(pkg)+"@"+version))
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, filepath.Base(pkg))
	return path, once(dir, func(dir string) error {
		return fetch(dir, []string{"GOBIN=" + dir, "GOFLAGS="}, "go", "install", "-ldflags=-s -w", pkg+"@"+version)
	})
}

// installPython returns the directory of the environment's commands. It is made
// anew when requirements.txt changes.
func installPython() (string, error) {
	dir, err := stamped("python", "python/requirements.txt")
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "bin"), once(dir, func(dir string) error {
		if err := fetch(".", nil, "python3", "-m", "venv", dir); err != nil {
			return err
		}
		return fetch(".", nil, filepath.Join(dir, "bin", "python"), "-m", "pip", "install",
			"--quiet", "--disable-pip-version-check", "--no-input", "-r", "python/requirements.txt")
	})
}

// installNode returns the node_modules directory. It is made anew when
// package-lock.json changes.
func installNode() (string, error) {
	dir, err := stamped("node", "node/package-lock.json")
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "node_modules"), once(dir, func(dir string) error {
		for _, name := range []string{"package.json", "package-lock.json"} {
			b, err := os.ReadFile(filepath.Join("node", name))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
				return err
			}
		}
		return fetch(dir, nil, "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
	})
}

// installJava returns the directory of the libraries that Scenario.java needs.
func installJava() (string, error) {
	dir, err := stamped("java", "java/pom.xml")
	if err != nil {
		return "", err
	}
	return dir, once(dir, func(dir string) error {
		return fetch(".", nil, "mvn", "--quiet", "--batch-mode", "--file", "java/pom.xml",
			"dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+dir)
	})
}

// stamped returns the directory in the cache for what file describes.
func stamped(name, file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	return filepath.Abs(filepath.Join(cache, fmt.Sprintf("%s-%x", name, sha256.Sum256(b))[:len(name)+9]))
}

// once runs install with an empty directory dir, unless an earlier run did so
// with success. A mark tells, because installations that were cut short look
// finished.
func once(dir string, install func(dir string) error) error {
	mark := filepath.Join(dir, ".installed")
	if _, err := os.Stat(mark); err == nil {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := install(dir); err != nil {
		return err
	}
	return os.WriteFile(mark, nil, 0o644)
}

// fetch runs a command that may use package registries.
func fetch(dir string, env []string, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", cmd, err), errors.New(string(bytes.TrimSpace(out))))
	}
	return nil
}
