package s3api_test

import (
	"testing"

	"github.com/icos-go/icos/server/iam"
)

// A bucket under somebody else's root key would keep its owner from deleting it: that takes an authorization by that owner. Without,
// nothing tells whether there is such a key.
func TestRootKeysOfOthers(t *testing.T) {
	s := newServer(t, serverOptions{})
	in, key := s.keys.First()
	create := func(who user, name, key string) *response {
		return s.do(who, "PUT", "/"+name, "", "Ibm-Service-Instance-Id", who.instance,
			"Ibm-Sse-Kp-Encryption-Algorithm", "AES256", "Ibm-Sse-Kp-Customer-Root-Key-Crn", key)
	}
	create(s.owner, "mine", key).want(t, 200, "")
	there := create(s.other, "theirs", key)
	there.want(t, 400, "InvalidArgument")
	missing := create(s.other, "theirs", key[:len(key)-1]+"x")
	missing.want(t, 400, "InvalidArgument")
	if a, b := xmlMessage(there.body), xmlMessage(missing.body); a != b {
		t.Errorf("the answers about a key that is there and one that is not differ: %q and %q", a, b)
	}
	s.do(s.other, "HEAD", "/theirs", "").want(t, 404, "")
	if _, err := s.iam.CreatePolicy(t.Context(), iam.Policy{
		Source: s.other.instance, Roles: []iam.Role{iam.Reader}, Service: iam.KeyProtect, Instance: in.ID,
	}, ""); err != nil {
		t.Fatal(err)
	}
	create(s.other, "theirs", key).want(t, 200, "")
	s.do(s.other, "PUT", "/theirs/k", "secret").want(t, 200, "")
	s.do(s.other, "GET", "/theirs/k", "").want(t, 200, "")
}

// xmlMessage is the Message of an error document.
func xmlMessage(body string) string { return between(body, "<Message>", "</Message>") }
