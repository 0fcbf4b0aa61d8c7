package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Role is a set of actions, one of those that COS defines for access to the service. The zero Role has none.
type Role uint8

// The roles of COS. Each Reader may do what the one below it may; so do Writer and Manager.
const (
	ObjectWriter  Role = iota + 1 // writes objects, and can neither read nor delete them
	ObjectReader                  // reads objects whose names it knows
	ContentReader                 // also lists them
	Reader                        // also lists buckets and reads their configuration
	Writer                        // also makes, changes and deletes buckets and objects
	Manager                       // also decides who may do what, and on retention, quota and firewall
)

// roleNames are the last parts of the roles' CRNs.
var roleNames = [...]string{
	ObjectWriter: "ObjectWriter", ObjectReader: "ObjectReader", ContentReader: "ContentReader",
	Reader: "Reader", Writer: "Writer", Manager: "Manager",
}

// Roles returns every role, the weakest first.
func Roles() []Role {
	return []Role{ObjectWriter, ObjectReader, ContentReader, Reader, Writer, Manager}
}

// String returns the name, such as ContentReader.
func (r Role) String() string {
	if r == 0 || int(r) >= len(roleNames) {
		return fmt.Sprintf("Role(%d)", uint8(r))
	}
	return roleNames[r]
}

// CRN returns the role as policies and credentials name it. Three roles are common to all services of IBM Cloud; COS adds its own.
func (r Role) CRN() string {
	service := "iam"
	if r < Reader {
		service = "cloud-object-storage"
	}
	return "crn:v1:bluemix:public:" + service + "::::serviceRole:" + r.String()
}

// roleCRN is the CRN of a role, or nothing for none.
func roleCRN(r Role) string {
	if r == 0 {
		return ""
	}
	return r.CRN()
}

// ErrRole is returned by ParseRole for a name that is no role of COS.
var ErrRole = errors.New("not a role of COS")

// ParseRole reads a role's name, in any case and with or without the space in "Content Reader", or its CRN.
func ParseRole(s string) (Role, error) {
	name, isCRN := s, strings.HasPrefix(s, "crn:")
	if isCRN {
		_, name, _ = strings.Cut(s, "::::serviceRole:")
	}
	name = strings.ReplaceAll(name, " ", "")
	i := slices.IndexFunc(roleNames[1:], func(known string) bool { return strings.EqualFold(known, name) })
	if i < 0 || isCRN && !strings.EqualFold(Role(i+1).CRN(), s) {
		return 0, fmt.Errorf("role %q: %w", s, ErrRole)
	}
	return Role(i + 1), nil
}

// MarshalJSON writes the name.
func (r Role) MarshalJSON() ([]byte, error) { return json.Marshal(r.String()) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Role) UnmarshalJSON(b []byte) error {
	var name string
	if err := json.Unmarshal(b, &name); err != nil {
		return err
	}
	role, err := ParseRole(name)
	*r = role
	return err
}

// roleSet is a set of roles, one bit each.
type roleSet uint8

func setOf(roles ...Role) roleSet {
	var s roleSet
	for _, r := range roles {
		s |= 1 << r
	}
	return s
}
