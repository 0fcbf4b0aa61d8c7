package clock_test

import (
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/server/clock"
)

func TestClock(t *testing.T) {
	base := time.Date(2020, 2, 29, 12, 0, 0, 0, time.UTC)
	now := base
	c := clock.New(func() time.Time { return now })
	check := func(step string, want time.Time) {
		t.Helper()
		if got := c.Now(); !got.Equal(want) {
			t.Errorf("%s: the clock shows %v, want %v", step, got, want)
		}
	}
	check("new", base)
	c.Advance(365 * 24 * time.Hour)
	check("advanced", base.AddDate(1, 0, 0).Add(-24*time.Hour)) // 2020 was a leap year
	now = now.Add(time.Minute)
	check("a minute later", base.Add(365*24*time.Hour+time.Minute))
	c.Set(time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC))
	check("set", time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC))
	now = now.Add(time.Second)
	check("a second later", time.Date(1999, 1, 1, 0, 0, 1, 0, time.UTC))
	c.Advance(-2 * time.Second)
	check("moved back", time.Date(1998, 12, 31, 23, 59, 59, 0, time.UTC))
}

func TestDefaultIsTheRealClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.New(nil)
		if got, want := c.Now(), time.Now(); !got.Equal(want) {
			t.Errorf("the clock shows %v, want %v", got, want)
		}
		if got := c.Offset(); got != 0 {
			t.Errorf("offset %v of a clock that was not moved", got)
		}
		c.Advance(time.Hour)
		time.Sleep(time.Minute)
		if got, want := c.Now(), time.Now().Add(time.Hour); !got.Equal(want) {
			t.Errorf("the clock shows %v, want %v", got, want)
		}
		if got := c.Offset(); got != time.Hour {
			t.Errorf("offset %v, want an hour", got)
		}
	})
}

func TestMovedFromManyGoroutines(t *testing.T) {
	base := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	c := clock.New(func() time.Time { return base })
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				c.Advance(time.Second)
				c.Now()
			}
		})
	}
	group.Wait()
	if got, want := c.Now(), base.Add(800*time.Second); !got.Equal(want) {
		t.Errorf("the clock shows %v, want %v", got, want)
	}
}

// A clock moved too far would show any time at all.
func TestClockRefusesWhatItCannotShow(t *testing.T) {
	base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := clock.New(func() time.Time { return base })
	const most = time.Duration(math.MaxInt64)
	for _, d := range []time.Duration{most, -most} {
		if err := c.Advance(d); err != nil {
			t.Errorf("advance by %v: %v", d, err)
		}
		if err := c.Advance(d / 1e9); !errors.Is(err, clock.ErrRange) {
			t.Errorf("advance by another %v: %v, want ErrRange", d/1e9, err)
		}
		if got := c.Offset(); got != d {
			t.Errorf("the offset is %v after what was refused, want %v", got, d)
		}
		if err := c.Set(base); err != nil || !c.Now().Equal(base) {
			t.Errorf("set back: %v, %v", c.Now(), err)
		}
	}
	for _, year := range []int{1700, 2400, 9999} {
		if err := c.Set(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)); !errors.Is(err, clock.ErrRange) || !c.Now().Equal(base) {
			t.Errorf("set to the year %d: %v, and shows %v", year, err, c.Now())
		}
	}
	if err := c.Advance(0); err != nil {
		t.Error(err)
	}
}
