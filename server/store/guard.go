package store

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// guard is the file system that the database is on. Pebble panics, or hangs for ever, when its log or its manifest can not be
// written; guard lets the store go on with reads instead.
//
//   - Disk full: a write of the log or manifest that fails with ENOSPC is tried again after removing a ballast file. From then on,
//     until the ballast could be made anew, full reports an error and new bytes are refused; deleting still works.
//   - Any other error there freezes what is on disk: no later write or sync of log and manifest, no new name and no removal
//     reaches it, as if the process had ended at that moment, and failure reports ErrFailed. Pebble is told that all went well
//     and goes on serving reads. Who waits for a sync looks at failure before he believes in it. The next Open recovers.
//   - Files of separated values are written until it works, for Pebble crashes on an error of finishing one: on a full disk the
//     write waits for space, and after any other error the disk is frozen as above and the write waits for Close, while what it
//     would have moved stays readable in memory.
//   - Errors of other files are Pebble's, which tries again at once and for ever: guard slows that down, and full reports an
//     error while the last flush failed, since writers would come to a stop when memory is used up.
//
// It guards the folder of the database only; what Pebble writes elsewhere, a checkpoint, fails like any file.
type guard struct {
	vfs.FS
	folder  string
	ballast string
	logger  *slog.Logger

	open    atomic.Bool           // Pebble has opened the database, so that Close will come
	failed  atomic.Pointer[error] // why the disk is frozen
	flush   atomic.Pointer[error] // how the last flush ended
	blocked atomic.Pointer[error] // why the last flush or compaction went wrong

	mu      sync.Mutex
	noSpace error // why the ballast is gone; nil while it is there
	refill  chan struct{}
	closing chan struct{}
}

const (
	// ballastSize must take the log records of the writers under way when the disk gets full.
	ballastSize = 16 << 20

	// refillPause is how often a full disk is tried again.
	refillPause = 250 * time.Millisecond

	// retryPause slows down Pebble's endless retries.
	retryPause = 50 * time.Millisecond
)

func newGuard(fsys vfs.FS, dir string, logger *slog.Logger) *guard {
	g := &guard{
		FS:      fsys,
		folder:  fsys.PathJoin(dir, "db"),
		ballast: fsys.PathJoin(dir, "BALLAST"),
		logger:  logger,
		closing: make(chan struct{}),
	}
	if err := g.makeBallast(); err != nil {
		g.mu.Lock()
		g.startRefill(err)
		g.mu.Unlock()
	}
	return g
}

// close ends the attempts to make the ballast anew, and those to write values.
func (g *guard) close() {
	close(g.closing)
	g.mu.Lock()
	refill := g.refill
	g.mu.Unlock()
	if refill != nil {
		<-refill
	}
}

// failure returns an ErrFailed with its cause once the disk is frozen.
func (g *guard) failure() error {
	if err := g.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// full returns why no new bytes are taken at the moment, nil if they are.
func (g *guard) full() error {
	if err := g.blocked.Load(); err != nil {
		return *err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.noSpace
}

func (g *guard) fail(step string, err error) {
	err = fmt.Errorf("%w: %s: %w", ErrFailed, step, err)
	if g.failed.CompareAndSwap(nil, &err) {
		g.logger.Error("store: disk error; no more writes until the next start", "err", err)
	}
}

// flushed, erred and compacted are called by Pebble. A flush that had nothing to write also ends with an error, which is not
// exported; but only what went wrong is a background error as well, right afterwards.
func (g *guard) flushed(info pebble.FlushInfo) {
	g.flush.Store(&info.Err)
	g.blocked.Store(nil)
}

func (g *guard) erred(err error) {
	if flush := g.flush.Load(); flush != nil && *flush != nil && errors.Is(err, *flush) {
		g.background("flush", err)
	}
}

func (g *guard) compacted(info pebble.CompactionInfo) { g.background("compact", info.Err) }

func (g *guard) background(step string, err error) {
	if err == nil || errors.Is(err, pebble.ErrCancelledCompaction) {
		g.blocked.Store(nil)
		return
	}
	err = fmt.Errorf("%s database: %w", step, err)
	g.blocked.Store(&err)
	g.logger.Error("store: no new bytes until this works again", "err", err)
}

// pause slows down a flush or compaction that met err and is about to try again. No new bytes are taken from now on, and not only
// from when Pebble tells: what is in memory until then could fill it, and the writer that finds it full waits for ever.
func (g *guard) pause(err error) {
	if g.open.Load() {
		err = fmt.Errorf("write database: %w", err)
		g.blocked.Store(&err)
	}
	time.Sleep(retryPause)
}

// makeBallast makes the ballast file unless it is there. Blocks reserved are as good as blocks written, and sooner; where the file
// system can not reserve, zeros are written.
func (g *guard) makeBallast() error {
	if _, err := g.FS.Stat(g.ballast); err == nil {
		return nil
	}
	f, err := g.FS.Create(g.ballast, vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("make ballast: %w", err)
	}
	if f.Preallocate(0, ballastSize) != nil {
		zeros := make([]byte, 1<<20)
		for n := 0; n < ballastSize && err == nil; n += len(zeros) {
			_, err = f.Write(zeros)
		}
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = g.FS.Remove(g.ballast)
		return fmt.Errorf("make ballast: %w", err)
	}
	return nil
}

// dropBallast makes room after ENOSPC and reports whether there was any to make.
func (g *guard) dropBallast(cause error) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.noSpace != nil {
		return false
	}
	if err := g.FS.Remove(g.ballast); err != nil {
		return false
	}
	g.logger.Error("store: disk is full; no new bytes until there is space", "err", cause)
	g.startRefill(cause)
	return true
}

// startRefill begins the attempts to make the ballast anew. The caller holds mu.
func (g *guard) startRefill(cause error) {
	g.noSpace = fmt.Errorf("disk is full: %w", cause)
	done := make(chan struct{})
	g.refill = done
	go func() {
		defer close(done)
		for {
			select {
			case <-g.closing:
				return
			case <-time.After(refillPause):
			}
			if g.makeBallast() != nil {
				continue
			}
			g.mu.Lock()
			g.noSpace = nil
			g.mu.Unlock()
			g.logger.Info("store: there is space again")
			return
		}
	}()
}

// class is how Pebble bears an error of a file.
type class int

const (
	plain    class = iota // it tries again
	critical              // it ends the process, or hangs
	values                // a file of separated values, whose writer crashes in Finish: github.com/cockroachdb/pebble/pull/6129
)

func classOf(name string) class {
	base := filepath.Base(name)
	switch {
	case strings.HasSuffix(base, ".log"), strings.HasPrefix(base, "MANIFEST-"), strings.HasPrefix(base, "marker."):
		return critical
	case strings.HasSuffix(base, ".blob"):
		return values
	}
	return plain
}

// await returns when a write of a values file that met err may be tried again. It reports false if the store closes before that,
// or is not even open; then the disk is frozen.
func (g *guard) await(err error) bool {
	if vfs.IsNoSpaceError(err) && g.dropBallast(err) {
		return true
	}
	if vfs.IsNoSpaceError(err) && g.open.Load() {
		full := fmt.Errorf("disk is full: %w", err)
		g.blocked.Store(&full) // until a flush or compaction ends well
		select {
		case <-time.After(refillPause):
			return true
		case <-g.closing:
		}
	}
	g.failValues("write values", err)
	return false
}

// failValues freezes the disk and then keeps a flush or compaction from going on until Close.
func (g *guard) failValues(step string, err error) {
	g.fail(step, err)
	if g.open.Load() {
		<-g.closing
	}
}

// guards reports whether a file or folder is one of the database.
func (g *guard) guards(name string) bool {
	return name == g.folder || g.FS.PathDir(name) == g.folder
}

// attempt makes a critical file with create. When that is no use it returns a file in memory whose bytes go nowhere.
func (g *guard) attempt(step string, create func() (vfs.File, error)) vfs.File {
	if g.failure() == nil {
		f, err := create()
		if vfs.IsNoSpaceError(err) && g.dropBallast(err) {
			f, err = create()
		}
		if err == nil {
			return &guardFile{f, g, critical}
		}
		g.fail(step, err)
	}
	return &guardFile{vfs.NewMemFile(nil), g, critical}
}

// Create implements vfs.FS.
func (g *guard) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if !g.guards(name) {
		return g.FS.Create(name, category)
	}
	c := classOf(name)
	if c == critical {
		return g.attempt("create "+filepath.Base(name), func() (vfs.File, error) { return g.FS.Create(name, category) }), nil
	}
	f, err := g.FS.Create(name, category)
	if err != nil {
		g.pause(err)
		return nil, err
	}
	return &guardFile{f, g, c}, nil
}

// ReuseForWrite implements vfs.FS.
func (g *guard) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.attempt("reuse log", func() (vfs.File, error) { return g.FS.ReuseForWrite(oldname, newname, c) }), nil
}

// OpenDir implements vfs.FS.
func (g *guard) OpenDir(name string) (vfs.File, error) {
	f, err := g.FS.OpenDir(name)
	if err != nil || !g.guards(name) {
		return f, err
	}
	return &guardFile{f, g, critical}, nil
}

// Rename implements vfs.FS.
func (g *guard) Rename(oldname, newname string) error {
	if g.failure() != nil && g.guards(newname) {
		return nil
	}
	return g.FS.Rename(oldname, newname)
}

// Remove implements vfs.FS.
func (g *guard) Remove(name string) error {
	if g.failure() != nil && g.guards(name) {
		return nil
	}
	return g.FS.Remove(name)
}

// Unwrap implements vfs.FS.
func (g *guard) Unwrap() vfs.FS { return g.FS }
