package store

import "github.com/cockroachdb/pebble/v2/vfs"

// guardFile is a file written by Pebble.
type guardFile struct {
	vfs.File
	g     *guard
	class class
}

func (f *guardFile) Write(p []byte) (int, error) {
	switch f.class {
	case plain:
		n, err := f.File.Write(p)
		if err != nil {
			f.g.pause(err)
		}
		return n, err
	case values:
		for rest := p; ; {
			n, err := f.File.Write(rest)
			if err == nil || !f.g.await(err) {
				return len(p), nil
			}
			rest = rest[n:]
		}
	}
	if f.g.failure() != nil {
		return len(p), nil
	}
	n, err := f.File.Write(p)
	if vfs.IsNoSpaceError(err) && f.g.dropBallast(err) {
		_, err = f.File.Write(p[n:])
	}
	if err != nil {
		f.g.fail("write log", err)
	}
	return len(p), nil
}

func (f *guardFile) Sync() error { return f.sync(f.File.Sync) }

func (f *guardFile) SyncData() error { return f.sync(f.File.SyncData) }

// sync never tries twice: the kernel may forget dirty pages that it could not write.
func (f *guardFile) sync(do func() error) error {
	if f.class == plain {
		err := do()
		if err != nil {
			f.g.pause(err)
		}
		return err
	}
	if f.class == critical && f.g.failure() != nil {
		return nil
	}
	if err := do(); err != nil {
		f.syncFailed(err)
	}
	return nil
}

func (f *guardFile) syncFailed(err error) {
	if f.class == values {
		f.g.failValues("sync values", err)
		return
	}
	f.g.fail("sync log", err)
}

// Close implements vfs.File. What matters was synced.
func (f *guardFile) Close() error {
	err := f.File.Close()
	if f.class == values {
		return nil
	}
	return err
}

func (f *guardFile) SyncTo(length int64) (bool, error) {
	if f.class == plain {
		return f.File.SyncTo(length)
	}
	if f.class == critical && f.g.failure() != nil {
		return false, nil
	}
	full, err := f.File.SyncTo(length)
	if err != nil {
		f.syncFailed(err)
		return false, nil
	}
	return full, nil
}
