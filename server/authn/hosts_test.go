package authn_test

import (
	"testing"

	"github.com/icos-go/icos/server/authn"
)

func TestHostsNameBuckets(t *testing.T) {
	hosts := authn.NewHosts([]string{"localhost:9000", "COS.Example."})
	for host, want := range map[string]string{
		"localhost":             "",
		"localhost:9000":        "",
		".localhost":            "",
		"b.localhost":           "b",
		"b.localhost:1234":      "b",
		"B.LocalHost.":          "b",
		"a.b.localhost":         "a.b",
		"blocalhost":            "",
		"b.cos.example:80":      "b",
		"b.cos.example.evil":    "",
		"b.other":               "",
		"":                      "",
		"[::1]:9000":            "",
		"127.0.0.1:9000":        "",
		"identity.localhost:80": "identity",
	} {
		if got := hosts.Bucket(host); got != want {
			t.Errorf("Bucket(%q) = %q, want %q", host, got, want)
		}
	}
	if got := authn.NewHosts(nil).Bucket("b.localhost"); got != "" {
		t.Errorf("Bucket without hosts = %q", got)
	}
}
