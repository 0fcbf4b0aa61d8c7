package cli

import (
	"strings"
	"testing"
	"time"
)

func TestViewFitsEveryWidth(t *testing.T) {
	v := view{
		active: []viewItem{
			{name: strings.Repeat("a/very/long/name", 10), bytes: 5 << 20, total: 20 << 20},
			{name: "日本語のファイル名.txt", bytes: 1, total: 1 << 40},
			{name: "stream", bytes: 77, total: -1},
			{name: "line\nbreak\x1b[2J", bytes: 0, total: 0},
		},
		totals: totals{
			bytes: 12 << 30, total: 100 << 30, objects: 123456, objectsTotal: 9999999,
			skipped: 1234, failed: 12, deleted: 3, rate: 123e6, eta: 3*time.Hour + 25*time.Minute,
		},
	}
	for _, listing := range []bool{false, true} {
		v.listing = listing
		for cols := 50; cols <= 250; cols++ {
			lines := v.lines(cols, 24)
			if len(lines) != 5 {
				t.Fatalf("%d columns: %d lines, want 5", cols, len(lines))
			}
			for _, line := range lines {
				if w := textWidth(line); w >= cols {
					t.Errorf("%d columns: a line of %d: %q", cols, w, line)
				}
				if strings.ContainsAny(line, "\n\x1b") {
					t.Errorf("%d columns: a control character in %q", cols, line)
				}
			}
		}
	}
}

func TestViewLine(t *testing.T) {
	for _, c := range []struct {
		name string
		v    view
		want string
	}{
		{
			"one object",
			view{totals: totals{bytes: 1 << 20, total: 4 << 20, objectsTotal: 1, rate: 1 << 20, eta: 3 * time.Second}},
			" 25 %  ━━━━━━━───────────────────────  1.0 of 4.0 MiB  1.0 MiB/s, 8 Mb/s  3s left",
		},
		{
			"a tree that is still listed",
			view{totals: totals{bytes: 1 << 20, total: 1 << 30, objects: 3, objectsTotal: 1200, listing: true, rate: 1 << 20, eta: 1000 * time.Second, skipped: 7}},
			"3 of ≥1,200 objects  1.0 MiB of ≥1.0 GiB  1.0 MiB/s, 8 Mb/s  ≥16m40s left  7 skipped",
		},
		{
			"a stream",
			view{totals: totals{bytes: 1 << 20, total: -1, objectsTotal: 1, eta: -1}},
			"1.0 MiB  0 B/s, 0 b/s",
		},
		{
			"paused",
			view{paused: true, totals: totals{bytes: 1 << 20, total: 4 << 20, objectsTotal: 1, rate: 1 << 20, eta: 3 * time.Second}},
			" 25 %  ━━━━━━━───────────────────────  paused  1.0 of 4.0 MiB",
		},
		{
			"being stopped",
			view{stopping: true, totals: totals{bytes: 0, total: -1, objectsTotal: 1, eta: -1}},
			"stopping; again to stop at once  0 B  0 B/s, 0 b/s",
		},
	} {
		if got := c.v.line(120); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestRateMeter(t *testing.T) {
	var m rateMeter
	now := time.Unix(0, 0)
	for i := range int64(100) {
		now = now.Add(100 * time.Millisecond)
		rate := m.update(now, i*1000)
		if i > 10 && (rate < 9000 || rate > 11000) {
			t.Fatalf("after %d updates of 1,000 bytes each 100 ms: %.0f bytes a second", i, rate)
		}
	}
	for range 100 {
		now = now.Add(100 * time.Millisecond)
		m.update(now, 99_000)
	}
	if rate := m.update(now, 99_000); rate != 0 {
		t.Errorf("10 s without a byte: %.0f bytes a second, want 0", rate)
	}
}
