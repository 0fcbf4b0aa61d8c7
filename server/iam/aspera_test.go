package iam_test

import (
	"testing"
	"time"

	"github.com/icos-go/icos/server/iam"
)

func TestAsperaKeysAreTheirBuckets(t *testing.T) {
	dir := t.TempDir()
	s := newService(t, dir, &clock{start})
	made := time.Unix(1_700_000_000, 5)
	key := func(s *iam.Service, bucket, instance string, created time.Time) iam.AsperaKey {
		t.Helper()
		k, err := s.AsperaKey(bucket, instance, created)
		if err != nil {
			t.Fatal(err)
		}
		if name, ok := iam.AsperaBucket(k.ID); !ok || name != bucket {
			t.Errorf("the key of %q names the bucket %q", bucket, name)
		}
		return k
	}
	first := key(s, "media", "i", made)
	if !first.Equal(key(newService(t, dir, &clock{start}), "media", "i", made)) {
		t.Error("the key changed with a restart")
	}
	seen := map[string]string{first.Secret: "media"}
	for name, k := range map[string]iam.AsperaKey{
		"another bucket's":        key(s, "medib", "i", made),
		"another instance's":      key(s, "media", "j", made),
		"another time's":          key(s, "media", "i", made.Add(1)),
		"another server's":        key(newService(t, "", &clock{start}), "media", "i", made),
		"fields moved by a digit": key(s, "media", "i", time.Unix(0, 1_700_000_000)),
	} {
		if other, ok := seen[k.Secret]; ok || k.Equal(first) {
			t.Errorf("%s key is also the one of %s", name, other)
		}
		seen[k.Secret] = name
		if (iam.AsperaKey{ID: first.ID, Secret: k.Secret}).Equal(first) || (iam.AsperaKey{ID: k.ID, Secret: first.Secret}).Equal(first) {
			t.Errorf("%s key is taken for the first by half", name)
		}
	}
}

func TestDeriveSeparatesPurposes(t *testing.T) {
	s := newService(t, "", &clock{start})
	a, err := s.Derive("a")
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Derive("b")
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Derive("a")
	if err != nil {
		t.Fatal(err)
	}
	if a == b || a != again || a == [32]byte{} {
		t.Error("keys of two labels are the same, or that of one label changes")
	}
}
