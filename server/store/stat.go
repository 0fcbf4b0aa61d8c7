package store

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Stat describes the object, or fails with ErrNoSuchBucket or ErrNoSuchKey.
func (s *Store) Stat(ctx context.Context, bucket, key string) (Object, error) {
	return s.StatVersion(ctx, bucket, key, "")
}

// StatVersion describes a version, named as in OpenVersion, and fails as OpenVersion does.
func (s *Store) StatVersion(ctx context.Context, bucket, key, version string) (Object, error) {
	b, err := s.bucket(bucket)
	if err != nil {
		return Object{}, err
	}
	if err := s.enter(ctx); err != nil {
		return Object{}, err
	}
	defer s.leave()
	var row objectRow
	if err := s.named(b, key, version, &row); err != nil {
		return Object{}, err
	}
	return row.Object, nil
}

// object reads the current object of a key into row, which is zero before, and stays so if there is none.
func (s *Store) object(b *bucketState, key string, row *objectRow) (found bool, err error) {
	return objectIn(s.db, b, key, row)
}

// objectIn is object in the database or a snapshot of it.
func objectIn(r pebble.Reader, b *bucketState, key string, row *objectRow) (found bool, err error) {
	err = viewIn(r, appendObjectKey(make([]byte, 0, objectKeyPrefix+len(key)), b.id, key), func(v []byte) error {
		found = true
		err := row.decode(key, v, allFields)
		row.Latest = true
		return err
	})
	if err != nil {
		err = fmt.Errorf("object row: %w", err)
	}
	return found, err
}
