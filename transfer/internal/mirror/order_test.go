package mirror_test

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math/rand/v2"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/mirror"
	"github.com/icos-go/icos/transfer/internal/tree"
)

func named(names ...string) []listed {
	var all []listed
	for _, name := range names {
		var l listed
		l.Key = name
		all = append(all, l)
	}
	return all
}

// outcome is what became of a plan.
type outcome struct {
	actions []mirror.Action
	err     error
	deletes *mirror.Deletes
}

func run(t *testing.T, src, dst iter.Seq2[mirror.Entry, error]) outcome {
	t.Helper()
	bucket := new(icos.Client).Bucket("never-asked")
	side := mirror.Side{Bucket: bucket}
	out := outcome{deletes: mirror.NewDeletes(t.TempDir())}
	t.Cleanup(func() { out.deletes.Close() })
	for a, err := range mirror.Plan(t.Context(), src, dst, mirror.Options{From: side, To: side, Compare: mirror.Size, Delete: out.deletes}) {
		if out.err != nil {
			t.Error("the plan went on after its error")
		}
		if err != nil {
			out.err = err
			continue
		}
		out.actions = append(out.actions, a)
	}
	return out
}

// TestPlanNeedsOrder deletes nothing when a list is not in order, wherever that shows.
func TestPlanNeedsOrder(t *testing.T) {
	good := list(named("a", "b", "c", "d"))
	for _, bad := range [][]string{{"b", "a"}, {"a", "b", "b"}, {"a", "d", "c"}, {"z", "y"}, {"é", "z"}, {"a/b", "a-b"}} {
		for name, out := range map[string]outcome{
			"source": run(t, list(named(bad...)), good),
			"target": run(t, good, list(named(bad...))),
		} {
			e, ok := errors.AsType[*mirror.OrderError](out.err)
			if !ok || e.List != name || e.After != bad[len(bad)-1] || e.Before != bad[len(bad)-2] {
				t.Errorf("%s %q: error %v", name, bad, out.err)
			}
			if blocked := out.deletes.Blocked(); !errors.Is(blocked, out.err) {
				t.Errorf("%s %q: deletes blocked by %v, want %v", name, bad, blocked, out.err)
			}
		}
	}
	if out := run(t, good, list(named("a", "e"))); out.err != nil || out.deletes.Blocked() != nil || out.deletes.Sum().Delete != 1 {
		t.Errorf("lists in order: error %v, blocked %v, %+v", out.err, out.deletes.Blocked(), out.deletes.Sum())
	}
}

// TestPlanShuffled gives plans random orders: either they notice, or the order was right.
func TestPlanShuffled(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		var names []string
		for i := range 6 {
			names = append(names, fmt.Sprint(i))
		}
		if seed%3 > 0 {
			r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		}
		src, dst := named("0", "1", "2", "3", "4", "5"), named(names...)
		if seed%2 == 0 {
			src, dst = dst, src
		}
		out := run(t, list(src), list(dst))
		for e, err := range out.deletes.All() {
			if err == nil {
				t.Fatalf("seed %d: %q would be deleted from equal trees listed as %q", seed, e.Key, names)
			}
		}
	}
}

// TestPlanGoesOn yields what it can when part of a tree cannot be read, and deletes nothing.
func TestPlanGoesOn(t *testing.T) {
	broken := errors.New("connection reset")
	off := func(l []listed) []listed { return append(l, listed{err: broken}) }
	locked := func(key string) listed {
		l := listed{err: errLocked}
		l.Key, l.Kind = key, tree.Dir
		return l
	}
	missing := listed{err: fmt.Errorf("open: %w", fs.ErrNotExist)}
	missing.Kind = tree.Dir
	for _, test := range []struct {
		name     string
		src, dst []listed
		want     string
		err      error
		blocked  error
	}{
		{"source breaks off", off(named("a")), named("a", "b"), "[skip a]", broken, broken},
		{"target breaks off", named("a", "b", "c"), off(named("a")), "[skip a]", broken, broken},
		{"target breaks off at its end", named("a"), off(named("a")), "[skip a]", broken, broken},
		{"target is missing", named("a"), []listed{missing}, "[copy a]", nil, nil},
		{"source is missing", []listed{missing}, named("a"), "[]", fs.ErrNotExist, fs.ErrNotExist},
		{
			"directory of the source",
			append(append(named("a"), locked("d/")), named("e")...),
			named("a", "d/x", "f"), "[skip a fail d/ copy e]", nil, errLocked,
		},
		{
			"directory of the target",
			named("a", "d/x", "d/y", "e"),
			append(append(named("a"), locked("d/")), named("e", "f")...), "[skip a fail  fail d/x fail d/y skip e]", nil, errLocked,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := run(t, list(test.src), list(test.dst))
			var got []string
			for _, a := range out.actions {
				got = append(got, a.Op.String()+" "+a.Src.Key)
			}
			if fmt.Sprint(got) != test.want {
				t.Errorf("actions %v, want %s", got, test.want)
			}
			if !errors.Is(out.err, test.err) {
				t.Errorf("error %v, want %v", out.err, test.err)
			}
			if blocked := out.deletes.Blocked(); !errors.Is(blocked, test.blocked) {
				t.Errorf("deletes blocked by %v, want %v", blocked, test.blocked)
			}
		})
	}
}

// TestPlanStops ends when the loop does.
func TestPlanStops(t *testing.T) {
	d := mirror.NewDeletes("")
	side := mirror.Side{Bucket: new(icos.Client).Bucket("never-asked")}
	for range mirror.Plan(t.Context(), list(named("b", "c")), list(named("a", "b")), mirror.Options{From: side, To: side, Delete: d}) {
		break
	}
	if d.Blocked() == nil {
		t.Error("deletes are given away by a plan that did not end")
	}
}
