package s3_test

import (
	"crypto/md5"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/s3"
)

// roundTripper is a function as http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer makes a response of a status, headers "Name: value" and a body.
func answer(r *http.Request, status int, body string, headers ...string) *http.Response {
	resp := &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header), Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		resp.Header.Add(name, value)
	}
	return resp
}

// newClient returns a client whose requests f answers.
func newClient(t testing.TB, f roundTripper, change ...func(*s3.Config)) *s3.Client {
	t.Helper()
	cfg := s3.Config{
		Endpoint:    "https://s3.example.com",
		Credentials: auth.StaticToken("TOK"),
		InstanceID:  "crn:v1:instance",
		HTTPClient:  &http.Client{Transport: f},
	}
	for _, c := range change {
		c(&cfg)
	}
	c, err := s3.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// record returns what r looks like on the wire, less what all requests have in common.
func record(t testing.TB, r *http.Request) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(r.Method + " " + r.URL.RequestURI() + "\n")
	h := r.Header.Clone()
	if got := h.Get("Authorization"); got != "Bearer TOK" {
		t.Errorf("Authorization = %q, want Bearer TOK", got)
	}
	h.Del("Authorization")
	h.Del("User-Agent")
	h.Write(&b)
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read body: %v", err)
		}
		r.Body.Close()
		b.Write(body)
	}
	return strings.ReplaceAll(b.String(), "\r\n", "\n")
}

const ns = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`

// requestTest is a call, the answer that it gets, and the request that it has to send, as record writes it. MD5 stands for that of the
// document behind the last line break.
type requestTest struct {
	name   string
	call   func(*s3.Client) error
	answer string
	want   string
}

func compareRequests(t *testing.T, tests []requestTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got string
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				got = record(t, r)
				return answer(r, 200, tt.answer), nil
			})
			if err := tt.call(c); err != nil {
				t.Error(err)
			}
			sum := md5.Sum([]byte(tt.want[strings.LastIndexByte(tt.want, '\n')+1:]))
			want := strings.Replace(tt.want, "MD5", base64.StdEncoding.EncodeToString(sum[:]), 1)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRequests compares requests with those that IBM's Python SDK sends, as far as both mean the same.
func TestRequests(t *testing.T) {
	expiry := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	compareRequests(t, []requestTest{
		{
			"CreateBucket with Key Protect",
			func(c *s3.Client) error {
				_, err := c.CreateBucket(t.Context(), &s3.CreateBucketRequest{
					Bucket: "b", LocationConstraint: "us-south-standard",
					KeyProtectAlgorithm: "AES256", KeyProtectRootKeyCRN: "crn:v1:key",
				})
				return err
			}, "",
			"PUT /b\nContent-Type: application/xml\nIbm-Service-Instance-Id: crn:v1:instance\nIbm-Sse-Kp-Customer-Root-Key-Crn: crn:v1:key\nIbm-Sse-Kp-Encryption-Algorithm: AES256\n" +
				"<CreateBucketConfiguration" + ns + "><LocationConstraint>us-south-standard</LocationConstraint></CreateBucketConfiguration>",
		},
		{
			"CreateBucket",
			func(c *s3.Client) error {
				_, err := c.CreateBucket(t.Context(), &s3.CreateBucketRequest{Bucket: "b", InstanceID: "other"})
				return err
			}, "",
			"PUT /b\nIbm-Service-Instance-Id: other\n",
		},
		{
			"ListBuckets",
			func(c *s3.Client) error {
				_, err := c.ListBuckets(t.Context(), &s3.ListBucketsRequest{})
				return err
			}, "<ListAllMyBucketsResult/>",
			"GET /\nIbm-Service-Instance-Id: crn:v1:instance\n",
		},
		{
			"ListBucketsExtended",
			func(c *s3.Client) error {
				_, err := c.ListBucketsExtended(t.Context(), &s3.ListBucketsExtendedRequest{Prefix: "p", MaxKeys: 3})
				return err
			}, "<ListAllMyBucketsResult/>",
			"GET /?extended&prefix=p&max-keys=3\nIbm-Service-Instance-Id: crn:v1:instance\n",
		},
		{
			"PutObject",
			func(c *s3.Client) error {
				_, err := c.PutObject(t.Context(), &s3.PutObjectRequest{
					Bucket: "b", Key: "k y", Body: strings.NewReader("123456789"), ContentLength: 9,
					Metadata: map[string]string{"Foo": "bar"}, RetentionExpirationDate: expiry, RetentionLegalHoldID: "h1",
				})
				return err
			}, "",
			"PUT /b/k%20y\nRetention-Expiration-Date: 2030-01-02T03:04:05Z\nRetention-Legal-Hold-Id: h1\nX-Amz-Checksum-Crc32c: 4waSgw==\nX-Amz-Meta-Foo: bar\n123456789",
		},
		{
			"PutObject without a length",
			func(c *s3.Client) error {
				_, err := c.PutObject(t.Context(), &s3.PutObjectRequest{Bucket: "b", Key: "k", Body: strings.NewReader("123456789")})
				return err
			}, "",
			"PUT /b/k\nX-Amz-Checksum-Crc32c: 4waSgw==\n123456789",
		},
		{
			"PutObject of nothing, only if new",
			func(c *s3.Client) error {
				_, err := c.PutObject(t.Context(), &s3.PutObjectRequest{Bucket: "b", Key: "k", IfNoneMatch: "*", IfMatch: "e", Checksum: s3.Checksum{Algorithm: s3.NoChecksum}})
				return err
			}, "",
			"PUT /b/k\nIf-Match: \"e\"\nIf-None-Match: *\n",
		},
		{
			"CreateMultipartUpload",
			func(c *s3.Client) error {
				_, err := c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadRequest{Bucket: "b", Key: "k"})
				return err
			}, "<InitiateMultipartUploadResult><UploadId>U1</UploadId></InitiateMultipartUploadResult>",
			"POST /b/k?uploads\n",
		},
		{
			"UploadPart",
			func(c *s3.Client) error {
				_, err := c.UploadPart(t.Context(), &s3.UploadPartRequest{
					Bucket: "b", Key: "k", UploadID: "U1", PartNumber: 1, Body: strings.NewReader("123456789"), ContentLength: 9,
					Checksum: s3.Checksum{Algorithm: s3.CRC64NVME},
				})
				return err
			}, "",
			"PUT /b/k?uploadId=U1&partNumber=1\nX-Amz-Checksum-Crc64nvme: rosUhgp5mIg=\n123456789",
		},
		{
			"CompleteMultipartUpload",
			func(c *s3.Client) error {
				_, err := c.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadRequest{
					Bucket: "b", Key: "k", UploadID: "U1", RetentionPeriod: new(int64(9)),
					Parts: []s3.CompletedPart{{PartNumber: 1, ETag: "e"}, {PartNumber: 2, ETag: `"f"`, Checksum: s3.Checksum{Algorithm: s3.CRC32C, Value: "4waSgw=="}}},
				})
				return err
			}, "<CompleteMultipartUploadResult/>",
			"POST /b/k?uploadId=U1\nContent-Md5: oPClR3R2ZiMl0fbgSWac0A==\nContent-Type: application/xml\nRetention-Period: 9\n" +
				"<CompleteMultipartUpload" + ns + `><Part><ETag>"e"</ETag><PartNumber>1</PartNumber></Part><Part><ETag>"f"</ETag><PartNumber>2</PartNumber><ChecksumCRC32C>4waSgw==</ChecksumCRC32C></Part></CompleteMultipartUpload>`,
		},
		{
			"DeleteObjects",
			func(c *s3.Client) error {
				_, err := c.DeleteObjects(t.Context(), &s3.DeleteObjectsRequest{Bucket: "b", Objects: []s3.ObjectID{{Key: "a"}, {Key: "<&>\r", VersionID: "v"}}})
				return err
			}, "<DeleteResult/>",
			"POST /b?delete\nContent-Md5: /RJ5dGZJB+SGVLqni9Z7AA==\nContent-Type: application/xml\n" +
				"<Delete" + ns + "><Object><Key>a</Key></Object><Object><Key>&lt;&amp;&gt;&#13;</Key><VersionId>v</VersionId></Object></Delete>",
		},
		{
			"ListObjects",
			func(c *s3.Client) error {
				_, err := c.ListObjects(t.Context(), &s3.ListObjectsRequest{Bucket: "b"})
				return err
			}, "<ListBucketResult/>",
			"GET /b?encoding-type=url\n",
		},
		{
			"ListObjectsV2",
			func(c *s3.Client) error {
				_, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Request{Bucket: "b", Prefix: "a b/+", FetchOwner: true, ContinuationToken: "x=/y"})
				return err
			}, "<ListBucketResult/>",
			"GET /b?list-type=2&encoding-type=url&prefix=a%20b%2F%2B&continuation-token=x%3D%2Fy&fetch-owner=true\n",
		},
		{
			"GetObject",
			func(c *s3.Client) error {
				_, err := c.GetObject(t.Context(), &s3.GetObjectRequest{Bucket: "b", Key: "k", Range: "bytes=0-9", IfModifiedSince: expiry})
				return err
			}, "",
			"GET /b/k\nAccept-Encoding: identity\nIf-Modified-Since: Wed, 02 Jan 2030 03:04:05 GMT\nRange: bytes=0-9\nX-Amz-Checksum-Mode: ENABLED\n",
		},
		{
			"CopyObject",
			func(c *s3.Client) error {
				_, err := c.CopyObject(t.Context(), &s3.CopyObjectRequest{
					Bucket: "b", Key: "k2", SourceBucket: "b", SourceKey: "k y", SourceVersionID: "v 1",
					RetentionDirective: "REPLACE", RetentionPeriod: new(int64(3)),
				})
				return err
			}, "<CopyObjectResult/>",
			"PUT /b/k2\nRetention-Directive: REPLACE\nRetention-Period: 3\nX-Amz-Copy-Source: b/k%20y?versionId=v%201\n",
		},
		{
			"PutBucketCORS",
			func(c *s3.Client) error {
				_, err := c.PutBucketCORS(t.Context(), &s3.PutBucketCORSRequest{Bucket: "b", Rules: []s3.CORSRule{{
					ID: "r", AllowedOrigins: []string{"*"}, AllowedMethods: []string{"GET", "PUT"}, MaxAgeSeconds: 5,
				}}})
				return err
			}, "",
			"PUT /b?cors\nContent-Md5: wnh5lzHnCID/eEBDZvjZlA==\nContent-Type: application/xml\n" +
				"<CORSConfiguration" + ns + "><CORSRule><ID>r</ID><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><MaxAgeSeconds>5</MaxAgeSeconds></CORSRule></CORSConfiguration>",
		},
		{
			"PutObjectACL",
			func(c *s3.Client) error {
				_, err := c.PutObjectACL(t.Context(), &s3.PutObjectACLRequest{Bucket: "b", Key: "k", ACL: "public-read"})
				return err
			}, "",
			"PUT /b/k?acl\nX-Amz-Acl: public-read\n",
		},
	})
}
