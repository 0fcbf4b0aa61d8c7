package s3api

import (
	"strconv"
	"strings"
	"time"
)

// once checks that e has no two children of any of those names.
func (e *element) once(names ...string) error {
	for _, name := range names {
		n := 0
		for _, c := range e.children {
			if c.name == name {
				n++
			}
		}
		if n > 1 {
			return malformedXML("more than one " + name + " in " + e.name)
		}
	}
	return nil
}

// status reads a child that must be there and says Enabled or Disabled, in any case, as IBM's documents write it.
func (e *element) status(name string) (enabled bool, err error) {
	switch strings.ToLower(e.value(name)) {
	case "enabled":
		return true, nil
	case "disabled":
		return false, nil
	}
	return false, malformedXML(name + " is neither Enabled nor Disabled")
}

// days reads a number of days that must be there.
func (e *element) days(name string, least int) (int, error) {
	n, err := e.integer(name)
	switch {
	case err != nil:
		return 0, err
	case n < least && least > 0:
		return 0, invalidArgument("'" + name + "' for " + e.name + " action must be a positive integer")
	case n < least:
		return 0, invalidArgument("'" + name + "' for " + e.name + " action must be nonnegative")
	case n > maxLifecycleDays:
		return 0, invalidArgument("'" + name + "' for " + e.name + " action must be at most " + strconv.Itoa(maxLifecycleDays))
	}
	return n, nil
}

// size reads a number of bytes; nil if there is none.
func (e *element) size(name string) (*int64, error) {
	c := e.child(name)
	if c == nil {
		return nil, nil
	}
	n, err := strconv.ParseInt(c.text, 10, 64)
	if err != nil || n < 0 {
		return nil, malformedXML(name + " is not a number of bytes")
	}
	return &n, nil
}

// date reads a date in ISO 8601 that must be there.
func (e *element) date(name string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "20060102T150405Z", time.DateOnly} {
		t, err := time.Parse(layout, e.value(name)) // a fraction of a second is read, whatever the layout
		t = t.UTC()                                 // as it is written down, which takes a year of four digits
		if err == nil && t.Year() > 0 && t.Year() <= 9999 {
			return t, nil
		}
	}
	return time.Time{}, invalidArgument("'" + name + "' must be a date in ISO 8601 format")
}
