package cli

import (
	"strings"
	"testing"
	"time"
)

func TestRateFlag(t *testing.T) {
	for in, want := range map[string]rateFlag{
		"100M": 100 << 20, "100MiB": 100 << 20, "100MB": 100e6, "1.5MB/s": 1.5e6, "64KiB/s": 64 << 10, "4096": 4096, "off": 0, "0": 0,
		"10 MB": 10e6,
	} {
		var f rateFlag = -1
		if err := f.Set(in); err != nil || f != want {
			t.Errorf("--bwlimit %s = %d, %v, want %d", in, f, err, want)
		}
	}
	for in, hint := range map[string]string{
		"100Mb": "12.5MB", "100Mbit": "12.5MB", "100Mbit/s": "12.5MB", "1Gbps": "125MB", "800kb": "100KB", "8Mibit": "1MiB",
		"b": "such as", "fast": "not a rate", "-1M": "not a rate", "": "not a rate",
	} {
		var f rateFlag
		if err := f.Set(in); err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("--bwlimit %s: %v, want an error with %q", in, err, hint)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{formatBits(999), "999 b/s"},
		{formatBits(1000), "1 kb/s"},
		{formatBits(872e6), "872 Mb/s"},
		{formatBits(1.25e9), "1.2 Gb/s"},
		{count(0), "0"},
		{count(999), "999"},
		{count(1000), "1,000"},
		{count(-1234567), "-1,234,567"},
		{plural(1, "object"), "1 object"},
		{plural(12345, "object"), "12,345 objects"},
		{part("3.2 GiB", "10.0 GiB"), "3.2 of 10.0 GiB"},
		{part("3.2 MiB", "10.0 GiB"), "3.2 MiB of 10.0 GiB"},
		{formatDuration(1234567 * time.Microsecond), "1.235s"},
		{formatDuration(75*time.Second + 400*time.Millisecond), "1m15s"},
		{formatDuration(90 * time.Minute), "1h30m"},
		{formatDuration(50 * time.Hour), "2d2h"},
		{formatAge(50 * time.Hour), "2d"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	for in, want := range map[string]time.Duration{"90s": 90 * time.Second, "2h": 2 * time.Hour, "7d": 168 * time.Hour, "1w": 168 * time.Hour, "1.5d": 36 * time.Hour} {
		var f ageFlag
		if err := f.Set(in); err != nil || time.Duration(f) != want {
			t.Errorf("--older-than %s = %v, %v, want %v", in, time.Duration(f), err, want)
		}
	}
	var f ageFlag
	if err := f.Set("soon"); err == nil {
		t.Error("--older-than soon: no error")
	}
}
