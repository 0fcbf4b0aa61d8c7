package flow

// Range is the numbers from Start up to, but without, End.
type Range struct{ Start, End uint64 }

// Len returns how many numbers are in r.
func (r Range) Len() uint64 { return r.End - r.Start }

// Ranges is a set of numbers, kept as ranges in rising order that neither overlap
// nor touch. The zero value is empty.
//
// Finding a number takes O(log n). Adding at the upper end and removing at the lower
// one, which is what transports mostly do, takes O(1); elsewhere the smaller
// part of the ranges has to make room.
type Ranges struct {
	buf  []Range // the ranges are buf[head:]; before them is room to move into
	head int
}

// Len returns how many ranges the set consists of.
func (s *Ranges) Len() int { return len(s.buf) - s.head }

// At returns range i in rising order, 0 ≤ i < Len.
func (s *Ranges) At(i int) Range { return s.buf[s.head+i] }

// Contains reports whether x is in the set.
func (s *Ranges) Contains(x uint64) bool {
	i := s.search(x)
	return i < s.Len() && s.At(i).Start <= x
}

// search returns the first range that ends after x.
func (s *Ranges) search(x uint64) int {
	lo, hi := s.head, len(s.buf)
	if hi > lo && s.buf[hi-1].End <= x {
		return hi - lo // the usual case: x is above all
	}
	if hi > lo && s.buf[lo].End > x {
		return 0 // or below
	}
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if s.buf[m].End <= x {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo - s.head
}

// Add adds the numbers of [start, end) and returns how many of them are new.
func (s *Ranges) Add(start, end uint64) (fresh uint64) {
	if start >= end {
		return 0
	}
	// i is the first range that touches or overlaps; j the first that lies beyond.
	i := s.search(start)
	if i > 0 && s.At(i-1).End == start {
		i--
	}
	j, had := i, uint64(0)
	lo, hi := start, end
	for j < s.Len() && s.At(j).Start <= end {
		r := s.At(j)
		had += overlap(r, start, end)
		lo, hi = min(lo, r.Start), max(hi, r.End)
		j++
	}
	switch {
	case j == i:
		s.insert(i, Range{lo, hi})
	default:
		s.buf[s.head+i] = Range{lo, hi}
		s.remove(i+1, j)
	}
	return end - start - had
}

// Remove takes the numbers of [start, end) out and returns how many of them were in.
func (s *Ranges) Remove(start, end uint64) (had uint64) {
	if start >= end {
		return 0
	}
	i := s.search(start)
	if i == s.Len() || s.At(i).Start >= end {
		return 0
	}
	if r := s.At(i); r.Start < start {
		if r.End > end { // a hole in the middle of one
			s.buf[s.head+i].End = start
			s.insert(i+1, Range{end, r.End})
			return end - start
		}
		s.buf[s.head+i].End = start
		had += r.End - start
		i++
	}
	j := i
	for j < s.Len() && s.At(j).End <= end {
		had += s.At(j).Len()
		j++
	}
	if j < s.Len() && s.At(j).Start < end {
		had += end - s.At(j).Start
		s.buf[s.head+j].Start = end
	}
	s.remove(i, j)
	return had
}

// Clear empties the set and lets go of its memory.
func (s *Ranges) Clear() { *s = Ranges{} }

// insert puts r before range i, moving whichever side is shorter.
func (s *Ranges) insert(i int, r Range) {
	n := s.Len()
	if i < n/2 && s.head > 0 {
		s.head--
		copy(s.buf[s.head:], s.buf[s.head+1:s.head+1+i])
		s.buf[s.head+i] = r
		return
	}
	if len(s.buf) == cap(s.buf) && s.head > cap(s.buf)/4 {
		copy(s.buf, s.buf[s.head:])
		s.buf, s.head = s.buf[:n], 0
	}
	s.buf = append(s.buf, Range{})
	copy(s.buf[s.head+i+1:], s.buf[s.head+i:])
	s.buf[s.head+i] = r
}

// remove takes ranges i up to j out, moving whichever side is shorter.
func (s *Ranges) remove(i, j int) {
	if i == j {
		return
	}
	if n := s.Len(); i < n-j {
		copy(s.buf[s.head+j-i:], s.buf[s.head:s.head+i])
		s.head += j - i
	} else {
		copy(s.buf[s.head+i:], s.buf[s.head+j:])
		s.buf = s.buf[:len(s.buf)-(j-i)]
	}
	if s.head == len(s.buf) {
		s.buf, s.head = s.buf[:0], 0
	}
}

func overlap(r Range, start, end uint64) uint64 {
	lo, hi := max(r.Start, start), min(r.End, end)
	if hi <= lo {
		return 0
	}
	return hi - lo
}
