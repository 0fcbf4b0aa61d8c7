package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Bucket describes a bucket. Its slices are shared with the store: they must not be altered, but may be replaced.
type Bucket struct {
	Name     string
	Instance string // uuid of the service instance that owns it
	Owner    string
	Location string // location constraint, for example us-south-standard
	Created  time.Time
	ACL      ACL
	CORS     []byte // the raw CORSConfiguration document as stored; nil if none
	BucketState
}

func encodeBucket(i id, b *Bucket) []byte {
	e := newEncoder(nil)
	e.uint(tagID, uint64(i))
	e.string(tagInstance, b.Instance)
	e.string(tagOwner, b.Owner)
	e.string(tagLocation, b.Location)
	e.time(tagModified, b.Created)
	e.grants(b.ACL)
	e.bytes(tagCORS, b.CORS)
	e.bucketState(&b.BucketState)
	return e.buf
}

func decodeBucket(name string, row []byte) (id, Bucket, error) {
	b := Bucket{Name: name}
	var i id
	d := newDecoder(row)
	for d.next() {
		switch d.tag {
		case tagID:
			i = id(d.uint())
		case tagInstance:
			b.Instance = string(d.val)
		case tagOwner:
			b.Owner = string(d.val)
		case tagLocation:
			b.Location = string(d.val)
		case tagModified:
			b.Created = d.time()
		case tagGrants:
			b.ACL = d.grants()
		case tagCORS:
			b.CORS = slices.Clone(d.val)
		default:
			d.bucketState(&b.BucketState)
		}
	}
	return i, b, d.err
}

// directory holds all buckets in memory: there are few, and every request asks for one. It is ready for use.
type directory struct {
	changing sync.Mutex // held while a bucket is created or deleted
	mu       sync.RWMutex
	byName   map[string]*bucketState
}

// bucketState is a bucket in memory.
type bucketState struct {
	id  id
	row atomic.Pointer[Bucket]

	usage usage

	// alive is read-locked while something in the bucket is committed, and locked while the bucket itself is.
	alive sync.RWMutex
	dead  bool
}

func (s *Store) bucket(name string) (*bucketState, error) {
	s.buckets.mu.RLock()
	b := s.buckets.byName[name]
	s.buckets.mu.RUnlock()
	if b == nil {
		return nil, ErrNoSuchBucket
	}
	return b, nil
}

func (s *Store) loadBuckets() error {
	s.buckets.byName = make(map[string]*bucketState)
	return s.scan([]byte{rowBucket}, []byte{rowBucket + 1}, func(key, v []byte) (bool, error) {
		name := string(key[1:])
		i, row, err := decodeBucket(name, v)
		if err != nil {
			return false, fmt.Errorf("bucket %q: %w", name, err)
		}
		b := &bucketState{id: i}
		b.row.Store(&row)
		s.buckets.byName[name] = b
		return true, nil
	})
}

// CreateBucket makes a bucket, or fails with ErrBucketExists. A zero Created means now.
func (s *Store) CreateBucket(ctx context.Context, row Bucket) error {
	if row.Name == "" {
		return fmt.Errorf("create bucket: %w", ErrInvalidKey)
	}
	if row.Created.IsZero() {
		row.Created = s.now()
	}
	row.Created = row.Created.UTC()
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	if err := s.guard.full(); err != nil {
		return err
	}
	s.buckets.changing.Lock()
	defer s.buckets.changing.Unlock()
	if _, err := s.bucket(row.Name); err == nil {
		return ErrBucketExists
	}
	b := &bucketState{id: s.newID()}
	b.row.Store(&row)
	batch := s.db.NewBatch()
	_ = batch.Set(bucketKey(row.Name), encodeBucket(b.id, &row), nil)
	if err := s.commit(batch); err != nil {
		return err
	}
	s.buckets.mu.Lock()
	s.buckets.byName[row.Name] = b
	s.buckets.mu.Unlock()
	return nil
}

// Bucket returns the bucket of that name, or ErrNoSuchBucket. It touches no disk.
func (s *Store) Bucket(ctx context.Context, name string) (Bucket, error) {
	b, err := s.BucketNow(ctx, name)
	if err != nil {
		return Bucket{}, err
	}
	return *b, nil
}

// BucketNow is Bucket without a copy: what it returns is how the bucket was at that moment, stays so, and must not be altered.
func (s *Store) BucketNow(ctx context.Context, name string) (*Bucket, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b, err := s.bucket(name)
	if err != nil {
		return nil, err
	}
	return b.row.Load(), nil
}

// UpdateBucket lets change alter a copy of the bucket and stores it. Changes to Name are ignored. An error of change stores
// nothing and is returned as it is. Versioning, once enabled, can be suspended, but not be taken back.
func (s *Store) UpdateBucket(ctx context.Context, name string, change func(*Bucket) error) (Bucket, error) {
	return s.updateBucket(ctx, name, change, nil)
}

// UpdateEmptyBucket is UpdateBucket for what must be settled before there are objects: if there is one it fails with
// ErrBucketNotEmpty.
func (s *Store) UpdateEmptyBucket(ctx context.Context, name string, change func(*Bucket) error) (Bucket, error) {
	return s.updateBucket(ctx, name, change, func(b *bucketState) error {
		if empty, err := s.isEmpty(b); err != nil || empty {
			return err
		}
		return ErrBucketNotEmpty
	})
}

// updateBucket alters a bucket while nothing in it changes. Check, if not nil, may refuse that.
func (s *Store) updateBucket(ctx context.Context, name string, change func(*Bucket) error, check func(*bucketState) error) (Bucket, error) {
	if err := s.enter(ctx); err != nil {
		return Bucket{}, err
	}
	defer s.leave()
	b, err := s.bucket(name)
	if err != nil {
		return Bucket{}, err
	}
	b.alive.Lock()
	defer b.alive.Unlock()
	if b.dead {
		return Bucket{}, ErrNoSuchBucket
	}
	row := *b.row.Load()
	row.ACL.Grants, row.CORS = slices.Clone(row.ACL.Grants), slices.Clone(row.CORS)
	row.BucketState = row.BucketState.clone()
	if err := change(&row); err != nil {
		return Bucket{}, err
	}
	if check != nil {
		if err := check(b); err != nil {
			return Bucket{}, err
		}
	}
	row.Name = name
	if row.Versioning == "" && b.versioned() {
		return Bucket{}, errUnversion
	}
	batch := s.db.NewBatch()
	_ = batch.Set(bucketKey(name), encodeBucket(b.id, &row), nil)
	if err := s.commit(batch); err != nil {
		return Bucket{}, err
	}
	b.row.Store(&row)
	return row, nil
}

// DeleteBucket removes an empty bucket, or fails with ErrNoSuchBucket or ErrBucketNotEmpty. Uploads in progress do not keep a
// bucket; they end with it.
func (s *Store) DeleteBucket(ctx context.Context, name string) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	s.buckets.changing.Lock()
	defer s.buckets.changing.Unlock()
	b, err := s.bucket(name)
	if err != nil {
		return err
	}
	b.alive.Lock()
	defer b.alive.Unlock()
	switch empty, err := s.isEmpty(b); {
	case err != nil:
		return err
	case !empty:
		return ErrBucketNotEmpty
	}
	batch := s.db.NewBatch()
	_ = batch.Delete(bucketKey(name), nil)
	var uploads []body
	lower := appendUploadPrefix(nil, b.id, "")
	err = s.scan(lower, prefixEnd(appendUploadPrefix(nil, b.id, "")), func(key, _ []byte) (bool, error) {
		_, i, err := parseUploadKey(key)
		uploads = append(uploads, body{bodyUpload, i})
		_ = batch.Delete(key, nil)
		return true, err
	})
	if err != nil {
		_ = batch.Close()
		return err
	}
	if err := s.commit(batch, uploads...); err != nil {
		return err
	}
	b.dead = true
	s.buckets.mu.Lock()
	delete(s.buckets.byName, name)
	s.buckets.mu.Unlock()
	return nil
}

// isEmpty reports whether a bucket has no objects, nor versions or delete markers.
func (s *Store) isEmpty(b *bucketState) (empty bool, err error) {
	empty = true
	for _, prefix := range [][]byte{appendObjectKey(nil, b.id, ""), appendVersionPrefix(nil, b.id, "")} {
		err = s.scan(prefix, prefixEnd(slices.Clone(prefix)), func(_, _ []byte) (bool, error) {
			empty = false
			return false, nil
		})
		if err != nil || !empty {
			return false, err
		}
	}
	return true, nil
}

// Buckets lists at most limit buckets of an instance whose names begin with prefix and come after the name after, sorted by
// name in byte order. An empty instance means every instance; limit 0 or less means no limit. More says that further ones
// follow.
func (s *Store) Buckets(ctx context.Context, instance, prefix, after string, limit int) (list []Bucket, more bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	s.buckets.mu.RLock()
	for name, b := range s.buckets.byName {
		row := b.row.Load()
		if name > after && strings.HasPrefix(name, prefix) && (instance == "" || instance == row.Instance) {
			list = append(list, *row)
		}
	}
	s.buckets.mu.RUnlock()
	slices.SortFunc(list, func(a, b Bucket) int { return strings.Compare(a.Name, b.Name) })
	if limit > 0 && len(list) > limit {
		return list[:limit:limit], true, nil
	}
	return list, false, nil
}
