package store

import (
	"context"
	"crypto/md5"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// CompletedPart names a part that belongs to the completed object.
type CompletedPart struct {
	Number   int
	ETag     string // without quotes
	Checksum string // base64; if set it must match the part's
}

// CompleteOptions are what completing an upload may check. A nil *CompleteOptions means the zero value.
type CompleteOptions struct {
	// Check is as in PutOptions.
	Check func(current *Object) error

	// Removable is as in PutOptions.
	Removable func(*Object) error

	// Dated is as in PutOptions.
	Dated func(*Object) error

	// Checksum, if set, computes the object's checksum from the parts chosen. Its error keeps the upload and is returned as it
	// is.
	Checksum func(parts []Part) (Checksum, error)
}

// CompleteUpload makes the named parts one object, copying no bytes, and frees the parts that were not named. Part numbers
// must ascend (ErrInvalidPartOrder), each must have been uploaded with that ETag (ErrInvalidPart), and each but the last must
// have the minimum size (ErrPartTooSmall). Completing once more with the same parts, as a client does whose answer was
// lost, returns the object again while it is there, as the current one or another version.
func (s *Store) CompleteUpload(ctx context.Context, bucket, key, id string, parts []CompletedPart, o *CompleteOptions) (Object, error) {
	if o == nil {
		o = &CompleteOptions{}
	}
	if err := s.guard.failure(); err != nil {
		return Object{}, err
	}
	b, err := s.bucket(bucket)
	if err != nil {
		return Object{}, err
	}
	c, err := s.beginChange(ctx, b, key, o.Removable)
	if err != nil {
		return Object{}, err
	}
	defer c.end()

	u, unlockUpload, err := s.lockUpload(b, key, id)
	if errors.Is(err, ErrNoSuchUpload) {
		return c.completed(id, parts)
	}
	if err != nil {
		return Object{}, err
	}
	defer unlockUpload()
	chosen, unused, err := s.chooseParts(u.id, parts)
	if err != nil {
		return Object{}, err
	}
	if err := runCheck(o.Check, &c.current, c.found); err != nil {
		return Object{}, err
	}
	row, err := s.assemble(&u, chosen, o)
	if err != nil {
		return Object{}, err
	}
	c.batch = s.db.NewBatch()
	if err := c.insert(&row, nil); err != nil {
		_ = c.batch.Close()
		return Object{}, err
	}
	_ = c.batch.Set(idKey(rowManifest, row.body.id), encodeManifest(chosen), nil)
	_ = c.batch.Delete(uploadKey(b.id, key, u.id), nil)
	deleteParts(c.batch, u.id, chosen)
	deleteParts(c.batch, u.id, unused)
	dropped := make([]body, 0, 1+len(unused))
	for i := range unused {
		dropped = append(dropped, unused[i].body)
	}
	if err := c.commit(dropped...); err != nil {
		return Object{}, err
	}
	return row.Object, nil
}

// completed returns what completing the upload with these parts has made, or ErrNoSuchUpload.
func (c *change) completed(uid string, parts []CompletedPart) (object Object, err error) {
	found := c.found && completedBefore(&c.current, uid, parts)
	if found {
		object = c.current.Object
	} else if c.b.versioned() {
		err = shelved(c.s.db, c.b, c.key, func(o *objectRow) (bool, error) {
			if found = completedBefore(o, uid, parts); found {
				object = o.Object
			}
			return !found, nil
		})
	}
	switch {
	case err != nil:
		return Object{}, err
	case !found:
		return Object{}, ErrNoSuchUpload
	}
	// That may have been just now, and not have become durable.
	if err := c.s.guard.failure(); err != nil {
		return Object{}, err
	}
	return object, nil
}

// completedBefore reports whether the object is what completing the upload with these parts has made.
func completedBefore(o *objectRow, uid string, parts []CompletedPart) bool {
	i, _, ok := parseUploadID(uid)
	if !ok || o.upload != i || len(parts) != o.PartCount {
		return false
	}
	h := md5.New()
	for _, p := range parts {
		sum, ok := parseETag(p.ETag)
		if !ok {
			return false
		}
		h.Write(sum[:])
	}
	return [md5.Size]byte(h.Sum(nil)) == o.md5
}

// chooseParts finds the named parts among those uploaded and returns them, and the others.
func (s *Store) chooseParts(u id, named []CompletedPart) (chosen, unused []partRow, err error) {
	if len(named) == 0 || len(named) > MaxParts {
		return nil, nil, fmt.Errorf("%d parts named: %w", len(named), ErrInvalidPart)
	}
	for i := 1; i < len(named); i++ {
		if named[i].Number <= named[i-1].Number {
			return nil, nil, ErrInvalidPartOrder
		}
	}
	chosen = make([]partRow, 0, len(named))
	err = s.parts(u, 0, func(p *partRow) (bool, error) {
		if len(chosen) == len(named) || p.Number < named[len(chosen)].Number {
			unused = append(unused, *p)
			return true, nil
		}
		if want := &named[len(chosen)]; p.Number != want.Number || !want.matches(p) {
			return false, fmt.Errorf("part %d: %w", want.Number, ErrInvalidPart)
		}
		chosen = append(chosen, *p)
		return true, nil
	})
	if err != nil {
		return nil, nil, err
	}
	if len(chosen) < len(named) {
		return nil, nil, fmt.Errorf("part %d: %w", named[len(chosen)].Number, ErrInvalidPart)
	}
	for i := range chosen[:len(chosen)-1] {
		if chosen[i].Size < s.minPartSize {
			return nil, nil, fmt.Errorf("part %d of %d bytes, minimum %d: %w", chosen[i].Number, chosen[i].Size, s.minPartSize, ErrPartTooSmall)
		}
	}
	return chosen, unused, nil
}

func (c *CompletedPart) matches(p *partRow) bool {
	sum, ok := parseETag(c.ETag)
	return ok && sum == p.md5 && (c.Checksum == "" || c.Checksum == p.Checksum.Value)
}

// assemble makes the row of the object that the parts are.
func (s *Store) assemble(u *uploadRow, parts []partRow, o *CompleteOptions) (objectRow, error) {
	row := objectRow{body: body{bodyManifest, s.newID()}, upload: u.id}
	row.Object = Object{Key: u.Key, Owner: u.Owner, ACL: u.ACL, Attributes: u.Attributes, State: u.State, Encryption: u.Encryption, PartCount: len(parts)}
	h := md5.New()
	for i := range parts {
		h.Write(parts[i].md5[:])
		row.Size += parts[i].Size
	}
	if row.Size > MaxObjectSize {
		return row, ErrTooLarge
	}
	h.Sum(row.md5[:0])
	if o.Checksum != nil {
		list := make([]Part, len(parts))
		for i := range parts {
			list[i] = parts[i].Part
		}
		var err error
		if row.Checksum, err = o.Checksum(list); err != nil {
			return row, err
		}
	}
	row.Modified = s.now().UTC()
	row.ETag = etag(row.md5, row.PartCount)
	if o.Dated != nil {
		if err := o.Dated(&row.Object); err != nil {
			return row, err
		}
	}
	return row, nil
}

// deleteParts takes the rows of parts out of their upload; their bytes are dealt with elsewhere.
func deleteParts(batch *pebble.Batch, u id, parts []partRow) {
	for i := range parts {
		_ = batch.Delete(partKey(u, parts[i].Number), nil)
	}
}
