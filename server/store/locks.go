package store

import (
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
