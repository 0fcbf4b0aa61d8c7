package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/icos-go/icos/server/store"
)

func newUpload(t *testing.T, s *store.Store, key string) store.Upload {
	t.Helper()
	u, err := s.CreateUpload(t.Context(), "b", key, nil)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func putPart(t *testing.T, s *store.Store, u store.Upload, number int, body []byte) store.CompletedPart {
	t.Helper()
	p, err := s.PutPart(t.Context(), "b", u.Key, u.ID, number, bytes.NewReader(body), nil)
	if err != nil {
		t.Fatal(err)
	}
	return store.CompletedPart{Number: number, ETag: p.ETag}
}

func TestCompleteRefusesWrongParts(t *testing.T) {
	s := open(t, nil)
	u := newUpload(t, s, "k")
	small := putPart(t, s, u, 1, content(1, 100))
	big := putPart(t, s, u, 2, content(2, 5<<20))
	last := putPart(t, s, u, 3, content(3, 1))
	missing := store.CompletedPart{Number: 4, ETag: last.ETag}
	other := store.CompletedPart{Number: 2, ETag: last.ETag}
	badSum := store.CompletedPart{Number: 2, ETag: big.ETag, Checksum: "AAAAAA=="}
	tests := []struct {
		name  string
		parts []store.CompletedPart
		want  error
	}{
		{"none", nil, store.ErrInvalidPart},
		{"small part first", []store.CompletedPart{small, big}, store.ErrPartTooSmall},
		{"descending", []store.CompletedPart{last, big}, store.ErrInvalidPartOrder},
		{"twice", []store.CompletedPart{big, big}, store.ErrInvalidPartOrder},
		{"missing", []store.CompletedPart{big, missing}, store.ErrInvalidPart},
		{"missing first", []store.CompletedPart{{Number: 0, ETag: big.ETag}, big}, store.ErrInvalidPart},
		{"wrong ETag", []store.CompletedPart{other}, store.ErrInvalidPart},
		{"wrong checksum", []store.CompletedPart{badSum}, store.ErrInvalidPart},
		{"nonsense ETag", []store.CompletedPart{{Number: 2, ETag: "x"}}, store.ErrInvalidPart},
		{"good", []store.CompletedPart{big, last}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.CompleteUpload(t.Context(), "b", "k", u.ID, tt.parts, nil)
			if !errors.Is(err, tt.want) {
				t.Errorf("CompleteUpload = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestCompleteAgainAfterReplacementFails(t *testing.T) {
	s := open(t, nil)
	u := newUpload(t, s, "k")
	parts := []store.CompletedPart{putPart(t, s, u, 1, content(1, 10))}
	for range 2 {
		if _, err := s.CompleteUpload(t.Context(), "b", "k", u.ID, parts, nil); err != nil {
			t.Fatal(err)
		}
	}
	wrong := []store.CompletedPart{{Number: 1, ETag: strings.Repeat("0", 32)}}
	if _, err := s.CompleteUpload(t.Context(), "b", "k", u.ID, wrong, nil); !errors.Is(err, store.ErrNoSuchUpload) {
		t.Errorf("CompleteUpload with other parts = %v, want %v", err, store.ErrNoSuchUpload)
	}
	put(t, s, "k", nil)
	if _, err := s.CompleteUpload(t.Context(), "b", "k", u.ID, parts, nil); !errors.Is(err, store.ErrNoSuchUpload) {
		t.Errorf("CompleteUpload after Put = %v, want %v", err, store.ErrNoSuchUpload)
	}
}

func TestUploadErrors(t *testing.T) {
	s := open(t, nil)
	u := newUpload(t, s, "k")
	for _, n := range []int{-1, 0, store.MaxParts + 1} {
		if _, err := s.PutPart(t.Context(), "b", "k", u.ID, n, bytes.NewReader(nil), nil); !errors.Is(err, store.ErrInvalidPartNumber) {
			t.Errorf("PutPart %d = %v, want %v", n, err, store.ErrInvalidPartNumber)
		}
	}
	other := u.ID[:len(u.ID)-1] + "0"
	if other == u.ID {
		other = u.ID[:len(u.ID)-1] + "1"
	}
	for _, id := range []string{"", "x", other, strings.ToUpper(u.ID) + "0"} {
		if _, err := s.Upload(t.Context(), "b", "k", id); !errors.Is(err, store.ErrNoSuchUpload) {
			t.Errorf("Upload(%q) = %v, want %v", id, err, store.ErrNoSuchUpload)
		}
		if err := s.AbortUpload(t.Context(), "b", "k", id); !errors.Is(err, store.ErrNoSuchUpload) {
			t.Errorf("AbortUpload(%q) = %v, want %v", id, err, store.ErrNoSuchUpload)
		}
	}
	if _, err := s.Upload(t.Context(), "b", "other", u.ID); !errors.Is(err, store.ErrNoSuchUpload) {
		t.Errorf("Upload under another key = %v, want %v", err, store.ErrNoSuchUpload)
	}
	if _, err := s.CreateUpload(t.Context(), "b", "", nil); !errors.Is(err, store.ErrInvalidKey) {
		t.Errorf("CreateUpload without a key = %v, want %v", err, store.ErrInvalidKey)
	}
}

func TestListParts(t *testing.T) {
	s := open(t, nil)
	u := newUpload(t, s, "k")
	for _, n := range []int{5, 1, 10000, 3, 256} {
		putPart(t, s, u, n, content(uint64(n), n))
	}
	tests := []struct {
		after, limit int
		want         string
		next         int
		more         bool
	}{
		{0, 100, "[1 3 5 256 10000]", 10000, false},
		{0, 2, "[1 3]", 3, true},
		{3, 2, "[5 256]", 256, true},
		{256, 2, "[10000]", 10000, false},
		{10000, 2, "[]", 0, false},
		{0, 0, "[]", 0, false},
		{1 << 40, 2, "[]", 0, false},
	}
	for _, tt := range tests {
		p, err := s.ListParts(t.Context(), "b", "k", u.ID, tt.after, tt.limit)
		if err != nil {
			t.Fatal(err)
		}
		numbers := []int{}
		for _, part := range p.Parts {
			numbers = append(numbers, part.Number)
			if part.Size != int64(part.Number) {
				t.Errorf("part %d has %d bytes", part.Number, part.Size)
			}
		}
		if got := fmt.Sprint(numbers); got != tt.want || p.Next != tt.next || p.Truncated != tt.more {
			t.Errorf("ListParts(%d, %d) = %s, next %d, %v, want %s, %d, %v", tt.after, tt.limit, got, p.Next, p.Truncated, tt.want, tt.next, tt.more)
		}
	}
}

func TestListUploads(t *testing.T) {
	s := open(t, nil)
	var ids []string
	for _, key := range []string{"a", "a", "a\x00", "b/1", "b/2", "c"} {
		ids = append(ids, newUpload(t, s, key).ID)
	}
	tests := []struct {
		name      string
		o         store.ListUploadsOptions
		uploads   string // index of each in ids
		prefixes  string
		nextKey   string
		nextID    int // index in ids, -1 for none
		truncated bool
	}{
		{"all", store.ListUploadsOptions{Max: 10}, "0 1 2 3 4 5", "", "c", 5, false},
		{"page", store.ListUploadsOptions{Max: 1}, "0", "", "a", 0, true},
		{"after an upload", store.ListUploadsOptions{Max: 2, KeyMarker: "a", IDMarker: ids[0]}, "1 2", "", "a\x00", 2, true},
		{"after a key", store.ListUploadsOptions{Max: 2, KeyMarker: "a"}, "2 3", "", "b/1", 3, true},
		{"delimiter", store.ListUploadsOptions{Max: 10, Delimiter: "/"}, "0 1 2 5", "b/", "c", 5, false},
		{"ends with prefix", store.ListUploadsOptions{Max: 4, Delimiter: "/"}, "0 1 2", "b/", "b/", -1, true},
		{"after prefix", store.ListUploadsOptions{Max: 4, Delimiter: "/", KeyMarker: "b/"}, "5", "", "c", 5, false},
		{"prefix", store.ListUploadsOptions{Max: 4, Prefix: "b"}, "3 4", "", "b/2", 4, false},
		{"marker before prefix", store.ListUploadsOptions{Max: 4, Prefix: "b", KeyMarker: "a"}, "3 4", "", "b/2", 4, false},
		{"past the end", store.ListUploadsOptions{Max: 4, KeyMarker: "c"}, "", "", "", -1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := s.ListUploads(t.Context(), "b", tt.o)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, u := range p.Uploads {
				for i, id := range ids {
					if id == u.ID {
						got = append(got, fmt.Sprint(i))
					}
				}
			}
			if g := strings.Join(got, " "); g != tt.uploads {
				t.Errorf("uploads = %s, want %s", g, tt.uploads)
			}
			if g := strings.Join(p.Prefixes, " "); g != tt.prefixes {
				t.Errorf("prefixes = %s, want %s", g, tt.prefixes)
			}
			nextID := ""
			if tt.nextID >= 0 {
				nextID = ids[tt.nextID]
			}
			if p.NextKey != tt.nextKey || p.NextID != nextID || p.Truncated != tt.truncated {
				t.Errorf("next = %q, %q, %v, want %q, %q, %v", p.NextKey, p.NextID, p.Truncated, tt.nextKey, nextID, tt.truncated)
			}
		})
	}
}

func TestCopyPartRanges(t *testing.T) {
	s := open(t, nil)
	src := content(1, 300<<10)
	put(t, s, "src", src)
	u := newUpload(t, s, "k")
	tests := []struct {
		name string
		r    *store.ByteRange
		want error
	}{
		{"whole", nil, nil},
		{"first byte", &store.ByteRange{}, nil},
		{"last byte", &store.ByteRange{First: 300<<10 - 1, Last: 300<<10 - 1}, nil},
		{"middle", &store.ByteRange{First: 1000, Last: 200000}, nil},
		{"past the end", &store.ByteRange{First: 0, Last: 300 << 10}, store.ErrInvalidRange},
		{"backwards", &store.ByteRange{First: 5, Last: 4}, store.ErrInvalidRange},
		{"negative", &store.ByteRange{First: -1, Last: 4}, store.ErrInvalidRange},
		{"overflow", &store.ByteRange{First: 0, Last: 1<<63 - 1}, store.ErrInvalidRange},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := s.CopyPart(t.Context(), "b", "src", "b", "k", u.ID, 1, &store.CopyPartOptions{Range: tt.r})
			if !errors.Is(err, tt.want) {
				t.Fatalf("CopyPart = %v, want %v", err, tt.want)
			}
			if err != nil {
				return
			}
			want := src
			if tt.r != nil {
				want = src[tt.r.First : tt.r.Last+1]
			}
			if p.ETag != hexMD5(want) || p.Size != int64(len(want)) {
				t.Errorf("CopyPart = %+v, want %s, %d bytes", p, hexMD5(want), len(want))
			}
		})
	}
}

func TestCopySharesLargeBodies(t *testing.T) {
	s := open(t, nil)
	body := content(1, 1<<20)
	put(t, s, "src", body)
	for i := range 5 {
		if _, err := s.Copy(t.Context(), "b", "src", "b", fmt.Sprint("copy", i), nil); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.Files(); n != 1 || err != nil {
		t.Errorf("%d files, %v, want 1", n, err)
	}
	for _, key := range []string{"src", "copy0", "copy1", "copy2", "copy3"} {
		if _, err := s.Delete(t.Context(), "b", key, nil); err != nil {
			t.Fatal(err)
		}
	}
	s.Idle()
	if _, err := s.Copy(t.Context(), "b", "copy4", "b", "copy4", nil); err != nil { // onto itself
		t.Fatal(err)
	}
	if got := read(t, s, "copy4"); !bytes.Equal(got, body) {
		t.Error("last copy reads back wrong")
	}
	deleteAll(t, s)
	checkNothingLeft(t, s)
}
