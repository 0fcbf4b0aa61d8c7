package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/icos-go/icos/server/lifecycle"
	"github.com/icos-go/icos/server/store"
)

// onLog calls itself with the bucket of each line.
type onLog func(bucket string)

func (f onLog) Enabled(context.Context, slog.Level) bool { return true }
func (f onLog) WithAttrs([]slog.Attr) slog.Handler       { return f }
func (f onLog) WithGroup(string) slog.Handler            { return f }

func (f onLog) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "bucket" {
			f(a.Value.String())
		}
		return true
	})
	return nil
}

// TestSweepGoesByTheRulesOfTheMoment takes the rules of a bucket away while another one is swept: they must not act any more.
func TestSweepGoesByTheRulesOfTheMoment(t *testing.T) {
	r := newRig(t, "")
	r.rules(expire10)
	rules := map[string][]byte{"lifecycle": []byte("<LifecycleConfiguration><Rule><Status>Enabled</Status>" + expire10 + "</Rule></LifecycleConfiguration>")}
	if err := r.store.CreateBucket(t.Context(), store.Bucket{Name: "a", BucketState: store.BucketState{Documents: rules}}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.store.Put(t.Context(), "a", "k", strings.NewReader("body"), nil); err != nil {
		t.Fatal(err)
	}
	r.put("k")
	changed := false
	r.sweeper = lifecycle.New(lifecycle.Config{Store: r.store, Now: r.clock.Now, Logger: slog.New(onLog(func(bucket string) {
		if bucket == "a" {
			r.update(func(b *store.Bucket) { b.Documents = nil })
			changed = true
		}
	}))})
	r.sweep(12 * day)
	if !changed {
		t.Fatal("the first bucket was not swept")
	}
	r.want("after the rules were deleted", "k")
}

// TestSweepSparesWhatWasSupersededMeanwhile makes an old version the current one and then hides it, between the moment at which a
// sweep finds it and that at which it removes it: its days as a noncurrent version have only begun.
func TestSweepSparesWhatWasSupersededMeanwhile(t *testing.T) {
	base := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	later := base.Add(20 * day)
	var meanwhile func() // what happens when the store dates a delete marker of the sweep; the others wait for that
	var once sync.Once
	s, err := store.Open("data", &store.Options{FS: vfs.NewMem(), Now: func() time.Time {
		if meanwhile == nil {
			return base
		}
		once.Do(meanwhile)
		return later
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := t.Context()
	state := store.BucketState{Versioning: store.VersioningEnabled, Documents: map[string][]byte{"lifecycle": []byte(
		"<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter><Prefix>x</Prefix></Filter>" + expire10 + "</Rule>" +
			"<Rule><Status>Enabled</Status><Filter><Prefix>y</Prefix></Filter>" + noncurrent + "</Rule></LifecycleConfiguration>",
	)}}
	if err := s.CreateBucket(ctx, store.Bucket{Name: "b", BucketState: state}); err != nil {
		t.Fatal(err)
	}
	put := func(key string) store.Object {
		o, err := s.Put(ctx, "b", key, strings.NewReader("body"), nil)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	for i := range 100 { // more than are removed at once
		put(fmt.Sprint("x", i))
	}
	due, _ := put("y1"), put("y1")
	old, newer := put("y2"), put("y2")
	spare := put("z") // its id is later than theirs
	changed := false
	meanwhile = func() {
		_, err := s.DeleteVersion(ctx, "b", "y2", newer.Version, nil)
		if err == nil {
			_, err = s.PutMarker(ctx, "b", "y2", store.Replica{Version: spare.Version, Modified: later})
		}
		if changed = true; err != nil {
			t.Error(err)
		}
	}
	if _, err := lifecycle.New(lifecycle.Config{Store: s, Now: func() time.Time { return later }}).Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	if !changed {
		t.Fatal("nothing expired")
	}
	if _, err := s.StatVersion(ctx, "b", "y1", due.Version); !errors.Is(err, store.ErrNoSuchVersion) {
		t.Errorf("the version that was due: %v", err)
	}
	if _, err := s.StatVersion(ctx, "b", "y2", old.Version); err != nil {
		t.Errorf("the version was superseded just now: %v", err)
	}
}

// TestSweepAfterTheClockWentBack: a version is not older as a noncurrent one than it is.
func TestSweepAfterTheClockWentBack(t *testing.T) {
	r := newRig(t, store.VersioningEnabled)
	r.rules(noncurrent)
	r.put("k")
	r.clock.Advance(-100 * day)
	r.put("k")
	r.clock.Advance(100 * day)
	r.sweep(0)
	r.want("both were written just now", "k", "k")
	r.sweep(7 * day)
	r.want("after a week", "k")
}
