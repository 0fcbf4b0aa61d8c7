package keyprotect_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/keyprotect"
	"github.com/icos-go/icos/s3"
)

func TestKeyLife(t *testing.T) {
	ctx := t.Context()
	cos := icostest.NewServer(t)
	kp := cos.KeyProtect()
	expires := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	made, err := kp.Create(ctx, "made", &keyprotect.CreateOptions{
		Description: "a key", Aliases: []string{"alias-1"}, Tags: []string{"blue"}, Expires: expires,
	})
	if err != nil {
		t.Fatal(err)
	}
	if made.State != keyprotect.Active || made.Standard || made.Imported || made.Bits != 256 || made.Name != "made" || made.Description != "a key" ||
		len(made.Aliases) != 1 || len(made.Tags) != 1 || !made.Expires.Equal(expires) || made.Created.IsZero() || made.CreatedBy == "" || made.Version.ID == "" {
		t.Errorf("made %+v", made)
	}
	if !strings.HasSuffix(made.CRN, ":key:"+made.ID) || !strings.HasPrefix(made.CRN, "crn:v1:bluemix:public:kms:us-south:a/") {
		t.Errorf("CRN %s", made.CRN)
	}
	got, err := kp.Get(ctx, "alias-1")
	if err != nil || got.ID != made.ID || got.CRN != made.CRN {
		t.Errorf("Get by alias = %+v, %v", got, err)
	}

	wrapped, err := kp.Wrap(ctx, made.ID, nil, "for", "this")
	if err != nil || len(wrapped.Plaintext) != 32 || wrapped.Version != made.Version.ID {
		t.Fatalf("Wrap = %v, %v", wrapped, err)
	}
	if err := kp.Rotate(ctx, made.ID, nil); err != nil {
		t.Fatal(err)
	}
	u, err := kp.Unwrap(ctx, made.ID, wrapped.Ciphertext, "for", "this")
	if err != nil || !bytes.Equal(u.Plaintext, wrapped.Plaintext) || u.Version != made.Version.ID || u.Rewrapped == nil || u.Rewrapped.Version == made.Version.ID {
		t.Fatalf("Unwrap = %v, %v", u, err)
	}
	re, err := kp.Rewrap(ctx, made.ID, wrapped.Ciphertext, "for", "this")
	if err != nil || re.Version != u.Rewrapped.Version || re.Plaintext != nil {
		t.Fatalf("Rewrap = %v, %v", re, err)
	}
	if u, err := kp.Unwrap(ctx, made.ID, re.Ciphertext, "for", "this"); err != nil || !bytes.Equal(u.Plaintext, wrapped.Plaintext) || u.Rewrapped != nil {
		t.Errorf("Unwrap of what Rewrap returned = %v, %v", u, err)
	}
	versions := 0
	for v, err := range kp.Versions(ctx, made.ID) {
		if err != nil || v.ID == "" || v.Created.IsZero() {
			t.Errorf("version %+v, %v", v, err)
		}
		versions++
	}
	if versions != 2 {
		t.Errorf("%d versions, want 2", versions)
	}

	if err := kp.Disable(ctx, made.ID); err != nil {
		t.Fatal(err)
	}
	refused(t, "Wrap", func() error { _, err := kp.Wrap(ctx, made.ID, nil); return err }, "KEY_ACTION_INVALID_STATE_ERR")
	if err := kp.Enable(ctx, made.ID); err != nil {
		t.Fatal(err)
	}
	refused(t, "Unwrap", func() error { _, err := kp.Unwrap(ctx, made.ID, wrapped.Ciphertext); return err }, "UNPROCESSABLE_CIPHERTEXT_ERR")
	if err := kp.Delete(ctx, made.ID, nil); err != nil {
		t.Fatal(err)
	}
	err = kp.Delete(ctx, made.ID, nil)
	if e, ok := errors.AsType[*keyprotect.Error](err); !ok || e.Code() != "KEY_DELETED_ERR" || !errors.Is(err, fs.ErrNotExist) || e.CorrelationID == "" {
		t.Errorf("second Delete: %v", err)
	}
	if k, err := kp.Get(ctx, made.ID); err != nil || k.State != keyprotect.Destroyed || k.Deleted.IsZero() || k.DeletedBy == "" {
		t.Errorf("Get of a deleted key = %+v, %v", k, err)
	}
	refused(t, "Restore", func() error { _, err := kp.Restore(ctx, made.ID, nil); return err }, "KEY_IMPT_REQ_ERR")

	material := keyprotect.NewSecret()
	imported, err := kp.Import(ctx, "imported", material, nil)
	if err != nil || !imported.Imported {
		t.Fatalf("Import = %+v, %v", imported, err)
	}
	if err := kp.Delete(ctx, imported.ID, nil); err != nil {
		t.Fatal(err)
	}
	if k, err := kp.Restore(ctx, imported.ID, material); err != nil || k.State != keyprotect.Active {
		t.Errorf("Restore = %+v, %v", k, err)
	}

	standard, err := kp.Import(ctx, "standard", material, &keyprotect.CreateOptions{Standard: true})
	if err != nil || !standard.Standard {
		t.Fatalf("Import = %+v, %v", standard, err)
	}
	if got, err := kp.Payload(ctx, standard.ID); err != nil || !bytes.Equal(got, material) {
		t.Errorf("Payload: %v", err)
	}
	if _, err := kp.Payload(ctx, imported.ID); err == nil {
		t.Error("Payload of a root key is no error")
	}
	refused(t, "Wrap", func() error { _, err := kp.Wrap(ctx, standard.ID, nil); return err }, "KEY_ROOT_REQ_ERR")

	_, err = kp.Get(ctx, "0bc3e33e-a866-40f2-b715-5cba2bc93234")
	if e, ok := errors.AsType[*keyprotect.Error](err); !ok || !e.Has("KEY_NOT_FOUND_ERR") || !errors.Is(err, fs.ErrNotExist) || e.Op != "get key" {
		t.Errorf("Get of no key: %v", err)
	}
	if _, err := kp.Create(ctx, "x", &keyprotect.CreateOptions{Aliases: []string{"alias-1"}}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create with an alias that is taken: %v, want fs.ErrExist", err)
	}
}

// refused checks that do fails with a code.
func refused(t *testing.T, what string, do func() error, code string) {
	t.Helper()
	err := do()
	if e, ok := errors.AsType[*keyprotect.Error](err); !ok || e.Code() != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func TestPages(t *testing.T) {
	ctx := t.Context()
	kp := icostest.NewServer(t).KeyProtect()
	for i := range 7 {
		if _, err := kp.Create(ctx, fmt.Sprintf("key %d", i), &keyprotect.CreateOptions{Standard: i%2 == 0}); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		o    *keyprotect.ListOptions
		want string
	}{
		{&keyprotect.ListOptions{StandardKeys: true, PageSize: 2}, "key 0,key 2,key 4,key 6"},
		{&keyprotect.ListOptions{RootKeys: true, PageSize: 4}, "root-key,key 1,key 3,key 5"},
		{&keyprotect.ListOptions{Search: "name:key ", Sort: "-name", PageSize: 3}, "key 6,key 5,key 4,key 3,key 2,key 1,key 0"},
		{&keyprotect.ListOptions{States: []keyprotect.State{keyprotect.Destroyed}}, ""},
		{nil, "root-key,key 0,key 1,key 2,key 3,key 4,key 5,key 6"},
	}
	for _, tt := range tests {
		var names []string
		for k, err := range kp.Keys(ctx, tt.o) {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, k.Name)
		}
		if got := strings.Join(names, ","); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.o, got, tt.want)
		}
		if n, err := kp.Count(ctx, tt.o); err != nil || n != len(names) {
			t.Errorf("%+v: Count = %d, %v, want %d", tt.o, n, err, len(names))
		}
	}
	for k, err := range kp.Keys(ctx, &keyprotect.ListOptions{RootKeys: true, StandardKeys: true}) {
		if err == nil || k != nil {
			t.Errorf("both kinds: %v, %v", k, err)
		}
	}
	for range kp.Keys(ctx, nil) {
		break // leaves no goroutine and no error behind
	}
}

// TestBucketUnderRootKey does what the guide does: it finds a root key and makes a bucket under it.
func TestBucketUnderRootKey(t *testing.T) {
	ctx := t.Context()
	cos := icostest.NewServer(t)
	kp := cos.KeyProtect()
	crn := cos.RootKey()
	b := cos.Client().Bucket("vault")
	if err := b.Create(ctx, &icos.CreateOptions{RootKeyCRN: crn}); err != nil {
		t.Fatal(err)
	}
	if e, err := b.Encryption(ctx); err != nil || e.RootKeyCRN != crn {
		t.Errorf("Encryption = %+v, %v", e, err)
	}
	wire, err := b.S3(ctx)
	if err != nil {
		t.Fatal(err)
	}
	list, err := wire.ListObjects(ctx, &s3.ListObjectsRequest{Bucket: "vault"})
	if err != nil || !list.KeyProtectEnabled || list.KeyProtectRootKeyCRN != crn {
		t.Errorf("ListObjects = %+v, %v", list, err)
	}
	id := crn[strings.LastIndex(crn, ":")+1:]
	var seen []keyprotect.Registration
	for r, err := range kp.Registrations(ctx, id) {
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, r)
	}
	if len(seen) != 1 || !strings.HasSuffix(seen[0].Resource, ":bucket:vault") || seen[0].KeyID != id || seen[0].PreventsDeletion {
		t.Errorf("registrations %+v", seen)
	}
	if n := 0; true {
		for _, err := range kp.Registrations(ctx, "") {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 1 {
			t.Errorf("%d registrations of all keys, want 1", n)
		}
	}
	refused(t, "Delete", func() error { return kp.Delete(ctx, id, nil) }, "PROTECTED_RESOURCE_ERR")

	// While a bucket retains its objects, not even force deletes its key.
	locked := cos.Client().Bucket("locked")
	if err := locked.Create(ctx, &icos.CreateOptions{RootKeyCRN: crn, ObjectLock: true}); err != nil {
		t.Fatal(err)
	}
	force := &keyprotect.DeleteOptions{Force: true}
	refused(t, "Delete", func() error { return kp.Delete(ctx, id, force) }, "PREV_KEY_DEL_ERR")
	if err := locked.Delete(ctx); err != nil {
		t.Fatal(err)
	}
	if err := kp.Delete(ctx, id, force); err != nil {
		t.Error(err)
	}
}
