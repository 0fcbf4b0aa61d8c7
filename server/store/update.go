package store

import "context"

// Update lets change alter the attributes, the ACL and the state of an object and stores it; changes to its other fields are ignored.
// Modified stays as it is. An error of change stores nothing and is returned as it is.
func (s *Store) Update(ctx context.Context, bucket, key string, change func(*Object) error) (Object, error) {
	b, err := s.bucket(bucket)
	if err != nil {
		return Object{}, err
	}
	unlock, err := s.lockKey(ctx, b, key)
	if err != nil {
		return Object{}, err
	}
	defer unlock()

	row, found, err := s.object(b, key)
	if err != nil {
		return Object{}, err
	}
	if !found {
		return Object{}, ErrNoSuchKey
	}
	changed := row.Object
	changed.State = row.State.clone()
	if err := change(&changed); err != nil {
		return Object{}, err
	}
	row.Attributes, row.ACL, row.State = changed.Attributes, changed.ACL, changed.State
	batch := s.db.NewBatch()
	s.setObject(batch, b, &row)
	if err := s.commit(batch); err != nil {
		return Object{}, err
	}
	return row.Object, nil
}
