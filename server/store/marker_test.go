package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/icos-go/icos/server/store"
)

// versions enables versioning in a bucket.
func versions(t *testing.T, s *store.Store, bucket string) {
	t.Helper()
	if _, err := s.UpdateBucket(t.Context(), bucket, func(b *store.Bucket) error {
		b.Versioning = store.VersioningEnabled
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestMarkersHaveState(t *testing.T) {
	s := open(t, nil)
	versions(t, s, "b")
	ctx := t.Context()
	put, err := s.Put(ctx, "b", "k", strings.NewReader("body"), nil)
	if err != nil {
		t.Fatal(err)
	}
	var seen store.Object
	d, err := s.DeleteVersion(ctx, "b", "k", "", &store.DeleteOptions{Dated: func(marker *store.Object) error {
		marker.Replication.Status = "PENDING"
		seen = *marker
		return nil
	}})
	if err != nil || !d.MarkerMade {
		t.Fatalf("delete: %+v, %v", d, err)
	}
	if !seen.DeleteMarker || seen.Modified.IsZero() || seen.Key != "k" {
		t.Errorf("Dated saw %+v", seen)
	}
	state := func() string {
		t.Helper()
		_, err := s.StatVersion(ctx, "b", "k", d.MarkerVersion)
		marker, ok := errors.AsType[*store.MarkerError](err)
		if !ok {
			t.Fatalf("stat of a delete marker: %v", err)
		}
		return marker.Marker.Replication.Status
	}
	if got := state(); got != "PENDING" {
		t.Errorf("status %q of a new marker", got)
	}
	o, err := s.UpdateMarker(ctx, "b", "k", d.MarkerVersion, func(o *store.Object) error {
		o.Replication.Status = "COMPLETED"
		return nil
	})
	if err != nil || o.Replication.Status != "COMPLETED" {
		t.Errorf("update: %+v, %v", o, err)
	}
	if got := state(); got != "COMPLETED" {
		t.Errorf("status %q of an updated marker", got)
	}
	never := func(*store.Object) error {
		t.Error("altered")
		return nil
	}
	for _, version := range []string{put.Version, "", "null", "x"} {
		if _, err := s.UpdateMarker(ctx, "b", "k", version, never); !errors.Is(err, store.ErrNoSuchVersion) {
			t.Errorf("update of %q as a marker: %v", version, err)
		}
	}

	// An error of Dated leaves all as it is.
	enough := errors.New("enough")
	if _, err := s.Put(ctx, "b", "other", strings.NewReader("body"), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DeleteVersion(ctx, "b", "other", "", &store.DeleteOptions{Dated: func(*store.Object) error { return enough }}); !errors.Is(err, enough) {
		t.Errorf("delete: %v", err)
	}
	if _, err := s.Stat(ctx, "b", "other"); err != nil {
		t.Errorf("after a deletion that was refused: %v", err)
	}
}

func TestReplicaIsLikeItsOriginal(t *testing.T) {
	s := open(t, &store.Options{MinPartSize: -1})
	versions(t, s, "b")
	if err := s.CreateBucket(t.Context(), store.Bucket{Name: "copy"}); err != nil {
		t.Fatal(err)
	}
	versions(t, s, "copy")
	ctx := t.Context()
	u, err := s.CreateUpload(ctx, "b", "k", nil)
	if err != nil {
		t.Fatal(err)
	}
	var parts []store.CompletedPart
	for i, body := range []string{strings.Repeat("a", 100_000), strings.Repeat("b", 100_000)} {
		p, err := s.PutPart(ctx, "b", "k", u.ID, i+1, strings.NewReader(body), nil)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, store.CompletedPart{Number: i + 1, ETag: p.ETag})
	}
	original, err := s.CompleteUpload(ctx, "b", "k", u.ID, parts, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := &store.CopyOptions{SourceVersion: original.Version}
	o.Replica = &store.Replica{Version: original.Version, Modified: original.Modified}
	replica, err := s.Copy(ctx, "b", "k", "copy", "k", o)
	if err != nil {
		t.Fatal(err)
	}
	if replica.ETag != original.ETag || replica.PartCount != 2 || replica.Version != original.Version || !replica.Modified.Equal(original.Modified) {
		t.Errorf("replica %+v of %+v", replica, original)
	}
	r, err := s.Open(ctx, "copy", "k")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n := len(r.Parts()); n != 2 {
		t.Errorf("the replica has %d parts", n)
	}
}
