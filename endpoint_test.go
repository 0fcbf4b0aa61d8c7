package icos

import (
	"testing"
)

func TestRegionOf(t *testing.T) {
	for location, want := range map[string]string{
		"us-south-standard": "us-south", "us-standard": "us", "eu-smart": "eu", "ams03-cold": "ams03",
		"us-south-onerate_active": "us-south", "jp-tok-flex": "jp-tok", "us-south": "us-south", "us": "us",
		"": "", " eu-de-vault\n": "eu-de", "-standard": "-standard", "us-south-fast": "us-south-fast",
	} {
		if got := regionOf(location); got != want {
			t.Errorf("regionOf(%q) = %q, want %q", location, got, want)
		}
	}
}

func TestParseCOSHost(t *testing.T) {
	tests := []struct {
		host, region string
		network      network
	}{
		{"s3.us-south.cloud-object-storage.appdomain.cloud", "us-south", public},
		{"S3.EU.cloud-object-storage.appdomain.cloud", "eu", public},
		{"s3.private.eu-de.cloud-object-storage.appdomain.cloud", "eu-de", private},
		{"s3.direct.us.cloud-object-storage.appdomain.cloud", "us", direct},
		{"s3.dal.us.cloud-object-storage.appdomain.cloud", "us", public},
		{"s3.private.ams.eu.cloud-object-storage.appdomain.cloud", "eu", private},
		{"s3-api.us-geo.objectstorage.softlayer.net", "us", public},
		{"s3.eu-geo.objectstorage.softlayer.net", "eu", public},
		{"s3.us-south.objectstorage.softlayer.net", "us-south", public},
		{"s3.amazonaws.com", "", ""},
		{"localhost", "", ""},
		{"cloud-object-storage.appdomain.cloud", "", ""},
		{"s3.cloud-object-storage.appdomain.cloud", "", ""},
	}
	for _, test := range tests {
		region, n, ok := parseCOSHost(test.host)
		if region != test.region || ok && n != test.network || ok != (test.region != "") {
			t.Errorf("parseCOSHost(%q) = %q, %q, %v, want %q, %q", test.host, region, n, ok, test.region, test.network)
		}
	}
	for _, n := range []network{public, private, direct} {
		if region, back, ok := parseCOSHost(cosHost("br-sao", n)); region != "br-sao" || back != n || !ok {
			t.Errorf("parseCOSHost(cosHost(br-sao, %s)) = %q, %q, %v", n, region, back, ok)
		}
	}
}

func TestParseEndpoints(t *testing.T) {
	list, err := parseEndpoints([]byte(`{
		"identity-endpoints": {"iam-token": "iam.cloud.ibm.com"},
		"service-endpoints": {
			"cross-region": {"us": {"public": {"us-geo": "s3.us.example.com", "Dallas": "s3.dal.us.example.com"},
			                        "private": {"us-geo": "s3.private.us.example.com"}}},
			"regional": {"mars-north": {"public": {"mars-north": "https://s3.mars-north.example.com"}}}
		}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		region string
		n      network
		want   string
	}{
		{"us", public, "https://s3.us.example.com"},
		{"us", private, "https://s3.private.us.example.com"},
		{"us", direct, "https://s3.us.example.com"}, // there is no other way
		{"mars-north", public, "https://s3.mars-north.example.com"},
		{"venus", public, ""},
	} {
		if got := list.base(test.region, test.n); got != test.want {
			t.Errorf("base(%s, %s) = %q, want %q", test.region, test.n, got, test.want)
		}
	}
	if got := list.byBase["https://s3.dal.us.example.com"]; got != (spot{"us", public}) {
		t.Errorf("the access point in Dallas is in %+v", got)
	}
	for _, bad := range []string{``, `{}`, `[]`, `{"service-endpoints":{"regional":{"x":{"public":{"x":"http://example.com"}}}}}`} {
		if _, err := parseEndpoints([]byte(bad)); err == nil {
			t.Errorf("parseEndpoints(%s) succeeded", bad)
		}
	}
}
