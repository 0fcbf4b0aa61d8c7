package cc

// idleRounds in a row without enough to send make what was found out about
// the path before too old, or too little, to go on from.
const idleRounds = 8

// ours tells that a queue may be of our making. It is not while the
// application has too little to send: then it is that of others, or of the
// other direction, which our acknowledgements wait in.
func (c *Controller) ours() bool { return !c.s.newest.appLimited }

// slumber counts, at the end of a round, those that the application left
// unused.
func (c *Controller) slumber() {
	if c.round.appLimited {
		c.idle++
	}
}

// awake begins to look for the end of the path anew when the application has
// enough to send after a long time, unless the window is what it was when the
// path was last full.
func (c *Controller) awake() {
	if !c.growing() || c.held() {
		return
	}
	if c.idle >= idleRounds && c.state != startup && (c.most.get() == 0 || c.window < c.most.get()/2) {
		c.toStartup()
	}
	c.idle = 0
}

func (c *Controller) toStartup() {
	c.window = max(c.window, initialWindow*c.datagram())
	c.state, c.fill, c.growth = startup, fill{}, growth{}
}
