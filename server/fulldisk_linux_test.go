package server_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// TestRealFullDisk fills a disk of 48 MiB in the midst of 32 writers, and makes room again. The disk is in memory, and mounted in
// a namespace of its own, for which the test runs itself again; where the system does not allow that to users it is skipped.
func TestRealFullDisk(t *testing.T) {
	const variable = "ICOS_TEST_DISK"
	if dir := os.Getenv(variable); dir != "" {
		fillDisk(t, dir)
		return
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestRealFullDisk$", "-test.v")
	cmd.Env = append(os.Environ(), variable+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == noMount:
		t.Skip("mounting is not allowed here")
	case errors.As(err, &exit):
		t.Errorf("%v\n%s", err, out)
	case err != nil:
		t.Skipf("user namespaces are not allowed here: %v", err)
	}
}

// noMount is how the process ends that could not mount a disk.
const noMount = 77

func fillDisk(t *testing.T, dir string) {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=48m"); err != nil {
		os.Exit(noMount)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	data, l := filepath.Join(dir, "data"), newLoad()
	g := newRig(t, data, nil)
	g.write(l, 600, func(uint64) {})
	if len(l.refused) == 0 || len(l.acked) < 30 {
		t.Fatalf("%d writes were refused, %d acknowledged", len(l.refused), len(l.acked))
	}
	for n, code := range l.refused {
		if code != "ServiceUnavailable" {
			t.Errorf("object %d: refused with %s, want ServiceUnavailable", n, code)
		}
	}
	g.check(l, false)
	g.stop()

	g = newRig(t, data, nil) // on a full disk
	g.check(l, false)
	for n := range l.acked {
		if status, _, code := g.do("DELETE", keyOf(n), nil); status != 204 {
			t.Errorf("delete on a full disk = %d %s", status, code)
		}
		delete(l.acked, n)
		if len(l.acked) <= 20 {
			break
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	g.putUntilTaken("after")
	g.stop()
	newRig(t, data, nil).check(l, false)
}
