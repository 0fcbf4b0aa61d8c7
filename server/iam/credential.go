package iam

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// HMACKeys is an access key pair of a service credential.
type HMACKeys struct {
	AccessKeyID     string `json:"access_key_id"`     // 32 hexadecimal digits
	SecretAccessKey string `json:"secret_access_key"` // 48 hexadecimal digits
}

// Format prints the access key ID and hides the secret, whatever the verb.
func (k HMACKeys) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "{"+k.AccessKeyID+" REDACTED}")
}

// LogValue hides the secret in logs.
func (k HMACKeys) LogValue() slog.Value {
	return slog.GroupValue(slog.String("access_key_id", k.AccessKeyID), slog.String("secret_access_key", "REDACTED"))
}

// A ServiceCredential is a COS service credential. Its JSON form is the one
// IBM Cloud hands out and every IBM SDK reads from ~/.bluemix/cos_credentials,
// secrets included; every other way of printing it hides them.
type ServiceCredential struct {
	APIKey             string   `json:"apikey"`
	HMACKeys           HMACKeys `json:"cos_hmac_keys,omitzero"` // zero if it was made without
	Endpoints          string   `json:"endpoints,omitempty"`    // URL of the endpoint list; see At
	APIKeyDescription  string   `json:"iam_apikey_description"`
	APIKeyName         string   `json:"iam_apikey_name"`
	RoleCRN            string   `json:"iam_role_crn"`
	ServiceIDCRN       string   `json:"iam_serviceid_crn"`
	ResourceInstanceID string   `json:"resource_instance_id"` // CRN of the instance
	// AuthEndpoint and Endpoint are the URLs of the token endpoint and of
	// the S3 API; see At. IBM's own credentials have neither, and SDKs that
	// do not know them take the endpoints from their own configuration.
	AuthEndpoint string `json:"iam_auth_endpoint,omitempty"`
	Endpoint     string `json:"endpoint,omitempty"`
	// KMSEndpoint and KMSInstance are the URL of Key Protect and the CRN of an
	// instance of it, which IBM's credentials do not have either.
	KMSEndpoint string `json:"kms_endpoint,omitempty"`
	KMSInstance string `json:"kms_instance,omitempty"`
}

// At returns the credential with its endpoints pointing at a server whose base
// URL, scheme and host without a path, is base.
func (c ServiceCredential) At(base string) ServiceCredential {
	base = strings.TrimRight(base, "/")
	c.Endpoint = base
	c.Endpoints = base + "/v2/endpoints"
	c.AuthEndpoint = base + "/identity/token"
	if c.KMSInstance != "" {
		c.KMSEndpoint = base
	}
	return c
}

// InstanceID returns the UUID of the instance the credential belongs to.
func (c ServiceCredential) InstanceID() string { return instanceID(c.ResourceInstanceID) }

// IAMID returns the IAM ID of the identity that the credential is of.
func (c ServiceCredential) IAMID() string { return "iam-" + lastField(c.ServiceIDCRN) }

// Format prints what the credential is for and hides its secrets, whatever
// the verb.
func (c ServiceCredential) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "{%s %s apikey:REDACTED hmac:%v}", c.ServiceIDCRN, c.ResourceInstanceID, c.HMACKeys)
}

// LogValue hides the secrets in logs.
func (c ServiceCredential) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("iam_serviceid_crn", c.ServiceIDCRN),
		slog.String("resource_instance_id", c.ResourceInstanceID),
		slog.String("apikey", "REDACTED"),
		slog.Any("cos_hmac_keys", c.HMACKeys),
	)
}
