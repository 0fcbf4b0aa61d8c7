package icos_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/s3"
)

func versionedBucket(t *testing.T) *icos.Bucket {
	t.Helper()
	bucket := icostest.NewServer(t).Client().Bucket("versions")
	if err := bucket.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := bucket.SetVersioning(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	return bucket
}

func store(t *testing.T, o *icos.Object, text string) string {
	t.Helper()
	info, err := o.Put(t.Context(), strings.NewReader(text), &icos.PutOptions{Metadata: map[string]string{"text": text}})
	if err != nil {
		t.Fatal(err)
	}
	return info.VersionID
}

func load(t *testing.T, o *icos.Object) string {
	t.Helper()
	r, err := o.Get(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// history lists all versions, as key, what it is and whether it is the latest.
func history(t *testing.T, b *icos.Bucket, o *icos.ListOptions) (list []string, ids []s3.ObjectID) {
	t.Helper()
	for v, err := range b.Versions(t.Context(), o) {
		if err != nil {
			t.Fatal(err)
		}
		text := v.Key
		if v.Deleted {
			text += " deleted"
		}
		if v.Latest {
			text += " latest"
		}
		list, ids = append(list, text), append(ids, s3.ObjectID{Key: v.Key, VersionID: v.VersionID})
	}
	return list, ids
}

func TestVersioningOfABucket(t *testing.T) {
	bucket := icostest.NewServer(t).Client().Bucket("states")
	if err := bucket.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	want := icos.NoVersioning
	for _, enable := range []bool{true, false, true} {
		if got, err := bucket.Versioning(t.Context()); err != nil || got != want {
			t.Errorf("versioning = %q, %v, want %q", got, err, want)
		}
		if err := bucket.SetVersioning(t.Context(), enable); err != nil {
			t.Fatal(err)
		}
		want = icos.VersioningSuspended
		if enable {
			want = icos.VersioningEnabled
		}
	}
	missing := bucket.Client().Bucket("missing")
	if _, err := missing.Versioning(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("versioning of a missing bucket: %v", err)
	}
	if err := missing.SetVersioning(t.Context(), true); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("versioning of a missing bucket: %v", err)
	}
}

// TestMakeLatest overwrites and deletes an object and brings each of its versions back.
func TestMakeLatest(t *testing.T) {
	bucket := versionedBucket(t)
	o := bucket.Object("dir/k +")
	one, two := store(t, o, "one"), store(t, o, "two")
	if got := load(t, o.Version(one)); got != "one" {
		t.Errorf("version one is %q", got)
	}
	if err := o.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Stat(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat of a deleted object: %v", err)
	}
	for id, want := range map[string]string{one: "one", two: "two"} {
		info, err := o.Version(id).MakeLatest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, err := o.Stat(t.Context())
		if err != nil || got.VersionID != info.VersionID || got.Metadata["text"] != want || got.VersionID == id {
			t.Errorf("latest is %+v, %v, want a copy of %s", got, err, want)
		}
		if got := load(t, o); got != want {
			t.Errorf("latest is %q, want %q", got, want)
		}
	}
	if _, err := o.MakeLatest(t.Context()); err == nil {
		t.Error("MakeLatest of no version made one")
	}
	if _, err := o.Version("missing").MakeLatest(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("MakeLatest of a missing version: %v", err)
	}
	list, _ := history(t, bucket, nil)
	if want := []string{"dir/k + latest", "dir/k +", "dir/k + deleted", "dir/k +", "dir/k +"}; !slices.Equal(list, want) {
		t.Errorf("versions %q, want %q", list, want)
	}
}

// TestDeleteVersions empties a bucket with versions, which deleting its objects does not.
func TestDeleteVersions(t *testing.T) {
	bucket := versionedBucket(t)
	var keys []string
	for i := range 7 {
		keys = append(keys, fmt.Sprintf("k%d", i))
		store(t, bucket.Object(keys[i]), "one")
		store(t, bucket.Object(keys[i]), "two")
	}
	store(t, bucket.Object("\x01"), "not for XML")
	keys = append(keys, "\x01")
	for key, err := range bucket.DeleteObjects(t.Context(), slices.Values(keys)) {
		if err != nil {
			t.Errorf("delete %q: %v", key, err)
		}
	}
	if err := bucket.Delete(t.Context()); err == nil {
		t.Fatal("a bucket with versions was deleted")
	}
	list, ids := history(t, bucket, &icos.ListOptions{PageSize: 2})
	if len(list) != 7*3+2 {
		t.Errorf("%d versions by pages of two: %q", len(list), list)
	}
	for id, err := range bucket.DeleteVersions(t.Context(), slices.Values(append(ids, s3.ObjectID{Key: "k0", VersionID: "never was"}))) {
		if (err != nil) != (id.VersionID == "never was") {
			t.Errorf("delete %v: %v", id, err)
		}
	}
	if err := bucket.Delete(t.Context()); err != nil {
		t.Error(err)
	}
}
