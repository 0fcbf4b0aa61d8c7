package s3_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/icos-go/icos/s3"
)

func TestTransient(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{&s3.Error{StatusCode: 503, Code: "SlowDown"}, true},
		{fmt.Errorf("part 3: %w", &s3.Error{StatusCode: 500, Code: "InternalError"}), true},
		{&s3.Error{StatusCode: 429}, true},
		{&s3.Error{StatusCode: 400, Code: "RequestTimeout"}, true},
		{&s3.Error{StatusCode: 400, Code: "BadDigest"}, false},
		{&s3.Error{StatusCode: 403, Code: "AccessDenied"}, false},
		{&s3.Error{StatusCode: 404, Code: "NoSuchKey"}, false},
		{&s3.Error{StatusCode: 501, Code: "NotImplemented"}, false},
		{io.ErrUnexpectedEOF, true},
		{&net.OpError{Op: "dial", Err: context.DeadlineExceeded}, true},
		{&net.DNSError{Err: "no such host", IsNotFound: true}, false},
		{&net.DNSError{Err: "try again", IsTemporary: true}, true},
		{&tls.CertificateVerificationError{Err: io.EOF}, false},
		{fmt.Errorf("read: %w", s3.ErrChecksum), false},
		{fmt.Errorf("dial: %w", errors.ErrUnsupported), false},
	} {
		if got := s3.Transient(c.err); got != c.want {
			t.Errorf("Transient(%v) = %v, want %v", c.err, got, c.want)
		}
	}
}
