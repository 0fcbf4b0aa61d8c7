package relay

import (
	"strconv"
	"testing"
	"time"
)

func TestThrottle(t *testing.T) {
	now := time.Unix(1e9, 0)
	th := newThrottle(0.5, 3, 10)
	for i := range 3 {
		if wait, ok := th.take("a", now); !ok {
			t.Fatalf("take %d has to wait %v", i, wait)
		}
	}
	if wait, ok := th.take("a", now); ok || wait != 2*time.Second {
		t.Errorf("the fourth: %v, %v; want to wait 2 s", wait, ok)
	}
	if _, ok := th.take("b", now); !ok {
		t.Error("one caller's use is counted against another")
	}
	if wait, yes := th.empty("a", now.Add(time.Second)); !yes || wait != time.Second {
		t.Errorf("empty after 1 s: %v, %v; want 1 s, true", wait, yes)
	}
	if _, yes := th.empty("unheard of", now); yes {
		t.Error("nobody has used up what it never took")
	}
	if _, ok := th.take("a", now.Add(2*time.Second)); !ok {
		t.Error("nothing came back in 2 s")
	}
	if _, ok := th.take("a", now.Add(-time.Hour)); ok {
		t.Error("a clock that is set back gives something")
	}
	for i := range 1000 {
		th.take(strconv.Itoa(i), now)
	}
	if len(th.byName) != 10 || th.order.Len() != 10 {
		t.Errorf("%d callers are remembered, want 10", len(th.byName))
	}
}
