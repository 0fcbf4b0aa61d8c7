package store

import "context"

// Delete is DeleteVersion of no version, with a check of the current object, nil if there is none. It reports whether there was
// one.
func (s *Store) Delete(ctx context.Context, bucket, key string, check func(current *Object) error) (existed bool, err error) {
	d, err := s.DeleteVersion(ctx, bucket, key, "", &DeleteOptions{Check: check})
	return d.Existed, err
}

// DeleteOptions guard a deletion. A nil *DeleteOptions means the zero value.
type DeleteOptions struct {
	// Check, if set, is called under the key's lock with the version that the deletion names, its Superseded set, or with the
	// current object if it names none; nil if there is none. Its error changes nothing and is returned as it is. It must not call
	// the store, nor keep the object.
	Check func(named *Object) error

	// Removable is as in PutOptions.
	Removable func(*Object) error

	// Dated is as in PutOptions, for the delete marker that the deletion adds, if it does.
	Dated func(marker *Object) error
}

// Deleted is what a deletion did.
type Deleted struct {
	Object               // what it removed or hid; zero if there was nothing
	Existed       bool   // there was something to remove or to hide
	MarkerMade    bool   // it added a delete marker, which is the current version now
	MarkerVersion string // VersionID of that marker
}

// DeleteVersion removes a version for good, or, if version is empty, does what a plain deletion does: without versioning it
// removes the object, with versioning it adds a delete marker, which takes the place of the null version if versioning is
// suspended. When the current version is removed, the newest of the others takes its place. That there is nothing to remove is
// not an error.
func (s *Store) DeleteVersion(ctx context.Context, bucket, key, version string, o *DeleteOptions) (Deleted, error) {
	if o == nil {
		o = &DeleteOptions{}
	}
	b, err := s.bucket(bucket)
	if err != nil {
		return Deleted{}, err
	}
	c, err := s.beginChange(ctx, b, key, o.Removable)
	if err != nil {
		return Deleted{}, err
	}
	defer c.end()
	named, found := c.current, c.found
	if version != "" {
		if named, found, err = findIn(s.db, b, key, version); err != nil {
			return Deleted{}, err
		}
		if o.Check != nil && found && !named.Latest {
			if err := c.supersede(&named); err != nil {
				return Deleted{}, err
			}
		}
	}
	if err := runCheck(o.Check, &named, found); err != nil {
		return Deleted{}, err
	}
	d := Deleted{Object: named.Object, Existed: found}
	hide := version == "" && b.versioned()
	if !found && !hide {
		// That there is no object may follow from a deletion that did not become durable.
		return d, s.guard.failure()
	}
	c.batch = s.db.NewBatch()
	if hide {
		d.MarkerVersion, err = c.hide(o.Dated)
		d.MarkerMade = true
	} else {
		err = c.remove(&named)
	}
	if err != nil {
		_ = c.batch.Close()
		return Deleted{}, err
	}
	if err := c.commit(); err != nil {
		return Deleted{}, err
	}
	return d, nil
}

// hide inserts a delete marker and returns its VersionID.
func (c *change) hide(dated func(*Object) error) (string, error) {
	if err := c.s.writable(c.key); err != nil {
		return "", err
	}
	marker := objectRow{}
	marker.Object = Object{Key: c.key, DeleteMarker: true, Modified: c.s.now().UTC()}
	if dated != nil {
		if err := dated(&marker.Object); err != nil {
			return "", err
		}
	}
	err := c.insert(&marker, nil)
	return marker.VersionID(), err
}
