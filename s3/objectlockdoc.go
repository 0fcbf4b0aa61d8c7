package s3

import (
	"strings"
	"time"
)

func (r *PutObjectLockConfigurationRequest) document() ([]byte, error) {
	c := &r.Configuration
	var w xmlWriter
	w.root("ObjectLockConfiguration")
	w.text("ObjectLockEnabled", "Enabled")
	if c.Mode != "" || c.Days != 0 || c.Years != 0 {
		w.begin("Rule")
		w.begin("DefaultRetention")
		w.optional("Mode", c.Mode)
		if c.Days != 0 {
			w.int("Days", c.Days)
		}
		if c.Years != 0 {
			w.int("Years", c.Years)
		}
		w.end("DefaultRetention")
		w.end("Rule")
	}
	w.end("ObjectLockConfiguration")
	return w.b, nil
}

func (r *GetObjectLockConfigurationResponse) parse(s *scanner) error {
	if err := s.root("ObjectLockConfiguration"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "ObjectLockEnabled":
			r.Enabled = strings.EqualFold(strings.TrimSpace(s.str()), "Enabled")
		case "Rule":
			for d := s.depth; s.child(d); {
				if string(s.name()) == "DefaultRetention" {
					r.defaultRetention(s)
				}
			}
		}
	}
	return s.err
}

func (c *ObjectLockConfiguration) defaultRetention(s *scanner) {
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Mode":
			c.Mode = s.str()
		case "Days":
			c.Days = s.int()
		case "Years":
			c.Years = s.int()
		}
	}
}

func (r *PutObjectRetentionRequest) document() ([]byte, error) {
	var w xmlWriter
	w.root("Retention")
	w.optional("Mode", r.Mode)
	if !r.RetainUntilDate.IsZero() {
		w.text("RetainUntilDate", r.RetainUntilDate.UTC().Format(time.RFC3339Nano))
	}
	w.end("Retention")
	return w.b, nil
}

func (r *GetObjectRetentionResponse) parse(s *scanner) error {
	if err := s.root("Retention"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Mode":
			r.Mode = s.str()
		case "RetainUntilDate":
			r.RetainUntilDate = s.time()
		}
	}
	return s.err
}

func (r *PutObjectLegalHoldRequest) document() ([]byte, error) {
	var w xmlWriter
	w.root("LegalHold")
	w.text("Status", r.Status)
	w.end("LegalHold")
	return w.b, nil
}

func (r *GetObjectLegalHoldResponse) parse(s *scanner) error {
	if err := s.root("LegalHold"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		if string(s.name()) == "Status" {
			r.Status = s.str()
		}
	}
	return s.err
}
