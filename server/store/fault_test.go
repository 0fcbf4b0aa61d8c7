package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/faultfs"
	"github.com/icos-go/icos/server/store"
)

// openMem opens a store on a file system that can fail, with one bucket "b".
func openMem(t *testing.T, o store.Options) (*store.Store, *faultfs.FS) {
	t.Helper()
	fs := faultfs.NewMem()
	o.FS = fs
	s, err := store.Open("/data", &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // after a disk error Close says so
	if err := s.CreateBucket(t.Context(), store.Bucket{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	return s, fs
}

func kindOf(k faultfs.Kind, part string) func(faultfs.Op) bool {
	return func(o faultfs.Op) bool { return o.Kind == k && strings.Contains(o.Path, part) }
}

// TestFileErrorsStoreNothing fails each step of writing a large body in turn.
func TestFileErrorsStoreNothing(t *testing.T) {
	boom := errors.New("boom")
	tests := []struct {
		name  string
		match func(faultfs.Op) bool
		nth   int
	}{
		{"create folder", kindOf(faultfs.Mkdir, "blobs"), 1},
		{"create file", kindOf(faultfs.Create, "blobs"), 1},
		{"first write", kindOf(faultfs.Write, "blobs"), 1},
		{"second write", kindOf(faultfs.Write, "blobs"), 2},
		{"later write", kindOf(faultfs.Write, "blobs"), 5},
		{"sync", kindOf(faultfs.Sync, "blobs"), 3}, // after those of the new folders' parents
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, fs := openMem(t, store.Options{})
			fs.Fail(faultfs.Nth(tt.nth, tt.match, boom))
			body := content(1, 3<<20)
			if _, err := s.Put(t.Context(), "b", "k", bytes.NewReader(body), nil); !errors.Is(err, boom) {
				t.Fatalf("Put = %v, want %v", err, boom)
			}
			if _, err := s.Stat(t.Context(), "b", "k"); !errors.Is(err, store.ErrNoSuchKey) {
				t.Errorf("Stat = %v, want %v", err, store.ErrNoSuchKey)
			}
			if n, err := s.Files(); n != 0 || err != nil {
				t.Errorf("%d files are left, %v", n, err)
			}
			put(t, s, "k", body)
			if got := read(t, s, "k"); !bytes.Equal(got, body) {
				t.Error("object reads back wrong")
			}
		})
	}
}

// TestLogErrorsFailTheStoreButNotReads fails the write-ahead log: the write is refused, so are later ones, what was acknowledged is
// readable now and after reopening.
func TestLogErrorsFailTheStoreButNotReads(t *testing.T) {
	for _, kind := range []faultfs.Kind{faultfs.Write, faultfs.Sync} {
		for nth := range 3 {
			t.Run(fmt.Sprintf("kind %d nth %d", kind, nth+1), func(t *testing.T) {
				s, fs := openMem(t, store.Options{})
				for i := range 20 {
					put(t, s, fmt.Sprint("before", i), stamped(uint64(i), 5000))
				}
				fs.Fail(faultfs.Nth(nth+1, kindOf(kind, ".log"), syscall.EIO))
				acked := map[string]bool{}
				var err error
				for i := 0; err == nil && i < 100; i++ {
					key := fmt.Sprint("during", i)
					if _, err = s.Put(t.Context(), "b", key, bytes.NewReader(stamped(uint64(i), 5000)), nil); err == nil {
						acked[key] = true
					}
				}
				if !errors.Is(err, store.ErrFailed) || !errors.Is(err, syscall.EIO) {
					t.Fatalf("Put = %v, want ErrFailed and EIO", err)
				}
				_, err = s.Delete(t.Context(), "b", "before0", nil)
				if !errors.Is(err, store.ErrFailed) {
					t.Errorf("Delete afterwards = %v, want ErrFailed", err)
				}
				for i := range 20 {
					read(t, s, fmt.Sprint("before", i))
				}
				if err := s.Close(); !errors.Is(err, store.ErrFailed) {
					t.Errorf("Close = %v, want ErrFailed", err)
				}
				fs.Fail(nil)
				s, err = store.Open("/data", &store.Options{FS: fs})
				if err != nil {
					t.Fatalf("Open after the failure = %v", err)
				}
				for i := range 20 {
					if _, err := checkStamped(read(t, s, fmt.Sprint("before", i))); err != nil {
						t.Error(err)
					}
				}
				for key := range acked {
					if _, err := checkStamped(read(t, s, key)); err != nil {
						t.Error(err)
					}
				}
				put(t, s, "after", nil)
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestManifestErrorsFreezeTheDisk fails what a flush writes to the manifest; the store must survive and lose nothing.
func TestManifestErrorsFreezeTheDisk(t *testing.T) {
	for _, kind := range []faultfs.Kind{faultfs.Write, faultfs.Sync} {
		s, fs := openMem(t, store.Options{MemTable: 128 << 10})
		fs.Fail(faultfs.From(1, kindOf(kind, "MANIFEST"), syscall.EIO))
		acked := 0
		var err error
		for i := 0; err == nil && i < 5000; i++ {
			if _, err = s.Put(t.Context(), "b", fmt.Sprint(i), bytes.NewReader(stamped(uint64(i), 1000)), nil); err == nil {
				acked++
			}
		}
		if !errors.Is(err, store.ErrFailed) {
			t.Fatalf("Put = %v after %d puts, want ErrFailed", err, acked)
		}
		_ = s.Close()
		fs.Fail(nil)
		s, err = store.Open("/data", &store.Options{FS: fs})
		if err != nil {
			t.Fatalf("Open after the failure = %v", err)
		}
		for i := range acked {
			if _, err := checkStamped(read(t, s, fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestValuesErrorsFreezeTheDisk fails what a flush writes to the file of separated values, which Pebble's writer can not bear.
func TestValuesErrorsFreezeTheDisk(t *testing.T) {
	for name, fault := range map[string]func(faultfs.Op) error{
		"first write":  faultfs.Nth(1, kindOf(faultfs.Write, ".blob"), syscall.EIO),
		"later writes": faultfs.From(4, kindOf(faultfs.Write, ".blob"), syscall.EIO),
		"sync":         faultfs.From(1, kindOf(faultfs.Sync, ".blob"), syscall.EIO),
	} {
		t.Run(name, func(t *testing.T) {
			s, fs := openMem(t, store.Options{MemTable: 128 << 10})
			fs.Fail(fault)
			acked := fillUntilRefused(t, s)
			if _, err := s.Put(t.Context(), "b", "k", bytes.NewReader(nil), nil); !errors.Is(err, store.ErrFailed) {
				t.Errorf("Put = %v, want ErrFailed", err)
			}
			for i := range acked {
				if _, err := checkStamped(read(t, s, fmt.Sprint(i))); err != nil {
					t.Error(err)
				}
			}
			if err := s.Close(); !errors.Is(err, store.ErrFailed) {
				t.Errorf("Close = %v, want ErrFailed", err)
			}
			fs.Fail(nil)
			reopenAndCheck(t, fs, acked)
		})
	}
}

// TestTableErrorsRefuseNewBytes fails what a flush writes to tables, for some time or until Close.
func TestTableErrorsRefuseNewBytes(t *testing.T) {
	for _, kind := range []faultfs.Kind{faultfs.Create, faultfs.Write, faultfs.Sync} {
		for _, closed := range []bool{false, true} {
			s, fs := openMem(t, store.Options{MemTable: 2 << 20})
			fs.Fail(faultfs.From(1, kindOf(kind, ".sst"), syscall.EIO))
			acked := fillUntilRefused(t, s)
			for i := range acked {
				if _, err := checkStamped(read(t, s, fmt.Sprint(i))); err != nil {
					t.Error(err)
				}
			}
			if !closed {
				fs.Fail(nil)
				putUntilTaken(t, s, "later")
			}
			if err := s.Close(); err != nil {
				t.Errorf("Close = %v", err)
			}
			fs.Fail(nil)
			reopenAndCheck(t, fs, acked)
		}
	}
}

// TestFullDiskForValues has no space for the file of separated values, of which Pebble's writer crashes if it is told so at the
// end. Some time later there is space, or the store is closed.
func TestFullDiskForValues(t *testing.T) {
	for _, closed := range []bool{false, true} {
		s, fs := openMem(t, store.Options{MemTable: 128 << 10})
		fs.Fail(faultfs.From(4, kindOf(faultfs.Write, ".blob"), syscall.ENOSPC))
		acked := fillUntilRefused(t, s)
		for i := range acked {
			if _, err := checkStamped(read(t, s, fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		}
		if !closed {
			fs.Fail(nil)
			putUntilTaken(t, s, "later")
		}
		if err := s.Close(); (err != nil) != closed {
			t.Errorf("Close = %v, want an error %v", err, closed)
		}
		fs.Fail(nil)
		reopenAndCheck(t, fs, acked)
	}
}

// fillUntilRefused puts objects 0 to acked-1 until one is refused.
func fillUntilRefused(t *testing.T, s *store.Store) (acked int) {
	t.Helper()
	for ; acked < 50000; acked++ {
		if _, err := s.Put(t.Context(), "b", fmt.Sprint(acked), bytes.NewReader(stamped(uint64(acked), 2000)), nil); err != nil {
			return acked
		}
	}
	t.Fatal("no put is refused")
	return 0
}

// reopenAndCheck opens the store again and checks what fillUntilRefused was told is kept.
func reopenAndCheck(t *testing.T, fs *faultfs.FS, acked int) {
	t.Helper()
	s, err := store.Open("/data", &store.Options{FS: fs})
	if err != nil {
		t.Fatalf("Open after the failure = %v", err)
	}
	for i := range acked {
		if _, err := checkStamped(read(t, s, fmt.Sprint(i))); err != nil {
			t.Error(err)
		}
	}
	put(t, s, "after", nil)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestFullDisk fills the disk with small objects, or large ones, until it is refused, and then goes on after making room.
func TestFullDisk(t *testing.T) {
	for _, size := range []int{4 << 10, 200 << 10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			s, fs := openMem(t, store.Options{MemTable: 256 << 10})
			put(t, s, "first", stamped(1, 100<<10))
			fs.Limit(3 << 20)
			var err error
			n := 0
			for ; err == nil && n < 100000; n++ {
				_, err = s.Put(t.Context(), "b", fmt.Sprint(n), bytes.NewReader(stamped(uint64(n), size)), nil)
			}
			if !errors.Is(err, syscall.ENOSPC) || errors.Is(err, store.ErrFailed) {
				t.Fatalf("Put = %v after %d puts, want ENOSPC alone", err, n)
			}
			acked := n - 1
			if _, err := s.Stat(t.Context(), "b", fmt.Sprint(acked)); !errors.Is(err, store.ErrNoSuchKey) {
				t.Errorf("Stat of the refused object = %v", err)
			}
			if _, err := checkStamped(read(t, s, "first")); err != nil {
				t.Errorf("reading on a full disk: %v", err)
			}
			if _, err := s.Delete(t.Context(), "b", "first", nil); err != nil {
				t.Errorf("Delete on a full disk = %v", err)
			}
			fs.Limit(1 << 30)
			putUntilTaken(t, s, "later")
			for i := range acked {
				if _, err := checkStamped(read(t, s, fmt.Sprint(i))); err != nil {
					t.Errorf("object %d: %v", i, err)
				}
			}
		})
	}
}

// putUntilTaken puts an object again and again while the store finds out that the disk has space.
func putUntilTaken(t *testing.T, s *store.Store, key string) {
	t.Helper()
	var err error
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		if _, err = s.Put(t.Context(), "b", key, bytes.NewReader(stamped(1, 5000)), nil); err == nil {
			return
		}
		<-tick.C
	}
	t.Fatalf("Put after making room = %v", err)
}

// seenContext tells when somebody first asks whether it ended.
type seenContext struct {
	context.Context
	once sync.Once
	seen chan struct{}
}

func (c *seenContext) Err() error {
	c.once.Do(func() { close(c.seen) })
	return c.Context.Err()
}

// TestCompleteAgainIsNotSurerThanTheFirst repeats a completion while the first one waits for a sync that then fails: the
// repetition must not say that the object is there.
func TestCompleteAgainIsNotSurerThanTheFirst(t *testing.T) {
	s, fs := openMem(t, store.Options{})
	u := newUpload(t, s, "k")
	parts := []store.CompletedPart{putPart(t, s, u, 1, content(1, 10))}
	again := make(chan error, 1)
	isSync := kindOf(faultfs.Sync, ".log")
	fs.Fail(func(o faultfs.Op) error {
		if !isSync(o) {
			return nil
		}
		ctx := &seenContext{Context: t.Context(), seen: make(chan struct{})}
		go func() {
			_, err := s.CompleteUpload(ctx, "b", "k", u.ID, parts, nil)
			again <- err
		}()
		<-ctx.seen // past the look at whether the store failed before
		return syscall.EIO
	})
	if _, err := s.CompleteUpload(t.Context(), "b", "k", u.ID, parts, nil); !errors.Is(err, store.ErrFailed) {
		t.Errorf("CompleteUpload = %v, want %v", err, store.ErrFailed)
	}
	if err := <-again; !errors.Is(err, store.ErrFailed) {
		t.Errorf("CompleteUpload once more = %v, want %v", err, store.ErrFailed)
	}
}
