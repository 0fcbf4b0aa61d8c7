// Package lean signs S3 requests with as little work as the protocol allows. It
// is what the floor of the measurements uses, so it is independent of the client
// that is measured and understands only what the floor sends: paths without
// characters that need escaping, and bodies that are not hashed.
package lean

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"sync"
	"time"
)

const scopeTail = "/us-east-1/s3/aws4_request"

// Signer signs with AWS Signature Version 4, payload unsigned. It keeps the key
// of the day. It is safe for concurrent use.
type Signer struct {
	AccessKeyID, SecretAccessKey string

	mu  sync.Mutex
	day string // guarded by mu, YYYYMMDD
	key []byte // guarded by mu, the signing key of day
}

// Sign adds the signature of r at t to its headers. r.URL.RawQuery must be
// sorted and escaped already.
func (s *Signer) Sign(r *http.Request, t time.Time) {
	stamp := t.UTC().Format("20060102T150405Z")
	day := stamp[:8]
	r.Header["X-Amz-Date"] = []string{stamp}
	r.Header["X-Amz-Content-Sha256"] = []string{"UNSIGNED-PAYLOAD"}

	b := make([]byte, 0, 512)
	b = append(b, r.Method...)
	b = append(b, '\n')
	b = append(b, r.URL.Path...)
	b = append(b, '\n')
	b = append(b, r.URL.RawQuery...)
	b = append(b, "\nhost:"...)
	b = append(b, r.URL.Host...)
	b = append(b, "\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:"...)
	b = append(b, stamp...)
	b = append(b, "\n\nhost;x-amz-content-sha256;x-amz-date\nUNSIGNED-PAYLOAD"...)
	request := sha256.Sum256(b)

	b = append(b[:0], "AWS4-HMAC-SHA256\n"...)
	b = append(b, stamp...)
	b = append(b, '\n')
	b = append(b, day...)
	b = append(b, scopeTail...)
	b = append(b, '\n')
	b = hex.AppendEncode(b, request[:])
	signature := mac(s.keyOf(day), string(b))

	b = append(b[:0], "AWS4-HMAC-SHA256 Credential="...)
	b = append(b, s.AccessKeyID...)
	b = append(b, '/')
	b = append(b, day...)
	b = append(b, scopeTail...)
	b = append(b, ",SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature="...)
	b = hex.AppendEncode(b, signature)
	r.Header["Authorization"] = []string{string(b)}
}

func (s *Signer) keyOf(day string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.day != day {
		k := mac([]byte("AWS4"+s.SecretAccessKey), day)
		k = mac(k, "us-east-1")
		k = mac(k, "s3")
		s.day, s.key = day, mac(k, "aws4_request")
	}
	return s.key
}

func mac(key []byte, data string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(data))
	return h.Sum(nil)
}
