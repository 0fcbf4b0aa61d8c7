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

func (f *sizeFlag) String() string { return formatSize(int64(*f)) }

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

// formatRate writes bytes moved in d as a rate for people.
func formatRate(n int64, d time.Duration) string {
	if d <= 0 {
		return "-"
	}
	return formatSize(int64(float64(n)/d.Seconds())) + "/s"
}

func itoa(n int) string { return strconv.Itoa(n) }

// plural writes a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return itoa(n) + " " + noun + "s"
}
