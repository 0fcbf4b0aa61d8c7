package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/icos-go/icos/server/store"
)

// openVersioned is open with versioning enabled for "b".
func openVersioned(t testing.TB, o *store.Options) *store.Store {
	t.Helper()
	s := open(t, o)
	setVersioning(t, s, store.VersioningEnabled)
	return s
}

func setVersioning(t testing.TB, s *store.Store, state string) {
	t.Helper()
	if _, err := s.UpdateBucket(t.Context(), "b", func(b *store.Bucket) error { b.Versioning = state; return nil }); err != nil {
		t.Fatal(err)
	}
}

func deleteVersion(t testing.TB, s *store.Store, key, version string) store.Deleted {
	t.Helper()
	d, err := s.DeleteVersion(t.Context(), "b", key, version, nil)
	if err != nil {
		t.Fatalf("DeleteVersion(%q, %q) = %v", key, version, err)
	}
	return d
}

func readVersion(t testing.TB, s *store.Store, key, version string) []byte {
	t.Helper()
	r, err := s.OpenVersion(t.Context(), "b", key, version)
	if err != nil {
		t.Fatalf("OpenVersion(%q, %q) = %v", key, version, err)
	}
	defer r.Close()
	b, err := io.ReadAll(r.Range(0, -1))
	if err != nil {
		t.Fatalf("read version %s of %q: %v", version, key, err)
	}
	return b
}

func TestVersioningIsNotTakenBack(t *testing.T) {
	s := openVersioned(t, nil)
	for _, state := range []string{store.VersioningSuspended, store.VersioningEnabled} {
		setVersioning(t, s, state)
		if _, err := s.UpdateBucket(t.Context(), "b", func(b *store.Bucket) error { b.Versioning = ""; return nil }); err == nil {
			t.Errorf("versioning went from %q to none", state)
		}
		if b, err := s.Bucket(t.Context(), "b"); err != nil || b.Versioning != state {
			t.Errorf("versioning = %q, %v, want %q", b.Versioning, err, state)
		}
	}
}

// TestVersionsShareBytes checks that bytes are freed with the last version that has them, and not before.
func TestVersionsShareBytes(t *testing.T) {
	s := openVersioned(t, nil)
	body := content(1, 300<<10)
	one := put(t, s, "k", body)
	var copies []store.Object
	for range 3 {
		o, err := s.Copy(t.Context(), "b", "k", "b", "k", &store.CopyOptions{SourceVersion: one.Version})
		if err != nil {
			t.Fatal(err)
		}
		copies = append(copies, o)
	}
	deleteVersion(t, s, "k", "")
	for i, o := range append([]store.Object{one}, copies...) {
		s.Idle()
		if n, err := s.Files(); n != 1 || err != nil {
			t.Fatalf("%d files with %d versions of one body, %v", n, 4-i, err)
		}
		if got := readVersion(t, s, "k", o.Version); !bytes.Equal(got, body) {
			t.Errorf("version %d reads back wrong", i)
		}
		deleteVersion(t, s, "k", o.Version)
	}
	s.Idle()
	if n, err := s.Files(); n != 0 || err != nil {
		t.Errorf("%d files without a version, %v", n, err)
	}
}

// TestRemovableIsAskedOfWhatGoes checks for every kind of write and deletion which versions may object to it.
func TestRemovableIsAskedOfWhatGoes(t *testing.T) {
	kept := errors.New("kept")
	put := func(s *store.Store, removable func(*store.Object) error) error {
		_, err := s.Put(t.Context(), "b", "k", bytes.NewReader([]byte("new")), &store.PutOptions{Removable: removable})
		return err
	}
	remove := func(version string) func(*store.Store, func(*store.Object) error) error {
		return func(s *store.Store, removable func(*store.Object) error) error {
			_, err := s.DeleteVersion(t.Context(), "b", "k", version, &store.DeleteOptions{Removable: removable})
			return err
		}
	}
	complete := func(s *store.Store, removable func(*store.Object) error) error {
		u := newUpload(t, s, "k")
		p := putPart(t, s, u, 1, []byte("part"))
		_, err := s.CompleteUpload(t.Context(), "b", "k", u.ID, []store.CompletedPart{{Number: 1, ETag: p.ETag}}, &store.CompleteOptions{Removable: removable})
		return err
	}
	doCopy := func(s *store.Store, removable func(*store.Object) error) error {
		_, err := s.Copy(t.Context(), "b", "src", "b", "k", &store.CopyOptions{PutOptions: store.PutOptions{Removable: removable}})
		return err
	}
	tests := []struct {
		name  string
		state string // of versioning, once there is an object from before
		do    func(*store.Store, func(*store.Object) error) error
		asked bool
	}{
		{"put without versioning", "", put, true},
		{"put with versioning", store.VersioningEnabled, put, false},
		{"put while suspended", store.VersioningSuspended, put, true},
		{"complete without versioning", "", complete, true},
		{"complete with versioning", store.VersioningEnabled, complete, false},
		{"complete while suspended", store.VersioningSuspended, complete, true},
		{"copy without versioning", "", doCopy, true},
		{"copy with versioning", store.VersioningEnabled, doCopy, false},
		{"copy while suspended", store.VersioningSuspended, doCopy, true},
		{"delete without versioning", "", remove(""), true},
		{"delete with versioning", store.VersioningEnabled, remove(""), false},
		{"delete while suspended", store.VersioningSuspended, remove(""), true},
		{"delete the null version", store.VersioningEnabled, remove(store.NullVersion), true},
		{"delete a version that is not there", store.VersioningEnabled, remove("0000ffff-0000-0000-0000-000000000001"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, &store.Options{MinPartSize: -1})
			for _, key := range []string{"k", "src"} {
				if _, err := s.Put(t.Context(), "b", key, bytes.NewReader([]byte("old")), nil); err != nil {
					t.Fatal(err)
				}
			}
			if tt.state != "" {
				setVersioning(t, s, tt.state)
			}
			asked := 0
			err := tt.do(s, func(o *store.Object) error {
				if asked++; o.VersionID() != store.NullVersion || o.Size != 3 {
					t.Errorf("asked of %+v", o)
				}
				return kept
			})
			if (asked > 0) != tt.asked || errors.Is(err, kept) != tt.asked {
				t.Errorf("asked %d times, %v, want asked %v", asked, err, tt.asked)
			}
			if got := readVersion(t, s, "k", store.NullVersion); string(got) != "old" {
				t.Errorf("null version is %q", got)
			}
			if err := tt.do(s, nil); err != nil {
				t.Errorf("without an objection: %v", err)
			}
		})
	}
}

// TestNullVersionBehindOthersIsReplaced has the null version be any of a key's, and then replaced while versioning is suspended.
func TestNullVersionBehindOthersIsReplaced(t *testing.T) {
	for newer := range 4 {
		for _, hidden := range []bool{false, true} {
			t.Run(fmt.Sprint(newer, hidden), func(t *testing.T) {
				s := open(t, nil)
				put(t, s, "k", []byte("null"))
				setVersioning(t, s, store.VersioningEnabled)
				for range newer {
					put(t, s, "k", []byte("version"))
				}
				if hidden {
					deleteVersion(t, s, "k", "")
				}
				setVersioning(t, s, store.VersioningSuspended)
				put(t, s, "k", []byte("new"))
				for _, version := range []string{"", store.NullVersion} {
					if got := readVersion(t, s, "k", version); string(got) != "new" {
						t.Errorf("version %q is %q, want new", version, got)
					}
				}
				p, err := s.ListVersions(t.Context(), "b", store.ListVersionsOptions{Max: 100})
				if err != nil {
					t.Fatal(err)
				}
				want := newer + 1
				if hidden {
					want++
				}
				if len(p.Versions) != want || p.Versions[0].Version != "" || !p.Versions[0].Latest {
					t.Errorf("%d versions, want %d: %+v", len(p.Versions), want, p.Versions)
				}
			})
		}
	}
}

// TestListVersionsGoesOnWhileTheyGo lists by pages of one while the version that a page ended with is deleted, replaced or promoted.
func TestListVersionsGoesOnWhileTheyGo(t *testing.T) {
	tests := []struct {
		name   string
		change func(s *store.Store, ids []string) // with the ids of k, the newest first
		want   []string                           // after the first page; indexes into ids as k0, k1 …
	}{
		{"nothing", func(*store.Store, []string) {}, []string{"k1", "k2 null", "z latest"}},
		{"the newest is deleted", func(s *store.Store, ids []string) { deleteVersion(t, s, "k", ids[0]) }, []string{"k1 latest", "k2 null", "z latest"}},
		{"a newer one is written", func(s *store.Store, _ []string) { put(t, s, "k", nil) }, []string{"k1", "k2 null", "z latest"}},
		{"it is hidden", func(s *store.Store, _ []string) { deleteVersion(t, s, "k", "") }, []string{"k1", "k2 null", "z latest"}},
		{"all are deleted", func(s *store.Store, ids []string) {
			for _, i := range ids {
				deleteVersion(t, s, "k", i)
			}
		}, []string{"z latest"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, nil)
			put(t, s, "k", nil)
			setVersioning(t, s, store.VersioningEnabled)
			ids := []string{store.NullVersion}
			for range 2 {
				ids = slices.Insert(ids, 0, put(t, s, "k", nil).Version)
			}
			put(t, s, "z", nil)
			p, err := s.ListVersions(t.Context(), "b", store.ListVersionsOptions{Max: 1})
			if err != nil || p.NextKey != "k" || p.NextVersion != ids[0] || !p.Truncated {
				t.Fatalf("first page %+v, %v", p, err)
			}
			tt.change(s, ids)
			p, err = s.ListVersions(t.Context(), "b", store.ListVersionsOptions{KeyMarker: p.NextKey, VersionMarker: p.NextVersion, Max: 10})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range p.Versions {
				text := o.Key
				if i := slices.Index(ids, o.VersionID()); o.Key == "k" {
					text += fmt.Sprint(i)
				}
				if o.Version == "" {
					text += " null"
				}
				if o.Latest {
					text += " latest"
				}
				got = append(got, text)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("rest of the list %q, want %q", got, tt.want)
			}
		})
	}
}

// TestListVersionsAfterANullVersionThatIsGone rather says something twice than not at all.
func TestListVersionsAfterANullVersionThatIsGone(t *testing.T) {
	s := openVersioned(t, nil)
	put(t, s, "k", nil)
	put(t, s, "z", nil)
	for key, want := range map[string]int{"k": 2, "a": 2, "l": 1, "z": 1, "zz": 0} {
		p, err := s.ListVersions(t.Context(), "b", store.ListVersionsOptions{KeyMarker: key, VersionMarker: store.NullVersion, Max: 10})
		if err != nil || len(p.Versions) != want {
			t.Errorf("after the null version of %q: %d versions, %v, want %d", key, len(p.Versions), err, want)
		}
	}
	_, err := s.ListVersions(t.Context(), "b", store.ListVersionsOptions{KeyMarker: "k", VersionMarker: "x", Max: 10})
	if !errors.Is(err, store.ErrNoSuchVersion) {
		t.Errorf("after version x: %v", err)
	}
}

// TestVersionsAreFoundWhileTheyMove reads a version by its id while it becomes current and noncurrent again, and lists.
func TestVersionsAreFoundWhileTheyMove(t *testing.T) {
	s := openVersioned(t, nil)
	const rounds = 100
	big := put(t, s, "k", stamped(7, 300<<10))
	small := put(t, s, "k", stamped(8, 100))
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				for want, version := range map[uint64]string{7: big.Version, 8: small.Version} {
					r, err := s.OpenVersion(t.Context(), "b", "k", version)
					if err != nil {
						t.Errorf("OpenVersion = %v", err)
						return
					}
					body, err := io.ReadAll(r.Range(0, -1))
					if got, serr := checkStamped(body); err != nil || serr != nil || got != want {
						t.Errorf("read stamp %d, %v, %v, want %d", got, err, serr, want)
					}
					r.Close()
				}
				p, err := s.ListVersions(t.Context(), "b", store.ListVersionsOptions{Max: 100})
				if err != nil {
					t.Errorf("ListVersions = %v", err)
					return
				}
				latest := 0
				for _, o := range p.Versions {
					if o.Latest {
						latest++
					}
				}
				if latest != 1 {
					t.Errorf("%d latest versions of one key", latest)
				}
			}
		})
	}
	for i := range rounds {
		// Hidden by a newer version, or a marker, and promoted again.
		if i%2 == 0 {
			deleteVersion(t, s, "k", put(t, s, "k", []byte("newer")).Version)
			continue
		}
		deleteVersion(t, s, "k", deleteVersion(t, s, "k", "").MarkerVersion)
	}
	close(stop)
	readers.Wait()
}

// TestUsageIsRightUnderLoad asks for the usage while writers are at work, and again when they are done.
func TestUsageIsRightUnderLoad(t *testing.T) {
	s := openVersioned(t, nil)
	var writers sync.WaitGroup
	var mu sync.Mutex
	objects, size := int64(0), int64(0)
	for w := range 8 {
		writers.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), 5))
			n, sum := int64(0), int64(0)
			for i := range 60 {
				key := fmt.Sprint(w, i%5)
				o := put(t, s, key, content(1, rng.IntN(200)))
				n, sum = n+1, sum+o.Size
				switch rng.IntN(4) {
				case 0:
					deleteVersion(t, s, key, "")
				case 1:
					deleteVersion(t, s, key, o.Version)
					n, sum = n-1, sum-o.Size
				}
			}
			mu.Lock()
			defer mu.Unlock()
			objects, size = objects+n, size+sum
		})
	}
	for range 5 {
		if _, _, err := s.Usage(t.Context(), "b"); err != nil {
			t.Error(err)
		}
	}
	writers.Wait()
	if n, sum, err := s.Usage(t.Context(), "b"); n != objects || sum != size || err != nil {
		t.Errorf("Usage = %d objects, %d bytes, %v, want %d, %d", n, sum, err, objects, size)
	}
	if _, _, err := s.Usage(t.Context(), "missing"); !errors.Is(err, store.ErrNoSuchBucket) {
		t.Errorf("Usage of a missing bucket = %v", err)
	}
}

// TestScanMayChangeWhatItVisits deletes each version as it is visited, over many pages.
func TestScanMayChangeWhatItVisits(t *testing.T) {
	s := openVersioned(t, nil)
	const n = 700
	for i := range n {
		put(t, s, fmt.Sprintf("k%03d", i/3), nil)
	}
	visited := map[string]int{}
	err := s.Scan(t.Context(), "b", "", "", true, func(o *store.Object) (bool, error) {
		visited[o.Version]++
		_, err := s.DeleteVersion(t.Context(), "b", o.Key, o.VersionID(), nil)
		return true, err
	})
	if err != nil || len(visited) != n {
		t.Errorf("visited %d versions, %v, want %d", len(visited), err, n)
	}
	for id, times := range visited {
		if times != 1 {
			t.Errorf("version %s was visited %d times", id, times)
		}
	}
	put(t, s, "a", nil)
	put(t, s, "b", nil)
	var keys []string
	boom := errors.New("boom")
	err = s.Scan(t.Context(), "b", "", "a", false, func(o *store.Object) (bool, error) {
		keys = append(keys, o.Key)
		return true, boom
	})
	if err != boom || !slices.Equal(keys, []string{"b"}) {
		t.Errorf("Scan after a visited %q, %v", keys, err)
	}
}

// TestCompleteAgainFindsItsVersion completes an upload once more, as a client does whose answer was lost, when its object is not the
// current one any more.
func TestCompleteAgainFindsItsVersion(t *testing.T) {
	s := open(t, &store.Options{MinPartSize: -1})
	ctx := t.Context()
	version := func(state string) {
		t.Helper()
		if _, err := s.UpdateBucket(ctx, "b", func(b *store.Bucket) error { b.Versioning = state; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	upload := func() (again func() (store.Object, error)) {
		t.Helper()
		u, err := s.CreateUpload(ctx, "b", "k", nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.PutPart(ctx, "b", "k", u.ID, 1, strings.NewReader("part"), nil)
		if err != nil {
			t.Fatal(err)
		}
		again = func() (store.Object, error) {
			return s.CompleteUpload(ctx, "b", "k", u.ID, []store.CompletedPart{{Number: 1, ETag: p.ETag}}, nil)
		}
		return again
	}
	version(store.VersioningEnabled)
	again := upload()
	first, err := again()
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		if o, err := again(); err != nil || o.Version != first.Version || o.ETag != first.ETag {
			t.Errorf("%s: completed again: %q, %v, want version %q", when, o.Version, err, first.Version)
		}
	}
	put(t, s, "k", []byte("newer"))
	check("superseded")
	if _, err := s.Delete(ctx, "b", "k", nil); err != nil {
		t.Fatal(err)
	}
	check("deleted")
	version(store.VersioningSuspended)
	null := upload()
	if _, err := null(); err != nil {
		t.Fatal(err)
	}
	check("suspended")
	if _, err := s.DeleteVersion(ctx, "b", "k", first.Version, nil); err != nil {
		t.Fatal(err)
	}
	if o, err := again(); !errors.Is(err, store.ErrNoSuchUpload) {
		t.Errorf("removed: completed again: %+v, %v", o, err)
	}
	put(t, s, "k", []byte("null again"))
	if o, err := null(); !errors.Is(err, store.ErrNoSuchUpload) {
		t.Errorf("replaced: completed again: %+v, %v", o, err)
	}
}
