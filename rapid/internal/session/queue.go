package session

// queue holds streams in the order they came.
type queue struct {
	items []*Stream
	head  int
}

func (q *queue) empty() bool { return q.head == len(q.items) }

func (q *queue) push(st *Stream) {
	if q.head > 0 && len(q.items) == cap(q.items) {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, st)
}

// front returns the first stream of a queue that is not empty.
func (q *queue) front() *Stream { return q.items[q.head] }

func (q *queue) pop() *Stream {
	st := q.items[q.head]
	q.items[q.head] = nil
	if q.head++; q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return st
}
