package flow_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/icos-go/icos/rapid/internal/flow"
)

func random(n int) []byte {
	rnd := rand.New(rand.NewPCG(9, 9))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

// Bytes go through a SendBuffer and a ReceiveBuffer over a path that loses, doubles and delays.
func TestBuffers(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		var pool flow.Pool
		var out flow.SendBuffer
		var in flow.ReceiveBuffer
		data := random(200_000 + rnd.IntN(200_000))
		type piece struct {
			flow.Range
			data []byte
		}
		var path []piece
		wrote, fresh, got := 0, 0, []byte(nil)
		for steps := 0; len(got) < len(data); steps++ {
			if steps > 1_000_000 {
				t.Fatalf("seed %d: no end: %d of %d bytes", seed, len(got), len(data))
			}
			switch rnd.IntN(6) {
			case 0:
				n := min(rnd.IntN(20_000), len(data)-wrote)
				out.Write(data[wrote:wrote+n], &pool)
				wrote += n
			case 1, 2:
				p := make([]byte, 1+rnd.IntN(3000))
				if r, from := out.Resend(); from != nil {
					p = p[:min(uint64(len(p)), r.Len())]
					if out.TakeAgain(from, p) && rnd.IntN(2) == 0 {
						out.Copy(r.Start, r.Start+uint64(len(p)))
					}
					path = append(path, piece{flow.Range{Start: r.Start, End: r.Start + uint64(len(p))}, p})
				} else if p = p[:min(len(p), out.Unsent())]; len(p) > 0 {
					start := out.Next()
					out.TakeNew(p)
					path = append(path, piece{flow.Range{Start: start, End: start + uint64(len(p))}, p})
				}
			case 3, 4:
				if len(path) == 0 {
					break
				}
				i := rnd.IntN(len(path))
				p := path[i]
				if rnd.IntN(3) == 0 {
					out.Lose(p.Start, p.End, rnd.IntN(2) == 0)
					path = append(path[:i], path[i+1:]...)
					break
				}
				n, err := in.Write(p.Start, p.data, &pool)
				if err != nil {
					t.Fatal(err)
				}
				fresh += n
				out.Ack(p.Start, p.End, &pool)
				if rnd.IntN(10) > 0 {
					path = append(path[:i], path[i+1:]...)
				}
			case 5:
				p := make([]byte, rnd.IntN(30_000))
				keep := rnd.IntN(50_000)
				got = append(got, p[:in.Read(p, keep, &pool)]...)
				if in.Kept() > keep && len(p) > 0 && in.Ready() > 0 {
					t.Fatalf("seed %d: %d bytes kept, %d wanted", seed, in.Kept(), keep)
				}
				checkHeld(t, &in, data, rnd)
			}
		}
		if !bytes.Equal(got, data) || fresh != len(data) {
			t.Fatalf("seed %d: bytes differ, or %d of %d counted as new", seed, fresh, len(data))
		}
		for _, p := range path {
			out.Ack(p.Start, p.End, &pool)
		}
		in.Forget(0, &pool)
		if !out.Done() || out.Held() != 0 || pool.Used() != 0 {
			t.Fatalf("seed %d: done %v, holds %d, pool %d", seed, out.Done(), out.Held(), pool.Used())
		}
	}
}

// checkHeld looks at what is there in some range, whether it was read or not.
func checkHeld(t *testing.T, in *flow.ReceiveBuffer, data []byte, rnd *rand.Rand) {
	t.Helper()
	from := max(0, int(in.Consumed())-rnd.IntN(60_000))
	r := flow.Range{Start: uint64(from), End: uint64(min(from+rnd.IntN(100_000), len(data)))}
	for r.Start < r.End {
		there := r
		gap, ok := in.Gap(r)
		if ok {
			if gap.Start < r.Start || gap.End > r.End || gap.Start >= gap.End {
				t.Fatalf("gap %v of %v", gap, r)
			}
			there.End, r.Start = gap.Start, gap.End
		} else {
			r.Start = r.End
		}
		for ; there.Start < there.End; there.Start += min(20_000, there.Len()) {
			part := flow.Range{Start: there.Start, End: min(there.End, there.Start+20_000)}
			if got := in.Bytes(part, make([]byte, 20_000)); !bytes.Equal(got, data[part.Start:part.End]) {
				t.Fatalf("bytes of %v differ", part)
			}
		}
		if in.Complete() < in.Consumed() || ok && gap.End > uint64(len(data)) {
			t.Fatalf("gap %v, complete %d", gap, in.Complete())
		}
	}
}

// What is not acknowledged below the tail is sent once more, as far as that is allowed.
func TestCopyGaps(t *testing.T) {
	var pool flow.Pool
	var b flow.SendBuffer
	data := random(10_000)
	b.Write(data, &pool)
	b.TakeNew(make([]byte, len(data)))
	for _, r := range [][2]uint64{{0, 1000}, {2000, 3000}, {3500, 6000}, {6100, 7000}} {
		b.Ack(r[0], r[1], &pool)
	}
	if got := b.Tail(); got != 7000 {
		t.Errorf("tail at %d, want 7000", got)
	}
	b.CopyGaps(1500, func(n int) bool { return n != 100 })
	for _, want := range []flow.Range{{Start: 1500, End: 2000}, {Start: 3000, End: 3500}} {
		r, from := b.Resend()
		if r != want {
			t.Fatalf("%v is sent once more, want %v", r, want)
		}
		b.TakeAgain(from, make([]byte, r.Len()))
	}
	if b.HasLost() {
		t.Error("more is sent again")
	}
	if got := b.Bytes(flow.Range{Start: 7000, End: 9000}, make([]byte, 2000)); !bytes.Equal(got, data[7000:9000]) {
		t.Error("the bytes of the tail differ")
	}
	b.Ack(1000, 10_000, &pool)
	if got := b.Tail(); got != 10_000 {
		t.Errorf("all acknowledged, tail at %d", got)
	}
}

// Chunks between holes are let go.
func TestSendBufferHoles(t *testing.T) {
	var pool flow.Pool
	var b flow.SendBuffer
	const chunks = 64
	data := random(chunks * flow.ChunkSize)
	b.Write(data, &pool)
	b.TakeNew(make([]byte, len(data)))
	b.Ack(1, uint64(len(data)), &pool) // all but the first byte
	if got := pool.Used(); got != flow.ChunkSize {
		t.Errorf("one byte missing, and %d bytes held", got)
	}
	if got := b.Held(); got != flow.ChunkSize {
		t.Errorf("Held %d, want %d", got, flow.ChunkSize)
	}
	b.Ack(0, 1, &pool)
	if b.Held() != 0 || pool.Used() != 0 || !b.Done() {
		t.Errorf("all acknowledged: held %d, pool %d, done %v", b.Held(), pool.Used(), b.Done())
	}
}

func TestReceiveBufferGaps(t *testing.T) {
	var pool flow.Pool
	var b flow.ReceiveBuffer
	var err error
	for i := 0; err == nil; i++ {
		if i > flow.MaxGaps+1 {
			t.Fatal("gaps without bound")
		}
		_, err = b.Write(uint64(2*i+1), []byte{1}, &pool)
	}
	if !errors.Is(err, flow.ErrGaps) {
		t.Errorf("got %v", err)
	}
	b.Drop(&pool)
	if pool.Used() != 0 || b.Gaps() != 0 {
		t.Errorf("after Drop: pool %d, gaps %d", pool.Used(), b.Gaps())
	}
}

func FuzzReceiveBuffer(f *testing.F) {
	f.Add([]byte{0, 10, 20, 10, 10, 10})
	f.Fuzz(func(t *testing.T, ops []byte) {
		const size = 70_000
		var pool flow.Pool
		var b flow.ReceiveBuffer
		data := random(size)
		have := make([]bool, size)
		read := 0
		for ; len(ops) >= 2; ops = ops[2:] {
			start := int(ops[0]) * 270
			end := min(size, start+int(ops[1])*40)
			want := 0
			for x := start; x < end; x++ {
				if !have[x] {
					have[x] = true
					want++
				}
			}
			if n, err := b.Write(uint64(start), data[start:max(start, end)], &pool); err != nil || n != want {
				t.Fatalf("[%d, %d): %d new, %v; want %d", start, end, n, err, want)
			}
			p := make([]byte, int(ops[1])*100)
			n := b.Read(p, 0, &pool)
			if !bytes.Equal(p[:n], data[read:read+n]) {
				t.Fatalf("wrong bytes after %d", read)
			}
			read += n
		}
		for read+b.Ready() < size && have[read+b.Ready()] {
			t.Fatalf("byte %d has come and is not ready", read+b.Ready())
		}
	})
}

func TestWiden(t *testing.T) {
	c := flow.NewCredit(1<<20, 8<<20)
	for _, x := range []struct {
		to, want uint64
		wider    bool
	}{{1 << 19, 1 << 20, false}, {4 << 20, 4 << 20, true}, {4 << 20, 4 << 20, false}, {16 << 20, 8 << 20, true}} {
		if got := c.Widen(x.to); got != x.wider || c.Window() != x.want {
			t.Errorf("Widen(%d) is %v, the window %d; want %v, %d", x.to, got, c.Window(), x.wider, x.want)
		}
	}
	if limit, worth := c.Update(); !worth || limit != 8<<20 {
		t.Errorf("the peer is told %d, worth %v", limit, worth)
	}
}
