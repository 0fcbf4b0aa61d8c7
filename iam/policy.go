package iam

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/icos-go/icos/internal/rest"
)

// PublicAccess is the subject of policies for everybody, with credentials or without. It can be given the roles ContentReader and
// ObjectReader on a bucket.
const PublicAccess = accessGroup + "PublicAccess"

// accessGroup begins the IDs of access groups, which are subjects of a kind of their own.
const accessGroup = "AccessGroupId-"

// A Policy gives a subject roles. Several policies add up, and what none gives is denied.
type Policy struct {
	ID string // of the service; empty in a policy to create
	// Subject is an IAM ID, such as iam-ServiceId-…, or the ID of an access group, such as PublicAccess.
	Subject string
	Roles   []Role
	// Service is what the policy is about: KeyProtect, or COS if it is empty. Of policies on Key Protect, Bucket, Prefix and Rule are
	// empty, and the local server knows the roles Reader, Writer and Manager.
	Service string
	// Instance is the service instance, as CRN. If empty, all instances of the account.
	// That of a policy on Key Protect which the service returns is the id.
	Instance string
	// Account is the account the policy is of. If empty, that in Instance.
	Account string
	// Bucket is the one bucket the policy is about. If empty, all of the instance.
	Bucket string
	// Prefix is what the keys begin with that the policy is about. If empty, all keys. A policy with a Prefix allows nothing that
	// is about the bucket as a whole.
	Prefix string
	// Rule is the condition of the policy. [Client.CreatePolicy] makes it from Prefix if it is nil.
	Rule        *Rule
	Description string

	Created, Modified time.Time // of the service
	CreatedBy         string
}

// A Rule is the condition of a policy: a comparison of one attribute of the request, or several rules of which all or one must
// hold. See IBM's "Assigning access to objects within a bucket using IAM access conditions".
type Rule struct {
	Operator   string `json:"operator"` // and, or; stringEquals, stringMatch, stringEqualsAnyOf, stringMatchAnyOf, stringExists
	Conditions []Rule `json:"conditions,omitempty"`
	Key        string `json:"key,omitempty"`   // such as {{resource.attributes.path}}; there are path, prefix and delimiter
	Value      any    `json:"value,omitempty"` // string, bool or []string, as the operator takes
}

// below is the rule for the objects below a prefix: to list there, and to use them.
func below(prefix string) *Rule {
	rule := func(attribute string) Rule {
		return Rule{Operator: "stringMatch", Key: "{{resource.attributes." + attribute + "}}", Value: prefix + "*"}
	}
	return &Rule{Operator: "or", Conditions: []Rule{rule("prefix"), rule("path")}}
}

// prefixOf returns the prefix that a rule made by below is about, or "".
func prefixOf(r *Rule) string {
	if r == nil || r.Operator != "or" || len(r.Conditions) != 2 {
		return ""
	}
	value, _ := r.Conditions[0].Value.(string)
	prefix, found := strings.CutSuffix(value, "*")
	if !found || strings.ContainsAny(prefix, "*?") || r.Conditions[1].Value != r.Conditions[0].Value {
		return ""
	}
	return prefix
}

// policyDocument is a policy in the JSON of the second version of the API, the one with conditions.
type policyDocument struct {
	ID          string     `json:"id,omitempty"`
	Type        string     `json:"type"`
	Description string     `json:"description,omitempty"`
	Subject     attributes `json:"subject"`
	Resource    attributes `json:"resource"`
	Control     control    `json:"control"`
	Rule        *Rule      `json:"rule,omitempty"`
	Pattern     string     `json:"pattern,omitempty"`
	Created     time.Time  `json:"created_at,omitzero"`
	CreatedBy   string     `json:"created_by_id,omitempty"`
	Modified    time.Time  `json:"last_modified_at,omitzero"`
}

type attributes struct {
	Attributes []attribute `json:"attributes"`
}

type attribute struct {
	Key      string `json:"key"`
	Operator string `json:"operator"`
	Value    any    `json:"value"` // a string but with operators that are not ours
}

type control struct {
	Grant struct {
		Roles []roleID `json:"roles"`
	} `json:"grant"`
}

type roleID struct {
	ID string `json:"role_id"`
}

func (list *attributes) add(key, value string) {
	list.Attributes = append(list.Attributes, attribute{key, "stringEquals", value})
}

func (list *attributes) value(key string) string {
	for _, a := range list.Attributes {
		if a.Key == key {
			s, _ := a.Value.(string)
			return s
		}
	}
	return ""
}

const (
	policiesPath = "/v2/policies"
	rulePattern  = "attribute-based-condition:resource:literal-and-wildcard"
)

func (p *Policy) document() (*policyDocument, error) {
	if p == nil {
		return nil, errors.New("the policy is nil")
	}
	about := cmp.Or(p.Service, service)
	account, instance, err := splitCRN(about, p.Instance)
	if err != nil {
		return nil, err
	}
	if p.Account != "" {
		account = p.Account
	}
	switch {
	case p.Subject == "" || len(p.Roles) == 0:
		return nil, errors.New("a policy has a subject and roles")
	case account == "":
		return nil, errors.New("the account is not known; name the instance by its CRN")
	case about != service && about != KeyProtect:
		return nil, fmt.Errorf("no policies on %s; the service is KeyProtect, or COS if it is empty", about)
	case about != service && (p.Bucket != "" || p.Prefix != "" || p.Rule != nil):
		return nil, errors.New("a policy on Key Protect is about an instance, and has no bucket, prefix or rule")
	case p.Prefix != "" && (p.Bucket == "" || p.Rule != nil):
		return nil, errors.New("a prefix is of a bucket, and takes the place of a rule")
	case strings.ContainsAny(p.Prefix, "*?"):
		return nil, fmt.Errorf("the prefix %q holds a wildcard; a rule can have some", p.Prefix)
	}
	d := &policyDocument{Type: "access", Description: p.Description, Rule: p.Rule}
	if strings.HasPrefix(p.Subject, accessGroup) {
		d.Subject.add("access_group_id", p.Subject)
	} else {
		d.Subject.add("iam_id", p.Subject)
	}
	d.Resource.add("accountId", account)
	d.Resource.add("serviceName", about)
	if instance != "" {
		d.Resource.add("serviceInstance", instance)
	}
	if p.Bucket != "" {
		d.Resource.add("resourceType", "bucket")
		d.Resource.add("resource", p.Bucket)
	}
	for _, r := range p.Roles {
		d.Control.Grant.Roles = append(d.Control.Grant.Roles, roleID{r.CRN()})
	}
	if p.Prefix != "" {
		d.Rule = below(p.Prefix)
	}
	if d.Rule != nil {
		d.Pattern = rulePattern
	}
	return d, nil
}

func (d *policyDocument) policy() *Policy {
	p := &Policy{
		ID: d.ID, Description: d.Description, Account: d.Resource.value("accountId"), Bucket: d.Resource.value("resource"),
		Rule: d.Rule, Prefix: prefixOf(d.Rule), Created: d.Created, CreatedBy: d.CreatedBy, Modified: d.Modified,
	}
	if about := d.Resource.value("serviceName"); about != service {
		p.Service = about
	}
	p.Subject = d.Subject.value("iam_id")
	if p.Subject == "" {
		p.Subject = d.Subject.value("access_group_id")
	}
	if id := d.Resource.value("serviceInstance"); id != "" {
		p.Instance = "crn:v1:bluemix:public:" + service + ":global:a/" + p.Account + ":" + id + "::"
		if p.Service != "" {
			p.Instance = id // its CRN has a region, which policies do not tell
		}
	}
	for _, r := range d.Control.Grant.Roles {
		p.Roles = append(p.Roles, fromCRN(r.ID))
	}
	return p
}

// CreatePolicy makes a policy, which is in force on return on the local server, and within some minutes on IBM Cloud. It is not
// repeated when its answer is lost, since that would make two.
func (c *Client) CreatePolicy(ctx context.Context, p *Policy) (*Policy, error) {
	r := &rest.Request{Op: "create policy", Method: http.MethodPost, Path: policiesPath}
	in, err := p.document()
	if err != nil {
		return nil, c.policies.Errorf(r, "%w", err)
	}
	r.Body = in
	var out policyDocument
	if _, err := c.policies.Do(ctx, r, &out); err != nil {
		return nil, err
	}
	return out.policy(), nil
}

// PoliciesOptions say which policies to list. A nil *PoliciesOptions means the zero value.
type PoliciesOptions struct {
	Account string // IBM Cloud insists on it; if empty, that of the caller in the local server
	Subject string // an IAM ID or the ID of an access group; if empty, all
}

// Policies lists the policies on COS and on Key Protect that the caller may see, but no authorizations between services. An error
// comes last. o may be nil.
func (c *Client) Policies(ctx context.Context, o *PoliciesOptions) iter.Seq2[*Policy, error] {
	q := url.Values{}
	if o != nil && o.Account != "" {
		q.Set("account_id", o.Account)
	}
	switch {
	case o == nil || o.Subject == "":
	case strings.HasPrefix(o.Subject, accessGroup):
		q.Set("access_group_id", o.Subject)
	default:
		q.Set("iam_id", o.Subject)
	}
	return func(yield func(*Policy, error) bool) {
		var out struct {
			Policies []policyDocument `json:"policies"`
		}
		r := &rest.Request{Op: "list policies", Method: http.MethodGet, Path: policiesPath, Query: q}
		if _, err := c.policies.Do(ctx, r, &out); err != nil {
			yield(nil, err)
			return
		}
		for i := range out.Policies {
			d := &out.Policies[i]
			about := d.Resource.value("serviceName")
			if d.Type == "access" && (about == service || about == KeyProtect) && !yield(d.policy(), nil) {
				return
			}
		}
	}
}

// Policy returns the policy with the given ID.
func (c *Client) Policy(ctx context.Context, id string) (*Policy, error) {
	var out policyDocument
	if _, err := c.policies.Do(ctx, one("get policy", http.MethodGet, policiesPath, id), &out); err != nil {
		return nil, err
	}
	return out.policy(), nil
}

// DeletePolicy removes a policy.
func (c *Client) DeletePolicy(ctx context.Context, id string) error {
	return remove(ctx, c.policies, one("delete policy", http.MethodDelete, policiesPath, id))
}
