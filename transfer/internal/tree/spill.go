package tree

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
)

// A spill is a temporary file of sorted names. It is used as a stack: a
// directory's names come on top of those of the directories above it, and go
// when it is done.
type spill struct {
	file *os.File
	end  int64
	buf  []byte // of what is being written
}

// A run is a part of a spill that holds names in order, each as the length
// of its text in two bytes, its kind in one, and its text.
type run struct{ pos, end int64 }

const runHeader = 3 // bytes before the text of a name in a run

// spillBuffer is how many bytes are written to a spill at once.
const spillBuffer = 64 << 10

// write appends a sorted sequence of names as one run.
func (s *spill) write(next func() (name, bool, error)) (run, error) {
	if s.file == nil {
		f, err := os.CreateTemp("", "icos-names-")
		if err != nil {
			return run{}, err
		}
		s.file = f
		if runtime.GOOS != "windows" { // where a file that is open cannot be removed
			if err := os.Remove(f.Name()); err != nil {
				return run{}, err
			}
		}
	}
	r := run{s.end, s.end}
	s.buf = s.buf[:0]
	for {
		one, ok, err := next()
		if err != nil {
			return run{}, err
		}
		if ok {
			s.buf = binary.LittleEndian.AppendUint16(s.buf, uint16(len(one.text)))
			s.buf = append(s.buf, byte(one.kind))
			s.buf = append(s.buf, one.text...)
		}
		if !ok || len(s.buf) >= spillBuffer {
			if _, err := s.file.WriteAt(s.buf, r.end); err != nil {
				return run{}, err
			}
			r.end += int64(len(s.buf))
			s.buf = s.buf[:0]
		}
		if !ok {
			s.end = r.end
			return r, nil
		}
	}
}

func (s *spill) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if runtime.GOOS == "windows" && err == nil {
		err = os.Remove(s.file.Name())
	}
	return err
}

// maxFanIn is how many runs are merged at once.
const maxFanIn = 32

// readBuffer is how many bytes of each run are in memory while runs are merged.
const readBuffer = 32 << 10

// A merge yields the names of several runs in order, each once.
type merge struct {
	file *os.File
	runs []*runReader // a heap by current name; those that ended are gone
	last []byte       // what next returned
}

// runReader reads a run.
type runReader struct {
	run         // pos is where buf ends
	buf  []byte // names not yet returned; nil when dropped
	text []byte // the current name; part of buf
	kind Kind
}

// mergeRuns begins to merge runs of s. More than maxFanIn are first made fewer, in s.
func mergeRuns(s *spill, runs []run) (*merge, error) {
	for len(runs) > maxFanIn {
		m, err := newMerge(s.file, runs[:maxFanIn])
		if err != nil {
			return nil, err
		}
		merged, err := s.write(m.next)
		if err != nil {
			return nil, err
		}
		runs = append(slices.Clone(runs[maxFanIn:]), merged)
	}
	return newMerge(s.file, runs)
}

func newMerge(file *os.File, runs []run) (*merge, error) {
	m := &merge{file: file}
	for _, r := range runs {
		reader := &runReader{run: r}
		ok, err := reader.advance(file)
		if err != nil {
			return nil, err
		}
		if ok {
			m.runs = append(m.runs, reader)
		}
	}
	for i := len(m.runs)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
	return m, nil
}

// next returns the next name. What it returned before is no longer valid.
func (m *merge) next() (name, bool, error) {
	for len(m.runs) > 0 {
		top := m.runs[0]
		one, twice := name{top.text, top.kind}, m.last != nil && bytes.Equal(top.text, m.last)
		m.last = append(m.last[:0], one.text...)
		one.text = m.last
		ok, err := top.advance(m.file)
		if err != nil {
			return name{}, false, err
		}
		if !ok {
			m.runs[0] = m.runs[len(m.runs)-1]
			m.runs = m.runs[:len(m.runs)-1]
		}
		m.down(0)
		if !twice {
			return one, true, nil
		}
	}
	return name{}, false, nil
}

// down restores the heap below i.
func (m *merge) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(m.runs); child++ {
			if bytes.Compare(m.runs[child].text, m.runs[least].text) < 0 {
				least = child
			}
		}
		if least == i {
			return
		}
		m.runs[i], m.runs[least] = m.runs[least], m.runs[i]
		i = least
	}
}

// size is how many bytes of memory the merge takes.
func (m *merge) size() int { return len(m.runs) * readBuffer }

// drop gives up the buffers until next is called.
func (m *merge) drop() {
	for _, r := range m.runs {
		r.drop()
	}
}

func (r *runReader) drop() {
	r.text = slices.Clone(r.text)
	r.pos -= int64(len(r.buf))
	r.buf = nil
}

// advance reads the next name of the run, if there is one.
func (r *runReader) advance(file *os.File) (bool, error) {
	if len(r.buf) < runHeader && !r.more() {
		return false, nil
	}
	if err := r.fill(file, runHeader); err != nil {
		return false, err
	}
	size := runHeader + int(binary.LittleEndian.Uint16(r.buf))
	if err := r.fill(file, size); err != nil {
		return false, err
	}
	r.kind, r.text, r.buf = Kind(r.buf[2]), r.buf[runHeader:size], r.buf[size:]
	return true, nil
}

func (r *runReader) more() bool { return len(r.buf) > 0 || r.pos < r.end }

// fill sees to it that the buffer holds n bytes.
func (r *runReader) fill(file *os.File, n int) error {
	if len(r.buf) >= n {
		return nil
	}
	want := min(readBuffer, int64(len(r.buf))+r.end-r.pos)
	if want < int64(n) {
		return fmt.Errorf("temporary file of names: %w", io.ErrUnexpectedEOF)
	}
	// The current name is part of the old buffer, which therefore is not reused.
	buf := make([]byte, want)
	have := copy(buf, r.buf)
	if _, err := file.ReadAt(buf[have:], r.pos); err != nil {
		return fmt.Errorf("temporary file of names: %w", err)
	}
	r.pos += want - int64(have)
	r.buf = buf
	return nil
}
