package s3

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/icos-go/icos/internal/loopback"
)

// maxRedirects is how many redirects one call follows.
const maxRedirects = 3

// redirect points x at the place that the last answer named. Authorization is made anew for it,
// so the place must be one that may see it: over TLS and in the same domain as
// before, or on this machine if that is where we come from.
func (x *exchange) redirect() error {
	from := x.base
	to, err := from.Parse(x.hint.location)
	if err != nil || to.Host == "" {
		return fmt.Errorf("redirected to %.200q, which is not a URL", x.hint.location)
	}
	local := loopback.Host(from.Hostname()) && loopback.Host(to.Hostname())
	switch {
	case to.Scheme == "https" && (local || related(from.Hostname(), to.Hostname())):
	case to.Scheme == "http" && from.Scheme == "http" && local:
	default:
		return fmt.Errorf("redirected to %s://%s, which is not trusted with the credentials: use it as the endpoint if it is right", to.Scheme, to.Host)
	}
	x.base = &url.URL{Scheme: to.Scheme, Host: to.Host}
	if to.Path != "" {
		x.path, x.rawPath = to.Path, to.RawPath
	}
	if to.RawQuery != "" {
		x.rawQuery = to.RawQuery
	}
	return nil
}

// related says whether two hosts belong together: they are the same, or share what follows their
// first label or the last three labels. A shared last label or two proves nothing.
func related(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if a == b {
		return true
	}
	if net.ParseIP(a) != nil || net.ParseIP(b) != nil {
		return false
	}
	if strings.HasSuffix(a, "."+b) && strings.Contains(b, ".") || strings.HasSuffix(b, "."+a) && strings.Contains(a, ".") {
		return true
	}
	_, pa, _ := strings.Cut(a, ".")
	_, pb, _ := strings.Cut(b, ".")
	if pa == pb && strings.Contains(pa, ".") {
		return true
	}
	la, lb := lastLabels(a, 3), lastLabels(b, 3)
	return la == lb && la != ""
}

// lastLabels returns the last n labels of host, or "" if it has no more than those.
func lastLabels(host string, n int) string {
	i := len(host)
	for range n {
		if i = strings.LastIndexByte(host[:i], '.'); i < 0 {
			return ""
		}
	}
	return host[i+1:]
}
