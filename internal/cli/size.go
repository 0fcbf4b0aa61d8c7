package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// sizeUnits are read literally: KB is 1,000 bytes and KiB 1,024. A bare letter
// is the binary unit, as in the flags of dd, rclone and s5cmd.
var sizeUnits = []struct {
	suffix string
	bytes  float64
}{
	{"KIB", 1 << 10},
	{"MIB", 1 << 20},
	{"GIB", 1 << 30},
	{"TIB", 1 << 40},
	{"KB", 1e3},
	{"MB", 1e6},
	{"GB", 1e9},
	{"TB", 1e12},
	{"K", 1 << 10},
	{"M", 1 << 20},
	{"G", 1 << 30},
	{"T", 1 << 40},
	{"B", 1},
}

// sizeFlag is a number of bytes on the command line: 64MiB, 5MB, 1G or 4096.
type sizeFlag int64

// String is "0" for no size, which --help takes for no default.
func (f *sizeFlag) String() string {
	if *f == 0 {
		return "0"
	}
	return formatSize(int64(*f))
}

// Type is what --help shows for the value.
func (f *sizeFlag) Type() string { return "size" }

func (f *sizeFlag) Set(s string) error {
	num, mult := strings.ToUpper(strings.TrimSpace(s)), 1.0
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(num, u.suffix); ok {
			num, mult = rest, u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(num), 64)
	if err != nil || n < 0 || math.IsNaN(n) || n*mult >= math.MaxInt64 {
		return fmt.Errorf("%q is not a size: write 64MiB, 5MB, 1G or 4096", s)
	}
	*f = sizeFlag(n * mult)
	return nil
}

// formatSize writes n for people, in binary units.
func formatSize(n int64) string {
	if n < 1<<10 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v := float64(n)
	for _, unit := range []string{"KiB", "MiB", "GiB", "TiB"} {
		v /= 1 << 10
		if v < 1<<10-0.05 || unit == "TiB" {
			return fmt.Sprintf("%.1f %s", v, unit)
		}
	}
	panic("cli: unreachable")
}

// count writes n with a comma between thousands.
func count[N int | int64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// plural writes a count with its noun.
func plural[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

// part writes how much of a total there is, both in the unit of the total where
// that reads well: 3.2 of 10.0 GiB.
func part(n, total string) string {
	number, unit, _ := strings.Cut(n, " ")
	if unit != "" && strings.HasSuffix(total, " "+unit) {
		n = number
	}
	return n + " of " + total
}

// formatDuration writes d for people: to the millisecond while it is short, to
// the second for minutes, and so on.
func formatDuration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	case d < 48*time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return strconv.Itoa(int(d.Hours()/24)) + "d" + strconv.Itoa(int(d.Hours())%24) + "h"
}

// ageFlag is a span of time on the command line: 90s, 2h, 7d or 1w.
type ageFlag time.Duration

func (f *ageFlag) String() string {
	if *f == 0 {
		return ""
	}
	return formatDuration(time.Duration(*f))
}

// Type is what --help shows for the value.
func (f *ageFlag) Type() string { return "age" }

func (f *ageFlag) Set(s string) error {
	d, err := time.ParseDuration(s)
	for unit, hours := range map[string]float64{"d": 24, "w": 7 * 24} {
		number, ok := strings.CutSuffix(s, unit)
		if !ok {
			continue
		}
		var n float64
		if n, err = strconv.ParseFloat(number, 64); err == nil {
			d = time.Duration(n * hours * float64(time.Hour))
		}
	}
	if err != nil || d < 0 {
		return fmt.Errorf("%q is not an age: write 90s, 2h, 7d or 1w", s)
	}
	*f = ageFlag(d)
	return nil
}
