// Package store keeps the buckets, objects and uploads of a local COS on disk.
//
// Begin with [Open]; [Store.Put] and [Store.Open] write and read an object. What a method has returned without an error
// survives kill -9 and power loss.
package store

import (
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options tune a store. A nil *Options means the zero value.
type Options struct {
	FS          vfs.FS           // file system to keep everything on; nil means the disk
	Now         func() time.Time // clock for Modified and Created; nil means time.Now
	Logger      *slog.Logger     // nil discards
	InlineLimit int              // bodies of at most this many bytes are kept in the database; 0 means 64 KiB, negative none
	MinPartSize int64            // bytes that every part but the last must have; 0 means 5 MiB, negative means 1
	CacheSize   int64            // bytes of block cache; 0 means 16 MiB
	MemTable    int              // bytes of recent writes kept in memory, four times that under load; 0 means 16 MiB
}

// Store is an open data directory. Its methods may be called from several goroutines.
type Store struct{}

// Open opens the data directory dir, creating it if there is none. It fails with ErrInUse if another process has it open, and
// with ErrNewerLayout if a newer version wrote it.
func Open(dir string, o *Options) (*Store, error) { return nil, ErrClosed }

// Close waits for the calls under way, ends the background work and closes the files. Closing twice is not an error. Readers
// still open fail afterwards.
func (s *Store) Close() error { return nil }
