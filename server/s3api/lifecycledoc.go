package s3api

import (
	"github.com/icos-go/icos/server/lifecycle"
	"github.com/icos-go/icos/server/store"
)

// lifecycle writes the rules as a document, which is what is stored and what GET answers with.
func (x *xmlWriter) lifecycle(rules lifecycle.Rules) {
	x.root("LifecycleConfiguration")
	for i := range rules {
		x.lifecycleRule(&rules[i])
	}
	x.close("LifecycleConfiguration")
}

func (x *xmlWriter) lifecycleRule(r *lifecycle.Rule) {
	x.open("Rule")
	x.text("ID", r.ID)
	x.filter(r.Filter)
	x.text("Status", status(r.Enabled))
	if t := &r.Transition; t.Class != "" {
		x.open("Transition")
		if t.Date.IsZero() {
			x.int("Days", int64(t.Days))
		} else {
			x.time("Date", t.Date)
		}
		x.text("StorageClass", t.Class)
		x.close("Transition")
	}
	if e := &r.Expiration; *e != (lifecycle.Expiration{}) {
		x.open("Expiration")
		switch {
		case e.Markers:
			x.bool("ExpiredObjectDeleteMarker", true)
		case e.Date.IsZero():
			x.int("Days", int64(e.Days))
		default:
			x.time("Date", e.Date)
		}
		x.close("Expiration")
	}
	if n := &r.Noncurrent; n.Days > 0 {
		x.open("NoncurrentVersionExpiration")
		x.int("NoncurrentDays", int64(n.Days))
		if n.Keep > 0 {
			x.int("NewerNoncurrentVersions", int64(n.Keep))
		}
		x.close("NoncurrentVersionExpiration")
	}
	if r.AbortDays > 0 {
		x.open("AbortIncompleteMultipartUpload")
		x.int("DaysAfterInitiation", int64(r.AbortDays))
		x.close("AbortIncompleteMultipartUpload")
	}
	x.close("Rule")
}

// filter writes the Filter of a rule: And is around its conditions if there are several.
func (x *xmlWriter) filter(f lifecycle.Filter) {
	conditions := len(f.Tags)
	for _, has := range []bool{f.Prefix != "", f.Larger != nil, f.Smaller != nil} {
		if has {
			conditions++
		}
	}
	x.open("Filter")
	if conditions > 1 {
		x.open("And")
	}
	x.optional("Prefix", f.Prefix)
	x.filterTags(f.Tags)
	if f.Larger != nil {
		x.int("ObjectSizeGreaterThan", *f.Larger)
	}
	if f.Smaller != nil {
		x.int("ObjectSizeLessThan", *f.Smaller)
	}
	if conditions > 1 {
		x.close("And")
	}
	x.close("Filter")
}

func (x *xmlWriter) filterTags(tags []store.Tag) {
	for _, tag := range tags {
		x.open("Tag")
		x.text("Key", tag.Key)
		x.text("Value", tag.Value)
		x.close("Tag")
	}
}

func status(enabled bool) string {
	if enabled {
		return "Enabled"
	}
	return "Disabled"
}
