package session_test

import (
	"testing"
	"time"
)

func TestUpload(t *testing.T) {
	const mbit = 1e6 / 8
	for _, c := range []struct {
		name string
		link link
		size int
		time time.Duration
	}{
		{"clean", link{rate: 100 * mbit, delay: 5 * time.Millisecond, queue: 50 * time.Millisecond}, 4 << 20, 3 * time.Second},
		{"1 %", link{rate: 100 * mbit, delay: 50 * time.Millisecond, queue: 100 * time.Millisecond, loss: .01}, 16 << 20, 6 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.link, nil)
			start := w.now
			w.upload(c.size, c.time)
			t.Logf("%v: %.1f Mbit/s\nclient %+v\nserver %+v", w.now-start, float64(c.size)*8/1e6/(w.now-start).Seconds(), w.ends[0].Stats(), w.ends[1].Stats())
		})
	}
}
