package iam

import (
	"fmt"
	"strings"
)

// A Role is what a policy gives: one of those below, or the CRN of a role that an account has made for itself.
type Role string

// The roles of COS, the strongest first.
const (
	Manager       Role = "Manager"       // everything, and who may do what
	Writer        Role = "Writer"        // makes, changes and deletes buckets and objects
	Reader        Role = "Reader"        // lists and reads buckets, objects and configurations
	ContentReader Role = "ContentReader" // lists and reads objects
	ObjectReader  Role = "ObjectReader"  // reads objects whose names it knows
	ObjectWriter  Role = "ObjectWriter"  // writes objects, and can neither read nor delete them
)

// Roles returns the roles of COS, the strongest first.
func Roles() []Role {
	return []Role{Manager, Writer, Reader, ContentReader, ObjectReader, ObjectWriter}
}

// ParseRole reads a role's name, in any case and with or without a space, or its CRN. The CRN of another role is that role.
func ParseRole(s string) (Role, error) {
	name := strings.ReplaceAll(s, " ", "")
	for _, r := range Roles() {
		if strings.EqualFold(name, string(r)) || strings.EqualFold(s, r.CRN()) {
			return r, nil
		}
	}
	if strings.HasPrefix(s, "crn:") {
		return Role(s), nil
	}
	return "", fmt.Errorf("iam: %q is not a role of COS; there are Manager, Writer, Reader, ContentReader, ObjectReader and ObjectWriter", s)
}

// CRN returns the role as policies name it. Three roles are common to all services of IBM Cloud, and COS adds its own.
func (r Role) CRN() string {
	switch r {
	case Manager, Writer, Reader:
		return "crn:v1:bluemix:public:iam::::serviceRole:" + string(r)
	case ContentReader, ObjectReader, ObjectWriter:
		return "crn:v1:bluemix:public:cloud-object-storage::::serviceRole:" + string(r)
	}
	return string(r)
}

// fromCRN returns the role that a CRN of the service names.
func fromCRN(crn string) Role {
	if r, err := ParseRole(crn); err == nil {
		return r
	}
	return Role(crn)
}
