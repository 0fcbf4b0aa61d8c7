package store

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
