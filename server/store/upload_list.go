package store

import (
	"context"
	"fmt"
)

// ListUploadsOptions choose what ListUploads returns.
type ListUploadsOptions struct {
	Prefix    string // only keys that begin with it
	Delimiter string // if set, keys that contain it after Prefix are rolled up into common prefixes
	KeyMarker string // exclusive, as ListOptions.After, unless IDMarker is set
	IDMarker  string // with KeyMarker: also the uploads of that very key whose ID comes after this one
	Max       int    // uploads and common prefixes together; 0 or less lists nothing
}

// UploadPage is one page of uploads.
type UploadPage struct {
	Uploads   []Upload // ascending by key, then by ID, which is the order they began in
	Prefixes  []string // ascending
	NextKey   string   // the last key or common prefix of the page
	NextID    string   // the last upload's ID; empty if the page ends with a common prefix
	Truncated bool
}

// ListUploads lists one page of the uploads in progress of a bucket.
func (s *Store) ListUploads(ctx context.Context, bucket string, o ListUploadsOptions) (UploadPage, error) {
	var page UploadPage
	b, err := s.bucket(bucket)
	if err != nil {
		return page, err
	}
	if err := s.enter(ctx); err != nil {
		return page, err
	}
	defer s.leave()
	if o.Max <= 0 {
		return page, nil
	}
	w, err := newWalk(s.db, appendUploadPrefix(nil, b.id, ""), o.Prefix, o.Delimiter, appendEscaped)
	if err != nil {
		return page, err
	}
	defer w.close()

	for ok := startUploads(w, b, o); ok; {
		full := len(page.Uploads)+len(page.Prefixes) == o.Max
		if full {
			page.Truncated = true
			break
		}
		key, i, err := parseUploadKey(w.it.Key())
		if err != nil {
			return page, fmt.Errorf("list uploads: %w", err)
		}
		if p, rolled := w.rollUp([]byte(key)); rolled {
			page.Prefixes = append(page.Prefixes, p)
			page.NextKey, page.NextID = p, ""
			ok = w.skip(p)
			continue
		}
		v, err := w.it.ValueAndErr()
		if err != nil {
			return page, fmt.Errorf("list uploads: %w", err)
		}
		u, err := decodeUpload(key, i, v)
		if err != nil {
			return page, fmt.Errorf("list uploads: %w", err)
		}
		page.Uploads = append(page.Uploads, u.Upload)
		page.NextKey, page.NextID = key, u.ID
		ok = w.it.Next()
	}
	if err := w.it.Error(); err != nil {
		return page, fmt.Errorf("list uploads: %w", err)
	}
	return page, nil
}

// startUploads goes to the first upload after the markers.
func startUploads(w *walk, b *bucketState, o ListUploadsOptions) bool {
	i, _, ok := parseUploadID(o.IDMarker)
	switch {
	case o.KeyMarker < o.Prefix || o.KeyMarker == "":
		return w.it.First()
	case ok:
		return w.it.SeekGE(uploadKey(b.id, o.KeyMarker, i+1))
	case w.isCommonPrefix(o.KeyMarker):
		return w.skip(o.KeyMarker)
	}
	// Past every upload of the key, whatever its number.
	return w.it.SeekGE(append(uploadKey(b.id, o.KeyMarker, ^id(0)), 0))
}
