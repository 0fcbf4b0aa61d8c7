package lifecycle_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos/server/lifecycle"
	"github.com/icos-go/icos/server/store"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func rules(t *testing.T, inner string) lifecycle.Rules {
	t.Helper()
	rs, err := lifecycle.Parse([]byte(`<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` + inner + `</LifecycleConfiguration>`))
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

func TestParse(t *testing.T) {
	size := func(n int64) *int64 { return &n }
	got := rules(t, `
	<Rule><ID>all</ID><Status>Enabled</Status><Filter/><Transition><Days>0</Days><StorageClass>GLACIER</StorageClass></Transition></Rule>
	<Rule><ID>one</ID><Status>Disabled</Status><Filter><Prefix>a &amp; b/</Prefix></Filter><Expiration><Date>2030-06-01T00:00:00.000Z</Date></Expiration>
	<AbortIncompleteMultipartUpload><DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>
	<Rule><ID>tag</ID><Status>Enabled</Status><Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>
	<NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionExpiration></Rule>
	<Rule><ID>and</ID><Status>Enabled</Status><Filter><And><Prefix>p</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><Tag><Key>l</Key><Value/></Tag>
	<ObjectSizeGreaterThan>0</ObjectSizeGreaterThan><ObjectSizeLessThan>10</ObjectSizeLessThan></And></Filter>
	<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule>`)
	want := lifecycle.Rules{
		{ID: "all", Enabled: true, Transition: lifecycle.Transition{Class: "GLACIER"}},
		{ID: "one", Filter: lifecycle.Filter{Prefix: "a & b/"}, Expiration: lifecycle.Expiration{Date: at("2030-06-01T00:00:00Z")}, AbortDays: 3},
		{ID: "tag", Enabled: true, Filter: lifecycle.Filter{Tags: []store.Tag{{Key: "k", Value: "v"}}}, Noncurrent: lifecycle.Noncurrent{Days: 7, Keep: 2}},
		{ID: "and", Enabled: true, Filter: lifecycle.Filter{
			Prefix: "p", Tags: []store.Tag{{Key: "k", Value: "v"}, {Key: "l"}}, Larger: size(0), Smaller: size(10),
		}, Expiration: lifecycle.Expiration{Markers: true}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if rs, err := lifecycle.Parse(nil); rs != nil || err != nil {
		t.Errorf("no document: %v, %v", rs, err)
	}
	if _, err := lifecycle.Parse([]byte("<Other/>")); err == nil {
		t.Error("another document is read as rules")
	}
}

func TestFilter(t *testing.T) {
	size := func(n int64) *int64 { return &n }
	o := &store.Object{Key: "logs/2020", Size: 10, State: store.State{Tags: []store.Tag{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}}}}
	tests := []struct {
		name   string
		filter lifecycle.Filter
		want   bool
	}{
		{"everything", lifecycle.Filter{}, true},
		{"prefix", lifecycle.Filter{Prefix: "logs/"}, true},
		{"other prefix", lifecycle.Filter{Prefix: "Logs/"}, false},
		{"tag", lifecycle.Filter{Tags: []store.Tag{{Key: "b", Value: "2"}}}, true},
		{"tag with another value", lifecycle.Filter{Tags: []store.Tag{{Key: "b", Value: "1"}}}, false},
		{"one of two tags", lifecycle.Filter{Tags: []store.Tag{{Key: "b", Value: "2"}, {Key: "c", Value: "3"}}}, false},
		{"larger than its size", lifecycle.Filter{Larger: size(10)}, false},
		{"larger than less", lifecycle.Filter{Larger: size(9)}, true},
		{"smaller than its size", lifecycle.Filter{Smaller: size(10)}, false},
		{"smaller than more", lifecycle.Filter{Smaller: size(11)}, true},
		{"all that holds", lifecycle.Filter{Prefix: "l", Tags: []store.Tag{{Key: "a", Value: "1"}}, Larger: size(1), Smaller: size(99)}, true},
		{"all but one holds", lifecycle.Filter{Prefix: "l", Tags: []store.Tag{{Key: "a", Value: "1"}}, Larger: size(1), Smaller: size(2)}, false},
	}
	for _, test := range tests {
		if got := test.filter.Matches(o); got != test.want {
			t.Errorf("%s: Matches = %v, want %v", test.name, got, test.want)
		}
	}
}

func TestExpires(t *testing.T) {
	days := func(id string, n int, change ...func(*lifecycle.Rule)) lifecycle.Rule {
		r := lifecycle.Rule{ID: id, Enabled: true, Expiration: lifecycle.Expiration{Days: n}}
		for _, c := range change {
			c(&r)
		}
		return r
	}
	tests := []struct {
		name     string
		rules    lifecycle.Rules
		modified string
		want     string // empty for never
		rule     string
	}{
		{"no rules", nil, "2019-04-15T05:10:00Z", "", ""},
		{"IBM's example", lifecycle.Rules{days("ten", 10)}, "2019-04-15T05:10:00Z", "2019-04-26T00:00:00Z", "ten"},
		{"last moment of a day", lifecycle.Rules{days("one", 1)}, "2019-04-15T23:59:59Z", "2019-04-17T00:00:00Z", "one"},
		{"written at midnight", lifecycle.Rules{days("one", 1)}, "2019-04-15T00:00:00Z", "2019-04-16T00:00:00Z", "one"},
		{"another zone", lifecycle.Rules{days("one", 1)}, "2019-04-15T23:00:00-05:00", "2019-04-18T00:00:00Z", "one"},
		{"leap day", lifecycle.Rules{days("year", 365)}, "2020-02-28T12:00:00Z", "2021-02-28T00:00:00Z", "year"},
		{"before 1970", lifecycle.Rules{days("one", 1)}, "1969-01-01T01:00:00Z", "1969-01-03T00:00:00Z", "one"},
		{"the earlier of two", lifecycle.Rules{days("late", 20), days("soon", 2)}, "2019-04-15T05:10:00Z", "2019-04-18T00:00:00Z", "soon"},
		{"disabled", lifecycle.Rules{days("off", 1, func(r *lifecycle.Rule) { r.Enabled = false })}, "2019-04-15T05:10:00Z", "", ""},
		{"another prefix", lifecycle.Rules{days("p", 1, func(r *lifecycle.Rule) { r.Filter.Prefix = "other" })}, "2019-04-15T05:10:00Z", "", ""},
		{"date", lifecycle.Rules{days("d", 0, func(r *lifecycle.Rule) { r.Expiration.Date = at("2030-01-01T00:00:00Z") })}, "2019-04-15T05:10:00Z", "2030-01-01T00:00:00Z", "d"},
		{"date in a day", lifecycle.Rules{days("d", 0, func(r *lifecycle.Rule) { r.Expiration.Date = at("2030-01-01T11:00:00Z") })}, "2019-04-15T05:10:00Z", "2030-01-02T00:00:00Z", "d"},
		{"markers only", lifecycle.Rules{days("m", 0, func(r *lifecycle.Rule) { r.Expiration.Markers = true })}, "2019-04-15T05:10:00Z", "", ""},
		{"archive only", lifecycle.Rules{days("a", 0, func(r *lifecycle.Rule) { r.Transition.Class = lifecycle.Glacier })}, "2019-04-15T05:10:00Z", "", ""},
	}
	for _, test := range tests {
		due, ok := test.rules.Expires(&store.Object{Key: "k", Modified: at(test.modified)})
		switch {
		case ok != (test.want != ""):
			t.Errorf("%s: Expires = %v, %v", test.name, due, ok)
		case ok && (!due.At.Equal(at(test.want)) || due.Rule != test.rule):
			t.Errorf("%s: expires at %v by %q, want %v by %q", test.name, due.At, due.Rule, test.want, test.rule)
		}
	}
}

func TestNoncurrentExpires(t *testing.T) {
	rs := lifecycle.Rules{
		{ID: "month", Enabled: true, Noncurrent: lifecycle.Noncurrent{Days: 30}},
		{ID: "few", Enabled: true, Noncurrent: lifecycle.Noncurrent{Days: 1, Keep: 2}},
	}
	since := at("2021-03-01T10:00:00Z")
	for newer, want := range []lifecycle.Due{
		{At: at("2021-04-01T00:00:00Z"), Rule: "month"},
		{At: at("2021-04-01T00:00:00Z"), Rule: "month"},
		{At: at("2021-03-03T00:00:00Z"), Rule: "few"},
		{At: at("2021-03-03T00:00:00Z"), Rule: "few"},
	} {
		// It counts from when it was superseded, however old it is.
		if due, ok := rs.NoncurrentExpires(&store.Object{Key: "k", Modified: at("1990-01-01T00:00:00Z")}, since, newer); !ok || due != want {
			t.Errorf("with %d newer ones: %v, %v, want %v", newer, due, ok, want)
		}
	}
	if due, ok := rs[1:].NoncurrentExpires(&store.Object{Key: "k"}, since, 1); ok {
		t.Errorf("one of the two newest expires at %v", due)
	}
}

func TestMarkerExpires(t *testing.T) {
	marker := &store.Object{Key: "k", Modified: at("2021-03-01T10:00:00Z"), DeleteMarker: true}
	tests := []struct {
		name string
		rule lifecycle.Rule
		want string
	}{
		{"markers", lifecycle.Rule{Enabled: true, Expiration: lifecycle.Expiration{Markers: true}}, "2021-03-01T10:00:00Z"},
		{"days", lifecycle.Rule{Enabled: true, Expiration: lifecycle.Expiration{Days: 2}}, "2021-03-04T00:00:00Z"},
		{"date", lifecycle.Rule{Enabled: true, Expiration: lifecycle.Expiration{Date: at("2021-01-01T00:00:00Z")}}, ""},
		{"noncurrent", lifecycle.Rule{Enabled: true, Noncurrent: lifecycle.Noncurrent{Days: 1}}, ""},
		{"disabled", lifecycle.Rule{Expiration: lifecycle.Expiration{Markers: true}}, ""},
	}
	for _, test := range tests {
		due, ok := lifecycle.Rules{test.rule}.MarkerExpires(marker)
		if ok != (test.want != "") || ok && !due.At.Equal(at(test.want)) {
			t.Errorf("%s: %v, %v, want %q", test.name, due, ok, test.want)
		}
	}
}

func TestAborts(t *testing.T) {
	rs := lifecycle.Rules{{ID: "week", Enabled: true, Filter: lifecycle.Filter{Prefix: "big/"}, AbortDays: 7}}
	began := at("2022-12-30T12:00:00Z")
	if due, ok := rs.Aborts("big/file", began); !ok || due != (lifecycle.Due{At: at("2023-01-07T00:00:00Z"), Rule: "week"}) {
		t.Errorf("Aborts = %v, %v", due, ok)
	}
	if due, ok := rs.Aborts("small/file", began); ok {
		t.Errorf("an upload under another prefix is aborted at %v", due)
	}
}

func TestArchives(t *testing.T) {
	now := at("2022-12-30T12:00:00Z")
	tests := []struct {
		name string
		rule lifecycle.Rule
		want store.Archive
	}{
		{"in days", lifecycle.Rule{Enabled: true, Transition: lifecycle.Transition{Class: "GLACIER", Days: 20}}, store.Archive{Class: "GLACIER", At: at("2023-01-19T12:00:00Z")}},
		{"at once", lifecycle.Rule{Enabled: true, Transition: lifecycle.Transition{Class: "ACCELERATED"}}, store.Archive{Class: "ACCELERATED", At: now}},
		{"on a day", lifecycle.Rule{Enabled: true, Transition: lifecycle.Transition{Class: "GLACIER", Date: at("2030-01-01T00:00:00Z")}}, store.Archive{Class: "GLACIER", At: at("2030-01-01T00:00:00Z")}},
		{"on a day gone by", lifecycle.Rule{Enabled: true, Transition: lifecycle.Transition{Class: "GLACIER", Date: at("2020-01-01T00:00:00Z")}}, store.Archive{Class: "GLACIER", At: now}},
		{"disabled", lifecycle.Rule{Transition: lifecycle.Transition{Class: "GLACIER"}}, store.Archive{}},
		{"expiration only", lifecycle.Rule{Enabled: true, Expiration: lifecycle.Expiration{Days: 1}}, store.Archive{}},
	}
	for _, test := range tests {
		if got := (lifecycle.Rules{test.rule}).Archives(now); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestStages(t *testing.T) {
	start := at("2024-01-01T00:00:00Z")
	a := store.Archive{Class: lifecycle.Glacier, At: start.AddDate(0, 0, 10)}
	check := func(when time.Time, want lifecycle.Stage) {
		t.Helper()
		if got := lifecycle.StageOf(&a, when); got != want {
			t.Errorf("at %v: stage %v, want %v", when, got, want)
		}
	}
	check(start, lifecycle.Online)
	check(a.At.Add(-1), lifecycle.Online)
	check(a.At, lifecycle.Archived)

	asked := a.At.AddDate(1, 0, 0)
	check(asked, lifecycle.Archived)
	lifecycle.Restore(&a, asked, 3)
	check(asked, lifecycle.Restoring)
	check(asked.Add(12*time.Hour-1), lifecycle.Restoring)
	ready := asked.Add(12 * time.Hour)
	check(ready, lifecycle.Restored)
	check(ready.AddDate(0, 0, 3).Add(-1), lifecycle.Restored)
	check(ready.AddDate(0, 0, 3), lifecycle.Archived)

	// Asking again while it is restored changes the end, earlier or later.
	lifecycle.Restore(&a, ready.Add(time.Hour), 1)
	check(ready.Add(2*time.Hour), lifecycle.Restored)
	check(ready.Add(25*time.Hour), lifecycle.Archived)

	// And again, after that ended, takes its time again.
	again := ready.AddDate(1, 0, 0)
	lifecycle.Restore(&a, again, 2)
	check(again.Add(time.Hour), lifecycle.Restoring)
	check(again.Add(13*time.Hour), lifecycle.Restored)

	quick := store.Archive{Class: lifecycle.Accelerated, At: start}
	lifecycle.Restore(&quick, start, 1)
	if got := lifecycle.StageOf(&quick, start.Add(2*time.Hour)); got != lifecycle.Restored {
		t.Errorf("an accelerated copy after two hours: stage %v", got)
	}
	if got := lifecycle.StageOf(&store.Archive{}, start); got != lifecycle.Online {
		t.Errorf("an object without archive: stage %v", got)
	}
}
