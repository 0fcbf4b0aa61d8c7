package iam

import (
	"net/http"
	"strings"
	"time"
)

// keyDocument is a resource key as the Resource Controller shows it.
type keyDocument struct {
	ID            string            `json:"id"` // the CRN
	GUID          string            `json:"guid"`
	URL           string            `json:"url"`
	Created       time.Time         `json:"created_at"`
	Updated       time.Time         `json:"updated_at"`
	Deleted       *time.Time        `json:"deleted_at"`
	CreatedBy     string            `json:"created_by"`
	UpdatedBy     string            `json:"updated_by"`
	SourceCRN     string            `json:"source_crn"`
	Name          string            `json:"name"`
	Role          string            `json:"role,omitempty"`
	CRN           string            `json:"crn"`
	State         string            `json:"state"`
	Account       string            `json:"account_id"`
	IAMCompatible bool              `json:"iam_compatible"`
	Migrated      bool              `json:"migrated"`
	InstanceURL   string            `json:"resource_instance_url"`
	Credentials   ServiceCredential `json:"credentials"`
}

type keyList struct {
	Rows      int            `json:"rows_count"`
	Next      *string        `json:"next_url"`
	Resources []*keyDocument `json:"resources"`
}

func (m *management) document(k *Key) *keyDocument {
	return &keyDocument{
		ID: k.CRN, GUID: k.ID, URL: pathResourceKeys + "/" + k.ID, Created: k.Created, Updated: k.Created,
		CreatedBy: k.CreatedBy, UpdatedBy: k.CreatedBy, SourceCRN: k.Credential.ResourceInstanceID, Name: k.Name, Role: roleCRN(k.Role),
		CRN: k.CRN, State: "active", Account: m.state.Load().rec.Account, IAMCompatible: true,
		InstanceURL: "/v2/resource_instances/" + k.Instance, Credentials: k.Credential.At(baseURL(m.r)),
	}
}

// keyRequest is the body of a request to create a resource key.
type keyRequest struct {
	Name       string `json:"name"`
	Source     string `json:"source"` // the instance, as CRN or UUID
	Role       string `json:"role"`   // by name or CRN; without it, policies have to give one
	Parameters struct {
		HMAC      bool   `json:"HMAC"`
		ServiceID string `json:"serviceid_crn"`
		Role      string `json:"role_crn"`
	} `json:"parameters"`
}

// createKey makes a credential, which takes a Manager of the instance.
func (m *management) createKey(in []byte) (any, error) {
	var req keyRequest
	if err := read(in, &req); err != nil {
		return nil, err
	}
	instance, found := m.Instance(req.Source)
	switch {
	case req.Name == "" || len(req.Name) > 180:
		return nil, refuseInvalid("A resource key has a name of 1 to 180 bytes.")
	case !found:
		return nil, refuseMissing("service instance: source is its CRN or its id")
	case !m.Manages(m.who, instance.ID):
		return nil, refuseForbidden()
	case req.Parameters.ServiceID != "":
		return nil, &refusal{http.StatusNotImplemented, "not_implemented", "Keys for a service ID that exists (serviceid_crn) are not implemented."}
	}
	o := &CredentialOptions{WithoutHMAC: !req.Parameters.HMAC, CreatedBy: m.who.ID}
	name := req.Role
	if name == "" {
		name = req.Parameters.Role
	}
	if o.WithoutRole = name == ""; !o.WithoutRole {
		var err error
		if o.Role, err = ParseRole(name); err != nil {
			return nil, err
		}
	}
	c, err := m.CreateCredential(m.r.Context(), instance.ID, req.Name, o)
	if err != nil {
		return nil, err
	}
	k, err := m.Key(strings.TrimPrefix(c.APIKeyName, keyNameBefore))
	if err != nil {
		return nil, err // deleted by someone else, meanwhile
	}
	m.log.Info("made a credential", "key", k.ID, "instance", k.Instance, "role", roleCRN(k.Role), "by", m.who.ID)
	return m.document(&k), nil
}

// listKeys lists the credentials of the instances that the caller manages.
func (m *management) listKeys() *keyList {
	q := m.r.URL.Query()
	list := keyList{Resources: []*keyDocument{}}
	for _, in := range m.Instances() {
		if !m.Manages(m.who, in.ID) {
			continue
		}
		for _, k := range m.Keys(in.ID) {
			source := q.Get("source_crn")
			if matches(q.Get("guid"), k.ID) && matches(q.Get("name"), k.Name) && matches(q.Get("resource_id"), in.ID) &&
				(source == "" || instanceID(source) == in.ID) {
				list.Resources = append(list.Resources, m.document(&k))
			}
		}
	}
	list.Rows = len(list.Resources)
	return &list
}

// matches reports whether a filter lets a value through.
func matches(filter, value string) bool { return filter == "" || filter == value }

// managedKey is the key that the request names. To those who may not see it, it does not exist.
func (m *management) managedKey() (Key, error) {
	k, err := m.Key(m.id)
	if err != nil || !m.Manages(m.who, k.Instance) {
		return Key{}, refuseMissing("resource key")
	}
	return k, nil
}

func (m *management) key() (any, error) {
	k, err := m.managedKey()
	if err != nil {
		return nil, err
	}
	return m.document(&k), nil
}

func (m *management) deleteKey() error {
	k, err := m.managedKey()
	if err != nil {
		return err
	}
	if k.Credential.APIKey == m.First().APIKey {
		return &refusal{http.StatusConflict, "first_credential", "The first credential of the server cannot be deleted."}
	}
	m.log.Info("deleted a credential", "key", k.ID, "instance", k.Instance, "by", m.who.ID)
	return m.DeleteCredential(m.r.Context(), k.IAMID)
}
