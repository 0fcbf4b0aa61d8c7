package store

import "context"

// UpdateMarker is UpdateVersion for a delete marker, named by its VersionID, of which only the state can be changed. It fails with
// ErrNoSuchVersion if there is no such marker.
func (s *Store) UpdateMarker(ctx context.Context, bucket, key, version string, alter func(*Object) error) (Object, error) {
	b, err := s.bucket(bucket)
	if err != nil {
		return Object{}, err
	}
	unlock, err := s.lockKey(ctx, b, key)
	if err != nil {
		return Object{}, err
	}
	defer unlock()

	row, found, err := s.find(b, key, version)
	switch {
	case err != nil:
		return Object{}, err
	case !found || !row.DeleteMarker || version == "":
		return Object{}, ErrNoSuchVersion
	}
	altered := row.Object
	altered.State = row.State.clone()
	if err := alter(&altered); err != nil {
		return Object{}, err
	}
	row.State = altered.State
	c := change{s: s, b: b, key: key, batch: s.db.NewBatch()}
	c.setRow(&row)
	if err := c.commit(); err != nil {
		return Object{}, err
	}
	return row.Object, nil
}
