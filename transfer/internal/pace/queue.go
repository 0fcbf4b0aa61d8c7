package pace

// The queue of a class is a list of lanes, and each lane has a list of those who wait: all that is done
// to them takes the same time, however many there are.

// add puts w at the end of its lane, and the lane at the end of the queue if it is not in it.
func (c *class) add(w *waiter, k kind) {
	p := &w.lane.kinds[k]
	if w.prev = p.last; w.prev == nil {
		p.first = w
		c.push(w.lane, k)
	} else {
		w.prev.next = w
	}
	p.last = w
}

// forget takes w out of its lane, and the lane out of the queue if nobody waits in it any more.
func (c *class) forget(w *waiter, k kind) {
	p := &w.lane.kinds[k]
	if w.prev == nil {
		p.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		p.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next = nil, nil
	if p.first == nil {
		c.remove(w.lane, k)
	}
}

func (c *class) push(l *Lane, k kind) {
	p := &l.kinds[k]
	if p.prev = c.tail; p.prev == nil {
		c.head = l
	} else {
		p.prev.kinds[k].next = l
	}
	c.tail = l
}

func (c *class) remove(l *Lane, k kind) {
	p := &l.kinds[k]
	if p.prev == nil {
		c.head = p.next
	} else {
		p.prev.kinds[k].next = p.next
	}
	if p.next == nil {
		c.tail = p.prev
	} else {
		p.next.kinds[k].prev = p.prev
	}
	p.prev, p.next = nil, nil
}
