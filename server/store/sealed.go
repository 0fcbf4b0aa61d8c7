package store

import (
	"bytes"
	"context"
	"fmt"
	"io"
)

// Sealed reports whether the object's bytes are encrypted: reading them takes Reader.Unseal.
func (o *Object) Sealed() bool { return o.Encryption.Kind != NotEncrypted }

func (o *objectRow) sealed() bool { return o.Encryption.Kind != NotEncrypted }

// storedSize is how many bytes the object's own body has where it is kept.
func (o *objectRow) storedSize() int64 {
	if o.sealed() {
		return sealedSize(o.Size)
	}
	return o.Size
}

// damage is the error when the object's body is not what its row says.
func (o *objectRow) damage() error {
	if o.sealed() {
		return ErrTampered
	}
	return errCorrupt
}

// Unseal gives the Reader of a sealed object its key, before anything is read. Whether it is the right one turns out on reading:
// with a wrong one, that fails with ErrTampered.
func (r *Reader) Unseal(key [32]byte) { r.key = &key }

// unsealBy has the caller unseal the source of a copy, if that is needed.
func (r *Reader) unsealBy(unseal func(*Reader) error) error {
	if !r.row.sealed() || unseal == nil {
		return nil
	}
	return unseal(r)
}

// cipher returns what opens a body of the object.
func (r *Reader) cipher(body id) (*bodyCipher, error) {
	if r.key == nil {
		return nil, ErrSealed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opener == nil || r.opener.body != body {
		c, err := newBodyCipher(r.key, body, r.s.salts[uint64(body)>>runShift])
		if err != nil {
			return nil, err
		}
		r.opener = c
	}
	return r.opener, nil
}

// readSealed fills p with the whole piece.
func (r *Reader) readSealed(p []byte, pc piece) (int, error) {
	c, err := r.cipher(pc.body.id)
	if err != nil {
		return 0, err
	}
	switch {
	case pc.inline != nil:
		return c.readSealed(p, bytes.NewReader(pc.inline), pc.off, pc.size)
	case pc.body.kind == bodyInline:
		row, err := r.sealedRow(pc)
		if err != nil {
			return 0, err
		}
		return c.readSealed(p, bytes.NewReader(row), pc.off, pc.size)
	}
	f, err := r.file(pc.body.id)
	if err != nil {
		return 0, err
	}
	n, err := c.readSealed(p, f, pc.off, pc.size)
	if cerr := f.drop(); err == nil {
		err = cerr
	}
	return n, err
}

// sealedRow reads the body of a part that is a row.
func (r *Reader) sealedRow(pc piece) ([]byte, error) {
	if err := r.s.enter(context.Background()); err != nil {
		return nil, err
	}
	defer r.s.leave()
	return r.s.get(idKey(rowBytes, pc.body.id))
}

// writeSealed writes the whole piece to w.
func (r *Reader) writeSealed(w io.Writer, pc piece) (total int64, err error) {
	c := chunkPool.Get().(*chunk)
	defer func() {
		if err == nil { // otherwise the writer may hold on to it
			chunkPool.Put(c)
		}
	}()
	for pc.n > 0 {
		// Up to the end of a chunk, so that none is opened twice.
		n := min(pc.n, chunkSize-pc.off%sealChunk)
		part := pc
		part.n = n
		if _, err := r.readSealed(c.buf[:n], part); err != nil {
			return total, fmt.Errorf("read object: %w", err)
		}
		m, err := w.Write(c.buf[:n])
		total += int64(m)
		if err != nil {
			return total, err
		}
		pc.off += n
		pc.n -= n
	}
	return total, nil
}

// recopy stores the bytes of r anew, as an object of dst: when one of the two is sealed they cannot share a body.
func (s *Store) recopy(ctx context.Context, r *Reader, dst *bucketState, key string, o *CopyOptions) (Object, error) {
	if err := r.unsealBy(o.Unseal); err != nil {
		return Object{}, err
	}
	src := r.Range(0, -1)
	if o.Sum != nil {
		src = io.TeeReader(src, o.Sum)
	}
	w, err := s.write(ctx, src, o.Seal)
	if err != nil {
		return Object{}, fmt.Errorf("copy source: %w", err)
	}
	row := objectRow{body: w.body, md5: w.md5}
	row.Object = Object{Key: key, Size: w.size, Owner: o.Owner, ACL: o.ACL, Attributes: o.Attributes, State: o.State}
	row.Encryption = o.Seal.encryption()
	switch {
	case o.Checksum != nil:
		row.Checksum = o.Checksum()
	case r.row.Checksum.Type != "COMPOSITE":
		row.Checksum = r.row.Checksum
	}
	if o.Replica != nil {
		row.alike(&r.row)
	}
	err = s.putRow(ctx, dst, &row, w, &o.PutOptions)
	s.settle(w, err)
	if err != nil {
		return Object{}, err
	}
	return row.Object, nil
}
