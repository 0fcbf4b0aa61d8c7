package kms

import "strings"

// crn is the parts of a CRN that say which key it names: crn:v1:bluemix:public:kms:<region>:a/<account>:<instance>:key:<id>.
type crn struct {
	region, account, instance, id string
}

func (c crn) String() string {
	return "crn:v1:bluemix:public:kms:" + c.region + ":a/" + c.account + ":" + c.instance + ":key:" + c.id
}

// parseCRN returns ErrCRN, with what is wrong, for what is not the CRN of a key.
func parseCRN(s string) (crn, error) {
	f := strings.Split(s, ":")
	if len(f) != 10 || f[0] != "crn" || f[1] != "v1" {
		return crn{}, crnError("it does not have the ten fields of a CRN, crn:v1:…")
	}
	account, scoped := strings.CutPrefix(f[6], "a/")
	switch {
	case f[4] != "kms" && f[4] != "hs-crypto":
		return crn{}, crnError("it is not of the service kms")
	case !scoped || account == "" || f[7] == "":
		return crn{}, crnError("it has no account or no instance")
	case f[8] != "key":
		return crn{}, crnError("its resource type is not key")
	case f[9] == "":
		return crn{}, crnError("it names no key")
	}
	return crn{region: f[5], account: account, instance: f[7], id: f[9]}, nil
}

// crnError is an ErrCRN that says more.
type crnError string

func (e crnError) Error() string { return ErrCRN.Error() + ": " + string(e) }

func (crnError) Is(target error) bool { return target == ErrCRN }

// InstanceOf returns the UUID of the instance in the CRN of a key, "" if it is none.
func InstanceOf(key string) string {
	c, err := parseCRN(key)
	if err != nil {
		return ""
	}
	return c.instance
}

func instanceCRN(region, account, id string) string {
	return "crn:v1:bluemix:public:kms:" + region + ":a/" + account + ":" + id + "::"
}

// instanceID returns the UUID of an instance from s, which is its CRN or already the UUID. It returns "" if s is the CRN of
// something else.
func instanceID(s string) string {
	if !strings.HasPrefix(s, "crn:") {
		return s
	}
	f := strings.Split(s, ":")
	if len(f) != 10 || f[4] != "kms" && f[4] != "hs-crypto" {
		return ""
	}
	return f[7]
}
