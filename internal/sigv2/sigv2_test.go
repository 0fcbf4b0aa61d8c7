package sigv2_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/sigv2"
)

const (
	awsID     = "AKIAIOSFODNN7EXAMPLE"
	awsSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

// The examples of the Amazon S3 developer guide, "Signing and authenticating REST
// requests". For the DELETE the guide's own value is wrong; the one here is what other
// implementations agree on.
func TestPublishedExamples(t *testing.T) {
	tests := []struct {
		name string
		in   sigv2.Input
		want string
	}{
		{"object get", sigv2.Input{
			Method: "GET", Path: "/johnsmith/photos/puppy.jpg",
			Header: http.Header{"Date": {"Tue, 27 Mar 2007 19:36:42 +0000"}},
		}, "bWq2s1WEIj+Ydj0vQ697zp+IXMU="},
		{"object put", sigv2.Input{
			Method: "PUT", Path: "/johnsmith/photos/puppy.jpg",
			Header: http.Header{"Content-Type": {"image/jpeg"}, "Content-Length": {"94328"}, "Date": {"Tue, 27 Mar 2007 21:15:45 +0000"}},
		}, "MyyxeRY7whkBe+bq8fHCL/2kKUg="},
		{"list", sigv2.Input{
			Method: "GET", Path: "/johnsmith/", RawQuery: "prefix=photos&max-keys=50&marker=puppy",
			Header: http.Header{"User-Agent": {"Mozilla/5.0"}, "Date": {"Tue, 27 Mar 2007 19:42:41 +0000"}},
		}, "htDYFYduRNen8P9ZfE/s9SuKy0U="},
		{"fetch", sigv2.Input{
			Method: "GET", Path: "/johnsmith/", RawQuery: "acl",
			Header: http.Header{"Date": {"Tue, 27 Mar 2007 19:44:46 +0000"}},
		}, "c2WLPFtWHVgbEmeEG93a4cG37dM="},
		{"delete with x-amz-date", sigv2.Input{
			Method: "DELETE", Path: "/johnsmith/photos/puppy.jpg",
			Header: http.Header{
				"Date": {"Tue, 27 Mar 2007 21:20:27 +0000"}, "X-Amz-Date": {"Tue, 27 Mar 2007 21:20:26 +0000"},
			},
		}, "R4dJ53KECjStyBO5iTBJZ4XVOaI="},
		{"upload", sigv2.Input{
			Method: "PUT", Path: "/static.johnsmith.net/db-backup.dat.gz",
			Header: http.Header{
				"Date": {"Tue, 27 Mar 2007 21:06:08 +0000"}, "X-Amz-Acl": {"public-read"},
				"Content-Type": {"application/x-download"}, "Content-Md5": {"4gJE4saaMU4BqNR0kLY+lw=="},
				"X-Amz-Meta-ReviewedBy": {"joe@johnsmith.net", "jane@johnsmith.net"}, "X-Amz-Meta-FileChecksum": {"0x02661779"},
				"X-Amz-Meta-ChecksumAlgorithm": {"crc32"}, "Content-Disposition": {"attachment; filename=database.dat"},
				"Content-Encoding": {"gzip"}, "Content-Length": {"5913339"},
			},
		}, "ilyl83RwaSoYIEdixDQcA4OnAnc="},
		{"list all my buckets", sigv2.Input{
			Method: "GET", Path: "/", Header: http.Header{"Date": {"Wed, 28 Mar 2007 01:29:59 +0000"}},
		}, "qGdzdERIC03wnaRNKh6OqZehG9s="},
		{"unicode keys", sigv2.Input{
			Method: "GET", Path: "/dictionary/fran%C3%A7ais/pr%c3%a9f%c3%a8re",
			Header: http.Header{"Date": {"Wed, 28 Mar 2007 01:49:49 +0000"}},
		}, "DNEZGsoieTZ92F3bUfSPQcbGmlM="},
		{"query string", sigv2.Input{
			Method: "GET", Path: "/johnsmith/photos/puppy.jpg", RawQuery: "AWSAccessKeyId=" + awsID + "&Expires=1175139620", Expires: "1175139620",
		}, "NpgCjnDzrM+WFzoENXmpNDUsSn8="},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := sigv2.CanonicalString(&test.in)
			if got := sigv2.Sign(awsSecret, s); got != test.want {
				t.Errorf("signature = %s, want %s; string to sign:\n%s", got, test.want, s)
			}
		})
	}
}

func TestCanonicalString(t *testing.T) {
	tests := []struct {
		name string
		in   sigv2.Input
		want string
	}{
		{
			"sub-resources sorted, the rest left out",
			sigv2.Input{Method: "PUT", Path: "/b/k", RawQuery: "uploadId=a%2Bb%20c&prefix=p&partNumber=2&legalHold&retention&tagging="},
			"PUT\n\n\n\n/b/k?partNumber=2&tagging&uploadId=a+b c",
		},
		{
			"response overrides are signed decoded",
			sigv2.Input{Path: "/b/k", RawQuery: "response-content-type=text%2Fplain%3B+charset=utf-8&response-other=x"},
			"GET\n\n\n\n/b/k?response-content-type=text/plain; charset=utf-8",
		},
		{
			"a presigned URL carries headers in its query",
			sigv2.Input{
				Method: "PUT", Path: "/b/k", Expires: "99",
				RawQuery: "x-amz-acl=public-read&Content-Type=text%2Fplain&x-amz-meta-a=query&Expires=99",
				Header:   http.Header{"X-Amz-Meta-A": {"header"}, "Date": {"ignored"}},
			},
			"PUT\n\ntext/plain\n99\nx-amz-acl:public-read\nx-amz-meta-a:header\n/b/k",
		},
		{
			"without Expires the query carries none",
			sigv2.Input{Method: "PUT", Path: "/b/k", RawQuery: "x-amz-acl=public-read", Header: http.Header{"Date": {"d"}}},
			"PUT\n\n\nd\n/b/k",
		},
		{
			"an escape that is none stays",
			sigv2.Input{Path: "/b/k", RawQuery: "versionId=%zz"},
			"GET\n\n\n\n/b/k?versionId=%zz",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := sigv2.CanonicalString(&test.in); got != test.want {
				t.Errorf("string to sign:\n%q\nwant\n%q", got, test.want)
			}
		})
	}
}

// The list that IBM's SDKs sign, and what is IBM's own and not in it.
func TestSigned(t *testing.T) {
	for name := range strings.FieldsSeq(`accelerate acl cors defaultObjectAcl location logging partNumber policy
		requestPayment torrent versioning versionId versions website uploads uploadId response-content-type
		response-content-language response-expires response-cache-control response-content-disposition
		response-content-encoding delete lifecycle tagging restore storageClass notification replication
		analytics metrics inventory select select-type object-lock`) {
		if !sigv2.Signed(name) {
			t.Errorf("Signed(%q) = false", name)
		}
	}
	for name := range strings.FieldsSeq(`legalHold extendRetention protection faspConnectionInfo extended
		publicAccessBlock retention legal-hold prefix max-keys Acl`) {
		if sigv2.Signed(name) {
			t.Errorf("Signed(%q) = true", name)
		}
	}
}

func TestParseAuthorization(t *testing.T) {
	a, err := sigv2.ParseAuthorization("AWS " + awsID + ":bWq2s1WEIj+Ydj0vQ697zp+IXMU=")
	if err != nil || a.AccessKeyID != awsID || a.Signature != "bWq2s1WEIj+Ydj0vQ697zp+IXMU=" {
		t.Errorf("parsed as %+v, %v", a, err)
	}
	tests := []struct {
		header string
		want   error
	}{
		{"", sigv2.ErrScheme},
		{"AWS4-HMAC-SHA256 Credential=x", sigv2.ErrScheme},
		{"Bearer x", sigv2.ErrScheme},
		{"AWS id", sigv2.ErrMalformed},
		{"AWS :sig", sigv2.ErrMalformed},
		{"AWS id:", sigv2.ErrMalformed},
		{"AWS " + strings.Repeat("i", 2000) + ":s", sigv2.ErrMalformed},
	}
	for _, test := range tests {
		if _, err := sigv2.ParseAuthorization(test.header); !errors.Is(err, test.want) {
			t.Errorf("%.40q: error = %v, want %v", test.header, err, test.want)
		}
	}
}

func TestParseQuery(t *testing.T) {
	p, err := sigv2.ParseQuery(url.Values{"AWSAccessKeyId": {"id"}, "Expires": {"1175139620"}, "Signature": {"s="}})
	if err != nil || p.AccessKeyID != "id" || p.Signature != "s=" || p.RawExpires != "1175139620" || !p.Expires.Equal(time.Unix(1175139620, 0)) {
		t.Errorf("parsed as %+v, %v", p, err)
	}
	tests := []struct {
		name string
		q    url.Values
		want error
	}{
		{"none", url.Values{}, sigv2.ErrScheme},
		{"version 4", url.Values{"Signature": {"s"}, "X-Amz-Algorithm": {"a"}}, sigv2.ErrScheme},
		{"no id", url.Values{"Signature": {"s"}, "Expires": {"1"}}, sigv2.ErrMalformed},
		{"empty signature", url.Values{"AWSAccessKeyId": {"i"}, "Signature": {""}, "Expires": {"1"}}, sigv2.ErrMalformed},
		{"twice", url.Values{"AWSAccessKeyId": {"i", "j"}, "Signature": {"s"}, "Expires": {"1"}}, sigv2.ErrMalformed},
		{"expires", url.Values{"AWSAccessKeyId": {"i"}, "Signature": {"s"}, "Expires": {"soon"}}, sigv2.ErrMalformed},
	}
	for _, test := range tests {
		if _, err := sigv2.ParseQuery(test.q); !errors.Is(err, test.want) {
			t.Errorf("%s: error = %v, want %v", test.name, err, test.want)
		}
	}
}

func TestEqual(t *testing.T) {
	if !sigv2.Equal("ab", "ab") || sigv2.Equal("ab", "ac") || sigv2.Equal("ab", "a") {
		t.Error("Equal is not equality")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("AWS id:sig", "AWSAccessKeyId=i&Signature=s&Expires=1&x-amz-acl=p", "/b/k")
	f.Fuzz(func(t *testing.T, header, query, path string) {
		if a, err := sigv2.ParseAuthorization(header); err == nil {
			if again, err := sigv2.ParseAuthorization(a.String()); err != nil || again != a {
				t.Errorf("%q: parsed as %+v, printed and parsed as %+v, %v", header, a, again, err)
			}
		}
		q, _ := url.ParseQuery(query)
		p, err := sigv2.ParseQuery(q)
		if err == nil && (p.AccessKeyID == "" || p.Signature == "") {
			t.Errorf("%q: accepted as %+v", query, p)
		}
		sigv2.CanonicalString(&sigv2.Input{Path: path, RawQuery: query, Expires: p.RawExpires})
	})
}
