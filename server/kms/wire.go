package kms

import (
	"slices"
	"strconv"
	"time"
)

const (
	typeKey          = "application/vnd.ibm.kms.key+json"
	typeVersion      = "application/vnd.ibm.kms.key.version+json"
	typeRegistration = "application/vnd.ibm.kms.crn+json"
	typeAlias        = "application/vnd.ibm.kms.alias+json"
	typeAction       = "application/vnd.ibm.kms.key_action+json"
)

// collection is what most answers are.
type collection struct {
	Metadata  metadata `json:"metadata"`
	Resources any      `json:"resources,omitempty"`
}

type metadata struct {
	Type  string `json:"collectionType"`
	Total int    `json:"collectionTotal"`
	Count *int   `json:"totalCount,omitempty"` // of all pages, when asked for
}

func collect[T any](kind string, list []T) *collection {
	if list == nil {
		return &collection{Metadata: metadata{Type: kind}}
	}
	return &collection{metadata{Type: kind, Total: len(list)}, list}
}

// keyResource is a key as the API shows it.
type keyResource struct {
	Type              string             `json:"type"`
	ID                string             `json:"id"`
	Name              string             `json:"name"`
	Aliases           []string           `json:"aliases"`
	Description       string             `json:"description"`
	Tags              []string           `json:"tags,omitempty"`
	State             State              `json:"state"`
	Extractable       bool               `json:"extractable"`
	CRN               string             `json:"crn"`
	Imported          bool               `json:"imported"`
	Created           time.Time          `json:"creationDate"`
	CreatedBy         string             `json:"createdBy"`
	AlgorithmType     string             `json:"algorithmType"`
	AlgorithmMetadata *algorithmMetadata `json:"algorithmMetadata,omitempty"`
	AlgorithmBitSize  int                `json:"algorithmBitSize"`
	AlgorithmMode     string             `json:"algorithmMode"`
	Updated           time.Time          `json:"lastUpdateDate"`
	Rotated           time.Time          `json:"lastRotateDate,omitzero"`
	Expires           time.Time          `json:"expirationDate,omitzero"`
	KeyVersion        *versionResource   `json:"keyVersion,omitempty"`
	KeyRing           string             `json:"keyRingID"`
	DualAuth          enabled            `json:"dualAuthDelete"`
	Deleted           bool               `json:"deleted"`
	DeletionDate      time.Time          `json:"deletionDate,omitzero"`
	DeletedBy         string             `json:"deletedBy,omitempty"`
	RestoreUntil      time.Time          `json:"restoreExpirationDate,omitzero"`
	RestoreAllowed    *bool              `json:"restoreAllowed,omitempty"`
	Payload           []byte             `json:"payload,omitempty"` // in base64, as package json has it
}

type algorithmMetadata struct {
	BitLength string `json:"bitLength"`
	Mode      string `json:"mode"`
}

type enabled struct {
	Enabled bool `json:"enabled"`
}

type versionResource struct {
	ID      string    `json:"id"`
	Created time.Time `json:"creationDate,omitzero"`
}

// deprecated is what the API shows of algorithms nowadays.
const deprecated = "Deprecated"

// resource shows a key at a time, without its material.
func (r *record) resource(k *key, now time.Time) keyResource {
	bits := 8 * len(k.current().Material)
	v := k.current()
	out := keyResource{
		Type: typeKey, ID: k.ID, Name: k.Name, Aliases: k.Aliases, Description: k.Description, Tags: k.Tags, State: k.at(now),
		Extractable: k.Extractable, CRN: r.crn(k), Imported: k.Imported, Created: k.Created, CreatedBy: k.CreatedBy,
		AlgorithmType: deprecated, AlgorithmMode: deprecated, AlgorithmBitSize: bits,
		AlgorithmMetadata: &algorithmMetadata{strconv.Itoa(bits), deprecated},
		Updated:           k.Updated, Rotated: k.Rotated, Expires: k.Expires,
		KeyVersion: &versionResource{v.ID, v.Created}, KeyRing: defaultRing,
		Deleted: k.State == Destroyed, DeletionDate: k.Deleted, DeletedBy: k.DeletedBy,
	}
	if out.Aliases == nil {
		out.Aliases = []string{}
	}
	if out.Deleted {
		out.RestoreUntil = k.Deleted.Add(restoreWindow)
		allowed := k.restorable(now)
		out.RestoreAllowed = &allowed
	}
	return out
}

// actionBody is the document of wrap, unwrap, rewrap and rotate, in both directions.
type actionBody struct {
	Plaintext  []byte           `json:"plaintext,omitempty"`
	Ciphertext string           `json:"ciphertext,omitempty"`
	AAD        []string         `json:"aad,omitempty"`
	Payload    []byte           `json:"payload,omitempty"`
	KeyVersion *versionResource `json:"keyVersion,omitempty"`
	Rewrapped  *versionResource `json:"rewrappedKeyVersion,omitempty"`
}

// createBody is what a key is made of, or brought back with.
type createBody struct {
	Metadata  *metadata        `json:"metadata"`
	Resources []createResource `json:"resources"`
}

type createResource struct {
	Type           string    `json:"type"`
	Name           string    `json:"name"`
	Description    string    `json:"description"`
	Aliases        []string  `json:"aliases"`
	Tags           []string  `json:"tags"`
	Extractable    bool      `json:"extractable"`
	Payload        []byte    `json:"payload"`
	Expires        time.Time `json:"expirationDate"`
	EncryptedNonce string    `json:"encryptedNonce"`
}

// aliased reports whether a name that a path has means the key.
func (k *key) aliased(name string) bool { return k.ID == name || slices.Contains(k.Aliases, name) }
