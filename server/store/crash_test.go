package store_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/icos-go/icos/internal/faultfs"
	"github.com/icos-go/icos/server/store"
)

// stamped is a body that says which version it is, at its beginning, and whose bytes all follow from that.
func stamped(version uint64, n int) []byte {
	b := content(version, n)
	binary.BigEndian.PutUint64(b, version)
	return b
}

// checkStamped returns the version of a whole body, or an error if it is not whole.
func checkStamped(b []byte) (uint64, error) {
	if len(b) < 8 {
		return 0, fmt.Errorf("%d bytes", len(b))
	}
	version := binary.BigEndian.Uint64(b)
	if !bytes.Equal(b, stamped(version, len(b))) {
		return 0, fmt.Errorf("version %d is not whole", version)
	}
	return version, nil
}

func stampedSize(version uint64) int {
	return []int{8, 100, 4096, 70 << 10, 300 << 10}[version%5]
}

// TestAcknowledgedWritesSurviveCrash has many writers at work, takes at a random moment what a power loss would leave of the disk,
// and opens that: whatever was acknowledged before must be there and whole, or a later version of it, and nothing by halves.
func TestAcknowledgedWritesSurviveCrash(t *testing.T) {
	rounds := roundsFrom("ICOS_CRASH_ROUNDS", 8)
	if testing.Short() {
		rounds = 4
	}
	for round := range uint64(rounds) {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			crashRound(t, rand.New(rand.NewPCG(round, 7)), round)
		})
	}
}

func crashRound(t *testing.T, rng *rand.Rand, round uint64) {
	fs := faultfs.NewMem()
	opt := func(fs *faultfs.FS) *store.Options {
		return &store.Options{FS: fs, MinPartSize: -1, MemTable: 256 << 10}
	}
	s, err := store.Open("/data", opt(fs))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateBucket(t.Context(), store.Bucket{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	const workers = 32
	acked := newAcks(workers)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { acked.write(t, s, w, round, stop) })
	}
	// Wait for a random number of acknowledgements, then pull the plug. The copy of acked is older than that of the disk.
	acked.waitFor(50 + rng.IntN(600))
	before := acked.copy()
	crashed := fs.Crash([]int{0, 0, 30, 70}[round%4], rng)
	close(stop)
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}

	again, err := store.Open("/data", opt(crashed))
	if err != nil {
		t.Fatalf("Open after the crash = %v", err)
	}
	defer func() {
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}()
	before.verify(t, again)
	again.Idle() // the sweep must take nothing that is in use
	before.verify(t, again)
	deleteAll(t, again)
	checkNothingLeft(t, again)
}

// acks remembers the last acknowledged version of each worker's key. Version 0 is a deleted object.
type acks struct {
	mu      sync.Mutex
	more    sync.Cond
	count   int
	version []uint64
}

func newAcks(workers int) *acks {
	a := &acks{version: make([]uint64, workers)}
	a.more.L = &a.mu
	return a
}

func (a *acks) ack(w int, version uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.version[w] = version
	a.count++
	a.more.Broadcast()
}

func (a *acks) waitFor(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.count < n {
		a.more.Wait()
	}
}

func (a *acks) copy() *acks {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := newAcks(len(a.version))
	copy(b.version, a.version)
	return b
}

func ackKey(w int) string { return fmt.Sprintf("dir%d/key%d", w%4, w) }

// write writes ever newer versions of a worker's key until stop.
func (a *acks) write(t *testing.T, s *store.Store, w int, round uint64, stop chan struct{}) {
	rng := rand.New(rand.NewPCG(round, uint64(w)))
	for version := uint64(1); ; version++ {
		select {
		case <-stop:
			return
		default:
		}
		body := stamped(version, stampedSize(rng.Uint64()))
		var err error
		if rng.IntN(8) == 0 {
			err = putByParts(t.Context(), s, ackKey(w), body)
		} else {
			_, err = s.Put(t.Context(), "b", ackKey(w), bytes.NewReader(body), nil)
		}
		if err != nil {
			t.Errorf("write %s = %v", ackKey(w), err)
			return
		}
		a.ack(w, version)
	}
}

func putByParts(ctx context.Context, s *store.Store, key string, body []byte) error {
	u, err := s.CreateUpload(ctx, "b", key, nil)
	if err != nil {
		return err
	}
	var parts []store.CompletedPart
	for i := 1; len(body) > 0; i++ {
		n := min(len(body), 100<<10)
		p, err := s.PutPart(ctx, "b", key, u.ID, i, bytes.NewReader(body[:n]), nil)
		if err != nil {
			return err
		}
		body = body[n:]
		parts = append(parts, store.CompletedPart{Number: i, ETag: p.ETag})
	}
	_, err = s.CompleteUpload(ctx, "b", key, u.ID, parts, nil)
	return err
}

// verify checks that each key has its acknowledged version or a later one, whole.
func (a *acks) verify(t *testing.T, s *store.Store) {
	t.Helper()
	for w, version := range a.version {
		r, err := s.Open(t.Context(), "b", ackKey(w))
		if version == 0 && errors.Is(err, store.ErrNoSuchKey) {
			continue
		}
		if err != nil {
			t.Errorf("Open(%s), acknowledged in version %d, = %v", ackKey(w), version, err)
			continue
		}
		body, err := io.ReadAll(r.Range(0, -1))
		if err != nil {
			t.Errorf("read %s: %v", ackKey(w), err)
		}
		found, err := checkStamped(body)
		if err != nil || found < version {
			t.Errorf("%s has version %d, %v; acknowledged was %d", ackKey(w), found, err, version)
		}
		if r.Object().PartCount == 0 && r.Object().ETag != hexMD5(body) {
			t.Errorf("%s has ETag %s", ackKey(w), r.Object().ETag)
		}
		r.Close()
	}
}

// deleteAll deletes every object, and the bucket with its uploads.
func deleteAll(t *testing.T, s *store.Store) {
	t.Helper()
	p, err := s.List(t.Context(), "b", store.ListOptions{Max: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range p.Objects {
		if _, err := s.Delete(t.Context(), "b", o.Key, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.DeleteBucket(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
}
