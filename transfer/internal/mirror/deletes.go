package mirror

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"os"

	"github.com/icos-go/icos/transfer/internal/tree"
)

// spillSize is the memory that a list of deletions takes at most, in bytes,
// twice while it is read.
const spillSize = 1 << 20

// Deletes is the list of what a target has and its source has not. It keeps 1 MiB in
// memory and the rest in a temporary file. [Plan] fills it.
//
// It gives nothing away before its plan came to the end, and nothing at all if part of
// either tree could not be read, because then what looks like missing in the
// source may be there.
type Deletes struct {
	dir      string
	sum      Sum
	finished bool
	blocked  error

	block []byte   // records not in the file
	file  *os.File // frames of records; nil until there are too many
	named bool     // file has a name that Close has to remove
	size  int64    // of file
}

// A Sum says how much would be deleted.
type Sum struct {
	Delete int64 // entries
	Bytes  int64 // of those
	Keep   int64 // entries of the target that stay
	Empty  bool  // the source has nothing at all
}

// errUnfinished blocks deletions until a plan has ended.
var errUnfinished = errors.New("the trees were not compared to their ends")

// NewDeletes returns an empty list whose temporary file, if one is needed, is made in
// dir; "" means os.TempDir.
func NewDeletes(dir string) *Deletes { return &Deletes{dir: dir} }

// Sum returns how much All would yield. It is right once the plan has ended.
func (d *Deletes) Sum() Sum { return d.sum }

// Blocked returns why nothing may be deleted, nil if All may be asked.
func (d *Deletes) Blocked() error {
	if d.blocked == nil && !d.finished {
		return errUnfinished
	}
	return d.blocked
}

// Block forbids deletions for a reason of the caller, such as a copy that failed. Of
// several reasons the first is kept. It must not be called while All is.
func (d *Deletes) Block(err error) {
	if d.blocked == nil {
		d.blocked = err
	}
}

// finish says that both lists were read to their ends.
func (d *Deletes) finish(empty bool) { d.finished, d.sum.Empty = true, empty }

// add notes an entry of the target.
func (d *Deletes) add(e *Entry) error {
	d.sum.Delete++
	d.sum.Bytes += e.Size
	d.block = append(d.block, byte(e.Kind))
	d.block = binary.AppendUvarint(d.block, uint64(e.Size))
	d.block = binary.AppendUvarint(d.block, uint64(len(e.Key)))
	d.block = append(d.block, e.Key...)
	if len(d.block) < spillSize {
		return nil
	}
	if err := d.spill(); err != nil {
		return fmt.Errorf("note what to delete: %w", err)
	}
	return nil
}

// frameHead is the length of the head of a frame: the length and the CRC-32C of
// the records that follow.
const frameHead = 8

// spill moves block to the file, as one frame.
func (d *Deletes) spill() error {
	if d.file == nil {
		f, err := os.CreateTemp(d.dir, "icos-delete-*")
		if err != nil {
			return err
		}
		d.file = f
		// Where the system allows it the file loses its name at once, so that no
		// end of the process leaves it behind. Close takes care of the others.
		d.named = os.Remove(f.Name()) != nil
	}
	frame := make([]byte, frameHead, frameHead+len(d.block))
	binary.LittleEndian.PutUint32(frame, uint32(len(d.block)))
	binary.LittleEndian.PutUint32(frame[4:], crc32.Checksum(d.block, crc32.MakeTable(crc32.Castagnoli)))
	if _, err := d.file.WriteAt(append(frame, d.block...), d.size); err != nil {
		return err
	}
	d.size += int64(len(frame) + len(d.block))
	d.block = d.block[:0]
	return nil
}

// All yields the entries to delete in byte order of their keys, with Key, Kind and
// Size set. An error comes last; it is that of Blocked if there is one.
func (d *Deletes) All() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := d.Blocked(); err != nil {
			yield(Entry{}, err)
			return
		}
		var frame []byte
		for at := int64(0); at < d.size; at += frameHead + int64(len(frame)) {
			var err error
			if frame, err = d.frame(frame, at); err != nil {
				yield(Entry{}, fmt.Errorf("read what to delete: %w", err))
				return
			}
			if !records(frame, yield) {
				return
			}
		}
		records(d.block, yield)
	}
}

// frame reads the records of the frame at an offset of the file. It uses the memory of buf.
func (d *Deletes) frame(buf []byte, at int64) ([]byte, error) {
	var head [frameHead]byte
	if _, err := d.file.ReadAt(head[:], at); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(head[:]))
	if n > d.size-at-frameHead {
		return nil, io.ErrUnexpectedEOF
	}
	if int64(cap(buf)) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := d.file.ReadAt(buf, at+frameHead); err != nil {
		return nil, err
	}
	if crc32.Checksum(buf, crc32.MakeTable(crc32.Castagnoli)) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, errors.New("the temporary file was changed")
	}
	return buf, nil
}

// records yields the entries of a block that was checked.
func records(block []byte, yield func(Entry, error) bool) bool {
	for len(block) > 0 {
		var e Entry
		e.Kind, block = tree.Kind(block[0]), block[1:]
		size, n := binary.Uvarint(block)
		block = block[n:]
		length, n := binary.Uvarint(block)
		block = block[n:]
		e.Size, e.Key, block = int64(size), string(block[:length]), block[length:]
		if !yield(e, nil) {
			return false
		}
	}
	return true
}

// Close forgets the list.
func (d *Deletes) Close() error {
	d.finished, d.block, d.size = false, nil, 0
	if d.file == nil {
		return nil
	}
	err := d.file.Close()
	if d.named {
		err = errors.Join(err, os.Remove(d.file.Name()))
	}
	d.file, d.named = nil, false
	return err
}
