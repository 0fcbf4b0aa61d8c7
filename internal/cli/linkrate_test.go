package cli

import "testing"

func TestLinkRateFlag(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int64 // -1 for refused
	}{
		{"100Mbit", 100e6},
		{"100Mbit/s", 100e6},
		{"100mbps", 100e6},
		{"1.5Gb/s", 15e8},
		{"64kb/s", 64e3},
		{"9600bit", 9600},
		{"12.5MB", 100e6},
		{"1MiB/s", 8 << 20},
		{"off", 0},
		{"0", 0},
		{"100M", -1}, // bits or bytes?
		{"100", -1},
		{"", -1},
		{"Mbit", -1},
		{"-1Mbit", -1},
		{"NaNMbit", -1},
		{"1e40Gbit", -1},
		{"0.1bit", -1},
		{"100Mibit", -1},
	} {
		var f linkRateFlag
		err := f.Set(c.in)
		if c.want < 0 {
			if err == nil {
				t.Errorf("%q is %d", c.in, int64(f))
			}
			continue
		}
		if err != nil || int64(f) != c.want {
			t.Errorf("%q is %d, %v; want %d", c.in, int64(f), err, c.want)
		}
	}
}
