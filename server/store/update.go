package store

import "context"

// Update is UpdateVersion of the current object.
func (s *Store) Update(ctx context.Context, bucket, key string, alter func(*Object) error) (Object, error) {
	return s.UpdateVersion(ctx, bucket, key, "", alter)
}

// UpdateVersion lets alter change the attributes, the ACL and the state of a version, named as in OpenVersion, and stores it;
// changes to its other fields are ignored. Modified stays as it is. An error of alter stores nothing and is returned as it is.
// It fails as OpenVersion does.
func (s *Store) UpdateVersion(ctx context.Context, bucket, key, version string, alter func(*Object) error) (Object, error) {
	b, err := s.bucket(bucket)
	if err != nil {
		return Object{}, err
	}
	unlock, err := s.lockKey(ctx, b, key)
	if err != nil {
		return Object{}, err
	}
	defer unlock()

	var row objectRow
	if err := s.named(b, key, version, &row); err != nil {
		return Object{}, err
	}
	altered := row.Object
	altered.State = row.State.clone()
	if err := alter(&altered); err != nil {
		return Object{}, err
	}
	row.Attributes, row.ACL, row.State = altered.Attributes, altered.ACL, altered.State
	c := change{s: s, b: b, key: key, batch: s.db.NewBatch()}
	c.setRow(&row)
	if err := c.commit(); err != nil {
		return Object{}, err
	}
	return row.Object, nil
}
