package rapid_test

import (
	"io"
	"testing"
)

// BenchmarkThroughput moves data through one session over loopback, both ends
// in this process, as fast as they can and at the rate of a link.
func BenchmarkThroughput(b *testing.B) {
	for _, bm := range []struct {
		name    string
		plain   bool
		streams int
		target  int64 // bit/s
	}{
		{"one stream", false, 1, 0},
		{"four streams", false, 4, 0},
		{"no offload", true, 1, 0},
		{"at 300 Mbit per s", false, 1, 300e6},
	} {
		b.Run(bm.name, func(b *testing.B) {
			w := looped(b, bm.plain)
			w.dialer.TargetRate = bm.target
			const size = 4 << 20
			type end struct{ c, s io.ReadWriteCloser }
			var ends []end
			for range bm.streams {
				c, s := w.pipe(b)
				ends = append(ends, end{c, s})
			}
			b.SetBytes(size)
			b.ReportAllocs()
			b.ResetTimer()
			before := cpuTime()
			done := make(chan int64, bm.streams)
			for i, e := range ends {
				go func() {
					n, _ := io.Copy(io.Discard, readerOnly{e.s}) // n tells
					done <- n
				}()
				go func() {
					block := make([]byte, 128<<10)
					for range share(b.N*(size/len(block)), bm.streams, i) {
						if _, err := e.c.Write(block); err != nil {
							b.Error(err)
							break
						}
					}
					_ = e.c.Close()
				}()
			}
			var got int64
			for range ends {
				got += <-done
			}
			b.StopTimer()
			if want := int64(b.N) * size; got != want {
				b.Errorf("%d bytes arrived, want %d", got, want)
			}
			gbit := float64(got) * 8 / 1e9
			b.ReportMetric((cpuTime()-before).Seconds()/gbit, "cpu-s/Gbit")
			b.ReportMetric(gbit/b.Elapsed().Seconds(), "Gbit/s")
			for _, s := range w.dialer.Stats() {
				b.ReportMetric(float64(s.Retransmitted)/float64(s.StreamsSent+1)*100, "%again")
			}
		})
	}
}

// share is the i-th of n parts of total.
func share(total, n, i int) int { return total*(i+1)/n - total*i/n }

// readerOnly hides that there are faster ways than Read.
type readerOnly struct{ io.Reader }

// BenchmarkRequests measures small requests over a session, by many at once.
func BenchmarkRequests(b *testing.B) {
	w := looped(b, false)
	w.serve(b)
	c := w.client(b)
	ctx := b.Context()
	b.ReportAllocs()
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := get(ctx, c, "http://example.com", 4096); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
