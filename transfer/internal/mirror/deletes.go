package mirror

import (
	"errors"
	"iter"
)

// Deletes is the list of what a target has and its source has not. It keeps at most
// 1 MiB in memory and the rest in a temporary file. [Plan] fills it.
//
// It gives nothing away before its plan came to the end, and nothing at all if part of
// either tree could not be read, because then what looks like missing in the
// source may be there.
type Deletes struct {
	sum     Sum
	blocked error
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

// NewDeletes returns an empty list whose temporary file, if one is needed, is made in dir;
// "" means os.TempDir.
func NewDeletes(dir string) *Deletes { return &Deletes{blocked: errUnfinished} }

// Sum returns how much All would yield. It is right once the plan has ended.
func (d *Deletes) Sum() Sum { return d.sum }

// Blocked returns why nothing may be deleted, nil if All may be asked.
func (d *Deletes) Blocked() error { return d.blocked }

// Block forbids deletions for a reason of the caller, such as a copy that failed.
// Of several reasons the first is kept.
func (d *Deletes) Block(err error) {}

// All yields the entries to delete in byte order of their keys, with Key, Kind
// and Size set. An error comes last; the error is that of Blocked if there is one.
func (d *Deletes) All() iter.Seq2[Entry, error] { return func(func(Entry, error) bool) {} }

// Close removes the temporary file.
func (d *Deletes) Close() error { return nil }
