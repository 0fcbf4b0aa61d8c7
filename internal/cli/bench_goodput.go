package cli

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// goodput measures how many bytes a second arrive when several workers move pieces
// one after the other.
type goodput struct {
	workers  int
	duration time.Duration // no piece is begun after it
	budget   int64         // bytes that are begun at most
	most     int64         // bytes of a piece at most; 0 means maxProbe
}

// A piece is what was moved at once, in times since the beginning.
type piece struct {
	began, ended time.Duration
	size         int64
}

// How long a piece should take, so that the pauses between pieces count for
// little and yet many end in the time there is.
const pieceTime = 750 * time.Millisecond

// measure calls move, by several workers, until the time or the budget is used
// up. What was begun then is waited for, for as long again. It returns the rate
// without the beginning, while connections are made and speed is gathered.
func (g goodput) measure(ctx context.Context, move func(ctx context.Context, n int64) error) (rate float64, moved int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*g.duration)
	defer cancel()
	var (
		began  = time.Now()
		wg     sync.WaitGroup
		mu     sync.Mutex // guards the rest
		left   = g.budget
		first  error
		pieces []piece
	)
	take := func(want int64) int64 {
		mu.Lock()
		defer mu.Unlock()
		if first != nil {
			return 0
		}
		n := min(want, left)
		left -= n
		return n
	}
	for range g.workers {
		wg.Go(func() {
			for size := int64(minProbe); time.Since(began) < g.duration; {
				n := take(g.fit(size))
				if n == 0 {
					return
				}
				p := piece{began: time.Since(began), size: n}
				err := move(ctx, n)
				p.ended = time.Since(began)
				mu.Lock()
				if err == nil {
					pieces = append(pieces, p)
				} else if first == nil {
					first = err
				}
				mu.Unlock()
				if err != nil {
					return
				}
				size = nextSize(n, p.ended-p.began)
			}
		})
	}
	wg.Wait()
	for _, p := range pieces {
		moved += p.size
	}
	rate = steadyRate(pieces, g.duration)
	// Pieces that were still on their way when all time was up are no failure if others arrived.
	if errors.Is(first, context.DeadlineExceeded) && ctx.Err() != nil {
		if first = nil; moved == 0 {
			first = fmt.Errorf("nothing arrived in %v", formatDuration(2*g.duration))
		}
	}
	return rate, moved, first
}

// fit is size within what a piece may have.
func (g goodput) fit(size int64) int64 {
	if g.most > 0 {
		size = min(size, g.most)
	}
	// Of a small budget nobody takes so much that there is nothing steady in it.
	return min(size, maxProbe, max(minProbe, g.budget/int64(4*g.workers)))
}

// nextSize is how large a piece has to be to take pieceTime, if one of n bytes took
// that long; no more than four times larger, as the first are slow for other reasons.
func nextSize(n int64, took time.Duration) int64 {
	factor := min(4, pieceTime.Seconds()/max(took, time.Millisecond).Seconds())
	return min(max(int64(float64(n)*factor), minProbe), maxProbe)
}

// steadyRate is the rate in the last three fifths of the time in which all workers
// were busy: after connections were made and speed was gathered, and before there was
// nothing left to begin. Each piece is taken to have moved evenly.
func steadyRate(pieces []piece, duration time.Duration) float64 {
	var to, last time.Duration
	for _, p := range pieces {
		to, last = max(to, p.began), max(last, p.ended)
	}
	if to < last/4 { // hardly anything was begun after the first pieces
		to = last
	}
	if to = min(to, duration); to <= 0 {
		return 0
	}
	from := to * 2 / 5
	bytes := 0.0
	for _, p := range pieces {
		if overlap := min(p.ended, to) - max(p.began, from); overlap > 0 {
			bytes += float64(p.size) * overlap.Seconds() / (p.ended - p.began).Seconds()
		}
	}
	return bytes / (to - from).Seconds()
}
