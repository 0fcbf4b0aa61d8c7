package authn

import (
	"net"
	"strings"
)

// Hosts are the names of an endpoint, under each of which a bucket may be
// addressed as bucket.name. Whoever asks what a request addresses asks here:
// a signature checked for one resource must not be taken for another.
type Hosts []string

// NewHosts takes names in any case; ports are ignored.
func NewHosts(names []string) Hosts {
	h := make(Hosts, len(names))
	for i, name := range names {
		h[i] = normalHost(name)
	}
	return h
}

// Bucket returns the bucket that the value of a Host header names, in lower
// case, or "" if the bucket, if any, is in the path.
func (h Hosts) Bucket(host string) string {
	if len(h) == 0 {
		return ""
	}
	host = normalHost(host)
	for _, name := range h {
		bucket, ok := strings.CutSuffix(host, name)
		if !ok {
			continue
		}
		if bucket, ok = strings.CutSuffix(bucket, "."); ok && bucket != "" {
			return bucket
		}
	}
	return ""
}

// normalHost is a host in lower case without port and trailing dot.
func normalHost(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
