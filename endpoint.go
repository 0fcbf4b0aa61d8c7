package icos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/icos-go/icos/internal/loopback"
)

// The hosts of the public service are s3.{region}.{domain}, with private. or
// direct. before the region for the networks inside IBM Cloud.
const cosDomain = "cloud-object-storage.appdomain.cloud"

// publicEndpointsURL is IBM's list of endpoints, read for a region that is
// newer than this package.
const publicEndpointsURL = "https://control.cloud-object-storage.cloud.ibm.com/v2/endpoints"

// maxEndpointsSize bounds the list of endpoints, in bytes; IBM's has some 20 kB.
const maxEndpointsSize = 4 << 20

// knownRegion reports whether region has a host under cosDomain: the cross
// regions, the regions and the single data centers.
func knownRegion(region string) bool {
	switch region {
	case "us", "eu", "ap",
		"au-syd", "br-sao", "ca-mon", "ca-tor", "eu-de", "eu-es", "eu-gb", "in-che", "in-mum",
		"jp-osa", "jp-tok", "us-east", "us-south",
		"ams03", "che01", "mil01", "mon01", "par01", "sjc04", "sng01":
		return true
	}
	return false
}

// regionOf strips the storage class from a location constraint: us-south-smart
// is in us-south.
func regionOf(location string) string {
	location = strings.TrimSpace(location)
	if i := strings.LastIndexByte(location, '-'); i > 0 {
		switch location[i+1:] {
		case "standard", "vault", "cold", "flex", "smart", "onerate_active", "accelerated":
			return location[:i]
		}
	}
	return location
}

// A network is the way to the service that a host name stands for.
type network string

const (
	public  network = "public"
	private network = "private" // from inside IBM Cloud, free of charge
	direct  network = "direct"  // from a VPC
)

// cosHost is the host of a known region.
func cosHost(region string, n network) string {
	if n == public {
		return "s3." + region + "." + cosDomain
	}
	return "s3." + string(n) + "." + region + "." + cosDomain
}

// parseCOSHost is the inverse of cosHost. It also knows the access points of the
// cross regions (s3.dal.us.…) and the host names from before 2019.
func parseCOSHost(host string) (region string, n network, ok bool) {
	host = strings.ToLower(host)
	if name, old := strings.CutSuffix(host, ".objectstorage.softlayer.net"); old {
		_, region, ok = strings.Cut(name, ".") // s3 or s3-api, then the region
		return strings.TrimSuffix(region, "-geo"), public, ok && !strings.Contains(region, ".")
	}
	name, isCOS := strings.CutSuffix(host, "."+cosDomain)
	labels := strings.Split(name, ".")
	if !isCOS || labels[0] != "s3" || len(labels) < 2 {
		return "", "", false
	}
	n = public
	if labels[1] == string(private) || labels[1] == string(direct) {
		n = network(labels[1])
	}
	return labels[len(labels)-1], n, true
}

// An atlas knows the endpoint of every region. It reads the list of endpoints
// at most once, and only when asked for something that it does not know.
type atlas struct {
	url  string // of the list; "" means IBM's, and only for unknown regions
	http *http.Client

	sem  chan struct{} // held while the list is being read; guards list
	list *endpointList // nil until read
}

func newAtlas(listURL string, client *http.Client) (*atlas, error) {
	if listURL != "" {
		u, err := url.Parse(listURL)
		if err != nil {
			return nil, fmt.Errorf("endpoints URL: %w", err)
		}
		if u.Hostname() == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback.Host(u.Hostname())) {
			return nil, fmt.Errorf("endpoints URL %q: want https, or http to a loopback host", listURL)
		}
		// IBM's own list says what the built-in one says, which costs no request.
		if strings.HasSuffix(u.Hostname(), ".ibm.com") || strings.HasSuffix(u.Hostname(), ".bluemix.net") {
			listURL = ""
		}
	}
	return &atlas{url: listURL, http: client, sem: make(chan struct{}, 1)}, nil
}

// endpoint returns the base URL for a region, seen from network n.
func (a *atlas) endpoint(ctx context.Context, region string, n network) (string, error) {
	if a.url == "" && knownRegion(region) {
		return "https://" + cosHost(region, n), nil
	}
	list, err := a.read(ctx)
	if err != nil {
		return "", fmt.Errorf("endpoint of %s: %w", region, err)
	}
	if base := list.base(region, n); base != "" {
		return base, nil
	}
	return "", fmt.Errorf("no endpoint is known for location %q: set Config.Endpoint, or correct the location (such as %s)",
		region, strings.Join(list.some(3), ", "))
}

// anywhere returns an endpoint that serves requests that are not about a
// bucket. Every endpoint does; this is one that is likely to be near.
func (a *atlas) anywhere(ctx context.Context) (string, error) {
	if a.url == "" {
		return "https://" + cosHost("us", public), nil
	}
	list, err := a.read(ctx)
	if err != nil {
		return "", err
	}
	for _, region := range list.some(1) {
		return list.base(region, public), nil
	}
	return "", errors.New("the list of endpoints is empty: set Config.Endpoint")
}

// region returns the region and the network that a base URL belongs to, or ""
// if it is not an endpoint of a known region, such as that of a local server.
func (a *atlas) region(ctx context.Context, base *url.URL) (string, network) {
	if a.url == "" {
		region, n, _ := parseCOSHost(base.Hostname())
		return region, n
	}
	list, err := a.read(ctx)
	if err != nil {
		return "", "" // no list, no opinion: the caller already has an error to report
	}
	at := list.byBase[base.String()]
	return at.region, at.network
}

// read returns the list of endpoints, from the network the first time.
func (a *atlas) read(ctx context.Context) (*endpointList, error) {
	select {
	case a.sem <- struct{}{}:
		defer func() { <-a.sem }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if a.list != nil {
		return a.list, nil
	}
	from := a.url
	if from == "" {
		from = publicEndpointsURL
	}
	list, err := fetchEndpoints(ctx, a.http, from)
	if err != nil {
		return nil, fmt.Errorf("read list of endpoints: %w", err)
	}
	a.list = list
	return list, nil
}

func fetchEndpoints(ctx context.Context, client *http.Client, from string) (*endpointList, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", from, resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxEndpointsSize+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxEndpointsSize {
		return nil, fmt.Errorf("%s: more than %d bytes", from, maxEndpointsSize)
	}
	return parseEndpoints(body)
}

// An endpointList is a parsed list of endpoints.
type endpointList struct {
	byRegion map[string]map[network]string // base URLs
	byBase   map[string]spot
}

type spot struct {
	region  string
	network network
}

// parseEndpoints reads the JSON that IBM publishes:
// service-endpoints → cross-region, regional, single-site → region → network →
// name → host. A host may carry a scheme, as that of a local server does.
func parseEndpoints(doc []byte) (*endpointList, error) {
	var parsed struct {
		Service map[string]map[string]map[network]map[string]string `json:"service-endpoints"`
	}
	if err := json.Unmarshal(doc, &parsed); err != nil {
		return nil, fmt.Errorf("parse list of endpoints: %w", err)
	}
	list := &endpointList{byRegion: map[string]map[network]string{}, byBase: map[string]spot{}}
	for _, regions := range parsed.Service {
		for region, networks := range regions {
			for n, hosts := range networks {
				for name, host := range hosts {
					base, err := parseEndpoint(host, false)
					if err != nil {
						return nil, fmt.Errorf("list of endpoints: %s: %w", region, err)
					}
					if was, ok := list.byBase[base.String()]; !ok || region < was.region {
						list.byBase[base.String()] = spot{region, n}
					}
					if list.byRegion[region] == nil {
						list.byRegion[region] = map[network]string{}
					}
					// A cross region has a host of its own, named us-geo, and
					// one for each city that it spans.
					if name == region || name == region+"-geo" || len(hosts) == 1 {
						list.byRegion[region][n] = base.String()
					}
				}
			}
		}
	}
	if len(list.byBase) == 0 {
		return nil, errors.New("list of endpoints: no service-endpoints in it")
	}
	return list, nil
}

// base returns the base URL of a region, by way of the public network if n has none.
func (l *endpointList) base(region string, n network) string {
	if base := l.byRegion[region][n]; base != "" {
		return base
	}
	return l.byRegion[region][public]
}

// some returns up to n regions with a public endpoint, in order of their names.
func (l *endpointList) some(n int) []string {
	var regions []string
	for region := range l.byRegion {
		if l.base(region, public) != "" {
			regions = append(regions, region)
		}
	}
	slices.Sort(regions)
	return regions[:min(n, len(regions))]
}
