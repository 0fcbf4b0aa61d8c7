package cc_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
)

// A pump sends and acknowledges packets in an even stream of acknowledgements
// for n packets each.
type pump struct {
	c    *cc.Controller
	now  time.Duration
	ring [4096]cc.Packet
	next int
	tail int
}

func (p *pump) turn(n int) {
	p.now += time.Millisecond
	for range n {
		p.c.Sent(p.now, &p.ring[p.next%len(p.ring)], 1452)
		p.next++
	}
	if p.next-p.tail < 100*n {
		return
	}
	p.c.Ack(p.now)
	for i := range n {
		pk := &p.ring[(p.tail+i)%len(p.ring)]
		if (p.tail+i)%50 == 0 {
			p.c.Lost(pk)
		} else {
			p.c.Acked(pk)
		}
	}
	p.tail += n
	p.c.Done(p.now, 100*time.Millisecond+time.Duration(p.next%7)*time.Millisecond)
	_, _, _ = p.c.Window(), p.c.Rate(), p.c.Quantum()
}

func TestNothingIsAllocated(t *testing.T) {
	for _, policy := range []cc.Policy{cc.Fair, cc.High, cc.Low, cc.Fixed} {
		p := &pump{c: cc.New(cc.Config{Policy: policy, Target: 1e7, Datagram: 1452})}
		if n := testing.AllocsPerRun(5000, func() { p.turn(20); p.c.AppLimited(); _ = p.c.Stats(); _ = p.c.Path() }); n != 0 {
			t.Errorf("policy %d: %v allocations a turn, want none", policy, n)
		}
	}
}

// BenchmarkPacket tells what one packet costs, sent and acknowledged with 19
// others.
func BenchmarkPacket(b *testing.B) {
	p := &pump{c: cc.New(cc.Config{Datagram: 1452})}
	b.ReportAllocs()
	for i := 0; i < b.N; i += 20 {
		p.turn(20)
	}
}

// TestAnyOrderOfEvents drives controllers with nonsense: what they answer has
// to stay in its bounds.
func TestAnyOrderOfEvents(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 9))
		c := cc.New(cc.Config{
			Policy: cc.Policy(r.IntN(4)), Target: float64(r.IntN(3)) * 1e6, Min: float64(r.IntN(3)) * 1e5,
			Weight: []float64{0, 1, 0.1, math.NaN()}[r.IntN(4)], Datagram: 1200 * r.IntN(3),
		})
		var now time.Duration
		type flight struct {
			p    cc.Packet
			size int
		}
		var out []flight
		bytes := 0
		for i := range 20000 {
			switch r.IntN(20) {
			case 0:
				now += time.Duration(r.ExpFloat64() * 1e9)
			case 1:
				c.Timeout(now)
			case 2:
				c.AppLimited()
			case 3:
				c.Set(cc.Policy(r.IntN(4)), r.Float64()*1e8*float64(r.IntN(2)), r.Float64()*1e6)
			case 4:
				c.SetDatagram(1200 + r.IntN(8000))
			case 5:
				c.SetWeight(r.Float64())
				c.SetCap(r.Float64() * 1e9 * float64(r.IntN(2)))
			case 6:
				if r.IntN(50) == 0 {
					c.PathChanged(now)
				}
			default:
				now += time.Duration(r.ExpFloat64() * 1e5)
			}
			if r.IntN(3) > 0 && len(out) < 5000 {
				for range r.IntN(20) {
					size := 1 + r.IntN(1500)
					out = append(out, flight{size: size})
					c.Sent(now, &out[len(out)-1].p, size)
					bytes += size
				}
			} else {
				c.Ack(now)
				if r.IntN(9) == 0 {
					c.HostDropped(r.IntN(10))
				}
				for range r.IntN(1 + min(len(out), 100)) {
					f := &out[0]
					switch r.IntN(6) {
					case 0:
						c.Lost(&f.p)
						if r.IntN(3) == 0 {
							c.Late(&f.p)
						}
					case 1:
						c.Forget(&f.p)
					default:
						c.Acked(&f.p)
					}
					bytes -= f.size
					out = out[1:]
				}
				c.Done(now, time.Duration(r.IntN(3))*time.Duration(r.ExpFloat64()*1e8))
			}
			if got := c.Inflight(); got != bytes {
				t.Fatalf("seed %d, event %d: Inflight() = %d, want %d", seed, i, got, bytes)
			}
			if w := c.Window(); w < 2*1200 || int64(w) > 1<<50 {
				t.Fatalf("seed %d, event %d: Window() = %d", seed, i, w)
			}
			if v := c.Rate(); !(v >= 1) || math.IsInf(v, 0) {
				t.Fatalf("seed %d, event %d: Rate() = %v", seed, i, v)
			}
			if q := c.Quantum(); q < 2400 || q > max(64<<10, 2*9200) {
				t.Fatalf("seed %d, event %d: Quantum() = %d", seed, i, q)
			}
			s := c.Stats()
			for _, v := range []float64{s.Rate, s.MaxBW, s.Loss, s.RandomLoss} {
				if !(v >= 0) || math.IsInf(v, 0) {
					t.Fatalf("seed %d, event %d: %+v", seed, i, s)
				}
			}
		}
	}
}
