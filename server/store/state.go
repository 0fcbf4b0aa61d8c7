package store

import (
	"slices"
	"strconv"
	"time"
)

// State is what an object has besides its bytes, its attributes and its ACL. Each field is the business of one feature of the service;
// the store keeps it, and gives it to versions and copies as it is told.
type State struct {
	Tags        []Tag
	Lock        Lock
	Retention   Retention
	Archive     Archive
	Replication Replication
}

// Tag is one tag of an object.
type Tag struct{ Key, Value string }

// Lock is the S3 object lock of one version.
type Lock struct {
	Mode      string    // GOVERNANCE or COMPLIANCE; empty without a retention
	Until     time.Time // end of the retention, in whole seconds; zero without one
	LegalHold bool
}

// Special periods of a Retention.
const (
	RetainIndefinitely = -1 // until it is given a finite period
	RetainPermanently  = -2
)

// Retention is how long IBM's immutable storage keeps an object.
type Retention struct {
	Kept   bool  // the object was stored in a protected bucket; without it, nothing else is set
	Period int64 // seconds from Object.Modified, or one of the special periods
	Holds  []LegalHold
}

// LegalHold keeps an object until it is taken away.
type LegalHold struct {
	ID   string
	Date time.Time // when it was added
}

// Archive is where an object is on its way to an archive and back.
type Archive struct {
	Class string    // GLACIER or ACCELERATED; empty if the object is not to be archived
	At    time.Time // when it is, or was, archived

	// A restored copy was asked for, is ready, and ends at these times; zero without one.
	RestoreAsked, RestoreReady, RestoreEnds time.Time
}

// Replication is what became of the copy of an object in another bucket.
type Replication struct {
	Status      string    // PENDING, COMPLETED, FAILED or REPLICA; empty if it is not replicated
	First, Last time.Time // attempts; zero without one
	Cause       string    // of a failure
}

func (s *State) clone() State {
	c := *s
	c.Tags = slices.Clone(s.Tags)
	c.Retention.Holds = slices.Clone(s.Retention.Holds)
	return c
}

// Encryption says how the bytes of an object are encrypted. The zero value means that they are not.
type Encryption struct {
	Kind     EncryptionKind
	Envelope []byte // what the owner of the keys needs to find the object's key again; the store does not look into it
	RootKey  string // CRN of the root key, if it is KeyProtect's
}

// EncryptionKind says who keeps the key of an object.
type EncryptionKind byte

// Kinds of encryption.
const (
	NotEncrypted EncryptionKind = iota
	ManagedKey                  // a key of the service
	KeyProtect                  // a root key of Key Protect
	CustomerKey                 // the client, who sends it with every request
)

func (e *encoder) encryption(x *Encryption) {
	e.uint(tagEncryption, uint64(x.Kind))
	e.bytes(tagEnvelope, x.Envelope)
	e.string(tagRootKey, x.RootKey)
}

// encryption reads the field if it is one of Encryption, and reports whether it was.
func (d *decoder) encryption(x *Encryption) bool {
	switch d.tag {
	case tagEncryption:
		x.Kind = EncryptionKind(d.count(int(CustomerKey)))
	case tagEnvelope:
		x.Envelope = slices.Clone(d.val)
	case tagRootKey:
		x.RootKey = string(d.val)
	default:
		return false
	}
	return true
}

// state writes the fields of a State. Most objects have none of them.
func (e *encoder) state(s *State) {
	if len(s.Tags) > 0 {
		e.strings(tagTags, tagPairs(s.Tags)...)
	}
	e.string(tagLockMode, s.Lock.Mode)
	if !s.Lock.Until.IsZero() { // it may be millennia ahead, further than nanoseconds reach
		e.uint(tagLockUntil, zigzag(s.Lock.Until.Unix()))
	}
	e.bool(tagLockHold, s.Lock.LegalHold)
	e.bool(tagKept, s.Retention.Kept)
	e.uint(tagPeriod, zigzag(s.Retention.Period))
	if len(s.Retention.Holds) > 0 {
		e.strings(tagHolds, holdPairs(s.Retention.Holds)...)
	}
	e.string(tagArchiveClass, s.Archive.Class)
	e.time(tagArchiveAt, s.Archive.At)
	e.time(tagRestoreAsked, s.Archive.RestoreAsked)
	e.time(tagRestoreReady, s.Archive.RestoreReady)
	e.time(tagRestoreEnds, s.Archive.RestoreEnds)
	e.string(tagReplication, s.Replication.Status)
	e.time(tagReplicationFirst, s.Replication.First)
	e.time(tagReplicationLast, s.Replication.Last)
	e.string(tagReplicationCause, s.Replication.Cause)
}

// state reads the field if it is one of State, and reports whether it was.
func (d *decoder) state(s *State) bool {
	switch d.tag {
	case tagTags:
		s.Tags = nil
		d.strings(2, func(p []string) { s.Tags = append(s.Tags, Tag{p[0], p[1]}) })
	case tagLockMode:
		s.Lock.Mode = string(d.val)
	case tagLockUntil:
		s.Lock.Until = time.Unix(unzigzag(d.uint()), 0).UTC()
	case tagLockHold:
		s.Lock.LegalHold = d.bool()
	case tagKept:
		s.Retention.Kept = d.bool()
	case tagPeriod:
		s.Retention.Period = unzigzag(d.uint())
	case tagHolds:
		s.Retention.Holds = d.holds()
	case tagArchiveClass:
		s.Archive.Class = string(d.val)
	case tagArchiveAt:
		s.Archive.At = d.time()
	case tagRestoreAsked:
		s.Archive.RestoreAsked = d.time()
	case tagRestoreReady:
		s.Archive.RestoreReady = d.time()
	case tagRestoreEnds:
		s.Archive.RestoreEnds = d.time()
	case tagReplication:
		s.Replication.Status = string(d.val)
	case tagReplicationFirst:
		s.Replication.First = d.time()
	case tagReplicationLast:
		s.Replication.Last = d.time()
	case tagReplicationCause:
		s.Replication.Cause = string(d.val)
	default:
		return false
	}
	return true
}

func tagPairs(tags []Tag) []string {
	pairs := make([]string, 0, 2*len(tags))
	for _, t := range tags {
		pairs = append(pairs, t.Key, t.Value)
	}
	return pairs
}

func holdPairs(holds []LegalHold) []string {
	pairs := make([]string, 0, 2*len(holds))
	for _, h := range holds {
		pairs = append(pairs, h.ID, strconv.FormatInt(h.Date.UnixNano(), 10))
	}
	return pairs
}

func (d *decoder) holds() (holds []LegalHold) {
	d.strings(2, func(p []string) {
		ns, err := strconv.ParseInt(p[1], 10, 64)
		if err != nil {
			d.fail("date of a legal hold")
			return
		}
		holds = append(holds, LegalHold{p[0], time.Unix(0, ns).UTC()})
	})
	return holds
}

// zigzag makes small negative numbers small unsigned ones.
func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }
