package mirror

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/icos-go/icos/transfer/internal/tree"
)

// blockSize is the memory with which a file is read, in bytes.
const blockSize = 256 << 10

// A fileReader reads the contents of local entries, of as many at once as there are processors.
type fileReader struct {
	turns  chan struct{}
	blocks *sync.Pool
}

func newFileReader() fileReader {
	return fileReader{
		turns:  make(chan struct{}, runtime.GOMAXPROCS(0)),
		blocks: &sync.Pool{New: func() any { return new([blockSize]byte) }},
	}
}

// match reports whether the content of an entry has a digest.
func (f *fileReader) match(ctx context.Context, e *Entry, want digest) (verdict, string, error) {
	got, n, err := f.sum(ctx, e, want)
	switch {
	case err != nil:
		return unknown, "", err
	case n != e.Size:
		return different, becauseChanged, nil
	case got != want.want:
		return different, "content differs by " + want.name, nil
	}
	return equal, "same content by " + want.name, nil
}

// sum returns the digest of an entry's content, written as that of d, and the size of the content in bytes.
func (f *fileReader) sum(ctx context.Context, e *Entry, d digest) (sum string, size int64, err error) {
	r, release, err := f.open(ctx, e)
	if err != nil {
		return "", 0, err
	}
	defer release()
	block := f.blocks.Get().(*[blockSize]byte)
	defer f.blocks.Put(block)

	whole, part, parts := d.new(), d.new(), 0
	for ctx.Err() == nil {
		into, most := whole, int64(blockSize)
		if d.part > 0 {
			into, most = part, min(most, d.part-size%d.part)
		}
		n, err := io.ReadFull(r, block[:most])
		into.Write(block[:n])
		size += int64(n)
		end := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !end {
			return "", 0, err
		}
		if d.part > 0 && n > 0 && (end || size%d.part == 0) {
			whole.Write(part.Sum(nil))
			part.Reset()
			parts++
		}
		if end {
			return d.of(whole.Sum(nil), parts), size, nil
		}
	}
	return "", 0, context.Cause(ctx)
}

// compare compares the contents of two local entries.
func (f *fileReader) compare(ctx context.Context, a, b *Entry) (verdict, string, error) {
	ra, release, err := f.open(ctx, a)
	if err != nil {
		return unknown, "", err
	}
	defer release()
	rb, closeB, err := content(b)
	if err != nil {
		return unknown, "", err
	}
	defer closeB.Close()
	block := f.blocks.Get().(*[blockSize]byte)
	defer f.blocks.Put(block)
	for at := int64(0); ctx.Err() == nil; {
		x, y := block[:blockSize/2], block[blockSize/2:]
		n, errA := io.ReadFull(ra, x)
		m, errB := io.ReadFull(rb, y)
		for _, err := range []error{errA, errB} {
			if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
				return unknown, "", err
			}
		}
		if !bytes.Equal(x[:n], y[:m]) {
			return different, fmt.Sprintf("content differs from byte %d on", at+int64(common(x[:n], y[:m]))), nil
		}
		if at += int64(n); errA != nil {
			return equal, "same content", nil
		}
	}
	return unknown, "", context.Cause(ctx)
}

// common returns how many bytes a and b begin with alike.
func common(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// open waits for a turn and opens the content of an entry.
func (f *fileReader) open(ctx context.Context, e *Entry) (r io.Reader, release func(), err error) {
	select {
	case f.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
	r, c, err := content(e)
	if err != nil {
		<-f.turns
		return nil, nil, err
	}
	return r, func() { c.Close(); <-f.turns }, nil
}

// content opens the bytes of a local entry: those of a symbolic link are its target.
func content(e *Entry) (io.Reader, io.Closer, error) {
	if e.Kind == tree.Symlink {
		return strings.NewReader(e.Link), io.NopCloser(nil), nil
	}
	file, err := os.Open(e.Path)
	return file, file, err
}
