package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// Attributes are what an object's metadata keeps of a file.
type Attributes struct {
	ModTime time.Time    // zero if not kept
	Mode    *fs.FileMode // type and permission bits; nil if not kept
}

// Attributes returns what metadata is to keep of e: its time of modification,
// its mode, or both. A link has its mode kept whatever is asked, because it is
// that by which it is known for one.
func (e Entry) Attributes(modTime, mode bool) Attributes {
	var a Attributes
	if modTime {
		a.ModTime = e.ModTime
	}
	if mode || e.Kind == Symlink {
		a.Mode = &e.Mode
	}
	return a
}

// The names of attributes in metadata, which rclone uses too.
const (
	metaModTime = "mtime"
	metaMode    = "mode"
)

// Metadata returns the attributes as the metadata of an object, under names that
// rclone uses too: "mtime", in seconds since 1970 with nine decimals, and
// "mode", the type and permissions of Unix in octal. It is nil if there are none.
func (a Attributes) Metadata() map[string]string {
	if a.ModTime.IsZero() && a.Mode == nil {
		return nil
	}
	m := make(map[string]string, 2)
	if !a.ModTime.IsZero() {
		m[metaModTime] = formatTime(a.ModTime)
	}
	if a.Mode != nil {
		m[metaMode] = strconv.FormatUint(uint64(unixMode(*a.Mode)), 8)
	}
	return m
}

// ReadAttributes reads what Metadata wrote, and what rclone and s3fs write. Names
// count in any case. The error tells of values that make no sense, which are left
// out; what does make sense is returned all the same. Setuid, setgid and sticky
// bits are dropped: metadata is not to be trusted with them.
func ReadAttributes(metadata map[string]string) (Attributes, error) {
	var a Attributes
	var errs []error
	for name, value := range metadata {
		switch {
		case strings.EqualFold(name, metaModTime):
			t, err := parseTime(value)
			if err != nil {
				errs = append(errs, fmt.Errorf("metadata mtime %q: %w", shorten(value), err))
				continue
			}
			a.ModTime = t
		case strings.EqualFold(name, metaMode):
			mode, err := parseMode(value)
			if err != nil {
				errs = append(errs, fmt.Errorf("metadata mode %q: %w", shorten(value), err))
				continue
			}
			a.Mode = &mode
		}
	}
	return a, errors.Join(errs...)
}

// Symlink reports whether the attributes are those of a symbolic link, whose
// object has the target as its body.
func (a Attributes) Symlink() bool { return a.Mode != nil && *a.Mode&fs.ModeSymlink != 0 }

// formatTime writes t in seconds, with nine decimals. Before 1970 the fraction
// counts down like the seconds, so that the text is a number.
func formatTime(t time.Time) string {
	sec, nsec := t.Unix(), t.Nanosecond()
	sign := ""
	if sec < 0 {
		sign = "-"
		sec = -sec
		if nsec > 0 {
			sec, nsec = sec-1, 1e9-nsec
		}
	}
	return fmt.Sprintf("%s%d.%09d", sign, sec, nsec)
}

// maxSeconds is the last second of the year 9999, and minSeconds the first of
// the year 1: what lies beyond is a mistake, and many systems cannot store it.
const (
	minSeconds = -62135596800
	maxSeconds = 253402300799
)

var (
	errTime      = errors.New("is no number of seconds")
	errTimeRange = errors.New("is not between the years 1 and 9999")
	errMode      = errors.New("is no octal mode of a file, directory or link")
)

// parseTime reads seconds with any number of decimals, without going through a
// float, which has too few digits for nanoseconds; or RFC 3339.
func parseTime(s string) (time.Time, error) {
	if len(s) > 64 {
		return time.Time{}, errTime
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return inRange(t)
	}
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, hasFraction := strings.Cut(digits, ".")
	if hasFraction && fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return time.Time{}, errTime
	}
	sec, err := strconv.ParseInt(whole, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return time.Time{}, errTimeRange
	}
	if err != nil {
		return time.Time{}, errTime
	}
	if sec > maxSeconds {
		return time.Time{}, errTimeRange
	}
	nsec, err := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	if err != nil {
		return time.Time{}, errTime
	}
	if negative {
		sec, nsec = -sec, -nsec
	}
	return inRange(time.Unix(sec, nsec))
}

func inRange(t time.Time) (time.Time, error) {
	if t.Unix() < minSeconds || t.Unix() > maxSeconds {
		return time.Time{}, errTimeRange
	}
	return t, nil
}

// s3fsLink is how s3fs writes the mode of every link, 0120777, in decimal.
const s3fsLink = "41471"

// parseMode reads a mode in octal, as rclone writes it, or in decimal, as s3fs
// does. The type bits, which both have, tell one from the other: the decimal
// number of a file is no octal number of anything that is kept here.
func parseMode(s string) (fs.FileMode, error) {
	if s == s3fsLink { // in octal, a directory with permissions that none has
		return fs.ModeSymlink | 0o777, nil
	}
	for _, base := range []int{8, 10} {
		m, err := strconv.ParseUint(s, base, 32)
		if err != nil || m > unixModeBits {
			continue
		}
		switch m & unixType {
		case unixRegular, unixDir, unixSymlink:
			return fileMode(uint32(m) & (unixType | unixPerm)), nil
		case 0:
			if base == 8 { // permissions alone
				return fileMode(uint32(m)&unixPerm | unixRegular), nil
			}
		}
	}
	return 0, errMode
}
