package cli

import (
	"encoding/binary"
	"io"
)

// pattern is an object's worth of bytes made up as they are read: every 8 bytes
// hold their own offset, scrambled, so that no two stretches are alike and a
// misplaced part is found.
type pattern struct {
	*io.SectionReader
}

func newPattern(size int64) *pattern {
	return &pattern{io.NewSectionReader(patternAt{}, 0, size)}
}

type patternAt struct{}

func (patternAt) ReadAt(b []byte, off int64) (int, error) {
	var word [8]byte
	for i := 0; i < len(b); {
		at := off + int64(i)
		// A multiplicative hash (Knuth, TAOCP 6.4) spreads neighbouring offsets.
		binary.LittleEndian.PutUint64(word[:], uint64(at/8+1)*0x9e3779b97f4a7c15)
		i += copy(b[i:], word[at%8:])
	}
	return len(b), nil
}
