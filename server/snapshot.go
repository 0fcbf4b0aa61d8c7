package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/icos-go/icos/internal/durable"
)

// besideStore are the directories of a server's data besides those of the store
// and of the keys. Each holds a few small files, which are only ever replaced whole.
var besideStore = [...]string{"iam", "tls"}

// Snapshot writes what the server holds now to dir, which must not exist, or be
// empty. A server opened on dir, or on a copy of it, goes on from there, and
// Restore takes a running one back to it. Requests go on meanwhile: those that were answered before are in it,
// later ones may be. Dir appears when it is complete.
func (s *Server) Snapshot(ctx context.Context, dir string) (err error) {
	if s.cfg.Dir == "" {
		return errors.New("server: snapshot: this server keeps its state in memory")
	}
	if !s.gate.enter() {
		return errRestoring
	}
	defer s.gate.leave()
	d := s.state.Load()
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("server: snapshot: %s is not empty", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("server: snapshot: %w", err)
	}
	if err := durable.MkdirAll(filepath.Dir(dir)); err != nil {
		return fmt.Errorf("server: snapshot: %w", err)
	}
	partial, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+".*.partial")
	if err != nil {
		return fmt.Errorf("server: snapshot: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(partial))
		}
	}()
	// The store comes first: a bucket in it whose owner, or whose key, is not known yet would be
	// lost, while those of a bucket that is not there do no harm.
	if err := d.store.Snapshot(ctx, filepath.Join(partial, "store")); err != nil {
		return fmt.Errorf("server: snapshot: %w", err)
	}
	if err := d.kms.Snapshot(filepath.Join(partial, "kms")); err != nil {
		return fmt.Errorf("server: snapshot: %w", err)
	}
	for _, name := range besideStore {
		err := copyFiles(filepath.Join(partial, name), filepath.Join(s.cfg.Dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("server: snapshot: copy %s: %w", name, err)
		}
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("server: snapshot: %w", err)
	}
	if err := durable.SyncDir(partial); err != nil {
		return fmt.Errorf("server: snapshot: %w", err)
	}
	if err := os.Rename(partial, dir); err != nil {
		return fmt.Errorf("server: snapshot: %w", err)
	}
	if err := durable.SyncDir(filepath.Dir(dir)); err != nil {
		return fmt.Errorf("server: snapshot: %w", err)
	}
	return nil
}

// copyFiles makes the directory to with a copy of each regular file that is in
// the directory from, for their owner only, as they are there.
func copyFiles(to, from string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		err := copyFile(filepath.Join(to, e.Name()), filepath.Join(from, e.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // a temporary file that has been renamed
			return err
		}
	}
	return durable.SyncDir(to)
}

func copyFile(to, from string) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	if _, err := io.Copy(dst, src); err != nil {
		return err
	}
	return dst.Sync()
}
