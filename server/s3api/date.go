package s3api

import (
	"net/http"
	"sync/atomic"
	"time"
)

// dates formats times for Date headers, and remembers the last: many requests come within one second. It is ready for use.
type dates struct{ last atomic.Pointer[date] }

type date struct {
	second int64 // Unix
	header []string
}

// header returns the header for a time, which must not be altered.
func (d *dates) header(t time.Time) []string {
	second := t.Unix()
	if last := d.last.Load(); last != nil && last.second == second {
		return last.header
	}
	now := &date{second, []string{t.UTC().Format(http.TimeFormat)}}
	d.last.Store(now)
	return now.header
}
