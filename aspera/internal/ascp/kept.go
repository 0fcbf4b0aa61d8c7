package ascp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// A kept is a process that is kept alive and given one file after the other, which
// saves the seconds that each takes to start and to be let in.
type kept struct {
	p      *process
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when the process is over

	mu      sync.Mutex // guards what follows
	ready   bool       // the session is established: files may be named
	entries []*entry   // on their way, in the order in which they were named
	credits int        // files that are settled and whose ARGSTOP has not come
	over    error      // why no file is taken any more; nil while some are
}

// An entry is a file on its way.
type entry struct {
	source, destination string
	moved               func(bytes int64)
	result              chan error // gets one
}

var (
	errEnded = errors.New("the session ended")
	errStuck = errors.New("a file could not be stopped")
)

// keep starts a process, which ends when ctx does, and calls release when it has
// ended.
func keep(ctx context.Context, c *Command, timing Timing, rates func() Rates, release func()) *kept {
	ctx, cancel := context.WithCancelCause(ctx)
	k := &kept{cancel: cancel, done: make(chan struct{})}
	k.p = &process{timing: timing, rates: rates, hear: k.hear, idle: k.idle}
	k.p.outcome.kept = true
	if rates != nil {
		k.p.asked = rates()
	}
	go func() {
		defer close(k.done)
		defer release()
		defer cancel(nil)
		k.finish(k.p.run(ctx, c))
	}()
	return k
}

// move moves a file. The error is a *Failure, or that of ctx.
func (k *kept) move(ctx context.Context, source, destination string, moved func(int64)) error {
	e := &entry{source, destination, moved, make(chan error, 1)}
	k.mu.Lock()
	if k.over != nil {
		defer k.mu.Unlock()
		return k.over
	}
	for _, other := range k.entries {
		if other.source == source {
			k.mu.Unlock()
			return ErrTwice
		}
	}
	k.entries = append(k.entries, e)
	if k.ready {
		k.p.send(e.start())
	}
	k.mu.Unlock()

	select {
	case err := <-e.result:
		return err
	case <-ctx.Done():
	}
	// It may be complete meanwhile; if nothing is heard of it the process has to go,
	// and with it what else it moves.
	k.p.send(&Message{Type: Stop, Fields: []Field{{"Source", source}}})
	select {
	case err := <-e.result:
		if err == nil {
			return nil
		}
	case <-time.After(k.p.timing.Grace):
		k.cancel(&Failure{Code: codeLost, Err: errStuck})
		<-e.result
	}
	return context.Cause(ctx)
}

// codeLost is the code of a lost connection, which may pass.
const codeLost = 16

func (e *entry) start() *Message {
	return &Message{Type: Start, Fields: []Field{{"Source", e.source}, {"Destination", e.destination}}}
}

// hear takes from a message what has become of files.
func (k *kept) hear(m *Message) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch m.Type {
	case Session:
		if !k.ready {
			k.ready = true
			for _, e := range k.entries {
				k.p.send(e.start())
			}
		}
	case Stats:
		if e := k.find(m.Get("File")); e != nil && e.moved != nil {
			e.moved(max(m.Int("FileBytes"), m.Int("Written")))
		}
	case Stop, Skip:
		k.settle(k.find(m.Get("File")), nil)
	case FileError:
		f := new(Failure)
		f.read(m)
		k.settle(k.find(m.Get("File")), f)
	case ArgStop:
		switch {
		case k.credits > 0:
			k.credits--
		case len(k.entries) == 0:
		case m.Int("ArgTransfersFailed") > 0:
			e := k.entries[0]
			k.settle(e, &Failure{File: e.source, Err: errors.New("failed without saying why")})
			k.credits--
		default:
			k.settle(k.entries[0], nil)
			k.credits--
		}
	}
}

// find returns the entry of a file, which ascp names by one of its ends; nil if there
// is none. k.mu is held.
func (k *kept) find(file string) *entry {
	for _, e := range k.entries {
		if file == e.source || file == e.destination {
			return e
		}
	}
	// Below another root several may end alike, x and b/x: the longest is meant.
	var found *entry
	longest := 0
	for _, e := range k.entries {
		for _, name := range []string{e.source, e.destination} {
			if name = "/" + strings.TrimPrefix(name, "/"); len(name) > longest && strings.HasSuffix(file, name) {
				found, longest = e, len(name)
			}
		}
	}
	return found
}

// settle says what has become of a file. k.mu is held.
func (k *kept) settle(e *entry, err error) {
	if e == nil {
		return
	}
	for i, other := range k.entries {
		if other == e {
			k.entries = append(k.entries[:i], k.entries[i+1:]...)
			k.credits++
			e.result <- err
			return
		}
	}
}

// finish says that the process is over.
func (k *kept) finish(err error) {
	if err == nil {
		err = &Failure{Code: codeLost, Err: errEnded}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.over = err
	for _, e := range k.entries {
		e.result <- err
	}
	k.entries = nil
}

// idle reports whether nothing is on its way: then nothing need be heard.
func (k *kept) idle() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.entries) == 0
}

// ended says why no file is taken any more; nil while some are.
func (k *kept) ended() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.over
}

// close ends the session and waits for the process.
func (k *kept) close() {
	k.mu.Lock()
	if k.over == nil {
		k.over = fmt.Errorf("use a session: %w", errEnded)
	}
	k.mu.Unlock()
	k.p.send(&Message{Type: Done})
	select {
	case <-k.done:
	case <-time.After(k.p.timing.Connect):
		k.cancel(errEnded)
		<-k.done
	}
}
