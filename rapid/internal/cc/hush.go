package cc

import "time"

// A hush is a silence of the path: nothing arrives, in either direction or in
// one.
type hush struct {
	silent bool
	until  time.Duration // losses of packets sent before say nothing
}

// Timeout tells that nothing has been acknowledged for several timeouts in a
// row although packets are in flight. What is known of the path is kept, but
// sending starts again with half of it when the silence ends. It may be called
// repeatedly.
func (c *Controller) Timeout(now time.Duration) {
	c.hush.silent, c.hush.until = true, now
}

// end takes up sending again after the first acknowledgement.
func (h *hush) end(c *Controller) {
	if !h.silent {
		return
	}
	h.silent, h.until = false, c.now
	c.window = max(c.window/2, minWindow*c.datagram())
	c.round.start(c.now, c.s.delivered)
	c.growth, c.drain, c.poor = growth{}, drainage{}, 0
	c.fill = fill{}
	c.state = startup
}
