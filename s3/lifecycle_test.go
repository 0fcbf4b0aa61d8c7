package s3_test

import (
	"crypto/md5"
	"encoding/base64"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/s3"
)

func contentMD5(document string) string {
	sum := md5.Sum([]byte(document))
	return "Content-Md5: " + base64.StdEncoding.EncodeToString(sum[:]) + "\nContent-Type: application/xml\n" + document
}

// TestLifecycleOnTheWire compares documents with those that IBM's documentation shows.
func TestLifecycleOnTheWire(t *testing.T) {
	size := int64(5)
	tests := []struct {
		name string
		call func(*s3.Client) error
		want string
	}{
		{
			"archive policy",
			func(c *s3.Client) error {
				_, err := c.PutBucketLifecycle(t.Context(), &s3.PutBucketLifecycleRequest{Bucket: "b", Rules: []s3.LifecycleRule{
					{ID: "my-archive-policy", Transition: &s3.LifecycleTransition{Days: 20, StorageClass: "ACCELERATED"}},
				}})
				return err
			},
			"PUT /b?lifecycle\n" + contentMD5("<LifecycleConfiguration"+ns+"><Rule><ID>my-archive-policy</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>"+
				"<Transition><Days>20</Days><StorageClass>ACCELERATED</StorageClass></Transition></Rule></LifecycleConfiguration>"),
		},
		{
			"all there is",
			func(c *s3.Client) error {
				_, err := c.PutBucketLifecycle(t.Context(), &s3.PutBucketLifecycleRequest{Bucket: "b", Rules: []s3.LifecycleRule{
					{ID: "date", Disabled: true, Filter: s3.LifecycleFilter{Prefix: "foo/"}, Expiration: &s3.LifecycleExpiration{Date: time.Date(2020, 6, 1, 2, 0, 0, 0, time.FixedZone("", 2*60*60))}},
					{Filter: s3.LifecycleFilter{Tags: []s3.Tag{{Key: "k", Value: "<v>"}}, SmallerThan: &size}, Expiration: &s3.LifecycleExpiration{ExpiredObjectDeleteMarker: true}},
					{Filter: s3.LifecycleFilter{LargerThan: &size}, NoncurrentExpiration: &s3.NoncurrentVersionExpiration{Days: 100, Keep: 2}, AbortDays: 3},
				}})
				return err
			},
			"PUT /b?lifecycle\n" + contentMD5("<LifecycleConfiguration"+ns+">"+
				"<Rule><ID>date</ID><Filter><Prefix>foo/</Prefix></Filter><Status>Disabled</Status><Expiration><Date>2020-06-01T00:00:00.000Z</Date></Expiration></Rule>"+
				"<Rule><Filter><And><Tag><Key>k</Key><Value>&lt;v&gt;</Value></Tag><ObjectSizeLessThan>5</ObjectSizeLessThan></And></Filter><Status>Enabled</Status><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule>"+
				"<Rule><Filter><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></Filter><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>100</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionExpiration>"+
				"<AbortIncompleteMultipartUpload><DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>"),
		},
		{
			"restore",
			func(c *s3.Client) error {
				_, err := c.RestoreObject(t.Context(), &s3.RestoreObjectRequest{Bucket: "b", Key: "k", VersionID: "v", Days: 3, Tier: "Bulk"})
				return err
			},
			"POST /b/k?restore&versionId=v\n" + contentMD5("<RestoreRequest"+ns+"><Days>3</Days><GlacierJobParameters><Tier>Bulk</Tier></GlacierJobParameters></RestoreRequest>"),
		},
		{
			"replication",
			func(c *s3.Client) error {
				_, err := c.PutBucketReplication(t.Context(), &s3.PutBucketReplicationRequest{Bucket: "b", Rules: []s3.ReplicationRule{
					{ID: "SimpleReplication", Priority: 1, Bucket: "crn:v1:x"},
				}})
				return err
			},
			"PUT /b?replication\n" + contentMD5("<ReplicationConfiguration"+ns+"><Rule><ID>SimpleReplication</ID><Priority>1</Priority><Status>Enabled</Status>"+
				"<DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Filter><Prefix></Prefix></Filter><Destination><Bucket>crn:v1:x</Bucket></Destination></Rule></ReplicationConfiguration>"),
		},
		{
			"failures",
			func(c *s3.Client) error {
				_, err := c.ListBucketReplicationFailures(t.Context(), &s3.ListBucketReplicationFailuresRequest{Bucket: "b", MaxKeys: 5, ContinuationToken: "T", FirstSyncAttemptedBefore: 17})
				return err
			},
			"GET /b?ibm-replication-failures&encoding-type=url&continuation-token=T&max-keys=5&first-sync-attempted-before=17\n",
		},
		{
			"reattempt",
			func(c *s3.Client) error {
				_, err := c.PutBucketReplicationReattempt(t.Context(), &s3.PutBucketReplicationReattemptRequest{Bucket: "b"})
				return err
			},
			"PUT /b?ibm-replication-reattempt\n",
		},
	}
	for _, test := range tests {
		var got string
		c := newClient(t, func(r *http.Request) (*http.Response, error) {
			got = record(t, r)
			return answer(r, 200, "<ListReplicationFailureResult/>"), nil
		})
		if err := test.call(c); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

func TestLifecycleRequestsThatAreNotSent(t *testing.T) {
	c := newClient(t, func(r *http.Request) (*http.Response, error) {
		t.Errorf("sent %s %s", r.Method, r.URL)
		return answer(r, 200, ""), nil
	})
	ctx := t.Context()
	bad := s3.LifecycleRule{Filter: s3.LifecycleFilter{Tags: []s3.Tag{{Key: "\x00"}}}}
	for name, call := range map[string]func() error{
		"no rules": func() error {
			_, err := c.PutBucketLifecycle(ctx, &s3.PutBucketLifecycleRequest{Bucket: "b"})
			return err
		},
		"a tag that XML cannot hold": func() error {
			_, err := c.PutBucketLifecycle(ctx, &s3.PutBucketLifecycleRequest{Bucket: "b", Rules: []s3.LifecycleRule{bad}})
			return err
		},
		"no replication rules": func() error {
			_, err := c.PutBucketReplication(ctx, &s3.PutBucketReplicationRequest{Bucket: "b"})
			return err
		},
		"a prefix that XML cannot hold": func() error {
			_, err := c.PutBucketReplication(ctx, &s3.PutBucketReplicationRequest{Bucket: "b", Rules: []s3.ReplicationRule{{Filter: s3.ReplicationFilter{Prefix: "\x01"}}}})
			return err
		},
		"no days": func() error {
			_, err := c.RestoreObject(ctx, &s3.RestoreObjectRequest{Bucket: "b", Key: "k"})
			return err
		},
	} {
		if err := call(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestLifecycleAnswers reads answers as the real service writes them.
func TestLifecycleAnswers(t *testing.T) {
	c := newClient(t, func(r *http.Request) (*http.Response, error) {
		switch {
		case r.URL.Query().Has("lifecycle"):
			return answer(r, 200, `<LifecycleConfiguration><Rule><ID>a</ID><Filter /><Status>Enabled</Status><Transition><Days>20</Days><StorageClass>GLACIER</StorageClass></Transition></Rule>
			<Rule><Prefix>old</Prefix><Status>Disabled</Status><Expiration><Date>2020-06-01T00:00:00.000Z</Date></Expiration></Rule></LifecycleConfiguration>`), nil
		case r.URL.Query().Has("replication"):
			return answer(r, 200, `<ReplicationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ID>SimpleReplication</ID><Status>ENABLED</Status>
			<DeleteMarkerReplication><Status>DISABLED</Status></DeleteMarkerReplication><Destination><Bucket>crn:v1:x</Bucket></Destination><Priority>1</Priority><Filter/></Rule></ReplicationConfiguration>`), nil
		}
		return answer(r, 200, `<ListReplicationFailureResult><Name>b</Name><EncodingType>url</EncodingType><KeyCount>1</KeyCount><IsTruncated>true</IsTruncated><NextContinuationToken>N</NextContinuationToken>
		<Contents><Key>a%20b</Key><VersionId>v</VersionId><SyncType>content</SyncType><FirstSyncAttempted>2024-01-01T00:00:00.000Z</FirstSyncAttempted><LastSyncAttempted>2024-01-02T00:00:00.000Z</LastSyncAttempted><SyncFailureCause>why</SyncFailureCause></Contents></ListReplicationFailureResult>`), nil
	})
	ctx := t.Context()
	rules, err := c.GetBucketLifecycle(ctx, &s3.GetBucketLifecycleRequest{Bucket: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]s3.LifecycleRule{
		{ID: "a", Transition: &s3.LifecycleTransition{Days: 20, StorageClass: "GLACIER"}},
		{Disabled: true, Filter: s3.LifecycleFilter{Prefix: "old"}, Expiration: &s3.LifecycleExpiration{Date: time.Date(2020, 6, 1, 0, 0, 0, 0, time.UTC)}},
	}, rules.Rules); diff != "" {
		t.Error(diff)
	}
	replication, err := c.GetBucketReplication(ctx, &s3.GetBucketReplicationRequest{Bucket: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]s3.ReplicationRule{{ID: "SimpleReplication", Priority: 1, Bucket: "crn:v1:x"}}, replication.Rules); diff != "" {
		t.Error(diff)
	}
	failures, err := c.ListBucketReplicationFailures(ctx, &s3.ListBucketReplicationFailuresRequest{Bucket: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&s3.ListBucketReplicationFailuresResponse{
		Name: "b", KeyCount: 1, IsTruncated: true, NextContinuationToken: "N",
		Failures: []s3.ReplicationFailure{{
			Key: "a b", VersionID: "v", SyncType: "content", Cause: "why",
			FirstAttempted: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), LastAttempted: time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC),
		}},
	}, failures); diff != "" {
		t.Error(diff)
	}
}

// TestRestoreAgainstTheServer tells 202 from 200.
func TestRestoreAgainstTheServer(t *testing.T) {
	cos := icostest.NewServer(t)
	ctx := t.Context()
	bucket := cos.Client().Bucket("archive")
	if err := bucket.Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	c, err := bucket.S3(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.PutBucketLifecycle(ctx, &s3.PutBucketLifecycleRequest{Bucket: "archive", Rules: []s3.LifecycleRule{
		{ID: "now", Transition: &s3.LifecycleTransition{StorageClass: "ACCELERATED"}},
		{ID: "soon", Expiration: &s3.LifecycleExpiration{Days: 30}, AbortDays: 7},
	}}); err != nil {
		t.Fatal(err)
	}
	put, err := c.PutObject(ctx, &s3.PutObjectRequest{Bucket: "archive", Key: "k", Body: strings.NewReader("x"), ContentLength: 1})
	if err != nil || !strings.Contains(put.Expiration, `rule-id="soon"`) {
		t.Errorf("put: %+v, %v", put, err)
	}
	up, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadRequest{Bucket: "archive", Key: "k"})
	if err != nil || up.AbortRuleID != "soon" || up.AbortDate.IsZero() {
		t.Errorf("upload: %+v, %v", up, err)
	}
	parts, err := c.ListParts(ctx, &s3.ListPartsRequest{Bucket: "archive", Key: "k", UploadID: up.UploadID})
	if err != nil || parts.AbortRuleID != "soon" || !parts.AbortDate.Equal(up.AbortDate) {
		t.Errorf("parts: %+v, %v", parts, err)
	}
	restore := &s3.RestoreObjectRequest{Bucket: "archive", Key: "k", Days: 2, Tier: "Accelerated"}
	if resp, err := c.RestoreObject(ctx, restore); err != nil || resp.StatusCode != 202 {
		t.Errorf("restore: %+v, %v", resp, err)
	}
	_, err = c.RestoreObject(ctx, restore)
	if e, ok := errors.AsType[*s3.Error](err); !ok || e.Code != "RestoreAlreadyInProgress" || e.StatusCode != 409 {
		t.Errorf("restore while it goes on: %v", err)
	}
	cos.Advance(t, 3*time.Hour)
	if resp, err := c.RestoreObject(ctx, restore); err != nil || resp.StatusCode != 200 {
		t.Errorf("restore again: %+v, %v", resp, err)
	}
	head, err := c.HeadObject(ctx, &s3.HeadObjectRequest{Bucket: "archive", Key: "k"})
	if err != nil || head.StorageClass != "ACCELERATED" || !strings.Contains(head.Restore, `ongoing-request="false"`) || head.Transition == "" || head.RestoredCopyStorageClass != "Standard" {
		t.Errorf("head: %+v, %v", head, err)
	}
	if _, err := c.DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleRequest{Bucket: "archive"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleRequest{Bucket: "archive"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("delete no rules: %v", err)
	}
	if _, err := c.PutBucketReplicationReattempt(ctx, &s3.PutBucketReplicationReattemptRequest{Bucket: "archive"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reattempt without rules: %v", err)
	}
	if _, err := c.DeleteBucketReplication(ctx, &s3.DeleteBucketReplicationRequest{Bucket: "archive"}); err != nil {
		t.Errorf("delete no replication: %v", err)
	}
}
