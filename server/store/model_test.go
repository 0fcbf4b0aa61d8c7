package store_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/icos-go/icos/internal/faultfs"
	"github.com/icos-go/icos/server/store"
)

// model is what the store ought to hold.
type model struct {
	objects map[string]modelObject
	uploads map[string]*modelUpload // by ID
}

type modelObject struct {
	body []byte
	etag string
	meta string
}

type modelUpload struct {
	key   string
	parts map[int][]byte
}

// modelKeys are few, so that operations meet, and nasty.
var modelKeys = []string{"a", "a/", "a/b", "a/b/c", "a//b", "../x", "a\x00", "a\xff", "ü", "b", "b/1", "b/2", strings.Repeat("k", 1024)}

var modelSizes = []int{0, 1, 100, 5000, 64 << 10, 64<<10 + 1, 200 << 10, 600 << 10}

// TestModel does random operations on the store and on a model of it, and compares answers, and now and then everything; also
// across reopening.
func TestModel(t *testing.T) {
	rounds, ops := roundsFrom("ICOS_MODEL_ROUNDS", 4), 400
	if testing.Short() {
		rounds = 2
	}
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			m := &modelRun{t: t, rng: rand.New(rand.NewPCG(seed, 1)), fs: faultfs.NewMem()}
			m.objects, m.uploads = make(map[string]modelObject), make(map[string]*modelUpload)
			m.reopen()
			if err := m.s.CreateBucket(t.Context(), store.Bucket{Name: "b"}); err != nil {
				t.Fatal(err)
			}
			for range ops {
				m.step()
			}
			m.compare()
			m.empty()
			if err := m.s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

type modelRun struct {
	model
	t   *testing.T
	rng *rand.Rand
	fs  *faultfs.FS
	s   *store.Store
}

func (m *modelRun) reopen() {
	m.t.Helper()
	if m.s != nil {
		if err := m.s.Close(); err != nil {
			m.t.Fatal(err)
		}
	}
	s, err := store.Open("/data", &store.Options{FS: m.fs, MinPartSize: -1, MemTable: 256 << 10})
	if err != nil {
		m.t.Fatal(err)
	}
	m.s = s
}

func (m *modelRun) key() string { return modelKeys[m.rng.IntN(len(modelKeys))] }

func (m *modelRun) body() []byte {
	return content(m.rng.Uint64(), modelSizes[m.rng.IntN(len(modelSizes))])
}

func (m *modelRun) upload() (string, *modelUpload) {
	ids := slices.Sorted(maps.Keys(m.uploads))
	if len(ids) == 0 {
		return "", nil
	}
	i := ids[m.rng.IntN(len(ids))]
	return i, m.uploads[i]
}

func hexMD5(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

func (m *modelRun) step() {
	ctx := m.t.Context()
	check := func(what string, err error) {
		m.t.Helper()
		if err != nil {
			m.t.Fatalf("%s = %v", what, err)
		}
	}
	switch p := m.rng.IntN(100); {
	case p < 30:
		key, body := m.key(), m.body()
		meta := fmt.Sprint(m.rng.IntN(3))
		o, err := m.s.Put(ctx, "b", key, bytes.NewReader(body), &store.PutOptions{Attributes: store.Attributes{Metadata: map[string]string{"m": meta}}})
		check("Put", err)
		m.objects[key] = modelObject{body, o.ETag, meta}
		if want := hexMD5(body); o.ETag != want {
			m.t.Errorf("ETag of Put = %s, want %s", o.ETag, want)
		}
	case p < 45:
		key := m.key()
		existed, err := m.s.Delete(ctx, "b", key, nil)
		check("Delete", err)
		if _, want := m.objects[key]; existed != want {
			m.t.Errorf("Delete(%q) existed = %v, want %v", key, existed, want)
		}
		delete(m.objects, key)
	case p < 55:
		m.copy(m.key(), m.key())
	case p < 60:
		key := m.key()
		o, err := m.s.Update(ctx, "b", key, func(o *store.Object) error {
			o.Metadata = map[string]string{"m": "new"}
			return nil
		})
		if want, ok := m.objects[key]; ok {
			check("Update", err)
			want.meta = "new"
			m.objects[key] = want
			if o.ETag != want.etag {
				m.t.Errorf("Update changed the ETag")
			}
		} else if !errors.Is(err, store.ErrNoSuchKey) {
			m.t.Errorf("Update of nothing = %v", err)
		}
	case p < 65:
		u, err := m.s.CreateUpload(ctx, "b", m.key(), nil)
		check("CreateUpload", err)
		m.uploads[u.ID] = &modelUpload{u.Key, make(map[int][]byte)}
	case p < 80:
		if id, u := m.upload(); u != nil {
			n, body := 1+m.rng.IntN(5), m.body()
			_, err := m.s.PutPart(ctx, "b", u.key, id, n, bytes.NewReader(body), nil)
			check("PutPart", err)
			u.parts[n] = body
		}
	case p < 83:
		if id, u := m.upload(); u != nil {
			check("AbortUpload", m.s.AbortUpload(ctx, "b", u.key, id))
			delete(m.uploads, id)
		}
	case p < 90:
		m.complete()
	case p < 92:
		m.reopen()
	case p < 96:
		m.readPart(m.key())
	default:
		m.list()
	}
}

func (m *modelRun) copy(from, to string) {
	o, err := m.s.Copy(m.t.Context(), "b", from, "b", to, nil)
	src, ok := m.objects[from]
	if !ok {
		if !errors.Is(err, store.ErrNoSuchKey) {
			m.t.Errorf("Copy of nothing = %v", err)
		}
		return
	}
	if err != nil {
		m.t.Fatalf("Copy = %v", err)
	}
	if want := hexMD5(src.body); o.ETag != want {
		m.t.Errorf("ETag of Copy = %s, want %s", o.ETag, want)
	}
	m.objects[to] = modelObject{src.body, o.ETag, ""}
}

func (m *modelRun) complete() {
	id, u := m.upload()
	if u == nil || len(u.parts) == 0 {
		return
	}
	var parts []store.CompletedPart
	var whole, sums []byte
	for _, n := range slices.Sorted(maps.Keys(u.parts)) {
		if len(parts) > 0 && m.rng.IntN(4) == 0 {
			continue // left out, to be freed
		}
		sum := md5.Sum(u.parts[n])
		parts = append(parts, store.CompletedPart{Number: n, ETag: hex.EncodeToString(sum[:])})
		whole, sums = append(whole, u.parts[n]...), append(sums, sum[:]...)
	}
	want := fmt.Sprintf("%s-%d", hexMD5(sums), len(parts))
	for range 2 { // the second time as after a lost answer
		o, err := m.s.CompleteUpload(m.t.Context(), "b", u.key, id, parts, nil)
		if err != nil {
			m.t.Fatalf("CompleteUpload = %v", err)
		}
		if o.ETag != want || o.Size != int64(len(whole)) || o.PartCount != len(parts) {
			m.t.Errorf("CompleteUpload = %+v, want ETag %s and %d bytes", o, want, len(whole))
		}
	}
	m.objects[u.key] = modelObject{whole, want, ""}
	delete(m.uploads, id)
}

// readPart reads a random range of an object in every way there is.
func (m *modelRun) readPart(key string) {
	want, ok := m.objects[key]
	r, err := m.s.Open(m.t.Context(), "b", key)
	if !ok {
		if !errors.Is(err, store.ErrNoSuchKey) {
			m.t.Errorf("Open of nothing = %v", err)
		}
		return
	}
	if err != nil {
		m.t.Fatalf("Open = %v", err)
	}
	defer r.Close()
	off := m.rng.IntN(len(want.body) + 1)
	n := m.rng.IntN(len(want.body) - off + 1)
	part := want.body[off : off+n]
	got, err := io.ReadAll(r.Range(int64(off), int64(n)))
	if err != nil || !bytes.Equal(got, part) {
		m.t.Errorf("Range(%d, %d) is wrong: %v", off, n, err)
	}
	var w bytes.Buffer
	if _, err := r.WriteRangeTo(&w, int64(off), int64(n)); err != nil || !bytes.Equal(w.Bytes(), part) {
		m.t.Errorf("WriteRangeTo(%d, %d) is wrong: %v", off, n, err)
	}
	buf := make([]byte, n)
	if _, err := r.ReadAt(buf, int64(off)); (err != nil && err != io.EOF) || !bytes.Equal(buf, part) {
		m.t.Errorf("ReadAt(%d, %d) is wrong: %v", off, n, err)
	}
}

// list lists everything by pages of random size, with random prefix and delimiter.
func (m *modelRun) list() {
	prefix := []string{"", "a", "a/", "b", "zz"}[m.rng.IntN(5)]
	delimiter := []string{"", "/", "b", "//"}[m.rng.IntN(4)]
	seen := make(map[string]bool)
	for key := range m.objects {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		if i := strings.Index(rest, delimiter); delimiter != "" && i >= 0 {
			key = prefix + rest[:i+len(delimiter)] + "*"
		}
		seen[key] = true
	}
	var got []string
	for after, more := "", true; more; {
		limit := 1 + m.rng.IntN(4)
		p, err := m.s.List(m.t.Context(), "b", store.ListOptions{Prefix: prefix, Delimiter: delimiter, After: after, Max: limit})
		if err != nil {
			m.t.Fatalf("List = %v", err)
		}
		if len(p.Objects)+len(p.Prefixes) > limit {
			m.t.Errorf("page of %d, want at most %d", len(p.Objects)+len(p.Prefixes), limit)
		}
		for _, o := range p.Objects {
			got = append(got, o.Key)
		}
		for _, c := range p.Prefixes {
			got = append(got, c+"*")
		}
		after, more = p.Next, p.Truncated
	}
	slices.Sort(got)
	if want := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
		m.t.Errorf("List(prefix %q, delimiter %q) = %q, want %q", prefix, delimiter, got, want)
	}
}

// compare compares all that the store holds with the model.
func (m *modelRun) compare() {
	m.list()
	for _, key := range modelKeys {
		want, ok := m.objects[key]
		o, err := m.s.Stat(m.t.Context(), "b", key)
		if !ok {
			if !errors.Is(err, store.ErrNoSuchKey) {
				m.t.Errorf("Stat(%q) of nothing = %v", key, err)
			}
			continue
		}
		if err != nil || o.ETag != want.etag || o.Size != int64(len(want.body)) || o.Metadata["m"] != want.meta {
			m.t.Errorf("Stat(%q) = %+v, %v, want %s, %d bytes, %q", key, o, err, want.etag, len(want.body), want.meta)
		}
		if got := read(m.t, m.s, key); !bytes.Equal(got, want.body) {
			m.t.Errorf("%q reads back wrong", key)
		}
	}
	p, err := m.s.ListUploads(m.t.Context(), "b", store.ListUploadsOptions{Max: 10000})
	if err != nil {
		m.t.Fatal(err)
	}
	if len(p.Uploads) != len(m.uploads) {
		m.t.Errorf("%d uploads, want %d", len(p.Uploads), len(m.uploads))
	}
	for _, u := range p.Uploads {
		m.compareParts(u)
	}
}

func (m *modelRun) compareParts(u store.Upload) {
	want := m.uploads[u.ID]
	if want == nil || want.key != u.Key {
		m.t.Errorf("unknown upload %s of %q", u.ID, u.Key)
		return
	}
	parts, err := m.s.ListParts(m.t.Context(), "b", u.Key, u.ID, 0, 10000)
	if err != nil {
		m.t.Fatal(err)
	}
	if len(parts.Parts) != len(want.parts) {
		m.t.Errorf("%d parts, want %d", len(parts.Parts), len(want.parts))
	}
	for _, p := range parts.Parts {
		if p.ETag != hexMD5(want.parts[p.Number]) {
			m.t.Errorf("part %d has ETag %s", p.Number, p.ETag)
		}
	}
}

// empty deletes everything and checks that nothing stays behind: no file, no row but the bucket's and the store's own.
func (m *modelRun) empty() {
	for key := range m.objects {
		if _, err := m.s.Delete(m.t.Context(), "b", key, nil); err != nil {
			m.t.Fatal(err)
		}
	}
	if err := m.s.DeleteBucket(m.t.Context(), "b"); err != nil { // with uploads in progress
		m.t.Fatal(err)
	}
	checkNothingLeft(m.t, m.s)
}

func checkNothingLeft(t *testing.T, s *store.Store) {
	t.Helper()
	s.Idle()
	if n, err := s.Files(); n != 0 || err != nil {
		t.Errorf("%d files are left, %v", n, err)
	}
	rows, err := s.Rows()
	if err != nil {
		t.Fatal(err)
	}
	delete(rows, 'r') // of the runs
	if len(rows) != 1 || rows['a'] != 1 {
		t.Errorf("rows left by kind: %v, want one of kind a", rows)
	}
}
