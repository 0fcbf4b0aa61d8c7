package pace_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/transfer/internal/pace"
)

func TestLimiterIsAccurateAtEveryRate(t *testing.T) {
	for _, rate := range []int64{1_000, 10_000, 300_000, 10_000_000, 1_000_000_000, 10_000_000_000} {
		for _, write := range []int{4 << 10, 64 << 10, 256 << 10} {
			t.Run(fmt.Sprintf("%d bytes a second in writes of %d", rate, write), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := pace.NewLimiter(rate)
					start := time.Now()
					var sum int64
					for n := 0; n < 200 || sum < rate/2; n++ {
						if err := l.Wait(t.Context(), write); err != nil {
							t.Fatal(err)
						}
						sum += int64(write)
						allowed := float64(rate)*(time.Since(start)+100*time.Millisecond).Seconds() + float64(write) + 512
						if float64(sum) > allowed {
							t.Fatalf("%d bytes passed after %v, want at most %.0f", sum, time.Since(start), allowed)
						}
						if rate >= 1e9 && n >= 200 && write < 64<<10 {
							break // a fast one is not looked at for so long
						}
					}
					took := time.Since(start)
					if took < 2*time.Second {
						return // too short for the mean to mean something
					}
					if got := float64(sum) / took.Seconds(); math.Abs(got/float64(rate)-1) > 0.03 {
						t.Errorf("%.0f bytes a second, want %d", got, rate)
					}
				})
			})
		}
	}
}

func TestLimiterSharesEvenly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 1_000_000
		l := pace.NewLimiter(rate)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		writes := []int{4 << 10, 64 << 10, 64 << 10, 256 << 10}
		sums := make([]int64, len(writes))
		var all sync.WaitGroup
		for i, n := range writes {
			all.Go(func() {
				for l.Wait(ctx, n) == nil {
					sums[i] += int64(n)
				}
			})
		}
		all.Wait()
		for i, sum := range sums[1:] {
			if want := float64(20*rate-sums[0]) / 3; math.Abs(float64(sum)-want) > 0.1*want {
				t.Errorf("writes of %d bytes moved %d bytes, want about %.0f", writes[i+1], sum, want)
			}
		}
		if sums[0] < 1_000_000 { // it waits for its turn at every write, which are small
			t.Errorf("writes of %d bytes moved %d bytes only", writes[0], sums[0])
		}
	})
}

func TestLimiterObeysANewRateAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := pace.NewLimiter(1_000)
		start := time.Now()
		done := make(chan time.Duration)
		go func() {
			if err := l.Wait(t.Context(), 100_000); err != nil { // takes 100 s
				t.Error(err)
			}
			done <- time.Since(start)
		}()
		time.Sleep(10 * time.Second)
		l.SetRate(100_000)
		if took := <-done; took < 10800*time.Millisecond || took > 11*time.Second {
			t.Errorf("100,000 bytes passed after %v, want 10 s at the old rate and 0.9 s at the new", took)
		}
		go func() {
			if err := l.Wait(t.Context(), 1_000_000); err != nil {
				t.Error(err)
			}
			done <- time.Since(start)
		}()
		synctest.Wait()
		at := time.Since(start)
		l.SetRate(0)
		if took := <-done; took != at {
			t.Errorf("without a limit, the wait ended after %v, want at once", took-at)
		}
	})
}

func TestLimiterGivesBackWhatIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := pace.NewLimiter(10_000)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("enough"))
		defer cancel()
		if err := l.Wait(ctx, 1_000_000); err == nil || err.Error() != "enough" {
			t.Errorf("Wait = %v, want the cause of the context", err)
		}
		start := time.Now()
		if err := l.Wait(t.Context(), 20_000); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("the next 20,000 bytes took %v, want at most 2 s", took)
		}
	})
}

func TestNilLimiterDoesNotLimit(t *testing.T) {
	var l *pace.Limiter
	if err := l.Wait(t.Context(), 1<<40); err != nil {
		t.Error(err)
	}
	if got := l.Chunk(1 << 20); got != 1<<20 {
		t.Errorf("Chunk = %d, want all", got)
	}
}

func BenchmarkLimiter(b *testing.B) {
	l := pace.NewLimiter(1 << 50)
	for b.Loop() {
		if err := l.Wait(b.Context(), 64<<10); err != nil {
			b.Fatal(err)
		}
	}
}
