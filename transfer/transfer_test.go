package transfer_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/transfer"
)

// inBubble runs a test with a manager whose transport is a fake.
func inBubble(t *testing.T, o transfer.Options, test func(t *testing.T, m *transfer.Manager, upload func(key string) *transfer.Transfer)) {
	t.Helper()
	path := file(t, 1, 100_000)
	synctest.Test(t, func(t *testing.T) {
		o.Transport = &fake{}
		m := manager(t, offline(t), &o)
		test(t, m, func(key string) *transfer.Transfer {
			return m.Upload(t.Context(), path, offline(t).Bucket("b").Object(key))
		})
	})
}

func state(t *testing.T, tr *transfer.Transfer, want transfer.State) {
	t.Helper()
	if got := tr.Progress().State; got != want {
		t.Errorf("%s is %v, want %v", tr, got, want)
	}
}

func TestQueueIsBounded(t *testing.T) {
	inBubble(t, transfer.Options{Concurrency: 2}, func(t *testing.T, m *transfer.Manager, upload func(string) *transfer.Transfer) {
		a, b, c := upload("a"), upload("b"), upload("c")
		time.Sleep(100 * time.Millisecond)
		state(t, a, transfer.Running)
		state(t, b, transfer.Running)
		state(t, c, transfer.Queued)
		if got := m.Transfers(); len(got) != 3 || got[0] != a || got[1] != b || got[2] != c {
			t.Errorf("Transfers = %v", got)
		}
		if err := a.Pause(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		state(t, a, transfer.Paused)
		state(t, c, transfer.Running)
		if err := a.Resume(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		state(t, a, transfer.Queued) // its place has been taken
		for _, tr := range []*transfer.Transfer{a, b, c} {
			if err := tr.Wait(t.Context()); err != nil {
				t.Error(err)
			}
			state(t, tr, transfer.Done)
		}
		if got := m.Transfers(); len(got) != 0 {
			t.Errorf("Transfers = %v, want none", got)
		}
	})
}

// What has been waited for is over, and so not listed, however quick the one who waited was.
func TestWaitedForIsNotListed(t *testing.T) {
	inBubble(t, transfer.Options{}, func(t *testing.T, m *transfer.Manager, upload func(string) *transfer.Transfer) {
		for range 1000 {
			if err := upload("a").Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := m.Transfers(); len(got) != 0 {
				t.Fatalf("Transfers = %v, want none", got)
			}
		}
	})
}

func TestPauseStopsTheClock(t *testing.T) {
	inBubble(t, transfer.Options{}, func(t *testing.T, _ *transfer.Manager, upload func(string) *transfer.Transfer) {
		tr := upload("a")
		time.Sleep(405 * time.Millisecond)
		if err := tr.Pause(); err != nil {
			t.Fatal(err)
		}
		before := tr.Progress()
		time.Sleep(time.Hour)
		if p := tr.Progress(); p.Bytes != before.Bytes || p.Elapsed != before.Elapsed || p.Rate != 0 || p.State != transfer.Paused {
			t.Errorf("paused, progress went from %+v to %+v", before, p)
		}
		if err := tr.Pause(); err != nil {
			t.Errorf("second Pause: %v", err)
		}
		if err := tr.Resume(); err != nil {
			t.Fatal(err)
		}
		if err := tr.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		r := tr.Report()
		if r.Elapsed < 900*time.Millisecond || r.Elapsed > 1100*time.Millisecond {
			t.Errorf("it took %v, want a second", r.Elapsed)
		}
		if r.Bytes != 100_000 || r.Resumed != 0 {
			t.Errorf("Report = %+v", r)
		}
		if err := tr.Pause(); !errors.Is(err, transfer.ErrOver) {
			t.Errorf("Pause of what is over: %v", err)
		}
		if err := tr.Resume(); !errors.Is(err, transfer.ErrOver) {
			t.Errorf("Resume of what is over: %v", err)
		}
	})
}

func TestPauseInTheQueue(t *testing.T) {
	inBubble(t, transfer.Options{Concurrency: 1}, func(t *testing.T, _ *transfer.Manager, upload func(string) *transfer.Transfer) {
		a, b := upload("a"), upload("b")
		synctest.Wait()
		if err := b.Pause(); err != nil {
			t.Fatal(err)
		}
		if err := a.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		state(t, b, transfer.Paused)
		if p := b.Progress(); p.Elapsed != 0 {
			t.Errorf("it ran for %v", p.Elapsed)
		}
		if err := b.Resume(); err != nil {
			t.Fatal(err)
		}
		if err := b.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestCancelWhereverItIs(t *testing.T) {
	inBubble(t, transfer.Options{Concurrency: 1}, func(t *testing.T, _ *transfer.Manager, upload func(string) *transfer.Transfer) {
		running, queued, paused := upload("a"), upload("b"), upload("c")
		if err := paused.Pause(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
		for _, tr := range []*transfer.Transfer{running, queued, paused} {
			tr.Cancel()
			tr.Cancel()
			if err := tr.Wait(t.Context()); !errors.Is(err, transfer.ErrCanceled) {
				t.Errorf("Wait = %v", err)
			}
		}
	})
}

func TestWaitEndsWithItsOwnContext(t *testing.T) {
	inBubble(t, transfer.Options{}, func(t *testing.T, _ *transfer.Manager, upload func(string) *transfer.Transfer) {
		tr := upload("a")
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := tr.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait = %v", err)
		}
		state(t, tr, transfer.Running)
	})
}

func TestStartAfterClose(t *testing.T) {
	inBubble(t, transfer.Options{}, func(t *testing.T, m *transfer.Manager, upload func(string) *transfer.Transfer) {
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		if err := upload("a").Wait(t.Context()); !errors.Is(err, transfer.ErrClosed) {
			t.Errorf("Wait = %v", err)
		}
	})
}

func TestRateLimits(t *testing.T) {
	inBubble(t, transfer.Options{}, func(t *testing.T, m *transfer.Manager, upload func(string) *transfer.Transfer) {
		tr := upload("a")
		tr.SetRate(10_000)
		if got := tr.Rate(); got != 10_000 {
			t.Errorf("Rate = %d", got)
		}
		time.Sleep(2 * time.Second)
		if p := tr.Progress(); p.Bytes < 15_000 || p.Bytes > 30_000 {
			t.Errorf("%d bytes in two seconds at 10,000 a second", p.Bytes)
		}
		tr.SetRate(0)
		m.SetRate(20_000)
		before := tr.Progress().Bytes
		time.Sleep(2 * time.Second)
		if n := tr.Progress().Bytes - before; n < 30_000 || n > 60_000 {
			t.Errorf("%d bytes in two seconds at 20,000 a second", n)
		}
	})
}

// TestSteeringFromEverywhere pauses, resumes and watches from many goroutines, for
// the race detector, and checks that it still ends well.
func TestSteeringFromEverywhere(t *testing.T) {
	inBubble(t, transfer.Options{Concurrency: 2}, func(t *testing.T, m *transfer.Manager, upload func(string) *transfer.Transfer) {
		transfers := []*transfer.Transfer{upload("a"), upload("b"), upload("c")}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for _, tr := range transfers {
					for range 5 {
						if err := tr.Pause(); err != nil && !errors.Is(err, transfer.ErrOver) {
							t.Error(err)
						}
						time.Sleep(7 * time.Millisecond)
						_, _, _ = tr.Active(), tr.Report(), m.Transfers()
						if err := tr.Resume(); err != nil && !errors.Is(err, transfer.ErrOver) {
							t.Error(err)
						}
						time.Sleep(13 * time.Millisecond)
					}
				}
			})
		}
		all.Wait()
		for _, tr := range transfers {
			if err := tr.Resume(); err != nil && !errors.Is(err, transfer.ErrOver) {
				t.Error(err)
			}
			if err := tr.Wait(t.Context()); err != nil {
				t.Error(err)
			}
			if p := tr.Progress(); p.Bytes != 100_000 {
				t.Errorf("progress is %+v", p)
			}
		}
	})
}
