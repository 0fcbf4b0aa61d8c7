package store

import "context"

// ListVersions lists one page of the versions in a bucket: keys in byte order, and the newest version of each key first.
func (s *Store) ListVersions(ctx context.Context, bucket string, o ListVersionsOptions) (VersionPage, error) {
	return VersionPage{}, nil
}

// Scan calls visit for the current objects of a bucket whose keys begin with prefix and come after the key after, in the order of
// their keys, with all their fields. If noncurrent is true it calls it for every version and delete marker, the newest of a key
// first. It ends when visit returns false or an error, which it returns as it is. Visit may call the store; what it changes is
// seen or not.
func (s *Store) Scan(ctx context.Context, bucket, prefix, after string, noncurrent bool, visit func(*Object) (more bool, err error)) error {
	return nil
}

// Snapshot writes a copy of the store to dir, which must not exist and which Open can open: all that was acknowledged before the
// call, and nothing by halves. The store goes on meanwhile. On the same file system the copy shares the space of large bodies.
func (s *Store) Snapshot(ctx context.Context, dir string) error {
	return nil
}
