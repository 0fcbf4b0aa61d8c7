package s3api

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/icos-go/icos/server/lifecycle"
	"github.com/icos-go/icos/server/store"
)

const (
	maxLifecycleRules = 1000
	maxLifecycleBody  = 4 << 20 // bytes: a thousand rules with a long prefix and some tags
	maxLifecycleDays  = 36500   // a hundred years; more is a mistake, and would leave the years that dates have
	maxKeptVersions   = 100     // NewerNoncurrentVersions

	codeNoSuchLifecycle code = "NoSuchLifecycleConfiguration"
)

func (rs *routes) lifecycle() {
	rs.add(bucket, "GET", "lifecycle", "GetBucketLifecycleConfiguration", needOwner, (*call).getLifecycle)
	rs.add(bucket, "PUT", "lifecycle", "PutBucketLifecycleConfiguration", needOwner, (*call).putLifecycle)
	rs.add(bucket, "DELETE", "lifecycle", "DeleteBucketLifecycle", needOwner, (*call).deleteLifecycle)
	rs.add(object, "POST", "restore", "RestoreObject", needWrite, (*call).restoreObject)
}

func (c *call) getLifecycle() error {
	if c.info.Documents["lifecycle"] == nil {
		return noLifecycle()
	}
	return c.getConfiguration("lifecycle", codeNoSuchLifecycle)
}

func (c *call) putLifecycle() error {
	if err := c.needDigest(); err != nil {
		return err
	}
	top, err := c.document(maxLifecycleBody, "LifecycleConfiguration")
	if err != nil {
		return err
	}
	rules, err := parseLifecycle(top, c.today())
	if err != nil {
		return err
	}
	x := newXML()
	x.lifecycle(rules)
	return c.setConfiguration("lifecycle", x.take(), http.StatusOK, nil)
}

// deleteLifecycle answers 404 if there is none, as COS does, unlike Amazon.
func (c *call) deleteLifecycle() error {
	return c.setConfiguration("lifecycle", nil, http.StatusNoContent, func(b *store.Bucket) error {
		if b.Documents["lifecycle"] == nil {
			return noLifecycle()
		}
		return nil
	})
}

func noLifecycle() error {
	return &apiError{code: codeNoSuchLifecycle, status: http.StatusNotFound, message: "The lifecycle configuration does not exist"}
}

// rules are the lifecycle rules of the bucket.
func (c *call) rules() lifecycle.Rules {
	rules, err := c.lifecycles.of(c.bucket, c.info.Documents["lifecycle"], lifecycle.Parse)
	if err != nil {
		c.log.Error("lifecycle", "bucket", c.bucket, "err", err) // it was checked before it was stored
	}
	return rules
}

// parseLifecycle reads and checks a LifecycleConfiguration document.
func parseLifecycle(top *element, now time.Time) (lifecycle.Rules, error) {
	if err := top.only("Rule"); err != nil {
		return nil, err
	}
	if n := len(top.children); n == 0 || n > maxLifecycleRules {
		return nil, malformedXML("a LifecycleConfiguration has 1 to 1000 rules")
	}
	rules := make(lifecycle.Rules, 0, len(top.children))
	ids := make(ruleIDs)
	transitions := 0
	for _, e := range top.children {
		rule, err := parseLifecycleRule(e, now)
		if err != nil {
			return nil, err
		}
		if rule.ID, err = ids.add(rule.ID); err != nil {
			return nil, err
		}
		if rule.Transition.Class != "" {
			transitions++
		}
		rules = append(rules, rule)
	}
	if transitions > 1 {
		return nil, invalidRequest("A bucket has at most one rule with a Transition")
	}
	return rules, nil
}

func parseLifecycleRule(e *element, now time.Time) (lifecycle.Rule, error) {
	rule := lifecycle.Rule{ID: e.value("ID")}
	if e.child("NoncurrentVersionTransition") != nil {
		return rule, notImplemented("NoncurrentVersionTransition is not implemented: noncurrent versions can not be archived")
	}
	if err := e.only("ID", "Status", "Filter", "Prefix", "Transition", "Expiration", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"); err != nil {
		return rule, err
	}
	if err := e.once("ID", "Status", "Filter", "Prefix", "Transition", "Expiration", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"); err != nil {
		return rule, err
	}
	if err := checkRuleID(rule.ID); err != nil {
		return rule, err
	}
	var err error
	if rule.Enabled, err = e.status("Status"); err != nil {
		return rule, err
	}
	if rule.Filter, err = parseLifecycleFilter(e); err != nil {
		return rule, err
	}
	if rule.Transition, err = parseTransition(e.child("Transition"), now); err != nil {
		return rule, err
	}
	if rule.Expiration, err = parseExpiration(e.child("Expiration")); err != nil {
		return rule, err
	}
	if rule.Noncurrent, err = parseNoncurrent(e.child("NoncurrentVersionExpiration")); err != nil {
		return rule, err
	}
	if a := e.child("AbortIncompleteMultipartUpload"); a != nil {
		if err := a.only("DaysAfterInitiation"); err != nil {
			return rule, err
		}
		if rule.AbortDays, err = a.days("DaysAfterInitiation", 1); err != nil {
			return rule, err
		}
	}
	return rule, checkLifecycleRule(&rule)
}

// checkLifecycleRule refuses what can not go together.
func checkLifecycleRule(r *lifecycle.Rule) error {
	f := &r.Filter
	sized := f.Larger != nil || f.Smaller != nil
	switch {
	case r.Transition.Class == "" && r.Expiration == (lifecycle.Expiration{}) && r.Noncurrent.Days == 0 && r.AbortDays == 0:
		return invalidRequest("At least one action needs to be specified in a rule.")
	case r.Transition.Class != "" && (f.Prefix != "" || len(f.Tags) > 0 || sized):
		return invalidRequest("The Filter of a rule with a Transition must be empty: a bucket is archived as a whole.")
	case r.AbortDays > 0 && (len(f.Tags) > 0 || sized):
		return invalidRequest("AbortIncompleteMultipartUpload cannot be specified with Tags or object sizes.")
	case r.Expiration.Markers && (len(f.Tags) > 0 || sized):
		return invalidRequest("ExpiredObjectDeleteMarker cannot be specified with Tags or object sizes.")
	case f.Larger != nil && f.Smaller != nil && *f.Larger >= *f.Smaller:
		return invalidRequest("ObjectSizeLessThan must be greater than ObjectSizeGreaterThan.")
	}
	return nil
}

// parseLifecycleFilter reads the Filter of a rule, or the Prefix that older clients send in its place.
func parseLifecycleFilter(rule *element) (lifecycle.Filter, error) {
	e, prefix := rule.child("Filter"), rule.child("Prefix")
	switch {
	case e == nil && prefix == nil:
		return lifecycle.Filter{}, malformedXML("a rule without Filter")
	case e == nil:
		return lifecycle.Filter{Prefix: prefix.text}, checkFilterPrefix(prefix.text)
	case prefix != nil && prefix.text != "":
		return lifecycle.Filter{}, malformedXML("a rule with Filter and Prefix")
	}
	if len(e.children) > 1 {
		return lifecycle.Filter{}, malformedXML("a Filter with several conditions needs And around them")
	}
	if and := e.child("And"); and != nil {
		return parseCondition(and)
	}
	return parseCondition(e)
}

func parseCondition(e *element) (lifecycle.Filter, error) {
	f := lifecycle.Filter{Prefix: e.value("Prefix")}
	if err := e.only("Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan"); err != nil {
		return f, err
	}
	if err := e.once("Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan"); err != nil {
		return f, err
	}
	if err := checkFilterPrefix(f.Prefix); err != nil {
		return f, err
	}
	var err error
	if f.Tags, err = e.filterTags(); err != nil {
		return f, err
	}
	if f.Larger, err = e.size("ObjectSizeGreaterThan"); err != nil {
		return f, err
	}
	f.Smaller, err = e.size("ObjectSizeLessThan")
	return f, err
}

func checkFilterPrefix(prefix string) error {
	if len(prefix) > store.MaxKeyLength {
		return invalidRequest("The maximum size of a prefix is 1024.")
	}
	return nil
}

// filterTags reads the Tag elements of a filter.
func (e *element) filterTags() ([]store.Tag, error) {
	var tags []store.Tag
	seen := make(map[string]bool)
	for _, t := range e.children {
		if t.name != "Tag" {
			continue
		}
		if err := t.only("Key", "Value"); err != nil {
			return nil, err
		}
		tag := store.Tag{Key: t.value("Key"), Value: t.value("Value")}
		switch {
		case tag.Key == "" || len(tag.Key) > maxFilterTagKey:
			return nil, newErrorMessage("InvalidTag", "The TagKey you have provided is invalid")
		case len(tag.Value) > maxFilterTagValue:
			return nil, newErrorMessage("InvalidTag", "The TagValue you have provided is invalid")
		case seen[tag.Key]:
			return nil, invalidRequest("Duplicate Tag Keys are not allowed.")
		}
		seen[tag.Key] = true
		tags = append(tags, tag)
	}
	return tags, nil
}

// Bytes of a tag.
const (
	maxFilterTagKey   = 256
	maxFilterTagValue = 512
)

// parseTransition reads a Transition. Its date must lie in the future.
func parseTransition(e *element, now time.Time) (lifecycle.Transition, error) {
	var t lifecycle.Transition
	if e == nil {
		return t, nil
	}
	if err := e.only("Days", "Date", "StorageClass"); err != nil {
		return t, err
	}
	if (e.child("Days") == nil) == (e.child("Date") == nil) {
		return t, malformedXML("a Transition has either Days or Date")
	}
	var err error
	switch t.Class = e.value("StorageClass"); t.Class {
	case lifecycle.Glacier, lifecycle.Accelerated:
	default:
		return t, malformedXML("the StorageClass of a Transition is GLACIER or ACCELERATED")
	}
	if e.child("Days") != nil {
		t.Days, err = e.days("Days", 0)
		return t, err
	}
	if t.Date, err = e.date("Date"); err != nil {
		return t, err
	}
	if !t.Date.After(now) {
		return t, invalidArgument("'Date' of a Transition must be in the future")
	}
	return t, nil
}

// parseExpiration reads an Expiration. Its date may have passed: COS then takes some days for it.
func parseExpiration(e *element) (lifecycle.Expiration, error) {
	var x lifecycle.Expiration
	if e == nil {
		return x, nil
	}
	if err := e.only("Days", "Date", "ExpiredObjectDeleteMarker"); err != nil {
		return x, err
	}
	var err error
	if x.Markers, err = e.boolean("ExpiredObjectDeleteMarker"); err != nil {
		return x, err
	}
	actions := 0
	if x.Markers {
		actions++
	}
	if e.child("Days") != nil {
		actions++
		if x.Days, err = e.days("Days", 1); err != nil {
			return x, err
		}
	}
	if e.child("Date") != nil {
		actions++
		if x.Date, err = e.date("Date"); err != nil {
			return x, err
		}
	}
	if actions != 1 {
		return x, malformedXML("an Expiration has one of Days, Date and ExpiredObjectDeleteMarker")
	}
	return x, nil
}

func parseNoncurrent(e *element) (lifecycle.Noncurrent, error) {
	var n lifecycle.Noncurrent
	if e == nil {
		return n, nil
	}
	if err := e.only("NoncurrentDays", "NewerNoncurrentVersions"); err != nil {
		return n, err
	}
	var err error
	if n.Days, err = e.days("NoncurrentDays", 1); err != nil {
		return n, err
	}
	if e.child("NewerNoncurrentVersions") != nil {
		if n.Keep, err = e.integer("NewerNoncurrentVersions"); err != nil {
			return n, err
		}
		if n.Keep < 1 || n.Keep > maxKeptVersions {
			return n, invalidArgument("NewerNoncurrentVersions must be between 1 and 100")
		}
	}
	return n, nil
}

// ruleIDs are the IDs of the lifecycle or replication rules of a document.
type ruleIDs map[string]bool

// add returns the ID of one more rule: a new one if it has none.
func (ids ruleIDs) add(id string) (string, error) {
	if id == "" {
		id = newRequestID()
	}
	if ids[id] {
		return "", invalidArgument("Rule ID must be unique. Found same ID for more than one rule: " + id)
	}
	ids[id] = true
	return id, nil
}

// checkRuleID checks the ID of a lifecycle or replication rule, which may be absent.
func checkRuleID(id string) error {
	if len(id) > 255 {
		return invalidArgument("ID length should not exceed allowed limit of 255")
	}
	for _, r := range id {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("!_.*'()-", r) {
			return invalidArgument("The ID of a rule consists of letters, digits and !_.*'()-: " + strconv.Quote(id))
		}
	}
	return nil
}
