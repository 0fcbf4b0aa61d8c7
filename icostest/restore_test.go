package icostest_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
)

// buckets are the names of all buckets.
func buckets(t *testing.T, c *icos.Client) []string {
	t.Helper()
	var names []string
	for b, err := range c.Buckets(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, b.Name)
	}
	return names
}

func TestRestoreBringsAllBack(t *testing.T) {
	ctx := t.Context()
	s := icostest.NewServer(t, &icostest.Options{Rapid: true})
	big := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB, which is a file of its own
	plain, sealed := s.Client().Bucket("plain"), s.Client().Bucket("sealed")
	if err := plain.Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if err := sealed.Create(ctx, &icos.CreateOptions{RootKeyCRN: s.RootKey()}); err != nil {
		t.Fatal(err)
	}
	fill := func(body string) {
		for _, b := range []*icos.Bucket{plain, sealed} {
			for key, body := range map[string]string{"small": body, "big": body + big} {
				if _, err := b.Object(key).Put(ctx, strings.NewReader(body), nil); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	check := func(c *icos.Client) {
		t.Helper()
		if got := buckets(t, c); !slices.Equal(got, []string{"plain", "sealed"}) {
			t.Errorf("buckets %q", got)
		}
		for _, name := range []string{"plain", "sealed"} {
			for key, want := range map[string]string{"small": "before", "big": "before" + big} {
				if got, err := read(t, c.Bucket(name), key); err != nil || got != want {
					t.Errorf("%s/%s holds %d bytes, %v, want %d", name, key, len(got), err, len(want))
				}
			}
		}
	}
	fill("before")
	dir := filepath.Join(t.TempDir(), "snapshot")
	s.Snapshot(t, dir)

	for round := range 2 {
		fill("after")
		if err := plain.Object("small").Delete(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.Client().Bucket(fmt.Sprint("new-", round)).Create(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.COS().CreateInstance(ctx, "new"); err != nil {
			t.Fatal(err)
		}
		kp := s.KeyProtect()
		id := s.RootKey()[strings.LastIndex(s.RootKey(), ":")+1:]
		if err := kp.Rotate(ctx, id, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := sealed.Object("small").Put(ctx, strings.NewReader("rotated"), nil); err != nil {
			t.Fatal(err)
		}
		instances := len(s.COS().IAM().Instances())
		s.Restore(t, dir)
		check(s.Client())
		check(s.HMACClient())
		if got := len(s.COS().IAM().Instances()); got != instances-1 {
			t.Errorf("%d instances, want %d", got, instances-1)
		}
		fresh, err := icos.NewClient(s.Config()) // with a token of its own
		if err != nil {
			t.Fatal(err)
		}
		check(fresh)
		if err := fresh.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Restores amid writes and reads: an object is what was written to it, whole, and nobody sees an error, as clients repeat a 503.
func TestRestoreUnderLoad(t *testing.T) {
	ctx := t.Context()
	s := icostest.NewServer(t)
	b := s.Client().Bucket("load")
	if err := b.Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	const workers = 4
	body := func(w, n int) string { return strings.Repeat(fmt.Sprint(w, " ", n, "\n"), 1+n%2*20_000) }
	for w := range workers {
		if _, err := b.Object(strconv.Itoa(w)).Put(ctx, strings.NewReader(body(w, 0)), nil); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(t.TempDir(), "snapshot")
	s.Snapshot(t, dir)
	var wg sync.WaitGroup
	var stop atomic.Bool
	var done atomic.Int64
	for w := range workers {
		wg.Go(func() {
			o := b.Object(strconv.Itoa(w))
			for n := 1; !stop.Load(); n++ {
				if _, err := o.Put(ctx, strings.NewReader(body(w, n)), nil); err != nil {
					t.Errorf("put: %v", err)
					return
				}
				got, err := read(t, b, strconv.Itoa(w))
				// The one that was put, or that of the snapshot.
				if err != nil || got != body(w, n) && got != body(w, 0) {
					t.Errorf("get: %d bytes, %v", len(got), err)
					return
				}
				done.Add(1)
			}
		})
	}
	for range 4 {
		for from := done.Load(); done.Load() < from+workers && !t.Failed(); {
			if _, err := b.Object("0").Stat(ctx); err != nil {
				t.Errorf("stat: %v", err)
			}
		}
		s.Restore(t, dir)
	}
	stop.Store(true)
	wg.Wait()
	s.Restore(t, dir)
	for w := range workers {
		if got, err := read(t, b, strconv.Itoa(w)); err != nil || got != body(w, 0) {
			t.Errorf("object %d holds %d bytes, %v", w, len(got), err)
		}
	}
	for _, r := range s.Requests() {
		if r.Status >= 500 && r.Status != 503 {
			t.Errorf("%s %s: %d %s", r.Operation, r.Key, r.Status, r.Code)
		}
	}
}
