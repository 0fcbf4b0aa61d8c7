package store

import "github.com/cockroachdb/pebble/v2"

// Idle waits until all bytes that can be freed are.
func (s *Store) Idle() { s.reaper.wait() }

// Files returns how many bodies are files.
func (s *Store) Files() (n int, err error) {
	err = s.files.each(func(id) error { n++; return nil })
	return n, err
}

// Rows returns how many rows of each kind there are.
func (s *Store) Rows() (map[byte]int, error) {
	n := make(map[byte]int)
	err := s.scan([]byte{0}, []byte{0xff}, func(key, _ []byte) (bool, error) {
		n[key[0]]++
		return true, nil
	})
	return n, err
}

// Tables returns the kinds of the first and the last row of each table on disk.
func (s *Store) Tables() (kinds [][2]byte, err error) {
	if err := s.db.Flush(); err != nil {
		return nil, err
	}
	levels, err := s.db.SSTables()
	for _, tables := range levels {
		for _, t := range tables {
			kinds = append(kinds, [2]byte{t.Smallest.UserKey[0], t.Largest.UserKey[0]})
		}
	}
	return kinds, err
}

// Fill adds n empty objects to a bucket, without waiting for the disk. Their keys are key(0), key(1) and so on.
func (s *Store) Fill(bucket string, n int, key func(int) string) error {
	b, err := s.bucket(bucket)
	if err != nil {
		return err
	}
	row := objectRow{}
	row.Object = Object{Modified: s.now(), Owner: "owner", Checksum: Checksum{"CRC32C", "AAAAAA==", "FULL_OBJECT"}}
	row.ContentType = "text/plain"
	c := change{s: s, b: b, batch: s.db.NewBatch()}
	for i := range n {
		c.key = key(i)
		c.setCurrent(&row)
		if c.batch.Len() > 1<<20 || i == n-1 {
			if err := s.db.Apply(c.batch, pebble.NoSync); err != nil {
				return err
			}
			c.batch = s.db.NewBatch()
		}
	}
	return c.batch.Close()
}
