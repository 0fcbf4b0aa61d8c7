package s3api

import (
	"net/http"
	"slices"
	"strings"
)

// corsVary is what the answer to a browser depends on, in the words of COS.
const corsVary = "Origin, Access-Control-Request-Headers, Access-Control-Allow-Methods"

// matchCORS returns the first rule that allows a request of that origin, method and headers.
func matchCORS(rules []corsRule, origin, method string, headers []string) *corsRule {
	for i := range rules {
		rule := &rules[i]
		if slices.Contains(rule.methods, method) && matchAny(rule.origins, origin) && rule.allowsAll(headers) {
			return rule
		}
	}
	return nil
}

func (r *corsRule) allowsAll(headers []string) bool {
	for _, header := range headers {
		if !slices.ContainsFunc(r.headers, func(pattern string) bool {
			return wildcard(strings.ToLower(pattern), strings.ToLower(header))
		}) {
			return false
		}
	}
	return true
}

func matchAny(patterns []string, s string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return wildcard(pattern, s) })
}

// wildcard matches s against a pattern in which one * stands for any characters.
func wildcard(pattern, s string) bool {
	before, after, found := strings.Cut(pattern, "*")
	if !found {
		return pattern == s
	}
	return len(s) >= len(before)+len(after) && strings.HasPrefix(s, before) && strings.HasSuffix(s, after)
}

// corsRules returns the rules of the call's bucket, nil if it has none.
func (c *call) corsRules() []corsRule {
	if c.bucket == "" {
		return nil
	}
	b, err := c.store.Bucket(c.r.Context(), c.bucket)
	if err != nil || b.CORS == nil {
		return nil
	}
	top, err := parseXML(b.CORS, "CORSConfiguration")
	if err != nil {
		return nil
	}
	rules, err := parseCORS(top)
	if err != nil {
		return nil
	}
	return rules
}

// applyCORS adds to the answer what lets a script of another origin read it, errors included. Requests that do not come from
// a browser have no Origin and cost nothing here.
func (c *call) applyCORS() {
	origin := c.r.Header.Get("Origin")
	if origin == "" {
		return
	}
	if rule := matchCORS(c.corsRules(), origin, c.r.Method, nil); rule != nil {
		c.setCORSHeaders(rule, origin)
	}
}

func (c *call) setCORSHeaders(rule *corsRule, origin string) {
	h := c.w.Header()
	if slices.Contains(rule.origins, "*") {
		h.Set("Access-Control-Allow-Origin", "*")
	} else {
		h.Set("Access-Control-Allow-Origin", origin)
	}
	// COS says so even beside a *, with which no browser sends credentials.
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Allow-Methods", strings.Join(rule.methods, ", "))
	if len(rule.expose) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(rule.expose, ", "))
	}
	if rule.hasMaxAge {
		h.Set("Access-Control-Max-Age", rule.maxAgeSeconds)
	}
	h.Set("Vary", corsVary)
}

// preflight answers OPTIONS, which asks what a script may do and needs no authorization.
func (c *call) preflight() error {
	h := c.r.Header
	origin, method := h.Get("Origin"), h.Get("Access-Control-Request-Method")
	switch {
	case origin == "":
		return newErrorMessage(codeBadRequest, "Insufficient information. Origin request header needed.")
	case method == "":
		return newErrorMessage(codeBadRequest, "Insufficient information. Access-Control-Request-Method request header needed.")
	case c.bucket == "":
		return newError(codeAccessForbidden)
	}
	var headers []string
	for _, line := range h["Access-Control-Request-Headers"] {
		for header := range strings.SplitSeq(line, ",") {
			if header = strings.TrimSpace(header); header != "" {
				headers = append(headers, header)
			}
		}
	}
	rules := c.corsRules()
	if rules == nil {
		return newErrorMessage(codeAccessForbidden, "CORSResponse: CORS is not enabled for this bucket.")
	}
	rule := matchCORS(rules, origin, method, headers)
	if rule == nil {
		return newError(codeAccessForbidden)
	}
	c.setCORSHeaders(rule, origin)
	if len(headers) > 0 {
		c.w.Header().Set("Access-Control-Allow-Headers", strings.Join(headers, ", "))
	}
	c.writeStatus(http.StatusOK)
	return nil
}
