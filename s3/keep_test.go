package s3_test

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos/s3"
)

// TestKeepingRequests compares what keeps and labels objects with what IBM's SDKs send, as far as both mean the same.
func TestKeepingRequests(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	ctx := t.Context()
	compareRequests(t, []requestTest{
		{
			"PutBucketProtectionConfiguration",
			func(c *s3.Client) error {
				_, err := c.PutBucketProtectionConfiguration(ctx, &s3.PutBucketProtectionConfigurationRequest{
					Bucket: "b", Protection: s3.Protection{MinimumDays: 10, DefaultDays: 100, MaximumDays: 1000, EnablePermanentRetention: true},
				})
				return err
			}, "",
			"PUT /b?protection\nContent-Md5: MD5\nContent-Type: application/xml\n" +
				"<ProtectionConfiguration><Status>Retention</Status><MinimumRetention><Days>10</Days></MinimumRetention><DefaultRetention><Days>100</Days></DefaultRetention>" +
				"<MaximumRetention><Days>1000</Days></MaximumRetention><EnablePermanentRetention>true</EnablePermanentRetention></ProtectionConfiguration>",
		},
		{
			"AddLegalHold",
			func(c *s3.Client) error {
				_, err := c.AddLegalHold(ctx, &s3.AddLegalHoldRequest{Bucket: "b", Key: "k", ID: "hold 1"})
				return err
			}, "", "POST /b/k?legalHold&add=hold%201\n",
		},
		{
			"DeleteLegalHold",
			func(c *s3.Client) error {
				_, err := c.DeleteLegalHold(ctx, &s3.DeleteLegalHoldRequest{Bucket: "b", Key: "k", ID: "hold1"})
				return err
			}, "", "POST /b/k?legalHold&remove=hold1\n",
		},
		{
			"ExtendObjectRetention by a period",
			func(c *s3.Client) error {
				_, err := c.ExtendObjectRetention(ctx, &s3.ExtendObjectRetentionRequest{Bucket: "b", Key: "k", AdditionalRetentionPeriod: new(int64(5))})
				return err
			}, "", "POST /b/k?extendRetention\nAdditional-Retention-Period: 5\n",
		},
		{
			"ExtendObjectRetention to a date",
			func(c *s3.Client) error {
				_, err := c.ExtendObjectRetention(ctx, &s3.ExtendObjectRetentionRequest{Bucket: "b", Key: "k", NewRetentionExpirationDate: at})
				return err
			}, "", "POST /b/k?extendRetention\nNew-Retention-Expiration-Date: 2030-01-02T03:04:05Z\n",
		},
		{
			"ExtendObjectRetention to now",
			func(c *s3.Client) error {
				_, err := c.ExtendObjectRetention(ctx, &s3.ExtendObjectRetentionRequest{Bucket: "b", Key: "k", ExtendRetentionFromCurrentTime: new(int64)})
				return err
			}, "", "POST /b/k?extendRetention\nExtend-Retention-From-Current-Time: 0\n",
		},
		{
			"PutObjectLockConfiguration",
			func(c *s3.Client) error {
				_, err := c.PutObjectLockConfiguration(ctx, &s3.PutObjectLockConfigurationRequest{
					Bucket: "b", Configuration: s3.ObjectLockConfiguration{Mode: s3.Compliance, Days: 30},
				})
				return err
			}, "",
			"PUT /b?object-lock\nContent-Md5: MD5\nContent-Type: application/xml\n" +
				"<ObjectLockConfiguration" + ns + "><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>30</Days></DefaultRetention></Rule></ObjectLockConfiguration>",
		},
		{
			"PutObjectRetention",
			func(c *s3.Client) error {
				_, err := c.PutObjectRetention(ctx, &s3.PutObjectRetentionRequest{
					Bucket: "b", Key: "k", VersionID: "v", Mode: s3.Governance, RetainUntilDate: at, BypassGovernanceRetention: true,
				})
				return err
			}, "",
			"PUT /b/k?retention&versionId=v\nContent-Md5: MD5\nContent-Type: application/xml\nX-Amz-Bypass-Governance-Retention: true\n" +
				"<Retention" + ns + "><Mode>GOVERNANCE</Mode><RetainUntilDate>2030-01-02T03:04:05Z</RetainUntilDate></Retention>",
		},
		{
			"PutObjectLegalHold",
			func(c *s3.Client) error {
				_, err := c.PutObjectLegalHold(ctx, &s3.PutObjectLegalHoldRequest{Bucket: "b", Key: "k", Status: "ON"})
				return err
			}, "",
			"PUT /b/k?legal-hold\nContent-Md5: MD5\nContent-Type: application/xml\n<LegalHold" + ns + "><Status>ON</Status></LegalHold>",
		},
		{
			"PutObjectTagging",
			func(c *s3.Client) error {
				_, err := c.PutObjectTagging(ctx, &s3.PutObjectTaggingRequest{Bucket: "b", Key: "k", Tags: []s3.Tag{{Key: "a&b", Value: "<1>"}, {Key: "c"}}})
				return err
			}, "",
			"PUT /b/k?tagging\nContent-Md5: MD5\nContent-Type: application/xml\n" +
				"<Tagging" + ns + "><TagSet><Tag><Key>a&amp;b</Key><Value>&lt;1&gt;</Value></Tag><Tag><Key>c</Key><Value></Value></Tag></TagSet></Tagging>",
		},
		{
			"PutBucketTagging",
			func(c *s3.Client) error {
				_, err := c.PutBucketTagging(ctx, &s3.PutBucketTaggingRequest{Bucket: "b"})
				return err
			}, "",
			"PUT /b?tagging\nContent-Md5: MD5\nContent-Type: application/xml\n<Tagging" + ns + "><TagSet></TagSet></Tagging>",
		},
		{
			"DeleteObjectTagging",
			func(c *s3.Client) error {
				_, err := c.DeleteObjectTagging(ctx, &s3.DeleteObjectTaggingRequest{Bucket: "b", Key: "k", VersionID: "v"})
				return err
			}, "", "DELETE /b/k?tagging&versionId=v\n",
		},
		{
			"PutObject, kept, locked and tagged",
			func(c *s3.Client) error {
				_, err := c.PutObject(ctx, &s3.PutObjectRequest{
					Bucket: "b", Key: "k", Checksum: s3.Checksum{Algorithm: s3.NoChecksum},
					RetentionPeriod: new(int64(s3.RetentionIndefinite)), Tags: []s3.Tag{{Key: "a b", Value: "c&d=e"}, {Key: "ü"}},
					ObjectLockMode: s3.Compliance, ObjectLockRetainUntilDate: at, ObjectLockLegalHold: "ON",
				})
				return err
			}, "",
			"PUT /b/k\nRetention-Period: -1\nX-Amz-Object-Lock-Legal-Hold: ON\nX-Amz-Object-Lock-Mode: COMPLIANCE\n" +
				"X-Amz-Object-Lock-Retain-Until-Date: 2030-01-02T03:04:05Z\nX-Amz-Tagging: a%20b=c%26d%3De&%C3%BC=\n",
		},
		{
			"CopyObject with the retention of the source",
			func(c *s3.Client) error {
				_, err := c.CopyObject(ctx, &s3.CopyObjectRequest{
					Bucket: "b", Key: "k", SourceBucket: "b", SourceKey: "s", RetentionDirective: "COPY",
					TaggingDirective: "REPLACE", Tags: []s3.Tag{{Key: "a", Value: "1"}},
				})
				return err
			}, "<CopyObjectResult/>",
			"PUT /b/k\nRetention-Directive: COPY\nX-Amz-Copy-Source: b/s\nX-Amz-Tagging: a=1\nX-Amz-Tagging-Directive: REPLACE\n",
		},
		{
			"DeleteObject, whatever governs it",
			func(c *s3.Client) error {
				_, err := c.DeleteObject(ctx, &s3.DeleteObjectRequest{Bucket: "b", Key: "k", VersionID: "v", BypassGovernanceRetention: true})
				return err
			}, "", "DELETE /b/k?versionId=v\nX-Amz-Bypass-Governance-Retention: true\n",
		},
		{
			"CreateBucket with object lock",
			func(c *s3.Client) error {
				_, err := c.CreateBucket(ctx, &s3.CreateBucketRequest{Bucket: "b", ObjectLockEnabled: true})
				return err
			}, "", "PUT /b\nIbm-Service-Instance-Id: crn:v1:instance\nX-Amz-Bucket-Object-Lock-Enabled: true\n",
		},
	})
}

// TestListLegalHolds reads every form of the answer that IBM's documents and SDKs know.
func TestListLegalHolds(t *testing.T) {
	hold := "<ID>h</ID><Date>Fri, 8 Sep\n 2018 23:13:18 GMT</Date>" // with a line break, as in IBM's documents
	for name, holds := range map[string]string{
		"LegalHolds":   "<LegalHolds><LegalHold>" + hold + "</LegalHold></LegalHolds>",
		"LegalHoldSet": "<LegalHoldSet><LegalHold>" + hold + "</LegalHold></LegalHoldSet>",
		"member":       "<LegalHolds><member>" + hold + "</member></LegalHolds>",
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				return answer(r, 200, "<RetentionState"+ns+"><CreateTime>Fri, 8 Sep 2018 21:33:08 GMT</CreateTime><RetentionPeriod>220752000</RetentionPeriod>"+
					"<RetentionPeriodExpirationDate>2025-09-06T21:33:08Z</RetentionPeriodExpirationDate>"+holds+"</RetentionState>"), nil
			})
			got, err := c.ListLegalHolds(t.Context(), &s3.ListLegalHoldsRequest{Bucket: "b", Key: "k"})
			if err != nil {
				t.Fatal(err)
			}
			want := &s3.ListLegalHoldsResponse{
				CreateTime: time.Date(2018, 9, 8, 21, 33, 8, 0, time.UTC), RetentionPeriod: 220752000,
				RetentionPeriodExpirationDate: time.Date(2025, 9, 6, 21, 33, 8, 0, time.UTC),
				LegalHolds:                    []s3.LegalHold{{ID: "h", Date: time.Date(2018, 9, 8, 23, 13, 18, 0, time.UTC)}},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

// TestHoldWhoseAnswerWasLost adds and removes a hold where the first answer is lost on the way.
func TestHoldWhoseAnswerWasLost(t *testing.T) {
	tests := []struct {
		name   string
		call   func(*s3.Client) error
		status int // of the second answer
	}{
		{"add", func(c *s3.Client) error {
			_, err := c.AddLegalHold(t.Context(), &s3.AddLegalHoldRequest{Bucket: "b", Key: "k", ID: "h"})
			return err
		}, 409},
		{"remove", func(c *s3.Client) error {
			_, err := c.DeleteLegalHold(t.Context(), &s3.DeleteLegalHoldRequest{Bucket: "b", Key: "k", ID: "h"})
			return err
		}, 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := 0
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				if n++; n == 1 {
					return nil, errors.New("connection reset")
				}
				return answer(r, tt.status, errorDoc("Some")), nil
			}, func(cfg *s3.Config) { cfg.Retry.BaseDelay = time.Nanosecond })
			if err := tt.call(c); err != nil || n != 2 {
				t.Errorf("after %d attempts: %v, want success after 2", n, err)
			}
			if err := tt.call(c); err == nil {
				t.Error("the same answer to a first attempt is no error")
			} else if tt.name == "add" && !errors.Is(err, fs.ErrExist) {
				t.Errorf("%v is not fs.ErrExist", err)
			}
		})
	}
}

// TestExtensionIsNotRepeated makes sure that a period does not grow twice.
func TestExtensionIsNotRepeated(t *testing.T) {
	n := 0
	c := newClient(t, func(*http.Request) (*http.Response, error) {
		n++
		return nil, errors.New("connection reset")
	}, func(cfg *s3.Config) { cfg.Retry.BaseDelay = time.Nanosecond })
	_, err := c.ExtendObjectRetention(t.Context(), &s3.ExtendObjectRetentionRequest{Bucket: "b", Key: "k", AdditionalRetentionPeriod: new(int64(5))})
	if err == nil || n != 1 {
		t.Errorf("%d attempts to add to a period, error %v; want one that fails", n, err)
	}
	n = 0
	if _, err := c.ExtendObjectRetention(t.Context(), &s3.ExtendObjectRetentionRequest{Bucket: "b", Key: "k", NewRetentionPeriod: new(int64(5))}); err == nil || n < 2 {
		t.Errorf("%d attempts to set a period, error %v; want several that fail", n, err)
	}
}

func TestKeepingAnswers(t *testing.T) {
	c := newClient(t, func(r *http.Request) (*http.Response, error) {
		switch q := r.URL.RawQuery; {
		case q == "protection":
			return answer(r, 200, "<ProtectionConfiguration"+ns+"><Status>Retention</Status><MinimumRetention><Days>1</Days></MinimumRetention>"+
				"<MaximumRetention><Days>3</Days></MaximumRetention><DefaultRetention><Days>2</Days></DefaultRetention><EnablePermanentRetention>True</EnablePermanentRetention></ProtectionConfiguration>",
				"x-ibm-protection-management-state: active"), nil
		case q == "object-lock":
			return answer(r, 200, "<ObjectLockConfiguration><ObjectLockEnabled>ENABLED</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Years>7</Years></DefaultRetention></Rule></ObjectLockConfiguration>"), nil
		case q == "retention":
			return answer(r, 200, "<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>2030-01-02T03:04:05.000Z</RetainUntilDate></Retention>"), nil
		case q == "legal-hold":
			return answer(r, 200, "<LegalHold><Status>ON</Status></LegalHold>"), nil
		case q == "tagging":
			return answer(r, 200, "<Tagging><TagSet><Tag><Key> a </Key><Value> 1 </Value></Tag><Tag><Key>b</Key><Value/></Tag></TagSet></Tagging>", "x-amz-version-id: v"), nil
		}
		return answer(r, 200, "", "x-amz-tagging-count: 2", "x-amz-object-lock-mode: GOVERNANCE", "x-amz-object-lock-legal-hold: ON",
			"x-amz-object-lock-retain-until-date: 2030-01-02T03:04:05.000Z", "Retention-Period: -1", "Retention-Legal-Hold-Count: 3"), nil
	})
	ctx, at := t.Context(), time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	check := func(name string, got any, err error, want any) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	protection, err := c.GetBucketProtectionConfiguration(ctx, &s3.GetBucketProtectionConfigurationRequest{Bucket: "b"})
	check("protection", protection, err, &s3.GetBucketProtectionConfigurationResponse{Protection: s3.Protection{"Retention", 1, 2, 3, true}, ManagementState: "active"})
	lock, err := c.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationRequest{Bucket: "b"})
	check("object lock", lock, err, &s3.GetObjectLockConfigurationResponse{ObjectLockConfiguration: s3.ObjectLockConfiguration{Enabled: true, Mode: s3.Compliance, Years: 7}})
	retention, err := c.GetObjectRetention(ctx, &s3.GetObjectRetentionRequest{Bucket: "b", Key: "k"})
	check("retention", retention, err, &s3.GetObjectRetentionResponse{Mode: s3.Compliance, RetainUntilDate: at})
	hold, err := c.GetObjectLegalHold(ctx, &s3.GetObjectLegalHoldRequest{Bucket: "b", Key: "k"})
	check("legal hold", hold, err, &s3.GetObjectLegalHoldResponse{Status: "ON"})
	tags := []s3.Tag{{Key: " a ", Value: " 1 "}, {Key: "b"}}
	object, err := c.GetObjectTagging(ctx, &s3.GetObjectTaggingRequest{Bucket: "b", Key: "k"})
	check("tags", object, err, &s3.GetObjectTaggingResponse{Tags: tags, VersionID: "v"})
	bucket, err := c.GetBucketTagging(ctx, &s3.GetBucketTaggingRequest{Bucket: "b"})
	check("bucket tags", bucket, err, &s3.GetBucketTaggingResponse{Tags: tags})
	head, err := c.HeadObject(ctx, &s3.HeadObjectRequest{Bucket: "b", Key: "k"})
	check("head", head, err, &s3.HeadObjectResponse{ObjectHeader: s3.ObjectHeader{
		TaggingCount: 2, ObjectLockMode: s3.Governance, ObjectLockRetainUntilDate: at, ObjectLockLegalHold: "ON",
		RetentionPeriod: new(int64(-1)), RetentionLegalHoldCount: 3,
	}})
}

func TestTagsThatXMLCanNotCarry(t *testing.T) {
	c := newClient(t, func(r *http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return answer(r, 200, ""), nil
	})
	for _, tag := range []s3.Tag{{Key: "\x01"}, {Key: "a", Value: "\xff"}} {
		_, err := c.PutObjectTagging(t.Context(), &s3.PutObjectTaggingRequest{Bucket: "b", Key: "k", Tags: []s3.Tag{tag}})
		if err == nil || !strings.Contains(err.Error(), "XML") {
			t.Errorf("tag %q: error %v", tag, err)
		}
	}
}
