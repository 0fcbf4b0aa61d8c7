package faultfs_test

import (
	"errors"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/icos-go/icos/internal/faultfs"
)

func create(t *testing.T, f *faultfs.FS, name string) vfs.File {
	t.Helper()
	w, err := f.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestNthFailsOnce(t *testing.T) {
	f := faultfs.NewMem()
	boom := errors.New("boom")
	f.Fail(faultfs.Nth(2, func(o faultfs.Op) bool { return o.Kind == faultfs.Write && o.Path == "a" }, boom))
	a, b := create(t, f, "a"), create(t, f, "b")
	for i, want := range []error{nil, boom, nil} {
		if _, err := a.Write([]byte("x")); err != want {
			t.Errorf("write %d of a = %v, want %v", i+1, err, want)
		}
		if _, err := b.Write([]byte("x")); err != nil {
			t.Errorf("write %d of b = %v", i+1, err)
		}
	}
}

func TestFromFailsOn(t *testing.T) {
	f := faultfs.NewMem()
	boom := errors.New("boom")
	a := create(t, f, "a")
	f.Fail(faultfs.From(2, func(o faultfs.Op) bool { return o.Kind == faultfs.Sync }, boom))
	for i, want := range []error{nil, boom, boom} {
		if err := a.Sync(); err != want {
			t.Errorf("sync %d = %v, want %v", i+1, err, want)
		}
	}
	f.Fail(nil)
	if err := a.Sync(); err != nil {
		t.Errorf("sync after the end = %v", err)
	}
}

func TestLimitFillsAndRemovingMakesRoom(t *testing.T) {
	f := faultfs.NewMem()
	f.Limit(10)
	a, b := create(t, f, "a"), create(t, f, "b")
	if n, err := a.Write(make([]byte, 8)); n != 8 || err != nil {
		t.Errorf("first write = %d, %v, want 8", n, err)
	}
	if n, err := b.Write(make([]byte, 8)); n != 2 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("write beyond the limit = %d, %v, want 2, ENOSPC", n, err)
	}
	if err := f.Remove("a"); err != nil {
		t.Fatal(err)
	}
	if n, err := b.Write(make([]byte, 8)); n != 8 || err != nil {
		t.Errorf("write after removal = %d, %v, want 8", n, err)
	}
}

func TestCrashLosesWhatWasNotSynced(t *testing.T) {
	f := faultfs.NewMem()
	a := create(t, f, "a")
	if _, err := a.Write([]byte("synced")); err != nil {
		t.Fatal(err)
	}
	d, err := f.OpenDir("")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(a.Sync(), d.Sync()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Write([]byte(" not")); err != nil {
		t.Fatal(err)
	}
	create(t, f, "b")
	after := f.Crash(0, rand.New(rand.NewPCG(1, 1)))
	if info, err := after.Stat("a"); err != nil || info.Size() != 6 {
		t.Errorf("a after the crash: %v, %v, want 6 bytes", info, err)
	}
	if _, err := after.Stat("b"); err == nil {
		t.Error("b, whose folder was not synced, outlived the crash")
	}
}
