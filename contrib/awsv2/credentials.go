package awsv2

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyauth "github.com/aws/smithy-go/auth"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/icos-go/icos/auth"
)

// WithCredentials has an s3.Client authorize its requests with credentials of icos,
// instead of those that the SDK finds by itself. InstanceID is the CRN or the UUID of
// the service instance, which bearer tokens need to create and to list buckets; it may
// be empty otherwise.
func WithCredentials(c auth.Credentials, instanceID string) func(*s3.Options) {
	s := &scheme{credentials: c, instance: instanceID}
	return func(o *s3.Options) {
		o.AuthSchemes = []smithyhttp.AuthScheme{s}
		o.AuthSchemeResolver = s
	}
}

// schemeID names the scheme to the SDK.
const schemeID = "icos#credentials"

// A scheme is what the SDK calls a way to authorize requests, and the only one that a
// client with it has. The caller's identity is in the credentials, so that there is
// none for the SDK to keep.
type scheme struct {
	credentials auth.Credentials
	instance    string
}

var (
	_ smithyhttp.AuthScheme = (*scheme)(nil)
	_ smithyhttp.Signer     = (*scheme)(nil)
	_ s3.AuthSchemeResolver = (*scheme)(nil)
)

// ResolveAuthSchemes implements s3.AuthSchemeResolver.
func (s *scheme) ResolveAuthSchemes(context.Context, *s3.AuthResolverParameters) ([]*smithyauth.Option, error) {
	return []*smithyauth.Option{{SchemeID: schemeID}}, nil
}

// SchemeID implements smithyhttp.AuthScheme.
func (s *scheme) SchemeID() string { return schemeID }

// IdentityResolver implements smithyhttp.AuthScheme.
func (s *scheme) IdentityResolver(smithyauth.IdentityResolverOptions) smithyauth.IdentityResolver {
	return &smithyauth.AnonymousIdentityResolver{}
}

// Signer implements smithyhttp.AuthScheme.
func (s *scheme) Signer() smithyhttp.Signer { return s }

// SignRequest implements smithyhttp.Signer. The SDK calls it for each attempt.
func (s *scheme) SignRequest(ctx context.Context, r *smithyhttp.Request, _ smithyauth.Identity, _ smithy.Properties) error {
	switch middleware.GetOperationName(ctx) {
	case "CreateBucket", "ListBuckets":
		if s.instance != "" {
			r.Header.Set("ibm-service-instance-id", s.instance)
		}
	}
	r.Header.Del("X-Amz-Date") // of an earlier attempt
	return s.credentials.Authorize(ctx, r.Request)
}
