package checkpoint

import "io"

// Suffix is that of the names of checkpoints, SuffixNew of the next one.
const (
	Suffix    = suffix
	SuffixNew = suffixNew
)

// A Disk is what a checkpoint writes to.
type Disk = disk

// SetDisk has the checkpoint write through what wrap makes of its disk.
func (e *entry) SetDisk(wrap func(Disk) Disk) {
	e.journal.disk = wrap(e.journal.disk)
}

// Read reads a file as Open does, and returns how long its good part is.
func Read(r io.Reader) (good int64, err error) {
	_, good, _, err = readAll(r)
	return good, err
}

// AppendRecord appends a record to a file.
func AppendRecord(b []byte, kind byte, payload []byte) []byte { return appendRecord(b, kind, payload) }
