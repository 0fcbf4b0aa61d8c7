package session

// scheduler says which stream's data goes next. All streams with something to
// send take turns of quantum bytes (deficit round robin). One that had
// nothing to send before has its first turn ahead of the others, so that
// a short request does not wait for a turn of every long transfer; this is what
// FQ-CoDel (RFC 8290) does with flows.
//
// For each turn of another, the senior, which began first with what it sends, has
// some more. With equal turns, what was begun at the same time would end at the
// same time, and the path be idle until the peer has seen that and asked for more.
type scheduler struct {
	fresh, turns list
	blocked      list    // by the session's flow control
	senior       *Stream // the oldest of turns
	favor        int     // turns that it has before the next one of turns
}

// quantum is what a stream may send in its turn, in bytes.
const quantum = 4 << 10

// favors is how many turns the senior has for each of another: enough for it to end well before the others, and
// for these not to stand still.
const favors = 7

// slot is the place of a stream in a scheduler.
type slot struct {
	list       *list // nil: none
	next, prev *Stream
	left       int    // of its turn
	since      uint64 // the lower, the earlier it began with what it sends
}

// list is a list of streams, linked by their slots.
type list struct{ first, last *Stream }

func (l *list) push(st *Stream) {
	st.slot.list, st.slot.prev, st.slot.next = l, l.last, nil
	if l.last != nil {
		l.last.slot.next = st
	} else {
		l.first = st
	}
	l.last = st
}

func (l *list) remove(st *Stream) {
	if st.slot.prev != nil {
		st.slot.prev.slot.next = st.slot.next
	} else {
		l.first = st.slot.next
	}
	if st.slot.next != nil {
		st.slot.next.slot.prev = st.slot.prev
	} else {
		l.last = st.slot.prev
	}
	st.slot.list, st.slot.prev, st.slot.next = nil, nil, nil
}

// add lets st take turns, if it does not yet.
func (c *scheduler) add(st *Stream) {
	if st.slot.list == nil {
		st.slot.left = quantum
		c.fresh.push(st)
	}
}

// next returns whose turn it is, nil if nobody has anything to send.
func (c *scheduler) next() *Stream {
	switch {
	case c.fresh.first != nil:
		return c.fresh.first
	case c.favor > 0:
		return c.senior
	}
	return c.turns.first
}

// used notes that st, whose turn it is, has sent n bytes.
func (c *scheduler) used(st *Stream, n int) {
	if st.slot.left -= n; st.slot.left > 0 {
		return
	}
	st.slot.left += quantum
	switch {
	case c.favor > 0 && st == c.senior:
		c.favor--
		return
	case st.slot.list == &c.turns:
		c.favor = favors
	}
	st.slot.list.remove(st)
	c.turn(st)
}

// turn puts st behind those who take turns.
func (c *scheduler) turn(st *Stream) {
	c.turns.push(st)
	if c.senior == nil || st.slot.since < c.senior.slot.since {
		c.senior = st
	}
}

// rest ends the turns of st, which has nothing to send. So that
// it does not come back as new at once and keep others waiting, it does one
// round among them if it was new.
func (c *scheduler) rest(st *Stream) {
	if st.slot.list == &c.fresh && c.turns.first != nil {
		c.fresh.remove(st)
		c.turn(st)
		return
	}
	c.remove(st)
}

// block parks st until the peer gives the session credit.
func (c *scheduler) block(st *Stream) {
	c.remove(st)
	c.blocked.push(st)
}

// unblock has the parked streams take turns again.
func (c *scheduler) unblock() {
	for st := c.blocked.first; st != nil; st = c.blocked.first {
		c.blocked.remove(st)
		c.turn(st)
	}
}

// remove takes st out, wherever it is.
func (c *scheduler) remove(st *Stream) {
	if st.slot.list == nil {
		return
	}
	st.slot.list.remove(st)
	if st == c.senior {
		c.elect()
	}
}

// elect finds the senior.
func (c *scheduler) elect() {
	c.senior = c.turns.first
	for st := c.senior; st != nil; st = st.slot.next {
		if st.slot.since < c.senior.slot.since {
			c.senior = st
		}
	}
	if c.senior == nil {
		c.favor = 0
	}
}
