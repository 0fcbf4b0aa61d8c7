package session_test

import (
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
	"github.com/icos-go/icos/rapid/internal/session"
)

// BenchmarkTransfer moves bytes through two sessions on one core, encrypted, without
// any input and output.
func BenchmarkTransfer(b *testing.B) {
	for _, c := range []struct {
		name     string
		datagram int
		lose     int // one datagram in so many; 0: none
	}{
		{"1472", 1472, 0},
		{"1472/lossy", 1472, 100},
		{"8972", 8972, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b, link{}, func(client, server *session.Config) {
				client.CC = cc.Config{Policy: cc.Fixed, Target: 1e9}
				client.MaxDatagram, server.MaxDatagram = c.datagram, c.datagram
			})
			from, err := w.ends[0].Open("x")
			if err != nil {
				b.Fatal(err)
			}
			var to *session.Stream
			chunk, total, n := make([]byte, 64<<10), 0, 0
			// move brings size bytes over.
			move := func(size int) {
				for total += size; ; {
					for {
						if k, err := from.Write(chunk); err != nil {
							b.Fatal(err)
						} else if k == 0 {
							break
						}
					}
					w.now += 100 * time.Microsecond
					for i, e := range w.ends {
						for bt := e.Fill(w.now, w.buf); len(bt.Data) > 0; bt = e.Fill(w.now, w.buf) {
							e.Seal(bt)
							for rest := bt.Data; len(rest) > 0; {
								k := min(bt.Segment, len(rest))
								if n++; c.lose == 0 || n%c.lose != 0 {
									pk, err := w.ends[1-i].Decrypt(rest[:k:k])
									if err != nil {
										b.Fatal(err)
									}
									w.ends[1-i].Handle(w.now, e.addr, pk)
								}
								rest = rest[k:]
							}
						}
					}
					if to == nil {
						to = w.ends[1].Accept()
					}
					for to != nil {
						k, err := to.Read(chunk)
						if err != nil {
							b.Fatal(err)
						}
						if total -= k; k == 0 {
							break
						}
					}
					if total <= 0 {
						return
					}
				}
			}
			move(64 << 20) // until windows and buffers have their size
			const size = 1 << 20
			b.SetBytes(size)
			b.ReportAllocs()
			before := w.ends[0].Stats().SentPackets
			b.ResetTimer()
			for range b.N {
				move(size)
			}
			packets := float64(w.ends[0].Stats().SentPackets - before)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/packets, "ns/packet")
			b.ReportMetric(float64(b.N)*size*8/b.Elapsed().Seconds()/1e9, "Gbit/s")
		})
	}
}
