package mirror_test

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/mirror"
	"github.com/icos-go/icos/transfer/internal/tree"
)

// A listed is an entry of a list that a test makes up.
type listed struct {
	mirror.Entry
	err error
}

func list(all []listed) iter.Seq2[mirror.Entry, error] {
	return func(yield func(mirror.Entry, error) bool) {
		for _, l := range all {
			if !yield(l.Entry, l.err) {
				return
			}
		}
	}
}

var (
	epoch     = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	errOdd    = errors.New("not a file")
	errLocked = errors.New("permission denied")
)

// randomTree makes a list of few names, so that two of them have much in common and
// keys often begin like others.
func randomTree(r *rand.Rand, local bool) []listed {
	alphabet := []string{"a", "b", "-", "/", "0", "aa", "a/", "é"}
	var all []listed
	for range r.IntN(30) {
		var key strings.Builder
		for range 1 + r.IntN(4) {
			key.WriteString(alphabet[r.IntN(len(alphabet))])
		}
		var l listed
		l.Key = key.String()
		l.Size = int64(r.IntN(3))
		l.ModTime = epoch.Add(time.Duration(r.IntN(5)) * 500 * time.Millisecond)
		l.ETag = fmt.Sprint(r.IntN(2))
		if strings.HasSuffix(l.Key, "/") && (local || l.Size == 0) {
			l.Kind, l.Size = tree.EmptyDir, 0
		}
		if local && r.IntN(12) == 0 {
			l.err, l.Kind = errOdd, tree.Special
			if strings.HasSuffix(l.Key, "/") {
				l.err, l.Kind = errLocked, tree.Dir
			}
		}
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b listed) int { return cmp.Compare(a.Key, b.Key) })
	all = slices.CompactFunc(all, func(a, b listed) bool { return a.Key == b.Key })
	return slices.DeleteFunc(all, func(l listed) bool { // what lies in a directory that cannot be read
		return anyOf(all, func(d *listed) bool { return d.locked() && d.Key != l.Key && strings.HasPrefix(l.Key, d.Key) })
	})
}

// String is what a failed round prints.
func (l listed) String() string {
	return fmt.Sprintf("%q(%v,%d,%v,%v)", l.Key, l.Kind, l.Size, l.ModTime.Sub(epoch), l.err)
}

// A model computes by searching whole lists what a plan finds out by merging them.
type model struct {
	src, dst            []listed
	fromLocal, toLocal  bool
	compare             mirror.Compare
	noClobber, deleting bool
	done                func(*mirror.Entry) bool
}

func find(all []listed, key string) *listed {
	i := slices.IndexFunc(all, func(l listed) bool { return l.Key == key })
	if i < 0 {
		return nil
	}
	return &all[i]
}

func anyOf(all []listed, f func(*listed) bool) bool {
	return slices.ContainsFunc(all, func(l listed) bool { return f(&l) })
}

func (l *listed) locked() bool { return l.err != nil && l.Kind == tree.Dir }

// actions returns "op key" for each action about the source.
func (m *model) actions() []string {
	var out []string
	for i := range m.src {
		s := &m.src[i]
		if op := m.op(s, m.src[:i]); op != "" {
			out = append(out, op+" "+s.Key)
		}
	}
	return out
}

func (m *model) op(s *listed, before []listed) string {
	d := find(m.dst, s.Key)
	locked := anyOf(m.dst, func(l *listed) bool { return l.locked() && strings.HasPrefix(s.Key, l.Key) })
	switch {
	case s.err == nil && m.done != nil && m.done(&s.Entry):
		return ""
	case s.locked():
		return "fail"
	case s.err != nil:
		return "refuse"
	case locked:
		return "fail"
	case d == nil && m.toLocal:
		if _, err := tree.LocalName(s.Key); err != nil || s.Kind == tree.File && strings.HasSuffix(s.Key, "/") {
			return "refuse"
		}
		if anyOf(before, func(l *listed) bool { return l.err == nil && strings.HasPrefix(s.Key, l.Key+"/") }) {
			return "refuse"
		}
		if s.Kind == tree.EmptyDir && anyOf(m.dst, func(l *listed) bool { return strings.HasPrefix(l.Key, s.Key) }) {
			return "skip"
		}
		return "copy"
	case d == nil:
		return "copy"
	case m.noClobber:
		return "skip"
	case d.err != nil:
		return "copy"
	}
	return m.pair(s, d)
}

func (m *model) pair(s, d *listed) string {
	st, dt := s.ModTime, d.ModTime
	if !m.fromLocal && m.toLocal {
		st = st.Truncate(time.Second)
	}
	older := !st.After(dt)
	switch {
	case s.Kind == tree.EmptyDir && d.Kind == tree.EmptyDir && (m.fromLocal || m.toLocal):
		return "skip"
	case m.compare == mirror.Always, s.Size != d.Size:
		return "copy"
	case m.compare == mirror.Size:
		return "skip"
	case older:
		return "skip"
	case m.compare == mirror.ModTime:
		return "copy"
	case s.Size == 0 || s.ETag == d.ETag:
		return "skip" // what contents say, as far as no request is needed
	}
	return "compare"
}

// deletes returns the keys to delete.
func (m *model) deletes() []string {
	var keys []string
	for i := range m.dst {
		d := &m.dst[i]
		switch {
		case d.err != nil, find(m.src, d.Key) != nil:
		case d.Kind == tree.EmptyDir && (m.fromLocal || m.toLocal) && anyOf(m.src, func(l *listed) bool { return strings.HasPrefix(l.Key, d.Key) }):
		case anyOf(m.src, func(l *listed) bool { return l.err != nil && strings.HasPrefix(d.Key, l.Key+"/") }):
		default:
			keys = append(keys, d.Key)
		}
	}
	return keys
}

func (m *model) blocked() bool {
	return anyOf(m.src, (*listed).locked) || anyOf(m.dst, (*listed).locked)
}

// TestPlanAgainstModel compares plans of a hundred thousand random pairs of trees with
// what a search through both finds.
func TestPlanAgainstModel(t *testing.T) {
	rounds := 100_000
	if testing.Short() {
		rounds = 5_000
	}
	bucket := new(icos.Client).Bucket("never-asked")
	for seed := range uint64(rounds) {
		r := rand.New(rand.NewPCG(seed, 0))
		m := model{fromLocal: r.IntN(2) == 0, toLocal: r.IntN(2) == 0, noClobber: r.IntN(8) == 0, deleting: r.IntN(2) == 0}
		m.compare = []mirror.Compare{mirror.Always, mirror.Size, mirror.ModTime, mirror.Auto}[r.IntN(4)]
		if m.fromLocal != m.toLocal && m.compare != mirror.Always {
			m.compare = mirror.Size // the others ask the store, which there is not
		}
		if m.fromLocal && m.toLocal && m.compare == mirror.Auto {
			m.compare = mirror.ModTime
		}
		if r.IntN(8) == 0 {
			frontier := string('a' + byte(r.IntN(2)))
			m.done = func(e *mirror.Entry) bool { return e.Key <= frontier }
		}
		m.src, m.dst = randomTree(r, m.fromLocal), randomTree(r, m.toLocal)
		if m.compare == mirror.Auto {
			for i := range m.src { // contents must not need a request
				m.src[i].ETag = "same"
			}
			for i := range m.dst {
				m.dst[i].ETag = "same"
			}
		}
		checkPlan(t, seed, &m, bucket)
		if t.Failed() {
			return
		}
	}
}

func checkPlan(t *testing.T, seed uint64, m *model, bucket *icos.Bucket) {
	t.Helper()
	o := mirror.Options{Compare: m.compare, NoClobber: m.noClobber, Done: m.done}
	if !m.fromLocal {
		o.From.Bucket = bucket
	}
	if !m.toLocal {
		o.To.Bucket = bucket
	}
	if m.deleting {
		o.Delete = mirror.NewDeletes(t.TempDir())
		defer o.Delete.Close()
	}
	var got []string
	for a, err := range mirror.Plan(t.Context(), list(m.src), list(m.dst), o) {
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if a.Op == mirror.Fail && a.Src.Key == "" {
			continue // a directory of the target
		}
		if (a.Err != nil) != (a.Op == mirror.Fail || a.Op == mirror.Refuse) || a.Err == nil && a.Reason == "" {
			t.Errorf("seed %d: %v %q has reason %q and error %v", seed, a.Op, a.Src.Key, a.Reason, a.Err)
		}
		got = append(got, a.Op.String()+" "+a.Src.Key)
	}
	if want := m.actions(); !slices.Equal(got, want) {
		t.Errorf("seed %d: %v\ngot  %q\nwant %q", seed, m, got, want)
	}
	if m.deleting {
		checkDeletes(t, seed, m, o.Delete)
	}
}

func checkDeletes(t *testing.T, seed uint64, m *model, d *mirror.Deletes) {
	t.Helper()
	want := m.deletes()
	sum := d.Sum()
	if sum.Delete != int64(len(want)) || sum.Keep != int64(countEntries(m.dst)-len(want)) || sum.Empty != (len(m.src) == 0) {
		t.Errorf("seed %d: %v\nsum %+v, want %q of %d", seed, m, sum, want, len(m.dst))
	}
	var got []string
	for e, err := range d.All() {
		if err != nil {
			if !m.blocked() || !errors.Is(err, errLocked) {
				t.Errorf("seed %d: deletes blocked: %v", seed, err)
			}
			return
		}
		got = append(got, e.Key)
	}
	if m.blocked() {
		t.Errorf("seed %d: deletes %q although part of a tree was not read", seed, got)
	}
	if !slices.Equal(got, want) {
		t.Errorf("seed %d: %v\ndeletes %q\nwant    %q", seed, m, got, want)
	}
}

// countEntries leaves out directories that could not be read, which are no entries.
func countEntries(all []listed) int {
	n := 0
	for i := range all {
		if !all[i].locked() {
			n++
		}
	}
	return n
}
