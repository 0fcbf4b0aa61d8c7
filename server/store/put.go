package store

import (
	"context"
	"io"
)

// PutOptions are what a new object is given besides its body. A nil *PutOptions means the zero value.
type PutOptions struct {
	Attributes
	State
	Owner string
	ACL   ACL
	Seal  *Seal // encrypts the body; nil leaves it plain

	// Check, if set, is called under the key's lock just before the commit with the object that is about to be replaced, nil
	// if there is none. An error of Check stores nothing and is returned as it is. It must not call the store, nor keep the
	// object. It may be called more than once.
	Check func(current *Object) error

	// Removable, if set, is called under the key's lock with each version that would be removed for good: the object replaced
	// where there is no versioning, the null version replaced where it is suspended. Its error stores nothing and is returned
	// as it is. It must not call the store, nor keep the object.
	Removable func(*Object) error

	// Dated, if set, is called under the key's lock after Check with the object as it is about to be stored, its date included;
	// it may alter the State. Its error stores nothing and is returned as it is. Of the store it may call Bucket only. It must not
	// keep the object.
	Dated func(*Object) error

	// Replica, if set, makes the object that very version, at the place among the key's versions that its age gives it. The
	// bucket must have versioning enabled. A version of that id is replaced.
	Replica *Replica

	// Checksum, if set, is called after the body was read to its end and before the commit.
	Checksum func() Checksum
}

// Put stores body as the object and returns it once it is durable. The body is read to io.EOF; any other error stores
// nothing and is returned wrapped. Concurrent writers of one key leave one whole object of one of them.
//
// Memory: InlineLimit bytes, and 512 KiB more for a longer body, 640 KiB if it is sealed.
func (s *Store) Put(ctx context.Context, bucket, key string, body io.Reader, o *PutOptions) (Object, error) {
	if o == nil {
		o = &PutOptions{}
	}
	if err := s.writable(key); err != nil {
		return Object{}, err
	}
	b, err := s.bucket(bucket)
	if err != nil {
		return Object{}, err
	}
	if err := b.admits(o.Seal); err != nil {
		return Object{}, err
	}
	w, err := s.write(ctx, body, o.Seal)
	if err != nil {
		return Object{}, err
	}
	row := s.rows.Get().(*objectRow)
	defer s.rows.Put(row)
	*row = objectRow{body: w.body, md5: w.md5}
	row.Object = Object{Key: key, Size: w.size, Owner: o.Owner, ACL: o.ACL, Attributes: o.Attributes, State: o.State}
	row.Encryption = o.Seal.encryption()
	if o.Checksum != nil {
		row.Checksum = o.Checksum()
	}
	err = s.putRow(ctx, b, row, w, o)
	s.settle(w, err)
	if err != nil {
		return Object{}, err
	}
	return row.Object, nil
}

// writable refuses what Put would refuse in the end, before the body is read.
func (s *Store) writable(key string) error {
	if key == "" || len(key) > MaxKeyLength {
		return ErrInvalidKey
	}
	if err := s.guard.failure(); err != nil {
		return err
	}
	return s.guard.full()
}

// putRow makes row an object, with the bytes of w. It sets Modified, ETag and the version.
func (s *Store) putRow(ctx context.Context, b *bucketState, row *objectRow, w *written, o *PutOptions) error {
	return s.replace(ctx, b, row, o, func(c *change) error {
		w.add(c.batch)
		return c.commit()
	})
}

// replace makes row the current object of its key, or the replica that o says. It sets Modified, ETag and the version. Commit adds
// what concerns the bytes to the batch, and commits it.
func (s *Store) replace(ctx context.Context, b *bucketState, row *objectRow, o *PutOptions, commit func(*change) error) error {
	c, err := s.beginChange(ctx, b, row.Key, o.Removable)
	if err != nil {
		return err
	}
	defer c.end()
	if err := runCheck(o.Check, &c.current, c.found); err != nil {
		return err
	}
	row.Modified = s.now().UTC()
	row.ETag = etag(row.md5, row.PartCount)
	if o.Dated != nil {
		if err := o.Dated(&row.Object); err != nil {
			return err
		}
	}
	c.batch = s.db.NewBatch()
	if err := c.insert(row, o.Replica); err != nil {
		_ = c.batch.Close()
		return err
	}
	return commit(c)
}

func runCheck(check func(*Object) error, current *objectRow, found bool) error {
	switch {
	case check == nil:
		return nil
	case found:
		return check(&current.Object)
	}
	return check(nil)
}
