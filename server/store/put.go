package store

import (
	"context"
	"io"

	"github.com/cockroachdb/pebble/v2"
)

// PutOptions are what a new object is given besides its body. A nil *PutOptions means the zero value.
type PutOptions struct {
	Attributes
	State
	Owner string
	ACL   ACL

	// Check, if set, is called under the key's lock just before the commit with the object that is about to be replaced, nil
	// if there is none. An error of Check stores nothing and is returned as it is. It must not call the store. It may be
	// called more than once.
	Check func(current *Object) error

	// Removable, if set, is called under the key's lock with each version that would be removed for good: the object replaced
	// where there is no versioning, the null version replaced where it is suspended. Its error stores nothing and is returned
	// as it is. It must not call the store.
	Removable func(*Object) error

	// Replica, if set, makes the object that very version, at the place among the key's versions that its age gives it. The
	// bucket must have versioning enabled. A version of that id is replaced.
	Replica *Replica

	// Checksum, if set, is called after the body was read to its end and before the commit.
	Checksum func() Checksum
}

// Put stores body as the object and returns it once it is durable. The body is read to io.EOF; any other error stores
// nothing and is returned wrapped. Concurrent writers of one key leave one whole object of one of them.
//
// Memory: InlineLimit bytes, and 512 KiB more for a longer body.
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
	w, err := s.write(ctx, body)
	if err != nil {
		return Object{}, err
	}
	row := objectRow{body: w.body, md5: w.md5}
	row.Object = Object{Key: key, Size: w.size, Owner: o.Owner, ACL: o.ACL, Attributes: o.Attributes, State: o.State}
	if o.Checksum != nil {
		row.Checksum = o.Checksum()
	}
	err = s.putRow(ctx, b, &row, w, o.Check)
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

// putRow makes row the current object of its key, with the bytes of w. It sets Modified and ETag.
func (s *Store) putRow(ctx context.Context, b *bucketState, row *objectRow, w *written, check func(*Object) error) error {
	return s.replace(ctx, b, row, check, func(batch *pebble.Batch, replaced body) error {
		w.add(batch)
		return s.commit(batch, replaced)
	})
}

// replace makes row the current object of its key. It sets Modified and ETag. Commit adds what concerns the bytes to the batch,
// and commits it.
func (s *Store) replace(
	ctx context.Context, b *bucketState, row *objectRow, check func(*Object) error, commit func(batch *pebble.Batch, replaced body) error,
) error {
	unlock, err := s.lockKey(ctx, b, row.Key)
	if err != nil {
		return err
	}
	defer unlock()

	current, found, err := s.object(b, row.Key)
	if err != nil {
		return err
	}
	if err := runCheck(check, &current, found); err != nil {
		return err
	}
	row.Modified = s.now().UTC()
	row.ETag = etag(row.md5, row.PartCount)
	batch := s.db.NewBatch()
	s.setObject(batch, b, row)
	return commit(batch, current.body)
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
