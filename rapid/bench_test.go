package rapid_test

import (
	"io"
	"testing"
)

// BenchmarkThroughput moves data through one session over loopback, both ends
// in this process.
func BenchmarkThroughput(b *testing.B) {
	for _, bm := range []struct {
		name    string
		plain   bool
		streams int
	}{{"one stream", false, 1}, {"four streams", false, 4}, {"no offload", true, 1}} {
		b.Run(bm.name, func(b *testing.B) {
			w := looped(b, bm.plain)
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
			done := make(chan int64, bm.streams)
			for i, e := range ends {
				go func() {
					n, _ := io.Copy(io.Discard, readerOnly{e.s})
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
			if want := int64(b.N) * size; got != want {
				b.Errorf("%d bytes arrived, want %d", got, want)
			}
			b.StopTimer()
			st := w.dialer.Stats()
			for _, s := range st {
				b.ReportMetric(float64(s.Retransmitted)/float64(s.StreamsSent+1)*100, "%again")
				b.ReportMetric(float64(s.RTT.Microseconds()), "µs-rtt")
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
