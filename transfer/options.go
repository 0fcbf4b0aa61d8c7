package transfer

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/icos-go/icos"
)

// Options say how a [Manager] works. The zero value, or a nil pointer, is a
// good choice for most programs.
type Options struct {
	// Transport moves the bytes of files. If nil, requests over HTTP: multipart
	// uploads and ranges side by side. Copies and uploads of readers use HTTP in
	// any case. If it is an io.Closer, [Manager.Close] closes it.
	Transport Transport

	// HTTPClient returns what sends the requests about a bucket, in the place of the
	// http.Client of the bucket's own Client. It is called by [Manager.Start], for
	// each bucket of the work, and must do no I/O; it should return the same one for
	// the same bucket. If nil, or if it returns nil, the bucket's Client is used as
	// it is.
	HTTPClient func(*icos.Bucket) *http.Client

	// PartSize is the size in bytes of the parts of large objects, between 5 MiB
	// and 5 GiB. If zero, it is chosen from the object's size and the goodput.
	PartSize int64

	// Threshold is the size in bytes from which on objects are moved in parts. If
	// zero, 8 MiB for uploads and 16 MiB for downloads; uploads over a path so long
	// and so fast that parts would only delay them go in one request.
	Threshold int64

	// Concurrency is the number of objects moved at once, over all transfers. If
	// zero, 16.
	Concurrency int

	// MaxQueue is the number of transfers that may wait for their turn. One more
	// ends at once, with [ErrQueueFull]. If zero, there is no limit.
	MaxQueue int

	// Connections is the number of requests that carry data at once, over all
	// transfers. If zero, it follows the goodput, or the path where connections are
	// streams of one session, up to 64.
	Connections int

	// Memory bounds the buffers of all transfers together, in bytes. If zero, 16
	// MiB.
	Memory int64

	// Rate bounds the bytes per second of all transfers together. If zero, there
	// is no limit. See [Manager.SetRate] and [Transfer.SetRate].
	Rate int64

	// Patience is how long an object that was moving goes on trying after the last
	// success, when every attempt fails for reasons that may pass, such as a network
	// that is gone. If zero, a minute; if negative, it ends with the attempts of the
	// Client.
	Patience time.Duration

	// StateDir is the directory where checkpoints are kept, so that another
	// process can go on. It is made if need be. If empty, checkpoints end with the
	// Manager.
	StateDir string

	// Label is kept with the checkpoints as it is and given back by [Jobs]: for a
	// program to find out what it was doing.
	Label json.RawMessage

	// Logger is told of retries, resumed and abandoned work, at debug level, and
	// of observers that panic, at error level. If nil, nothing is logged.
	Logger *slog.Logger
}
