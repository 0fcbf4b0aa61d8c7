package s3

import (
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
)

// download is the body of GetObject. It counts, and sums, what is read.
type download struct {
	x    *exchange
	body io.ReadCloser
	left int64     // bytes still to come; if negative, the length was not announced
	want string    // checksum at the end
	sum  hash.Hash // nil: nothing to verify
	err  error     // sticky
}

// open takes the body over.
func (r *GetObjectResponse) open(x *exchange, resp *http.Response) {
	r.StatusCode = resp.StatusCode
	d := &download{x: x, body: resp.Body, left: resp.ContentLength}
	// The checksum is that of the whole object, so a range cannot be verified with it.
	// An encoding undone on the way leaves other bytes than were summed.
	if s := r.Checksum; resp.StatusCode == http.StatusOK && s.Value != "" && s.Type != Composite && !resp.Uncompressed && !x.unverified {
		x.sum.Algorithm = s.Algorithm
		d.sum, d.want = s.Algorithm.New(), s.Value
	}
	if resp.Uncompressed {
		d.left = -1
	}
	r.Body = d
}

// Read implements io.Reader.
func (d *download) Read(p []byte) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	n, err := d.body.Read(p)
	if d.left >= 0 {
		d.left -= int64(n)
	}
	if d.sum != nil {
		d.sum.Write(p[:n])
	}
	switch {
	case err == nil:
		return n, nil
	case err != io.EOF:
		if d.left > 0 && errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("body ended %d bytes early: %w", d.left, io.ErrUnexpectedEOF)
		}
	case d.left > 0:
		err = fmt.Errorf("body ended %d bytes early: %w", d.left, io.ErrUnexpectedEOF)
	case d.sum != nil:
		if got := sumValue(d.sum); got != d.want {
			err = fmt.Errorf("body has %s %s, the service announced %s: %w", d.x.sum.Algorithm, got, d.want, ErrChecksum)
		}
	}
	if err != io.EOF {
		err = d.x.wrap(err)
	}
	d.err = err
	return n, err
}

// Close implements io.Closer.
func (d *download) Close() error {
	d.err = errors.New("s3: read of a closed body")
	return d.body.Close()
}
