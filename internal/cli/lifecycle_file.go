package cli

import (
	"fmt"
	"time"

	"github.com/icos-go/icos"
)

// lifecycleFile is the rules as a file of JSON, in the members that the aws CLI has.
type lifecycleFile struct {
	Rules []lifecycleRuleFile
}

type lifecycleRuleFile struct {
	ID                             string `json:",omitempty"`
	Status                         string
	Filter                         filterFile
	Transitions                    []transitionFile `json:",omitempty"`
	Expiration                     *expirationFile  `json:",omitempty"`
	NoncurrentVersionExpiration    *noncurrentFile  `json:",omitempty"`
	AbortIncompleteMultipartUpload *abortFile       `json:",omitempty"`
}

type filterFile struct {
	Prefix                string   `json:",omitempty"`
	Tag                   *tagFile `json:",omitempty"`
	ObjectSizeGreaterThan *int64   `json:",omitempty"`
	ObjectSizeLessThan    *int64   `json:",omitempty"`
	And                   *andFile `json:",omitempty"`
}

type andFile struct {
	Prefix                string    `json:",omitempty"`
	Tags                  []tagFile `json:",omitempty"`
	ObjectSizeGreaterThan *int64    `json:",omitempty"`
	ObjectSizeLessThan    *int64    `json:",omitempty"`
}

type tagFile struct{ Key, Value string }

type transitionFile struct {
	Days         *int      `json:",omitempty"`
	Date         time.Time `json:",omitzero"`
	StorageClass string
}

type expirationFile struct {
	Days                      int       `json:",omitempty"`
	Date                      time.Time `json:",omitzero"`
	ExpiredObjectDeleteMarker bool      `json:",omitempty"`
}

type noncurrentFile struct {
	NoncurrentDays          int
	NewerNoncurrentVersions int `json:",omitempty"`
}

type abortFile struct{ DaysAfterInitiation int }

func newLifecycleFile(rules []icos.LifecycleRule) lifecycleFile {
	var f lifecycleFile
	for i := range rules {
		r := &rules[i]
		out := lifecycleRuleFile{ID: r.ID, Status: statusWord(!r.Disabled), Filter: newFilterFile(&r.Filter)}
		if t := r.Transition; t != nil {
			out.Transitions = []transitionFile{{Date: t.Date, StorageClass: t.StorageClass}}
			if t.Date.IsZero() {
				out.Transitions[0].Days = &t.Days
			}
		}
		if e := r.Expiration; e != nil {
			out.Expiration = &expirationFile{e.Days, e.Date, e.ExpiredObjectDeleteMarker}
		}
		if n := r.NoncurrentExpiration; n != nil {
			out.NoncurrentVersionExpiration = &noncurrentFile{n.Days, n.Keep}
		}
		if r.AbortDays > 0 {
			out.AbortIncompleteMultipartUpload = &abortFile{r.AbortDays}
		}
		f.Rules = append(f.Rules, out)
	}
	return f
}

func statusWord(enabled bool) string {
	if enabled {
		return "Enabled"
	}
	return "Disabled"
}

func newFilterFile(f *icos.LifecycleFilter) filterFile {
	conditions := len(f.Tags)
	for _, has := range []bool{f.Prefix != "", f.LargerThan != nil, f.SmallerThan != nil} {
		if has {
			conditions++
		}
	}
	var tags []tagFile
	for _, t := range f.Tags {
		tags = append(tags, tagFile(t))
	}
	if conditions > 1 {
		return filterFile{And: &andFile{f.Prefix, tags, f.LargerThan, f.SmallerThan}}
	}
	out := filterFile{Prefix: f.Prefix, ObjectSizeGreaterThan: f.LargerThan, ObjectSizeLessThan: f.SmallerThan}
	if len(tags) > 0 {
		out.Tag = &tags[0]
	}
	return out
}

func (f *filterFile) filter() icos.LifecycleFilter {
	if f.And != nil {
		out := icos.LifecycleFilter{Prefix: f.And.Prefix, LargerThan: f.And.ObjectSizeGreaterThan, SmallerThan: f.And.ObjectSizeLessThan}
		for _, t := range f.And.Tags {
			out.Tags = append(out.Tags, icos.Tag(t))
		}
		return out
	}
	out := icos.LifecycleFilter{Prefix: f.Prefix, LargerThan: f.ObjectSizeGreaterThan, SmallerThan: f.ObjectSizeLessThan}
	if f.Tag != nil {
		out.Tags = []icos.Tag{icos.Tag(*f.Tag)}
	}
	return out
}

func (f *lifecycleFile) rules() ([]icos.LifecycleRule, error) {
	var rules []icos.LifecycleRule
	for i := range f.Rules {
		in := &f.Rules[i]
		r := icos.LifecycleRule{ID: in.ID, Filter: in.Filter.filter()}
		switch in.Status {
		case "Enabled":
		case "Disabled":
			r.Disabled = true
		default:
			return nil, fmt.Errorf("rule %d: Status is %q, and neither Enabled nor Disabled", i+1, in.Status)
		}
		switch {
		case len(in.Transitions) > 1:
			return nil, fmt.Errorf("rule %d has %d Transitions; COS knows one", i+1, len(in.Transitions))
		case len(in.Transitions) == 1:
			t := in.Transitions[0]
			r.Transition = &icos.LifecycleTransition{Date: t.Date, StorageClass: t.StorageClass}
			if t.Days != nil {
				r.Transition.Days = *t.Days
			}
		}
		if e := in.Expiration; e != nil {
			r.Expiration = &icos.LifecycleExpiration{Days: e.Days, Date: e.Date, ExpiredObjectDeleteMarker: e.ExpiredObjectDeleteMarker}
		}
		if n := in.NoncurrentVersionExpiration; n != nil {
			r.NoncurrentExpiration = &icos.NoncurrentVersionExpiration{Days: n.NoncurrentDays, Keep: n.NewerNoncurrentVersions}
		}
		if u := in.AbortIncompleteMultipartUpload; u != nil {
			r.AbortDays = u.DaysAfterInitiation
		}
		rules = append(rules, r)
	}
	return rules, nil
}
