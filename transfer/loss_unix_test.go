//go:build unix

package transfer_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestOnlyFilesAreReplaced downloads to something that is no file, such as a device.
func TestOnlyFilesAreReplaced(t *testing.T) {
	b := bucket(t, nil)
	put(t, b.Object("a"), []byte("1"))
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := manager(t, b.Client(), nil).Download(t.Context(), b.Object("a"), path).Wait(t.Context()); err == nil {
		t.Error("a pipe was replaced without an error")
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		t.Errorf("the pipe is now %v, %v", info.Mode(), err)
	}
}

// TestPipeIsNoSource: nobody writes to it, and to open it would wait for ever.
func TestPipeIsNoSource(t *testing.T) {
	b := bucket(t, nil)
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	err := manager(t, b.Client(), nil).Upload(t.Context(), path, b.Object("a")).Wait(t.Context())
	if err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("Wait = %v", err)
	}
}
