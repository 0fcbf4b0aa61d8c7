package ascp

import (
	"errors"
	"fmt"
	"io"
)

// An outcome is what the messages of a process say of how it went.
type outcome struct {
	kept   bool // what becomes of a file is no matter of the process
	inits  int
	failed *Message // the last ERROR
	file   *Message // the first FILEERROR
	last   *Message // the last of those that end a session: with a fallback to HTTP there are several
	closed error    // how the connection ended
}

func (o *outcome) hear(m *Message) {
	switch m.Type {
	case Init:
		o.inits++
	case Error:
		o.failed, o.last = m, m
	case Done:
		o.last = m
	case FileError:
		if o.file == nil && !o.kept {
			o.file = m
		}
	}
}

// failure returns nil if all went well: the last word of the process was DONE
// without a code, no file failed, and it exited with status 0.
func (o *outcome) failure(exit, fault error, output string) *Failure {
	f := &Failure{Sessions: o.inits, Output: output}
	switch {
	case fault != nil:
		f.Err = fault
		return f
	case o.last != nil && (o.last.Type == Error || o.last.Int("Code") != 0):
		f.read(o.last)
		if f.Description == "" && o.failed != nil {
			f.Description = o.failed.Get("Description")
		}
		if o.file != nil {
			f.File = o.file.Get("File")
			if f.Code == codeSomeFailed || f.Code == 0 {
				f.read(o.file)
			}
		}
		return f
	case o.file != nil:
		f.read(o.file)
		return f
	case o.last == nil && o.closed != nil && !errors.Is(o.closed, io.EOF):
		f.Err = o.closed
		return f
	case o.last == nil && exit != nil:
		f.Err = fmt.Errorf("ended without saying how: %w", exit)
		return f
	case o.last == nil:
		f.Err = errors.New("ended without saying how")
		return f
	case exit != nil:
		f.Err = fmt.Errorf("said that it was done, and ended otherwise: %w", exit)
		return f
	}
	return nil
}

// codeSomeFailed says that some files failed; which and why is in what was said of
// them.
const codeSomeFailed = 27

// read takes code and words from a message.
func (f *Failure) read(m *Message) {
	f.Code, f.Description = int(m.Int("Code")), m.Get("Description")
	if file := m.Get("File"); file != "" {
		f.File = file
	}
}
