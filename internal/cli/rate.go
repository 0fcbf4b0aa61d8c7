package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// rateFlag is a number of bytes a second on the command line: 100M, 1.5MB/s,
// or off.
type rateFlag int64

func (f *rateFlag) String() string {
	if *f == 0 {
		return ""
	}
	return formatSize(int64(*f)) + "/s"
}

// Type is what --help shows for the value.
func (f *rateFlag) Type() string { return "rate" }

// Set reads a rate. Links are sold in bits and files counted in bytes, so bits
// are refused rather than taken for bytes, which would be eight times too much.
func (f *rateFlag) Set(s string) error {
	text := strings.TrimSpace(s)
	if text == "off" || text == "0" {
		*f = 0
		return nil
	}
	for _, suffix := range []string{"/s", "ps"} {
		text = strings.TrimSuffix(text, suffix)
	}
	if number, unit := splitUnit(text); strings.HasSuffix(unit, "b") || strings.HasSuffix(strings.ToLower(unit), "bit") {
		return fmt.Errorf("%q counts bits: write bytes%s", s, inBytes(number, unit))
	}
	var size sizeFlag
	if err := size.Set(text); err != nil || size == 0 {
		return fmt.Errorf("%q is not a rate: write 100M, 1.5MB or 64KiB, all in bytes a second, or off", s)
	}
	*f = rateFlag(size)
	return nil
}

func splitUnit(s string) (number, unit string) {
	i := strings.LastIndexAny(s, "0123456789.") + 1
	return s[:i], strings.TrimSpace(s[i:])
}

// inBytes is what to write for a number of bits, as the end of a sentence.
func inBytes(number, unit string) string {
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || n <= 0 || unit == "" {
		return ", such as 100M"
	}
	prefix := ""
	n /= 8
	if i := strings.IndexByte("KMG", strings.ToUpper(unit)[0]); i >= 0 {
		if n < 1 && i > 0 {
			i, n = i-1, n*1e3 // 125MB reads better than 0.125GB
		}
		prefix = "KMG"[i : i+1]
		if len(unit) > 1 && unit[1] == 'i' {
			prefix += "i"
		}
	}
	return fmt.Sprintf(", %s%sB for as much", strconv.FormatFloat(n, 'g', 6, 64), prefix)
}

// formatRate writes bytes moved in d as a rate for people: in bytes, as files
// are counted, and in bits, as links are.
func formatRate(n int64, d time.Duration) string {
	if d <= 0 {
		return "-"
	}
	return formatBytesRate(float64(n) / d.Seconds())
}

func formatBytesRate(perSecond float64) string {
	return formatSize(int64(perSecond)) + "/s, " + formatBits(perSecond*8)
}

// formatBits writes bits a second in decimal units, as links are sold.
func formatBits(perSecond float64) string {
	for _, unit := range []string{"b/s", "kb/s", "Mb/s"} {
		if perSecond < 999.5 {
			return strconv.FormatFloat(perSecond, 'f', 0, 64) + " " + unit
		}
		perSecond /= 1e3
	}
	return strconv.FormatFloat(perSecond, 'f', 1, 64) + " Gb/s"
}
