package ascp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// A Program is an ascp that runs.
type Program struct {
	Path    string
	Version string // as it says itself, its first line
	Key     string // path of a key by which servers let in those who have a token; "" if there is none
}

// ErrNotFound says that there is no program in any of the usual places.
var ErrNotFound = errors.New("ascp is not installed")

// versionTimeout is how long the program may take to say what it is.
const versionTimeout = 10 * time.Second

// Find looks for the program, in path or, if that is empty, in PATH and where IBM's
// installers put it, and has it say its version.
func Find(ctx context.Context, path string) (*Program, error) {
	if path != "" {
		return ask(ctx, path)
	}
	var errs []error
	for _, name := range places() {
		found, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		p, err := ask(ctx, found)
		if err == nil {
			return p, nil
		}
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return nil, ErrNotFound
}

// places are where the program may be, the most likely ones first.
func places() []string {
	home, err := os.UserHomeDir()
	in := func(dir ...string) string { return filepath.Join(append(dir, "ascp")...) }
	list := []string{"ascp"}
	if sdk := os.Getenv("ASPERA_SDK_PATH"); sdk != "" {
		list = append(list, in(sdk), in(sdk, "bin"))
	}
	if err == nil {
		list = append(list,
			in(home, ".aspera", "sdk"), in(home, ".aspera", "ascli", "sdk"), in(home, ".aspera_sdk", "bin"),
			in(home, ".aspera", "connect", "bin"), in(home, ".aspera", "cli", "bin"))
	}
	switch runtime.GOOS {
	case "darwin":
		list = append(list, in("/Library", "Aspera", "bin"))
		if err == nil {
			list = append(list,
				in(home, "Applications", "Aspera Connect.app", "Contents", "Resources"),
				in(home, "Applications", "Aspera CLI", "bin"))
		}
	case "windows":
		for _, root := range []string{os.Getenv("ProgramFiles"), os.Getenv("ProgramFiles(x86)")} {
			if root != "" {
				list = append(list,
					in(root, "Aspera", "Aspera Connect", "bin"), in(root, "Aspera", "Enterprise Server", "bin"),
					in(root, "Aspera", "Point-to-Point", "bin"))
			}
		}
	}
	return append(list, in("/opt", "aspera", "bin"))
}

// ask has a program say its version.
func ask(ctx context.Context, path string) (*Program, error) {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "-A")
	cmd.WaitDelay = time.Second
	out := new(tail)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = Environ()
	err := cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("it did not answer within %v", versionTimeout)
	}
	if err != nil {
		return nil, fmt.Errorf("ask %s for its version: %w", path, err)
	}
	version, _, _ := strings.Cut(strings.TrimSpace(out.String()), "\n")
	return &Program{Path: path, Version: strings.TrimSpace(version), Key: keyBeside(path)}, nil
}

// keyBeside finds the key that comes with a program for sessions with a token.
func keyBeside(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	dir := filepath.Dir(path)
	for _, etc := range []string{filepath.Join(dir, "..", "etc"), dir} {
		for _, name := range []string{"aspera_tokenauth_id_rsa", "aspera_bypass_rsa.pem", "asperaweb_id_dsa.openssh"} {
			key := filepath.Join(etc, name)
			if info, err := os.Stat(key); err == nil && info.Mode().IsRegular() {
				return key
			}
		}
	}
	return ""
}

// Environ returns the environment of processes: ours, without what is for ascp from
// somebody else, or secret and none of its business.
func Environ() []string {
	var env []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		name = strings.ToUpper(name)
		secret := false
		for _, prefix := range []string{"ASPERA_SCP_", "ASPERA_PROXY_PASS", "ASPERA_SRC_PASS", "ASPERA_DST_PASS", "ICOS_", "IBM_", "IBMCLOUD_", "IC_", "AWS_", "COS_"} {
			secret = secret || strings.HasPrefix(name, prefix)
		}
		if !secret || name == "ASPERA_SCP_LICENSE" {
			env = append(env, v)
		}
	}
	return env
}
