package s3api

import (
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/store"
)

// A website endpoint serves the objects of a bucket to browsers: nobody signs in, directories have a page, and errors are pages.

// serveWebsite answers a request to the website of a bucket.
func (c *call) serveWebsite() error {
	c.who = iam.Principal{Anonymous: true}
	c.op = c.routes.visits[c.r.Method]
	c.query = nil // sites do not look at it
	if err := c.parseWebsite(); err != nil {
		return c.websiteError(err)
	}
	if c.r.Method == http.MethodOptions {
		return c.preflight()
	}
	c.applyCORS()
	if c.op == nil {
		e := newError(codeMethodNotAllowed)
		e.headers = []string{"Allow", "GET, HEAD"}
		return c.websiteError(e)
	}
	if c.faults.Active() {
		if err := c.disturb(); err != nil {
			return c.websiteError(err)
		}
	}
	if err := c.authorize(needBucket); err != nil {
		return c.websiteError(err)
	}
	site, err := c.websiteOf(c.info)
	if err != nil {
		return c.websiteError(err)
	}
	if site == nil {
		return c.websiteError(newError(codeNoSuchWebsite))
	}
	return c.visit(site)
}

// parseWebsite finds the bucket and the key.
func (c *call) parseWebsite() error {
	c.bucket = c.sitesAt.Bucket(c.r.Host)
	var err error
	if c.key, err = url.PathUnescape(strings.TrimPrefix(rawPath(c.r), "/")); err != nil {
		return newError(codeInvalidURI)
	}
	if !plausibleBucket(c.bucket) {
		return newError(codeInvalidBucketName)
	}
	return checkKey(c.key)
}

// visit answers a request to a site.
func (c *call) visit(site *website) error {
	asked := c.key
	if site.redirectAll != nil {
		return c.redirect(site.redirectAll, asked, "", http.StatusMovedPermanently)
	}
	if rule := site.route(asked, 0); rule != nil {
		return c.redirect(&rule.to, asked, rule.prefix, http.StatusMovedPermanently)
	}
	if asked == "" || strings.HasSuffix(asked, "/") {
		c.key += site.index
	}
	err := c.sendPage()
	if err == nil || c.started {
		return err
	}
	if asked != "" && !strings.HasSuffix(asked, "/") && c.hasPage(asked+"/"+site.index) {
		return c.redirect(&redirect{}, asked+"/", "", http.StatusFound)
	}
	if rule := site.route(asked, toAPIError(err).status); rule != nil {
		return c.redirect(&rule.to, asked, rule.prefix, http.StatusMovedPermanently)
	}
	if site.errorKey != "" {
		page, perr := c.openPage(site.errorKey)
		if perr == nil {
			defer page.Close()
			return c.sendErrorPage(page, err)
		}
	}
	c.key = asked
	return c.websiteError(err)
}

// route returns the first rule for a key, among those for a status; 0 stands for the rules that apply before anything is read.
func (site *website) route(key string, status int) *routingRule {
	for i := range site.rules {
		if rule := &site.rules[i]; rule.status == status && strings.HasPrefix(key, rule.prefix) {
			return rule
		}
	}
	return nil
}

// sendPage answers with the object of the call's key, if everybody may read it.
func (c *call) sendPage() error {
	r, err := c.openPage(c.key)
	if err != nil {
		return err
	}
	defer r.Close()
	v, err := c.view(r.Object(), r)
	if err != nil {
		return err
	}
	if to := r.Object().WebsiteRedirect; to != "" {
		return c.redirectTo(to, http.StatusMovedPermanently)
	}
	if v.status != http.StatusNotModified {
		if err := c.readable(r.Object()); err != nil {
			return err
		}
	}
	c.writeView(v)
	if v.status == http.StatusNotModified || c.r.Method == http.MethodHead {
		return nil
	}
	return c.send(r, v.byteRange)
}

// openPage opens the object of a key that everybody may read.
func (c *call) openPage(key string) (*store.Reader, error) {
	c.key = key
	if err := c.authorize(needBucket); err != nil {
		return nil, err
	}
	r, err := c.store.Open(c.r.Context(), c.bucket, key)
	if err != nil {
		return nil, c.hidden(err)
	}
	if !c.mayObject(r.Object(), needRead) {
		r.Close()
		return nil, newError(codeAccessDenied)
	}
	return r, nil
}

// hasPage reports whether there is an object that everybody may read.
func (c *call) hasPage(key string) bool {
	if checkKey(key) != nil {
		return false
	}
	r, err := c.openPage(key)
	if err != nil {
		return false
	}
	r.Close()
	return true
}

// sendErrorPage answers an error with the page that the site has for errors.
func (c *call) sendErrorPage(r *store.Reader, cause error) error {
	if c.unseal(c.bucket, r.Object(), r, customerPrefix) != nil || c.readable(r.Object()) != nil {
		return c.websiteError(cause)
	}
	e := toAPIError(cause)
	c.code = e.code
	o := r.Object()
	h := c.w.Header()
	h["Content-Type"] = []string{o.ContentType}
	if o.ContentEncoding != "" {
		h["Content-Encoding"] = []string{o.ContentEncoding}
	}
	h["Content-Length"] = []string{strconv.FormatInt(o.Size, 10)}
	c.setWebsiteError(e)
	c.writeHeader(e.status)
	if c.r.Method == http.MethodHead {
		return nil
	}
	return c.send(r, byteRange{0, o.Size})
}

// redirect sends the browser to where a rule says: key is the one asked for, and prefix that which the rule is for.
func (c *call) redirect(to *redirect, key, prefix string, code int) error {
	switch {
	case to.replacesKey:
		key = to.key
	case to.replacesPrefix:
		key = to.prefix + strings.TrimPrefix(key, prefix)
	}
	if to.code != 0 {
		code = to.code
	}
	scheme, host := to.protocol, to.host
	if scheme == "" {
		scheme = "http"
		if c.r.TLS != nil {
			scheme = "https"
		}
	}
	if host == "" {
		host = c.r.Host
	}
	return c.redirectTo(string(appendURLEncoded([]byte(scheme+"://"+host+"/"), key)), code)
}

func (c *call) redirectTo(address string, code int) error {
	c.w.Header()["Location"] = []string{address}
	c.writeStatus(code)
	return nil
}

// setWebsiteError says in headers what an error page says, for programs.
func (c *call) setWebsiteError(e *apiError) {
	h := c.w.Header()
	h["X-Amz-Error-Code"] = []string{string(e.code)}
	for i := 0; i+1 < len(e.headers); i += 2 {
		h.Set(e.headers[i], e.headers[i+1])
	}
}

// websiteError answers an error with a page.
func (c *call) websiteError(err error) error {
	e := toAPIError(err)
	c.code = e.code
	if e.status >= 500 && e.cause != nil && c.r.Context().Err() == nil {
		c.log.Error("request", "id", c.id, "operation", c.name(), "bucket", c.bucket, "key", c.key, "err", e.cause)
	}
	c.setWebsiteError(e)
	title := strconv.Itoa(e.status) + " " + http.StatusText(e.status)
	var page strings.Builder
	page.WriteString("<html>\n<head><title>" + title + "</title></head>\n<body>\n<h1>" + title + "</h1>\n<ul>\n")
	for _, line := range [][2]string{
		{"Code", string(e.code)}, {"Message", e.message}, {"BucketName", c.bucket}, {"Key", c.key}, {"RequestId", c.id},
	} {
		if line[1] != "" {
			page.WriteString("<li>" + line[0] + ": " + html.EscapeString(line[1]) + "</li>\n")
		}
	}
	page.WriteString("</ul>\n<hr/>\n</body>\n</html>\n")
	h := c.w.Header()
	h["Content-Type"] = []string{"text/html; charset=utf-8"}
	h["Content-Length"] = []string{strconv.Itoa(page.Len())}
	c.writeHeader(e.status)
	if c.r.Method == http.MethodHead {
		return nil
	}
	_, werr := c.w.Write([]byte(page.String()))
	return werr
}
