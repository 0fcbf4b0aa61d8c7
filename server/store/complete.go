package store

import "context"

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

	// Checksum, if set, computes the object's checksum from the parts chosen. Its error keeps the upload and is returned as it
	// is.
	Checksum func(parts []Part) (Checksum, error)
}

// CompleteUpload makes the named parts one object, copying no bytes, and frees the parts that were not named. Part numbers
// must ascend (ErrInvalidPartOrder), each must have been uploaded with that ETag (ErrInvalidPart), and each but the last must
// have the minimum size (ErrPartTooSmall). Completing once more with the same parts, as a client does whose answer was
// lost, returns the object again while it is still the current one.
func (s *Store) CompleteUpload(ctx context.Context, bucket, key, id string, parts []CompletedPart, o *CompleteOptions) (Object, error) {
	return Object{}, ErrNoSuchUpload
}
