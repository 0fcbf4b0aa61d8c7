package resourceconfig

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/store"
)

// document is a bucket as the API shows it. What the caller has no action for is left out.
type document struct {
	Name        string    `json:"name"`
	CRN         string    `json:"crn"`
	Instance    string    `json:"service_instance_id"`
	InstanceCRN string    `json:"service_instance_crn"`
	Created     time.Time `json:"time_created"`
	Updated     time.Time `json:"time_updated"`
	Objects     int64     `json:"object_count"`
	Bytes       int64     `json:"bytes_used"`
	settings
}

// settings are what a PATCH can change.
type settings struct {
	Firewall *firewall `json:"firewall,omitempty"`
	Tracking *tracking `json:"activity_tracking,omitempty"`
	Metrics  *metrics  `json:"metrics_monitoring,omitempty"`
	Quota    int64     `json:"hard_quota,omitempty"` // bytes; 0 is none
}

// firewall says which addresses a bucket lets in. It is kept in store.Bucket.Firewall, denied addresses after an exclamation mark,
// but for the types of networks, of which this server has one that is all of them.
type firewall struct {
	Allowed  []string `json:"allowed_ip"`
	Denied   []string `json:"denied_ip,omitempty"`
	Networks []string `json:"allowed_network_type,omitempty"`
}

// tracking says which events go to IBM's Activity Tracker. It is kept, and nothing comes of it here.
type tracking struct {
	Reads      bool   `json:"read_data_events"`
	Writes     bool   `json:"write_data_events"`
	Management bool   `json:"management_events,omitempty"`
	CRN        string `json:"activity_tracker_crn,omitempty"`
}

// metrics says which metrics go to IBM Cloud Monitoring. It is kept, and nothing comes of it here.
type metrics struct {
	Usage    bool   `json:"usage_metrics_enabled"`
	Requests bool   `json:"request_metrics_enabled"`
	CRN      string `json:"metrics_monitoring_crn,omitempty"`
}

// rest is what of the settings the bucket has no field for. It is one of the bucket's documents.
type rest struct {
	Networks []string  `json:"allowed_network_type,omitempty"`
	Tracking *tracking `json:"activity_tracking,omitempty"`
	Metrics  *metrics  `json:"metrics_monitoring,omitempty"`
	Updated  time.Time `json:"time_updated"`
}

const (
	restDocument = "configuration" // the name of that document
	deniedMark   = "!"
)

// restOf reads the document, which only this package writes; one that cannot be read counts as none.
func restOf(b *store.Bucket) rest {
	var r rest
	if json.Unmarshal(b.Documents[restDocument], &r) != nil {
		return rest{}
	}
	return r
}

func settingsOf(b *store.Bucket) settings {
	r := restOf(b)
	s := settings{Tracking: r.Tracking, Metrics: r.Metrics, Quota: b.Quota}
	if len(b.Firewall) > 0 || len(r.Networks) > 0 {
		s.Firewall = &firewall{Allowed: []string{}, Networks: r.Networks}
		for _, network := range b.Firewall {
			if denied, found := strings.CutPrefix(network, deniedMark); found {
				s.Firewall.Denied = append(s.Firewall.Denied, denied)
			} else {
				s.Firewall.Allowed = append(s.Firewall.Allowed, network)
			}
		}
	}
	return s
}

// store puts the settings into the bucket.
func (s *settings) store(b *store.Bucket, now time.Time) error {
	r := rest{Tracking: s.Tracking, Metrics: s.Metrics, Updated: now.UTC()}
	b.Quota, b.Firewall = s.Quota, nil
	if s.Firewall != nil {
		r.Networks = s.Firewall.Networks
		b.Firewall = append(b.Firewall, s.Firewall.Allowed...)
		for _, network := range s.Firewall.Denied {
			b.Firewall = append(b.Firewall, deniedMark+network)
		}
	}
	doc, err := json.Marshal(&r)
	if err != nil {
		return fmt.Errorf("keep bucket configuration: %w", err)
	}
	if b.Documents == nil {
		b.Documents = make(map[string][]byte)
	}
	b.Documents[restDocument] = doc
	return nil
}

// entityTag identifies settings: it changes when one of them does.
func entityTag(s settings) (string, error) {
	b, err := json.Marshal(&s)
	if err != nil {
		return "", fmt.Errorf("identify bucket configuration: %w", err)
	}
	sum := sha256.Sum256(b)
	return `"` + hex.EncodeToString(sum[:16]) + `"`, nil
}

// document shows a bucket to somebody who may do some things to it.
func (s *Service) document(ctx context.Context, b *store.Bucket, may func(iam.Action) bool) (*document, error) {
	instance, _ := s.iam.Instance(b.Instance) // that of a bucket exists, as instances are never removed
	objects, bytes, err := s.store.Usage(ctx, b.Name)
	if err != nil {
		return nil, err
	}
	doc := &document{
		Name: b.Name, CRN: strings.TrimSuffix(instance.CRN, "::") + ":bucket:" + b.Name, Instance: b.Instance, InstanceCRN: instance.CRN,
		Created: b.Created.UTC(), Updated: b.Created.UTC(), Objects: objects, Bytes: bytes, settings: settingsOf(b),
	}
	if updated := restOf(b).Updated; updated.After(b.Created) {
		doc.Updated = updated
	}
	if !may(iam.BucketGetFirewall) {
		doc.Firewall = nil
	}
	if !may(iam.BucketGetActivityTracking) {
		doc.Tracking = nil
	}
	if !may(iam.BucketGetMetricsMonitoring) {
		doc.Metrics = nil
	}
	if !may(iam.BucketGetQuota) {
		doc.Quota = 0
	}
	return doc, nil
}
