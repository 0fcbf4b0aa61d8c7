package awsv2_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/contrib/awsv2"
	"github.com/icos-go/icos/icostest"
)

// Each test runs with tokens and with signatures, over http and over https: what the
// SDK sends differs in all four.
func everyWay(t *testing.T, test func(t *testing.T, client *s3.Client)) {
	cos := icostest.NewServer(t)
	tls := httptest.NewTLSServer(cos.COS())
	t.Cleanup(tls.Close)
	for name, cfg := range map[string]icos.Config{"IAM": cos.Config(), "HMAC": cos.HMACConfig()} {
		t.Run(name+" over http", func(t *testing.T) { test(t, newClient(t, cfg)) })
		cfg.Endpoint, cfg.HTTPClient = tls.URL, tls.Client()
		t.Run(name+" over https", func(t *testing.T) { test(t, newClient(t, cfg)) })
	}
}

func newClient(t *testing.T, cfg icos.Config, options ...func(*s3.Options)) *s3.Client {
	t.Helper()
	client, err := awsv2.NewClient(cfg, options...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// newBucket creates a bucket, which takes the header of the service instance.
func newBucket(t *testing.T, client *s3.Client) *string {
	t.Helper()
	name := aws.String("b-" + strings.ToLower(rand.Text()))
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: name}); err != nil {
		t.Fatal(err)
	}
	return name
}

func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

func TestObjects(t *testing.T) {
	everyWay(t, func(t *testing.T, client *s3.Client) {
		ctx, bucket, key := t.Context(), newBucket(t, client), aws.String("a b/ü+%.txt")
		put := &s3.PutObjectInput{
			Bucket: bucket, Key: key, Body: strings.NewReader("hello, world"),
			ContentType: aws.String("text/plain"), Metadata: map[string]string{"shape": "round"},
		}
		if _, err := client.PutObject(ctx, put); err != nil {
			t.Fatal(err)
		}
		got, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, Range: aws.String("bytes=7-")})
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		if body, err := io.ReadAll(got.Body); string(body) != "world" || err != nil {
			t.Errorf("read %q, %v", body, err)
		}
		if got.Metadata["shape"] != "round" || *got.ContentType != "text/plain" {
			t.Errorf("metadata %v, type %s", got.Metadata, *got.ContentType)
		}
		list, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("a b/")})
		if err != nil || len(list.Contents) != 1 || *list.Contents[0].Key != *key {
			t.Errorf("list: %+v, %v", list, err)
		}
		batch := &types.Delete{Objects: []types.ObjectIdentifier{{Key: key}}}
		if _, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: batch}); err != nil {
			t.Error(err)
		}
		if _, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key}); code(err) != "NoSuchKey" {
			t.Errorf("get after delete: %v", err)
		}
	})
}

func TestListBuckets(t *testing.T) {
	everyWay(t, func(t *testing.T, client *s3.Client) {
		bucket := newBucket(t, client)
		list, err := client.ListBuckets(t.Context(), &s3.ListBucketsInput{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(list.Buckets, func(b types.Bucket) bool { return *b.Name == *bucket }) {
			t.Errorf("%s is not among %d buckets", *bucket, len(list.Buckets))
		}
	})
}

// The transfer manager sends parts side by side, each request with a token of its own.
func TestTransferManager(t *testing.T) {
	everyWay(t, func(t *testing.T, client *s3.Client) {
		ctx, bucket, key := t.Context(), newBucket(t, client), aws.String("large")
		want := make([]byte, 20<<20+1)
		rand.Read(want) // never fails
		m := transfermanager.New(client)
		if _, err := m.UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: bucket, Key: key, Body: bytes.NewReader(want)}); err != nil {
			t.Fatal(err)
		}
		got, err := m.GetObject(ctx, &transfermanager.GetObjectInput{Bucket: bucket, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(got.Body); !bytes.Equal(body, want) || err != nil {
			t.Errorf("read %d bytes, %v, want the %d sent", len(body), err, len(want))
		}
	})
}

func TestAnonymous(t *testing.T) {
	cos := icostest.NewServer(t)
	owner := newClient(t, cos.Config())
	bucket := newBucket(t, owner)
	for key, acl := range map[string]types.ObjectCannedACL{"open": "public-read", "shut": "private"} {
		in := &s3.PutObjectInput{Bucket: bucket, Key: aws.String(key), Body: strings.NewReader(key), ACL: acl}
		if _, err := owner.PutObject(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	client := newClient(t, icos.Config{Endpoint: cos.URL, Credentials: auth.Anonymous})
	if _, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("open")}); err != nil {
		t.Errorf("public object: %v", err)
	}
	if _, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String("shut")}); code(err) != "AccessDenied" {
		t.Errorf("private object: %v, want AccessDenied", err)
	}
}

// flaky fails the first request to each path that ends in /k.
type flaky struct {
	cos    http.Handler
	tokens []string
}

func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/k") {
		f.tokens = append(f.tokens, r.Header.Get("Authorization"))
		if len(f.tokens) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
	}
	f.cos.ServeHTTP(w, r)
}

// counting are credentials that say how often they were asked.
type counting struct {
	auth.Credentials
	n int
}

func (c *counting) Authorize(ctx context.Context, r *http.Request) error {
	c.n++
	return c.Credentials.Authorize(ctx, r)
}

// Every attempt is authorized anew: a token may have expired between two.
func TestRetryIsAuthorizedAnew(t *testing.T) {
	f := &flaky{}
	cos := icostest.NewServer(t, &icostest.Options{Wrap: func(cos http.Handler) http.Handler {
		f.cos = cos
		return f
	}})
	cfg := cos.Config()
	bucket := newBucket(t, newClient(t, cfg))
	creds := &counting{Credentials: cfg.Credentials}
	cfg.Credentials = creds
	client := newClient(t, cfg, func(o *s3.Options) {
		o.Retryer = fast{o.Retryer}
	})
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("k"), Body: strings.NewReader("x")}); err != nil {
		t.Fatal(err)
	}
	if creds.n != 2 || len(f.tokens) != 2 || !strings.HasPrefix(f.tokens[1], "Bearer ") {
		t.Errorf("authorized %d times, for %d attempts", creds.n, len(f.tokens))
	}
}

// fast retries at once.
type fast struct{ aws.Retryer }

func (fast) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

func TestNewClientNeedsEndpoint(t *testing.T) {
	if _, err := awsv2.NewClient(icos.Config{Credentials: auth.Anonymous}); err == nil || !strings.Contains(err.Error(), "Endpoint") {
		t.Errorf("without an endpoint: %v", err)
	}
	client := newClient(t, icos.Config{Credentials: auth.Anonymous, Location: "eu-de-smart"})
	if got := client.Options().BaseEndpoint; *got != "https://s3.eu-de.cloud-object-storage.appdomain.cloud" {
		t.Errorf("endpoint of eu-de-smart is %s", *got)
	}
}

// Errors of the credentials arrive, and nothing is sent.
func TestNoToken(t *testing.T) {
	refused := errors.New("no token today")
	client := newClient(t, icos.Config{Endpoint: "http://127.0.0.1:1", Credentials: failing{refused}})
	if _, err := client.ListBuckets(t.Context(), &s3.ListBucketsInput{}); !errors.Is(err, refused) {
		t.Errorf("ListBuckets: %v, want %v", err, refused)
	}
}

type failing struct{ err error }

func (f failing) Authorize(context.Context, *http.Request) error { return f.err }
