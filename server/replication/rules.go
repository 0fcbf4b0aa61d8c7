package replication

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"github.com/icos-go/icos/server/lifecycle"
	"github.com/icos-go/icos/server/store"
)

// Rules are the replication configuration of a bucket.
type Rules []Rule

// Rule has new objects copied to one bucket.
type Rule struct {
	ID            string
	Enabled       bool
	Priority      int
	Filter        lifecycle.Filter // which objects; it knows no sizes
	Destination   string           // CRN of a bucket
	DeleteMarkers bool             // delete markers go there too
}

// Destinations returns the CRNs of the buckets that an object or delete marker goes to. Of rules with the same destination that are
// about the object, the one with the highest priority decides, or the first of those that share it.
func (rs Rules) Destinations(o *store.Object) []string {
	deciding := make(map[string]*Rule)
	var order []string
	for i := range rs {
		r := &rs[i]
		if !r.Enabled || !r.Filter.Matches(o) {
			continue
		}
		switch other := deciding[r.Destination]; {
		case other == nil:
			order = append(order, r.Destination)
			deciding[r.Destination] = r
		case r.Priority > other.Priority:
			deciding[r.Destination] = r
		}
	}
	return slices.DeleteFunc(order, func(destination string) bool {
		return o.DeleteMarker && !deciding[destination].DeleteMarkers
	})
}

// Bucket returns the name of the bucket that a CRN names, and the service instance that has it.
func Bucket(crn string) (name, instance string, ok bool) {
	// crn:v1:bluemix:public:cloud-object-storage:global:a/ACCOUNT:INSTANCE:bucket:NAME
	f := strings.Split(crn, ":")
	if len(f) != 10 || f[0] != "crn" || f[4] != "cloud-object-storage" || f[7] == "" || f[8] != "bucket" || f[9] == "" {
		return "", "", false
	}
	return f[9], f[7], true
}

type document struct {
	XMLName xml.Name       `xml:"ReplicationConfiguration"`
	Rules   []documentRule `xml:"Rule"`
}

type documentRule struct {
	ID                      string
	Status                  string
	Priority                int
	Filter                  lifecycle.FilterDocument
	DeleteMarkerReplication struct{ Status string }
	Destination             struct{ Bucket string }
}

// Parse reads a ReplicationConfiguration document that the S3 API has checked and stored. No document means no rules.
func Parse(doc []byte) (Rules, error) {
	if len(doc) == 0 {
		return nil, nil
	}
	var d document
	if err := xml.Unmarshal(doc, &d); err != nil {
		return nil, fmt.Errorf("read replication configuration: %w", err)
	}
	rules := make(Rules, len(d.Rules))
	for i := range d.Rules {
		r := &d.Rules[i]
		rules[i] = Rule{
			ID: r.ID, Enabled: r.Status == "Enabled", Priority: r.Priority, Destination: r.Destination.Bucket,
			DeleteMarkers: r.DeleteMarkerReplication.Status == "Enabled", Filter: r.Filter.Filter(),
		}
	}
	return rules, nil
}
