package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// An Identity says which transfer a checkpoint belongs to. The same transfer
// started again has the same Identity, in whatever process.
type Identity struct {
	Kind     string // what it does: "upload", "download", "copy", or a job's kind such as "sync"
	Endpoint string // URL of the service
	Bucket   string // of the object or tree in the store; of a copy, its target
	Key      string // its key, or the prefix of a tree
	Path     string // the other side: an absolute path, or "cos://bucket/key" for a copy
}

// idSize is the length of an ID in bytes, before it is written in hexadecimal.
const idSize = 6

// ID returns a short name for the transfer, 12 hexadecimal digits: the start
// of a hash over all fields.
func (id Identity) ID() string {
	h := sha256.New()
	for _, field := range []string{id.Kind, id.Endpoint, id.Bucket, id.Key, id.Path} {
		fmt.Fprintf(h, "%d:", len(field))
		io.WriteString(h, field)
	}
	return hex.EncodeToString(h.Sum(nil)[:idSize])
}

func (id *Identity) fields(c *codec) {
	c.text(&id.Kind)
	c.text(&id.Endpoint)
	c.text(&id.Bucket)
	c.text(&id.Key)
	c.text(&id.Path)
}

// A Header says what an object's transfer moves, so that it goes on only if
// that is still the same thing.
type Header struct {
	Identity                  // filled in by Begin
	Parent    string          // ID of the job it is part of
	Label     json.RawMessage // the caller's, at most MaxLabel bytes
	Size      int64           // of the source, in bytes
	ModTime   time.Time       // of the source
	FileID    string          // device and inode of a local source
	ETag      string          // of a source in the store
	VersionID string          // of a source in the store
	Options   string          // digest of what else an object is stored with, such as its metadata
	UploadID  string          // of the multipart upload; empty: about to be created
	PartSize  int64           // bytes
	Algorithm string          // which CRC the pieces have
	Partial   string          // path of the file that grows
	Created   time.Time       // if zero, Begin sets it to now
	KeyMD5    string          // of the caller's key that an upload is encrypted with, in base64; empty: there is none
}

func (h *Header) fields(c *codec) {
	h.Identity.fields(c)
	c.text(&h.Parent)
	c.bytes((*[]byte)(&h.Label))
	c.int64(&h.Size)
	c.time(&h.ModTime)
	c.text(&h.FileID)
	c.text(&h.ETag)
	c.text(&h.VersionID)
	c.text(&h.Options)
	c.text(&h.UploadID)
	c.int64(&h.PartSize)
	c.text(&h.Algorithm)
	c.text(&h.Partial)
	c.time(&h.Created)
	c.text(&h.KeyMD5)
}

// A Piece is a run of bytes that has arrived: a part the store acknowledged, or
// a range written to the partial file.
type Piece struct {
	Number int    // part number, or the index of a range; a later Piece of the same Number takes its place
	Offset int64  // of its first byte in the object
	Length int64  // in bytes
	CRC    uint64 // of its bytes, by the Header's Algorithm
	ETag   string // of a part; empty for a range
}

func (p *Piece) fields(c *codec) {
	c.int(&p.Number)
	c.int64(&p.Offset)
	c.int64(&p.Length)
	c.fixed(&p.CRC)
	c.text(&p.ETag)
}

// State is how far the transfer of a tree has come, in the byte order of keys.
// An object is done if and only if its key is not after Frontier and is neither
// in Pending nor in Failed.
type State struct {
	Label    json.RawMessage // the caller's, at most MaxLabel bytes
	Started  time.Time       // of the job's first run
	Updated  time.Time       // if zero, Save sets it to now
	Frontier string
	Pending  []string // keys up to Frontier that are not done
	Failed   []string // keys up to Frontier that failed
	Overflow bool     // Failed was longer than may be kept, and says nothing

	Bytes, Total          int64 // of those done, of all; Total is -1 if unknown
	Objects, ObjectsTotal int64
	Skipped, FailedCount  int64
	Deleted               int64
	Listed                bool // the totals are final
	Paused                bool // by the user; stays so until resumed
}

// Complete reports whether all objects are done.
func (s *State) Complete() bool {
	return s.Listed && len(s.Pending) == 0 && len(s.Failed) == 0 && !s.Overflow && s.FailedCount == 0
}

func (s *State) fields(c *codec) {
	c.bytes((*[]byte)(&s.Label))
	c.time(&s.Started)
	c.time(&s.Updated)
	c.text(&s.Frontier)
	c.texts(&s.Pending)
	c.texts(&s.Failed)
	c.bool(&s.Overflow)
	for _, n := range []*int64{&s.Bytes, &s.Total, &s.Objects, &s.ObjectsTotal, &s.Skipped, &s.FailedCount, &s.Deleted} {
		c.int64(n)
	}
	c.bool(&s.Listed)
	c.bool(&s.Paused)
}

// bounded returns s with no more in Failed than may be kept.
func (s State) bounded() State {
	size := 0
	for _, key := range s.Failed {
		size += len(key)
	}
	if len(s.Failed) > MaxFailed || size > maxFailedBytes {
		s.Failed, s.Overflow = nil, true
	}
	return s
}

// Bounds of what a checkpoint holds.
const (
	MaxLabel  = 64 << 10 // bytes of a Label
	MaxFailed = 10_000   // keys in Failed, and at most 1 MiB of them; past that Save drops all and sets Overflow

	maxFailedBytes = 1 << 20
)
