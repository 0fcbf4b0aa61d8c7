package s3

import (
	"errors"
	"fmt"
)

func (r *PutBucketWebsiteRequest) document() ([]byte, error) {
	site := &r.Website
	if err := site.check(); err != nil {
		return nil, fmt.Errorf("website: %w", err)
	}
	var w xmlWriter
	w.root("WebsiteConfiguration")
	if to := site.RedirectAllTo; to != nil {
		w.begin("RedirectAllRequestsTo")
		w.text("HostName", to.HostName)
		w.optional("Protocol", to.Protocol)
		w.end("RedirectAllRequestsTo")
	}
	if site.IndexDocument != "" {
		w.begin("IndexDocument")
		w.text("Suffix", site.IndexDocument)
		w.end("IndexDocument")
	}
	if site.ErrorDocument != "" {
		w.begin("ErrorDocument")
		w.text("Key", site.ErrorDocument)
		w.end("ErrorDocument")
	}
	if len(site.RoutingRules) > 0 {
		w.begin("RoutingRules")
		for i := range site.RoutingRules {
			w.routingRule(&site.RoutingRules[i])
		}
		w.end("RoutingRules")
	}
	w.end("WebsiteConfiguration")
	return w.b, nil
}

// check refuses what the document cannot hold.
func (site *Website) check() error {
	texts := []string{site.IndexDocument, site.ErrorDocument}
	if to := site.RedirectAllTo; to != nil {
		if to.Code != 0 || to.ReplacePrefix != nil || to.ReplaceKey != nil {
			return errors.New("RedirectAllTo has only HostName and Protocol; a RoutingRule can do more")
		}
		texts = append(texts, to.HostName, to.Protocol)
	}
	for i := range site.RoutingRules {
		rule := &site.RoutingRules[i]
		texts = append(texts, rule.KeyPrefix, rule.RedirectTo.HostName, rule.RedirectTo.Protocol)
		for _, s := range []*string{rule.RedirectTo.ReplaceKey, rule.RedirectTo.ReplacePrefix} {
			if s != nil {
				texts = append(texts, *s)
			}
		}
	}
	for _, s := range texts {
		if err := checkXML(s); err != nil {
			return err
		}
	}
	return nil
}

func (w *xmlWriter) routingRule(r *RoutingRule) {
	w.begin("RoutingRule")
	if r.ErrorCode != 0 || r.KeyPrefix != "" {
		w.begin("Condition")
		if r.ErrorCode != 0 {
			w.int("HttpErrorCodeReturnedEquals", r.ErrorCode)
		}
		w.optional("KeyPrefixEquals", r.KeyPrefix)
		w.end("Condition")
	}
	to := &r.RedirectTo
	w.begin("Redirect")
	w.optional("HostName", to.HostName)
	if to.Code != 0 {
		w.int("HttpRedirectCode", to.Code)
	}
	w.optional("Protocol", to.Protocol)
	if to.ReplacePrefix != nil {
		w.text("ReplaceKeyPrefixWith", *to.ReplacePrefix)
	}
	if to.ReplaceKey != nil {
		w.text("ReplaceKeyWith", *to.ReplaceKey)
	}
	w.end("Redirect")
	w.end("RoutingRule")
}

func (r *GetBucketWebsiteResponse) parse(s *scanner) error {
	if err := s.root("WebsiteConfiguration"); err != nil {
		return err
	}
	site := &r.Website
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "IndexDocument":
			site.IndexDocument = s.only("Suffix")
		case "ErrorDocument":
			site.ErrorDocument = s.only("Key")
		case "RedirectAllRequestsTo":
			to := s.websiteRedirect()
			site.RedirectAllTo = &to
		case "RoutingRules":
			for d := s.depth; s.child(d); {
				if string(s.name()) == "RoutingRule" {
					site.RoutingRules = append(site.RoutingRules, s.routingRule())
				}
			}
		}
	}
	return s.err
}

// only returns the text of the one child that an element has.
func (s *scanner) only(name string) (text string) {
	for d := s.depth; s.child(d); {
		if string(s.name()) == name {
			text = s.str()
		}
	}
	return text
}

func (s *scanner) routingRule() (r RoutingRule) {
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Condition":
			for d := s.depth; s.child(d); {
				switch string(s.name()) {
				case "KeyPrefixEquals":
					r.KeyPrefix = s.str()
				case "HttpErrorCodeReturnedEquals":
					r.ErrorCode = s.int()
				}
			}
		case "Redirect":
			r.RedirectTo = s.websiteRedirect()
		}
	}
	return r
}

func (s *scanner) websiteRedirect() (to WebsiteRedirect) {
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "HostName":
			to.HostName = s.str()
		case "Protocol":
			to.Protocol = s.str()
		case "HttpRedirectCode":
			to.Code = s.int()
		case "ReplaceKeyPrefixWith":
			text := s.str()
			to.ReplacePrefix = &text
		case "ReplaceKeyWith":
			text := s.str()
			to.ReplaceKey = &text
		}
	}
	return to
}
