package interop

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/encoding/httpbinding"
	"github.com/aws/smithy-go/logging"

	"github.com/icos-go/icos/internal/sigv4"
)

const signerRounds = 10_000

// TestSignerAgrees signs random requests with aws-sdk-go-v2 and with us, in a
// header and in a query. Each round has its own seed, so a failure can be run
// alone.
func TestSignerAgrees(t *testing.T) {
	signer := v4.NewSigner(func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = true // as S3 has it
	})
	for seed := range uint64(signerRounds) {
		c := newSignerCase(seed)
		if err := c.header(t, signer); err != nil {
			t.Fatalf("seed %d: header: %v", seed, err)
		}
		if err := c.query(t, signer); err != nil {
			t.Fatalf("seed %d: query: %v", seed, err)
		}
	}
}

type signerCase struct {
	rng     *rand.Rand
	creds   aws.Credentials
	scope   sigv4.Scope
	at      time.Time
	payload string
	request *http.Request
}

// header signs as SDKs sign what they send at once.
func (c *signerCase) header(t *testing.T, signer *v4.Signer) error {
	r := c.request.Clone(t.Context())
	r.Header.Set("X-Amz-Content-Sha256", c.payload)
	var log strings.Builder
	err := signer.SignHTTP(t.Context(), c.creds, r, c.payload, c.scope.Service, c.scope.Region, c.at, trace(&log))
	if err != nil {
		return fmt.Errorf("foreign signer: %w", err)
	}
	a, err := sigv4.ParseAuthorization(r.Header.Get("Authorization"))
	if err != nil {
		return fmt.Errorf("parse %q: %w", r.Header.Get("Authorization"), err)
	}
	if a.AccessKeyID != c.creds.AccessKeyID || a.Scope != c.scope {
		return fmt.Errorf("parsed key %q and scope %v, want %q and %v", a.AccessKeyID, a.Scope, c.creds.AccessKeyID, c.scope)
	}
	in := sigv4.FromRequest(r, a.SignedHeaders, c.payload)
	return c.compare(in, a.Signature, log.String())
}

// query signs as SDKs make links for others.
func (c *signerCase) query(t *testing.T, signer *v4.Signer) error {
	r := c.request.Clone(t.Context())
	q := r.URL.Query()
	q.Set("X-Amz-Expires", "900")
	r.URL.RawQuery = q.Encode()
	var log strings.Builder
	signed, _, err := signer.PresignHTTP(t.Context(), c.creds, r, c.payload, c.scope.Service, c.scope.Region, c.at, trace(&log))
	if err != nil {
		return fmt.Errorf("foreign signer: %w", err)
	}
	if r.URL, err = url.Parse(signed); err != nil {
		return err
	}
	a, err := sigv4.ParseQuery(r.URL.Query())
	if err != nil {
		return fmt.Errorf("parse %q: %w", signed, err)
	}
	in := sigv4.FromRequest(r, a.SignedHeaders, c.payload)
	return c.compare(in, a.Signature, log.String())
}

func (c *signerCase) compare(in *sigv4.Input, want, log string) error {
	key := sigv4.DeriveKey(c.creds.SecretAccessKey, c.scope)
	canonical := sigv4.CanonicalRequest(in)
	got := key.Sign(sigv4.StringToSign(c.at, c.scope, []byte(canonical)))
	if got != want {
		return fmt.Errorf("signature is %s, want %s\nours:\n%s\n\ntheirs:\n%s", got, want, canonical, log)
	}
	if short := sigv4.Signature(key, in, c.at, c.scope); short != want {
		return fmt.Errorf("Signature gives %s, want %s", short, want)
	}
	if !strings.Contains(log, canonical) {
		return fmt.Errorf("canonical request is\n%s\n\nwant that of\n%s", canonical, log)
	}
	return nil
}

// trace makes the foreign signer say what it signed.
func trace(log *strings.Builder) func(*v4.SignerOptions) {
	return func(o *v4.SignerOptions) {
		o.LogSigning = true
		o.Logger = logging.LoggerFunc(func(_ logging.Classification, format string, args ...any) {
			fmt.Fprintf(log, format, args...)
		})
	}
}

func newSignerCase(seed uint64) *signerCase {
	c := &signerCase{rng: rand.New(rand.NewPCG(seed, 1))}
	c.at = time.Unix(1_500_000_000+c.rng.Int64N(500_000_000), 0).UTC()
	c.creds = aws.Credentials{
		AccessKeyID:     c.word(4+c.rng.IntN(28), alphanumeric),
		SecretAccessKey: c.word(8+c.rng.IntN(56), secretBytes),
	}
	c.scope = sigv4.Scope{
		Date:    c.at.Format("20060102"),
		Region:  c.pick("us-south", "us-standard", "eu-de", "us-east-1", c.word(5, alphanumeric)),
		Service: "s3",
	}
	c.payload = c.pick(sigv4.UnsignedPayload, sigv4.EmptySHA256, sigv4.StreamingSigned,
		sigv4.StreamingSignedTrailer, sigv4.StreamingUnsignedTrailer, c.word(64, "0123456789abcdef"))
	c.request = c.newRequest()
	return c
}

const (
	alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	secretBytes  = alphanumeric + "+/="
	queryBytes   = alphanumeric + "-_.~ !*'()+/=&%?#:@,;$[]\""
	headerBytes  = alphanumeric + " !\"#$%&'()*+,-./:;<=>?@[]^_`{|}~"
)

// pathRunes hold what makes paths odd: what URLs reserve, what looks escaped
// and is not, dots, spaces, and runes of two, three and four bytes.
var pathRunes = []rune(alphanumeric + "-_.~ !*'()+/=&%?#:@,;$[]\"\\<>{}|^`\x01\x7f" + "äß日本😀é")

func (c *signerCase) newRequest() *http.Request {
	path := "/" + c.word(3+c.rng.IntN(10), "abcdefghijklmnopqrstuvwxyz0123456789.-")
	if c.rng.IntN(8) > 0 {
		path += "/" + c.runes(c.rng.IntN(40))
	}
	if c.rng.IntN(16) == 0 {
		path += c.pick("//", "/../x", "/./", "/a//b", "%2F", "%2f", "%", "+", " ")
	}
	r := &http.Request{
		Method: c.pick("GET", "PUT", "HEAD", "POST", "DELETE"),
		URL: &url.URL{
			Scheme:   "https",
			Host:     c.pick("s3.us-south.cloud-object-storage.appdomain.cloud", "127.0.0.1:9000", "[::1]:9000", "bucket.example.com"),
			Path:     path,
			RawPath:  httpbinding.EscapePath(path, false),
			RawQuery: c.rawQuery(),
		},
		Header:        c.headers(),
		ContentLength: c.rng.Int64N(3) * c.rng.Int64N(1<<40),
	}
	r.Host = r.URL.Host
	return r
}

// rawQuery mixes the spellings in which clients send parameters.
func (c *signerCase) rawQuery() string {
	var parts []string
	for range c.rng.IntN(6) {
		name := c.pick("prefix", "delimiter", "max-keys", "list-type", "uploadId", "partNumber", "versions",
			"x-id", "X-Custom", "response-content-type", c.word(1+c.rng.IntN(8), queryBytes))
		value := c.word(c.rng.IntN(20), queryBytes)
		if c.rng.IntN(4) == 0 {
			value += c.pick("日本", "ä", "😀", "a=b&c=d", "%2F", "  ")
		}
		name, value = url.QueryEscape(name), url.QueryEscape(value)
		switch c.rng.IntN(4) {
		case 0:
			value = strings.ReplaceAll(value, "+", "%20")
		case 1:
			value = strings.NewReplacer("%2F", "/", "%3A", ":", "%2f", "/").Replace(value)
		}
		switch {
		case value == "" && c.rng.IntN(2) == 0:
			parts = append(parts, name)
		default:
			parts = append(parts, name+"="+value)
		}
	}
	return strings.Join(parts, "&")
}

func (c *signerCase) headers() http.Header {
	h := http.Header{}
	for range c.rng.IntN(8) {
		name := c.pick("Content-Type", "Content-Md5", "X-Amz-Acl", "X-Amz-Meta-"+c.word(1+c.rng.IntN(10), alphanumeric),
			"Ibm-Service-Instance-Id", "Range", "If-Match", "X-Amz-Copy-Source", "Cache-Control", "Expires",
			"X-Amz-Decoded-Content-Length", "User-Agent", "Accept-Encoding", "Expect", "Accept")
		for range 1 + c.rng.IntN(2) {
			h.Add(name, strings.Trim(c.word(c.rng.IntN(30), headerBytes), " "))
		}
		if c.rng.IntN(6) == 0 {
			h.Add(name, "several   spaces    inside")
		}
	}
	return h
}

func (c *signerCase) pick(from ...string) string { return from[c.rng.IntN(len(from))] }

func (c *signerCase) word(n int, from string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = from[c.rng.IntN(len(from))]
	}
	return string(b)
}

func (c *signerCase) runes(n int) string {
	r := make([]rune, n)
	for i := range r {
		r[i] = pathRunes[c.rng.IntN(len(pathRunes))]
	}
	return string(r)
}
