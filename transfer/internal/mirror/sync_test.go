package mirror_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/filter"
	"github.com/icos-go/icos/transfer/internal/mirror"
	"github.com/icos-go/icos/transfer/internal/tree"
)

// A tree of a test: contents by key. Directories without entries are keys that
// end in a slash.
type files map[string]string

// randomFiles makes a tree that a directory can hold: no key is a directory too.
func randomFiles(r *rand.Rand) files {
	names := []string{"a", "a-", "a.log", "b", "b0", "dir", "é"}
	f := files{}
	for range r.IntN(15) {
		var parts []string
		for range 1 + r.IntN(3) {
			parts = append(parts, names[r.IntN(len(names))])
		}
		key := strings.Join(parts, "/")
		if r.IntN(6) == 0 {
			key += "/"
		}
		f.add(key, string(noise(r.IntN(4))))
	}
	return f
}

// has reports whether there is a directory, empty or not.
func (f files) has(dir string) bool {
	for key := range f {
		if strings.HasPrefix(key, dir) {
			return true
		}
	}
	return false
}

// add stores content unless the key cannot be in a directory together with the others.
func (f files) add(key, content string) {
	for other := range f {
		if strings.HasPrefix(key, strings.TrimSuffix(other, "/")+"/") || strings.HasPrefix(other, strings.TrimSuffix(key, "/")+"/") || other == strings.TrimSuffix(key, "/") {
			return
		}
	}
	if strings.HasSuffix(key, "/") {
		content = ""
	}
	f[key] = content
}

// changed returns a tree that has much in common with f, and nothing as a file that
// is a directory there.
func (f files) changed(r *rand.Rand) files {
	out := files{}
	both := maps.Clone(f)
	for _, key := range slices.Sorted(maps.Keys(f)) {
		content := f[key]
		switch r.IntN(5) {
		case 0:
			continue
		case 1:
			content = string(bytes.Map(func(c rune) rune { return c ^ 1 }, []byte("x"+content))[:len(content)])
		case 2:
			content += "more"
		}
		out.add(key, content)
	}
	more := randomFiles(r)
	for _, key := range slices.Sorted(maps.Keys(more)) {
		both.add(key, more[key])
		if _, ok := both[key]; ok {
			out.add(key, more[key])
		}
	}
	return out
}

// A place is a side that a test writes to and reads, without the package under test.
type place struct {
	mirror.Side
	t *testing.T
}

func (p *place) set(key, content string, at time.Time) {
	p.t.Helper()
	if p.Bucket != nil {
		put(p.t, p.Bucket.Object(p.Prefix+key), []byte(content), nil)
		return
	}
	name := filepath.Join(p.Dir, filepath.FromSlash(key))
	if strings.HasSuffix(key, "/") {
		check(p.t, os.MkdirAll(name, 0o700))
		return
	}
	check(p.t, os.MkdirAll(filepath.Dir(name), 0o700))
	check(p.t, os.WriteFile(name, []byte(content), 0o600))
	check(p.t, os.Chtimes(name, at, at))
}

func (p *place) remove(key string) {
	p.t.Helper()
	if p.Bucket != nil {
		check(p.t, p.Bucket.Object(p.Prefix+key).Delete(p.t.Context()))
		return
	}
	check(p.t, os.Remove(filepath.Join(p.Dir, filepath.FromSlash(key))))
	for up := path.Dir(strings.TrimSuffix(key, "/")); up != "."; up = path.Dir(up) {
		if os.Remove(filepath.Join(p.Dir, filepath.FromSlash(up))) != nil {
			return // it is not empty
		}
	}
}

func (p *place) get(key string) (content string, at time.Time) {
	p.t.Helper()
	if p.Bucket == nil {
		name := filepath.Join(p.Dir, filepath.FromSlash(key))
		info, err := os.Stat(name)
		check(p.t, err)
		b, err := os.ReadFile(name)
		check(p.t, err)
		return string(b), info.ModTime()
	}
	r, err := p.Bucket.Object(p.Prefix+key).Get(p.t.Context(), nil)
	check(p.t, err)
	defer r.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(r)
	check(p.t, err)
	return b.String(), r.Info().ModTime
}

// all returns what is there.
func (p *place) all() files {
	p.t.Helper()
	f := files{}
	if p.Bucket != nil {
		for o, err := range p.Bucket.Objects(p.t.Context(), &icos.ListOptions{Prefix: p.Prefix}) {
			check(p.t, err)
			key := strings.TrimPrefix(o.Key, p.Prefix)
			f[key], _ = p.get(key)
		}
		return f
	}
	check(p.t, filepath.WalkDir(p.Dir, func(name string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(p.Dir, name)
		switch {
		case err != nil || rel == ".":
		case !d.IsDir():
			f[filepath.ToSlash(rel)], _ = p.get(filepath.ToSlash(rel))
		default:
			entries, err := os.ReadDir(name)
			if err == nil && len(entries) == 0 {
				f[filepath.ToSlash(rel)+"/"] = ""
			}
			return err
		}
		return err
	}))
	return f
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sync does what a plan says, the simplest way. It returns the actions, and the keys deleted.
func sync(t *testing.T, from, to *place, list mirror.ListOptions, o mirror.Options) (actions []mirror.Action, deleted []string) {
	t.Helper()
	o.From, o.To = from.Side, to.Side
	for a, err := range mirror.Plan(t.Context(), from.List(t.Context(), list), to.List(t.Context(), list), o) {
		check(t, err)
		actions = append(actions, a)
		if a.Op == mirror.Copy {
			if a.Src.Kind == tree.EmptyDir {
				to.set(a.Src.Key, "", time.Time{})
			} else {
				content, at := from.get(a.Src.Key)
				to.set(a.Src.Key, content, at)
			}
		}
	}
	if o.Delete != nil {
		for e, err := range o.Delete.All() {
			check(t, err)
			to.remove(e.Key)
			deleted = append(deleted, e.Key)
		}
	}
	return actions, deleted
}

// TestSync synchronizes random trees in all directions, by all ways to compare, and
// again, when nothing may move.
func TestSync(t *testing.T) {
	rounds := uint64(400)
	if testing.Short() {
		rounds = 40
	}
	s := newStore(t)
	rules, err := filter.New("*.log", "/dir/")
	check(t, err)
	for seed := range rounds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			from, to := &place{t: t}, &place{t: t}
			if from.Dir = t.TempDir(); r.IntN(2) == 0 {
				from.Side = mirror.Side{Bucket: s.Bucket, Prefix: fmt.Sprintf("%d/from/", seed)}
			}
			if to.Dir = t.TempDir(); r.IntN(2) == 0 {
				to.Side = mirror.Side{Bucket: s.Bucket, Prefix: fmt.Sprintf("%d/to/", seed)}
			}
			list := mirror.ListOptions{EmptyDirs: r.IntN(2) == 0}
			if r.IntN(3) == 0 {
				list.Filter = rules
			}
			o := mirror.Options{Compare: []mirror.Compare{mirror.Auto, mirror.Size, mirror.ModTime, mirror.Checksum}[r.IntN(4)]}
			checkSync(t, r, from, to, list, o)
		})
	}
}

func checkSync(t *testing.T, r *rand.Rand, from, to *place, list mirror.ListOptions, o mirror.Options) {
	t.Helper()
	src := randomFiles(r)
	dst := src.changed(r)
	old := time.Now().Add(-time.Hour)
	for key, content := range dst {
		to.set(key, content, old.Add(time.Duration(r.IntN(10))*time.Second))
	}
	for key, content := range src {
		at := old
		if r.IntN(2) == 0 {
			at = time.Now().Truncate(time.Millisecond)
			if o.Compare != mirror.ModTime { // which copies what is from the future each time
				at = at.Add(time.Hour)
			}
		}
		from.set(key, content, at)
	}
	before := to.all() // what a bucket and a directory make of it
	deleting := r.IntN(2) == 0
	if deleting {
		o.Delete = mirror.NewDeletes("")
		defer o.Delete.Close()
	}
	actions, deleted := sync(t, from, to, list, o)
	after := to.all()

	hidden := func(key string) bool {
		if excluded, _ := list.Filter.Match(key, false); excluded {
			return true
		}
		return strings.HasSuffix(key, "/") && !list.EmptyDirs
	}
	content := map[string]string{}
	for _, a := range actions {
		content[a.Src.Key] = a.Op.String() + " because " + a.Reason
	}
	for key, want := range src {
		if hidden(key) {
			continue
		}
		got, ok := after[key]
		if strings.HasSuffix(key, "/") {
			ok = after.has(key)
		}
		same := got == want || len(got) == len(want) && o.Compare != mirror.Checksum // what the others may believe
		if !ok || !same {
			t.Errorf("%q is %q, want %q (%s)", key, got, want, content[key])
		}
		if o.Compare == mirror.Checksum && before[key] == want && strings.HasPrefix(content[key], "copy") {
			if _, was := before[key]; was {
				t.Errorf("%q was copied although it was the same: %s", key, content[key])
			}
		}
	}
	for key := range before {
		_, wanted := src[key]
		_, there := after[key]
		switch {
		case wanted || strings.HasSuffix(key, "/"):
		case hidden(key) && !there:
			t.Errorf("%q was deleted although it is excluded", key)
		case !hidden(key) && deleting && there:
			t.Errorf("%q was not deleted", key)
		case !deleting && !there:
			t.Errorf("%q was deleted", key)
		}
	}
	checkAgain(t, from, to, list, o)
	if t.Failed() {
		t.Logf("from %s %v to %s %v, %+v, %+v, deleted %q", from.Side, src, to.Side, before, list, o, deleted)
	}
}

// checkAgain synchronizes trees that are in step.
func checkAgain(t *testing.T, from, to *place, list mirror.ListOptions, o mirror.Options) {
	t.Helper()
	if o.Delete != nil {
		o.Delete = mirror.NewDeletes("")
		defer o.Delete.Close()
	}
	actions, deleted := sync(t, from, to, list, o)
	for _, a := range actions {
		if a.Op != mirror.Skip {
			t.Errorf("second run: %v %q because %q (%v)", a.Op, a.Src.Key, a.Reason, a.Err)
		}
	}
	if len(deleted) > 0 {
		t.Errorf("second run deletes %q", deleted)
	}
}

// TestSyncLockedDirectory copies what it can read of a directory and deletes nothing.
func TestSyncLockedDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("nothing is locked for root")
	}
	s := newStore(t)
	from, to := &place{t: t}, &place{t: t, Side: mirror.Side{Bucket: s.Bucket}}
	from.Dir = t.TempDir()
	from.set("a", "1", time.Now())
	from.set("locked/b", "2", time.Now())
	from.set("z", "3", time.Now())
	to.set("locked/b", "2", time.Now())
	to.set("extra", "4", time.Now())
	check(t, os.Chmod(filepath.Join(from.Dir, "locked"), 0))
	t.Cleanup(func() { os.Chmod(filepath.Join(from.Dir, "locked"), 0o700) })
	d := mirror.NewDeletes("")
	var got []string
	o := mirror.Options{From: from.Side, To: to.Side, Compare: mirror.Checksum, Delete: d}
	for a, err := range mirror.Plan(t.Context(), from.List(t.Context(), mirror.ListOptions{}), to.List(t.Context(), mirror.ListOptions{}), o) {
		check(t, err)
		got = append(got, a.Op.String()+" "+a.Src.Key)
	}
	if want := "[copy a fail locked/ copy z]"; fmt.Sprint(got) != want {
		t.Errorf("actions %v, want %s", got, want)
	}
	if !errors.Is(d.Blocked(), fs.ErrPermission) {
		t.Errorf("deletes blocked by %v", d.Blocked())
	}
}
