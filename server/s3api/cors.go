package s3api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/icos-go/icos/server/store"
)

const (
	maxCORSRules = 100
	maxCORSBody  = 64 << 10 // bytes
)

// corsRule is one CORSRule.
type corsRule struct {
	id            string
	origins       []string
	methods       []string
	headers       []string
	expose        []string
	maxAge        int
	hasMaxAge     bool
	maxAgeSeconds string // maxAge as in the header
}

// parseCORS reads and checks a CORSConfiguration document.
func parseCORS(top *element) ([]corsRule, error) {
	if err := top.only("CORSRule"); err != nil {
		return nil, err
	}
	if n := len(top.children); n == 0 || n > maxCORSRules {
		return nil, malformedXML("a CORSConfiguration has 1 to 100 rules")
	}
	rules := make([]corsRule, 0, len(top.children))
	for _, e := range top.children {
		rule, err := parseCORSRule(e)
		if err != nil {
			return nil, err
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

func parseCORSRule(e *element) (corsRule, error) {
	rule := corsRule{
		id:      e.value("ID"),
		origins: e.values("AllowedOrigin"),
		methods: e.values("AllowedMethod"),
		headers: e.values("AllowedHeader"),
		expose:  e.values("ExposeHeader"),
	}
	if err := e.only("ID", "AllowedOrigin", "AllowedMethod", "AllowedHeader", "ExposeHeader", "MaxAgeSeconds"); err != nil {
		return rule, err
	}
	if len(rule.origins) == 0 || len(rule.methods) == 0 {
		return rule, malformedXML("a CORSRule has at least one AllowedOrigin and one AllowedMethod")
	}
	if len(rule.id) > 255 {
		return rule, invalidArgument("The ID of a CORSRule has at most 255 characters")
	}
	for _, method := range rule.methods {
		switch method {
		case "GET", "PUT", "POST", "DELETE", "HEAD":
		default:
			return rule, invalidRequest("Found unsupported HTTP method in CORS config. Unsupported method is " + method)
		}
	}
	for _, origin := range rule.origins {
		if strings.Count(origin, "*") > 1 {
			return rule, invalidRequest(`AllowedOrigin "` + origin + `" can not have more than one wildcard.`)
		}
	}
	for _, header := range rule.headers {
		if strings.Count(header, "*") > 1 {
			return rule, invalidRequest(`AllowedHeader "` + header + `" can not have more than one wildcard.`)
		}
	}
	for _, header := range rule.expose {
		if strings.Contains(header, "*") {
			return rule, invalidRequest(`ExposeHeader "` + header + `" contains wildcard. We currently do not support wildcard for ExposeHeader.`)
		}
	}
	for _, text := range slices.Concat(rule.headers, rule.expose, rule.origins) {
		if strings.ContainsAny(text, "\r\n") {
			return rule, malformedXML("a line break in a CORSRule")
		}
	}
	if e.child("MaxAgeSeconds") != nil {
		n, err := e.integer("MaxAgeSeconds")
		if err != nil || n < 0 {
			return rule, malformedXML("MaxAgeSeconds is not a number of seconds")
		}
		rule.maxAge, rule.hasMaxAge, rule.maxAgeSeconds = n, true, strconv.Itoa(n)
	}
	return rule, nil
}

// cors writes the rules as a document, which is what is stored and what GET answers with.
func (x *xmlWriter) cors(rules []corsRule) {
	x.root("CORSConfiguration")
	for i := range rules {
		rule := &rules[i]
		x.open("CORSRule")
		x.optional("ID", rule.id)
		for _, list := range []struct {
			name   string
			values []string
		}{
			{"AllowedOrigin", rule.origins},
			{"AllowedMethod", rule.methods},
			{"AllowedHeader", rule.headers},
			{"ExposeHeader", rule.expose},
		} {
			for _, value := range list.values {
				x.text(list.name, value)
			}
		}
		if rule.hasMaxAge {
			x.int("MaxAgeSeconds", int64(rule.maxAge))
		}
		x.close("CORSRule")
	}
	x.close("CORSConfiguration")
}

func (c *call) getCORS() error {
	if c.info.CORS == nil {
		return newError(codeNoSuchCORSConfiguration)
	}
	x := newXML()
	x.b = append(x.b[:0], c.info.CORS...)
	return c.writeXML(http.StatusOK, x)
}

func (c *call) putCORS() error {
	if err := c.needDigest(); err != nil {
		return err
	}
	top, err := c.document(maxCORSBody, "CORSConfiguration")
	if err != nil {
		return err
	}
	rules, err := parseCORS(top)
	if err != nil {
		return err
	}
	x := newXML()
	x.cors(rules)
	document := slices.Clone(x.b)
	x.free()
	return c.setCORS(document, http.StatusOK)
}

func (c *call) deleteCORS() error { return c.setCORS(nil, http.StatusNoContent) }

func (c *call) setCORS(document []byte, status int) error {
	if _, err := c.store.UpdateBucket(c.r.Context(), c.bucket, func(b *store.Bucket) error {
		b.CORS = document
		return nil
	}); err != nil {
		return err
	}
	c.writeStatus(status)
	return nil
}
