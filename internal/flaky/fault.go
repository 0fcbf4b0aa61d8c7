package flaky

import (
	"hash/fnv"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

type fault int

const (
	none fault = iota
	slowDown
	reset
	lost
	truncateUp
	truncateDown
	corruptUp
	corruptDown
)

// A fate is the fault of one request, and where in the body it happens.
type fate struct {
	fault
	where float64 // from 0 to 1
	bit   int     // from 0 to 7
}

// at returns the byte at which it happens to a body of that many; a negative
// size stands for one that is not known.
func (f fate) at(size int64) int64 {
	if size < 0 {
		size = 64 << 10
	}
	return int64(f.where * float64(size))
}

// enter counts a request in and decides its fate.
func (h *Handler) enter(c *call, r *http.Request) (fate, time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.resets = h.resets
	h.requests++
	h.running++
	h.most = max(h.most, h.running)
	if c.part != nil {
		count := h.parts[*c.part]
		count.Received++
		h.parts[*c.part] = count
	}
	before := h.asked[c.what]
	h.asked[c.what]++
	if h.faults.Only != nil && !h.faults.Only(r) {
		return fate{}, 0
	}
	return h.faults.decide(c, before)
}

func (h *Handler) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running--
}

// decide draws what happens to a request that was made a number of times before.
func (f *Faults) decide(c *call, before uint64) (fate, time.Duration) {
	hash := fnv.New64a()
	hash.Write([]byte(c.what))
	rng := rand.New(rand.NewPCG(f.Seed, hash.Sum64()+before*0x9e3779b97f4a7c15))
	var wait time.Duration
	if rng.Float64() < f.Delay {
		wait = f.DelayFor
	}
	draw := rng.Float64()
	result := fate{where: rng.Float64(), bit: rng.IntN(8)}
	for _, one := range []struct {
		fault
		rate float64
		can  bool
	}{
		{slowDown, f.SlowDown, true},
		{reset, f.Reset, true},
		{lost, f.Lost, true},
		{truncateUp, f.TruncateUp, c.sends},
		{corruptUp, f.CorruptUp, c.sends},
		{truncateDown, f.TruncateDown, c.asks},
		{corruptDown, f.CorruptDown, c.get},
	} {
		if !one.can {
			continue
		}
		if draw < one.rate {
			result.fault = one.fault
			return result, wait
		}
		draw -= one.rate
	}
	return result, wait
}

// breakConnection ends a connection as a crash of the server does: what is on
// its way is lost.
func breakConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2 resets the stream
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0) // have RST sent, not FIN; if it fails the end is a FIN
	}
	conn.Close()
}
