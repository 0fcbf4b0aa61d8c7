package sigv4_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/icos-go/icos/internal/sigv4"
)

const goodSignature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"

func authorization(credential, signed, signature string) string {
	return "AWS4-HMAC-SHA256 Credential=" + credential + ", SignedHeaders=" + signed + ", Signature=" + signature
}

func TestParseAuthorization(t *testing.T) {
	const credential = "id/with/slash/20130524/us-standard/s3/aws4_request"
	for _, header := range []string{
		authorization(credential, "host;x-amz-date", goodSignature),
		"AWS4-HMAC-SHA256 Signature=" + goodSignature + ",SignedHeaders=host;x-amz-date,Credential=" + credential,
		"AWS4-HMAC-SHA256\t Credential=" + credential + " , SignedHeaders=host;x-amz-date,\tSignature=" + goodSignature,
	} {
		a, err := sigv4.ParseAuthorization(header)
		if err != nil {
			t.Errorf("%s: %v", header, err)
			continue
		}
		want := sigv4.Scope{Date: "20130524", Region: "us-standard", Service: "s3"}
		if a.AccessKeyID != "id/with/slash" || a.Scope != want || a.Signature != goodSignature ||
			!slices.Equal(a.SignedHeaders, []string{"host", "x-amz-date"}) {
			t.Errorf("%s: parsed as %+v", header, a)
		}
		if again, err := sigv4.ParseAuthorization(a.String()); err != nil || again.String() != a.String() {
			t.Errorf("String of %+v does not parse back: %v", a, err)
		}
	}
}

func TestParseAuthorizationRefuses(t *testing.T) {
	const credential = "id/20130524/us-standard/s3/aws4_request"
	tests := []struct {
		name, header string
		want         error
	}{
		{"empty", "", sigv4.ErrScheme},
		{"bearer", "Bearer abc", sigv4.ErrScheme},
		{"version 2", "AWS id:sig", sigv4.ErrScheme},
		{"scheme glued", "AWS4-HMAC-SHA256Credential=" + credential, sigv4.ErrScheme},
		{"nothing after", "AWS4-HMAC-SHA256 ", sigv4.ErrMalformed},
		{"no terminator", authorization("id/20130524/r/s3/aws5", "host", goodSignature), sigv4.ErrMalformed},
		{"short credential", authorization("id/20130524/s3/aws4_request", "host", goodSignature), sigv4.ErrMalformed},
		{"no id", authorization("/20130524/r/s3/aws4_request", "host", goodSignature), sigv4.ErrMalformed},
		{"no region", authorization("id/20130524//s3/aws4_request", "host", goodSignature), sigv4.ErrMalformed},
		{"date of nine", authorization("id/201305240/r/s3/aws4_request", "host", goodSignature), sigv4.ErrMalformed},
		{"date of letters", authorization("id/2013052x/r/s3/aws4_request", "host", goodSignature), sigv4.ErrMalformed},
		{"host unsigned", authorization(credential, "x-amz-date", goodSignature), sigv4.ErrMalformed},
		{"no headers", authorization(credential, "", goodSignature), sigv4.ErrMalformed},
		{"upper case", authorization(credential, "Host", goodSignature), sigv4.ErrMalformed},
		{"unsorted", authorization(credential, "x-amz-date;host", goodSignature), sigv4.ErrMalformed},
		{"twice", authorization(credential, "host;host", goodSignature), sigv4.ErrMalformed},
		{"too many", authorization(credential, "host"+strings.Repeat(";i", 200), goodSignature), sigv4.ErrMalformed},
		{"short signature", authorization(credential, "host", goodSignature[1:]), sigv4.ErrMalformed},
		{"signature not hex", authorization(credential, "host", goodSignature[1:]+"g"), sigv4.ErrMalformed},
		{"field twice", authorization(credential, "host", goodSignature) + ", Signature=" + goodSignature, sigv4.ErrMalformed},
		{"unknown field", authorization(credential, "host", goodSignature) + ", X=y", sigv4.ErrMalformed},
		{"too long", authorization(strings.Repeat("i", 9000)+"/20130524/r/s3/aws4_request", "host", goodSignature), sigv4.ErrMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := sigv4.ParseAuthorization(test.header); !errors.Is(err, test.want) {
				t.Errorf("error = %v, want %v", err, test.want)
			}
		})
	}
}

func TestParseQueryRefuses(t *testing.T) {
	good := url.Values{
		"X-Amz-Algorithm":     {sigv4.Algorithm},
		"X-Amz-Credential":    {"id/20130524/us-standard/s3/aws4_request"},
		"X-Amz-Date":          {"20130524T000000Z"},
		"X-Amz-Expires":       {"60"},
		"X-Amz-SignedHeaders": {"host"},
		"X-Amz-Signature":     {goodSignature},
	}
	if _, err := sigv4.ParseQuery(good); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, key string
		values    []string
		want      error
	}{
		{"no algorithm", "X-Amz-Algorithm", nil, sigv4.ErrScheme},
		{"other algorithm", "X-Amz-Algorithm", []string{"AWS4-ECDSA-P256-SHA256"}, sigv4.ErrScheme},
		{"algorithm twice", "X-Amz-Algorithm", []string{sigv4.Algorithm, "x"}, sigv4.ErrMalformed},
		{"no signature", "X-Amz-Signature", nil, sigv4.ErrMalformed},
		{"signature twice", "X-Amz-Signature", []string{goodSignature, goodSignature}, sigv4.ErrMalformed},
		{"expires zero", "X-Amz-Expires", []string{"0"}, sigv4.ErrMalformed},
		{"expires negative", "X-Amz-Expires", []string{"-1"}, sigv4.ErrMalformed},
		{"expires huge", "X-Amz-Expires", []string{"99999999999999"}, sigv4.ErrMalformed},
		{"expires text", "X-Amz-Expires", []string{"1h"}, sigv4.ErrMalformed},
		{"date", "X-Amz-Date", []string{"2013-05-24"}, sigv4.ErrMalformed},
		{"another day", "X-Amz-Date", []string{"20130525T000000Z"}, sigv4.ErrMalformed},
		{"credential", "X-Amz-Credential", []string{"id"}, sigv4.ErrMalformed},
		{"long", "X-Amz-SignedHeaders", []string{strings.Repeat("h", 9000)}, sigv4.ErrMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			q := url.Values{}
			for k, v := range good {
				q[k] = v
			}
			q[test.key] = test.values
			if _, err := sigv4.ParseQuery(q); !errors.Is(err, test.want) {
				t.Errorf("error = %v, want %v", err, test.want)
			}
		})
	}
}

func FuzzParseAuthorization(f *testing.F) {
	f.Add(authorization("id/20130524/us-standard/s3/aws4_request", "host;x-amz-date", goodSignature))
	f.Add("AWS4-HMAC-SHA256 Credential=a/b/c/d/e/f,Signature=,SignedHeaders=;")
	f.Add("Bearer x")
	f.Fuzz(func(t *testing.T, header string) {
		a, err := sigv4.ParseAuthorization(header)
		if err != nil {
			if !errors.Is(err, sigv4.ErrScheme) && !errors.Is(err, sigv4.ErrMalformed) {
				t.Errorf("error of no kind: %v", err)
			}
			return
		}
		again, err := sigv4.ParseAuthorization(a.String())
		if err != nil || again.AccessKeyID != a.AccessKeyID || again.Scope != a.Scope || again.Signature != a.Signature {
			t.Errorf("%q: parsed as %+v, printed and parsed as %+v, %v", header, a, again, err)
		}
	})
}

func FuzzParseQuery(f *testing.F) {
	f.Add("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" +
		"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=" + goodSignature)
	f.Add("a=%zz&X-Amz-Algorithm=")
	f.Fuzz(func(t *testing.T, raw string) {
		q, _ := url.ParseQuery(raw)
		p, err := sigv4.ParseQuery(q)
		if err == nil && (p.Expires <= 0 || p.AccessKeyID == "" || len(p.Signature) != 64) {
			t.Errorf("%q: accepted as %+v", raw, p)
		}
	})
}

// The canonical forms are fixed points, and safe to put into a request line.
func FuzzCanonical(f *testing.F) {
	f.Add("/a b/%7E+%2f", "b=2&a=%zz&c&=+")
	f.Fuzz(func(t *testing.T, path, query string) {
		p := sigv4.CanonicalPath(path)
		if again := sigv4.CanonicalPath(p); again != p {
			t.Errorf("path %q → %q → %q", path, p, again)
		}
		q := sigv4.CanonicalQuery(query)
		if again := sigv4.CanonicalQuery(q); again != q {
			t.Errorf("query %q → %q → %q", query, q, again)
		}
		if strings.ContainsAny(p+q, " \r\n\t") {
			t.Errorf("white space in %q or %q", p, q)
		}
		if plain, err := url.PathUnescape(path); err == nil {
			if canonical, err := url.PathUnescape(p); err != nil || canonical != plain && path != "" {
				t.Errorf("path %q names %q, its canonical form %q, %v", path, plain, canonical, err)
			}
		}
	})
}
