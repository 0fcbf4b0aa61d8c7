package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// GetBucketAsperaRequest asks how a bucket is reached by high-speed transfer.
type GetBucketAsperaRequest struct {
	Bucket     string `path:"bucket"`
	InstanceID string `header:"ibm-service-instance-id"` // CRN or UUID; if empty, Config.InstanceID
}

// GetBucketAsperaResponse is where the transfer service of the bucket is, and
// the key pair that it knows the bucket by. It prints as REDACTED.
type GetBucketAsperaResponse struct {
	AccessKeyID     string
	AccessKeySecret string
	ATSEndpoint     string // URL
}

// Format implements fmt.Formatter.
func (GetBucketAsperaResponse) Format(f fmt.State, _ rune) { io.WriteString(f, "REDACTED") }

// LogValue implements slog.LogValuer.
func (GetBucketAsperaResponse) LogValue() slog.Value { return slog.StringValue("REDACTED") }

// MarshalText implements encoding.TextMarshaler, so that JSON is redacted too.
func (GetBucketAsperaResponse) MarshalText() ([]byte, error) { return []byte("REDACTED"), nil }

// GetBucketAspera asks how a bucket is reached by Aspera high-speed transfer. It
// is an operation of IBM Cloud Object Storage that other S3 stores do not have,
// and that not every bucket of it allows.
func (c *Client) GetBucketAspera(ctx context.Context, r *GetBucketAsperaRequest) (*GetBucketAsperaResponse, error) {
	return call[GetBucketAsperaResponse](ctx, c, operation{name: "GetBucketAspera", method: "GET", query: "faspConnectionInfo", flags: instance}, r)
}

// parse does not ask for the name of the root: none is documented.
func (r *GetBucketAsperaResponse) parse(s *scanner) error {
	if !s.next() {
		return errors.Join(errors.New("no document"), s.err)
	}
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "AccessKey":
			for d := s.depth; s.child(d); {
				switch string(s.name()) {
				case "Id":
					r.AccessKeyID = strings.TrimSpace(s.str())
				case "Secret":
					r.AccessKeySecret = strings.TrimSpace(s.str())
				}
			}
		case "ATSEndpoint":
			r.ATSEndpoint = strings.TrimSpace(s.str())
		}
	}
	if s.err == nil && (r.AccessKeyID == "" || r.AccessKeySecret == "" || r.ATSEndpoint == "") {
		return errors.New("an access key or the endpoint of the transfer service is missing")
	}
	return s.err
}
