package relay

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimit(80e6) // 10 MB/s
		began := time.Now()
		var wg sync.WaitGroup
		for range 10 { // who share it
			wg.Go(func() {
				for range 100 {
					if err := l.wait(t.Context(), 20_000); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		// 20 MB at 10 MB/s, less the burst.
		if took := time.Since(began); took < 2*time.Second-limitBurst || took > 2*time.Second {
			t.Errorf("20 MB took %v, want 2 s less %v at most", took, limitBurst)
		}
		time.Sleep(time.Hour) // an idle hour is not made up for
		began = time.Now()
		for range 100 {
			if err := l.wait(t.Context(), 20_000); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(began); took < 99*time.Millisecond || took > 101*time.Millisecond {
			t.Errorf("2 MB after an idle hour took %v, want 200 ms less the burst of 100 ms", took)
		}
	})
}

func TestLimitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimit(8)
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("why")
		time.AfterFunc(time.Second, func() { cancel(why) })
		began := time.Now()
		if err := l.wait(ctx, 1000); !errors.Is(err, why) {
			t.Errorf("wait ends with %v, want %v", err, why)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("it took %v, want 1 s", took)
		}
	})
}

func TestNoLimit(t *testing.T) {
	for _, l := range []*limit{nil, newLimit(0)} {
		if err := l.wait(t.Context(), math.MaxInt); err != nil {
			t.Error(err)
		}
	}
}
