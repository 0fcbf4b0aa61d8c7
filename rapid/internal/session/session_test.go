package session_test

import (
	"testing"
	"time"
)

func TestUpload(t *testing.T) {
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
			w.upload(c.size, c.time)
		})
	}
}

// A long transfer fills a link that loses packets at random: what arrives stays near what the
// link lets through, all the time and not only in between.
func TestSteady(t *testing.T) {
	l := link{rate: 200 * mbit, delay: 50 * time.Millisecond, queue: 100 * time.Millisecond, loss: .01}
	w := newWorld(t, l, nil)
	st, peer := w.pair("x")
	buf := make([]byte, 256<<10)
	got, after := 0, w.now+2*time.Second // when it has started
	w.run(8*time.Second, func() bool {
		for {
			if n, err := st.Write(buf); err != nil {
				t.Fatal(err)
			} else if n == 0 {
				break
			}
		}
		for {
			n, err := peer.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				return false
			}
			if w.now > after {
				got += n
			}
		}
	})
	if share := float64(got) / (w.now - after).Seconds() / l.rate; share < .87 {
		t.Errorf("%.1f %% of the link, want at least 87 %%; %+v", 100*share, w.ends[0].Stats())
	}
	if st := w.ends[1].Stats(); st.DuplicateBytes > st.Received/50 {
		t.Errorf("%d of %d bytes came twice", st.DuplicateBytes, st.Received)
	}
}
