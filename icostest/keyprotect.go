package icostest

import (
	"fmt"

	"github.com/icos-go/icos/keyprotect"
)

// KeyProtectConfig returns what keyprotect.New needs to reach the server's Key
// Protect with the credential's API key. The instance has one root key; see
// RootKey.
func (s *Server) KeyProtectConfig() keyprotect.Config {
	return keyprotect.Config{
		Endpoint: s.URL, Instance: s.Credential.KMSInstance, Credentials: s.Config().Credentials,
	}
}

// KeyProtect returns a client of the server's Key Protect.
func (s *Server) KeyProtect() *keyprotect.Client {
	c, err := keyprotect.New(s.KeyProtectConfig())
	if err != nil {
		// Everything it is made of is ours.
		panic(fmt.Sprintf("icostest: %v", err))
	}
	return c
}

// RootKey returns the CRN of the root key made at first start, which a bucket
// can be encrypted under.
func (s *Server) RootKey() string {
	_, crn := s.cos.KMS().First()
	return crn
}
