package s3api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

type deleteResult struct {
	Deleted []struct{ Key, VersionId string } //nolint:revive // as in the document
	Error   []struct{ Key, Code, Message, VersionId string }
}

func (s *server) deleteAll(body string) *response {
	s.t.Helper()
	return s.do(s.owner, "POST", "/bucket?delete", body, md5Header(body)...)
}

func TestDeleteObjects(t *testing.T) {
	s := newServer(t, serverOptions{})
	for _, key := range []string{"a", "b%26", "%20c%20", "kept"} {
		s.put("/bucket/"+key, "x")
	}
	long := strings.Repeat("k", 1025)
	r := s.deleteAll(`<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a</Key></Object><Object><Key>b&amp;</Key><VersionId>null</VersionId></Object>
		<Object><Key> c </Key></Object><Object><Key>missing</Key></Object><Object><Key>kept</Key><VersionId>v1</VersionId></Object>
		<Object><Key>` + long + `</Key></Object><Object><Key></Key></Object></Delete>`)
	r.want(t, 200, "")
	result := decode[deleteResult](t, r)
	var deleted, failed []string
	for _, d := range result.Deleted {
		deleted = append(deleted, d.Key)
	}
	for _, e := range result.Error {
		failed = append(failed, e.Code)
	}
	if want := []string{"a", "b&", " c ", "missing"}; !slices.Equal(deleted, want) {
		t.Errorf("deleted %q, want %q", deleted, want)
	}
	if want := []string{"NoSuchVersion", "KeyTooLong", "UserKeyMustBeSpecified"}; !slices.Equal(failed, want) {
		t.Errorf("errors %q, want %q", failed, want)
	}
	page := decode[listBucketResult](t, s.do(s.owner, "GET", "/bucket", ""))
	if got := page.names(); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("left %q, want kept", got)
	}
	r = s.deleteAll(`<Delete><Quiet>true</Quiet><Object><Key>kept</Key></Object><Object><Key>x</Key><VersionId>v</VersionId></Object></Delete>`)
	if result := decode[deleteResult](t, r); len(result.Deleted) != 0 || len(result.Error) != 1 {
		t.Errorf("quiet: %+v", result)
	}
	s.do(s.owner, "GET", "/bucket/kept", "").want(t, 404, "NoSuchKey")
}

func TestDeleteThousandObjects(t *testing.T) {
	s := newServer(t, serverOptions{})
	var body strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&body, "<Object><Key>k%04d</Key></Object>", i)
	}
	for i := range 10 {
		s.put(fmt.Sprintf("/bucket/k%04d", i*100), "x")
	}
	document := "<Delete>" + body.String() + "</Delete>"
	r := s.deleteAll(document)
	r.want(t, 200, "")
	if result := decode[deleteResult](t, r); len(result.Deleted) != 1000 || result.Deleted[999].Key != "k0999" {
		t.Errorf("%d deleted, want 1000 in the order asked", len(result.Deleted))
	}
	s.do(s.owner, "DELETE", "/bucket", "").want(t, 204, "")
}
