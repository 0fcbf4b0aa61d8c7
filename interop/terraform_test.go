package interop

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestProvisioning asks what tools that provision buckets ask after every change: for all there is to know about a bucket. They
// go by the codes of the errors: what is not configured, and what is not offered, must say so in the words that S3 has for it.
func TestProvisioning(t *testing.T) {
	c := startTLS(t)
	client := s3.New(s3.Options{
		BaseEndpoint: &c.url, HTTPClient: c.client(t), Region: "us-south", UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: c.credential.HMAC.AccessKeyID, SecretAccessKey: c.credential.HMAC.SecretKey}, nil
		}),
	})
	b := aws.String("provisioned")
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: b}); err != nil {
		t.Fatal(err)
	}
	refresh(t, client, b)
	configure(t, client, b)
	if err := s3.NewBucketExistsWaiter(client).Wait(t.Context(), &s3.HeadBucketInput{Bucket: b}, 1e9); err != nil {
		t.Error(err)
	}
	unconfigure(t, client, b)
	refresh(t, client, b)
	if _, err := client.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: b}); err != nil {
		t.Error(err)
	}
}

// refresh reads everything of a bucket that has nothing.
func refresh(t *testing.T, client *s3.Client, b *string) {
	t.Helper()
	ctx := t.Context()
	for want, reads := range map[string][]func() error{
		"": {
			func() error { _, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: b}); return err },
			func() error {
				_, err := client.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: b})
				return err
			},
			func() error { _, err := client.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: b}); return err },
			func() error {
				_, err := client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: b})
				return err
			},
			func() error {
				_, err := client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: b})
				return err
			},
		},
		"NoSuchCORSConfiguration":    {func() error { _, err := client.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: b}); return err }},
		"NoSuchWebsiteConfiguration": {func() error { _, err := client.GetBucketWebsite(ctx, &s3.GetBucketWebsiteInput{Bucket: b}); return err }},
		"NoSuchTagSet":               {func() error { _, err := client.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: b}); return err }},
		"NoSuchLifecycleConfiguration": {func() error {
			_, err := client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: b})
			return err
		}},
		"ReplicationConfigurationNotFoundError": {func() error {
			_, err := client.GetBucketReplication(ctx, &s3.GetBucketReplicationInput{Bucket: b})
			return err
		}},
		"ObjectLockConfigurationNotFoundError": {func() error {
			_, err := client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: b})
			return err
		}},
		"NoSuchPublicAccessBlockConfiguration": {func() error {
			_, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: b})
			return err
		}},
		"NotImplemented": {
			func() error { _, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: b}); return err },
			func() error { _, err := client.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: b}); return err },
			func() error {
				_, err := client.GetBucketAccelerateConfiguration(ctx, &s3.GetBucketAccelerateConfigurationInput{Bucket: b})
				return err
			},
			func() error {
				_, err := client.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: b})
				return err
			},
			func() error {
				_, err := client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: b})
				return err
			},
			func() error {
				_, err := client.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: b})
				return err
			},
			func() error {
				_, err := client.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: b})
				return err
			},
		},
	} {
		for i, read := range reads {
			if got := (&awsGo{}).code(read()); got != want {
				t.Errorf("read %d: code %q, want %q", i, got, want)
			}
		}
	}
}

// configure sets everything that can be set, twice: who provisions repeats itself.
func configure(t *testing.T, client *s3.Client, b *string) {
	t.Helper()
	ctx, yes := t.Context(), aws.Bool(true)
	for range 2 {
		_, cors := client.PutBucketCors(ctx, &s3.PutBucketCorsInput{Bucket: b, CORSConfiguration: &types.CORSConfiguration{
			CORSRules: []types.CORSRule{{AllowedMethods: []string{"GET"}, AllowedOrigins: []string{"*"}}},
		}})
		_, website := client.PutBucketWebsite(ctx, &s3.PutBucketWebsiteInput{Bucket: b, WebsiteConfiguration: &types.WebsiteConfiguration{
			IndexDocument: &types.IndexDocument{Suffix: aws.String("index.html")},
		}})
		_, tagging := client.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: b, Tagging: &types.Tagging{
			TagSet: []types.Tag{{Key: aws.String("made-by"), Value: aws.String("a tool")}},
		}})
		_, lifecycle := client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
			Bucket: b,
			LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{{
				ID: aws.String("expire"), Status: types.ExpirationStatusEnabled,
				Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")}, Expiration: &types.LifecycleExpiration{Days: aws.Int32(30)},
			}}},
		})
		_, access := client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
			Bucket:                         b,
			PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicAcls: yes, IgnorePublicAcls: yes},
		})
		_, versioning := client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
			Bucket:                  b,
			VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended},
		})
		for name, err := range map[string]error{
			"cors": cors, "website": website, "tagging": tagging, "lifecycle": lifecycle, "public access": access, "versioning": versioning,
		} {
			if err != nil {
				t.Errorf("set %s: %v", name, err)
			}
		}
	}
}

func unconfigure(t *testing.T, client *s3.Client, b *string) {
	t.Helper()
	ctx := t.Context()
	for range 2 { // what is gone is gone
		_, cors := client.DeleteBucketCors(ctx, &s3.DeleteBucketCorsInput{Bucket: b})
		_, website := client.DeleteBucketWebsite(ctx, &s3.DeleteBucketWebsiteInput{Bucket: b})
		_, tagging := client.DeleteBucketTagging(ctx, &s3.DeleteBucketTaggingInput{Bucket: b})
		_, access := client.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: b})
		for name, err := range map[string]error{"cors": cors, "website": website, "tagging": tagging, "public access": access} {
			if err != nil {
				t.Errorf("delete %s: %v", name, err)
			}
		}
	}
	_, err := client.DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleInput{Bucket: b})
	if err != nil {
		t.Errorf("delete lifecycle: %v", err)
	}
	_, err = client.DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleInput{Bucket: b})
	if got := (&awsGo{}).code(err); got != "NoSuchLifecycleConfiguration" { // COS's way: S3 says nothing
		t.Errorf("delete lifecycle again: %v", err)
	}
}
