package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// layoutVersion is the version of the data directory as a whole. A directory of a greater version is refused.
const layoutVersion = 1

const layoutPrefix = "icos store "

// openLayout makes dir, locks it for this process, and checks its version. The function returned unlocks it.
func openLayout(fsys vfs.FS, dir string) (unlock func() error, err error) {
	if err := makeFolder(fsys, dir); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	pidFile := fsys.PathJoin(dir, "PID")
	lock, err := fsys.Lock(fsys.PathJoin(dir, "LOCK"))
	if err != nil {
		return nil, lockError(fsys, pidFile, err)
	}
	defer func() {
		if err != nil {
			_ = lock.Close()
		}
	}()
	if err := writeFile(fsys, dir, "PID", strconv.Itoa(os.Getpid())); err != nil {
		return nil, err
	}
	if err := checkLayout(fsys, dir); err != nil {
		return nil, err
	}
	return lock.Close, nil
}

// makeFolder makes a folder and its parents so that they survive power loss.
func makeFolder(fsys vfs.FS, dir string) error {
	info, err := fsys.Stat(dir)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%s is not a directory", dir)
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := fsys.PathDir(dir)
	if parent == dir {
		return fmt.Errorf("%s: %w", dir, fs.ErrNotExist)
	}
	if err := makeFolder(fsys, parent); err != nil {
		return err
	}
	if err := fsys.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncFolder(fsys, parent)
}

func lockError(fsys vfs.FS, pidFile string, err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) && errno != syscall.EAGAIN {
		return fmt.Errorf("lock data directory: %w", err)
	}
	pid, rerr := readFile(fsys, pidFile)
	if rerr != nil {
		pid = "unknown"
	}
	return fmt.Errorf("%w by another icos serve (pid %s); stop it or choose another directory", ErrInUse, pid)
}

func checkLayout(fsys vfs.FS, dir string) error {
	text, err := readFile(fsys, fsys.PathJoin(dir, "FORMAT"))
	if errors.Is(err, fs.ErrNotExist) {
		return writeFile(fsys, dir, "FORMAT", layoutPrefix+strconv.Itoa(layoutVersion))
	}
	if err != nil {
		return err
	}
	n, ok := strings.CutPrefix(text, layoutPrefix)
	version, err := strconv.Atoi(n)
	if !ok || err != nil {
		return fmt.Errorf("file FORMAT does not say %q and a number", layoutPrefix)
	}
	if version > layoutVersion {
		return fmt.Errorf("%w: version %d, this icos reads up to %d; use a newer icos", ErrNewerLayout, version, layoutVersion)
	}
	return nil
}

// readFile returns the text of a small file without the space around it.
func readFile(fsys vfs.FS, name string) (string, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 4096))
	return strings.TrimSpace(string(text)), err
}

// writeFile writes a small file that appears whole, by rename, and survives power loss.
func writeFile(fsys vfs.FS, dir, name, text string) error {
	tmp := fsys.PathJoin(dir, name+".tmp")
	f, err := fsys.Create(tmp, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text+"\n")
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = fsys.Rename(tmp, fsys.PathJoin(dir, name))
	}
	if err == nil {
		err = syncFolder(fsys, dir)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func syncFolder(fsys vfs.FS, dir string) error {
	d, err := fsys.OpenDir(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}
