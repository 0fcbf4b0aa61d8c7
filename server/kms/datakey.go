package kms

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/icos-go/icos/internal/envelope"
)

// Errors of the methods that the object store calls.
var (
	// ErrCRN says that a text is not the CRN of a key.
	ErrCRN = errors.New("not the CRN of a key")
	// ErrNotFound says that there is no such key here: it never was, or belongs to another account or region.
	ErrNotFound = errors.New("no such key")
	// ErrNotRoot says that the key is a standard key, which encrypts nothing here.
	ErrNotRoot = errors.New("not a root key")
	// ErrState says that the key is disabled or expired.
	ErrState = errors.New("key is not active")
	// ErrDestroyed says that the key was deleted.
	ErrDestroyed = errors.New("key was deleted")
	// ErrDataKey says that a wrapped data key is not one of this key for that purpose.
	ErrDataKey = errors.New("wrapped key does not open")
)

// Check reports why the root key with that CRN cannot encrypt now: ErrCRN, ErrNotFound, ErrNotRoot, ErrState or ErrDestroyed.
func (s *Service) Check(crn string) error {
	_, err := s.root(crn, false)
	return err
}

// NewDataKey makes a key and wraps it under the root key with that CRN. What it is for must be the same when it is unwrapped. Errors
// are those of Check.
func (s *Service) NewDataKey(crn, purpose string) (key [32]byte, wrapped []byte, err error) {
	k, err := s.root(crn, false)
	if err != nil {
		return key, nil, err
	}
	v := k.current()
	id, err := packUUID(v.ID)
	if err != nil {
		return key, nil, err
	}
	key = envelope.NewKey()
	sealed, err := envelope.Seal(v.Material, key[:], dataKeyContext(k, purpose))
	if err != nil {
		return key, nil, fmt.Errorf("kms: wrap data key: %w", err)
	}
	return key, append(id, sealed...), nil
}

// DataKey unwraps what NewDataKey wrapped. Errors are those of Check, and ErrDataKey. A rotation of the root key does not
// matter; neither does its expiration, after which it wraps no more.
func (s *Service) DataKey(crn, purpose string, wrapped []byte) (key [32]byte, err error) {
	k, err := s.root(crn, true)
	if err != nil {
		return key, err
	}
	if len(wrapped) < packedUUID {
		return key, ErrDataKey
	}
	v := k.version(unpackUUID(wrapped[:packedUUID]))
	if v == nil || v.Material == nil {
		return key, ErrDataKey
	}
	key, err = envelope.OpenKey(v.Material, wrapped[packedUUID:], dataKeyContext(k, purpose))
	if errors.Is(err, envelope.ErrOpen) {
		err = ErrDataKey
	}
	return key, err
}

// NewManagedKey makes a key and wraps it under the key of the server itself.
func (s *Service) NewManagedKey(purpose string) (key [32]byte, wrapped []byte, err error) {
	key = envelope.NewKey()
	wrapped, err = envelope.Seal(s.state.Load().rec.MasterKey, key[:], managedContext+purpose)
	if err != nil {
		return key, nil, fmt.Errorf("kms: wrap managed key: %w", err)
	}
	return key, wrapped, nil
}

// ManagedKey unwraps what NewManagedKey wrapped, or fails with ErrDataKey.
func (s *Service) ManagedKey(purpose string, wrapped []byte) (key [32]byte, err error) {
	key, err = envelope.OpenKey(s.state.Load().rec.MasterKey, wrapped, managedContext+purpose)
	if errors.Is(err, envelope.ErrOpen) {
		err = ErrDataKey
	}
	return key, err
}

// root finds a root key that can wrap, or, if unwrap, one that can unwrap.
func (s *Service) root(name string, unwrap bool) (*key, error) {
	c, err := parseCRN(name)
	if err != nil {
		return nil, err
	}
	ix := s.state.Load()
	k := ix.keys[c.id]
	if k == nil || c.String() != ix.rec.crn(k) {
		return nil, ErrNotFound
	}
	switch state := k.at(s.now()); {
	case k.Extractable:
		return nil, ErrNotRoot
	case state == Destroyed:
		return nil, ErrDestroyed
	case state != Active && !(unwrap && state == Deactivated):
		return nil, ErrState
	}
	return k, nil
}

const managedContext = "managed\x00"

func dataKeyContext(k *key, purpose string) string { return "data key\x00" + k.ID + "\x00" + purpose }

// packedUUID is the length of a UUID in front of a wrapped data key, in bytes.
const packedUUID = 16

func packUUID(s string) ([]byte, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != packedUUID {
		return nil, fmt.Errorf("kms: id of a key version is no UUID")
	}
	return b, nil
}

func unpackUUID(b []byte) string {
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
