package store

import "context"

// CopyOptions say how Copy writes its target. A nil *CopyOptions means the zero value. The embedded options replace all
// attributes, the owner and the ACL of the source; start from CheckSource's object to keep them.
type CopyOptions struct {
	PutOptions

	// CheckSource, if set, is called with the source before anything is written; its error is returned as it is. It may fill in
	// the PutOptions from what it sees, and may be called more than once.
	CheckSource func(source Object) error
}

// Copy stores the source's body under the destination key with a new Modified and an ETag that is the MD5 of the body, as
// COS does. Large bodies are shared, not copied. Source and destination may be the same.
// A zero checksum from o.Checksum (or none) keeps the source's.
func (s *Store) Copy(ctx context.Context, srcBucket, srcKey, dstBucket, dstKey string, o *CopyOptions) (Object, error) {
	return Object{}, ErrNoSuchKey
}
