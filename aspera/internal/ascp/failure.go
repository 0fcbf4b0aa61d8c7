package ascp

import (
	"cmp"
	"fmt"
)

// A Failure is how ascp says that it did not do what it should.
type Failure struct {
	Code        int    // 0 if ascp gave none
	Description string // as ascp worded it; may be empty
	File        string // the file it is about; may be empty
	Sessions    int    // processes that said they were up
	Output      string // the end of what was written to standard error
	Err         error  // what happened to the process or its connection; may be nil
}

func (f *Failure) Error() string {
	text := cmp.Or(f.Description, "ended without saying how")
	if f.Err != nil && f.Description == "" {
		text = f.Err.Error()
	}
	if f.Code != 0 {
		text += fmt.Sprintf(" (code %d)", f.Code)
	}
	return text
}

func (f *Failure) Unwrap() error { return f.Err }

// passing reports whether the same transfer may succeed later. A process that
// vanished without a word is not tried again: it would vanish again.
func (f *Failure) passing() bool { return passing(f.Code, f.Description) }
