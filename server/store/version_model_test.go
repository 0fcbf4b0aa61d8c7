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

// versionModel is what a bucket ought to hold: the versions of each key, the newest first, in a plain list.
type versionModel struct {
	state string
	keys  map[string][]modelVersion
}

type modelVersion struct {
	id     string // VersionID
	marker bool
	body   []byte
	meta   string
}

func (m *versionModel) add(key string, v modelVersion) {
	switch m.state {
	case "":
		m.keys[key] = nil
	case store.VersioningSuspended:
		m.remove(key, store.NullVersion)
	}
	m.keys[key] = append([]modelVersion{v}, m.keys[key]...)
}

func (m *versionModel) remove(key, id string) (existed bool) {
	n := len(m.keys[key])
	m.keys[key] = slices.DeleteFunc(m.keys[key], func(v modelVersion) bool { return v.id == id })
	return len(m.keys[key]) < n
}

// current is the object that a key has, nil if it has none or was deleted.
func (m *versionModel) current(key string) *modelVersion {
	if list := m.keys[key]; len(list) > 0 && !list[0].marker {
		return &list[0]
	}
	return nil
}

// TestVersionModel does random operations on a bucket whose versioning comes and goes and on a model of it, and compares answers, and
// now and then everything; also across reopening.
func TestVersionModel(t *testing.T) {
	rounds, ops := roundsFrom("ICOS_MODEL_ROUNDS", 4), 500
	if testing.Short() {
		rounds = 2
	}
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := &versionRun{t: t, rng: rand.New(rand.NewPCG(seed, 2)), fs: faultfs.NewMem()}
			r.keys = make(map[string][]modelVersion)
			r.reopen()
			if err := r.s.CreateBucket(t.Context(), store.Bucket{Name: "b"}); err != nil {
				t.Fatal(err)
			}
			for range ops {
				r.step()
			}
			r.compare()
			r.empty()
			if err := r.s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

type versionRun struct {
	versionModel
	t        *testing.T
	rng      *rand.Rand
	fs       *faultfs.FS
	s        *store.Store
	measured bool // somebody asked for the usage since the store was opened
}

func (r *versionRun) reopen() {
	r.t.Helper()
	if r.s != nil {
		if err := r.s.Close(); err != nil {
			r.t.Fatal(err)
		}
	}
	s, err := store.Open("/data", &store.Options{FS: r.fs, MinPartSize: -1, MemTable: 256 << 10})
	if err != nil {
		r.t.Fatal(err)
	}
	r.s, r.measured = s, false
}

// key is one of few, so that each gets many versions.
func (r *versionRun) key() string { return modelKeys[r.rng.IntN(8)] }

// version is one that the key has, or had never.
func (r *versionRun) version(key string) string {
	list := r.keys[key]
	if n := r.rng.IntN(len(list) + 1); n < len(list) {
		return list[n].id
	}
	return []string{store.NullVersion, "0000ffff-0000-0000-0000-000000000001", "nonsense"}[r.rng.IntN(3)]
}

func (r *versionRun) find(key, id string) *modelVersion {
	for i := range r.keys[key] {
		if r.keys[key][i].id == id {
			return &r.keys[key][i]
		}
	}
	return nil
}

func (r *versionRun) check(what string, err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%s = %v", what, err)
	}
}

func (r *versionRun) step() {
	ctx := r.t.Context()
	key := r.key()
	body := content(r.rng.Uint64(), modelSizes[r.rng.IntN(len(modelSizes))])
	switch p := r.rng.IntN(100); {
	case p < 30:
		o, err := r.s.Put(ctx, "b", key, bytes.NewReader(body), nil)
		r.check("Put", err)
		r.added(key, o, body)
	case p < 40:
		r.copy(key, r.key())
	case p < 48:
		r.complete(key, body)
	case p < 58:
		r.delete(key)
	case p < 74:
		id := r.version(key)
		want := r.find(key, id)
		d, err := r.s.DeleteVersion(ctx, "b", key, id, nil)
		r.check("DeleteVersion", err)
		if d.Existed != (want != nil) || d.MarkerMade || want != nil && (d.DeleteMarker != want.marker || d.VersionID() != id) {
			r.t.Errorf("DeleteVersion(%q, %s) = %+v, want %+v", key, id, d, want)
		}
		r.remove(key, id)
	case p < 80:
		id := r.version(key)
		_, err := r.s.UpdateVersion(ctx, "b", key, id, func(o *store.Object) error {
			o.Metadata = map[string]string{"m": "new"}
			return nil
		})
		if want := r.find(key, id); r.wanted("UpdateVersion", want, err) {
			want.meta = "new"
		}
	case p < 86:
		r.read(key, r.version(key))
	case p < 90:
		r.state = []string{store.VersioningEnabled, store.VersioningEnabled, store.VersioningSuspended}[r.rng.IntN(3)]
		_, err := r.s.UpdateBucket(ctx, "b", func(b *store.Bucket) error { b.Versioning = r.state; return nil })
		r.check("UpdateBucket", err)
	case p < 92:
		r.reopen()
	case p < 94:
		r.usage()
	default:
		r.list()
	}
	if r.measured {
		r.usage() // it is kept by now, at every step
	}
}

// added puts into the model what a write returned.
func (r *versionRun) added(key string, o store.Object, body []byte) {
	r.t.Helper()
	if !o.Latest || o.DeleteMarker || (o.Version != "") != (r.state == store.VersioningEnabled) || r.find(key, o.VersionID()) != nil && o.Version != "" {
		r.t.Errorf("written object is %+v while versioning is %q", o, r.state)
	}
	r.add(key, modelVersion{id: o.VersionID(), body: body})
}

// wanted checks the error of an operation on a version, and reports whether there is an object that it succeeded on.
func (r *versionRun) wanted(what string, want *modelVersion, err error) bool {
	r.t.Helper()
	switch {
	case want == nil:
		if !errors.Is(err, store.ErrNoSuchVersion) && !errors.Is(err, store.ErrNoSuchKey) || errors.Is(err, store.ErrDeleteMarker) {
			r.t.Errorf("%s of nothing = %v", what, err)
		}
	case want.marker:
		if e, ok := errors.AsType[*store.MarkerError](err); !ok || !e.Named || e.Marker.VersionID() != want.id || errors.Is(err, store.ErrNoSuchKey) {
			r.t.Errorf("%s of a delete marker = %v", what, err)
		}
	case err != nil:
		r.t.Errorf("%s = %v", what, err)
	default:
		return true
	}
	return false
}

func (r *versionRun) delete(key string) {
	existed := r.current(key) != nil
	d, err := r.s.DeleteVersion(r.t.Context(), "b", key, "", nil)
	r.check("DeleteVersion of the current", err)
	if d.Existed != existed || d.MarkerMade != (r.state != "") || d.MarkerMade && (d.MarkerVersion == store.NullVersion) != (r.state == store.VersioningSuspended) {
		r.t.Errorf("deletion of %q = %+v while versioning is %q, existed %v", key, d, r.state, existed)
	}
	if r.state == "" {
		r.keys[key] = nil
		return
	}
	r.add(key, modelVersion{id: d.MarkerVersion, marker: true})
}

func (r *versionRun) copy(from, to string) {
	id := ""
	src := r.current(from)
	if r.rng.IntN(2) == 0 {
		id = r.version(from)
		src = r.find(from, id)
	}
	o, err := r.s.Copy(r.t.Context(), "b", from, "b", to, &store.CopyOptions{SourceVersion: id})
	if id == "" && src == nil {
		if !errors.Is(err, store.ErrNoSuchKey) {
			r.t.Errorf("Copy of nothing = %v", err)
		}
		return
	}
	if r.wanted("Copy", src, err) {
		r.added(to, o, src.body)
	}
}

func (r *versionRun) complete(key string, body []byte) {
	ctx := r.t.Context()
	u, err := r.s.CreateUpload(ctx, "b", key, nil)
	r.check("CreateUpload", err)
	half := len(body) / 2
	var parts []store.CompletedPart
	for i, part := range [][]byte{body[:half], body[half:]} {
		_, err := r.s.PutPart(ctx, "b", key, u.ID, i+1, bytes.NewReader(part), nil)
		r.check("PutPart", err)
		sum := md5.Sum(part)
		parts = append(parts, store.CompletedPart{Number: i + 1, ETag: hex.EncodeToString(sum[:])})
	}
	o, err := r.s.CompleteUpload(ctx, "b", key, u.ID, parts, nil)
	r.check("CompleteUpload", err)
	again, err := r.s.CompleteUpload(ctx, "b", key, u.ID, parts, nil) // as after a lost answer
	r.check("CompleteUpload again", err)
	if again.Version != o.Version {
		r.t.Errorf("completed again is version %s, want %s", again.VersionID(), o.VersionID())
	}
	r.added(key, o, body)
}

// read reads a version, and the object.
func (r *versionRun) read(key, id string) {
	for _, id := range []string{id, ""} {
		want := r.find(key, id)
		if id == "" {
			want = r.current(key)
		}
		rd, err := r.s.OpenVersion(r.t.Context(), "b", key, id)
		if id == "" && want == nil {
			_, deleted := errors.AsType[*store.MarkerError](err)
			if !errors.Is(err, store.ErrNoSuchKey) || deleted != (len(r.keys[key]) > 0) {
				r.t.Errorf("Open(%q) of nothing = %v", key, err)
			}
			continue
		}
		if !r.wanted("OpenVersion", want, err) {
			continue
		}
		body, err := io.ReadAll(rd.Range(0, -1))
		o := rd.Object()
		if err != nil || !bytes.Equal(body, want.body) || o.VersionID() != want.id || o.Latest != (want == r.current(key)) || o.Metadata["m"] != want.meta {
			r.t.Errorf("version %s of %q reads back wrong: %+v, %v", id, key, o, err)
		}
		if err := rd.Close(); err != nil {
			r.t.Error(err)
		}
	}
}

// all lists every version under a prefix as it ought to be.
func (r *versionRun) all(prefix, delimiter string) (list []string) {
	for _, key := range slices.Sorted(maps.Keys(r.keys)) {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok || len(r.keys[key]) == 0 {
			continue
		}
		if i := strings.Index(rest, delimiter); delimiter != "" && i >= 0 {
			if p := prefix + rest[:i+len(delimiter)] + "*"; len(list) == 0 || list[len(list)-1] != p {
				list = append(list, p)
			}
			continue
		}
		for i, v := range r.keys[key] {
			list = append(list, entry(key, v.id, i == 0, v.marker))
		}
	}
	return list
}

func entry(key, id string, latest, marker bool) string {
	return fmt.Sprintf("%q %s latest %v marker %v", key, id, latest, marker)
}

// list lists all versions by pages of random size, with random prefix and delimiter, and scans them.
func (r *versionRun) list() {
	ctx := r.t.Context()
	prefix := []string{"", "a", "a/", "b", "zz"}[r.rng.IntN(5)]
	delimiter := []string{"", "/", "b", "//"}[r.rng.IntN(4)]
	var got []string
	o := store.ListVersionsOptions{Prefix: prefix, Delimiter: delimiter}
	for more := true; more; {
		o.Max = 1 + r.rng.IntN(4)
		p, err := r.s.ListVersions(ctx, "b", o)
		r.check("ListVersions", err)
		if n := len(p.Versions) + len(p.Prefixes); n > o.Max || p.Truncated && n < o.Max {
			r.t.Errorf("page of %d of %d, truncated %v", n, o.Max, p.Truncated)
		}
		got = append(got, merged(p)...)
		o.KeyMarker, o.VersionMarker, more = p.NextKey, p.NextVersion, p.Truncated
	}
	if want := r.all(prefix, delimiter); !slices.Equal(got, want) {
		r.t.Errorf("ListVersions(prefix %q, delimiter %q) =\n%s\nwant\n%s", prefix, delimiter, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	got = nil
	r.check("Scan", r.s.Scan(ctx, "b", prefix, "", true, func(o *store.Object) (bool, error) {
		got = append(got, entry(o.Key, o.VersionID(), o.Latest, o.DeleteMarker))
		if o.Superseded.IsZero() != o.Latest {
			r.t.Errorf("%s of %q is superseded at %v", o.VersionID(), o.Key, o.Superseded)
		}
		return true, nil
	}))
	if want := r.all(prefix, ""); !slices.Equal(got, want) {
		r.t.Errorf("Scan(prefix %q) =\n%s\nwant\n%s", prefix, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	got = nil
	r.check("Scan", r.s.Scan(ctx, "b", prefix, "", false, func(o *store.Object) (bool, error) {
		got = append(got, o.Key)
		return true, nil
	}))
	var want []string
	for _, key := range slices.Sorted(maps.Keys(r.keys)) {
		if strings.HasPrefix(key, prefix) && r.current(key) != nil {
			want = append(want, key)
		}
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("Scan of current objects = %q, want %q", got, want)
	}
}

// merged are the entries of a page in one order.
func merged(p store.VersionPage) (list []string) {
	prefixes := p.Prefixes
	for _, o := range p.Versions {
		for len(prefixes) > 0 && prefixes[0] < o.Key {
			list = append(list, prefixes[0]+"*")
			prefixes = prefixes[1:]
		}
		list = append(list, entry(o.Key, o.VersionID(), o.Latest, o.DeleteMarker))
	}
	for _, p := range prefixes {
		list = append(list, p+"*")
	}
	return list
}

func (r *versionRun) usage() {
	r.measured = true
	objects, size, err := r.s.Usage(r.t.Context(), "b")
	r.check("Usage", err)
	wantObjects, wantSize := int64(0), int64(0)
	for _, list := range r.keys {
		for _, v := range list {
			if !v.marker {
				wantObjects++
				wantSize += int64(len(v.body))
			}
		}
	}
	if objects != wantObjects || size != wantSize {
		r.t.Fatalf("Usage = %d objects, %d bytes, want %d, %d", objects, size, wantObjects, wantSize)
	}
}

// compare compares all that the store holds with the model.
func (r *versionRun) compare() {
	r.list()
	r.usage()
	for key, list := range r.keys {
		for _, v := range list {
			r.read(key, v.id)
		}
	}
}

// empty deletes everything and checks that nothing stays behind.
func (r *versionRun) empty() {
	ctx := r.t.Context()
	some := len(r.all("", "")) > 0
	if err := r.s.DeleteBucket(ctx, "b"); some && !errors.Is(err, store.ErrBucketNotEmpty) {
		r.t.Errorf("DeleteBucket of a bucket with versions = %v", err)
	}
	for key, list := range r.keys {
		for _, i := range r.rng.Perm(len(list)) {
			if _, err := r.s.DeleteVersion(ctx, "b", key, list[i].id, nil); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	if err := r.s.DeleteBucket(ctx, "b"); err != nil {
		r.t.Fatal(err)
	}
	checkNothingLeft(r.t, r.s)
}
