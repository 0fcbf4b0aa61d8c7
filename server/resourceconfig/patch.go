package resourceconfig

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/store"
)

// maxNetworks bounds each of the lists of a firewall, as IBM does.
const maxNetworks = 1000

// patch is a JSON Merge Patch (RFC 7396): what it names is replaced, and removed if it is null.
type patch map[string]any

// members are the settings that a patch can name, with the action that it takes.
func members() map[string]iam.Action {
	return map[string]iam.Action{
		"firewall":           iam.BucketPutFirewall,
		"hard_quota":         iam.BucketPutQuota,
		"activity_tracking":  iam.BucketPutActivityTracking,
		"metrics_monitoring": iam.BucketPutMetricsMonitoring,
	}
}

func invalid(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, "InvalidRequest", fmt.Sprintf(format, args...))
}

func parsePatch(body []byte) (patch, error) {
	var p patch
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // a quota may need more digits than a float64 has
	if err := d.Decode(&p); err != nil || p == nil || d.More() {
		return nil, invalid("The body is not a JSON object.")
	}
	for name := range p {
		if _, known := members()[name]; !known {
			return nil, invalid("%q cannot be changed here.", name)
		}
	}
	return p, nil
}

// actions are what a caller has to have. A patch that changes nothing takes the action to read.
func (p patch) actions() []iam.Action {
	list := []iam.Action{iam.BucketGetBasic}
	for name := range p {
		list = append(list, members()[name])
	}
	slices.Sort(list) // so that the same request is refused with the same words
	return list
}

// apply changes the bucket, if match is empty or the tag of its settings, and returns the new tag.
func (p patch) apply(b *store.Bucket, match string, now time.Time) (string, error) {
	current := settingsOf(b)
	tag, err := entityTag(current)
	if err != nil {
		return "", err
	}
	if match != "" && match != "*" && strings.Trim(match, `"`) != strings.Trim(tag, `"`) {
		return "", refuse(http.StatusPreconditionFailed, "PreconditionFailed", "The configuration of the bucket has changed since it was read.")
	}
	doc, err := json.Marshal(&current)
	if err != nil {
		return "", fmt.Errorf("change bucket configuration: %w", err)
	}
	var was map[string]any
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	if err := d.Decode(&was); err != nil {
		return "", fmt.Errorf("change bucket configuration: %w", err)
	}
	if doc, err = json.Marshal(merge(was, map[string]any(p))); err != nil {
		return "", fmt.Errorf("change bucket configuration: %w", err)
	}
	var next settings
	d = json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(&next); err != nil {
		return "", invalid("The configuration is not valid: %v.", err)
	}
	if err := next.check(); err != nil {
		return "", err
	}
	if err := next.store(b, now); err != nil {
		return "", err
	}
	return entityTag(settingsOf(b))
}

// merge is the algorithm of RFC 7396 §2.
func merge(target, change any) any {
	patch, ok := change.(map[string]any)
	if !ok {
		return change
	}
	out, ok := target.(map[string]any)
	if !ok {
		out = map[string]any{}
	}
	for name, value := range patch {
		if value == nil {
			delete(out, name)
		} else {
			out[name] = merge(out[name], value)
		}
	}
	return out
}

func (s *settings) check() error {
	if s.Quota < 0 {
		return invalid("hard_quota is a number of bytes; 0 is no quota.")
	}
	if s.Firewall == nil {
		return nil
	}
	for _, list := range [][]string{s.Firewall.Allowed, s.Firewall.Denied} {
		if len(list) > maxNetworks {
			return invalid("A firewall has at most %d addresses and networks.", maxNetworks)
		}
		for _, network := range list {
			if !isNetwork(network) {
				return invalid("%q is neither an IP address nor a network in CIDR notation.", network)
			}
		}
	}
	for _, kind := range s.Firewall.Networks {
		if kind != "public" && kind != "private" && kind != "direct" {
			return invalid("%q is not a type of network; there are public, private and direct.", kind)
		}
	}
	return nil
}

func isNetwork(s string) bool {
	if _, err := netip.ParsePrefix(s); err == nil {
		return true
	}
	addr, err := netip.ParseAddr(s)
	return err == nil && addr.Zone() == ""
}
