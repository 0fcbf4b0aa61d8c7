package icostest

import (
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/server"
	"github.com/icos-go/icos/server/iam"
)

// NewCredential makes another credential in the server's service instance, with one of the roles of COS: Manager, Writer, Reader,
// ContentReader, ObjectReader or ObjectWriter. The scope, if any, is a bucket, and after it a prefix of keys: the credential is of
// no use elsewhere. [Server.ConfigOf] makes a configuration of it.
func (s *Server) NewCredential(t testing.TB, role string, scope ...string) server.Credential {
	t.Helper()
	r, err := iam.ParseRole(role)
	if err != nil {
		t.Fatal(err)
	}
	o := &iam.CredentialOptions{Role: r}
	switch len(scope) {
	case 2:
		o.Prefix = scope[1]
		fallthrough
	case 1:
		o.Bucket = scope[0]
	case 0:
	default:
		t.Fatalf("NewCredential: the scope is a bucket and a prefix, got %q", scope)
	}
	c, err := s.cos.IAM().CreateCredential(t.Context(), s.Credential.ResourceInstanceID, t.Name(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c.At(s.URL)
}

// ConfigOf returns what icos.NewClient needs to reach the server with the API key of another credential of it.
func (s *Server) ConfigOf(c server.Credential) icos.Config {
	return icos.Config{
		Endpoint:     s.URL,
		EndpointsURL: c.Endpoints,
		Credentials:  auth.IAM(c.APIKey, &auth.IAMOptions{Endpoint: c.AuthEndpoint}),
		InstanceID:   c.ResourceInstanceID,
	}
}
