// Package multipart moves the bytes of one object over HTTP: from a file, from
// a stream, to a file, or from one place in the service to another.
//
// An [Env] is what all objects of a Manager share: connections, memory, a
// logger. Its methods [Env.Upload], [Env.Stream], [Env.Download] and [Env.Copy]
// each move one object and block until that is done. What is small goes in one
// request, anything else in parts side by side, each of which is repeated alone
// when it is lost, damaged, or gets stuck.
//
// When the context ends they return only after the last byte has stopped
// moving. With a checkpoint, the same call made again, in this process or
// another, goes on from there; without one, nothing is left in the service.
package multipart

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
	"github.com/icos-go/icos/transfer/internal/pace"
)

// ErrFull is in the chain of an error when the disk has not enough room for an
// object.
var ErrFull = errors.New("disk full")

// ErrCustomerKey says that an upload was begun with a key of the caller that it is not gone on with.
var ErrCustomerKey = errors.New("the upload was begun with another customer key")

// Env is what the transfers of a Manager have in common. It is safe for
// concurrent use, and nothing in it may change while it is used.
type Env struct {
	Gate   *pace.Gate   // bounds requests on their way; required
	Pool   *pace.Pool   // bounds buffers; required
	Tuner  *pace.Tuner  // chooses part sizes; if nil, 8 MiB
	Logger *slog.Logger // gets a debug record for each part that is repeated; if nil, nothing is logged

	// Stall is how long no byte of a part may move before it is given up and sent
	// or fetched again on another connection. If zero, Tuner chooses.
	Stall time.Duration

	// Patience is how long an object that was moving goes on trying after the last
	// success, when every attempt fails for reasons that may pass. If zero, one
	// minute; if negative, attempts are those of the client alone.
	Patience time.Duration

	buffers sync.Pool // *[]byte of bufferSize
	bulks   bulks
}

// Flow is how the bytes of one object are carried, and who is told.
type Flow struct {
	Lane     *pace.Lane      // the object's place at the Gate; if nil, one of its own
	Limiters []*pace.Limiter // all of them are obeyed
	Meter    *pace.Meter     // if nil, nothing is counted

	// Progress, if not nil, is told of bytes that moved, and with a negative number
	// when some of them have to move again. When the call succeeds, the sum of this
	// and of Resumed is the size of the object. Calls may overlap. It must be quick.
	Progress func(delta int64)

	// Resumed, if not nil, is told of bytes that need not move, because they did so
	// before the checkpoint. A negative number takes some of them back.
	Resumed func(delta int64)

	// Checkpoint makes the transfer resumable. It stays the caller's to Remove after
	// success and to Close. If nil, nothing is kept.
	Checkpoint *checkpoint.Object

	// Header is what a new checkpoint begins with: Identity, Parent, Label and
	// Partial are taken from it, the rest is filled in here.
	Header checkpoint.Header
}

// Result says what became of an object.
type Result struct {
	// Info describes the object as stored, or as read. After an upload, what
	// only a HEAD would tell is missing.
	Info icos.ObjectInfo

	Resumed     int64  // bytes that a checkpoint saved
	StartedOver string // why a checkpoint was of no use; "" if it was, or if there was none
	Parts       int    // 1: in one request
	PartSize    int64  // bytes; 0 if in one request

	// Verified says that the checksum of the whole object was compared with one that
	// the service computed or keeps. How says with what, such as "CRC32C", "MD5",
	// "CRC32C of each part", or why it could not be done.
	Verified bool
	How      string
}
