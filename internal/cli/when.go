package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// daysFlag is a number of days on the command line: 30, 30d, 2w or 7y. A year has
// 365 days, as retention periods are counted.
type daysFlag struct {
	days int
	set  bool
}

func (f *daysFlag) String() string {
	if !f.set {
		return ""
	}
	return strconv.Itoa(f.days) + "d"
}

// Type is what --help shows for the value.
func (f *daysFlag) Type() string { return "DAYS" }

func (f *daysFlag) Set(s string) error {
	number, factor := s, 1
	for unit, days := range map[string]int{"d": 1, "w": 7, "y": 365} {
		if rest, ok := strings.CutSuffix(s, unit); ok {
			number, factor = rest, days
		}
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n > 1e6 {
		return fmt.Errorf("%q is no number of days: write 30d, 2w or 7y", s)
	}
	f.days, f.set = n*factor, true
	return nil
}

// spanFlag is a length of time on the command line.
type spanFlag time.Duration

func (f *spanFlag) String() string {
	if *f == 0 {
		return ""
	}
	return formatDuration(time.Duration(*f))
}

// Type is what --help shows for the value.
func (f *spanFlag) Type() string { return "SPAN" }

func (f *spanFlag) Set(s string) error {
	d, err := parseSpan(s)
	if err == nil && d <= 0 {
		err = fmt.Errorf("%q is no length of time that lies ahead", s)
	}
	*f = spanFlag(d)
	return err
}

// dateFlag is a date on the command line. Without an offset it is in UTC, as
// everything is that the service says.
type dateFlag struct{ time.Time }

func (f *dateFlag) String() string { return timestamp(f.Time) }

// Type is what --help shows for the value.
func (f *dateFlag) Type() string { return "DATE" }

func (f *dateFlag) Set(s string) error {
	t, ok := parseDay(s)
	if !ok {
		return fmt.Errorf("%q is no date: write 2030-12-31 or 2030-12-31T18:00:00Z", s)
	}
	f.Time = t
	return nil
}

func parseDay(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
