package lifecycle

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/icos-go/icos/server/store"
)

// Classes that a Transition leads to.
const (
	Glacier     = "GLACIER"     // a restored copy takes up to twelve hours
	Accelerated = "ACCELERATED" // a restored copy takes up to two hours
)

// Rules are the lifecycle configuration of a bucket.
type Rules []Rule

// Rule is one rule. Its actions are those that are not zero.
type Rule struct {
	ID         string
	Enabled    bool
	Filter     Filter
	Transition Transition
	Expiration Expiration
	Noncurrent Noncurrent

	// AbortDays is how many days an upload may take, at least 1; 0 for as long as it likes.
	AbortDays int
}

// Filter says which objects a rule is about: those that meet all its conditions. The zero value is about all of them.
type Filter struct {
	Prefix  string
	Tags    []store.Tag
	Larger  *int64 // bytes, exclusive
	Smaller *int64 // bytes, exclusive
}

// Transition moves new objects to an archive.
type Transition struct {
	Class string    // Glacier or Accelerated; empty for no transition
	Days  int       // after the object was written, at least 0, unless there is a Date
	Date  time.Time // for all objects; zero if it goes by Days
}

// Expiration deletes current objects. In a bucket with versioning it puts delete markers on them.
type Expiration struct {
	Days    int       // after the object was written, at least 1; 0 if it does not go by days
	Date    time.Time // for all objects; zero if it does not go by a date
	Markers bool      // removes delete markers that no version is left of
}

// Noncurrent removes versions that newer ones have taken the place of.
type Noncurrent struct {
	Days int // after the version that took its place was written, at least 1; 0 for never
	Keep int // the newest so many are kept all the same
}

// Matches reports whether the rule is about an object.
func (f *Filter) Matches(o *store.Object) bool {
	if !strings.HasPrefix(o.Key, f.Prefix) {
		return false
	}
	for _, tag := range f.Tags {
		if !slices.Contains(o.Tags, tag) {
			return false
		}
	}
	return (f.Larger == nil || o.Size > *f.Larger) && (f.Smaller == nil || o.Size < *f.Smaller)
}

// The document as the S3 API keeps it. It was checked before it was stored.
type document struct {
	XMLName xml.Name       `xml:"LifecycleConfiguration"`
	Rules   []documentRule `xml:"Rule"`
}

type documentRule struct {
	ID         string
	Status     string
	Filter     FilterDocument
	Transition struct {
		Days         int
		Date         *time.Time
		StorageClass string
	}
	Expiration struct {
		Days                      int
		Date                      *time.Time
		ExpiredObjectDeleteMarker bool
	}
	NoncurrentVersionExpiration struct {
		NoncurrentDays          int
		NewerNoncurrentVersions int
	}
	AbortIncompleteMultipartUpload struct {
		DaysAfterInitiation int
	}
}

// FilterDocument is the Filter of a rule in a document: one condition, or several within And.
type FilterDocument struct {
	condition
	And condition
}

type condition struct {
	Prefix                string
	Tag                   []store.Tag
	ObjectSizeGreaterThan *int64
	ObjectSizeLessThan    *int64
}

// Parse reads a LifecycleConfiguration document that the S3 API has checked and stored. No document means no rules.
func Parse(doc []byte) (Rules, error) {
	if len(doc) == 0 {
		return nil, nil
	}
	var d document
	if err := xml.Unmarshal(doc, &d); err != nil {
		return nil, fmt.Errorf("read lifecycle configuration: %w", err)
	}
	rules := make(Rules, len(d.Rules))
	for i := range d.Rules {
		rules[i] = d.Rules[i].rule()
	}
	return rules, nil
}

func (d *documentRule) rule() Rule {
	return Rule{
		ID:         d.ID,
		Enabled:    d.Status == "Enabled",
		Filter:     d.Filter.Filter(),
		Transition: Transition{Class: d.Transition.StorageClass, Days: d.Transition.Days, Date: date(d.Transition.Date)},
		Expiration: Expiration{Days: d.Expiration.Days, Date: date(d.Expiration.Date), Markers: d.Expiration.ExpiredObjectDeleteMarker},
		Noncurrent: Noncurrent{Days: d.NoncurrentVersionExpiration.NoncurrentDays, Keep: d.NoncurrentVersionExpiration.NewerNoncurrentVersions},
		AbortDays:  d.AbortIncompleteMultipartUpload.DaysAfterInitiation,
	}
}

// Filter returns what the document says.
func (d *FilterDocument) Filter() Filter {
	// There is either And or one condition beside it.
	return Filter{
		Prefix:  d.Prefix + d.And.Prefix,
		Tags:    append(d.Tag, d.And.Tag...),
		Larger:  cmp.Or(d.ObjectSizeGreaterThan, d.And.ObjectSizeGreaterThan),
		Smaller: cmp.Or(d.ObjectSizeLessThan, d.And.ObjectSizeLessThan),
	}
}

func date(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
