package authn

import (
	"encoding/base64"
	"net/http"

	"github.com/icos-go/icos/internal/sigv2"
	"github.com/icos-go/icos/internal/sigv4"
	"github.com/icos-go/icos/server/iam"
)

// A Form is what the fields of a browser's upload say about who lets it in: a
// policy, and the signature of it in Version 4 or in Version 2. The names of the
// fields are those in the comments.
type Form struct {
	Policy string // policy: JSON in Base64

	Algorithm  string // x-amz-algorithm
	Credential string // x-amz-credential
	Date       string // x-amz-date
	Signature  string // x-amz-signature

	AccessKeyID string // AWSAccessKeyId, for Version 2
	SignatureV2 string // signature
}

// Form establishes who signed the policy of a form, and returns it decoded. A
// form without policy and signature is nobody's. Whether the policy holds is for
// the caller to see. Its error is always an *Error.
func (v *Verifier) Form(f *Form) (p iam.Principal, policy []byte, err error) {
	v4 := f.Algorithm != "" || f.Credential != "" || f.Signature != ""
	v2 := f.AccessKeyID != "" || f.SignatureV2 != ""
	var refusal *Error
	switch {
	case f.Policy == "" && !v4 && !v2:
		return iam.Principal{Anonymous: true}, nil, nil
	case f.Policy == "":
		return p, nil, invalidArgument("Bucket POST must contain a field named 'policy' where it has a signature.")
	case v4 && v2:
		return p, nil, invalidArgument("Only one auth mechanism allowed; a form has the fields of Version 4 or those of Version 2.")
	case v4:
		p, refusal = v.checkFormV4(f)
	case v2:
		p, refusal = v.checkFormV2(f)
	default:
		refusal = accessDenied("Bucket POST has a policy and no signature of it.")
	}
	if refusal != nil {
		return p, nil, refusal
	}
	policy, derr := base64.StdEncoding.DecodeString(f.Policy)
	if derr != nil {
		return p, nil, refuse(http.StatusBadRequest, "InvalidPolicyDocument", "Invalid Policy: Invalid Base64.")
	}
	return p, policy, nil
}

func (v *Verifier) checkFormV4(f *Form) (iam.Principal, *Error) {
	if f.Algorithm != sigv4.Algorithm {
		return iam.Principal{}, invalidArgument("x-amz-algorithm must be " + sigv4.Algorithm)
	}
	id, scope, err := sigv4.ParseCredential(f.Credential)
	if err != nil {
		return iam.Principal{}, invalidArgument("x-amz-credential is not well formed; " + reason(err, sigv4.ErrMalformed))
	}
	t, err := sigv4.ParseTime(f.Date)
	switch {
	case err != nil:
		return iam.Principal{}, invalidArgument("x-amz-date must be in the form " + sigv4.TimeFormat)
	case sigv4.FormatTime(t)[:8] != scope.Date || scope.Service != "s3":
		return iam.Principal{}, invalidArgument("x-amz-credential is not for S3, or not of the day that x-amz-date says")
	case t.After(v.now().Add(maxSkew)):
		return iam.Principal{}, accessDenied("Request is not yet valid")
	}
	secret, p, ok := v.dir.AccessKey(id)
	if !ok {
		return iam.Principal{}, unknownKey()
	}
	if !sigv4.Equal(sigv4.SignPolicy(v.keys.Key(secret, scope), f.Policy), f.Signature) {
		return iam.Principal{}, signatureMismatch()
	}
	return p, nil
}

func (v *Verifier) checkFormV2(f *Form) (iam.Principal, *Error) {
	secret, p, ok := v.dir.AccessKey(f.AccessKeyID)
	if !ok {
		return iam.Principal{}, unknownKey()
	}
	if !sigv2.Equal(sigv2.Sign(secret, f.Policy), f.SignatureV2) {
		return iam.Principal{}, signatureMismatch()
	}
	return p, nil
}
