package iam

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// stateVersion is what is written. Version 1 had no policies: every identity was a Manager of its instance. Version 2 knew no
// instances of Key Protect.
const stateVersion = 3

// record is the persistent state, as it stands in the file state.json.
type record struct {
	Version     int        `json:"version"`
	Account     string     `json:"account"`
	TokenSecret string     `json:"token_secret"` // keys the MAC of refresh tokens, hexadecimal
	Instances   []instance `json:"instances"`
	KeyProtect  []instance `json:"key_protect,omitempty"` // instances of that
	Identities  []identity `json:"identities"`
	Profiles    []profile  `json:"profiles,omitempty"`
	Policies    []Policy   `json:"policies"`
}

type instance struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
}

// identity is a service ID with its one API key and its one HMAC pair, which
// is how COS issues service credentials.
type identity struct {
	ID              string    `json:"id"` // ServiceId-<uuid>
	Name            string    `json:"name"`
	Instance        string    `json:"instance"`
	Role            Role      `json:"role,omitzero"` // what the credential was made with; policies say what it may do
	APIKey          string    `json:"api_key"`
	APIKeyName      string    `json:"api_key_name"`
	AccessKeyID     string    `json:"access_key_id,omitempty"` // none without HMAC keys
	SecretAccessKey string    `json:"secret_access_key,omitempty"`
	Created         time.Time `json:"created"`
	CreatedBy       string    `json:"created_by,omitempty"` // IAM ID
}

// keyNameBefore is what the name of an API key has before the uuid of the resource key it belongs to.
const keyNameBefore = "auto-generated-apikey-"

// resourceKey returns the uuid of the credential as a resource key.
func (id *identity) resourceKey() string { return strings.TrimPrefix(id.APIKeyName, keyNameBefore) }

// profile is a trusted profile: an identity that compute resources log into.
type profile struct {
	ID       string    `json:"id"` // Profile-<uuid>
	Name     string    `json:"name"`
	Instance string    `json:"instance"`
	Created  time.Time `json:"created"`
}

func (r *record) clone() *record {
	c := *r
	c.Instances = slices.Clone(r.Instances)
	c.KeyProtect = slices.Clone(r.KeyProtect)
	c.Identities = slices.Clone(r.Identities)
	c.Profiles = slices.Clone(r.Profiles)
	c.Policies = slices.Clone(r.Policies)
	return &c
}

func (r *record) hasInstance(id string) bool {
	return slices.ContainsFunc(r.Instances, func(in instance) bool { return in.ID == id })
}

// addInstance makes an instance with a credential that manages it.
func (r *record) addInstance(name string, now time.Time) identity {
	in := instance{ID: newUUID(), Name: name, Created: now.UTC()}
	r.Instances = append(r.Instances, in)
	return r.addIdentity(identity{Name: name, Instance: in.ID, Role: Manager}, Policy{}, true, now)
}

// addIdentity makes a service ID with keys, and the policy that gives it its role, if it has one, in the scope.
func (r *record) addIdentity(id identity, scope Policy, hmac bool, now time.Time) identity {
	id.ID = "ServiceId-" + newUUID()
	id.APIKey = randomAPIKey()
	id.APIKeyName = keyNameBefore + newUUID()
	id.Created = now.UTC()
	if hmac {
		id.AccessKeyID, id.SecretAccessKey = randomHex(16), randomHex(24)
	}
	r.Identities = append(r.Identities, id)
	if id.Role != 0 {
		scope.Subject, scope.Roles, scope.Instance = "iam-"+id.ID, []Role{id.Role}, id.Instance
		r.addPolicy(scope, now)
	}
	return id
}

func (r *record) removeIdentity(id string) (identity, error) {
	id = strings.TrimPrefix(lastField(id), "iam-")
	i := slices.IndexFunc(r.Identities, func(x identity) bool { return x.ID == id })
	switch {
	case i < 0:
		return identity{}, ErrNotFound
	case i == 0:
		return identity{}, errors.New("iam: the first credential cannot be removed")
	}
	gone := r.Identities[i]
	r.Identities = slices.Delete(r.Identities, i, i+1)
	r.Policies = slices.DeleteFunc(r.Policies, func(p Policy) bool { return p.Subject == "iam-"+gone.ID })
	return gone, nil
}

// upgrade brings a record of an older version to this one, and reports whether it did.
func (r *record) upgrade() bool {
	if r.Version == 2 {
		r.Version = stateVersion
		return true
	}
	if r.Version != 1 {
		return false
	}
	r.Version = stateVersion
	for i := range r.Identities {
		id := &r.Identities[i]
		id.Role = Manager
		r.addPolicy(Policy{Subject: "iam-" + id.ID, Roles: []Role{Manager}, Instance: id.Instance}, id.Created)
	}
	for _, p := range r.Profiles {
		r.addPolicy(Policy{Subject: "iam-" + p.ID, Roles: []Role{Manager}, Instance: p.Instance}, p.Created)
	}
	return true
}

// check refuses a state file that this version cannot serve.
func (r *record) check() error {
	switch {
	case r.Version != stateVersion:
		return fmt.Errorf("state has version %d, this program knows version %d", r.Version, stateVersion)
	case len(r.Account) != 32 || len(r.TokenSecret) != 64:
		return errors.New("state has no account or no token secret")
	case len(r.Instances) == 0 || len(r.Identities) == 0:
		return errors.New("state has no instance or no identity")
	}
	for i := range r.Policies {
		if err := r.Policies[i].check(); err != nil {
			return fmt.Errorf("policy %s: %w", r.Policies[i].ID, err)
		}
	}
	return nil
}

// subject is what a token is about: a service ID or a trusted profile.
type subject struct {
	principal Principal
	sub       string // the IAM ID without its realm
	subType   string // ServiceId or Profile
	grants    grants
}

type accessKey struct {
	secret    string
	principal Principal
}

// index is a record prepared for lookups. It is never changed.
type index struct {
	rec        *record
	instances  map[string]Instance
	subjects   map[string]*subject // by IAM ID
	apiKeys    map[[sha256.Size]byte]*subject
	accessKeys map[string]accessKey
	public     grants // of everybody
}

func newIndex(rec *record) *index {
	ix := &index{
		rec:        rec,
		instances:  make(map[string]Instance, len(rec.Instances)),
		subjects:   make(map[string]*subject, len(rec.Identities)+len(rec.Profiles)),
		apiKeys:    make(map[[sha256.Size]byte]*subject, len(rec.Identities)),
		accessKeys: make(map[string]accessKey, len(rec.Identities)),
	}
	for _, in := range rec.Instances {
		ix.instances[in.ID] = Instance{ID: in.ID, AccountID: rec.Account, CRN: instanceCRN(rec.Account, in.ID), Name: in.Name}
	}
	for _, id := range rec.Identities {
		s := ix.addSubject(id.ID, id.Name, id.Instance, "ServiceId")
		ix.apiKeys[hashKey(id.APIKey)] = s
		if id.AccessKeyID != "" {
			ix.accessKeys[id.AccessKeyID] = accessKey{id.SecretAccessKey, s.principal}
		}
	}
	for _, p := range rec.Profiles {
		ix.addSubject(p.ID, p.Name, p.Instance, "Profile")
	}
	for i := range rec.Policies {
		p := &rec.Policies[i]
		if p.Subject == PublicAccess {
			ix.public = append(ix.public, newGrant(p))
		} else if sub := ix.subjects[p.Subject]; sub != nil {
			sub.grants = append(sub.grants, newGrant(p))
		}
	}
	return ix
}

func (ix *index) addSubject(id, name, instance, subType string) *subject {
	s := &subject{
		principal: Principal{ID: "iam-" + id, Name: name, Instance: instance},
		sub:       id,
		subType:   subType,
	}
	ix.subjects[s.principal.ID] = s
	return s
}

func (ix *index) credential(id identity) ServiceCredential {
	return ServiceCredential{
		APIKey:             id.APIKey,
		HMACKeys:           HMACKeys{AccessKeyID: id.AccessKeyID, SecretAccessKey: id.SecretAccessKey},
		APIKeyDescription:  "Auto-generated for key " + resourceKeyCRN(ix.rec.Account, id.Instance, id.resourceKey()),
		APIKeyName:         id.APIKeyName,
		RoleCRN:            roleCRN(id.Role),
		ServiceIDCRN:       serviceIDCRN(ix.rec.Account, id.ID),
		ResourceInstanceID: instanceCRN(ix.rec.Account, id.Instance),
	}
}

// randomHex returns n random bytes in hexadecimal. crypto/rand.Read does not
// return errors.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// randomAPIKey returns 44 characters of the URL-safe alphabet, as IBM's keys
// have: 264 random bits.
func randomAPIKey() string {
	b := make([]byte, 33)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// newUUID returns a random UUID (RFC 9562, version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
