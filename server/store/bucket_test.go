package store_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos/server/store"
)

func TestBucketsSurviveReopening(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := store.Bucket{
		Name: "b", Instance: "i1", Owner: "o", Location: "us-south-standard", Created: time.Unix(5, 6).UTC(),
		ACL:  store.ACL{Grants: []store.Grant{{Grantee: store.Grantee{URI: "all"}, Permission: "READ"}}},
		CORS: []byte("<CORSConfiguration/>"),
	}
	if err := s.CreateBucket(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateBucket(t.Context(), want); !errors.Is(err, store.ErrBucketExists) {
		t.Errorf("CreateBucket again = %v, want %v", err, store.ErrBucketExists)
	}
	_, err = s.UpdateBucket(t.Context(), "b", func(b *store.Bucket) error {
		b.Name, b.CORS = "renamed", nil
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want.CORS = nil
	boom := errors.New("boom")
	if _, err = s.UpdateBucket(t.Context(), "b", func(b *store.Bucket) error { b.ACL.Grants[0].Permission = "x"; return boom }); err != boom {
		t.Errorf("UpdateBucket = %v, want %v", err, boom)
	}
	for range 2 {
		got, err := s.Bucket(t.Context(), "b")
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("bucket differs (-want +got):\n%s", d)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err = store.Open(dir, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestBucketsListsByPages(t *testing.T) {
	s := open(t, nil) // with bucket b, of no instance
	for _, name := range []string{"c1", "a2", "a1", "c0"} {
		if err := s.CreateBucket(t.Context(), store.Bucket{Name: name, Instance: "i" + name[1:]}); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		instance, prefix, after string
		limit                   int
		want                    []string
		more                    bool
	}{
		{"", "", "", 0, []string{"a1", "a2", "b", "c0", "c1"}, false},
		{"", "", "", 2, []string{"a1", "a2"}, true},
		{"", "", "a2", 3, []string{"b", "c0", "c1"}, false},
		{"i1", "", "", 10, []string{"a1", "c1"}, false},
		{"", "c", "", 10, []string{"c0", "c1"}, false},
		{"i9", "", "", 10, nil, false},
	}
	for _, tt := range tests {
		list, more, err := s.Buckets(t.Context(), tt.instance, tt.prefix, tt.after, tt.limit)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, b := range list {
			got = append(got, b.Name)
		}
		if d := cmp.Diff(tt.want, got); d != "" || more != tt.more {
			t.Errorf("Buckets(%q, %q, %q, %d) more %v, differs:\n%s", tt.instance, tt.prefix, tt.after, tt.limit, more, d)
		}
	}
}

func TestRecreatedBucketIsEmpty(t *testing.T) {
	s := open(t, nil)
	put(t, s, "k", nil)
	if err := s.DeleteBucket(t.Context(), "b"); !errors.Is(err, store.ErrBucketNotEmpty) {
		t.Errorf("DeleteBucket = %v, want %v", err, store.ErrBucketNotEmpty)
	}
	u := newUpload(t, s, "k")
	putPart(t, s, u, 1, content(1, 100<<10))
	deleteAll(t, s)
	if _, err := s.Put(t.Context(), "b", "k", bytes.NewReader(nil), nil); !errors.Is(err, store.ErrNoSuchBucket) {
		t.Errorf("Put = %v, want %v", err, store.ErrNoSuchBucket)
	}
	if err := s.CreateBucket(t.Context(), store.Bucket{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Upload(t.Context(), "b", "k", u.ID); !errors.Is(err, store.ErrNoSuchUpload) {
		t.Errorf("Upload = %v, want %v", err, store.ErrNoSuchUpload)
	}
	deleteAll(t, s)
	checkNothingLeft(t, s)
}
