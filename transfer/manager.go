package transfer

import (
	"context"
	"io"

	"github.com/icos-go/icos"
)

// A Manager moves files and trees in the background, within bounds that all its
// transfers share. It is safe for concurrent use; one is enough for a program.
type Manager struct{}

// NewManager returns a Manager that moves things to and from buckets of c. The
// Client stays the caller's. The caller must Close the Manager.
func NewManager(c *icos.Client, o *Options) (*Manager, error) { return &Manager{}, nil }

// Upload stores the file at path as an object. The Content-Type follows from the
// key.
func (m *Manager) Upload(ctx context.Context, path string, to *icos.Object, obs ...Observer) *Transfer {
	return m.Start(ctx, Upload{Path: path, To: to}, obs...)
}

// UploadReader stores what r holds as an object. See [Stream].
func (m *Manager) UploadReader(ctx context.Context, r io.Reader, to *icos.Object, obs ...Observer) *Transfer {
	return m.Start(ctx, Stream{Reader: r, To: to}, obs...)
}

// Download writes an object to the file at path, whose directory must exist.
func (m *Manager) Download(ctx context.Context, from *icos.Object, path string, obs ...Observer) *Transfer {
	return m.Start(ctx, Download{From: from, Path: path}, obs...)
}

// Copy copies an object inside the service. See the type [Copy].
func (m *Manager) Copy(ctx context.Context, from, to *icos.Object, obs ...Observer) *Transfer {
	return m.Start(ctx, Copy{From: from, To: to}, obs...)
}

// UploadDir stores the files of a directory as objects whose keys begin with
// prefix.
func (m *Manager) UploadDir(ctx context.Context, dir string, to *icos.Bucket, prefix string, obs ...Observer) *Transfer {
	return m.Start(ctx, Sync{From: Tree{Dir: dir}, To: Tree{Bucket: to, Prefix: prefix}}, obs...)
}

// DownloadDir writes the objects whose keys begin with prefix as files below a
// directory, which is made if need be. Nothing is written outside of it,
// whatever the keys are.
func (m *Manager) DownloadDir(ctx context.Context, from *icos.Bucket, prefix, dir string, obs ...Observer) *Transfer {
	return m.Start(ctx, Sync{From: Tree{Bucket: from, Prefix: prefix}, To: Tree{Dir: dir}}, obs...)
}

// Start puts work in the queue and returns at once. The Transfer ends when ctx
// does: what has arrived is then kept for another attempt if there is a state
// directory, and discarded otherwise. Work that cannot be done, such as a Sync
// between two directories, ends with an error.
func (m *Manager) Start(ctx context.Context, w Work, obs ...Observer) *Transfer {
	t := &Transfer{done: make(chan struct{})}
	close(t.done)
	return t
}

// Transfers returns the transfers that are not over, in the order they were
// started.
func (m *Manager) Transfers() []*Transfer { return nil }

// SetRate bounds the bytes per second of all transfers together. Zero means no
// limit. It takes effect at once.
func (m *Manager) SetRate(bytesPerSecond int64) {}

// Close stops what still runs, as the end of its context would, and waits until
// nothing does, calls of observers included. It must not be called by an
// observer.
func (m *Manager) Close() error { return nil }

// Rate returns the bound of all transfers together, in bytes per second; 0 if
// there is none.
func (m *Manager) Rate() int64 { return 0 }
