package s3_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/s3"
)

// wire returns the low-level client of a local COS, and a bucket that is made for the test.
func wire(t *testing.T, o *s3.CreateBucketRequest) (*icostest.Server, *s3.Client) {
	t.Helper()
	cos := icostest.NewServer(t)
	c, err := cos.Client().Bucket(o.Bucket).S3(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateBucket(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return cos, c
}

// put stores an object that says hello.
func put(t *testing.T, c *s3.Client, r *s3.PutObjectRequest) *s3.PutObjectResponse {
	t.Helper()
	r.Body, r.ContentLength = strings.NewReader("hello"), 5
	resp, err := c.PutObject(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestImmutableStorage(t *testing.T) {
	ctx := t.Context()
	cos, c := wire(t, &s3.CreateBucketRequest{Bucket: "kept"})
	if p, err := c.GetBucketProtectionConfiguration(ctx, &s3.GetBucketProtectionConfigurationRequest{Bucket: "kept"}); err != nil || p.Status != "Disabled" {
		t.Errorf("policy %+v, error %v, want none", p, err)
	}
	want := s3.Protection{Status: "Retention", MinimumDays: 0, DefaultDays: 10, MaximumDays: 1000, EnablePermanentRetention: true}
	if _, err := c.PutBucketProtectionConfiguration(ctx, &s3.PutBucketProtectionConfigurationRequest{Bucket: "kept", Protection: want}); err != nil {
		t.Fatal(err)
	}
	if p, err := c.GetBucketProtectionConfiguration(ctx, &s3.GetBucketProtectionConfigurationRequest{Bucket: "kept"}); err != nil || p.Protection != want || p.ManagementState != "active" {
		t.Errorf("policy %+v, error %v, want %+v", p, err, want)
	}

	put(t, c, &s3.PutObjectRequest{Bucket: "kept", Key: "k", RetentionPeriod: new(int64(3600)), RetentionLegalHoldID: "one"})
	if _, err := c.AddLegalHold(ctx, &s3.AddLegalHoldRequest{Bucket: "kept", Key: "k", ID: "two*(2)"}); err != nil {
		t.Error(err)
	}
	if _, err := c.AddLegalHold(ctx, &s3.AddLegalHoldRequest{Bucket: "kept", Key: "k", ID: "one"}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the same hold again: %v, want fs.ErrExist", err)
	}
	state, err := c.ListLegalHolds(ctx, &s3.ListLegalHoldsRequest{Bucket: "kept", Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	if ids := []string{state.LegalHolds[0].ID, state.LegalHolds[1].ID}; !slices.Equal(ids, []string{"one", "two*(2)"}) || state.RetentionPeriod != 3600 ||
		!state.RetentionPeriodExpirationDate.Equal(state.CreateTime.Add(time.Hour)) || state.LegalHolds[0].Date.IsZero() {
		t.Errorf("state %+v", state)
	}
	if _, err := c.ExtendObjectRetention(ctx, &s3.ExtendObjectRetentionRequest{Bucket: "kept", Key: "k", AdditionalRetentionPeriod: new(int64(3600))}); err != nil {
		t.Error(err)
	}
	if _, err := c.ExtendObjectRetention(ctx, &s3.ExtendObjectRetentionRequest{Bucket: "kept", Key: "k", NewRetentionPeriod: new(int64(60))}); err == nil {
		t.Error("a period was made shorter")
	}
	head, err := c.HeadObject(ctx, &s3.HeadObjectRequest{Bucket: "kept", Key: "k"})
	if err != nil || head.RetentionPeriod == nil || *head.RetentionPeriod != 7200 || head.RetentionLegalHoldCount != 2 || head.RetentionExpirationDate.IsZero() {
		t.Errorf("head %+v, error %v", head, err)
	}
	if _, err := c.DeleteObject(ctx, &s3.DeleteObjectRequest{Bucket: "kept", Key: "k"}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("deleting it: %v, want fs.ErrPermission", err)
	}
	cos.Advance(t, 3*time.Hour)
	for _, id := range []string{"one", "two*(2)"} {
		if _, err := c.DeleteObject(ctx, &s3.DeleteObjectRequest{Bucket: "kept", Key: "k"}); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("deleting it while it is held: %v, want fs.ErrPermission", err)
		}
		if _, err := c.DeleteLegalHold(ctx, &s3.DeleteLegalHoldRequest{Bucket: "kept", Key: "k", ID: id}); err != nil {
			t.Error(err)
		}
	}
	if _, err := c.DeleteObject(ctx, &s3.DeleteObjectRequest{Bucket: "kept", Key: "k"}); err != nil {
		t.Errorf("deleting it in the end: %v", err)
	}
	if _, err := c.ListLegalHolds(ctx, &s3.ListLegalHoldsRequest{Bucket: "kept", Key: "k"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("holds of nothing: %v, want fs.ErrNotExist", err)
	}
}

func TestObjectLock(t *testing.T) {
	ctx := t.Context()
	cos, c := wire(t, &s3.CreateBucketRequest{Bucket: "locked", ObjectLockEnabled: true})
	want := s3.ObjectLockConfiguration{Enabled: true, Mode: s3.Governance, Days: 30}
	if _, err := c.PutObjectLockConfiguration(ctx, &s3.PutObjectLockConfigurationRequest{Bucket: "locked", Configuration: want}); err != nil {
		t.Fatal(err)
	}
	if got, err := c.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationRequest{Bucket: "locked"}); err != nil || got.ObjectLockConfiguration != want || got.ManagementState != "active" {
		t.Errorf("configuration %+v, error %v, want %+v", got, err, want)
	}
	id := put(t, c, &s3.PutObjectRequest{Bucket: "locked", Key: "k"}).VersionID
	retention, err := c.GetObjectRetention(ctx, &s3.GetObjectRetentionRequest{Bucket: "locked", Key: "k", VersionID: id})
	if err != nil || retention.Mode != s3.Governance {
		t.Fatalf("retention %+v, error %v", retention, err)
	}
	if ahead := retention.RetainUntilDate.Sub(cos.Clock().Now()); ahead < 29*24*time.Hour || ahead > 31*24*time.Hour {
		t.Errorf("locked for %v, want 30 days", ahead)
	}
	longer := retention.RetainUntilDate.AddDate(1, 0, 0)
	if _, err := c.PutObjectRetention(ctx, &s3.PutObjectRetentionRequest{Bucket: "locked", Key: "k", VersionID: id, Mode: s3.Governance, RetainUntilDate: longer}); err != nil {
		t.Error(err)
	}
	shorter := &s3.PutObjectRetentionRequest{Bucket: "locked", Key: "k", VersionID: id, Mode: s3.Governance, RetainUntilDate: retention.RetainUntilDate}
	if _, err := c.PutObjectRetention(ctx, shorter); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a shorter lock: %v, want fs.ErrPermission", err)
	}
	shorter.BypassGovernanceRetention = true
	if _, err := c.PutObjectRetention(ctx, shorter); err != nil {
		t.Errorf("a shorter lock with the right to bypass: %v", err)
	}
	if _, err := c.PutObjectLegalHold(ctx, &s3.PutObjectLegalHoldRequest{Bucket: "locked", Key: "k", VersionID: id, Status: "ON"}); err != nil {
		t.Error(err)
	}
	if got, err := c.GetObjectLegalHold(ctx, &s3.GetObjectLegalHoldRequest{Bucket: "locked", Key: "k", VersionID: id}); err != nil || got.Status != "ON" {
		t.Errorf("legal hold %+v, error %v", got, err)
	}
	head, err := c.HeadObject(ctx, &s3.HeadObjectRequest{Bucket: "locked", Key: "k"})
	if err != nil || head.ObjectLockMode != s3.Governance || !head.ObjectLockRetainUntilDate.Equal(retention.RetainUntilDate) || head.ObjectLockLegalHold != "ON" {
		t.Errorf("head %+v, error %v", head, err)
	}
	cos.Advance(t, 400*24*time.Hour)
	remove := &s3.DeleteObjectRequest{Bucket: "locked", Key: "k", VersionID: id, BypassGovernanceRetention: true}
	if _, err := c.DeleteObject(ctx, remove); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("deleting what is held: %v, want fs.ErrPermission", err)
	}
	if _, err := c.PutObjectLegalHold(ctx, &s3.PutObjectLegalHoldRequest{Bucket: "locked", Key: "k", VersionID: id, Status: "OFF"}); err != nil {
		t.Error(err)
	}
	if _, err := c.DeleteObject(ctx, remove); err != nil {
		t.Errorf("deleting it in the end: %v", err)
	}
	// With a lock of its own, and everything that a write can say.
	until := cos.Clock().Now().AddDate(2, 0, 0).Truncate(time.Second)
	own := put(t, c, &s3.PutObjectRequest{
		Bucket: "locked", Key: "own", ObjectLockMode: s3.Compliance, ObjectLockRetainUntilDate: until, ObjectLockLegalHold: "ON", Tags: []s3.Tag{{Key: "a", Value: "b c"}},
	})
	head, err = c.HeadObject(ctx, &s3.HeadObjectRequest{Bucket: "locked", Key: "own", VersionID: own.VersionID})
	if err != nil || head.ObjectLockMode != s3.Compliance || !head.ObjectLockRetainUntilDate.Equal(until) || head.ObjectLockLegalHold != "ON" || head.TaggingCount != 1 {
		t.Errorf("head %+v, error %v", head, err)
	}
}

func TestTagging(t *testing.T) {
	ctx := t.Context()
	_, c := wire(t, &s3.CreateBucketRequest{Bucket: "tagged"})
	tags := []s3.Tag{{Key: "a b", Value: "ü&<>=+ "}, {Key: "c"}}
	put(t, c, &s3.PutObjectRequest{Bucket: "tagged", Key: "k", Tags: tags})
	if got, err := c.GetObjectTagging(ctx, &s3.GetObjectTaggingRequest{Bucket: "tagged", Key: "k"}); err != nil || !slices.Equal(got.Tags, tags) {
		t.Errorf("tags %+v, error %v, want %+v", got, err, tags)
	}
	if _, err := c.PutObjectTagging(ctx, &s3.PutObjectTaggingRequest{Bucket: "tagged", Key: "k", Tags: tags[:1]}); err != nil {
		t.Error(err)
	}
	if got, err := c.GetObjectTagging(ctx, &s3.GetObjectTaggingRequest{Bucket: "tagged", Key: "k"}); err != nil || !slices.Equal(got.Tags, tags[:1]) {
		t.Errorf("tags %+v, error %v, want %+v", got, err, tags[:1])
	}
	if _, err := c.DeleteObjectTagging(ctx, &s3.DeleteObjectTaggingRequest{Bucket: "tagged", Key: "k"}); err != nil {
		t.Error(err)
	}
	if got, err := c.GetObjectTagging(ctx, &s3.GetObjectTaggingRequest{Bucket: "tagged", Key: "k"}); err != nil || len(got.Tags) != 0 {
		t.Errorf("tags %+v, error %v, want none", got, err)
	}
	if _, err := c.GetBucketTagging(ctx, &s3.GetBucketTaggingRequest{Bucket: "tagged"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("tags of the bucket: %v, want fs.ErrNotExist", err)
	}
	if _, err := c.PutBucketTagging(ctx, &s3.PutBucketTaggingRequest{Bucket: "tagged", Tags: tags}); err != nil {
		t.Error(err)
	}
	if got, err := c.GetBucketTagging(ctx, &s3.GetBucketTaggingRequest{Bucket: "tagged"}); err != nil || !slices.Equal(got.Tags, tags) {
		t.Errorf("tags %+v, error %v, want %+v", got, err, tags)
	}
	if _, err := c.DeleteBucketTagging(ctx, &s3.DeleteBucketTaggingRequest{Bucket: "tagged"}); err != nil {
		t.Error(err)
	}
}
