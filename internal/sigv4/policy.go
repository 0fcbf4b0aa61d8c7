package sigv4

// ParseCredential reads a credential, "id/date/region/service/aws4_request", as
// it stands in a field of its own in forms. Its error is ErrMalformed.
func ParseCredential(credential string) (id string, s Scope, err error) {
	return parseCredential(credential)
}

// FormatCredential is the inverse of ParseCredential.
func FormatCredential(id string, s Scope) string { return id + "/" + s.String() }

// SignPolicy returns the signature, in hex, of the policy of a browser's upload,
// which is in Base64: that text is what is signed, as it stands.
func SignPolicy(k Key, policy string) string { return k.Sign([]byte(policy)) }
