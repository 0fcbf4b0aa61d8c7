package mirror_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/icos-go/icos/transfer/filter"
	"github.com/icos-go/icos/transfer/internal/mirror"
	"github.com/icos-go/icos/transfer/internal/tree"
)

func keys(t *testing.T, side mirror.Side, o mirror.ListOptions) []string {
	t.Helper()
	var got []string
	for e, err := range side.List(t.Context(), o) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Key)
	}
	return got
}

func TestBucketList(t *testing.T) {
	s := newStore(t)
	for _, key := range []string{"p/", "p/a", "p/a-b", "p/a/b", "p/a/c.log", "p/dir/", "p/logs/x", "p/é", "q"} {
		var content []byte
		if !strings.HasSuffix(key, "/") {
			content = noise(5)
		}
		put(t, s.Object(key), content, nil)
	}
	put(t, s.Object("p/full/"), noise(3), nil)
	rules, err := filter.New("*.log", "/logs/", "dir/")
	if err != nil {
		t.Fatal(err)
	}
	side := mirror.Side{Bucket: s.Bucket, Prefix: "p/"}
	for _, test := range []struct {
		name string
		side mirror.Side
		o    mirror.ListOptions
		want []string
	}{
		{"all", side, mirror.ListOptions{}, []string{"a", "a-b", "a/b", "a/c.log", "full/", "logs/x", "é"}},
		{"markers", side, mirror.ListOptions{EmptyDirs: true}, []string{"a", "a-b", "a/b", "a/c.log", "dir/", "full/", "logs/x", "é"}},
		{"filter", side, mirror.ListOptions{EmptyDirs: true, Filter: rules}, []string{"a", "a-b", "a/b", "full/", "é"}},
		{"after", side, mirror.ListOptions{After: "a-b"}, []string{"a/b", "a/c.log", "full/", "logs/x", "é"}},
		{"part of a name", mirror.Side{Bucket: s.Bucket, Prefix: "p/a"}, mirror.ListOptions{}, []string{"-b", "/b", "/c.log"}},
		{"nothing", mirror.Side{Bucket: s.Bucket, Prefix: "none"}, mirror.ListOptions{}, nil},
	} {
		if got := keys(t, test.side, test.o); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	dir := listedIn(t, mirror.Side{Bucket: s.Bucket}, "p/full/")
	if dir.Kind != tree.File || dir.Size != 3 || dir.StorageClass == "" || dir.ETag == "" || dir.ModTime.IsZero() {
		t.Errorf("object that ends in a slash: %+v", dir)
	}
}

// TestBucketListPages makes a list of many pages whose service is asked for the next while the
// loop has one, and for no more than that.
func TestBucketListPages(t *testing.T) {
	s := newStore(t)
	var pages atomic.Int64
	const all = 3500
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("list-type") == "" {
			return false
		}
		var first int
		if token := r.URL.Query().Get("continuation-token"); token != "" {
			fmt.Sscan(token, &first)
		}
		pages.Add(1)
		var b strings.Builder
		b.WriteString("<ListBucketResult><EncodingType>url</EncodingType>")
		last := min(first+1000, all)
		for i := first; i < last; i++ {
			fmt.Fprintf(&b, "<Contents><Key>%06d</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;%032x&quot;</ETag><Size>%d</Size></Contents>", i, i, i)
		}
		fmt.Fprintf(&b, "<IsTruncated>%v</IsTruncated>", last < all)
		if last < all {
			fmt.Fprintf(&b, "<NextContinuationToken>%d</NextContinuationToken>", last)
		}
		b.WriteString("</ListBucketResult>")
		w.Write([]byte(b.String()))
		return true
	})
	n := 0
	for e, err := range mirror.Bucket(t.Context(), s.Bucket, "", mirror.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Key != fmt.Sprintf("%06d", n) || e.Size != int64(n) || e.ETag != fmt.Sprintf("%032x", n) {
			t.Fatalf("entry %d is %+v", n, e)
		}
		if n++; pages.Load() > int64((n-1)/1000+2) {
			t.Fatalf("%d pages fetched for entry %d", pages.Load(), n)
		}
	}
	if n != all {
		t.Errorf("%d entries, want %d", n, all)
	}
	for range mirror.Bucket(t.Context(), s.Bucket, "", mirror.ListOptions{}) {
		break // waits for what is on its way; the leak check of the package sees to it
	}
}

// TestBucketListFaults breaks lists off.
func TestBucketListFaults(t *testing.T) {
	s := newStore(t)
	page := func(body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			fmt.Fprintf(w, "<ListBucketResult>%s</ListBucketResult>", body)
			return true
		}
	}
	const a = "<Contents><Key>p/a</Key></Contents>"
	for _, test := range []struct{ body, want string }{
		{a + "<IsTruncated>true</IsTruncated>", "how to go on"},
		{a + "<IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>", "token twice"},
		{"<Contents><Key>other</Key></Contents>", `the key "other"`},
	} {
		s.answer(page(test.body))
		var last error
		for _, err := range mirror.Bucket(t.Context(), s.Bucket, "p/", mirror.ListOptions{}) {
			last = err
		}
		if last == nil || !strings.Contains(last.Error(), test.want) || !strings.Contains(last.Error(), "list cos://bucket/p/") {
			t.Errorf("list of %s: error %v, want %q", test.body, last, test.want)
		}
	}
	s.meddle.Store(nil)
	for _, err := range mirror.Bucket(t.Context(), s.cos.Client().Bucket("nobody"), "", mirror.ListOptions{}) {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("list of a missing bucket: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range mirror.Bucket(ctx, s.Bucket, "", mirror.ListOptions{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("canceled list: %v", err)
		}
	}
}
