package store

import (
	"context"
	"hash/maphash"
	"sync"
)

// stripes are locks of which each stands for many names. It is ready for use.
type stripes struct {
	seed  maphash.Seed
	once  sync.Once
	locks [1024]sync.Mutex
}

// of returns the lock of the object key in a bucket.
func (s *stripes) of(bucket id, key string) *sync.Mutex {
	s.once.Do(func() { s.seed = maphash.MakeSeed() })
	h := maphash.String(s.seed, key) + uint64(bucket)*0x9e3779b97f4a7c15
	return &s.locks[h%uint64(len(s.locks))]
}

// ofID returns the lock of an id.
func (s *stripes) ofID(i id) *sync.Mutex {
	return &s.locks[uint64(i)%uint64(len(s.locks))]
}

// enterBucket begins a use of the database that changes something in a bucket, and keeps the bucket from being deleted until leave
// is called.
func (s *Store) enterBucket(ctx context.Context, b *bucketState) (leave func(), err error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	b.alive.RLock()
	if b.dead {
		b.alive.RUnlock()
		s.leave()
		return nil, ErrNoSuchBucket
	}
	return func() {
		b.alive.RUnlock()
		s.leave()
	}, nil
}

// lockKey is enterBucket for a change of one key, which nobody else changes until unlock is called.
func (s *Store) lockKey(ctx context.Context, b *bucketState, key string) (unlock func(), err error) {
	leave, err := s.enterBucket(ctx, b)
	if err != nil {
		return nil, err
	}
	lock := s.keyLocks.of(b.id, key)
	lock.Lock()
	return func() {
		lock.Unlock()
		leave()
	}, nil
}

// lockWrite is lockKey that, if the bucket has a quota, has it known from then on how much it holds.
func (s *Store) lockWrite(ctx context.Context, b *bucketState, key string) (unlock func(), err error) {
	for {
		if unlock, err = s.lockKey(ctx, b, key); err != nil {
			return nil, err
		}
		if b.row.Load().Quota == 0 || b.usage.known.Load() {
			return unlock, nil // and the quota stays as it is until unlock
		}
		unlock()
		if err := s.measureNow(ctx, b); err != nil {
			return nil, err
		}
	}
}
