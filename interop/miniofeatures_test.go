package interop

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/encrypt"
	"github.com/minio/minio-go/v7/pkg/lifecycle"
	"github.com/minio/minio-go/v7/pkg/tags"
)

// TestMinioGoFeatures has minio-go use what buckets and objects have besides bytes. Over TLS, where it is willing to send keys.
func TestMinioGoFeatures(t *testing.T) {
	c := startTLS(t)
	client, err := minio.New(strings.TrimPrefix(c.url, "https://"), &minio.Options{
		Creds:  credentials.NewStaticV4(c.credential.HMAC.AccessKeyID, c.credential.HMAC.SecretKey, ""),
		Secure: true, Region: "us-south", BucketLookup: minio.BucketLookupPath, Transport: c.client(t).Transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]func(*testing.T, *minio.Client, string){
		"versions": minioVersions, "tags": minioTags, "locks": minioLocks, "own-keys": minioKeys, "lifecycle": minioLifecycle,
	} {
		t.Run(name, func(t *testing.T) {
			bucket := "minio-" + name
			if err := client.MakeBucket(t.Context(), bucket, minio.MakeBucketOptions{Region: "us-south-standard", ObjectLocking: name == "locks"}); err != nil {
				t.Fatal(err)
			}
			test(t, client, bucket)
		})
	}
}

func minioPut(t *testing.T, client *minio.Client, bucket, key, body string, o minio.PutObjectOptions) minio.UploadInfo {
	t.Helper()
	info, err := client.PutObject(t.Context(), bucket, key, strings.NewReader(body), int64(len(body)), o)
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
	return info
}

func minioGet(t *testing.T, client *minio.Client, bucket, key string, o minio.GetObjectOptions) (string, error) {
	t.Helper()
	r, err := client.GetObject(t.Context(), bucket, key, o)
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	return string(b), err
}

func minioVersions(t *testing.T, client *minio.Client, bucket string) {
	ctx := t.Context()
	if err := client.EnableVersioning(ctx, bucket); err != nil {
		t.Fatal(err)
	}
	if conf, err := client.GetBucketVersioning(ctx, bucket); err != nil || !conf.Enabled() {
		t.Fatalf("versioning is %+v, %v", conf, err)
	}
	one := minioPut(t, client, bucket, "k", "one", minio.PutObjectOptions{})
	two := minioPut(t, client, bucket, "k", "two", minio.PutObjectOptions{})
	if err := client.RemoveObject(ctx, bucket, "k", minio.RemoveObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := minioGet(t, client, bucket, "k", minio.GetObjectOptions{}); minio.ToErrorResponse(err).Code != "NoSuchKey" {
		t.Errorf("get after delete: %v", err)
	}
	if got, err := minioGet(t, client, bucket, "k", minio.GetObjectOptions{VersionID: one.VersionID}); got != "one" || err != nil {
		t.Errorf("the first version is %q, %v", got, err)
	}
	var ids []string
	for o := range client.ListObjects(ctx, bucket, minio.ListObjectsOptions{WithVersions: true, Recursive: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		if o.IsDeleteMarker != (len(ids) == 0) {
			t.Errorf("version %d: delete marker is %v", len(ids), o.IsDeleteMarker)
		}
		ids = append(ids, o.VersionID)
	}
	if len(ids) != 3 || ids[1] != two.VersionID || ids[2] != one.VersionID {
		t.Fatalf("versions %q, want a marker, %s and %s", ids, two.VersionID, one.VersionID)
	}
	if err := client.RemoveObject(ctx, bucket, "k", minio.RemoveObjectOptions{VersionID: ids[0]}); err != nil {
		t.Fatal(err)
	}
	if got, err := minioGet(t, client, bucket, "k", minio.GetObjectOptions{}); got != "two" || err != nil {
		t.Errorf("without the marker it is %q, %v", got, err)
	}
}

func minioTags(t *testing.T, client *minio.Client, bucket string) {
	ctx := t.Context()
	minioPut(t, client, bucket, "k", "x", minio.PutObjectOptions{UserTags: map[string]string{"a": "1", "b c": "d+e=f"}})
	got, err := client.GetObjectTagging(ctx, bucket, "k", minio.GetObjectTaggingOptions{})
	if err != nil || got.ToMap()["b c"] != "d+e=f" || len(got.ToMap()) != 2 {
		t.Errorf("tags %v, %v", got, err)
	}
	set, err := tags.NewTags(map[string]string{"team": "blue"}, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.PutObjectTagging(ctx, bucket, "k", set, minio.PutObjectTaggingOptions{}); err != nil {
		t.Error(err)
	}
	if err := client.RemoveObjectTagging(ctx, bucket, "k", minio.RemoveObjectTaggingOptions{}); err != nil {
		t.Error(err)
	}
	if got, err := client.GetObjectTagging(ctx, bucket, "k", minio.GetObjectTaggingOptions{}); err != nil || len(got.ToMap()) != 0 {
		t.Errorf("tags after their removal %v, %v", got, err)
	}
	if err := client.SetBucketTagging(ctx, bucket, set); err != nil {
		t.Fatal(err)
	}
	if got, err := client.GetBucketTagging(ctx, bucket); err != nil || got.ToMap()["team"] != "blue" {
		t.Errorf("bucket tags %v, %v", got, err)
	}
	if err := client.RemoveBucketTagging(ctx, bucket); err != nil {
		t.Error(err)
	}
}

func minioLocks(t *testing.T, client *minio.Client, bucket string) {
	ctx := t.Context()
	mode, days, unit := minio.Governance, uint(3), minio.Days
	if err := client.SetBucketObjectLockConfig(ctx, bucket, &mode, &days, &unit); err != nil {
		t.Fatal(err)
	}
	gotMode, gotDays, _, err := client.GetBucketObjectLockConfig(ctx, bucket)
	if err != nil || *gotMode != mode || *gotDays != days {
		t.Fatalf("lock of the bucket: %v %v, %v", gotMode, gotDays, err)
	}
	info := minioPut(t, client, bucket, "k", "x", minio.PutObjectOptions{})
	until := time.Now().Add(5 * day).Truncate(time.Second)
	if err := client.PutObjectRetention(ctx, bucket, "k", minio.PutObjectRetentionOptions{Mode: &mode, RetainUntilDate: &until}); err != nil {
		t.Fatal(err)
	}
	if m, at, err := client.GetObjectRetention(ctx, bucket, "k", info.VersionID); err != nil || *m != mode || !at.Equal(until) {
		t.Errorf("retention %v %v, %v", m, at, err)
	}
	on, off := minio.LegalHoldEnabled, minio.LegalHoldDisabled
	if err := client.PutObjectLegalHold(ctx, bucket, "k", minio.PutObjectLegalHoldOptions{Status: &on}); err != nil {
		t.Fatal(err)
	}
	remove := minio.RemoveObjectOptions{VersionID: info.VersionID, GovernanceBypass: true}
	if err := client.RemoveObject(ctx, bucket, "k", remove); minio.ToErrorResponse(err).Code != "AccessDenied" {
		t.Errorf("removing what is on hold: %v", err)
	}
	if err := client.PutObjectLegalHold(ctx, bucket, "k", minio.PutObjectLegalHoldOptions{Status: &off}); err != nil {
		t.Fatal(err)
	}
	if err := client.RemoveObject(ctx, bucket, "k", minio.RemoveObjectOptions{VersionID: info.VersionID}); minio.ToErrorResponse(err).Code != "AccessDenied" {
		t.Errorf("removing what is locked: %v", err)
	}
	if err := client.RemoveObject(ctx, bucket, "k", remove); err != nil {
		t.Errorf("removing around governance: %v", err)
	}
}

func minioKeys(t *testing.T, client *minio.Client, bucket string) {
	key, err := encrypt.NewSSEC([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("0123456789abcdef", 6<<20/16) + "end"
	minioPut(t, client, bucket, "small", "secret", minio.PutObjectOptions{ServerSideEncryption: key})
	minioPut(t, client, bucket, "large", large, minio.PutObjectOptions{ServerSideEncryption: key, PartSize: 5 << 20})
	for object, want := range map[string]string{"small": "secret", "large": large} {
		if got, err := minioGet(t, client, bucket, object, minio.GetObjectOptions{ServerSideEncryption: key}); got != want || err != nil {
			t.Errorf("%s: read %d bytes, %v, want the %d written", object, len(got), err, len(want))
		}
		if _, err := minioGet(t, client, bucket, object, minio.GetObjectOptions{}); minio.ToErrorResponse(err).StatusCode != http.StatusBadRequest {
			t.Errorf("%s without its key: %v", object, err)
		}
	}
	src := minio.CopySrcOptions{Bucket: bucket, Object: "small", Encryption: encrypt.SSECopy(key)}
	if _, err := client.CopyObject(t.Context(), minio.CopyDestOptions{Bucket: bucket, Object: "plain"}, src); err != nil {
		t.Fatal(err)
	}
	if got, err := minioGet(t, client, bucket, "plain", minio.GetObjectOptions{}); got != "secret" || err != nil {
		t.Errorf("a plain copy is %q, %v", got, err)
	}
}

func minioLifecycle(t *testing.T, client *minio.Client, bucket string) {
	ctx := t.Context()
	conf := lifecycle.NewConfiguration()
	conf.Rules = []lifecycle.Rule{{
		ID: "tmp", Status: "Enabled", RuleFilter: lifecycle.Filter{Prefix: "tmp/"}, Expiration: lifecycle.Expiration{Days: 3},
	}}
	if err := client.SetBucketLifecycle(ctx, bucket, conf); err != nil {
		t.Fatal(err)
	}
	got, err := client.GetBucketLifecycle(ctx, bucket)
	if err != nil || len(got.Rules) != 1 || got.Rules[0].ID != "tmp" || got.Rules[0].Expiration.Days != 3 || got.Rules[0].RuleFilter.Prefix != "tmp/" {
		t.Errorf("lifecycle %+v, %v", got, err)
	}
	info := minioPut(t, client, bucket, "tmp/k", "x", minio.PutObjectOptions{})
	if info.Expiration.Before(time.Now().Add(2*day)) || info.ExpirationRuleID != "tmp" {
		t.Errorf("expires at %v by %q, want after three days by tmp", info.Expiration, info.ExpirationRuleID)
	}
}
