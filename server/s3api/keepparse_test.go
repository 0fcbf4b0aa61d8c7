package s3api

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/icos-go/icos/server/store"
)

// FuzzRetentionDate makes sure that what is read as a date is written as one that is read alike.
func FuzzRetentionDate(f *testing.F) {
	for _, s := range []string{"2030-01-02T03:04:05Z", "2030-01-02T03:04:05.006+01:00", "20300102T030405Z", "Wed, 02 Jan 2030 03:04:05 GMT", "Wed, 2 Jan 2030 03:04:05 GMT", "2 Jan 2030 03:04:05 GMT", "Wed, 02 Jan 2030 03:04:05 +0100", "soon", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		date, err := parseRetentionDate("h", s)
		if err != nil {
			return
		}
		again, err := parseRetentionDate("h", date.UTC().Format(time.RFC3339Nano))
		if err != nil || !again.Equal(date) {
			t.Errorf("%q is %v, and that is %v, %v", s, date, again, err)
		}
		if whole := store.WholeSecond(date); whole.Before(date) || whole.Sub(date) >= time.Second || whole.Nanosecond() != 0 {
			t.Errorf("the whole second of %v is %v", date, whole)
		}
	})
}

// FuzzTags makes sure that tags survive being written and read, and keep to their limits.
func FuzzTags(f *testing.F) {
	f.Add(tagDocument(store.Tag{Key: "a b", Value: " <1> "}, store.Tag{Key: "ü"}))
	f.Add([]byte("<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Value>2</Value><Key>b</Key></Tag></TagSet></Tagging>"))
	f.Fuzz(func(t *testing.T, document []byte) {
		top, err := parseXML(document, "Tagging")
		if err != nil {
			return
		}
		tags, err := parseTagging(top, maxObjectTags)
		if err != nil {
			return
		}
		if len(tags) > maxObjectTags {
			t.Errorf("%d tags", len(tags))
		}
		top, err = parseXML(tagDocument(tags...), "Tagging")
		if err != nil {
			return // a character that XML 1.0 cannot hold came in as a reference
		}
		if again, err := parseTagging(top, maxObjectTags); err != nil || !slices.Equal(again, tags) {
			t.Errorf("tags %q came back as %q, %v", tags, again, err)
		}
	})
}

func tagDocument(tags ...store.Tag) []byte {
	x := newXML()
	x.tagging(tags)
	return x.take()
}

// FuzzExtension makes sure that no request shortens a period, or gives one that the policy does not allow.
func FuzzExtension(f *testing.F) {
	f.Add(extendBy, "5", int64(10), int64(100))
	f.Add(extendFromNow, "9223372036854775807", int64(-1), int64(0))
	f.Add(extendTo, "-1", int64(-2), int64(1e6))
	f.Add(extendUntil, "2030-01-02T03:04:05Z", int64(86400), int64(-50))
	f.Add(extendUntil, "9999-12-31T23:59:59Z", int64(0), int64(1<<40))
	f.Fuzz(func(t *testing.T, header, value string, current, elapsed int64) {
		if current < store.RetainPermanently || current > maxRetentionDays*secondsPerDay || elapsed < -1e9 || elapsed > 1e11 {
			return
		}
		e, err := parseExtension(http.Header{header: {value}})
		if err != nil {
			return
		}
		stored := time.Date(2026, 1, 1, 0, 0, 0, 500, time.UTC)
		p := store.Protection{Enabled: true, Min: 1, Default: 2, Max: maxRetentionDays, Permanent: true}
		o := &store.Object{Modified: stored, State: store.State{Retention: store.Retention{Kept: true, Period: current}}}
		period, err := e.apply(o, time.Unix(stored.Unix()+elapsed, 0), &p)
		if err != nil {
			return
		}
		if period <= current && current != store.RetainIndefinitely || period < 0 || period > p.Max*secondsPerDay || current == store.RetainPermanently {
			t.Errorf("%s: %s makes %d of %d after %d seconds", header, value, period, current, elapsed)
		}
	})
}
