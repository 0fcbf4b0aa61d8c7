package control

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How long a process may take to say what it runs, and to do what it is asked:
// a pause waits until no byte is in flight.
const (
	listPatience = 2 * time.Second
	doPatience   = 30 * time.Second
)

// maxSockets is how many processes are asked.
const maxSockets = 1024

// List returns what all processes of this user run, oldest first. There may be
// both jobs and an error: the error then tells of processes that do not answer.
func List(ctx context.Context, dir string) ([]Job, error) {
	found, err := ask(ctx, dir)
	var jobs []Job
	for _, f := range found {
		jobs = append(jobs, f.jobs...)
	}
	slices.SortStableFunc(jobs, func(a, b Job) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.PID, b.PID), cmp.Compare(a.ID, b.ID))
	})
	return jobs, err
}

// Do sends r to the process that runs the job called id and waits until it is
// done. The beginning of a name will do if no other job's begins so, and PID:ID
// names the process too. If there is no such job the error is [ErrNoJob].
func Do(ctx context.Context, dir, id string, r Request) error {
	if err := r.check(); err != nil {
		return err
	}
	socket, j, err := find(ctx, dir, id)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, doPatience)
	defer cancel()
	if _, err := call(ctx, dir, socket, request{Do: r.Do, ID: j.ID, Rate: r.Rate}); err != nil {
		return fmt.Errorf("%s %s: %w", r.Do, j.ID, err)
	}
	return nil
}

// Find returns the job called id, which is written as for [Do].
func Find(ctx context.Context, dir, id string) (Job, error) {
	_, j, err := find(ctx, dir, id)
	return j, err
}

func find(ctx context.Context, dir, id string) (socket string, j Job, err error) {
	found, unanswered := ask(ctx, dir)
	socket, j, err = match(found, id)
	if errors.Is(err, ErrNoJob) {
		err = errors.Join(err, unanswered)
	}
	return socket, j, err
}

// process is what one process runs.
type process struct {
	socket string // name of its socket
	jobs   []Job
}

// match finds the job that id means: its name, the beginning of it if that is
// enough, or either with the process in front, as in 4711:1f3a.
func match(found []process, id string) (socket string, job Job, err error) {
	pid, name, qualified := strings.Cut(id, ":")
	if !qualified {
		name = id
	}
	exact, near := 0, 0
	for _, p := range found {
		for _, j := range p.jobs {
			if qualified && pid != strconv.Itoa(j.PID) {
				continue
			}
			switch {
			case j.ID == name:
				exact++
				socket, job = p.socket, j
			case name != "" && strings.HasPrefix(j.ID, name) && exact == 0:
				near++
				socket, job = p.socket, j
			}
		}
	}
	switch {
	case exact == 1, exact == 0 && near == 1:
		return socket, job, nil
	case exact > 1:
		return "", Job{}, fmt.Errorf("job %q: several processes run one of that name; write PID:%s", id, name)
	case near > 1:
		return "", Job{}, fmt.Errorf("job %q: %d running jobs begin so; write more of its name", id, near)
	}
	return "", Job{}, fmt.Errorf("job %q: %w", id, ErrNoJob)
}

// ask asks all processes what they run, in the order of their sockets' names.
func ask(ctx context.Context, dir string) ([]process, error) {
	if dir == "" {
		return nil, nil
	}
	names, err := sockets(dir)
	if err != nil {
		return nil, fmt.Errorf("look for running jobs: %w", err)
	}
	found, errs := make([]process, len(names)), make([]error, len(names))
	var group sync.WaitGroup
	slots := make(chan struct{}, maxCallers)
	for i, name := range names {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(ctx, listPatience)
			defer cancel()
			a, err := call(ctx, dir, name, request{Do: list})
			switch {
			case err == nil:
				found[i] = process{name, a.Jobs}
			case dead(err), errors.Is(err, fs.ErrNotExist): // it has just ended, or died long ago
				buryIfOld(filepath.Join(dir, name))
			default:
				pid, _, _ := strings.Cut(name, "-")
				errs[i] = fmt.Errorf("process %s does not answer: %w", pid, err)
			}
		})
	}
	group.Wait()
	return found, errors.Join(errs...)
}

// sockets returns the names of all sockets in dir, sorted. A directory that is
// not there has none.
func sockets(dir string) ([]string, error) {
	err := private(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(maxSockets)
	if err != nil && err != io.EOF {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !isSocketName(name) })
	slices.Sort(names)
	return names, nil
}

// isSocketName reports whether name is one of those that Serve makes.
func isSocketName(name string) bool {
	pid, rest, ok := strings.Cut(name, "-")
	_, err := strconv.Atoi(pid)
	return ok && err == nil && strings.HasSuffix(rest, suffix)
}

// call sends one request to a socket and returns its answer.
func call(ctx context.Context, dir, name string, r request) (answer, error) {
	conn, err := dial(ctx, dir, name)
	if err != nil {
		return answer{}, err
	}
	defer conn.Close()
	if err := checkPeer(conn); err != nil {
		return answer{}, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	r.V = Version
	line, err := json.Marshal(r)
	if err != nil {
		return answer{}, err
	}
	if _, err := conn.Write(append(line, '\n')); err != nil {
		return answer{}, because(ctx, err)
	}
	var a answer
	if err := json.NewDecoder(io.LimitReader(conn, maxAnswer+1)).Decode(&a); err != nil {
		return answer{}, because(ctx, fmt.Errorf("read answer: %w", err))
	}
	switch {
	case a.NoJob:
		return answer{}, ErrNoJob
	case a.Error != "":
		return answer{}, errors.New(a.Error)
	case a.V != Version:
		return answer{}, fmt.Errorf("it speaks version %d of the protocol, this icos version %d", a.V, Version)
	}
	return a, nil
}

func dial(ctx context.Context, dir, name string) (_ net.Conn, err error) {
	short, done, err := shortPath(dir, name)
	if err != nil {
		return nil, err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", short)
	if derr := done(); derr != nil {
		if err == nil {
			err = conn.Close()
		}
		return nil, errors.Join(err, derr)
	}
	return conn, err
}

// because puts the reason why a connection was cut short before what was seen of it.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// youth is how old a socket must be to be taken for dead: a process that is
// just making it has a socket that refuses, for an instant.
const youth = time.Minute

// wsaConnRefused is what Windows says for ECONNREFUSED.
const wsaConnRefused = syscall.Errno(10061)

// dead reports whether nobody listens on a socket any more.
func dead(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, wsaConnRefused)
}

// buryIfOld removes a dead socket. Whoever else does so too is welcome, so
// errors do not matter.
func buryIfOld(path string) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket != 0 && time.Since(info.ModTime()) > youth {
		_ = os.Remove(path)
	}
}

// sweep removes the sockets of processes that were killed.
func sweep(dir string) {
	names, err := sockets(dir)
	if err != nil {
		return // Serve says what is wrong with the directory
	}
	ctx, cancel := context.WithTimeout(context.Background(), listPatience)
	defer cancel()
	for _, name := range names {
		conn, err := dial(ctx, dir, name)
		switch {
		case err == nil:
			_ = conn.Close() // it lives
		case dead(err):
			buryIfOld(filepath.Join(dir, name))
		}
	}
}
