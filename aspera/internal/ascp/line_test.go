//go:build unix

package ascp_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/aspera/internal/ascp"
	"github.com/icos-go/icos/aspera/internal/ascptest"
)

// A lineRig is a line on which files go up.
type lineRig struct {
	*ascp.Line
	store  *store
	script *ascptest.Script
	dir    string
	places chan struct{} // has one for each process
}

func newLineRig(t *testing.T, faults ...ascptest.Fault) *lineRig {
	t.Helper()
	r := &lineRig{
		store: &store{objects: map[string][]byte{}}, script: ascptest.New(t, faults...), dir: t.TempDir(), places: make(chan struct{}, 1),
	}
	g := ascptest.NewGateway(t, r.store)
	g.Admit("good")
	r.Line = &ascp.Line{
		Timing: quick,
		Command: func(context.Context, ascp.Attempt) (*ascp.Command, error) {
			tags := base64.StdEncoding.EncodeToString([]byte(`{"aspera":{"xfer_id":"` + t.Name() + `"}}`))
			args := []string{
				"--mode", "send", "--host", g.Host, "-P", strconv.Itoa(g.Port), "-k", "0", "--tags64", tags,
				"--keepalive", "--dest64", base64.StdEncoding.EncodeToString([]byte("/")),
			}
			return &ascp.Command{Path: ascptest.Path(), Args: args, Env: append(ascp.Environ(), "ASPERA_SCP_TOKEN=good")}, nil
		},
		Acquire: func(ctx context.Context) (func(), error) {
			select {
			case r.places <- struct{}{}:
				return func() { <-r.places }, nil
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		},
	}
	t.Cleanup(r.Close)
	return r
}

// file makes a file.
func (r *lineRig) file(t *testing.T, i int) string {
	t.Helper()
	path := filepath.Join(r.dir, fmt.Sprintf("line\n%d", i))
	if err := os.WriteFile(path, bytes.Repeat([]byte{byte(i)}, 1000+i), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestLine moves many files through few processes.
func TestLine(t *testing.T) {
	for _, tt := range []struct {
		fault  ascptest.Fault
		starts int
		failed int
	}{
		{ascptest.OK, 1, 0},
		{ascptest.Terse, 1, 0},
		{ascptest.Garbage, 1, 0},
		{ascptest.LeavesLater, 2, 0},
		{ascptest.BadToken, 2, 0},
		{ascptest.OneFile.With(5), 1, 1},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			r := newLineRig(t, tt.fault)
			const n = 40
			errs := make([]error, n)
			told := make([]int64, n)
			var all sync.WaitGroup
			for i := range n {
				path := r.file(t, i)
				all.Go(func() {
					errs[i] = r.Move(t.Context(), path, fmt.Sprintf("sub/%d", i), func(n int64) { told[i] = n })
				})
			}
			all.Wait()
			failed := 0
			for i, err := range errs {
				if err != nil {
					failed++
					f, ok := errors.AsType[*ascp.Failure](err)
					if !ok || f.Code != 5 {
						t.Errorf("file %d: %v", i, err)
					}
					continue
				}
				if got := r.store.objects[fmt.Sprintf("sub/%d", i)]; !bytes.Equal(got, bytes.Repeat([]byte{byte(i)}, 1000+i)) {
					t.Errorf("file %d has %d bytes", i, len(got))
				}
				if told[i] != int64(1000+i) {
					t.Errorf("file %d: told of %d bytes", i, told[i])
				}
			}
			r.Close()
			calls := r.script.Calls()
			if failed != tt.failed || len(calls) != tt.starts || len(r.places) != 0 {
				t.Errorf("%d failed, want %d; %d starts, want %d; %d places are taken", failed, tt.failed, len(calls), tt.starts, len(r.places))
			}
			last := calls[len(calls)-1]
			if alive(last.PID) || !strings.HasSuffix(strings.Join(last.Told, "|"), "Type: DONE") {
				t.Errorf("process %d is left, or was told %q last", last.PID, last.Told[len(last.Told)-1])
			}
		})
	}
}

// TestLineEndsIdle ends the process when there is nothing to do, and starts another.
func TestLineEndsIdle(t *testing.T) {
	r := newLineRig(t)
	r.Idle = time.Millisecond
	path := r.file(t, 1)
	for i := range 3 {
		if err := r.Move(t.Context(), path, "k", nil); err != nil {
			t.Fatal(err)
		}
		r.places <- struct{}{} // is free when the process is over
		<-r.places
		if n := len(r.script.Calls()); n != i+1 {
			t.Errorf("%d processes after %d files", n, i+1)
		}
	}
}

// TestLineStops stops one file of several.
func TestLineStops(t *testing.T) {
	r := newLineRig(t, ascptest.Slow)
	why := errors.New("had enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	moving := make(chan struct{})
	var once sync.Once
	first := make(chan error, 1)
	big := filepath.Join(r.dir, "big")
	if err := os.WriteFile(big, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	go func() { first <- r.Move(ctx, big, "big", func(int64) { once.Do(func() { close(moving) }) }) }()
	<-moving
	if err := r.Move(t.Context(), big, "again", nil); !errors.Is(err, ascp.ErrTwice) {
		t.Errorf("the same source: %v", err)
	}
	cancel(why)
	if err := <-first; !errors.Is(err, why) {
		t.Errorf("error is %v", err)
	}
	if _, ok := r.store.objects["big"]; ok {
		t.Error("what was stopped is stored")
	}
	// The process goes on with others.
	ctx, cancel = context.WithCancelCause(t.Context())
	cancel(why)
	if err := r.Move(ctx, r.file(t, 2), "k", nil); !errors.Is(err, why) {
		t.Errorf("error is %v", err)
	}
	if n := len(r.script.Calls()); n != 1 {
		t.Errorf("%d processes", n)
	}
}

// TestLineStuck has a process not stop a file: it goes, and so do the others' files,
// which are moved by another one.
func TestLineStuck(t *testing.T) {
	r := newLineRig(t, ascptest.Silent)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	command, started := r.Command, make(chan struct{})
	var once sync.Once
	r.Command = func(ctx context.Context, at ascp.Attempt) (*ascp.Command, error) {
		once.Do(func() { close(started) })
		return command(ctx, at)
	}
	one, two := r.file(t, 1), r.file(t, 2)
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- r.Move(ctx, one, "k", nil) }()
	<-started
	go func() { second <- r.Move(t.Context(), two, "k2", nil) }()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if err := <-second; err != nil || len(r.store.objects["k2"]) != 1002 {
		t.Errorf("the other file: %v, %d bytes are stored", err, len(r.store.objects["k2"]))
	}
}
