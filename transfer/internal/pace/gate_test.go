package pace_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/transfer/internal/pace"
)

func TestGateHoldsItsLimitWhateverHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 9
		g := pace.NewGate(3)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var in [2]atomic.Int64
		var all sync.WaitGroup
		for i := range 60 {
			all.Go(func() {
				chance := rand.New(rand.NewPCG(uint64(i), 7))
				var lane pace.Lane
				enter, leave, n := g.Enter, g.Leave, &in[0]
				if i%2 == 1 {
					enter, leave, n = g.EnterBulk, g.LeaveBulk, &in[1]
				}
				for ctx.Err() == nil {
					wait, stop := context.WithTimeout(ctx, time.Duration(chance.IntN(100))*time.Millisecond)
					if enter(wait, &lane) == nil {
						if got := n.Add(1); got > most {
							t.Errorf("%d are in, want at most %d", got, most)
						}
						time.Sleep(time.Duration(chance.IntN(20)) * time.Millisecond)
						n.Add(-1)
						leave(&lane)
					}
					stop()
				}
			})
		}
		chance := rand.New(rand.NewPCG(1, 1))
		for ctx.Err() == nil {
			time.Sleep(50 * time.Millisecond)
			g.SetLimit(1 + chance.IntN(most))
			g.SetBulk(1 + chance.IntN(most))
			g.SetTotal(chance.IntN(2) * most)
		}
		all.Wait()
		if got := g.InUse(); got != 0 {
			t.Errorf("%d are in after all have left", got)
		}
		g.SetTotal(0)
		g.SetLimit(most)
		var lanes [most]pace.Lane
		for i := range lanes {
			if err := g.Enter(t.Context(), &lanes[i]); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestGateServesLanesInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := pace.NewGate(1)
		var first pace.Lane
		if err := g.Enter(t.Context(), &first); err != nil {
			t.Fatal(err)
		}
		order := make(chan byte, 10)
		var huge, a, b pace.Lane
		for _, c := range []struct {
			lane *pace.Lane
			name byte
		}{{&huge, 'h'}, {&huge, 'h'}, {&huge, 'h'}, {&a, 'a'}, {&b, 'b'}} {
			go func() {
				if err := g.Enter(t.Context(), c.lane); err != nil {
					t.Error(err)
				}
				order <- c.name
				g.Leave(c.lane)
			}()
			synctest.Wait()
		}
		g.Leave(&first)
		synctest.Wait()
		close(order)
		var got []byte
		for name := range order {
			got = append(got, name)
		}
		if want := "habhh"; string(got) != want {
			t.Errorf("served %s, want %s", got, want)
		}
	})
}

func TestGateFinishesWhatWasBegunInBulk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := pace.NewGate(1)
		g.SetBulk(2)
		var first, second pace.Lane
		order := make(chan byte, 10)
		enter := func(l *pace.Lane, name byte) {
			go func() {
				if err := g.EnterBulk(t.Context(), l); err != nil {
					t.Error(err)
				}
				order <- name
			}()
			synctest.Wait()
		}
		for range 2 {
			enter(&first, '1')
		}
		enter(&second, '2')
		enter(&first, '1')
		g.LeaveBulk(&first)
		synctest.Wait()
		g.LeaveBulk(&first)
		synctest.Wait()
		close(order)
		var got []byte
		for name := range order {
			got = append(got, name)
		}
		if want := "1112"; string(got) != want {
			t.Errorf("served %s, want %s: the parts of the first object go first", got, want)
		}
	})
}

func TestGateSharesATotal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := pace.NewGate(4)
		g.SetTotal(4)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		defer all.Wait()
		defer cancel()
		var huge pace.Lane
		var parts, singles atomic.Int64
		for range 8 {
			all.Go(func() {
				for g.EnterBulk(ctx, &huge) == nil {
					parts.Add(1)
					time.Sleep(time.Second)
					g.LeaveBulk(&huge)
				}
			})
		}
		time.Sleep(10 * time.Second)
		if got := parts.Load(); got < 36 {
			t.Errorf("%d parts in 10 s, want all four places used", got)
		}
		for range 8 {
			all.Go(func() {
				var lane pace.Lane
				for g.Enter(ctx, &lane) == nil {
					singles.Add(1)
					time.Sleep(10 * time.Millisecond)
					g.Leave(&lane)
				}
			})
		}
		time.Sleep(10 * time.Second)
		if got := singles.Load(); got < 1500 {
			t.Errorf("%d single requests in 10 s beside a huge object, want half of the places", got)
		}
		if got := parts.Load(); got < 36+17 {
			t.Errorf("%d parts in 20 s beside small objects, want half of the places", got)
		}
	})
}

func TestGateLetsAllInWhenTheLimitIsRaised(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := pace.NewGate(1)
		var in atomic.Int64
		for range 5 {
			go func() {
				if err := g.Enter(t.Context(), new(pace.Lane)); err != nil {
					t.Error(err)
				}
				in.Add(1)
			}()
		}
		synctest.Wait()
		g.SetLimit(4)
		synctest.Wait()
		if got := in.Load(); got != 4 {
			t.Errorf("%d are in, want 4", got)
		}
		g.SetLimit(5)
		synctest.Wait()
	})
}

func TestGateReturnsTheCause(t *testing.T) {
	g := pace.NewGate(1)
	cause := errors.New("paused")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if err := g.Enter(ctx, new(pace.Lane)); !errors.Is(err, cause) {
		t.Errorf("Enter = %v, want the cause of the context", err)
	}
	if got := g.InUse(); got != 0 {
		t.Errorf("%d are in, want none", got)
	}
}

func BenchmarkGate(b *testing.B) {
	b.ReportAllocs()
	g := pace.NewGate(4)
	var lane pace.Lane
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	for b.Loop() {
		if err := g.Enter(ctx, &lane); err != nil {
			b.Fatal(err)
		}
		g.Leave(&lane)
	}
}

func BenchmarkGateContended(b *testing.B) {
	b.ReportAllocs()
	g := pace.NewGate(4)
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		var lane pace.Lane
		for pb.Next() {
			if err := g.Enter(b.Context(), &lane); err != nil {
				b.Error(err)
			}
			g.Leave(&lane)
		}
	})
}
