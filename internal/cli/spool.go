package cli

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// spoolMemory is how many bytes of a spool are kept in memory.
const spoolMemory = 1 << 20

// spool holds what is gathered before it can be used, such as a tree whose
// totals come last. It keeps its end in memory, and all before it in a
// temporary file once there is more than spoolMemory.
type spool struct {
	file  *os.File // nil until it is needed
	start int64    // bytes in file
	tail  []byte   // bytes after them
}

// size is where the next byte goes.
func (s *spool) size() int64 { return s.start + int64(len(s.tail)) }

// append adds b.
func (s *spool) append(b []byte) error {
	if len(s.tail)+len(b) > spoolMemory {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.tail = append(s.tail, b...)
	return nil
}

func (s *spool) spill() error {
	if s.file == nil {
		f, err := os.CreateTemp("", "icos-*.spool")
		if err != nil {
			return fmt.Errorf("make room for a long list: %w", err)
		}
		s.file = f
	}
	if _, err := s.file.WriteAt(s.tail, s.start); err != nil {
		return fmt.Errorf("keep a long list: %w", err)
	}
	s.start += int64(len(s.tail))
	s.tail = s.tail[:0]
	return nil
}

// patch replaces bytes that were appended in one piece.
func (s *spool) patch(off int64, b []byte) error {
	if off >= s.start {
		copy(s.tail[off-s.start:], b)
		return nil
	}
	if _, err := s.file.WriteAt(b, off); err != nil {
		return fmt.Errorf("keep a long list: %w", err)
	}
	return nil
}

// reader reads all of it, from the start.
func (s *spool) reader() *bufio.Reader {
	if s.file == nil {
		return bufio.NewReader(bytes.NewReader(s.tail))
	}
	return bufio.NewReaderSize(io.MultiReader(io.NewSectionReader(s.file, 0, s.start), bytes.NewReader(s.tail)), 64<<10)
}

// close removes the file.
func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}

// appendText writes a string to b with its length in front.
func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// readText reads what appendText wrote. At the end the error is io.EOF.
func readText(in *bufio.Reader) (string, error) {
	n, err := binary.ReadUvarint(in)
	if err != nil {
		return "", err
	}
	b := make([]byte, n) // a length that this process wrote itself
	if _, err := io.ReadFull(in, b); err != nil {
		return "", noEOF(err)
	}
	return string(b), nil
}
