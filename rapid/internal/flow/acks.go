package flow

import "time"

// MaxAckRanges bounds what an Acks remembers: more ranges than one packet can
// report many times over. Beyond it the oldest are forgotten, which costs
// retransmissions at worst.
const MaxAckRanges = 1 << 13

// Acks remembers which packets have come and says when to acknowledge them.
// The zero value is ready.
type Acks struct {
	seen    Ranges
	floor   uint64        // below it, nothing is to be acknowledged any more
	largest uint64        // greatest number that came
	at      time.Duration // when it came
	any     bool
	waiting int           // packets that are to be acknowledged and were not
	due     time.Duration // when they are to be, if waiting > 0
}

// Receive notes packet pn. If it is to be acknowledged, that is due after delay at the latest, and as
// soon as every packets wait for it.
func (a *Acks) Receive(now time.Duration, pn uint64, eliciting bool, delay time.Duration, every int) {
	if pn < a.floor {
		// Its sender has given it up, or has been told: it need not be remembered.
		return
	}
	a.seen.Add(pn, pn+1)
	if a.seen.Len() > MaxAckRanges {
		r := a.seen.At(0)
		a.seen.Remove(r.Start, r.End)
	}
	if !a.any || pn > a.largest {
		a.any, a.largest, a.at = true, pn, now
	}
	if !eliciting {
		return
	}
	a.waiting++
	switch {
	case a.waiting == 1:
		a.due = now + delay
	case a.waiting >= every:
		a.due = now
	}
}

// Now makes an acknowledgement due at once, if anything waits for one.
func (a *Acks) Now() { a.due = 0 }

// Floor says that packets below pn need not be acknowledged any more.
func (a *Acks) Floor(pn uint64) {
	if pn <= a.floor {
		return
	}
	a.floor = pn
	for a.seen.Len() > 0 {
		r := a.seen.At(0)
		if r.Start >= pn {
			return
		}
		a.seen.Remove(r.Start, min(r.End, pn))
	}
}

// Due returns when an acknowledgement has to be sent; ok is false if none has to.
func (a *Acks) Due() (t time.Duration, ok bool) { return a.due, a.waiting > 0 }

// Waiting returns how many packets wait to be acknowledged.
func (a *Acks) Waiting() int { return a.waiting }

// Ranges returns what to acknowledge. It is empty if there is nothing.
func (a *Acks) Ranges() *Ranges { return &a.seen }

// Age returns how long ago the packet with the greatest number came.
func (a *Acks) Age(now time.Duration) time.Duration { return now - a.at }

// Largest returns the greatest packet number that came; ok is false if none did.
func (a *Acks) Largest() (pn uint64, ok bool) { return a.largest, a.any }

// Sent says that an acknowledgement was sent.
func (a *Acks) Sent() { a.waiting = 0 }
