package replication_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos/server/lifecycle"
	"github.com/icos-go/icos/server/replication"
	"github.com/icos-go/icos/server/store"
)

func TestParse(t *testing.T) {
	got, err := replication.Parse([]byte(`<ReplicationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
	<Rule><ID>all</ID><Priority>2</Priority><Status>Enabled</Status><DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication>
	<Filter></Filter><Destination><Bucket>A</Bucket></Destination></Rule>
	<Rule><ID>one</ID><Priority>0</Priority><Status>Disabled</Status><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>
	<Filter><Prefix>p</Prefix></Filter><Destination><Bucket>B</Bucket></Destination></Rule>
	<Rule><ID>and</ID><Priority>1</Priority><Status>Enabled</Status>
	<Filter><And><Prefix>p</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><Tag><Key>l</Key><Value></Value></Tag></And></Filter><Destination><Bucket>A</Bucket></Destination></Rule>
	</ReplicationConfiguration>`))
	if err != nil {
		t.Fatal(err)
	}
	want := replication.Rules{
		{ID: "all", Enabled: true, Priority: 2, Destination: "A", DeleteMarkers: true},
		{ID: "one", Filter: lifecycle.Filter{Prefix: "p"}, Destination: "B"},
		{ID: "and", Enabled: true, Priority: 1, Filter: lifecycle.Filter{Prefix: "p", Tags: []store.Tag{{Key: "k", Value: "v"}, {Key: "l"}}}, Destination: "A"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if rules, err := replication.Parse(nil); rules != nil || err != nil {
		t.Errorf("no document: %v, %v", rules, err)
	}
	if _, err := replication.Parse([]byte("<Other/>")); err == nil {
		t.Error("another document is read as rules")
	}
}

func TestDestinations(t *testing.T) {
	object := store.Object{Key: "docs/1", State: store.State{Tags: []store.Tag{{Key: "k", Value: "v"}}}}
	marker := store.Object{Key: "docs/1", DeleteMarker: true}
	rule := func(to string, priority int, change ...func(*replication.Rule)) replication.Rule {
		r := replication.Rule{Enabled: true, Destination: to, Priority: priority}
		for _, c := range change {
			c(&r)
		}
		return r
	}
	disabled := func(r *replication.Rule) { r.Enabled = false }
	markers := func(r *replication.Rule) { r.DeleteMarkers = true }
	prefix := func(p string) func(*replication.Rule) { return func(r *replication.Rule) { r.Filter.Prefix = p } }
	tag := func(key, value string) func(*replication.Rule) {
		return func(r *replication.Rule) { r.Filter.Tags = append(r.Filter.Tags, store.Tag{Key: key, Value: value}) }
	}
	tests := []struct {
		name   string
		object store.Object
		rules  replication.Rules
		want   []string
	}{
		{"no rules", object, nil, nil},
		{"one rule", object, replication.Rules{rule("A", 1)}, []string{"A"}},
		{"disabled", object, replication.Rules{rule("A", 1, disabled)}, nil},
		{"prefix", object, replication.Rules{rule("A", 1, prefix("docs/")), rule("B", 1, prefix("other/"))}, []string{"A"}},
		{"tag", object, replication.Rules{rule("A", 1, tag("k", "v")), rule("B", 1, tag("k", "w")), rule("C", 1, tag("k", "v"), tag("l", "m"))}, []string{"A"}},
		{"several destinations", object, replication.Rules{rule("A", 1), rule("B", 2)}, []string{"A", "B"}},
		{"one destination by several rules", object, replication.Rules{rule("A", 1), rule("A", 2)}, []string{"A"}},
		{"marker", marker, replication.Rules{rule("A", 1), rule("B", 1, markers)}, []string{"B"}},
		{"marker where the higher priority takes it", marker, replication.Rules{rule("A", 1), rule("A", 2, markers)}, []string{"A"}},
		{"marker where the higher priority leaves it", marker, replication.Rules{rule("A", 1, markers), rule("A", 2)}, []string{}},
		{"marker where the first of equals decides", marker, replication.Rules{rule("A", 1, markers), rule("A", 1)}, []string{"A"}},
	}
	for _, test := range tests {
		if got := test.rules.Destinations(&test.object); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestBucket(t *testing.T) {
	name, instance, ok := replication.Bucket("crn:v1:bluemix:public:cloud-object-storage:global:a/9978:ef1c725e:bucket:my-copies")
	if !ok || name != "my-copies" || instance != "ef1c725e" {
		t.Errorf("Bucket = %q, %q, %v", name, instance, ok)
	}
	for _, crn := range []string{
		"", "my-copies", "crn:v1:bluemix:public:cloud-object-storage:global:a/9978:ef1c725e::",
		"crn:v1:bluemix:public:cloud-object-storage:global:a/9978:ef1c725e:bucket:", "crn:v1:bluemix:public:kms:us-south:a/9978:ef1c725e:bucket:b",
		"crn:v1:bluemix:public:cloud-object-storage:global:a/9978:ef1c725e:bucket:b:c",
	} {
		if name, _, ok := replication.Bucket(crn); ok {
			t.Errorf("Bucket(%q) = %q", crn, name)
		}
	}
}
