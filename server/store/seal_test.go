package store_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/icos-go/icos/server/store"
)

// sealSizes go around the ends of chunks and what is kept in rows.
var sealSizes = []int{0, 1, 100, 64<<10 - 1, 64 << 10, 64<<10 + 1, 128 << 10, 128<<10 + 1, 300<<10 + 7, 1 << 20}

// pattern is bytes of which every 16 are unlike any other 16, so that a piece of them on the disk is found.
func pattern(n int) []byte {
	b := make([]byte, 0, n+16)
	for i := 0; len(b) < n; i++ {
		b = fmt.Appendf(b, "<plain %08x>", i)
	}
	return b[:n]
}

func newSeal(kind store.EncryptionKind, fill byte) *store.Seal {
	s := &store.Seal{Encryption: store.Encryption{Kind: kind, Envelope: []byte("envelope")}}
	for i := range s.Key {
		s.Key[i] = fill
	}
	return s
}

func openSealed(t *testing.T, s *store.Store, bucket, key string, seal *store.Seal) *store.Reader {
	t.Helper()
	r, err := s.Open(t.Context(), bucket, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	if seal != nil {
		r.Unseal(seal.Key)
	}
	return r
}

func sealedStore(t *testing.T) (*store.Store, string) {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(dir, &store.Options{MinPartSize: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.CreateBucket(t.Context(), store.Bucket{Name: "bucket", Instance: "i", Owner: "i"}); err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func TestSealedRoundTrip(t *testing.T) {
	s, _ := sealedStore(t)
	for _, size := range sealSizes {
		want := pattern(size)
		key := fmt.Sprint(size)
		seal := newSeal(store.ManagedKey, 1)
		o, err := s.Put(t.Context(), "bucket", key, bytes.NewReader(want), &store.PutOptions{Seal: seal})
		if err != nil {
			t.Fatal(err)
		}
		sum := md5.Sum(want)
		if o.Size != int64(size) || o.ETag != hex.EncodeToString(sum[:]) || !o.Sealed() {
			t.Errorf("%d bytes: size %d, ETag %s, sealed %v", size, o.Size, o.ETag, o.Sealed())
		}
		r := openSealed(t, s, "bucket", key, seal)
		if got, err := io.ReadAll(r.Range(0, -1)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: read %d, %v", size, len(got), err)
		}
		var out bytes.Buffer
		if n, err := r.WriteRangeTo(&out, 0, -1); err != nil || n != int64(size) || !bytes.Equal(out.Bytes(), want) {
			t.Errorf("%d bytes: wrote %d, %v", size, n, err)
		}
	}
}

// TestSealedRanges compares random ranges with those of a slice, of objects in one piece and in parts.
func TestSealedRanges(t *testing.T) {
	s, _ := sealedStore(t)
	seal := newSeal(store.KeyProtect, 2)
	rng := rand.New(rand.NewPCG(1, 2))
	objects := map[string][]byte{}
	for _, size := range sealSizes[1:] {
		key := fmt.Sprint("whole", size)
		objects[key] = pattern(size)
		if _, err := s.Put(t.Context(), "bucket", key, bytes.NewReader(objects[key]), &store.PutOptions{Seal: seal}); err != nil {
			t.Fatal(err)
		}
	}
	objects["parts"] = putParts(t, s, "parts", seal, 10, 200<<10, 64<<10, 64<<10+1, 1, 130<<10)
	for key, want := range objects {
		r := openSealed(t, s, "bucket", key, seal)
		for range 100 {
			off, n := edge(rng, len(want)), edge(rng, len(want))
			n = min(n, len(want)-off)
			got := make([]byte, n)
			if m, err := r.ReadAt(got, int64(off)); m != n || err != nil || !bytes.Equal(got, want[off:off+n]) {
				t.Fatalf("%s: ReadAt %d bytes at %d: %d, %v", key, n, off, m, err)
			}
			var out bytes.Buffer
			if _, err := r.WriteRangeTo(&out, int64(off), int64(n)); err != nil || !bytes.Equal(out.Bytes(), want[off:off+n]) {
				t.Fatalf("%s: WriteRangeTo %d bytes at %d: %v", key, n, off, err)
			}
			piecewise := oneByte{r.Range(int64(off), int64(min(n, 300)))}
			if got, err := io.ReadAll(piecewise); err != nil || !bytes.Equal(got, want[off:off+min(n, 300)]) {
				t.Fatalf("%s: Range of %d bytes at %d: %v", key, n, off, err)
			}
		}
	}
}

// edge is a number up to limit, often one near the end of a chunk.
func edge(rng *rand.Rand, limit int) int {
	if rng.IntN(2) == 0 {
		return rng.IntN(limit + 1)
	}
	return min(max(rng.IntN(limit>>16+2)<<16+rng.IntN(5)-2, 0), limit)
}

// oneByte reads a few bytes at a time.
type oneByte struct{ io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.Reader.Read(p[:min(len(p), 7)]) }

// putParts stores an object of parts of these sizes and returns its bytes.
func putParts(t *testing.T, s *store.Store, key string, seal *store.Seal, sizes ...int) []byte {
	t.Helper()
	u, err := s.CreateUpload(t.Context(), "bucket", key, &store.UploadOptions{Encryption: seal.Encryption})
	if err != nil {
		t.Fatal(err)
	}
	all := pattern(sum(sizes))
	var done []store.CompletedPart
	off := 0
	for i, size := range sizes {
		p, err := s.PutPart(t.Context(), "bucket", key, u.ID, i+1, bytes.NewReader(all[off:off+size]), &store.PartOptions{Seal: seal})
		if err != nil {
			t.Fatal(err)
		}
		done = append(done, store.CompletedPart{Number: i + 1, ETag: p.ETag})
		off += size
	}
	o, err := s.CompleteUpload(t.Context(), "bucket", key, u.ID, done, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !o.Sealed() || o.Size != int64(len(all)) {
		t.Fatalf("completed object: sealed %v, %d bytes, want %d", o.Sealed(), o.Size, len(all))
	}
	return all
}

func sum(sizes []int) (n int) {
	for _, size := range sizes {
		n += size
	}
	return n
}

func TestSealedWithoutKey(t *testing.T) {
	s, _ := sealedStore(t)
	for _, size := range []int{100, 200 << 10} {
		seal := newSeal(store.ManagedKey, 3)
		if _, err := s.Put(t.Context(), "bucket", "o", bytes.NewReader(pattern(size)), &store.PutOptions{Seal: seal}); err != nil {
			t.Fatal(err)
		}
		r := openSealed(t, s, "bucket", "o", nil)
		if _, err := r.ReadAt(make([]byte, 10), 0); !errors.Is(err, store.ErrSealed) {
			t.Errorf("%d bytes, ReadAt without the key: %v, want ErrSealed", size, err)
		}
		if _, err := r.WriteRangeTo(io.Discard, 0, -1); !errors.Is(err, store.ErrSealed) {
			t.Errorf("%d bytes, WriteRangeTo without the key: %v, want ErrSealed", size, err)
		}
		r = openSealed(t, s, "bucket", "o", newSeal(store.ManagedKey, 4))
		if _, err := r.ReadAt(make([]byte, 10), 0); !errors.Is(err, store.ErrTampered) {
			t.Errorf("%d bytes, ReadAt with a wrong key: %v, want ErrTampered", size, err)
		}
	}
}

// TestSealedCopies copies between plain and sealed objects.
func TestSealedCopies(t *testing.T) {
	s, _ := sealedStore(t)
	a, b := newSeal(store.ManagedKey, 5), newSeal(store.KeyProtect, 6)
	whole, parts := pattern(200<<10), putParts(t, s, "parts", a, 70<<10, 70<<10)
	for key, seal := range map[string]*store.Seal{"plain": nil, "sealed": a} {
		if _, err := s.Put(t.Context(), "bucket", key, bytes.NewReader(whole), &store.PutOptions{Seal: seal}); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		from   string
		source *store.Seal
		target *store.Seal
		want   []byte
	}{
		{"plain", nil, b, whole},
		{"sealed", a, b, whole},
		{"sealed", a, nil, whole},
		{"parts", a, b, parts},
		{"parts", a, nil, parts},
	}
	for i, tt := range tests {
		var seen bytes.Buffer
		o := &store.CopyOptions{PutOptions: store.PutOptions{Seal: tt.target}, Sum: &seen}
		o.Unseal = func(r *store.Reader) error {
			r.Unseal(tt.source.Key)
			return nil
		}
		key := fmt.Sprint("copy", i)
		got, err := s.Copy(t.Context(), "bucket", tt.from, "bucket", key, o)
		if err != nil {
			t.Fatal(err)
		}
		digest := md5.Sum(tt.want)
		if got.Sealed() != (tt.target != nil) || got.ETag != hex.EncodeToString(digest[:]) || !bytes.Equal(seen.Bytes(), tt.want) {
			t.Errorf("copy of %s: sealed %v, ETag %s, %d bytes seen", tt.from, got.Sealed(), got.ETag, seen.Len())
		}
		r := openSealed(t, s, "bucket", key, tt.target)
		if b, err := io.ReadAll(r.Range(0, -1)); err != nil || !bytes.Equal(b, tt.want) {
			t.Errorf("copy of %s: read %d bytes, %v", tt.from, len(b), err)
		}
	}
	if _, err := s.Copy(t.Context(), "bucket", "sealed", "bucket", "x", nil); !errors.Is(err, store.ErrSealed) {
		t.Errorf("copy of a sealed object without its key: %v, want ErrSealed", err)
	}
}

// TestSealedCopyPart makes a part of a range of a sealed object.
func TestSealedCopyPart(t *testing.T) {
	s, _ := sealedStore(t)
	a, b := newSeal(store.ManagedKey, 7), newSeal(store.KeyProtect, 8)
	want := pattern(300 << 10)
	if _, err := s.Put(t.Context(), "bucket", "source", bytes.NewReader(want), &store.PutOptions{Seal: a}); err != nil {
		t.Fatal(err)
	}
	u, err := s.CreateUpload(t.Context(), "bucket", "target", &store.UploadOptions{Encryption: b.Encryption})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.CopyPart(t.Context(), "bucket", "source", "bucket", "target", u.ID, 1, &store.CopyPartOptions{
		Range: &store.ByteRange{First: 60 << 10, Last: 250<<10 + 3}, Seal: b,
		Unseal: func(r *store.Reader) error { r.Unseal(a.Key); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CompleteUpload(t.Context(), "bucket", "target", u.ID, []store.CompletedPart{{Number: 1, ETag: p.ETag}}, nil); err != nil {
		t.Fatal(err)
	}
	r := openSealed(t, s, "bucket", "target", b)
	if got, err := io.ReadAll(r.Range(0, -1)); err != nil || !bytes.Equal(got, want[60<<10:250<<10+4]) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}

// TestCustomerKeyETag: what a client encrypts with a key of its own has an ETag that says nothing of its contents.
func TestCustomerKeyETag(t *testing.T) {
	s, _ := sealedStore(t)
	seen := map[string]bool{}
	for range 3 {
		o, err := s.Put(t.Context(), "bucket", "o", bytes.NewReader([]byte("same")), &store.PutOptions{Seal: newSeal(store.CustomerKey, 9)})
		if err != nil {
			t.Fatal(err)
		}
		if digest := md5.Sum([]byte("same")); o.ETag == hex.EncodeToString(digest[:]) || seen[o.ETag] || len(o.ETag) != 32 {
			t.Errorf("ETag %s", o.ETag)
		}
		seen[o.ETag] = true
	}
}

// TestSealedOnDisk looks for plaintext in every file of a store, and finds it where it must be to show that it looks well.
func TestSealedOnDisk(t *testing.T) {
	for _, kind := range []store.EncryptionKind{store.NotEncrypted, store.ManagedKey, store.KeyProtect, store.CustomerKey} {
		s, dir := sealedStore(t)
		var seal *store.Seal
		if kind != store.NotEncrypted {
			seal = newSeal(kind, 10)
		}
		for _, size := range sealSizes {
			if _, err := s.Put(t.Context(), "bucket", fmt.Sprint(size), bytes.NewReader(pattern(size)), &store.PutOptions{Seal: seal}); err != nil {
				t.Fatal(err)
			}
		}
		if seal != nil {
			putParts(t, s, "parts", seal, 10, 100<<10, 100)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if found := plainBlocks(t, dir, pattern(1<<20)); (found > 0) != (seal == nil) {
			t.Errorf("kind %d: %d blocks of plaintext on the disk", kind, found)
		}
	}
}

// plainBlocks counts the pieces of 16 bytes of plain that stand in the files below dir.
func plainBlocks(t *testing.T, dir string, plain []byte) (found int) {
	t.Helper()
	blocks := map[string]bool{}
	for i := 0; i+16 <= len(plain); i += 16 {
		blocks[string(plain[i:i+16])] = true
	}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(name)
		for i := 0; i+16 <= len(b); i++ {
			if blocks[string(b[i:i+16])] {
				found++
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestSealedTampering alters the files of sealed bodies in every way that an encryption could miss.
func TestSealedTampering(t *testing.T) {
	const size = 200<<10 + 5 // three whole chunks and a short one
	const chunk, sealed = 64 << 10, 64<<10 + 16
	tests := []struct {
		name  string
		alter func(a, b []byte) []byte // of the file; b is the file of another object of the same key
	}{
		{"first bit", func(a, _ []byte) []byte { a[0] ^= 1; return a }},
		{"bit in the middle", func(a, _ []byte) []byte { a[chunk+100] ^= 0x80; return a }},
		{"bit of a tag", func(a, _ []byte) []byte { a[chunk+3] ^= 2; return a }},
		{"last bit", func(a, _ []byte) []byte { a[len(a)-1] ^= 0x40; return a }},
		{"cut by a byte", func(a, _ []byte) []byte { return a[:len(a)-1] }},
		{"cut at a chunk", func(a, _ []byte) []byte { return a[:3*sealed] }},
		{"empty", func(a, _ []byte) []byte { return nil }},
		{"chunks swapped", func(a, _ []byte) []byte {
			return slices.Concat(a[sealed:2*sealed], a[:sealed], a[2*sealed:])
		}},
		{"chunk repeated", func(a, _ []byte) []byte { return slices.Concat(a[:sealed], a[:sealed], a[2*sealed:]) }},
		{"chunk of another object", func(a, b []byte) []byte { return slices.Concat(b[:sealed], a[sealed:]) }},
		{"another object", func(_, b []byte) []byte { return b }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, dir := sealedStore(t)
			seal := newSeal(store.KeyProtect, 11)
			for _, key := range []string{"a", "b"} {
				if _, err := s.Put(t.Context(), "bucket", key, bytes.NewReader(pattern(size)), &store.PutOptions{Seal: seal}); err != nil {
					t.Fatal(err)
				}
			}
			files, err := filepath.Glob(filepath.Join(dir, "blobs", "*", "*"))
			if err != nil || len(files) != 2 {
				t.Fatalf("files %v, %v", files, err)
			}
			slices.Sort(files)
			a, b := readBlob(t, files[0]), readBlob(t, files[1])
			if err := os.WriteFile(files[0], tt.alter(a, b), 0o600); err != nil {
				t.Fatal(err)
			}
			r := openSealed(t, s, "bucket", "a", seal)
			if _, err := io.ReadAll(r.Range(0, -1)); !errors.Is(err, store.ErrTampered) {
				t.Errorf("read: %v, want ErrTampered", err)
			}
			if _, err := r.WriteRangeTo(io.Discard, 0, -1); !errors.Is(err, store.ErrTampered) {
				t.Errorf("write: %v, want ErrTampered", err)
			}
			if _, err := io.ReadAll(openSealed(t, s, "bucket", "b", seal).Range(0, -1)); err != nil {
				t.Errorf("the other object: %v", err)
			}
		})
	}
}

func readBlob(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSealPrintsNothing(t *testing.T) {
	seal := newSeal(store.ManagedKey, 'k')
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(verb, *seal); got != "REDACTED" {
			t.Errorf("%s: %s", verb, got)
		}
	}
}

// TestUnsealedRefused: what does not encrypt under a bucket's root key stores nothing in it.
func TestUnsealedRefused(t *testing.T) {
	s, _ := sealedStore(t)
	const crn = "crn:v1:bluemix:public:kms:us-south:a/1:2:key:3"
	vault := store.Bucket{Name: "vault", Instance: "i", Owner: "i", BucketState: store.BucketState{RootKey: crn}}
	if err := s.CreateBucket(t.Context(), vault); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), "bucket", "plain", bytes.NewReader([]byte("x")), nil); err != nil {
		t.Fatal(err)
	}
	other := newSeal(store.KeyProtect, 1)
	other.RootKey = crn + "4"
	for _, seal := range []*store.Seal{nil, newSeal(store.ManagedKey, 1), newSeal(store.CustomerKey, 1), other} {
		o := store.PutOptions{Seal: seal}
		if _, err := s.Put(t.Context(), "vault", "o", bytes.NewReader([]byte("x")), &o); !errors.Is(err, store.ErrUnsealed) {
			t.Errorf("put: %v, want ErrUnsealed", err)
		}
		if _, err := s.Copy(t.Context(), "bucket", "plain", "vault", "o", &store.CopyOptions{PutOptions: o}); !errors.Is(err, store.ErrUnsealed) {
			t.Errorf("copy: %v, want ErrUnsealed", err)
		}
	}
	u, err := s.CreateUpload(t.Context(), "vault", "o", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutPart(t.Context(), "vault", "o", u.ID, 1, bytes.NewReader([]byte("x")), nil); !errors.Is(err, store.ErrUnsealed) {
		t.Errorf("part: %v, want ErrUnsealed", err)
	}
}
