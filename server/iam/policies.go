package iam

import (
	"cmp"
	"slices"
	"time"
)

// policyForm is one of the two forms that policies have in JSON.
type policyForm interface {
	parse(in []byte, account string) (Policy, error)
	document(p *Policy, account, href string) any
}

func (m *management) account() string { return m.state.Load().rec.Account }

// show writes a policy in the form of the request.
func (m *management) show(form policyForm, p *Policy) any {
	root := pathPoliciesV1
	if _, second := form.(formV2); second {
		root = pathPoliciesV2
	}
	return form.document(p, m.account(), baseURL(m.r)+root+"/"+p.ID)
}

// createPolicy adds a policy, which takes a Manager of all that it is about.
func (m *management) createPolicy(in []byte, form policyForm) (any, error) {
	p, err := form.parse(in, m.account())
	if err != nil {
		return nil, err
	}
	if !m.manages(&p) {
		return nil, refuseForbidden()
	}
	if p, err = m.CreatePolicy(m.r.Context(), p, m.who.ID); err != nil {
		return nil, err
	}
	m.log.Info("made a policy", "policy", p.ID, "subject", p.Subject+p.Source, "service", p.Service, "instance", p.Instance, "bucket", p.Bucket, "by", m.who.ID)
	return m.show(form, &p), nil
}

// manages reports whether the caller is a Manager of all that a policy is about.
func (m *management) manages(p *Policy) bool {
	id := instanceOf(p.Service, p.Instance)
	if p.Service == KeyProtect {
		return m.KeyProtectRole(m.who, id) == Manager
	}
	return m.Manages(m.who, id)
}

// sees reports whether the caller may see a policy: whether it manages what that is about, or is its subject.
func (m *management) sees(p *Policy) bool {
	return p.Subject == m.who.ID || m.manages(p)
}

// listPolicies lists the policies that the caller may see. The first form has no conditions, so that policies that have some are
// not among those it lists.
func (m *management) listPolicies(form policyForm) (any, error) {
	q := m.r.URL.Query()
	if account := q.Get("account_id"); account != "" && account != m.account() {
		return nil, refuseForbidden()
	}
	_, first := form.(formV1)
	list := []any{}
	for _, p := range m.Policies() {
		subject := cmp.Or(q.Get("iam_id"), q.Get("access_group_id"))
		if m.sees(&p) && matches(subject, p.Subject) && !(first && p.Condition != nil) {
			list = append(list, m.show(form, &p))
		}
	}
	return map[string]any{"policies": list}, nil
}

func (m *management) policy(form policyForm) (any, error) {
	p, err := m.Policy(m.id)
	_, first := form.(formV1)
	if err != nil || !m.sees(&p) || first && p.Condition != nil {
		return nil, refuseMissing("policy")
	}
	return m.show(form, &p), nil
}

func (m *management) deletePolicy() error {
	p, err := m.Policy(m.id)
	if err != nil || !m.sees(&p) {
		return refuseMissing("policy")
	}
	if !m.manages(&p) {
		return refuseForbidden()
	}
	m.log.Info("deleted a policy", "policy", p.ID, "subject", p.Subject, "by", m.who.ID)
	return m.DeletePolicy(m.r.Context(), p.ID)
}

// attribute is a name or key with a value, in both forms.
type attribute struct {
	key, operator, value string
}

// cosService is the name of COS in policies.
const cosService = "cloud-object-storage"

// parsePolicy reads the parts that both forms have.
func parsePolicy(kind string, subject, resource []attribute, roles []string, account string) (Policy, error) {
	var p Policy
	if kind != typeAccess && kind != typeAuthorization {
		return p, refuseInvalid("The type of a policy is access or authorization.")
	}
	for _, a := range slices.Concat(subject, resource) {
		if a.operator != "" && a.operator != "stringEquals" {
			return p, refuseInvalid("The operator of an attribute is stringEquals; wildcards belong into the rule.")
		}
	}
	from := ""
	for _, a := range subject {
		switch {
		case kind == typeAuthorization && a.key == "serviceName":
			from = a.value
		case kind == typeAuthorization && a.key == "serviceInstance":
			p.Source = instanceID(a.value)
		case kind == typeAuthorization && a.key == "accountId" && a.value == account:
		case kind == typeAuthorization:
			return p, refuseInvalid("The subject of an authorization is a serviceInstance of the serviceName " + cosService + ", of the same account.")
		case a.key == "iam_id", a.key == "access_group_id" && a.value == PublicAccess:
			p.Subject = a.value
		default:
			return p, refuseInvalid("The subject of a policy is an iam_id, or the access_group_id " + PublicAccess + "; other groups are not implemented.")
		}
	}
	service, kindOfResource := "", ""
	for _, a := range resource {
		switch a.key {
		case "accountId":
			if a.value != account {
				return p, refuseForbidden()
			}
		case "serviceName":
			service = a.value
		case "serviceInstance":
			p.Instance = a.value
		case "resourceType":
			kindOfResource = a.value
		case "resource":
			p.Bucket = a.value
		default:
			return p, refuseInvalid("The attribute " + a.key + " of a resource is not implemented.")
		}
	}
	switch {
	case kind == typeAuthorization && (from != cosService || p.Source == "" || service != KeyProtect):
		return p, refuseInvalid("There are authorizations of a serviceInstance of " + cosService + " to use " + KeyProtect + " only.")
	case service == KeyProtect && kindOfResource == "" && p.Bucket == "":
		p.Service = KeyProtect
	case service != cosService || kindOfResource != "" && kindOfResource != "bucket" || (p.Bucket != "") != (kindOfResource != ""):
		return p, refuseInvalid("The resource of a policy has the serviceName " + cosService + " or " + KeyProtect + ", and a bucket of the former is its resource with the resourceType bucket.")
	}
	for _, name := range roles {
		r, err := ParseRole(name)
		if err != nil {
			return p, err
		}
		p.Roles = append(p.Roles, r)
	}
	return p, nil
}

// The types of policies.
const (
	typeAccess        = "access"
	typeAuthorization = "authorization"
)

func (p *Policy) kind() string {
	if p.Source != "" {
		return typeAuthorization
	}
	return typeAccess
}

// subject returns the attributes of the policy's subject.
func (p *Policy) subject() []attribute {
	if p.Source != "" {
		return []attribute{{"serviceName", "stringEquals", cosService}, {"serviceInstance", "stringEquals", p.Source}}
	}
	key := "iam_id"
	if p.Subject == PublicAccess {
		key = "access_group_id"
	}
	return []attribute{{key, "stringEquals", p.Subject}}
}

// resource returns the attributes of what the policy is about.
func (p *Policy) resource(account string) []attribute {
	list := []attribute{{"accountId", "stringEquals", account}, {"serviceName", "stringEquals", cmp.Or(p.Service, cosService)}}
	if p.Instance != "" {
		list = append(list, attribute{"serviceInstance", "stringEquals", p.Instance})
	}
	if p.Bucket != "" {
		list = append(list, attribute{"resourceType", "stringEquals", "bucket"}, attribute{"resource", "stringEquals", p.Bucket})
	}
	return list
}

// policyHistory is the end of a policy's document.
type policyHistory struct {
	Href       string    `json:"href,omitempty"`
	Created    time.Time `json:"created_at,omitzero"`
	CreatedBy  string    `json:"created_by_id,omitempty"`
	Modified   time.Time `json:"last_modified_at,omitzero"`
	ModifiedBy string    `json:"last_modified_by_id,omitempty"`
	State      string    `json:"state,omitempty"`
}

func (p *Policy) history(href string) policyHistory {
	return policyHistory{href, p.Created, p.CreatedBy, p.Modified, p.ModifiedBy, "active"}
}
