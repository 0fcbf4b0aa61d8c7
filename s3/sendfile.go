package s3

import (
	"io"
	"os"
)

// A FileBody is a Body that lies in a file. Over a connection without TLS, on systems that can, its
// bytes go from the file to the connection without passing through this process.
type FileBody interface {
	io.ReadSeeker

	// ReadFile does what Read does, but instead of the bytes it returns where they are: n of them, at
	// most max, at offset of f. What it returns need not be read before the next call.
	ReadFile(max int) (f *os.File, offset int64, n int, err error)
}

// fileBlock is how many bytes of a file go out at once.
const fileBlock = 256 << 10

// nextFile returns the next piece of a body that lies in a file.
func (b *attemptBody) nextFile(most int64) (f *os.File, offset int64, n int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped.Load() {
		return nil, 0, 0, errStopped
	}
	b.touched.Store(true)
	f, offset, n, err = b.file.ReadFile(int(min(most, fileBlock)))
	if err == io.EOF && b.read+int64(n) < b.src.size {
		err = b.src.short(b.read + int64(n))
	}
	if err != nil && err != io.EOF {
		b.err = err
	}
	return f, offset, n, err
}

// wentOut notes that n bytes of the body were sent without Read. An attempt that is over has been settled.
func (b *attemptBody) wentOut(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.stopped.Load() {
		b.count(n)
	}
}

// fail notes that the file ended before the body did.
func (b *attemptBody) fail() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = b.src.short(b.read)
	return b.err
}

// ReadFrom implements io.ReaderFrom.
func (c *stallConn) ReadFrom(r io.Reader) (int64, error) {
	n, done, err := c.sendFile(r)
	if done || err != nil {
		return n, err
	}
	block := c.blocks.Get().(*[]byte)
	defer c.blocks.Put(block)
	m, err := io.CopyBuffer(struct{ io.Writer }{c}, r, *block) // Write alone, or this would not end
	return n + m, err
}
