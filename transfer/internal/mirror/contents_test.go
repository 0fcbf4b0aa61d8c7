package mirror_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"iter"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/transfer/internal/mirror"
	"github.com/icos-go/icos/transfer/internal/tree"
)

const mib = 1 << 20

// A store is a bucket whose requests a test can count and answer itself.
type store struct {
	*icos.Bucket
	cos    *icostest.Server
	heads  atomic.Int64
	meddle atomic.Pointer[func(http.ResponseWriter, *http.Request) bool] // reports whether it has answered
}

func newStore(t *testing.T) *store {
	t.Helper()
	s := new(store)
	s.cos = icostest.NewServer(t, &icostest.Options{Wrap: func(cos http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				s.heads.Add(1)
			}
			if f := s.meddle.Load(); f != nil && (*f)(w, r) {
				return
			}
			cos.ServeHTTP(w, r)
		})
	}})
	s.Bucket = s.cos.Client().Bucket("bucket")
	if err := s.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return s
}

// plain returns the bucket as seen by a client that sends no checksums.
func (s *store) plain(t *testing.T) *icos.Bucket {
	t.Helper()
	config := s.cos.Config()
	config.Checksum = s3.NoChecksum
	c, err := icos.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.Bucket("bucket")
}

func (s *store) answer(f func(http.ResponseWriter, *http.Request) bool) { s.meddle.Store(&f) }

func put(t *testing.T, o *icos.Object, content []byte, opts *icos.PutOptions) {
	t.Helper()
	if _, err := o.Put(t.Context(), bytes.NewReader(content), opts); err != nil {
		t.Fatal(err)
	}
}

// putParts stores content in parts of the given sizes, as another program might.
func putParts(t *testing.T, o *icos.Object, content []byte, algorithm s3.ChecksumAlgorithm, kind string, sizes ...int) {
	t.Helper()
	ctx := t.Context()
	wire, err := o.Bucket().S3(ctx)
	if err != nil {
		t.Fatal(err)
	}
	up, err := wire.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadRequest{
		Bucket: o.Bucket().Name(), Key: o.Key(), ChecksumAlgorithm: algorithm, ChecksumType: kind,
	})
	if err != nil {
		t.Fatal(err)
	}
	complete := &s3.CompleteMultipartUploadRequest{Bucket: o.Bucket().Name(), Key: o.Key(), UploadID: up.UploadID}
	for i, size := range sizes {
		sum := s3.Checksum{Algorithm: algorithm}
		if algorithm == "" {
			sum.Algorithm = s3.NoChecksum
		}
		part, err := wire.UploadPart(ctx, &s3.UploadPartRequest{
			Bucket: o.Bucket().Name(), Key: o.Key(), UploadID: up.UploadID, PartNumber: i + 1,
			Body: bytes.NewReader(content[:size]), ContentLength: int64(size), Checksum: sum,
		})
		if err != nil {
			t.Fatal(err)
		}
		complete.Parts = append(complete.Parts, s3.CompletedPart{PartNumber: i + 1, ETag: part.ETag, Checksum: part.Checksum})
		content = content[size:]
	}
	if _, err := wire.CompleteMultipartUpload(ctx, complete); err != nil {
		t.Fatal(err)
	}
}

// noise returns n bytes that look random and are the same each time.
func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

// writeFile makes a file that was changed at a time.
func writeFile(t *testing.T, path string, content []byte, at time.Time) mirror.Entry {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
	return local(t, path)
}

func local(t *testing.T, path string) mirror.Entry {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	e := mirror.Entry{}
	e.Key, e.Path, e.Size, e.ModTime = "local", path, info.Size(), info.ModTime()
	return e
}

// listedIn returns what a list says about an object.
func listedIn(t *testing.T, side mirror.Side, key string) mirror.Entry {
	t.Helper()
	for e, err := range side.List(t.Context(), mirror.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Key == key {
			return e
		}
	}
	t.Fatalf("no object %q", key)
	return mirror.Entry{}
}

func one(e mirror.Entry) iter.Seq2[mirror.Entry, error] {
	return func(yield func(mirror.Entry, error) bool) { yield(e, nil) }
}

// decision returns what a plan says about a pair. A local entry gets the key of the
// object it is compared with.
func decision(t *testing.T, src, dst mirror.Entry, o mirror.Options) mirror.Action {
	t.Helper()
	if src.Path != "" {
		src.Key = dst.Key
	}
	dst.Key = src.Key
	var got []mirror.Action
	for a, err := range mirror.Plan(t.Context(), one(src), one(dst), o) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a)
	}
	if len(got) != 1 {
		t.Fatalf("%d actions for one key", len(got))
	}
	return got[0]
}

// wantDecision checks the operation, and that the reason has the words.
func wantDecision(t *testing.T, a mirror.Action, op mirror.Op, words string) {
	t.Helper()
	unsure := strings.Contains(a.Reason, "; ")
	if a.Op != op || !strings.Contains(a.Reason, words) || a.Unsure != unsure {
		t.Errorf("decided to %v because %q (%v), want %v because %q", a.Op, a.Reason, a.Err, op, words)
	}
}

// TestContents compares files with objects that were stored in every way, in both
// directions.
func TestContents(t *testing.T) {
	s := newStore(t)
	plain := s.plain(t)
	small, large := noise(1000), noise(12*mib+345)
	put(t, s.Object("small"), small, nil)
	put(t, s.Object("large"), large[:2*mib], nil)
	put(t, plain.Object("unsummed"), large[:2*mib], nil)
	put(t, s.Object("parts"), large, &icos.PutOptions{Threshold: 5 * mib, PartSize: 5 * mib})
	put(t, plain.Object("unsummed-parts"), large, &icos.PutOptions{Threshold: 5 * mib, PartSize: 5 * mib})
	putParts(t, s.Object("composite"), large, s3.SHA256, s3.Composite, 6*mib, 6*mib, 345)
	putParts(t, s.Object("uneven"), large, "", "", 5*mib, 7*mib, 345)

	side := mirror.Side{Bucket: s.Bucket}
	for _, test := range []struct {
		key        string
		content    []byte
		same, diff string // reasons
	}{
		{"small", small, "same content by MD5", "content differs by CRC32C"},
		{"large", large[:2*mib], "same content by CRC32C", "content differs by CRC32C"},
		{"unsummed", large[:2*mib], "same content by MD5", "content differs by MD5"},
		{"parts", large, "same content by CRC32C", "content differs by CRC32C"},
		{"unsummed-parts", large, "same content by MD5 of parts", "content differs by MD5 of parts"},
		{"composite", large, "same content by SHA256 of parts", "content differs by SHA256 of parts"},
	} {
		t.Run(test.key, func(t *testing.T) {
			remote := listedIn(t, side, test.key)
			same := writeFile(t, filepath.Join(t.TempDir(), "same"), test.content, remote.ModTime.Add(time.Hour))
			flipped := bytes.Clone(test.content)
			flipped[len(flipped)-1] ^= 1
			other := writeFile(t, filepath.Join(t.TempDir(), "other"), flipped, remote.ModTime.Add(time.Hour))
			for _, compare := range []mirror.Compare{mirror.Auto, mirror.Checksum} {
				up := mirror.Options{To: side, Compare: compare}
				wantDecision(t, decision(t, same, remote, up), mirror.Skip, test.same)
				wantDecision(t, decision(t, other, remote, up), mirror.Copy, test.diff)

				down := mirror.Options{From: side, Compare: compare}
				older := func(e mirror.Entry) mirror.Entry {
					e.ModTime = remote.ModTime.Add(-time.Hour)
					return e
				}
				wantDecision(t, decision(t, remote, older(same), down), mirror.Skip, test.same)
				wantDecision(t, decision(t, remote, older(other), down), mirror.Copy, test.diff)
			}
		})
	}

	t.Run("uneven parts", func(t *testing.T) {
		remote := listedIn(t, side, "uneven")
		same := writeFile(t, filepath.Join(t.TempDir(), "same"), large, remote.ModTime)
		o := mirror.Options{To: side, Compare: mirror.Checksum}
		wantDecision(t, decision(t, same, remote, o), mirror.Skip, "same size, and not newer; the store has nothing to compare")
		same.ModTime = remote.ModTime.Add(time.Second)
		wantDecision(t, decision(t, same, remote, o), mirror.Copy, "newer; the store has nothing to compare")
	})

	t.Run("store without part numbers", func(t *testing.T) {
		remote := listedIn(t, side, "unsummed-parts")
		s.answer(func(_ http.ResponseWriter, r *http.Request) bool {
			r.URL.RawQuery = ""
			return false
		})
		defer s.meddle.Store(nil)
		file := writeFile(t, filepath.Join(t.TempDir(), "f"), large, time.Now())
		o := mirror.Options{To: side, Compare: mirror.Checksum}
		wantDecision(t, decision(t, file, remote, o), mirror.Skip, "same content by MD5 of parts")
	})
}

// TestContentsOfObjects compares objects with objects.
func TestContentsOfObjects(t *testing.T) {
	s := newStore(t)
	plain := s.plain(t)
	large := noise(12*mib + 345)
	other := bytes.Clone(large)
	other[0] ^= 1
	from, to := mirror.Side{Bucket: s.Bucket, Prefix: "from/"}, mirror.Side{Bucket: s.Bucket, Prefix: "to/"}
	parts := func(size int64) *icos.PutOptions { return &icos.PutOptions{Threshold: 5 * mib, PartSize: size} }
	for _, test := range []struct {
		key      string
		from, to func(o *icos.Object)
		op       mirror.Op
		reason   string
		heads    int64
	}{
		{
			"same", func(o *icos.Object) { put(t, o, large[:10], nil) }, func(o *icos.Object) { put(t, o, large[:10], nil) },
			mirror.Skip, "same ETag", 0,
		},
		{
			"other", func(o *icos.Object) { put(t, o, large[:10], nil) }, func(o *icos.Object) { put(t, o, other[:10], nil) },
			mirror.Copy, "content differs by CRC32C", 2,
		},
		{
			"parts", func(o *icos.Object) { put(t, o, large, parts(5*mib)) }, func(o *icos.Object) { put(t, o, large, parts(6*mib)) },
			mirror.Skip, "same content by CRC32C", 2,
		},
		{
			"other-parts", func(o *icos.Object) { put(t, o, large, parts(5*mib)) }, func(o *icos.Object) { put(t, o, other, parts(6*mib)) },
			mirror.Copy, "content differs by CRC32C", 2,
		},
		{
			"unsummed", func(o *icos.Object) { put(t, plain.Object(o.Key()), large[:10], nil) },
			func(o *icos.Object) { put(t, plain.Object(o.Key()), other[:10], nil) },
			mirror.Copy, "content differs by ETag", 2,
		},
		{
			"unsummed-parts", func(o *icos.Object) { put(t, plain.Object(o.Key()), large, parts(5*mib)) },
			func(o *icos.Object) { put(t, plain.Object(o.Key()), large, parts(6*mib)) },
			mirror.Skip, "same size, and not newer; the store has nothing to compare", 2,
		},
	} {
		t.Run(test.key, func(t *testing.T) {
			test.from(s.Object("from/" + test.key))
			test.to(s.Object("to/" + test.key))
			src, dst := listedIn(t, from, test.key), listedIn(t, to, test.key)
			before := s.heads.Load()
			a := decision(t, src, dst, mirror.Options{From: from, To: to, Compare: mirror.Checksum})
			wantDecision(t, a, test.op, test.reason)
			if got := s.heads.Load() - before; got != test.heads {
				t.Errorf("%d HEAD requests, want %d", got, test.heads)
			}
		})
	}
}

// TestContentsOfFiles compares local entries with each other.
func TestContentsOfFiles(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	content := noise(700_000)
	other := bytes.Clone(content)
	other[600_000] ^= 1
	a := writeFile(t, filepath.Join(dir, "a"), content, now)
	b := writeFile(t, filepath.Join(dir, "b"), content, now)
	c := writeFile(t, filepath.Join(dir, "c"), other, now)
	link := func(to string) (e mirror.Entry) {
		e.Key, e.Path, e.Kind, e.Link, e.Size, e.ModTime = "l", filepath.Join(dir, "l"), tree.Symlink, to, int64(len(to)), now
		return e
	}
	o := mirror.Options{Compare: mirror.Checksum}
	wantDecision(t, decision(t, a, b, o), mirror.Skip, "same content")
	wantDecision(t, decision(t, a, c, o), mirror.Copy, "content differs from byte 600000 on")
	wantDecision(t, decision(t, link("x"), link("x"), o), mirror.Skip, "same content")
	wantDecision(t, decision(t, link("x"), link("y"), o), mirror.Copy, "content differs from byte 0 on")
	short := writeFile(t, filepath.Join(dir, "s"), []byte("."), now)
	wantDecision(t, decision(t, link("x"), short, o), mirror.Copy, "a symlink and a file")
	if err := os.Truncate(b.Path, 5); err != nil {
		t.Fatal(err)
	}
	wantDecision(t, decision(t, a, b, o), mirror.Copy, "content differs from byte 5 on")
}

// TestKeptTime takes for the same a file whose time the object keeps in its metadata.
func TestKeptTime(t *testing.T) {
	s := newStore(t)
	side := mirror.Side{Bucket: s.Bucket}
	kept := time.Now().Add(-24 * time.Hour).Truncate(time.Millisecond)
	content := noise(2 * mib)
	put(t, s.Object("k"), content, &icos.PutOptions{Metadata: tree.Attributes{ModTime: kept}.Metadata()})
	remote := listedIn(t, side, "k")
	content[0] ^= 1 // what is never read may differ
	file := writeFile(t, filepath.Join(t.TempDir(), "f"), content, kept)
	for _, compare := range []mirror.Compare{mirror.Auto, mirror.ModTime} {
		o := mirror.Options{From: side, Compare: compare}
		wantDecision(t, decision(t, remote, file, o), mirror.Skip, "same size and time")
	}
	touched := file
	touched.ModTime = kept.Add(time.Minute)
	wantDecision(t, decision(t, remote, touched, mirror.Options{From: side, Compare: mirror.ModTime}), mirror.Copy, "newer")
	wantDecision(t, decision(t, remote, touched, mirror.Options{From: side, Compare: mirror.Auto}), mirror.Copy, "content differs")
	wantDecision(t, decision(t, remote, file, mirror.Options{From: side, Compare: mirror.Checksum}), mirror.Copy, "content differs")
}

// TestContentsFaults compares what cannot be read or has changed.
func TestContentsFaults(t *testing.T) {
	s := newStore(t)
	side := mirror.Side{Bucket: s.Bucket}
	content := noise(2 * mib)
	put(t, s.Object("k"), content, nil)
	remote := listedIn(t, side, "k")
	path := filepath.Join(t.TempDir(), "f")
	file := writeFile(t, path, content, remote.ModTime.Add(time.Hour))
	up := mirror.Options{To: side, Compare: mirror.Checksum}
	down := mirror.Options{From: side, Compare: mirror.Checksum}
	status := func(code int) func(w http.ResponseWriter, r *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodHead {
				w.WriteHeader(code)
			}
			return r.Method == http.MethodHead
		}
	}

	s.answer(status(http.StatusForbidden))
	wantDecision(t, decision(t, file, remote, up), mirror.Copy, "newer; the store does not let its checksum be read")
	s.answer(status(http.StatusNotFound))
	wantDecision(t, decision(t, file, remote, up), mirror.Copy, "gone from the target meanwhile")
	if a := decision(t, remote, file, down); a.Op != mirror.Fail || !errors.Is(a.Err, fs.ErrNotExist) {
		t.Errorf("source gone: %v %v", a.Op, a.Err)
	}
	s.answer(status(http.StatusBadRequest))
	d := mirror.NewDeletes("")
	up.Delete = d
	if a := decision(t, file, remote, up); a.Op != mirror.Fail || a.Err == nil || d.Blocked() == nil {
		t.Errorf("bad request: %v %v, deletes blocked: %v", a.Op, a.Err, d.Blocked())
	}
	up.Delete = nil
	s.meddle.Store(nil)

	changed := remote
	changed.ETag = strings.Repeat("0", 32)
	wantDecision(t, decision(t, file, changed, up), mirror.Copy, "changed while it was compared")
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	wantDecision(t, decision(t, file, remote, up), mirror.Copy, "changed while it was compared")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if a := decision(t, file, remote, up); a.Op != mirror.Fail || !errors.Is(a.Err, fs.ErrNotExist) {
		t.Errorf("file gone: %v %v", a.Op, a.Err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	s.answer(func(http.ResponseWriter, *http.Request) bool { cancel(); return false })
	for _, err := range mirror.Plan(ctx, one(file), one(remote), up) {
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("canceled plan: %v", err)
		}
	}
}

// TestAdmit counts the requests of a plan by its hook.
func TestAdmit(t *testing.T) {
	s := newStore(t)
	side := mirror.Side{Bucket: s.Bucket}
	content := noise(2 * mib)
	put(t, s.Object("k"), content, nil)
	remote := listedIn(t, side, "k")
	file := writeFile(t, filepath.Join(t.TempDir(), "f"), content, remote.ModTime)
	var begun, ended atomic.Int64
	o := mirror.Options{To: side, Compare: mirror.Checksum, Admit: func(context.Context) (func(), error) {
		begun.Add(1)
		return func() { ended.Add(1) }, nil
	}}
	wantDecision(t, decision(t, file, remote, o), mirror.Skip, "same content")
	if begun.Load() != 1 || ended.Load() != 1 {
		t.Errorf("%d requests were admitted and %d ended, want 1", begun.Load(), ended.Load())
	}
	o.Admit = func(context.Context) (func(), error) { return nil, context.DeadlineExceeded }
	if a := decision(t, file, remote, o); !errors.Is(a.Err, context.DeadlineExceeded) {
		t.Errorf("refused request: %v %v", a.Op, a.Err)
	}
}
