package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/icos-go/icos/internal/control"
)

// topLive takes the terminal, and gives it back on whichever way it returns, a
// panic and a signal included.
func (a *app) topLive(ctx context.Context, dir string, every time.Duration) (err error) {
	in, ok := a.stdin.(*os.File)
	if !ok {
		return errors.New("standard input is no terminal")
	}
	raw, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return fmt.Errorf("take the terminal: %w", err)
	}
	ctx, stop := signal.NotifyContext(ctx, endSignals()...)
	defer stop()
	// The other screen, without a cursor and without wrapping; and back.
	defer func() {
		_, werr := io.WriteString(a.stdout, "\x1b[?7h\x1b[?25h\x1b[?1049l")
		err = errors.Join(err, werr, term.Restore(int(in.Fd()), raw))
	}()
	if _, err := io.WriteString(a.stdout, "\x1b[?1049h\x1b[?25l\x1b[?7l"); err != nil {
		return fmt.Errorf("write to the terminal: %w", err)
	}
	l := &topLoop{
		out: a.stdout, dir: dir, every: every, keys: make(chan []key), looks: make(chan found), outcomes: make(chan outcome), panics: make(chan any, 1),
		size: func() (cols, rows int) {
			cols, rows, err := term.GetSize(int(in.Fd()))
			if err != nil || cols <= 0 || rows <= 0 {
				return 80, 24
			}
			return cols, rows
		},
	}
	go readKeys(in, l.keys) // ends with the process: a read of a terminal cannot be broken off everywhere
	return l.run(ctx)
}

// readKeys sends what is typed, and closes keys when nothing can be typed any more.
func readKeys(in io.Reader, keys chan<- []key) {
	defer close(keys)
	var b [256]byte
	for {
		n, err := in.Read(b[:])
		if n > 0 {
			keys <- parseKeys(b[:n])
		}
		if err != nil {
			return
		}
	}
}

// topLoop is icos top while it has the terminal. All of topState is owned by the
// goroutine of run.
type topLoop struct {
	topState
	out   io.Writer
	dir   string
	every time.Duration
	size  func() (cols, rows int)

	keys     chan []key
	looks    chan found
	outcomes chan outcome
	looking  bool // a look is under way
	group    sync.WaitGroup
	panics   chan any // of goroutines, so that the terminal is given back first
}

// found is what one look found.
type found struct {
	jobs []control.Job
	err  error
}

// outcome is how one request ended.
type outcome struct {
	order
	err error
}

// run shows and obeys until somebody leaves. It returns when all it began has
// ended.
func (l *topLoop) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer l.group.Wait()
	defer cancel()
	resized := make(chan os.Signal, 1)
	notifyResize(resized)
	defer signal.Stop(resized)
	tick := time.NewTicker(l.every)
	defer tick.Stop()
	l.look(ctx)
	for {
		if err := l.draw(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
			l.look(ctx)
		case <-resized:
		case p := <-l.panics:
			panic(p)
		case f := <-l.looks:
			l.looking = false
			l.update(f.jobs)
			if f.err != nil {
				l.message = printable(f.err.Error())
			}
		case o := <-l.outcomes:
			l.told(o.order, o.err)
			l.look(ctx)
		case keys, ok := <-l.keys:
			if !ok {
				return nil // the terminal has gone
			}
			for _, k := range keys {
				o := l.key(k)
				if o.quit {
					return nil
				}
				l.carryOut(ctx, o)
			}
		}
	}
}

// look asks what runs, unless it is being asked already: a process that does not
// answer takes seconds.
func (l *topLoop) look(ctx context.Context) {
	if l.looking {
		return
	}
	l.looking = true
	l.begin(func() {
		jobs, err := control.List(ctx, l.dir)
		select {
		case l.looks <- found{jobs, err}:
		case <-ctx.Done():
		}
	})
}

// carryOut sends a request without waiting for its end: a pause takes until no
// byte is in flight.
func (l *topLoop) carryOut(ctx context.Context, o order) {
	if o.target == "" {
		return
	}
	l.begin(func() {
		err := control.Do(ctx, l.dir, o.target, o.Request)
		select {
		case l.outcomes <- outcome{o, err}:
		case <-ctx.Done():
		}
	})
}

// begin runs f beside the loop, and has the loop panic if f does.
func (l *topLoop) begin(f func()) {
	l.group.Go(func() {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			select {
			case l.panics <- p:
			default: // one is enough
			}
		}()
		f()
	})
}

// draw replaces the screen in one write, so that nothing flickers.
func (l *topLoop) draw() error {
	cols, rows := l.size()
	var b strings.Builder
	b.WriteString("\x1b[H") // home; there is a line for each row of the screen
	for i, line := range l.view(time.Now(), cols, rows) {
		if i > 0 {
			b.WriteString("\r\n")
		}
		// The line is cleared first: after one that fills the screen's width the
		// cursor stands on the last character.
		b.WriteString("\x1b[K")
		b.WriteString(line)
	}
	if _, err := io.WriteString(l.out, b.String()); err != nil {
		return fmt.Errorf("write to the terminal: %w", err)
	}
	return nil
}
