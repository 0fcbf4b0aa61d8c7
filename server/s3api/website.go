package s3api

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/icos-go/icos/server/store"
)

// Limits of a WebsiteConfiguration.
const (
	maxRoutingRules = 50
	maxWebsiteBody  = 128 << 10 // bytes
)

// websiteDocument is the name of the configuration, which is that of its sub-resource.
const websiteDocument = "website"

// website is a WebsiteConfiguration.
type website struct {
	redirectAll *redirect // of everything; the rest is then empty
	index       string    // suffix of the key of a directory's page
	errorKey    string    // "" if none
	rules       []routingRule
}

// routingRule redirects requests whose key begins with prefix, once they failed with status if that is not 0.
type routingRule struct {
	prefix string
	status int
	to     redirect
}

// redirect says what in the address of a request to replace; empty fields say nothing.
type redirect struct {
	host, protocol string
	code           int // 0: 301
	key            string
	replacesKey    bool
	prefix         string
	replacesPrefix bool
}

func (rs *routes) website() {
	rs.add(bucket, "GET", websiteDocument, "GetBucketWebsite", needOwner, (*call).getWebsite)
	rs.add(bucket, "PUT", websiteDocument, "PutBucketWebsite", needOwner, (*call).putWebsite)
	rs.add(bucket, "DELETE", websiteDocument, "DeleteBucketWebsite", needOwner, (*call).deleteWebsite)
	rs.visits = map[string]*operation{
		// To roles and to the firewall, a visit is a read of the object.
		http.MethodGet:  {name: "WebsiteGet", need: needBucket, access: rs.accesses["GetObject"]},
		http.MethodHead: {name: "WebsiteHead", need: needBucket, access: rs.accesses["HeadObject"]},
	}
}

func (c *call) getWebsite() error {
	return c.getConfiguration(websiteDocument, codeNoSuchWebsite)
}

func (c *call) putWebsite() error {
	if err := c.needDigest(); err != nil {
		return err
	}
	top, err := c.document(maxWebsiteBody, "WebsiteConfiguration")
	if err != nil {
		return err
	}
	site, err := readWebsite(top)
	if err != nil {
		return err
	}
	x := newXML()
	x.website(site)
	return c.setConfiguration(websiteDocument, x.take(), http.StatusOK, nil)
}

// deleteWebsite answers 204 also if there is no configuration.
func (c *call) deleteWebsite() error {
	return c.setConfiguration(websiteDocument, nil, http.StatusNoContent, nil)
}

// websiteOf returns the website of a bucket, nil if it has none.
func (h *handler) websiteOf(b *store.Bucket) (*website, error) {
	return h.sites.of(b.Name, b.Documents[websiteDocument], func(document []byte) (*website, error) {
		top, err := parseXML(document, "WebsiteConfiguration")
		if err != nil {
			return nil, err
		}
		return readWebsite(top)
	})
}

// readWebsite reads and checks a WebsiteConfiguration.
func readWebsite(top *element) (*website, error) {
	const redirectAll, index, errorDocument, rules = "RedirectAllRequestsTo", "IndexDocument", "ErrorDocument", "RoutingRules"
	if err := top.only(redirectAll, index, errorDocument, rules); err != nil {
		return nil, err
	}
	if err := top.once(redirectAll, index, errorDocument, rules); err != nil {
		return nil, err
	}
	var site website
	if e := top.child(redirectAll); e != nil {
		if len(top.children) > 1 {
			return nil, malformedXML("RedirectAllRequestsTo goes with no other element")
		}
		if err := e.only("HostName", "Protocol"); err != nil {
			return nil, err
		}
		to := redirect{host: e.value("HostName"), protocol: e.value("Protocol")}
		if to.host == "" {
			return nil, malformedXML("RedirectAllRequestsTo has no HostName")
		}
		site.redirectAll = &to
		return &site, to.check()
	}
	e := top.child(index)
	if e == nil {
		return nil, invalidArgument("A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty")
	}
	if err := e.only("Suffix"); err != nil {
		return nil, err
	}
	site.index = e.value("Suffix")
	if site.index == "" || strings.Contains(site.index, "/") || len(site.index) > store.MaxKeyLength {
		return nil, invalidArgument("The IndexDocument Suffix is not well formed")
	}
	if e := top.child(errorDocument); e != nil {
		if err := e.only("Key"); err != nil {
			return nil, err
		}
		if site.errorKey = e.value("Key"); site.errorKey == "" || checkKey(site.errorKey) != nil {
			return nil, invalidArgument("The ErrorDocument Key is not well formed")
		}
	}
	if e := top.child(rules); e != nil {
		if err := e.only("RoutingRule"); err != nil {
			return nil, err
		}
		if n := len(e.children); n == 0 || n > maxRoutingRules {
			return nil, invalidArgument("RoutingRules hold 1 to " + strconv.Itoa(maxRoutingRules) + " rules")
		}
		for _, e := range e.children {
			rule, err := readRoutingRule(e)
			if err != nil {
				return nil, err
			}
			site.rules = append(site.rules, rule)
		}
	}
	return &site, nil
}

func readRoutingRule(e *element) (rule routingRule, err error) {
	if err := e.only("Condition", "Redirect"); err != nil {
		return rule, err
	}
	if err := e.once("Condition", "Redirect"); err != nil {
		return rule, err
	}
	if when := e.child("Condition"); when != nil {
		if err := when.only("HttpErrorCodeReturnedEquals", "KeyPrefixEquals"); err != nil {
			return rule, err
		}
		if len(when.children) == 0 {
			return rule, invalidArgument("Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.")
		}
		rule.prefix = when.value("KeyPrefixEquals")
		if when.child("HttpErrorCodeReturnedEquals") != nil {
			if rule.status, err = when.integer("HttpErrorCodeReturnedEquals"); err != nil {
				return rule, err
			}
			if rule.status < 400 || rule.status > 599 {
				return rule, invalidArgument("The provided HTTP error code is not valid. Valid codes are 4XX or 5XX.")
			}
		}
	}
	to := e.child("Redirect")
	if to == nil || len(to.children) == 0 {
		return rule, malformedXML("a RoutingRule has a Redirect that says what to replace")
	}
	if err := to.only("HostName", "HttpRedirectCode", "Protocol", "ReplaceKeyPrefixWith", "ReplaceKeyWith"); err != nil {
		return rule, err
	}
	rule.to = redirect{
		host: to.value("HostName"), protocol: to.value("Protocol"),
		key: to.value("ReplaceKeyWith"), replacesKey: to.child("ReplaceKeyWith") != nil,
		prefix: to.value("ReplaceKeyPrefixWith"), replacesPrefix: to.child("ReplaceKeyPrefixWith") != nil,
	}
	if rule.to.replacesKey && rule.to.replacesPrefix {
		return rule, invalidArgument("You can only define ReplaceKeyPrefix or ReplaceKey but not both.")
	}
	if to.child("HttpRedirectCode") != nil {
		if rule.to.code, err = to.integer("HttpRedirectCode"); err != nil {
			return rule, err
		}
		if rule.to.code <= 300 || rule.to.code > 399 {
			return rule, invalidArgument("The provided HTTP redirect code is not valid. Valid codes are 3XX except 300.")
		}
	}
	return rule, rule.to.check()
}

// check refuses a redirect to what is no host, or over what is no protocol of websites.
func (r *redirect) check() error {
	if r.protocol != "" && r.protocol != "http" && r.protocol != "https" {
		return invalidArgument("Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.")
	}
	// What follows the host in an address begins with one of these, and no header holds the others.
	if strings.ContainsAny(r.host, "/?#@\\ \t\r\n") || !ascii(r.host) {
		return invalidArgument("The HostName of a redirect is not well formed")
	}
	return nil
}

// website writes a WebsiteConfiguration.
func (x *xmlWriter) website(site *website) {
	x.root("WebsiteConfiguration")
	if to := site.redirectAll; to != nil {
		x.open("RedirectAllRequestsTo")
		x.text("HostName", to.host)
		x.optional("Protocol", to.protocol)
		x.close("RedirectAllRequestsTo")
	}
	if site.index != "" {
		x.open("IndexDocument")
		x.text("Suffix", site.index)
		x.close("IndexDocument")
	}
	if site.errorKey != "" {
		x.open("ErrorDocument")
		x.text("Key", site.errorKey)
		x.close("ErrorDocument")
	}
	if len(site.rules) > 0 {
		x.open("RoutingRules")
		for i := range site.rules {
			x.routingRule(&site.rules[i])
		}
		x.close("RoutingRules")
	}
	x.close("WebsiteConfiguration")
}

func (x *xmlWriter) routingRule(rule *routingRule) {
	x.open("RoutingRule")
	if rule.status != 0 || rule.prefix != "" {
		x.open("Condition")
		if rule.status != 0 {
			x.int("HttpErrorCodeReturnedEquals", int64(rule.status))
		}
		x.optional("KeyPrefixEquals", rule.prefix)
		x.close("Condition")
	}
	to := &rule.to
	x.open("Redirect")
	x.optional("HostName", to.host)
	if to.code != 0 {
		x.int("HttpRedirectCode", int64(to.code))
	}
	x.optional("Protocol", to.protocol)
	if to.replacesPrefix {
		x.text("ReplaceKeyPrefixWith", to.prefix)
	}
	if to.replacesKey {
		x.text("ReplaceKeyWith", to.key)
	}
	x.close("Redirect")
	x.close("RoutingRule")
}
