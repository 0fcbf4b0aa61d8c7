package store

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/cockroachdb/pebble/v2"
)

// change is what a write or a deletion does to the versions of one key. Whoever makes one holds the key's lock until it is committed.
type change struct {
	s         *Store
	b         *bucketState
	key       string
	current   objectRow // zero unless found
	found     bool
	removable func(*Object) error

	batch   *pebble.Batch
	dropped body  // what nothing refers to after the change
	objects int64 // what it adds to the bucket's usage
	bytes   int64

	unlock  func()
	encoded []byte // memory that rows are encoded in
}

// beginChange locks the key and reads its current object. The caller calls end.
func (s *Store) beginChange(ctx context.Context, b *bucketState, key string, removable func(*Object) error) (*change, error) {
	unlock, err := s.lockWrite(ctx, b, key)
	if err != nil {
		return nil, err
	}
	c := s.changes.Get().(*change)
	c.s, c.b, c.key, c.removable, c.unlock = s, b, key, removable, unlock
	if c.found, err = s.object(b, key, &c.current); err != nil {
		c.end()
		return nil, err
	}
	return c, nil
}

// end unlocks the key. The memory of a change, and of its current object, is then that of another.
func (c *change) end() {
	c.unlock()
	s := c.s
	*c = change{encoded: c.encoded}
	s.changes.Put(c)
}

// insert puts row into the batch as a new version of the key: the current one, unless it is a replica that is older than what is
// there. It sets what the row says about versions.
func (c *change) insert(row *objectRow, replica *Replica) error {
	state := c.b.row.Load().Versioning
	switch {
	case replica != nil && state != VersioningEnabled:
		return errReplica
	case replica != nil:
		return c.insertReplica(row, replica)
	case state == VersioningEnabled:
		row.seq, row.random = c.s.newID(), rand.Uint64()|1
		row.Version = versionID(row.seq, row.random)
		if c.found {
			c.setShelved(&c.current)
		}
	case state == VersioningSuspended:
		row.seq = c.s.newID()
		if err := c.replaceNull(); err != nil {
			return err
		}
	case c.found:
		if err := c.drop(&c.current); err != nil {
			return err
		}
	}
	c.setNewest(row)
	return nil
}

// setNewest makes row the current version. What was current has been shelved or dropped.
func (c *change) setNewest(row *objectRow) {
	row.Latest = true
	c.count(row, 1)
	if !row.DeleteMarker {
		c.setCurrent(row)
		return
	}
	c.setShelved(row)
	if c.found {
		_ = c.batch.Delete(appendObjectKey(nil, c.b.id, c.key), nil)
	}
}

// replaceNull drops the null version, wherever it is, and shelves the current object if it is another.
func (c *change) replaceNull() error {
	if c.found && c.current.null() {
		return c.drop(&c.current)
	}
	if c.found {
		c.setShelved(&c.current)
	}
	return shelved(c.s.db, c.b, c.key, func(o *objectRow) (bool, error) {
		if !o.null() {
			return true, nil
		}
		c.deleteShelved(o)
		return false, c.drop(o)
	})
}

// remove takes a version out for good. If it was the current one, the newest of the others takes its place.
func (c *change) remove(row *objectRow) error {
	if err := c.drop(row); err != nil {
		return err
	}
	if row.Latest && !row.DeleteMarker {
		_ = c.batch.Delete(appendObjectKey(nil, c.b.id, c.key), nil)
	} else {
		c.deleteShelved(row)
	}
	if !row.Latest || !c.b.versioned() {
		return nil
	}
	return shelved(c.s.db, c.b, c.key, func(o *objectRow) (bool, error) {
		if o.seq == row.seq {
			return true, nil
		}
		if !o.DeleteMarker {
			c.deleteShelved(o)
			c.setCurrent(o)
		}
		return false, nil
	})
}

// supersede sets when the next newer version took the place of a noncurrent one.
func (c *change) supersede(row *objectRow) error {
	it, err := c.s.db.NewIter(&pebble.IterOptions{LowerBound: versionKey(c.b.id, c.key, ^id(0)), UpperBound: versionKey(c.b.id, c.key, row.seq)})
	if err != nil {
		return fmt.Errorf("newer version: %w", err)
	}
	defer it.Close()
	if !it.Last() { // then it is the current one
		row.Superseded = c.current.Modified
		return it.Error()
	}
	v, err := it.ValueAndErr()
	if err != nil {
		return fmt.Errorf("newer version: %w", err)
	}
	newer, err := decodeObject(c.key, v, listFields, &objectRow{})
	row.Superseded = newer.Modified
	return err
}

// drop gives up the bytes of a version that the change removes, if it may.
func (c *change) drop(row *objectRow) error {
	if c.removable != nil && !row.DeleteMarker {
		if err := c.removable(&row.Object); err != nil {
			return err
		}
	}
	c.dropped = row.body // a change removes one version at most
	c.count(row, -1)
	return nil
}

// setCurrent keeps a row as that of the current object.
func (c *change) setCurrent(row *objectRow) {
	var key [objectKeyPrefix + 256]byte
	c.encoded = row.encode(c.encoded)
	_ = c.batch.Set(appendObjectKey(key[:0], c.b.id, c.key), c.encoded, nil)
}

// setShelved keeps a row as that of a noncurrent version or a delete marker.
func (c *change) setShelved(row *objectRow) {
	c.encoded = row.encode(c.encoded)
	_ = c.batch.Set(versionKey(c.b.id, c.key, row.seq), c.encoded, nil)
}

func (c *change) deleteShelved(row *objectRow) {
	_ = c.batch.Delete(versionKey(c.b.id, c.key, row.seq), nil)
}

// setRow writes a row to where it is.
func (c *change) setRow(row *objectRow) {
	if row.Latest && !row.DeleteMarker {
		c.setCurrent(row)
		return
	}
	c.setShelved(row)
}

// count adds a version to the usage, or takes it from it.
func (c *change) count(row *objectRow, sign int64) {
	if !row.DeleteMarker {
		c.objects += sign
		c.bytes += sign * row.Size
	}
}

// commit makes the change durable, and gives up the bodies dropped besides its own. It fails with ErrQuota if the bucket has no room
// for it.
func (c *change) commit(dropped ...body) error {
	return c.counted(func() error {
		if len(dropped) == 0 {
			return c.s.commit(c.batch, c.dropped)
		}
		return c.s.commit(c.batch, append(dropped, c.dropped)...)
	})
}

// commitShare is commit for a change that inserted a row whose body another row has too.
func (c *change) commitShare(shared body) error {
	return c.counted(func() error { return c.s.commitShare(c.batch, shared, c.dropped) })
}

// counted makes a change durable by commit, and counts it. What it adds counts before it is there, so that of writes that go on at
// the same time none takes room that another one needs; what it frees counts once it is gone.
func (c *change) counted(commit func() error) error {
	u := &c.b.usage
	objects, bytes := max(c.objects, 0), max(c.bytes, 0)
	if !u.reserve(objects, bytes, c.b.row.Load().Quota) {
		_ = c.batch.Close()
		return ErrQuota
	}
	if err := commit(); err != nil {
		u.add(-objects, -bytes)
		return err
	}
	u.add(min(c.objects, 0), min(c.bytes, 0))
	return nil
}
