package keyprotect

import (
	"strconv"
	"time"
)

// A Key is a root key or a standard key, without its material.
type Key struct {
	ID          string
	CRN         string // what a bucket's CreateOptions.RootKeyCRN takes
	Name        string
	Description string
	Aliases     []string // names that do where the ID is asked for
	Tags        []string
	State       State
	// Standard keys can be read, and encrypt nothing; root keys wrap other keys and never leave the service.
	Standard  bool
	Imported  bool // its material was handed in, not made
	Bits      int  // length of the material; 0 if unknown
	Created   time.Time
	CreatedBy string // IAM ID
	Updated   time.Time
	Rotated   time.Time // zero if never
	Expires   time.Time // zero if never
	Deleted   time.Time // zero if it is not
	DeletedBy string
	Version   Version // the current one
}

// A Version is one generation of a root key's material. What an earlier one has wrapped can still be unwrapped.
type Version struct {
	ID      string
	Created time.Time
}

// A State is where a key is in its life.
type State int

// States of keys, in the numbers of the API.
const (
	PreActivation State = 0
	Active        State = 1
	Suspended     State = 2 // disabled
	Deactivated   State = 3 // expired
	Destroyed     State = 5 // deleted
)

// String returns the name of the state.
func (s State) String() string {
	switch s {
	case PreActivation:
		return "pre-activation"
	case Active:
		return "active"
	case Suspended:
		return "suspended"
	case Deactivated:
		return "deactivated"
	case Destroyed:
		return "destroyed"
	}
	return "state " + strconv.Itoa(int(s))
}

// A Registration says that a resource, such as a bucket, is encrypted under a root key.
type Registration struct {
	KeyID     string
	Resource  string // CRN
	CreatedBy string
	Created   time.Time
	// PreventsDeletion keeps the key from being deleted, even by force: the resource retains its contents.
	PreventsDeletion bool
	Version          Version
}

// keyWire is a key as the API writes it.
type keyWire struct {
	ID          string      `json:"id"`
	CRN         string      `json:"crn"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Aliases     []string    `json:"aliases"`
	Tags        []string    `json:"tags"`
	State       State       `json:"state"`
	Extractable bool        `json:"extractable"`
	Imported    bool        `json:"imported"`
	Bits        int         `json:"algorithmBitSize"`
	Created     time.Time   `json:"creationDate"`
	CreatedBy   string      `json:"createdBy"`
	Updated     time.Time   `json:"lastUpdateDate"`
	Rotated     time.Time   `json:"lastRotateDate"`
	Expires     time.Time   `json:"expirationDate"`
	Deleted     time.Time   `json:"deletionDate"`
	DeletedBy   string      `json:"deletedBy"`
	Version     versionWire `json:"keyVersion"`
	Payload     []byte      `json:"payload"`
}

type versionWire struct {
	ID      string    `json:"id"`
	Created time.Time `json:"creationDate"`
}

type registrationWire struct {
	KeyID     string      `json:"keyId"`
	Resource  string      `json:"resourceCrn"`
	CreatedBy string      `json:"createdBy"`
	Created   time.Time   `json:"creationDate"`
	Prevent   bool        `json:"preventKeyDeletion"`
	Version   versionWire `json:"keyVersion"`
}

func (w *keyWire) key() *Key {
	return &Key{
		ID: w.ID, CRN: w.CRN, Name: w.Name, Description: w.Description, Aliases: w.Aliases, Tags: w.Tags, State: w.State,
		Standard: w.Extractable, Imported: w.Imported, Bits: w.Bits, Created: w.Created, CreatedBy: w.CreatedBy, Updated: w.Updated,
		Rotated: w.Rotated, Expires: w.Expires, Deleted: w.Deleted, DeletedBy: w.DeletedBy, Version: Version(w.Version),
	}
}

// page is a collection as the API writes it.
type page[T any] struct {
	Metadata  pageMetadata `json:"metadata"`
	Resources []T          `json:"resources"`
}

type pageMetadata struct {
	Type  string `json:"collectionType"`
	Total int    `json:"collectionTotal"`
}
