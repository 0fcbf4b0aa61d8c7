package icos_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos"
)

func TestBucketLife(t *testing.T) {
	b := client.Bucket("bucket-life")
	if exists, err := b.Exists(ctx); exists || err != nil {
		t.Errorf("Exists = %v, %v before Create", exists, err)
	}
	if _, err := b.Stat(ctx); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat: %v, want fs.ErrNotExist", err)
	}
	if err := b.Create(ctx, &icos.CreateOptions{Location: "us-south-smart"}); err != nil {
		t.Fatal(err)
	}
	if err := b.Create(ctx, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second Create: %v, want fs.ErrExist", err)
	}
	if exists, err := b.Exists(ctx); !exists || err != nil {
		t.Errorf("Exists = %v, %v after Create", exists, err)
	}
	if location, err := b.Location(ctx); location != "us-south-smart" || err != nil {
		t.Errorf("Location = %q, %v", location, err)
	}
	info, err := b.Stat(ctx)
	if info.Name != "bucket-life" || info.Location != "us-south-smart" || info.Created.IsZero() || err != nil {
		t.Errorf("Stat = %+v, %v", info, err)
	}
	put(t, b.Object("key"), nil)
	if e, ok := errors.AsType[*icos.Error](b.Delete(ctx)); !ok || e.Code != "BucketNotEmpty" {
		t.Errorf("Delete of a bucket with an object: %v", e)
	}
	if err := b.Object("key").Delete(ctx); err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(ctx); err != nil {
		t.Error(err)
	}
	if err := b.Delete(ctx); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("second Delete: %v, want fs.ErrNotExist", err)
	}
}

func TestBucketCORS(t *testing.T) {
	b := newBucket(t)
	if rules, err := b.CORS(ctx); len(rules) != 0 || err != nil {
		t.Errorf("CORS of a new bucket: %v, %v", rules, err)
	}
	want := []icos.CORSRule{{
		ID: "pages", AllowedOrigins: []string{"https://example.com"}, AllowedMethods: []string{"GET", "PUT"},
		AllowedHeaders: []string{"*"}, ExposeHeaders: []string{"ETag"}, MaxAgeSeconds: 600,
	}}
	if err := b.SetCORS(ctx, want); err != nil {
		t.Fatal(err)
	}
	got, err := b.CORS(ctx)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("CORS: %v (-want +got):\n%s", err, diff)
	}
	if err := b.DeleteCORS(ctx); err != nil {
		t.Fatal(err)
	}
	if rules, err := b.CORS(ctx); len(rules) != 0 || err != nil {
		t.Errorf("CORS after DeleteCORS: %v, %v", rules, err)
	}
}

// A bucket without rules has none; that there is no bucket is an error.
func TestRulesOfAnAbsentBucket(t *testing.T) {
	b := newBucket(t).Client().Bucket("absent")
	_, cors := b.CORS(ctx)
	_, lifecycle := b.Lifecycle(ctx)
	_, replication := b.Replication(ctx)
	_, tags := b.Tags(ctx)
	_, block := b.PublicAccessBlock(ctx)
	for what, err := range map[string]error{
		"CORS": cors, "Lifecycle": lifecycle, "Replication": replication, "Tags": tags, "PublicAccessBlock": block,
		"DeleteLifecycle": b.DeleteLifecycle(ctx), "DeleteCORS": b.DeleteCORS(ctx),
	} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, want fs.ErrNotExist", what, err)
		}
	}
}

// A token that would be left out, so that the list begins anew, is refused.
func TestTokenIsOfObjectsOnly(t *testing.T) {
	b := newBucket(t)
	for _, err := range b.Versions(ctx, &icos.ListOptions{Token: "t"}) {
		if err == nil {
			t.Error("Versions takes a token")
		}
	}
	n := 0
	for _, err := range b.Uploads(ctx, &icos.ListOptions{Token: "t"}) {
		if n++; err == nil {
			t.Error("Uploads takes a token")
		}
	}
	if n != 1 {
		t.Errorf("%d results of Uploads, want an error", n)
	}
}

func TestACLs(t *testing.T) {
	b := newBucket(t)
	put(t, b.Object("key"), nil)
	for name, h := range map[string]interface {
		ACL(context.Context) (*icos.ACL, error)
		SetACL(context.Context, icos.CannedACL) error
	}{"bucket": b, "object": b.Object("key")} {
		for _, want := range []icos.CannedACL{icos.Private, icos.PublicRead, icos.Private} {
			if err := h.SetACL(ctx, want); err != nil {
				t.Fatal(err)
			}
			acl, err := h.ACL(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if acl.Public() != (want == icos.PublicRead) || acl.Owner.ID == "" {
				t.Errorf("%s is %s: ACL %+v", name, want, acl)
			}
			if last := acl.Grants[len(acl.Grants)-1].Grantee; (last.String() == "everyone") != acl.Public() {
				t.Errorf("%s: last grantee of %s is %q", name, want, last)
			}
		}
	}
}

func TestListsInPages(t *testing.T) {
	b := newBucket(t)
	keys := []string{"a", "b/1", "b/2", "c", "d/1", "e"}
	for _, key := range keys {
		put(t, b.Object(key), nil)
	}
	tests := []struct {
		opts          icos.ListOptions
		objects, dirs []string
		pages         int
	}{
		{icos.ListOptions{}, keys, nil, 1},
		{icos.ListOptions{PageSize: 2}, keys, nil, 3},
		{icos.ListOptions{Prefix: "b/"}, []string{"b/1", "b/2"}, nil, 1},
		{icos.ListOptions{StartAfter: "b/1"}, []string{"b/2", "c", "d/1", "e"}, nil, 1},
		{icos.ListOptions{Delimiter: "/"}, []string{"a", "c", "e"}, []string{"b/", "d/"}, 1},
		{icos.ListOptions{Delimiter: "/", PageSize: 1}, []string{"a", "c", "e"}, []string{"b/", "d/"}, 5},
		{icos.ListOptions{Prefix: "nothing"}, nil, nil, 1},
	}
	for _, test := range tests {
		var objects, dirs []string
		pages := 0
		for page, err := range b.Pages(ctx, &test.opts) {
			if err != nil {
				t.Fatal(err)
			}
			pages++
			for _, o := range page.Objects {
				objects = append(objects, o.Key)
			}
			dirs = append(dirs, page.Prefixes...)
		}
		if !slices.Equal(objects, test.objects) || !slices.Equal(dirs, test.dirs) || pages != test.pages {
			t.Errorf("Pages(%+v) = %q, %q in %d pages", test.opts, objects, dirs, pages)
		}
	}

	// A list can be gone on with from the token of a page.
	for page := range b.Pages(ctx, &icos.ListOptions{PageSize: 4}) {
		var rest []string
		for o, err := range b.Objects(ctx, &icos.ListOptions{PageSize: 4, Token: page.Next}) {
			if err != nil {
				t.Fatal(err)
			}
			rest = append(rest, o.Key)
		}
		if !slices.Equal(rest, keys[4:]) {
			t.Errorf("after the first page there is %q", rest)
		}
		break
	}
	for _, err := range client.Bucket("no-such-bucket").Objects(ctx, nil) {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("list of no bucket: %v", err)
		}
	}
	for v, err := range b.Versions(ctx, &icos.ListOptions{Prefix: "a"}) {
		if v.Key != "a" || !v.Latest || v.Deleted {
			t.Errorf("version %+v, %v", v, err)
		}
	}
}

func TestListEndsWhenTheServerRepeatsItself(t *testing.T) {
	p := &proxy{meddle: func(r *http.Request) (*http.Response, error) {
		return respond(r, http.StatusOK, `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken></ListBucketResult>`), nil
	}}
	pages := 0
	var last error
	for _, err := range through(t, p, client.Bucket("any")).Pages(ctx, nil) {
		pages++
		last = err
	}
	if pages != 3 || last == nil {
		t.Errorf("%d pages, last error %v", pages, last)
	}
}

func TestDeleteObjects(t *testing.T) {
	b := newBucket(t)
	var keys []string
	for i := range 2500 {
		keys = append(keys, fmt.Sprintf("key-%04d", i))
	}
	for _, key := range keys[:5] {
		put(t, b.Object(key), nil)
	}
	keys = append(keys, strings.Repeat("k", 1025), "\xff", "")
	p := &proxy{}
	failed := 0
	seen := map[string]bool{}
	for key, err := range through(t, p, b).DeleteObjects(ctx, slices.Values(keys)) {
		seen[key] = true
		if err != nil {
			failed++
		}
	}
	if len(seen) != len(keys) || failed != 3 {
		t.Errorf("%d results, %d failures, want %d and 3", len(seen), failed, len(keys))
	}
	if got := p.count("POST"); got != 3 {
		t.Errorf("%d requests, want 3", got)
	}
	for info, err := range b.Objects(ctx, nil) {
		t.Errorf("still there: %s, %v", info.Key, err)
	}
}

func TestDeleteObjectsReportsWhatFailed(t *testing.T) {
	p := &proxy{meddle: func(r *http.Request) (*http.Response, error) {
		return respond(r, http.StatusOK, `<DeleteResult><Error><Key>held</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>`), r.Body.Close()
	}}
	for key, err := range through(t, p, client.Bucket("any")).DeleteObjects(ctx, slices.Values([]string{"held", "free"})) {
		if e, ok := errors.AsType[*icos.Error](err); key == "held" && (!ok || e.Code != "AccessDenied" || e.Key != "held") {
			t.Errorf("%s: %v", key, err)
		}
		if key == "held" != errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestDeleteObjectsStops(t *testing.T) {
	b := newBucket(t)
	endless := func(pulled *int) iter.Seq[string] {
		return func(yield func(string) bool) {
			for yield(fmt.Sprint("key-", *pulled)) {
				*pulled++
			}
		}
	}
	pulled := 0
	for range b.DeleteObjects(ctx, endless(&pulled)) {
		break
	}
	if pulled > 5001 {
		t.Errorf("%d keys were taken after the loop was left", pulled)
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pulled = 0
	var last error
	for key, err := range b.DeleteObjects(ctx, endless(&pulled)) {
		cancel()
		if last = err; key == "" {
			break
		}
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("last error %v, want context.Canceled", last)
	}
}

func TestUploadHandle(t *testing.T) {
	b := newBucket(t)
	data := noise(12 * mib)
	u, err := b.Object("key").NewUpload(ctx, &icos.PutOptions{ContentType: "text/x-noise"})
	if err != nil {
		t.Fatal(err)
	}
	var sent int64
	if _, err := u.PutPart(ctx, 2, bytes.NewReader(data[5*mib:]), 7*mib, &icos.PartOptions{
		Progress: func(n int64) { sent = n },
	}); err != nil {
		t.Fatal(err)
	}
	if sent != 7*mib {
		t.Errorf("progress ended at %d", sent)
	}

	// Another process goes on.
	var id string
	for info, err := range b.Uploads(ctx, nil) {
		if err != nil || info.Key != "key" || info.Created.IsZero() {
			t.Errorf("upload %+v, %v", info, err)
		}
		id = info.ID
	}
	u = b.Object("key").Upload(id)
	put(t, b.Object("source"), data)
	if _, err := u.CopyPart(ctx, 1, b.Object("source"), 0, 5*mib, ""); err != nil {
		t.Fatal(err)
	}
	var parts []icos.Part
	for part, err := range u.Parts(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part)
	}
	info, err := u.Complete(ctx, parts, nil)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size != 12*mib || !strings.HasSuffix(info.ETag, "-2") {
		t.Errorf("Complete = %+v", info)
	}
	checkObject(t, b.Object("key"), data)
	if err := u.Abort(ctx); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Abort of a complete upload: %v", err)
	}
}
