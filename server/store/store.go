// Package store keeps the buckets, objects and uploads of a local COS on disk.
//
// Begin with [Open]; [Store.Put] and [Store.Open] write and read an object. What a method has returned without an error
// survives kill -9 and power loss.
//
// # How it is kept
//
// Rows are in Pebble, an ordered key-value store with a write-ahead log. Bodies of up to [Options.InlineLimit] bytes are rows too,
// beside the rows of their objects, so that a listing does not read them; Pebble moves their values to files of their own
// (value separation), so that compaction does not rewrite them. Larger bodies, and parts of uploads, are files blobs/xx/<id>,
// never changed once written. A completed upload's body is a manifest row that lists its parts' bodies.
//
// An object exists if and only if its row does. Bytes are made durable first, then one synced batch writes the row, then the
// caller is told. A batch that takes the last reference to bytes also writes a tombstone row, from which a background
// goroutine frees them once no reader holds them. Files that a crash left without a row are removed after the next Open.
//
// Values of rows are tagged fields, and unknown tags are skipped. Noncurrent versions of objects, and all delete markers, are rows
// apart from those of the current objects, so that a listing does not step over them and a bucket without versioning does not pay
// for them. Bodies are referred to by id and are indifferent to which row does it.
//
// A body can be sealed: encrypted with a key that comes with PutOptions, and readable after Reader.Unseal only (see Seal). The store
// keeps what finds the key again, and not the key.
//
// # Locks
//
// From the outside in: a bucket's lock (shared by writers, exclusive for deleting it), one of the striped locks of keys, one of
// the striped locks of uploads, the lock of shared bodies. None is held while a body is read from its source.
package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options tune a store. A nil *Options means the zero value.
type Options struct {
	FS          vfs.FS           // file system to keep everything on; nil means the disk
	Now         func() time.Time // clock for Modified and Created; nil means time.Now
	Logger      *slog.Logger     // nil discards
	InlineLimit int              // bodies of at most this many bytes are rows; 0 means 64 KiB, negative none
	MinPartSize int64            // bytes that every part but the last must have; 0 means 5 MiB, negative means none
	CacheSize   int64            // bytes of block cache, taken as it fills; 0 means 64 MiB
	MemTable    int              // bytes of recent rows kept in memory, up to five times that under load; 0 means 16 MiB
}

const (
	defaultInlineLimit = 64 << 10
	defaultMinPartSize = 5 << 20
	defaultCacheSize   = 64 << 20
	defaultMemTable    = 16 << 20
)

// Store is an open data directory. Its methods may be called from several goroutines.
type Store struct {
	dir         string
	now         func() time.Time
	logger      *slog.Logger
	inlineLimit int
	minPartSize int64

	db     *pebble.DB
	guard  *guard
	room   *room
	files  *files
	unlock func() error

	nextID  atomic.Uint64
	firstID id                // of this run
	salts   map[uint64][]byte // by run, of the keys of sealed bodies; not changed after Open

	buckets     directory
	keyLocks    stripes
	uploadLocks stripes
	shareMu     sync.Mutex // held from reading share counts to applying the batch that changes them
	pins        pins
	reaper      *reaper
	freeing     sync.Mutex // held while bytes are freed, and by who wants none to be
	heads       sync.Pool  // of *[]byte, to read the beginning of a body into
	smalls      sync.Pool  // of *small, for bodies on their way to a client
	rows        sync.Pool  // of *objectRow, to write
	changes     sync.Pool  // of *change

	life    sync.RWMutex // read-locked by every use of db, locked by Close
	closed  atomic.Bool
	writing atomic.Int64 // files being written that no row refers to yet
}

// Open opens the data directory dir, creating it if there is none. It fails with ErrInUse if another process has it open, and
// with ErrNewerLayout if a newer version wrote it.
func Open(dir string, o *Options) (*Store, error) {
	if o == nil {
		o = &Options{}
	}
	s := &Store{
		dir:         dir,
		now:         o.Now,
		logger:      o.Logger,
		inlineLimit: or(o.InlineLimit, defaultInlineLimit),
		minPartSize: or(o.MinPartSize, defaultMinPartSize),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	s.heads.New = func() any {
		b := make([]byte, max(s.inlineLimit, 0)+1)
		return &b
	}
	s.smalls.New = func() any { return new(small) }
	s.rows.New = func() any { return new(objectRow) }
	s.changes.New = func() any { return new(change) }
	if err := s.open(o); err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	return s, nil
}

// or is v, or def if v is zero.
func or[T int | int64](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

func (s *Store) open(o *Options) (err error) {
	fsys, onDisk := o.FS, false
	if fsys == nil {
		fsys, onDisk = vfs.Default, true
	}
	if onDisk {
		// The lock goes by name within a process.
		if s.dir, err = filepath.Abs(s.dir); err != nil {
			return err
		}
	}
	if s.unlock, err = openLayout(fsys, s.dir); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = s.unlock() // the first error is the one to tell
		}
	}()
	s.guard = newGuard(fsys, s.dir, s.logger)
	s.files = newFiles(fsys, fsys.PathJoin(s.dir, "blobs"), onDisk)
	if s.db, err = openDatabase(s.guard, s.guard.folder, o, s.logger); err != nil {
		s.guard.close()
		return err
	}
	defer func() {
		if err != nil {
			s.guard.close()
			_ = s.db.Close()
		}
	}()
	s.room = newRoom(s.guard, s.db, or(o.MemTable, defaultMemTable))
	s.guard.open.Store(true)
	if err := s.guard.failure(); err != nil {
		return err
	}
	clean, err := s.beginRun()
	if err != nil {
		return err
	}
	if err := s.loadBuckets(); err != nil {
		return err
	}
	return s.startReaper(!clean)
}

// beginRun reserves the ids of this run and notes that the store is open. It reports whether the last run ended with Close.
func (s *Store) beginRun() (clean bool, err error) {
	run := uint64(0)
	row, err := s.get([]byte{rowMeta})
	if err != nil {
		return false, err
	}
	clean = true // nothing to sweep in a new store
	if row != nil {
		clean = false
		d := newDecoder(row)
		for d.next() {
			switch d.tag {
			case tagGeneration:
				run = d.uint()
			case tagClean:
				clean = d.uint() == 1
			}
		}
		if d.err != nil {
			return false, fmt.Errorf("read state: %w", d.err)
		}
	}
	run++
	if err := s.loadSalts(run); err != nil {
		return false, err
	}
	if err := s.writeState(run, false); err != nil {
		return false, err
	}
	s.firstID = id(run << runShift)
	s.nextID.Store(run << runShift)
	return clean, nil
}

// loadSalts reads the salts of earlier runs and draws that of this one, which writeState then keeps.
func (s *Store) loadSalts(run uint64) error {
	s.salts = make(map[uint64][]byte)
	err := s.scan([]byte{rowSalt}, []byte{rowSalt + 1}, func(key, value []byte) (bool, error) {
		of, err := parseIDKey(key)
		s.salts[uint64(of)] = slices.Clone(value)
		return true, err
	})
	if err != nil {
		return fmt.Errorf("read salts: %w", err)
	}
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	s.salts[run] = salt
	return nil
}

const saltSize = 16 // bytes

// runShift leaves 2^40 ids to a run and 2^24 runs to a store.
const runShift = 40

func (s *Store) writeState(run uint64, clean bool) error {
	e := newEncoder(nil)
	e.uint(tagGeneration, run)
	if clean {
		e.uint(tagClean, 1)
	}
	b := s.db.NewBatch()
	_ = b.Set([]byte{rowMeta}, e.buf, nil) // a batch that is not full takes every row
	_ = b.Set(idKey(rowSalt, id(run)), s.salts[run], nil)
	if err := s.commit(b); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}

func (s *Store) newID() id { return id(s.nextID.Add(1)) }

// enter begins a use of the database and fails after Close. Uses do not nest.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.life.RLock()
	if s.closed.Load() {
		s.life.RUnlock()
		return ErrClosed
	}
	return nil
}

func (s *Store) leave() { s.life.RUnlock() }

// Close waits for the database work under way, ends the background work and closes the files. Bodies still being read from their
// source fail with ErrClosed when they end. Closing twice is not an error.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.guard.close() // first, since all others may wait for what the guard holds up
	s.life.Lock()
	defer s.life.Unlock()
	s.reaper.stop()
	// A run that ended badly must be swept, and so must one that may end before its last files are removed: it is not noted as clean.
	err := s.guard.failure()
	if err == nil && s.writing.Load() == 0 {
		err = s.writeState(uint64(s.firstID)>>runShift, true)
	}
	if cerr := s.db.Close(); err == nil && cerr != nil {
		err = fmt.Errorf("close database: %w", cerr)
	}
	if err == nil {
		err = s.guard.failure() // of the last flush
	}
	if uerr := s.unlock(); err == nil && uerr != nil {
		err = fmt.Errorf("unlock data directory: %w", uerr)
	}
	return err
}
