package s3_test

import (
	"crypto/md5"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/s3"
)

func TestPutBucketVersioningOnTheWire(t *testing.T) {
	var got string
	c := newClient(t, func(r *http.Request) (*http.Response, error) {
		got = record(t, r)
		return answer(r, 200, ""), nil
	})
	if _, err := c.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningRequest{Bucket: "b", Status: s3.VersioningEnabled}); err != nil {
		t.Fatal(err)
	}
	document := "<VersioningConfiguration" + ns + "><Status>Enabled</Status></VersioningConfiguration>"
	sum := md5.Sum([]byte(document))
	want := "PUT /b?versioning\nContent-Md5: " + base64.StdEncoding.EncodeToString(sum[:]) + "\nContent-Type: application/xml\n" + document
	if got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
	got = ""
	for _, status := range []s3.VersioningStatus{s3.VersioningNever, "On"} {
		if _, err := c.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningRequest{Bucket: "b", Status: status}); err == nil || got != "" {
			t.Errorf("status %q: %v, sent %q", status, err, got)
		}
	}
}

func TestGetBucketVersioningAnswers(t *testing.T) {
	for body, want := range map[string]s3.VersioningStatus{
		`<VersioningConfiguration` + ns + `/>`:                                                                       s3.VersioningNever,
		`<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>`:                              s3.VersioningSuspended,
		`<VersioningConfiguration><MfaDelete>Disabled</MfaDelete><Status>Enabled</Status></VersioningConfiguration>`: s3.VersioningEnabled,
	} {
		c := newClient(t, func(r *http.Request) (*http.Response, error) { return answer(r, 200, body), nil })
		resp, err := c.GetBucketVersioning(t.Context(), &s3.GetBucketVersioningRequest{Bucket: "b"})
		if err != nil || resp.Status != want {
			t.Errorf("%s: %+v, %v, want %q", body, resp, err, want)
		}
	}
}

// TestVersionsAgainstTheServer calls every operation that takes a version.
func TestVersionsAgainstTheServer(t *testing.T) {
	cos := icostest.NewServer(t)
	ctx := t.Context()
	bucket := cos.Client().Bucket("versions")
	if err := bucket.Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	c, err := bucket.S3(ctx)
	if err != nil {
		t.Fatal(err)
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err = c.PutBucketVersioning(ctx, &s3.PutBucketVersioningRequest{Bucket: "versions", Status: s3.VersioningEnabled})
	check(err)
	status, err := c.GetBucketVersioning(ctx, &s3.GetBucketVersioningRequest{Bucket: "versions"})
	check(err)
	if status.Status != s3.VersioningEnabled {
		t.Errorf("status %q", status.Status)
	}
	one, err := c.PutObject(ctx, &s3.PutObjectRequest{Bucket: "versions", Key: "k", Body: strings.NewReader("one"), ContentLength: -1})
	check(err)
	two, err := c.PutObject(ctx, &s3.PutObjectRequest{Bucket: "versions", Key: "k", Body: strings.NewReader("two"), ContentLength: -1})
	check(err)
	if one.VersionID == "" || one.VersionID == two.VersionID {
		t.Fatalf("versions %q and %q", one.VersionID, two.VersionID)
	}
	get, err := c.GetObject(ctx, &s3.GetObjectRequest{Bucket: "versions", Key: "k", VersionID: one.VersionID})
	check(err)
	body, err := io.ReadAll(get.Body)
	check(err)
	check(get.Body.Close())
	if string(body) != "one" || get.VersionID != one.VersionID {
		t.Errorf("version %s is %q, and %s was asked for", get.VersionID, body, one.VersionID)
	}
	head, err := c.HeadObject(ctx, &s3.HeadObjectRequest{Bucket: "versions", Key: "k", VersionID: two.VersionID})
	check(err)
	if head.VersionID != two.VersionID || head.ContentLength != 3 {
		t.Errorf("HEAD = %+v", head)
	}
	_, err = c.PutObjectACL(ctx, &s3.PutObjectACLRequest{Bucket: "versions", Key: "k", VersionID: one.VersionID, ACL: "public-read"})
	check(err)
	acl, err := c.GetObjectACL(ctx, &s3.GetObjectACLRequest{Bucket: "versions", Key: "k", VersionID: one.VersionID})
	check(err)
	if len(acl.Grants) != 2 || acl.VersionID != one.VersionID {
		t.Errorf("ACL = %+v", acl)
	}
	copied, err := c.CopyObject(ctx, &s3.CopyObjectRequest{
		Bucket: "versions", Key: "k", SourceBucket: "versions", SourceKey: "k", SourceVersionID: one.VersionID,
	})
	check(err)
	if copied.SourceVersionID != one.VersionID || copied.VersionID == "" {
		t.Errorf("copy = %+v", copied)
	}

	deleted, err := c.DeleteObject(ctx, &s3.DeleteObjectRequest{Bucket: "versions", Key: "k"})
	check(err)
	if !deleted.DeleteMarker || deleted.VersionID == "" {
		t.Errorf("deletion = %+v", deleted)
	}
	if _, err := c.HeadObject(ctx, &s3.HeadObjectRequest{Bucket: "versions", Key: "k"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("HEAD of a deleted object: %v", err)
	}
	var e *s3.Error
	if _, err := c.GetObject(ctx, &s3.GetObjectRequest{Bucket: "versions", Key: "k", VersionID: deleted.VersionID}); !errors.As(err, &e) || e.Code != "MethodNotAllowed" {
		t.Errorf("GET of a delete marker: %v", err)
	}

	var want, got []s3.ObjectID
	for _, id := range []string{deleted.VersionID, copied.VersionID, two.VersionID, one.VersionID} {
		want = append(want, s3.ObjectID{Key: "k", VersionID: id})
	}
	list := &s3.ListObjectVersionsRequest{Bucket: "versions", MaxKeys: 3}
	for more := true; more; {
		page, err := c.ListObjectVersions(ctx, list)
		check(err)
		for _, v := range page.Versions {
			got = append(got, s3.ObjectID{Key: v.Key, VersionID: v.VersionID})
			if v.IsDeleteMarker != (v.VersionID == deleted.VersionID) || v.IsLatest != (v.VersionID == deleted.VersionID) {
				t.Errorf("listed %+v", v)
			}
		}
		list.KeyMarker, list.VersionIDMarker, more = page.NextKeyMarker, page.NextVersionIDMarker, page.IsTruncated
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	gone, err := c.DeleteObjects(ctx, &s3.DeleteObjectsRequest{Bucket: "versions", Objects: append(got, s3.ObjectID{Key: "new"})})
	check(err)
	if len(gone.Deleted) != 5 || len(gone.Errors) != 0 {
		t.Fatalf("deleted %+v", gone)
	}
	if d := gone.Deleted[0]; !d.DeleteMarker || d.DeleteMarkerVersionID != deleted.VersionID || d.VersionID != deleted.VersionID {
		t.Errorf("deletion of the marker: %+v", d)
	}
	if d := gone.Deleted[4]; !d.DeleteMarker || d.DeleteMarkerVersionID == "" || d.VersionID != "" {
		t.Errorf("deletion of nothing: %+v", d)
	}
}
