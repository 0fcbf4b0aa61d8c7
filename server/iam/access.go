package iam

import "slices"

// A Resource is what an action is about.
type Resource struct {
	Service  string // "" is COS
	Instance string // UUID of the service instance
	Bucket   string // "" if the action is about the instance itself
	// Path is the key of the object, of an action on an object.
	Path string
	// Prefix and Delimiter are those of a request to list.
	Prefix, Delimiter string
}

// grant is a policy prepared for questions.
type grant struct {
	roles     roleSet
	service   string // "" is COS
	instance  string // "" is every one
	bucket    string // "" is every one, and the instance
	condition *Condition
}

func newGrant(p *Policy) grant {
	return grant{roles: setOf(p.Roles...), service: p.Service, instance: p.Instance, bucket: p.Bucket, condition: p.Condition}
}

// covers reports whether the grant has the action in its scope, if its condition holds.
func (g *grant) covers(a Action, r *Resource) bool {
	return g.roles&actionTable[a].roles != 0 &&
		g.service == r.Service &&
		(g.instance == "" || g.instance == r.Instance) &&
		(g.bucket == "" || g.bucket == r.Bucket)
}

// grants are what one subject may do.
type grants []grant

func (list grants) allow(a Action, r *Resource) bool {
	for i := range list {
		g := &list[i]
		if g.covers(a, r) && (g.condition == nil || g.condition.holds(actionTable[a].asks, r)) {
			return true
		}
	}
	return false
}

// Allowed reports whether policies let p do a to r: its own, or those for everybody. It does not look at ACLs, answers from memory
// and allocates nothing.
func (s *Service) Allowed(p Principal, a Action, r Resource) bool {
	ix := s.state.Load()
	if sub := ix.subjects[p.ID]; sub != nil && sub.grants.allow(a, &r) {
		return true
	}
	return len(ix.public) > 0 && ix.public.allow(a, &r)
}

// AllowedSome reports whether there can be a key or a prefix for which p may do a in the bucket of r: whether it is worth asking
// about each.
func (s *Service) AllowedSome(p Principal, a Action, r Resource) bool {
	ix := s.state.Load()
	covers := func(g grant) bool { return g.covers(a, &r) }
	sub := ix.subjects[p.ID]
	return sub != nil && slices.ContainsFunc(sub.grants, covers) || slices.ContainsFunc(ix.public, covers)
}

// Manages reports whether p decides who may use an instance, given by UUID: whether it is a Manager of the whole of it. The empty
// instance stands for all of the account. IBM Cloud asks for platform roles here, such as Administrator, which this service does
// not have.
func (s *Service) Manages(p Principal, instance string) bool {
	sub := s.state.Load().subjects[p.ID]
	return sub != nil && slices.ContainsFunc(sub.grants, func(g grant) bool {
		return g.roles&managers != 0 && g.service == "" && g.bucket == "" && g.condition == nil && (g.instance == "" || g.instance == instance)
	})
}
