package session

import "testing"

// serve lets n turns go by, in which everybody has something to send, and returns how many each had.
func serve(c *scheduler, n int) map[*Stream]int {
	had := map[*Stream]int{}
	for range n {
		st := c.next()
		had[st]++
		c.used(st, quantum)
	}
	return had
}

func streamsSince(c *scheduler, since ...uint64) []*Stream {
	all := make([]*Stream, len(since))
	for i, n := range since {
		all[i] = &Stream{slot: slot{since: n}}
		c.add(all[i])
	}
	return all
}

// The oldest gets most, the others the same, and whoever is new comes first.
func TestSenior(t *testing.T) {
	var c scheduler
	all := streamsSince(&c, 5, 2, 9)
	had := serve(&c, 3+3*(favors+1)*10)
	for i, want := range []int{1 + 10, 1 + 10 + 3*favors*10, 1 + 10} {
		if got := had[all[i]]; got != want {
			t.Errorf("stream %d had %d turns, want %d", i, got, want)
		}
	}
	fresh := streamsSince(&c, 10)[0]
	if got := c.next(); got != fresh {
		t.Errorf("a new stream is not first")
	}
	serve(&c, 1)

	// The next one is the oldest when the oldest has nothing to send, or is held up.
	for i, leave := range []func(*Stream){c.rest, c.block, c.remove} {
		st := []*Stream{all[1], all[0], all[2]}[i]
		if c.senior != st {
			t.Fatalf("after %d left, the senior is another", i)
		}
		leave(st)
		had := serve(&c, (favors+1)*12)
		if had[st] != 0 {
			t.Errorf("stream %d had a turn after it left", i)
		}
	}
	if c.senior != fresh {
		t.Error("the last one is not the senior")
	}
	c.unblock()
	if c.senior != all[0] {
		t.Error("one that is not blocked any more is not the senior again")
	}
	c.remove(all[0])
	c.remove(fresh)
	if c.next() != nil || c.senior != nil || c.favor != 0 {
		t.Error("somebody is left")
	}
}
