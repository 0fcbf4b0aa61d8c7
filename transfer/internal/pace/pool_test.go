package pace_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/transfer/internal/pace"
)

func TestPoolNeverGrowsPastItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 4 << 20
		p := pace.NewPool(limit)
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				chance := rand.New(rand.NewPCG(uint64(i), 3))
				for range 200 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(chance.IntN(50))*time.Millisecond)
					n := chance.Int64N(2 << 20)
					if b, err := p.Get(ctx, n); err == nil {
						if got := int64(len(b.Bytes())); got != n {
							t.Errorf("%d bytes, want %d", got, n)
						}
						time.Sleep(time.Duration(chance.IntN(10)) * time.Millisecond)
						b.Release()
						b.Release() // twice does no harm
					}
					cancel()
					if got := p.InUse(); got > limit {
						t.Errorf("%d bytes in use, want at most %d", got, limit)
					}
				}
			})
		}
		all.Wait()
		b, err := p.Get(t.Context(), limit)
		if err != nil {
			t.Fatal(err)
		}
		b.Release()
		p.Trim()
		if got := p.InUse(); got != 0 {
			t.Errorf("%d bytes in use after Trim, want 0", got)
		}
	})
}

func TestPoolUsesMemoryAgain(t *testing.T) {
	p := pace.NewPool(64 << 20)
	b, err := p.Get(t.Context(), 8<<20)
	if err != nil {
		t.Fatal(err)
	}
	first := &b.Bytes()[0]
	b.Release()
	if b, err = p.Get(t.Context(), 8<<20-1); err != nil || &b.Bytes()[0] != first {
		t.Errorf("another block (%v), want the one that was released", err)
	}
}

func TestPoolRefusesWhatItCanNeverHold(t *testing.T) {
	if _, err := pace.NewPool(1<<20).Get(t.Context(), 1<<20+1); err == nil {
		t.Error("a block larger than the Pool, want an error")
	}
}
