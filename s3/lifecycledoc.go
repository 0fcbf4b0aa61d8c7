package s3

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

func (r *PutBucketLifecycleRequest) document() ([]byte, error) {
	if n := len(r.Rules); n == 0 || n > 1000 {
		return nil, fmt.Errorf("%d rules: a bucket has between 1 and 1000; use DeleteBucketLifecycle to remove them", n)
	}
	var w xmlWriter
	w.root("LifecycleConfiguration")
	for i := range r.Rules {
		if err := checkFilter(r.Rules[i].Filter.Prefix, r.Rules[i].Filter.Tags); err != nil {
			return nil, err
		}
		w.lifecycleRule(&r.Rules[i])
	}
	w.end("LifecycleConfiguration")
	return w.b, nil
}

// checkFilter refuses what a document cannot hold.
func checkFilter(prefix string, tags []Tag) error {
	if err := checkXML(prefix); err != nil {
		return fmt.Errorf("prefix %w", err)
	}
	for _, t := range tags {
		for _, text := range []string{t.Key, t.Value} {
			if err := checkXML(text); err != nil {
				return fmt.Errorf("tag %w", err)
			}
		}
	}
	return nil
}

func (w *xmlWriter) lifecycleRule(r *LifecycleRule) {
	w.begin("Rule")
	w.optional("ID", r.ID)
	w.filter(&r.Filter)
	w.status("Status", !r.Disabled)
	if t := r.Transition; t != nil {
		w.begin("Transition")
		if t.Date.IsZero() {
			w.int("Days", t.Days)
		} else {
			w.date("Date", t.Date)
		}
		w.text("StorageClass", t.StorageClass)
		w.end("Transition")
	}
	if e := r.Expiration; e != nil {
		w.begin("Expiration")
		if e.Days != 0 {
			w.int("Days", e.Days)
		}
		if !e.Date.IsZero() {
			w.date("Date", e.Date)
		}
		if e.ExpiredObjectDeleteMarker {
			w.text("ExpiredObjectDeleteMarker", "true")
		}
		w.end("Expiration")
	}
	if n := r.NoncurrentExpiration; n != nil {
		w.begin("NoncurrentVersionExpiration")
		w.int("NoncurrentDays", n.Days)
		if n.Keep != 0 {
			w.int("NewerNoncurrentVersions", n.Keep)
		}
		w.end("NoncurrentVersionExpiration")
	}
	if r.AbortDays != 0 {
		w.begin("AbortIncompleteMultipartUpload")
		w.int("DaysAfterInitiation", r.AbortDays)
		w.end("AbortIncompleteMultipartUpload")
	}
	w.end("Rule")
}

// filter writes a Filter. Several conditions have And around them, and an empty
// one has an empty Prefix, which older clients insist on.
func (w *xmlWriter) filter(f *LifecycleFilter) {
	conditions := len(f.Tags)
	for _, has := range []bool{f.Prefix != "", f.LargerThan != nil, f.SmallerThan != nil} {
		if has {
			conditions++
		}
	}
	w.begin("Filter")
	if conditions > 1 {
		w.begin("And")
	}
	if f.Prefix != "" || conditions == 0 {
		w.text("Prefix", f.Prefix)
	}
	for _, t := range f.Tags {
		w.begin("Tag")
		w.text("Key", t.Key)
		w.text("Value", t.Value)
		w.end("Tag")
	}
	if f.LargerThan != nil {
		w.text("ObjectSizeGreaterThan", strconv.FormatInt(*f.LargerThan, 10))
	}
	if f.SmallerThan != nil {
		w.text("ObjectSizeLessThan", strconv.FormatInt(*f.SmallerThan, 10))
	}
	if conditions > 1 {
		w.end("And")
	}
	w.end("Filter")
}

func (w *xmlWriter) status(name string, enabled bool) {
	if enabled {
		w.text(name, "Enabled")
		return
	}
	w.text(name, "Disabled")
}

func (w *xmlWriter) date(name string, t time.Time) {
	w.text(name, t.UTC().Format("2006-01-02T15:04:05.000Z"))
}

func (r *RestoreObjectRequest) document() ([]byte, error) {
	if r.Days < 1 {
		return nil, errors.New("no days: a copy can be read for at least one")
	}
	var w xmlWriter
	w.root("RestoreRequest")
	w.int("Days", r.Days)
	if r.Tier != "" {
		w.begin("GlacierJobParameters")
		w.text("Tier", r.Tier)
		w.end("GlacierJobParameters")
	}
	w.end("RestoreRequest")
	return w.b, nil
}

func (r *GetBucketLifecycleResponse) parse(s *scanner) error {
	if err := s.root("LifecycleConfiguration"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		if string(s.name()) == "Rule" {
			r.Rules = append(r.Rules, s.lifecycleRule())
		}
	}
	return s.err
}

func (s *scanner) lifecycleRule() (r LifecycleRule) {
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "ID":
			r.ID = s.str()
		case "Status":
			r.Disabled = !s.enabled()
		case "Prefix": // as rules were written before there were filters
			r.Filter.Prefix = s.str()
		case "Filter":
			s.filter(&r.Filter)
		case "Transition":
			r.Transition = s.lifecycleTransition()
		case "Expiration":
			r.Expiration = s.lifecycleExpiration()
		case "NoncurrentVersionExpiration":
			r.NoncurrentExpiration = s.noncurrentExpiration()
		case "AbortIncompleteMultipartUpload":
			for d := s.depth; s.child(d); {
				if string(s.name()) == "DaysAfterInitiation" {
					r.AbortDays = s.int()
				}
			}
		}
	}
	return r
}

// filter reads a Filter, or the And in one.
func (s *scanner) filter(f *LifecycleFilter) {
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Prefix":
			f.Prefix = s.str()
		case "Tag":
			f.Tags = append(f.Tags, s.tag())
		case "ObjectSizeGreaterThan":
			n := s.int64()
			f.LargerThan = &n
		case "ObjectSizeLessThan":
			n := s.int64()
			f.SmallerThan = &n
		case "And":
			s.filter(f)
		}
	}
}

// enabled is text as a status, which IBM's documents write in both cases.
func (s *scanner) enabled() bool {
	return strings.EqualFold(string(bytes.TrimSpace(s.text())), "Enabled")
}

func (s *scanner) lifecycleTransition() *LifecycleTransition {
	t := new(LifecycleTransition)
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Days":
			t.Days = s.int()
		case "Date":
			t.Date = s.time()
		case "StorageClass":
			t.StorageClass = s.str()
		}
	}
	return t
}

func (s *scanner) lifecycleExpiration() *LifecycleExpiration {
	e := new(LifecycleExpiration)
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Days":
			e.Days = s.int()
		case "Date":
			e.Date = s.time()
		case "ExpiredObjectDeleteMarker":
			e.ExpiredObjectDeleteMarker = s.bool()
		}
	}
	return e
}

func (s *scanner) noncurrentExpiration() *NoncurrentVersionExpiration {
	n := new(NoncurrentVersionExpiration)
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "NoncurrentDays":
			n.Days = s.int()
		case "NewerNoncurrentVersions":
			n.Keep = s.int()
		}
	}
	return n
}
