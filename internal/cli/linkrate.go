package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// linkRateFlag is a rate of a link on the command line, in bits a second:
// 100Mbit, 1.5Gb/s, or 12.5MB for as much in bytes. Links are sold in bits and
// files counted in bytes, so the unit has to be written.
type linkRateFlag int64

func (f *linkRateFlag) String() string {
	if *f == 0 {
		return ""
	}
	return formatBits(float64(*f))
}

// Type is what --help shows for the value.
func (f *linkRateFlag) Type() string { return "bitrate" }

// linkUnits are the decimal units of bits, in lower case.
var linkUnits = map[string]float64{
	"bit": 1, "kbit": 1e3, "mbit": 1e6, "gbit": 1e9,
	"b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9,
}

// Set reads a rate; "off" and "0" are none.
func (f *linkRateFlag) Set(s string) error {
	text := strings.TrimSpace(s)
	if text == "off" || text == "0" {
		*f = 0
		return nil
	}
	for _, suffix := range []string{"/s", "ps"} {
		text = strings.TrimSuffix(text, suffix)
	}
	number, unit := splitUnit(text)
	if strings.HasSuffix(unit, "B") {
		var size sizeFlag
		if err := size.Set(text); err != nil || size <= 0 || size > math.MaxInt64/8 {
			return badLinkRate(s)
		}
		*f = linkRateFlag(size) * 8
		return nil
	}
	per, ok := linkUnits[strings.ToLower(unit)]
	n, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !(n*per >= 1) || n*per >= math.MaxInt64 {
		return badLinkRate(s)
	}
	*f = linkRateFlag(n * per)
	return nil
}

func badLinkRate(s string) error {
	return fmt.Errorf("%q is not a rate: write bits a second as 100Mbit or 1Gb/s, or bytes as 12.5MB, or off", s)
}
