package auth

import (
	"encoding/base64"
	"fmt"
	"maps"
	"time"

	"github.com/icos-go/icos/internal/sigv2"
	"github.com/icos-go/icos/internal/sigv4"
)

// Fields of signed forms.
const (
	fieldPolicy = "policy"
	fieldToken  = "x-amz-security-token"
)

// PresignForm signs the policy of a form by which a browser can upload, with
// Signature Version 4. It calls policy for the document, with the fields that the
// form has and that the policy must allow, and returns those fields together with
// the policy and its signature.
func (c *HMACCredentials) PresignForm(at time.Time, policy func(fields map[string]string) ([]byte, error)) (map[string]string, error) {
	if c.id == "" || c.secret == "" {
		return nil, errNoKeys
	}
	scope := sigv4.ScopeAt(at, c.region)
	fields := map[string]string{
		"x-amz-algorithm":  sigv4.Algorithm,
		"x-amz-credential": sigv4.FormatCredential(c.id, scope),
		"x-amz-date":       sigv4.FormatTime(at),
	}
	signed, err := c.policyFields(fields, policy)
	if err != nil {
		return nil, err
	}
	signed["x-amz-signature"] = sigv4.SignPolicy(c.keys.Key(c.secret, scope), signed[fieldPolicy])
	return signed, nil
}

// PresignFormV2 is PresignForm with Signature Version 2.
func (c *HMACCredentials) PresignFormV2(policy func(fields map[string]string) ([]byte, error)) (map[string]string, error) {
	if c.id == "" || c.secret == "" {
		return nil, errNoKeys
	}
	signed, err := c.policyFields(map[string]string{}, policy)
	if err != nil {
		return nil, err
	}
	signed["AWSAccessKeyId"] = c.id
	signed["signature"] = sigv2.Sign(c.secret, signed[fieldPolicy])
	return signed, nil
}

// policyFields adds to fields the policy that allows them.
func (c *HMACCredentials) policyFields(fields map[string]string, policy func(fields map[string]string) ([]byte, error)) (map[string]string, error) {
	if c.session != "" {
		fields[fieldToken] = c.session
	}
	document, err := policy(maps.Clone(fields))
	if err != nil {
		return nil, fmt.Errorf("sign form: %w", err)
	}
	fields[fieldPolicy] = base64.StdEncoding.EncodeToString(document)
	return fields, nil
}
