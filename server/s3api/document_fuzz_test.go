package s3api

import (
	"bytes"
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"github.com/icos-go/icos/server/lifecycle"
	"github.com/icos-go/icos/server/replication"
)

// FuzzRules reads configurations as clients send them, writes them as they are kept, and reads that as the parts of the server do that
// act on it, in the background and with nobody asking: what was checked must be what is done.
func FuzzRules(f *testing.F) {
	f.Add([]byte(`<LifecycleConfiguration><Rule><ID>a</ID><Status>Enabled</Status><Filter><And><Prefix>p&#13;&#10; </Prefix><Tag><Key>k</Key><Value/></Tag>` +
		`<ObjectSizeLessThan>9</ObjectSizeLessThan></And></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>`))
	f.Add([]byte(`<LifecycleConfiguration><Rule><Status>Disabled</Status><Filter/><Transition><Date>9999-12-31T23:59:59-23:59</Date><StorageClass>GLACIER</StorageClass>` +
		`</Transition><NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>`))
	f.Add([]byte(`<ReplicationConfiguration><Rule><ID>b</ID><Priority>1</Priority><Status>Enabled</Status><Filter><Prefix>x</Prefix></Filter><DeleteMarkerReplication>` +
		`<Status>Enabled</Status></DeleteMarkerReplication><Destination><Bucket>crn:v1:b:p:cloud-object-storage:g:a/1:i:bucket:n</Bucket></Destination></Rule></ReplicationConfiguration>`))
	f.Add([]byte(`<WebsiteConfiguration><IndexDocument><Suffix>i</Suffix></IndexDocument><RoutingRules><RoutingRule><Condition><KeyPrefixEquals>a&amp;</KeyPrefixEquals>` +
		`</Condition><Redirect><ReplaceKeyPrefixWith/><HttpRedirectCode>301</HttpRedirectCode></Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>`))
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		if top, err := parseXML(body, "LifecycleConfiguration"); err == nil {
			if rules, err := parseLifecycle(top, now); err == nil {
				x := newXML()
				x.lifecycle(rules)
				kept := x.take()
				got, err := lifecycle.Parse(kept)
				if err != nil || !same(got, rules) {
					t.Fatalf("%s\nacts as %+v, %v\nwant %+v", kept, got, err, rules)
				}
			}
		}
		if top, err := parseXML(body, "ReplicationConfiguration"); err == nil {
			if rules, err := parseReplication(top); err == nil {
				x := newXML()
				x.replication(rules)
				kept := x.take()
				got, err := replication.Parse(kept)
				if err != nil || !same(got, rules) {
					t.Fatalf("%s\nacts as %+v, %v\nwant %+v", kept, got, err, rules)
				}
			}
		}
		if top, err := parseXML(body, "WebsiteConfiguration"); err == nil {
			if site, err := readWebsite(top); err == nil {
				x := newXML()
				x.website(site)
				kept := x.take()
				top, err := parseXML(kept, "WebsiteConfiguration")
				if err != nil {
					t.Fatalf("%s: %v", kept, err)
				}
				if got, err := readWebsite(top); err != nil || !same(got, site) {
					t.Fatalf("%s\nacts as %+v, %v\nwant %+v", kept, got, err, site)
				}
			}
		}
	})
}

// same compares what two configurations say. An empty list is as good as none.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(noLists.ReplaceAll(x, nullLists), noLists.ReplaceAll(y, nullLists))
}

var (
	noLists   = regexp.MustCompile(`:\[\]`)
	nullLists = []byte(":null")
)
