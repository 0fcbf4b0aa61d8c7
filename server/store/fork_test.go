package store

import (
	"bytes"
	"crypto/subtle"
	"path/filepath"
	"strings"
	"testing"
)

// Two stores that go on from one snapshot give the parts of an upload the same ids and the same key. Still no key stream is used
// twice: whoever sees the disks of both would otherwise see how the parts differ.
func TestForksShareNoKeyStream(t *testing.T) {
	ctx := t.Context()
	open := func(dir string) *Store {
		t.Helper()
		s, err := Open(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	first := open(filepath.Join(t.TempDir(), "first"))
	if err := first.CreateBucket(ctx, Bucket{Name: "bucket"}); err != nil {
		t.Fatal(err)
	}
	seal := &Seal{Key: [32]byte{1}, Encryption: Encryption{Kind: ManagedKey, Envelope: []byte("envelope")}}
	u, err := first.CreateUpload(ctx, "bucket", "k", &UploadOptions{Encryption: seal.Encryption})
	if err != nil {
		t.Fatal(err)
	}
	var bodies []id
	var stored [][]byte
	plain := []string{strings.Repeat("a", 100), strings.Repeat("b", 100)}
	forks := make([]*Store, len(plain))
	for i := range plain {
		dir := filepath.Join(t.TempDir(), "fork")
		if err := first.Snapshot(ctx, dir); err != nil {
			t.Fatal(err)
		}
		forks[i] = open(dir)
		if _, err := forks[i].PutPart(ctx, "bucket", "k", u.ID, 1, strings.NewReader(plain[i]), &PartOptions{Seal: seal}); err != nil {
			t.Fatal(err)
		}
		err := forks[i].scan([]byte{rowBytes}, []byte{rowBytes + 1}, func(key, value []byte) (bool, error) {
			body, err := parseIDKey(key)
			bodies, stored = append(bodies, body), append(stored, bytes.Clone(value))
			return true, err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(bodies) != 2 || bodies[0] != bodies[1] {
		t.Fatalf("bodies %v, want two of the same id", bodies)
	}
	ciphers, texts := make([]byte, 100), make([]byte, 100)
	subtle.XORBytes(ciphers, stored[0][:100], stored[1][:100])
	subtle.XORBytes(texts, []byte(plain[0]), []byte(plain[1]))
	if bytes.Equal(ciphers, texts) {
		t.Error("two parts are encrypted with one key stream")
	}
}

// The salt of a run is found again by later ones.
func TestSaltsOutliveRuns(t *testing.T) {
	ctx := t.Context()
	dir := filepath.Join(t.TempDir(), "store")
	seal := &Seal{Key: [32]byte{1}, Encryption: Encryption{Kind: ManagedKey, Envelope: []byte("envelope")}}
	for run := range 3 {
		s, err := Open(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		if run == 0 {
			if err := s.CreateBucket(ctx, Bucket{Name: "bucket"}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Put(ctx, "bucket", "k", strings.NewReader("content"), &PutOptions{Seal: seal}); err != nil {
				t.Fatal(err)
			}
		}
		r, err := s.Open(ctx, "bucket", "k")
		if err != nil {
			t.Fatal(err)
		}
		r.Unseal(seal.Key)
		got := make([]byte, 7)
		if _, err := r.ReadAt(got, 0); err != nil || string(got) != "content" {
			t.Errorf("run %d: %q, %v", run, got, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
