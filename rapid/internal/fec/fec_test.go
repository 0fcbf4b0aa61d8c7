package fec_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/icos-go/icos/rapid/internal/fec"
)

// A group is bytes and their rows.
type group struct {
	fec.Layout
	data []byte
	rows *fec.Encoder
}

func newGroup(l fec.Layout, r *rand.Rand) *group {
	g := &group{Layout: l, data: make([]byte, l.Length), rows: fec.NewEncoder(l)}
	for i := range g.data {
		g.data[i] = byte(r.Uint32())
	}
	for j := range l.Pieces() {
		g.rows.Add(j, g.piece(j))
	}
	return g
}

func (g *group) piece(j int) []byte {
	start, end := g.Piece(j)
	return g.data[start:end]
}

// lose takes so many pieces and rows away, and reports whether the former can be computed; then they have
// to be right.
func (g *group) lose(t testing.TB, pieces, rows int, r *rand.Rand) bool {
	t.Helper()
	missing := r.Perm(g.Pieces())[:pieces]
	slices.Sort(missing)
	d := fec.NewDecoder(g.Layout)
	for _, i := range r.Perm(g.Rows)[rows:] {
		d.Put(i, g.rows.Sums(i, 1))
	}
	found := 0
	ok := d.Solve(missing, g.piece, func(j int, piece []byte) {
		if j != missing[found] || !bytes.Equal(piece, g.piece(j)) {
			t.Fatalf("%+v: piece %d is wrong", g.Layout, j)
		}
		found++
	})
	if ok && found != pieces {
		t.Fatalf("%d of %d pieces found", found, pieces)
	}
	return ok
}

// A few rows more than there are pieces missing suffice nearly always, whatever else is lost.
func TestFewMoreRowsSuffice(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		pieces, rows, missing, lost int
		most                        int // failures in 1000
	}{
		{3, 8, 1, 0, 15},
		{10, 16, 4, 4, 15},
		{100, 16, 8, 0, 15},
		{2000, 64, 55, 1, 10},
		{2000, 65, 50, 5, 10},
		{3000, 100, 85, 5, 10},
		{3000, 100, 60, 20, 10},
		{3000, 300, 280, 6, 10},
		{3000, 512, 470, 20, 10},
	} {
		g := newGroup(fec.Layout{Length: c.pieces*64 - 7, Size: 64, Rows: c.rows}, r)
		failed, tries := 0, 300
		if testing.Short() {
			tries = 100
		}
		for range tries {
			if !g.lose(t, c.missing, c.lost, r) {
				failed++
			}
		}
		t.Logf("%+v: %d of %d failed", c, failed, tries)
		if failed*1000 > c.most*tries {
			t.Errorf("%+v: failed %d times in %d", c, failed, tries)
		}
	}
}

func TestTooFewRows(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	g := newGroup(fec.Layout{Length: 1000 * 64, Size: 64, Rows: 20}, r)
	if g.lose(t, 20, 1, r) {
		t.Error("19 rows gave 20 pieces")
	}
	if !g.lose(t, 0, 20, r) {
		t.Error("nothing is missing, and nothing to be had")
	}
}

// What did not suffice may, with more rows.
func TestSolveAgain(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	g := newGroup(fec.Layout{Length: 500 * 64, Size: 64, Rows: 40}, r)
	missing := []int{3, 77, 78, 400, 499}
	d := fec.NewDecoder(g.Layout)
	found := map[int]bool{}
	for i := range g.Rows {
		d.Put(i, g.rows.Sums(i, 1))
		d.Put(i, make([]byte, g.Size)) // changes nothing
		if d.Solve(missing, g.piece, func(j int, piece []byte) { found[j] = bytes.Equal(piece, g.piece(j)) }) {
			break
		}
	}
	for _, j := range missing {
		if !found[j] {
			t.Errorf("piece %d was not found, or is wrong", j)
		}
	}
	if d.Count() > 15 {
		t.Errorf("%d rows were needed for %d pieces", d.Count(), len(missing))
	}
}

// The rows are those of docs/rapid.md §9.5.
func TestRowsAreThoseOfTheDocument(t *testing.T) {
	mix := func(x uint64) uint64 {
		z := x * 0x9e3779b97f4a7c15
		z = (z ^ z/(1<<30)) * 0xbf58476d1ce4e5b9
		z = (z ^ z/(1<<27)) * 0x94d049bb133111eb
		return z ^ z/(1<<31)
	}
	if got := mix(1); got != 0xe220a8397b1dcdaf { // the first number of SplitMix64 from 0
		t.Fatalf("mix(1) is %x", got)
	}
	for _, rows := range []int{1, 40, 64, 65, 512} {
		l := fec.Layout{Length: 50 * 64, Size: 64, Rows: rows}
		for j := range uint64(50) {
			want := make([]byte, rows)
			if rows <= 64 {
				for r := range rows {
					want[r] = byte(mix(j+1) >> r & 1)
				}
			} else {
				for i := range uint64(7) {
					want[mix(7*j+i+1)/(1<<32)*uint64(rows)/(1<<32)] ^= 1
				}
			}
			e := fec.NewEncoder(l)
			e.Add(int(j), bytes.Repeat([]byte{1}, 64))
			for r := range rows {
				if got := e.Sums(r, 1)[0]; got != want[r] {
					t.Fatalf("of %d rows, row %d has piece %d %d times", rows, r, j, got)
				}
			}
		}
	}
}

func TestValid(t *testing.T) {
	good := fec.Layout{Length: 1 << 20, Size: 352, Rows: 512}
	for _, c := range []struct {
		change func(l *fec.Layout)
		want   bool
	}{
		{func(*fec.Layout) {}, true},
		{func(l *fec.Layout) { l.Length = 0 }, false},
		{func(l *fec.Layout) { l.Length = -1 }, false},
		{func(l *fec.Layout) { l.Length++ }, false},
		{func(l *fec.Layout) { l.Size = 64 }, false}, // too many pieces
		{func(l *fec.Layout) { l.Size = 356 }, false},
		{func(l *fec.Layout) { l.Size = 0 }, false},
		{func(l *fec.Layout) { l.Size, l.Length = 56, 100 }, false},
		{func(l *fec.Layout) { l.Size = 1<<14 + 8 }, false},
		{func(l *fec.Layout) { l.Rows = 0 }, false},
		{func(l *fec.Layout) { l.Rows = 513 }, false},
	} {
		l := good
		c.change(&l)
		if got := l.Valid(); got != c.want {
			t.Errorf("%+v: valid %v", l, got)
		}
	}
}

// FuzzSolve takes pieces and rows away at will: what is computed has to be right.
func FuzzSolve(f *testing.F) {
	f.Add(uint16(1000), uint8(1), uint16(20), uint64(1), uint16(3), uint16(2))
	f.Add(uint16(60000), uint8(5), uint16(100), uint64(2), uint16(70), uint16(10))
	f.Add(uint16(1), uint8(0), uint16(1), uint64(3), uint16(1), uint16(0))
	f.Fuzz(func(t *testing.T, length uint16, size uint8, rows uint16, seed uint64, missing, lost uint16) {
		l := fec.Layout{Length: int(length), Size: fec.MinSize + int(size)*fec.Step, Rows: int(rows)}
		if !l.Valid() {
			return
		}
		r := rand.New(rand.NewPCG(seed, 1))
		newGroup(l, r).lose(t, int(missing)%(l.Pieces()+1), int(lost)%(l.Rows+1), r)
	})
}

func BenchmarkEncode(b *testing.B) {
	l := fec.Layout{Length: 1 << 20, Size: 352, Rows: 105}
	piece := make([]byte, l.Size)
	b.SetBytes(int64(l.Length))
	for b.Loop() {
		e := fec.NewEncoder(l)
		for j := range l.Pieces() {
			e.Add(j, piece)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	g := newGroup(fec.Layout{Length: 1 << 20, Size: 352, Rows: 105}, r)
	b.SetBytes(int64(g.Length))
	for b.Loop() {
		g.lose(b, 50, 5, r) // the odd failure costs less
	}
}
