package store

import (
	"context"
	"fmt"
	"time"
)

// Replica places a version as the copy of one in another bucket of the same store.
type Replica struct {
	Version  string    // Version of the original, not empty
	Modified time.Time // of the original
}

// insertReplica puts row into the batch as the version that the replica names, at the place that its number gives it.
func (c *change) insertReplica(row *objectRow, replica *Replica) error {
	var ok bool
	if row.seq, row.random, ok = parseVersionID(replica.Version); !ok {
		return fmt.Errorf("replica %q: %w", replica.Version, ErrNoSuchVersion)
	}
	row.Version, row.Modified = replica.Version, replica.Modified.UTC()
	old, exists, err := findIn(c.s.db, c.b, c.key, replica.Version)
	if err != nil {
		return err
	}
	if exists {
		if old.DeleteMarker != row.DeleteMarker {
			return fmt.Errorf("replica %q: the version is there, and is none of a kind: %w", replica.Version, ErrNoSuchVersion)
		}
		if err := c.drop(&old); err != nil {
			return err
		}
		row.Latest = old.Latest
		c.count(row, 1)
		c.setRow(row)
		return nil
	}
	newest := &c.current
	if !c.found {
		newest = nil
		err := shelved(c.s.db, c.b, c.key, func(o *objectRow) (bool, error) {
			newest = o
			return false, nil
		})
		if err != nil {
			return err
		}
	}
	if newest != nil && row.seq < newest.seq {
		c.count(row, 1)
		c.setShelved(row)
		return nil
	}
	if c.found {
		c.setShelved(&c.current)
	}
	c.setNewest(row)
	return nil
}

// PutMarker adds a delete marker as the replica of one in another bucket, as PutOptions.Replica does for an object.
func (s *Store) PutMarker(ctx context.Context, bucket, key string, r Replica) (Object, error) {
	if err := s.writable(key); err != nil {
		return Object{}, err
	}
	b, err := s.bucket(bucket)
	if err != nil {
		return Object{}, err
	}
	c, err := s.beginChange(ctx, b, key, nil)
	if err != nil {
		return Object{}, err
	}
	defer c.end()
	row := objectRow{}
	row.Object = Object{Key: key, DeleteMarker: true}
	c.batch = s.db.NewBatch()
	if err := c.insert(&row, &r); err != nil {
		_ = c.batch.Close()
		return Object{}, err
	}
	return row.Object, c.commit()
}
