package session_test

import "testing"

// BenchmarkTransfer tells what both ends of a session cost together, on one core.
func BenchmarkTransfer(b *testing.B) {
	for _, c := range []struct {
		name     string
		datagram int
		lose     int
	}{
		{"1472", 1472, 0},
		{"1472/lossy", 1472, 100},
		{"8972", 8972, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			m := newBench(b, c.datagram, c.lose)
			m.move(64 << 20) // until windows and buffers have their size
			const size = 1 << 20
			b.SetBytes(size)
			b.ReportAllocs()
			before := m.ends[0].Stats().SentPackets
			b.ResetTimer()
			for range b.N {
				m.move(size)
			}
			packets := float64(m.ends[0].Stats().SentPackets - before)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/packets, "ns/packet")
			b.ReportMetric(float64(b.N)*size*8/b.Elapsed().Seconds()/1e9, "Gbit/s")
		})
	}
}
