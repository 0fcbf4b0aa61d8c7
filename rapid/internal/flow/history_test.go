package flow_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/flow"
)

// A History does what a map would do.
func TestHistory(t *testing.T) {
	type state struct {
		waiting, lost bool
		at            time.Duration
	}
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		var h flow.History[uint64]
		model := map[uint64]*state{}
		now := time.Duration(0)
		for range 5000 {
			now++
			first, next := h.First(), h.Next()
			pick := first + rnd.Uint64N(max(1, next-first))
			m := model[pick]
			switch k := rnd.IntN(10); {
			case k < 4:
				pn, rec := h.Add(now)
				if pn != next {
					t.Fatalf("packet %d, want %d", pn, next)
				}
				rec.Data = pn * 7
				model[pn] = &state{waiting: true}
			case k == 4:
				h.Skip()
			case k < 8 && m != nil && (m.waiting || m.lost):
				if got := h.At(pick).Data; got != pick*7 {
					t.Fatalf("record of %d is %d", pick, got)
				}
				h.Ack(pick)
				delete(model, pick)
			case k == 8 && m != nil && m.waiting:
				h.Lose(now, pick)
				m.waiting, m.lost, m.at = false, true, now
			case k == 9:
				before := now - 200
				first := h.Settle(before)
				for pn := range first {
					if m := model[pn]; m != nil && (m.waiting || m.at >= before) {
						t.Fatalf("seed %d: %d settled, which is %+v", seed, pn, *m)
					}
					delete(model, pn)
				}
				if first < h.Next() && model[first] == nil {
					t.Fatalf("seed %d: %d is not settled, but over", seed, first)
				}
			}
			waiting := 0
			for pn, m := range model {
				if m.waiting {
					waiting++
				}
				if got, ok := h.Awaited(pn, pn+1); ok != m.waiting || ok && got != pn {
					t.Fatalf("seed %d: awaited %v, want %v", seed, ok, m.waiting)
				}
				if got, ok := h.Missed(pn, pn+1); ok != m.lost || ok && got != pn {
					t.Fatalf("seed %d: missed %v, want %v", seed, ok, m.lost)
				}
			}
			if h.Waiting() != waiting {
				t.Fatalf("seed %d: %d waiting, want %d", seed, h.Waiting(), waiting)
			}
			n := 0
			for pn, ok := h.Awaited(0, h.Next()); ok; pn, ok = h.Awaited(pn+1, h.Next()) {
				n++
			}
			if n != waiting {
				t.Fatalf("seed %d: a walk finds %d waiting, want %d", seed, n, waiting)
			}
		}
	}
}

func TestReordering(t *testing.T) {
	ms := time.Millisecond
	rtt := &flow.RTT{Smoothed: 80 * ms, Latest: 80 * ms, Min: 80 * ms}
	var r flow.Reordering
	if lost, _ := r.Lost(10*ms, 0, 3, rtt); !lost {
		t.Error("overtaken by three and not lost")
	}
	if lost, until := r.Lost(80*ms, 0, 2, rtt); lost || until != 90*ms {
		t.Errorf("overtaken by two: lost %v, until %v, want 90ms", lost, until)
	}
	r.Wrong(100*ms, 15*ms, rtt.Smoothed)
	if lost, until := r.Lost(80*ms, 0, 1000, rtt); lost || until <= 95*ms {
		t.Errorf("after a mistake: lost %v, until %v, want later than 95ms", lost, until)
	}
	for i := range time.Duration(100) {
		r.Wrong((200+100*i)*ms, time.Hour, rtt.Smoothed)
	}
	if _, until := r.Lost(0, 0, 1000, rtt); until > 170*ms {
		t.Errorf("waits until %v, want at most about two round trips", until)
	}
	if lost, _ := r.Lost(time.Hour, time.Hour-10*ms, 3, rtt); !lost {
		t.Error("mistakes are never forgotten")
	}
}

func TestRTT(t *testing.T) {
	ms := time.Millisecond
	var r flow.RTT
	if got := r.PTO(10 * ms); got != 3*flow.InitialRTT+10*ms {
		t.Errorf("PTO without a sample is %v", got)
	}
	if got := r.Sample(100*ms, 50*ms); got != 100*ms || r.Min != 100*ms || r.Smoothed != 100*ms || r.Var != 50*ms {
		t.Errorf("first sample: %v, %+v", got, r)
	}
	if got := r.Sample(120*ms, 10*ms); got != 110*ms {
		t.Errorf("sample less its delay is %v, want 110ms", got)
	}
	if got := r.Sample(105*ms, 50*ms); got != 105*ms {
		t.Errorf("a delay that is not plausible is believed: %v", got)
	}
	if r.Min != 100*ms {
		t.Errorf("min %v", r.Min)
	}
}

func TestAcks(t *testing.T) {
	ms := time.Millisecond
	var a flow.Acks
	a.Receive(10*ms, 5, false, 4*ms, 3)
	if _, ok := a.Due(); ok {
		t.Error("due for a packet that does not ask")
	}
	a.Receive(11*ms, 6, true, 4*ms, 3)
	if at, ok := a.Due(); !ok || at != 15*ms {
		t.Errorf("due at %v, %v; want 15ms", at, ok)
	}
	a.Receive(12*ms, 8, true, 4*ms, 3)
	a.Receive(13*ms, 9, true, 4*ms, 3)
	if at, _ := a.Due(); at != 13*ms {
		t.Errorf("three wait: due at %v, want 13ms", at)
	}
	if n := a.Ranges().Len(); n != 2 || a.Ranges().At(1) != (flow.Range{Start: 8, End: 10}) {
		t.Errorf("%d ranges", n)
	}
	a.Sent()
	if _, ok := a.Due(); ok {
		t.Error("due after it was sent")
	}
	a.Floor(9)
	if n := a.Ranges().Len(); n != 1 || a.Ranges().At(0) != (flow.Range{Start: 9, End: 10}) {
		t.Errorf("%d ranges after FLOOR", n)
	}
	if a.Receive(14*ms, 7, true, 0, 1); a.Ranges().Contains(7) {
		t.Error("a packet below the floor is remembered")
	}
	for pn := uint64(10); pn < 10*flow.MaxAckRanges; pn += 2 {
		a.Receive(15*ms, pn, true, 0, 1)
	}
	if n := a.Ranges().Len(); n > flow.MaxAckRanges {
		t.Errorf("%d ranges remembered", n)
	}
}

func TestCredit(t *testing.T) {
	const start, most = 1 << 20, 16 << 20
	rtt := 100 * time.Millisecond
	run := func(read bool) flow.Credit {
		c := flow.NewCredit(start, most)
		waiting := uint64(0)
		for now := time.Duration(0); now < 10*time.Second; now += 10 * time.Millisecond {
			n := min(c.Limit()-c.Arrived(), 1<<20) // a sender that takes all it gets
			if !c.Arrive(now, n, rtt) {
				t.Fatal("not allowed what was allowed")
			}
			if waiting += n; read {
				c.Consume(waiting)
				waiting = 0
				c.Update()
			}
			if c.Short(waiting) {
				c.Grow(nil)
			}
		}
		return c
	}
	if c := run(true); c.Window() != most {
		t.Errorf("the window grew to %d, want %d", c.Window(), most)
	}
	if c := run(false); c.Window() != start {
		t.Errorf("nobody reads, and the window grew to %d", c.Window())
	}
	c := flow.NewCredit(start, most)
	if c.Arrive(0, start+1, rtt) {
		t.Error("more than the limit is allowed")
	}
	c.Arrive(0, start, rtt)
	if c.Grow(func(int) bool { return false }); c.Window() != start {
		t.Error("the window grew although it may not")
	}
}
