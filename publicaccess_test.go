package icos_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
)

func TestPublicAccessBlock(t *testing.T) {
	cos := icostest.NewServer(t)
	ctx := t.Context()
	bucket := cos.Client().Bucket("public")
	if err := bucket.Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []icos.PublicAccessBlock{{}, {BlockACLs: true}, {BlockACLs: true, IgnoreACLs: true}, {}} {
		if err := bucket.SetPublicAccessBlock(ctx, want); err != nil {
			t.Fatal(err)
		}
		got, err := bucket.PublicAccessBlock(ctx)
		if err != nil || got != want {
			t.Errorf("public access block = %+v, %v, want %+v", got, err, want)
		}
		err = bucket.SetACL(ctx, icos.PublicRead)
		if e, refused := errors.AsType[*icos.Error](err); refused != want.BlockACLs || refused && e.Code != "AccessDenied" {
			t.Errorf("%+v: public ACL: %v", want, err)
		}
	}
}

func TestGrants(t *testing.T) {
	cos := icostest.NewServer(t)
	ctx := t.Context()
	bucket := cos.Client().Bucket("grants")
	if err := bucket.Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	object := bucket.Object("k")
	if _, err := object.Put(ctx, strings.NewReader("text"), nil); err != nil {
		t.Fatal(err)
	}
	other, err := cos.COS().CreateInstance(ctx, "other")
	if err != nil {
		t.Fatal(err)
	}
	read := icos.Grant{Grantee: icos.Grantee{URI: icos.AllUsers}, Permission: "READ"}
	write := icos.Grant{Grantee: icos.Grantee{ID: other.InstanceID()}, Permission: "WRITE_ACP"}
	if err := bucket.SetGrants(ctx, read, write); err != nil {
		t.Fatal(err)
	}
	if err := object.SetGrants(ctx, read, write); err != nil {
		t.Fatal(err)
	}
	ofBucket, err := bucket.ACL(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ofObject, err := object.ACL(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, acl := range []*icos.ACL{ofBucket, ofObject} {
		if !acl.Public() || len(acl.Grants) != 2 || acl.Grants[1].Permission != "WRITE_ACP" || acl.Grants[1].Grantee.ID != other.InstanceID() {
			t.Errorf("ACL = %+v", acl)
		}
	}
	for name, g := range map[string]icos.Grant{
		"no permission": {Grantee: read.Grantee}, "no grantee": {Permission: "READ"}, "both": {Grantee: icos.Grantee{ID: "a", URI: "b"}, Permission: "READ"},
		"another header": {Grantee: icos.Grantee{ID: "a\", uri=\"b"}, Permission: "READ"},
	} {
		if bucket.SetGrants(ctx, g) == nil || object.SetGrants(ctx, g) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
