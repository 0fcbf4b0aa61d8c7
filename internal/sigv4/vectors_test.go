package sigv4_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/sigv4"
)

// The examples of the Amazon S3 API reference, "Signature Calculations for the
// Authorization Header" and its neighbours, all at one moment with one key.
const (
	awsID     = "AKIAIOSFODNN7EXAMPLE"
	awsSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

var (
	awsTime  = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
	awsScope = sigv4.ScopeAt(awsTime, "us-east-1")
)

func hashed(s string) string {
	d := sha256.Sum256([]byte(s))
	return hex.EncodeToString(d[:])
}

func awsRequest(t *testing.T, method, target, payload string, header map[string]string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	r.Header.Set("X-Amz-Date", "20130524T000000Z")
	r.Header.Set("X-Amz-Content-Sha256", payload)
	return r
}

func TestPublishedHeaderExamples(t *testing.T) {
	tests := []struct {
		name, method, target, payload string
		header                        map[string]string
		want                          string
	}{
		{
			"get object", "GET", "https://examplebucket.s3.amazonaws.com/test.txt", sigv4.EmptySHA256,
			map[string]string{"Range": "bytes=0-9"},
			"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
		},
		{
			"put object", "PUT", "https://examplebucket.s3.amazonaws.com/test$file.text", hashed("Welcome to Amazon S3."),
			map[string]string{"Date": "Fri, 24 May 2013 00:00:00 GMT", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY"},
			"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
		},
		{
			"get lifecycle", "GET", "https://examplebucket.s3.amazonaws.com/?lifecycle", sigv4.EmptySHA256,
			nil,
			"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
		},
		{
			"list objects", "GET", "https://examplebucket.s3.amazonaws.com/?prefix=J&max-keys=2", sigv4.EmptySHA256,
			nil,
			"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
		},
		{
			"chunked upload, seed", "PUT", "https://s3.amazonaws.com/examplebucket/chunkObject.txt", sigv4.StreamingSigned,
			map[string]string{
				"X-Amz-Storage-Class": "REDUCED_REDUNDANCY", "Content-Encoding": "aws-chunked",
				"X-Amz-Decoded-Content-Length": "66560", "+content-length": "66824",
			},
			"4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
		},
		{
			"chunked upload with trailer, seed", "PUT", "https://s3.amazonaws.com/examplebucket/chunkObject.txt", sigv4.StreamingSignedTrailer,
			map[string]string{
				"X-Amz-Storage-Class": "REDUCED_REDUNDANCY", "Content-Encoding": "aws-chunked",
				"X-Amz-Decoded-Content-Length": "66560", "X-Amz-Trailer": "x-amz-checksum-crc32c",
			},
			"106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
		},
	}
	key := sigv4.DeriveKey(awsSecret, awsScope)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := awsRequest(t, test.method, test.target, test.payload, test.header)
			signed := sigv4.SignedHeaders(nil, r)
			if n := r.Header.Get("+content-length"); n != "" { // the example signs a header that we do not
				r.Header.Del("+content-length")
				r.ContentLength = 66824
				signed = []string{
					"content-encoding", "content-length", "host", "x-amz-content-sha256",
					"x-amz-date", "x-amz-decoded-content-length", "x-amz-storage-class",
				}
			}
			in := sigv4.FromRequest(r, signed, test.payload)
			if got := sigv4.Signature(key, in, awsTime, awsScope); got != test.want {
				t.Errorf("signature = %s, want %s; canonical request:\n%s", got, test.want, sigv4.CanonicalRequest(in))
			}
			byHand := key.Sign(sigv4.StringToSign(awsTime, awsScope, []byte(sigv4.CanonicalRequest(in))))
			if byHand != test.want {
				t.Errorf("in three steps: signature = %s, want %s", byHand, test.want)
			}
		})
	}
}

func TestPublishedPresignedExample(t *testing.T) {
	raw := "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" +
		"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
	const want = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
	in := &sigv4.Input{
		Method: "GET", Path: "/test.txt", RawQuery: raw, Host: "examplebucket.s3.amazonaws.com",
		SignedHeaders: []string{"host"}, PayloadHash: sigv4.UnsignedPayload,
	}
	key := sigv4.DeriveKey(awsSecret, awsScope)
	if got := sigv4.Signature(key, in, awsTime, awsScope); got != want {
		t.Errorf("signature = %s, want %s", got, want)
	}

	in.RawQuery += "&X-Amz-Signature=" + want
	if got := sigv4.Signature(key, in, awsTime, awsScope); got != want {
		t.Errorf("signature of the finished URL = %s, want %s", got, want)
	}
	q, err := url.ParseQuery(in.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	p, err := sigv4.ParseQuery(q)
	if err != nil {
		t.Fatal(err)
	}
	if p.AccessKeyID != awsID || p.Scope != awsScope || p.Signature != want || !p.Time.Equal(awsTime) || p.Expires != 24*time.Hour {
		t.Errorf("ParseQuery = %+v", p)
	}
}

func TestPublishedChunkExamples(t *testing.T) {
	key := sigv4.DeriveKey(awsSecret, awsScope)
	chunks := []string{hashed(strings.Repeat("a", 65536)), hashed(strings.Repeat("a", 1024)), sigv4.EmptySHA256}
	tests := []struct {
		name, seed string
		want       []string
		trailer    string
	}{
		{"signed", "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9", []string{
			"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
			"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
			"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
		}, ""},
		{"signed with trailer", "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e", []string{
			"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
			"1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
			"2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
		}, "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			previous := test.seed
			for i, chunk := range chunks {
				got := key.Sign(sigv4.ChunkStringToSign(awsTime, awsScope, previous, chunk))
				if got != test.want[i] {
					t.Fatalf("chunk %d: signature = %s, want %s", i+1, got, test.want[i])
				}
				previous = got
			}
			if test.trailer == "" {
				return
			}
			digest := hashed("x-amz-checksum-crc32c:sOO8/Q==\n")
			if got := key.Sign(sigv4.TrailerStringToSign(awsTime, awsScope, previous, digest)); got != test.trailer {
				t.Errorf("trailer: signature = %s, want %s", got, test.trailer)
			}
		})
	}
}
