package control

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Dir returns the directory for sockets: icos in runtimeDir, which is what
// XDG_RUNTIME_DIR says, or run in stateDir if runtimeDir is empty or is not the
// user's own, as after sudo. It returns "" if both are empty. Nothing is made.
func Dir(runtimeDir, stateDir string) string {
	if filepath.IsAbs(runtimeDir) {
		if info, err := os.Stat(runtimeDir); err == nil && info.IsDir() && owned(info) {
			return filepath.Join(runtimeDir, "icos")
		}
	}
	if stateDir == "" {
		return ""
	}
	return filepath.Join(stateDir, "run")
}

// private checks that only this user can enter dir, so that whoever answers on
// a socket in it is this user, and whoever calls is too.
func private(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s is not a directory", dir)
	case !owned(info):
		return fmt.Errorf("%s belongs to another user: %w", dir, fs.ErrPermission)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%s can be entered by others (mode %04o): chmod 700 it", dir, info.Mode().Perm())
	}
	return nil
}

// makePrivate makes dir, and closes it to others if it is there and is ours.
func makePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if info.IsDir() && owned(info) && info.Mode().Perm() != 0o700 {
		if err := os.Chmod(dir, 0o700); err != nil {
			return err
		}
	}
	return private(dir)
}

// maxPath is how long the path of a socket may be, in bytes: 108 with a NUL at
// its end on Linux and Windows, 104 on macOS and the BSDs.
const maxPath = 103

// shortPath returns a path by which the system takes the socket name in dir. If
// the real one is too long, that is a link in a directory of its own, which
// done removes; a socket made through it stays where it is.
func shortPath(dir, name string) (path string, done func() error, err error) {
	path = filepath.Join(dir, name)
	if len(path) <= maxPath {
		return path, func() error { return nil }, nil
	}
	if runtime.GOOS == "windows" {
		return "", nil, fmt.Errorf("the path of the socket %s is longer than %d bytes", path, maxPath)
	}
	real, err := filepath.Abs(dir)
	if err != nil {
		return "", nil, err
	}
	base := os.TempDir()
	if len(base) > maxPath/2 {
		base = "/tmp"
	}
	temp, err := os.MkdirTemp(base, "icos-")
	if err != nil {
		return "", nil, err
	}
	link := filepath.Join(temp, "d")
	done = func() error { return errors.Join(os.Remove(link), os.Remove(temp)) }
	if err := os.Symlink(real, link); err != nil {
		return "", nil, errors.Join(err, os.Remove(temp))
	}
	return filepath.Join(link, name), done, nil
}
