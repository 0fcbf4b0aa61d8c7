package iam

import "encoding/json"

// formV1 is the form of /v1/policies: lists of subjects and of resources, of which there is one each, and no conditions.
type formV1 struct{}

type policyV1 struct {
	ID          string          `json:"id,omitempty"`
	Type        string          `json:"type"`
	Description string          `json:"description,omitempty"`
	Subjects    []attributesV1  `json:"subjects"`
	Roles       []roleDocument  `json:"roles"`
	Resources   []attributesV1  `json:"resources"`
	Rule        json.RawMessage `json:"rule,omitempty"` // is refused
	policyHistory
}

// refuseNarrowing refuses a policy that would give more than it says, were the rest of it ignored.
func refuseNarrowing() *refusal {
	return refuseInvalid("Tags of resources, and rules in /v1/policies, are not implemented; a rule in /v2/policies can narrow the policy to some objects.")
}

type attributesV1 struct {
	Attributes []attributeV1   `json:"attributes"`
	Tags       json.RawMessage `json:"tags,omitempty"` // is refused
}

type attributeV1 struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Operator string `json:"operator,omitempty"`
}

type roleDocument struct {
	ID   string `json:"role_id"`
	Name string `json:"display_name,omitempty"`
}

func (formV1) parse(in []byte, account string) (Policy, error) {
	var doc policyV1
	if err := read(in, &doc); err != nil {
		return Policy{}, err
	}
	if len(doc.Subjects) != 1 || len(doc.Resources) != 1 {
		return Policy{}, refuseInvalid("A policy has one subject and one resource.")
	}
	if doc.Rule != nil || doc.Subjects[0].Tags != nil || doc.Resources[0].Tags != nil {
		return Policy{}, refuseNarrowing()
	}
	p, err := parsePolicy(doc.Type, fromV1(doc.Subjects[0]), fromV1(doc.Resources[0]), roleIDs(doc.Roles), account)
	p.Description = doc.Description
	return p, err
}

func (formV1) document(p *Policy, account, href string) any {
	return &policyV1{
		ID: p.ID, Type: p.kind(), Description: p.Description,
		Subjects: []attributesV1{toV1(p.subject()...)}, Roles: roleDocuments(p.Roles), Resources: []attributesV1{toV1(p.resource(account)...)},
		policyHistory: p.history(href),
	}
}

func fromV1(in attributesV1) []attribute {
	var list []attribute
	for _, a := range in.Attributes {
		list = append(list, attribute{a.Name, a.Operator, a.Value})
	}
	return list
}

func toV1(list ...attribute) attributesV1 {
	var out attributesV1
	for _, a := range list {
		out.Attributes = append(out.Attributes, attributeV1{a.key, a.value, a.operator})
	}
	return out
}

// formV2 is the form of /v2/policies, which can have a condition as its rule.
type formV2 struct{}

type policyV2 struct {
	ID          string       `json:"id,omitempty"`
	Type        string       `json:"type"`
	Description string       `json:"description,omitempty"`
	Subject     attributesV2 `json:"subject"`
	Resource    attributesV2 `json:"resource"`
	Control     struct {
		Grant struct {
			Roles []roleDocument `json:"roles"`
		} `json:"grant"`
	} `json:"control"`
	Rule    *Condition `json:"rule,omitempty"`
	Pattern string     `json:"pattern,omitempty"`
	policyHistory
}

// rulePattern is the pattern of rules about attributes of resources. It is the only one that COS has a use for.
const rulePattern = "attribute-based-condition:resource:literal-and-wildcard"

type attributesV2 struct {
	Attributes []attributeV2   `json:"attributes"`
	Tags       json.RawMessage `json:"tags,omitempty"` // is refused
}

type attributeV2 struct {
	Key      string `json:"key"`
	Operator string `json:"operator"`
	Value    string `json:"value"`
}

func (formV2) parse(in []byte, account string) (Policy, error) {
	var doc policyV2
	if err := read(in, &doc); err != nil {
		return Policy{}, err
	}
	if doc.Pattern != "" && doc.Pattern != rulePattern {
		return Policy{}, refuseInvalid("The pattern " + doc.Pattern + " is not implemented; there is " + rulePattern + ".")
	}
	if doc.Subject.Tags != nil || doc.Resource.Tags != nil {
		return Policy{}, refuseNarrowing()
	}
	p, err := parsePolicy(doc.Type, fromV2(doc.Subject), fromV2(doc.Resource), roleIDs(doc.Control.Grant.Roles), account)
	p.Description, p.Condition = doc.Description, doc.Rule
	return p, err
}

func (formV2) document(p *Policy, account, href string) any {
	doc := &policyV2{
		ID: p.ID, Type: p.kind(), Description: p.Description, Subject: toV2(p.subject()...), Resource: toV2(p.resource(account)...),
		Rule: p.Condition, policyHistory: p.history(href),
	}
	doc.Control.Grant.Roles = roleDocuments(p.Roles)
	if p.Condition != nil {
		doc.Pattern = rulePattern
	}
	return doc
}

func fromV2(in attributesV2) []attribute {
	var list []attribute
	for _, a := range in.Attributes {
		list = append(list, attribute{a.Key, a.Operator, a.Value})
	}
	return list
}

func toV2(list ...attribute) attributesV2 {
	var out attributesV2
	for _, a := range list {
		out.Attributes = append(out.Attributes, attributeV2{a.key, a.operator, a.value})
	}
	return out
}

func roleIDs(roles []roleDocument) []string {
	var list []string
	for _, r := range roles {
		list = append(list, r.ID)
	}
	return list
}

func roleDocuments(roles []Role) []roleDocument {
	var list []roleDocument
	for _, r := range roles {
		list = append(list, roleDocument{r.CRN(), r.String()})
	}
	return list
}
