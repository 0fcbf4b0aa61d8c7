package cc_test

import (
	"os"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
)

func TestSweep(t *testing.T) {
	if os.Getenv("CC_SWEEP") == "" {
		t.Skip("")
	}
	want := os.Getenv("CC_SWEEP")
	for _, c := range []cell{{100, 100, 0, 1}, {100, 20, 0, 1}, {100, 50, 0, 1}, {300, 50, 0, 1}, {20, 40, 0, 1}} {
		for _, k := range []string{"fc0", "fc5", "cf10", "hc5", "lc5", "ff0", "ff5", "fF5", "hf5", "hf0", "cg", "gc", "8f", "4f"} {
			if want != "all" && k[:2] != want {
				continue
			}
			var sum [2]float64
			lo, hi, q, d := 1.0, 0.0, 0.0, 0.0
			const n = 4
			for seed := range time.Duration(n) {
				cu := newCubic("")
				if seed%2 == 1 {
					cu.every = 16
				}
				f, g, h, l := newRapid("", cc.Config{}), newRapid("", cc.Config{}), newRapid("", cc.Config{Policy: cc.High}), newRapid("", cc.Config{Policy: cc.Low})
				x := 37 * time.Millisecond * seed
				var m []mate
				switch k {
				case "fc0":
					m = []mate{{f, 0}, {cu, x}}
				case "fc5":
					m = []mate{{f, 0}, {cu, 5*sec + x}}
				case "cf10":
					m = []mate{{f, 10*sec + x}, {cu, 0}}
				case "cg":
					m = []mate{{f, 500*time.Millisecond + x}, {cu, 0}}
				case "gc":
					m = []mate{{f, 0}, {cu, 500*time.Millisecond + x}}
				case "hc5":
					m = []mate{{h, 0}, {cu, 5*sec + x}}
				case "lc5":
					m = []mate{{l, 0}, {cu, 5*sec + x}}
				case "ff0":
					m = []mate{{f, 0}, {g, x}}
				case "ff5":
					m = []mate{{f, 0}, {g, 5*sec + x}}
				case "fF5":
					g.more = c.base() / 4
					m = []mate{{f, 0}, {g, 5*sec + x}}
				case "hf5":
					m = []mate{{h, 0}, {f, 5*sec + x}}
				case "hf0":
					m = []mate{{h, x}, {f, 0}}
				}
				if k[1] == 'f' && k[0] <= '9' {
					m = nil
					for i := range k[0] - '0' {
						m = append(m, mate{newRapid("", cc.Config{}), time.Duration(i) * (sec + x)})
					}
				}
				part, drops, queue := together(c, 1, 10*sec, 35*sec, m...)
				if len(part) > 2 {
					t.Logf("%.3f jain %.3f queue %.2f %v", part, jain(part), queue, states(m))
				}
				for i := range sum {
					sum[i] += part[i] / n
				}
				lo, hi = min(lo, part[0]), max(hi, part[0])
				q += queue / n
				d += drops / n
			}
			t.Logf("%-14v %-5s %.3f  first %.3f..%.3f queue %.2f drops %.4f", c, k, sum, lo, hi, q, d)
		}
	}
}
