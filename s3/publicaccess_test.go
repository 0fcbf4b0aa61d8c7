package s3_test

import (
	"errors"
	"testing"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/s3"
)

func TestPublicAccessBlock(t *testing.T) {
	c := newRealClient(t, icostest.NewServer(t))
	ctx := t.Context()
	if _, err := c.CreateBucket(ctx, &s3.CreateBucketRequest{Bucket: "public"}); err != nil {
		t.Fatal(err)
	}
	_, err := c.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockRequest{Bucket: "public"})
	var e *s3.Error
	if !errors.As(err, &e) || e.Code != "NoSuchPublicAccessBlockConfiguration" || e.StatusCode != 404 {
		t.Errorf("without one: %v", err)
	}
	for _, want := range []s3.GetPublicAccessBlockResponse{{BlockPublicACLs: true}, {IgnorePublicACLs: true}, {}} {
		if _, err := c.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockRequest{
			Bucket: "public", BlockPublicACLs: want.BlockPublicACLs, IgnorePublicACLs: want.IgnorePublicACLs,
		}); err != nil {
			t.Fatal(err)
		}
		got, err := c.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockRequest{Bucket: "public"})
		if err != nil || *got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	if _, err := c.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockRequest{Bucket: "public"}); err != nil {
		t.Error(err)
	}
}

// Grants in headers do what those in a document do.
func TestGrantHeaders(t *testing.T) {
	cos := icostest.NewServer(t)
	c := newRealClient(t, cos)
	ctx := t.Context()
	other, err := cos.COS().CreateInstance(ctx, "other")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateBucket(ctx, &s3.CreateBucketRequest{Bucket: "grants"}); err != nil {
		t.Fatal(err)
	}
	everyone := `uri="http://acs.amazonaws.com/groups/global/AllUsers"`
	if _, err := c.PutBucketACL(ctx, &s3.PutBucketACLRequest{
		Bucket: "grants", GrantRead: everyone + `, id="` + other.InstanceID() + `"`, GrantWriteACP: `id="` + other.ResourceInstanceID + `"`,
	}); err != nil {
		t.Fatal(err)
	}
	acl, err := c.GetBucketACL(ctx, &s3.GetBucketACLRequest{Bucket: "grants"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range acl.Grants {
		got = append(got, g.Permission+" "+g.Grantee.URI+g.Grantee.ID)
	}
	want := []string{"READ http://acs.amazonaws.com/groups/global/AllUsers", "READ " + other.InstanceID(), "WRITE_ACP " + other.InstanceID()}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("grants %q, want %q", got, want)
	}
	_, err = c.PutBucketACL(ctx, &s3.PutBucketACLRequest{Bucket: "grants", ACL: "private", GrantRead: everyone})
	var e *s3.Error
	if !errors.As(err, &e) || e.Code != "InvalidRequest" {
		t.Errorf("both ways at once: %v", err)
	}
}

// newRealClient returns a client of a server, with its HMAC keys.
func newRealClient(t *testing.T, cos *icostest.Server) *s3.Client {
	t.Helper()
	keys := cos.Credential.HMACKeys
	c, err := s3.New(s3.Config{Endpoint: cos.URL, Credentials: auth.HMAC(keys.AccessKeyID, keys.SecretAccessKey)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
