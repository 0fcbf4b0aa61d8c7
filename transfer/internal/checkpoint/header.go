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

// ID returns a short name for the transfer, 12 hexadecimal digits: the start
// of a hash over all fields.
func (id Identity) ID() string {
	h := sha256.New()
	for _, field := range []string{id.Kind, id.Endpoint, id.Bucket, id.Key, id.Path} {
		fmt.Fprintf(h, "%d:", len(field))
		io.WriteString(h, field)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// A Header says what an object's transfer moves, so that it goes on only if
// that is still the same thing.
type Header struct {
	Identity                  // filled in by Begin
	Parent    string          `json:",omitempty"` // ID of the job it is part of
	Label     json.RawMessage `json:",omitempty"` // the caller's, at most MaxLabel bytes
	Size      int64           // of the source, in bytes
	ModTime   time.Time       // of the source
	FileID    string          `json:",omitempty"` // device and inode of a local source
	ETag      string          `json:",omitempty"` // of a source in the store
	VersionID string          `json:",omitempty"` // of a source in the store
	UploadID  string          `json:",omitempty"` // of the multipart upload; empty: about to be created
	PartSize  int64           `json:",omitempty"` // bytes
	Algorithm string          `json:",omitempty"` // which CRC the pieces have
	Partial   string          `json:",omitempty"` // path of the file that grows
	Created   time.Time       // if zero, Begin sets it to now
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

// State is how far the transfer of a tree has come, in the byte order of keys.
// An object is done if and only if its key is not after Frontier and is neither
// in Pending nor in Failed.
type State struct {
	Label    json.RawMessage `json:",omitempty"` // the caller's, at most MaxLabel bytes
	Started  time.Time       // of the job's first run
	Updated  time.Time       // if zero, Save sets it to now
	Frontier string          `json:",omitempty"`
	Pending  []string        `json:",omitempty"` // keys up to Frontier that are not done
	Failed   []string        `json:",omitempty"` // keys up to Frontier that failed
	Overflow bool            `json:",omitempty"` // Failed was longer than may be kept, and says nothing

	Bytes, Total          int64 // of those done, of all; Total is -1 if unknown
	Objects, ObjectsTotal int64
	Skipped, FailedCount  int64
	Deleted               int64
	Listed                bool // the totals are final
	Paused                bool // by the user; stays so until resumed
}

// Bounds of what a checkpoint holds.
const (
	MaxLabel  = 64 << 10 // bytes of a Label
	MaxFailed = 10_000   // keys in Failed, and at most 1 MiB of them; Save sets Overflow past that
)
