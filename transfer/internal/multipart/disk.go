package multipart

import (
	"fmt"
	"io"
	"time"
)

// read reads from a connection and counts the time.
func (m *mover) read(r io.Reader, p []byte) (int, error) {
	start := time.Now()
	n, err := r.Read(p)
	m.meter.Send(time.Since(start))
	return n, err
}

// write writes to the file and counts the time.
func (d *download) write(p []byte, offset int64) error {
	start := time.Now()
	_, err := d.to.WriteAt(p, offset)
	d.meter.Disk(time.Since(start))
	return full(err, 0)
}

// reserve gives the file the length of the object, and says so if the disk cannot hold it.
func (d *download) reserve(size int64) error {
	if free, ok := room(d.to); ok && size > free {
		return fmt.Errorf("%w: the object needs %d bytes, and there is room for %d", ErrFull, size, free)
	}
	return full(d.to.Truncate(size), size)
}
