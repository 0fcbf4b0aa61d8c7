package kms

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

const recordVersion = 1

// record is the persistent state, as it stands in the file state.json.
type record struct {
	Version   int        `json:"version"`
	Account   string     `json:"account"` // 32 hexadecimal digits
	Region    string     `json:"region"`
	MasterKey []byte     `json:"master_key"` // wraps the keys of objects that are under no root key and no key of their owner
	Instances []instance `json:"instances"`
	Keys      []*key     `json:"keys"` // oldest first; never changed in place
}

type instance struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
}

// A State is where a key is in its life, in the numbers of NIST SP 800-57 that the API uses.
type State int

// States of keys.
const (
	PreActivation State = 0
	Active        State = 1
	Suspended     State = 2 // disabled
	Deactivated   State = 3 // expired
	Destroyed     State = 5 // deleted
)

// key is a root key or a standard key.
type key struct {
	ID          string    `json:"id"`
	Instance    string    `json:"instance"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Aliases     []string  `json:"aliases,omitempty"`
	Tags        []string  `json:"tags,omitempty"`
	State       State     `json:"state"` // as stored; see at
	Extractable bool      `json:"extractable,omitempty"`
	Imported    bool      `json:"imported,omitempty"`
	Created     time.Time `json:"created"`
	CreatedBy   string    `json:"created_by"`
	Updated     time.Time `json:"updated"`
	Rotated     time.Time `json:"rotated,omitzero"`
	Expires     time.Time `json:"expires,omitzero"`
	Deleted     time.Time `json:"deleted,omitzero"`
	DeletedBy   string    `json:"deleted_by,omitempty"`
	Versions    []version `json:"versions"` // oldest first, at least one
}

// version is one generation of a key's material.
type version struct {
	ID       string    `json:"id"`
	Created  time.Time `json:"created"`
	Material []byte    `json:"material,omitempty"` // nil once destroyed
	Check    []byte    `json:"check"`              // tells the material when it is handed in again
}

func newVersion(keyID string, material []byte, now time.Time) version {
	return version{ID: newUUID(), Created: now, Material: material, Check: checkOf(keyID, material)}
}

// checkOf is different for the same material in two keys, so that nobody sees that they are the same.
func checkOf(keyID string, material []byte) []byte {
	h := sha256.New()
	fmt.Fprintf(h, "icos key check\x00%s\x00", keyID)
	h.Write(material)
	return h.Sum(nil)
}

// at returns the state of the key at a time: keys expire by themselves.
func (k *key) at(now time.Time) State {
	if (k.State == Active || k.State == Suspended) && !k.Expires.IsZero() && !now.Before(k.Expires) {
		return Deactivated
	}
	return k.State
}

func (k *key) current() *version { return &k.Versions[len(k.Versions)-1] }

func (k *key) version(id string) *version {
	i := slices.IndexFunc(k.Versions, func(v version) bool { return v.ID == id })
	if i < 0 {
		return nil
	}
	return &k.Versions[i]
}

func (k *key) clone() *key {
	c := *k
	c.Aliases = slices.Clone(k.Aliases)
	c.Tags = slices.Clone(k.Tags)
	c.Versions = slices.Clone(k.Versions)
	return &c
}

func newRecord(account, region string, now time.Time) *record {
	rec := &record{Version: recordVersion, Account: account, Region: region, MasterKey: randomBytes(32)}
	in := rec.addInstance(newUUID(), "default", now)
	id := newUUID()
	rec.Keys = append(rec.Keys, &key{
		ID: id, Instance: in.ID, Name: "root-key", State: Active, CreatedBy: "icos", Created: now, Updated: now,
		Versions: []version{newVersion(id, randomBytes(32), now)},
	})
	return rec
}

func (r *record) addInstance(id, name string, now time.Time) instance {
	in := instance{ID: id, Name: name, Created: now}
	r.Instances = append(r.Instances, in)
	return in
}

// clone returns a copy to change: to add keys to, and to replace keys by changed clones in.
func (r *record) clone() *record {
	c := *r
	c.Instances = slices.Clone(r.Instances)
	c.Keys = slices.Clone(r.Keys)
	return &c
}

// edit replaces the key by a clone of it, for the caller to change, nil if there is none of that id.
func (r *record) edit(id string) *key {
	for i, k := range r.Keys {
		if k.ID == id {
			r.Keys[i] = k.clone()
			return r.Keys[i]
		}
	}
	return nil
}

// check refuses a state file that this version cannot serve.
func (r *record) check() error {
	switch {
	case r.Version != recordVersion:
		return fmt.Errorf("state has version %d, this program knows version %d", r.Version, recordVersion)
	case len(r.Account) != 32 || len(r.MasterKey) != 32 || len(r.Instances) == 0:
		return errors.New("state has no account, no master key or no instance")
	}
	for _, k := range r.Keys {
		if k == nil || k.ID == "" || len(k.Versions) == 0 {
			return errors.New("state has a key without id or without versions")
		}
	}
	return nil
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// newUUID returns a random UUID (RFC 9562, version 4).
func newUUID() string {
	b := randomBytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
