package store_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/icos-go/icos/server/store"
)

// open opens a store in a folder of the test's own, with one bucket "b", and closes it after the test.
func open(t testing.TB, o *store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.CreateBucket(t.Context(), store.Bucket{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t testing.TB, s *store.Store, key string, body []byte) store.Object {
	t.Helper()
	o, err := s.Put(t.Context(), "b", key, bytes.NewReader(body), nil)
	if err != nil {
		t.Fatalf("Put(%q) = %v", key, err)
	}
	return o
}

func read(t testing.TB, s *store.Store, key string) []byte {
	t.Helper()
	r, err := s.Open(t.Context(), "b", key)
	if err != nil {
		t.Fatalf("Open(%q) = %v", key, err)
	}
	defer r.Close()
	b, err := io.ReadAll(r.Range(0, -1))
	if err != nil {
		t.Fatalf("read %q: %v", key, err)
	}
	return b
}

// content returns n bytes that depend on seed.
func content(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(seed >> 24)})
	_, _ = r.Read(b)
	return b
}

func TestPutReadsBackAtEverySize(t *testing.T) {
	s := open(t, nil)
	for _, n := range []int{0, 1, 4096, 64<<10 - 1, 64 << 10, 64<<10 + 1, 300 << 10, 320<<10 + 1, 3<<20 + 17} {
		want := content(uint64(n), n)
		o := put(t, s, "k", want)
		if o.Size != int64(n) {
			t.Errorf("size = %d, want %d", o.Size, n)
		}
		if got := read(t, s, "k"); !bytes.Equal(got, want) {
			t.Errorf("object of %d bytes reads back wrong", n)
		}
		r, err := s.Open(t.Context(), "b", "k")
		if err != nil {
			t.Fatal(err)
		}
		var w bytes.Buffer
		if m, err := r.WriteRangeTo(&w, 1, int64(n)); err != nil || m != int64(max(n-1, 0)) {
			t.Errorf("WriteRangeTo = %d, %v", m, err)
		}
		if n > 0 && !bytes.Equal(w.Bytes(), want[1:]) {
			t.Errorf("range of object of %d bytes is wrong", n)
		}
		r.Close()
	}
}

func TestBodyErrorStoresNothing(t *testing.T) {
	s := open(t, nil)
	for _, n := range []int{0, 10, 100 << 10, 2 << 20} {
		for _, want := range []error{io.ErrUnexpectedEOF, errors.New("digest mismatch")} {
			body := io.MultiReader(bytes.NewReader(content(1, n)), errReader{want})
			if _, err := s.Put(t.Context(), "b", "k", body, nil); !errors.Is(err, want) {
				t.Errorf("Put = %v, want %v", err, want)
			}
			if _, err := s.Stat(t.Context(), "b", "k"); !errors.Is(err, store.ErrNoSuchKey) {
				t.Errorf("Stat = %v, want %v", err, store.ErrNoSuchKey)
			}
		}
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestListRollsUp(t *testing.T) {
	s := open(t, nil)
	for _, k := range []string{"a", "a/b", "a/b/c", "a/c", "a0", "b/", "b/x", "c\x00d", "c", "\xff\xff"} {
		put(t, s, k, nil)
	}
	tests := []struct {
		name           string
		o              store.ListOptions
		keys, prefixes string
		next           string
	}{
		{"all", store.ListOptions{Max: 100}, "a a/b a/b/c a/c a0 b/ b/x c c\x00d \xff\xff", "", ""},
		{"first page", store.ListOptions{Max: 3}, "a a/b a/b/c", "", "a/b/c"},
		{"after", store.ListOptions{Max: 2, After: "a/b/c"}, "a/c a0", "", "a0"},
		{"delimiter", store.ListOptions{Max: 100, Delimiter: "/"}, "a a0 c c\x00d \xff\xff", "a/ b/", ""},
		{"delimiter page", store.ListOptions{Max: 2, Delimiter: "/"}, "a", "a/", "a/"},
		{"after common prefix", store.ListOptions{Max: 2, Delimiter: "/", After: "a/"}, "a0", "b/", "b/"},
		{"after key under common prefix", store.ListOptions{Max: 1, Delimiter: "/", After: "a/b"}, "", "a/", "a/"},
		{"prefix", store.ListOptions{Max: 9, Prefix: "a/"}, "a/b a/b/c a/c", "", ""},
		{"prefix and delimiter", store.ListOptions{Max: 9, Prefix: "a/", Delimiter: "/"}, "a/b a/c", "a/b/", ""},
		{"exact page is not truncated", store.ListOptions{Max: 3, Prefix: "a/"}, "a/b a/b/c a/c", "", ""},
		{"nothing wanted", store.ListOptions{Max: 0}, "", "", ""},
		{"after the end", store.ListOptions{Max: 9, Prefix: "a", After: "b"}, "", "", ""},
		{"high bytes", store.ListOptions{Max: 10, Delimiter: "\xff"}, "a a/b a/b/c a/c a0 b/ b/x c c\x00d", "\xff", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := s.List(t.Context(), "b", tt.o)
			if err != nil {
				t.Fatal(err)
			}
			var keys []string
			for _, o := range p.Objects {
				keys = append(keys, o.Key)
			}
			if got := strings.Join(keys, " "); got != tt.keys {
				t.Errorf("keys = %q, want %q", got, tt.keys)
			}
			if got := strings.Join(p.Prefixes, " "); got != tt.prefixes {
				t.Errorf("prefixes = %q, want %q", got, tt.prefixes)
			}
			if p.Next != tt.next || p.Truncated != (tt.next != "") {
				t.Errorf("next = %q, truncated = %v, want %q", p.Next, p.Truncated, tt.next)
			}
			if !slices.IsSorted(keys) {
				t.Error("keys are not sorted")
			}
		})
	}
}

// TestListingMemoryIsFlat lists many keys and looks at the memory in use after each page.
func TestListingMemoryIsFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("fills 200,000 rows")
	}
	const n = 200_000
	s := open(t, nil)
	if err := s.Fill("b", n, folderKey); err != nil {
		t.Fatal(err)
	}
	var m runtime.MemStats
	pages, first, most := 0, uint64(0), uint64(0)
	objects, _ := listAll(t, s, "", func() {
		if pages++; pages%20 == 10 {
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
			if first == 0 {
				first = m.HeapAlloc
			}
		}
	})
	if objects != n {
		t.Errorf("listed %d objects, want %d", objects, n)
	}
	if grown := int64(most) - int64(first); grown > 4<<20 {
		t.Errorf("memory grew by %d bytes while listing", grown)
	}
	if _, folders := listAll(t, s, "/", func() {}); folders != n/1000 {
		t.Errorf("listed %d folders, want %d", folders, n/1000)
	}
}
