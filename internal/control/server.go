package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// How long a caller may take to say what it wants, and to take its answer.
const patience = 5 * time.Second

// maxCallers is how many connections are served at once; more wait.
const maxCallers = 16

// A Server answers on the socket of this process.
type Server struct {
	handler Handler
	ln      *net.UnixListener
	path    string // of the socket

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	slots  chan struct{}
	group  sync.WaitGroup // the accepting goroutine and one for each caller
}

// Serve makes a socket for this process in dir, which it makes too if need be,
// and answers on it until Close. Sockets that died with their processes are
// removed.
func Serve(dir string, h Handler) (*Server, error) {
	if dir == "" {
		return nil, errors.New("serve control socket: no directory for it")
	}
	if err := makePrivate(dir); err != nil {
		return nil, fmt.Errorf("serve control socket: %w", err)
	}
	sweep(dir)
	name := socketName(os.Getpid())
	ln, err := listen(dir, name)
	if err != nil {
		return nil, fmt.Errorf("serve control socket: %w", err)
	}
	s := &Server{handler: h, ln: ln, path: filepath.Join(dir, name), slots: make(chan struct{}, maxCallers)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.group.Go(s.accept)
	return s, nil
}

// socketName is unique among processes, and among the servers of one.
func socketName(pid int) string {
	return strconv.Itoa(pid) + "-" + strconv.FormatUint(uint64(rand.Uint32()), 36) + suffix
}

const suffix = ".sock"

func listen(dir, name string) (_ *net.UnixListener, err error) {
	short, done, err := shortPath(dir, name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
	if err != nil {
		return nil, err
	}
	ln.SetUnlinkOnClose(false) // by a path that may be gone by then
	if err := os.Chmod(filepath.Join(dir, name), 0o600); err != nil {
		return nil, errors.Join(err, ln.Close(), os.Remove(filepath.Join(dir, name)))
	}
	return ln, nil
}

// Close removes the socket, and waits for requests that are being served.
func (s *Server) Close() error {
	s.cancel()
	err := s.ln.Close()
	if rerr := os.Remove(s.path); !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	s.group.Wait()
	return err
}

func (s *Server) accept() {
	for {
		s.slots <- struct{}{}
		conn, err := s.ln.Accept()
		if err != nil {
			<-s.slots
			if s.ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			select { // out of file descriptors, say: the transfer itself comes first
			case <-s.ctx.Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		s.group.Go(func() {
			defer func() { <-s.slots }()
			s.serve(conn)
		})
	}
}

// serve answers one caller. Nobody is told if that fails: the caller has gone.
func (s *Server) serve(conn net.Conn) {
	defer conn.Close()
	if checkPeer(conn) != nil || conn.SetReadDeadline(time.Now().Add(patience)) != nil {
		return
	}
	stop := context.AfterFunc(s.ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	var a answer
	var r request
	if err := json.NewDecoder(io.LimitReader(conn, maxRequest)).Decode(&r); err != nil {
		a.Error = fmt.Sprintf("a request is one JSON object of at most %d bytes", maxRequest)
	} else {
		a = s.do(r)
	}
	line, err := encode(a)
	if err != nil || conn.SetWriteDeadline(time.Now().Add(patience)) != nil {
		return
	}
	_, _ = conn.Write(line)
}

func (s *Server) do(r request) answer {
	switch {
	case r.V != Version:
		return answer{Error: fmt.Sprintf("this icos speaks version %d of the protocol, not %d", Version, r.V)}
	case r.Do == list:
		return answer{Jobs: bounded(s.handler.Jobs())}
	}
	req := Request{Do: r.Do, Rate: r.Rate}
	err := req.check()
	if err == nil {
		err = s.handler.Do(s.ctx, r.ID, req)
	}
	if err != nil {
		return answer{Error: cut(err.Error()), NoJob: errors.Is(err, ErrNoJob)}
	}
	return answer{}
}

// bounded is jobs within the bounds of an answer. Names of objects on their way
// are left out when there are too many of them.
func bounded(jobs []Job) []Job {
	jobs = append([]Job(nil), jobs[:min(len(jobs), maxJobs)]...)
	left := maxAnswer / 8 // bytes of names, which may be several times as long in JSON
	for i := range jobs {
		j := &jobs[i]
		j.ID, j.Command, j.Work, j.State = cut(j.ID), cut(j.Command), cut(j.Work), cut(j.State)
		j.Bound, j.Detail = cut(j.Bound), cut(j.Detail)
		all := j.Active[:min(len(j.Active), maxActive)]
		j.Active = nil
		for _, a := range all {
			a.Name = cut(a.Name)
			if left -= len(a.Name); left < 0 {
				break
			}
			j.Active = append(j.Active, a)
		}
	}
	return jobs
}

// cut is s, or its beginning if it is too long, as text that JSON can hold.
func cut(s string) string {
	end := ""
	if len(s) > maxName {
		s, end = s[:maxName], "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD") + end
}

// encode makes a line of a. If it is too long it does without the names of
// objects on their way, and then without some jobs.
func encode(a answer) ([]byte, error) {
	a.V = Version
	for {
		line, err := json.Marshal(a)
		if err != nil || len(line) < maxAnswer {
			return append(line, '\n'), err
		}
		if !dropActive(a.Jobs) {
			a.Jobs = a.Jobs[:len(a.Jobs)/2]
		}
	}
}

// dropActive reports whether there was something to drop.
func dropActive(jobs []Job) bool {
	dropped := false
	for i := range jobs {
		dropped = dropped || jobs[i].Active != nil
		jobs[i].Active = nil
	}
	return dropped
}
