package aspera

import (
	"container/list"
	"time"
)

// A cache remembers the connection info of the buckets used last, for a while. It
// is not safe for concurrent use.
type cache struct {
	size  int
	life  time.Duration
	order list.List // of *cached, the one used last in front
	byKey map[string]*list.Element
}

type cached struct {
	key     string
	info    *ConnectionInfo
	expires time.Time
}

func newCache(size int, life time.Duration) *cache {
	return &cache{size: size, life: life, byKey: map[string]*list.Element{}}
}

// get returns nil if there is nothing, or if it is too old.
func (c *cache) get(key string, now time.Time) *ConnectionInfo {
	e := c.byKey[key]
	if e == nil {
		return nil
	}
	it := e.Value.(*cached)
	if !now.Before(it.expires) {
		c.remove(key)
		return nil
	}
	c.order.MoveToFront(e)
	return it.info
}

func (c *cache) put(key string, info *ConnectionInfo, now time.Time) {
	c.remove(key)
	c.byKey[key] = c.order.PushFront(&cached{key, info, now.Add(c.life)})
	if c.order.Len() > c.size {
		c.remove(c.order.Back().Value.(*cached).key)
	}
}

func (c *cache) remove(key string) {
	if e := c.byKey[key]; e != nil {
		c.order.Remove(e)
		delete(c.byKey, key)
	}
}
