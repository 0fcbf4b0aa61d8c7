package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/faultfs"
	"github.com/icos-go/icos/server/store"
)

// TestSnapshotUnderLoad copies the store while writers are at work and checks that the copy has everything acknowledged before, whole,
// and that neither side notices what the other does afterwards.
func TestSnapshotUnderLoad(t *testing.T) {
	s := open(t, &store.Options{MinPartSize: -1, MemTable: 256 << 10})
	const workers = 12
	acked := newAcks(workers)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { acked.write(t, s, w, 3, stop) })
	}
	acked.waitFor(200)
	before := acked.copy()
	dir := filepath.Join(t.TempDir(), "new", "copy")
	if err := s.Snapshot(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	acked.waitFor(len(before.version) + 200)
	close(stop)
	wg.Wait()
	for w := range workers { // what the copy shares must outlive the originals
		if _, err := s.Delete(t.Context(), "b", ackKey(w), nil); err != nil {
			t.Fatal(err)
		}
	}
	s.Idle()

	again, err := store.Open(dir, &store.Options{MinPartSize: -1})
	if err != nil {
		t.Fatalf("Open of the copy = %v", err)
	}
	before.verify(t, again)
	again.Idle()
	before.verify(t, again)
	deleteAll(t, again)
	checkNothingLeft(t, again)
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Snapshot(t.Context(), dir); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Snapshot to where something is = %v, want %v", err, fs.ErrExist)
	}
}

// TestSnapshotKeepsVersionsAndUploads opens a copy and goes on where the original was.
func TestSnapshotKeepsVersionsAndUploads(t *testing.T) {
	s := openVersioned(t, &store.Options{MinPartSize: -1})
	one := put(t, s, "k", content(1, 300<<10))
	two := put(t, s, "k", content(2, 100))
	marker := deleteVersion(t, s, "k", "").MarkerVersion
	u := newUpload(t, s, "up")
	p := putPart(t, s, u, 1, content(3, 200<<10))
	dir := filepath.Join(t.TempDir(), "copy")
	if err := s.Snapshot(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	again, err := store.Open(dir, &store.Options{MinPartSize: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := again.CompleteUpload(t.Context(), "b", "up", u.ID, []store.CompletedPart{{Number: 1, ETag: p.ETag}}, nil); err != nil {
		t.Errorf("CompleteUpload in the copy = %v", err)
	}
	if got := read(t, again, "up"); !bytes.Equal(got, content(3, 200<<10)) {
		t.Error("upload completed in the copy reads back wrong")
	}
	deleteVersion(t, again, "k", marker)
	for want, version := range map[int]string{1: one.Version, 2: two.Version} {
		size := 100
		if want == 1 {
			size = 300 << 10
		}
		if got := readVersion(t, again, "k", version); !bytes.Equal(got, content(uint64(want), size)) {
			t.Errorf("version %d in the copy reads back wrong", want)
		}
	}
	if o := put(t, again, "k", nil); o.Version == one.Version || o.Version == two.Version || o.Version == marker {
		t.Errorf("the copy uses version %s again", o.Version)
	}
	if _, err := s.Open(t.Context(), "b", "k"); !errors.Is(err, store.ErrNoSuchKey) {
		t.Errorf("the marker is gone in the original too: %v", err)
	}
}

// TestSnapshotFailsAlone fails each step of a snapshot in turn: it leaves nothing, and the store does not mind.
func TestSnapshotFailsAlone(t *testing.T) {
	boom := errors.New("boom")
	for _, kind := range []faultfs.Kind{faultfs.Create, faultfs.Write, faultfs.Sync, faultfs.Rename, faultfs.Mkdir} {
		failed := 0
		for nth := 1; ; nth++ {
			s, mem := openMem(t, store.Options{})
			want := content(1, 200<<10)
			put(t, s, "large", want)
			put(t, s, "small", []byte("small"))
			mem.Fail(faultfs.Nth(nth, kindOf(kind, "/copy"), boom))
			err := s.Snapshot(t.Context(), "/copy")
			mem.Fail(nil)
			for _, key := range []string{"large", "small"} {
				read(t, s, key)
			}
			put(t, s, "after", nil)
			if err == nil {
				checkCopy(t, mem, want)
				break
			}
			if failed++; !errors.Is(err, boom) {
				t.Errorf("kind %d, number %d: %v, want %v", kind, nth, err, boom)
			}
			for _, name := range []string{"/copy", "/copy.partial"} {
				if _, err := mem.Stat(name); err == nil {
					t.Errorf("kind %d, number %d: %s is left", kind, nth, name)
				}
			}
			if err := s.Snapshot(t.Context(), "/copy"); err != nil {
				t.Errorf("kind %d, number %d: the next snapshot fails with %v", kind, nth, err)
			}
			if err := s.Close(); err != nil {
				t.Errorf("kind %d, number %d: Close = %v", kind, nth, err)
			}
		}
		if failed == 0 {
			t.Errorf("no operation of kind %d was failed", kind)
		}
	}
}

func checkCopy(t *testing.T, mem *faultfs.FS, want []byte) {
	t.Helper()
	again, err := store.Open("/copy", &store.Options{FS: mem})
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, again, "large"); !bytes.Equal(got, want) {
		t.Error("the copy reads back wrong")
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestSnapshotSurvivesPowerLoss takes what a power loss leaves right after a snapshot.
func TestSnapshotSurvivesPowerLoss(t *testing.T) {
	s, mem := openMem(t, store.Options{})
	want := content(1, 200<<10)
	put(t, s, "large", want)
	for i := range 50 {
		put(t, s, fmt.Sprint("small", i), content(uint64(i), 1000))
	}
	if err := s.Snapshot(t.Context(), "/copy"); err != nil {
		t.Fatal(err)
	}
	crashed := mem.Crash(0, nil)
	checkCopy(t, crashed, want)
}

func TestSnapshotEndsWithItsContext(t *testing.T) {
	s := open(t, nil)
	put(t, s, "large", content(1, 200<<10))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := filepath.Join(t.TempDir(), "copy")
	if err := s.Snapshot(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("Snapshot = %v, want %v", err, context.Canceled)
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if err := s.Snapshot(ctx, dir+strings.Repeat("x", 300)); err == nil {
		t.Error("Snapshot to a name that is too long worked")
	}
}
