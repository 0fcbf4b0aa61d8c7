package s3api

import (
	"fmt"
	"io"
	"sync"

	"github.com/icos-go/icos/server/store"
)

const (
	// sendBuffer is the size of the writes of a large body. On loopback a write from a warm buffer of this size is as fast as
	// sendfile, and TLS needs the bytes in memory anyway.
	sendBuffer = 256 << 10

	// sendDirect is the size up to which a body goes out in one write, straight from where the store holds it.
	sendDirect = 64 << 10
)

var sendBuffers = sync.Pool{New: func() any { return new([sendBuffer]byte) }}

// send writes a range of an object to the client.
func (c *call) send(r *store.Reader, rng byteRange) error {
	if rng.n <= sendDirect {
		n, err := r.WriteRangeTo(c.w, rng.off, rng.n)
		if err == nil && n != rng.n {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	buffer := sendBuffers.Get().(*[sendBuffer]byte)
	defer sendBuffers.Put(buffer)
	for off, end := rng.off, rng.off+rng.n; off < end; {
		p := buffer[:min(sendBuffer, end-off)]
		n, err := r.ReadAt(p, off)
		if n < len(p) {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("read object at byte %d: %w", off+int64(n), err)
		}
		if _, err := c.w.Write(p); err != nil {
			return err
		}
		off += int64(n)
	}
	return nil
}
