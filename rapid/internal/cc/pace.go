package cc

import "time"

const (
	// paceStartup lets the window double each round trip; paceGrow spreads a
	// window over a little less than a round trip, so that acknowledgements
	// that come late are made up for. Both as Linux paces TCP
	// (tcp_pacing_ss_ratio, tcp_pacing_ca_ratio).
	paceStartup = 1.45
	paceEarly   = 1.7
	paceGrow    = 1.05

	// A burst is a millisecond's worth (draft-ietf-ccwg-bbr: BBR.send_quantum),
	// at least two packets and at most what one system call takes.
	// On short paths it is less, so that it does not fill the queue alone.
	quantumTime  = time.Millisecond
	quantumLeast = time.Millisecond / 4
	quantumMin   = 2
	quantumMax   = 64 << 10
)

// Rate returns the pacing rate in bytes a second. It is never zero.
func (c *Controller) Rate() float64 {
	if c.held() {
		return max(c.fixed.rate(c), 1)
	}
	// The standing sample is of now; the smoothed one remembers a queue that
	// is gone.
	span := min(c.delay.srtt, c.delay.standing().rtt) + c.delay.slack()
	gain := paceGrow
	if c.state == drain && c.drain.why == forQueue && !c.drain.waiting && c.alone() {
		// What was to drain has drained, or will before this arrives: samples
		// tell of it a round trip later.
		span = c.delay.base + c.low() + c.delay.slack()
	}
	if c.delay.srtt == 0 {
		span, gain = initialSpread, 1
	} else if c.state == startup {
		gain = paceStartup
		if c.doubling() > 1 {
			gain = paceEarly
		}
	}
	r := max(gain*c.window/span.Seconds(), c.least(), c.datagram())
	if top := c.ceiling(); top > 0 {
		r = min(r, top)
	}
	return r
}

// Quantum returns the bytes that may leave in one burst, at least two
// datagrams and at most 64 KiB.
func (c *Controller) Quantum() int {
	t := min(max(c.delay.srtt/4, quantumLeast), quantumTime)
	q := min(c.Rate()*t.Seconds(), quantumMax)
	return int(max(q, quantumMin*c.datagram()))
}
