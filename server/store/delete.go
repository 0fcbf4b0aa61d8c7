package store

import "context"

// Delete removes the object; a missing key is not an error and existed is false. Check, if not nil, is called under the key's
// lock with the object, nil if there is none; its error keeps the object and is returned as it is.
func (s *Store) Delete(ctx context.Context, bucket, key string, check func(current *Object) error) (existed bool, err error) {
	b, err := s.bucket(bucket)
	if err != nil {
		return false, err
	}
	unlock, err := s.lockKey(ctx, b, key)
	if err != nil {
		return false, err
	}
	defer unlock()

	row, found, err := s.object(b, key)
	if err != nil {
		return false, err
	}
	if err := runCheck(check, &row, found); err != nil {
		return false, err
	}
	if !found {
		// That there is no object may follow from a deletion that did not become durable.
		return false, s.guard.failure()
	}
	batch := s.db.NewBatch()
	_ = batch.Delete(appendObjectKey(nil, b.id, key), nil)
	if err := s.commit(batch, row.body); err != nil {
		return false, err
	}
	return true, nil
}
