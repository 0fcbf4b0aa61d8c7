package kms

import "github.com/icos-go/icos/server/iam"

// need is the role on the instance that an operation takes, as IBM has it.
type need = iam.Role

const (
	reader  = iam.Reader  // lists, describes, wraps and unwraps
	writer  = iam.Writer  // also makes and rotates keys, and reads standard keys
	manager = iam.Manager // also disables, enables, deletes and restores keys
)

// has reports whether the caller has a role, or a stronger one, on the instance. Roles on COS give none.
func (q *request) has(n need) bool { return q.iam.KeyProtectRole(q.who, q.instance) >= n }
