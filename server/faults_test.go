package server_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/icos-go/icos/internal/faultfs"
	"github.com/icos-go/icos/server"
)

// A rig is a server on a loopback port, whose store is on a file system that can fail, with the bucket "faults".
type rig struct {
	t      *testing.T
	dir    string
	server *server.Server
	url    string
	auth   string
	client *http.Client
	stop   func()
}

// newRig opens dir on fs; identities are on the disk.
func newRig(t *testing.T, dir string, fs vfs.FS) *rig {
	t.Helper()
	s, err := server.New(server.Config{Dir: dir, FS: fs, SigningKey: testKey()})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	g := &rig{t: t, dir: dir, server: s, url: "http://" + ln.Addr().String(), auth: login(t, s), client: &http.Client{Transport: transport}}
	g.stop = sync.OnceFunc(func() {
		transport.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve = %v", err)
		}
		_ = s.Close() // after a disk error Close says so
	})
	t.Cleanup(g.stop)
	status, _, code := g.do("GET", "", nil)
	if code == "NoSuchBucket" {
		status, code = g.put("", nil, "ibm-service-instance-id", s.Credential("").InstanceID())
	}
	if status != 200 {
		t.Fatalf("bucket = %d %s", status, code)
	}
	return g
}

// do sends one request and reads the answer, which must be COS's: a status below 400, or an error document.
func (g *rig) do(method, key string, body []byte, headers ...string) (status int, answer []byte, code string) {
	r, err := http.NewRequest(method, g.url+"/faults/"+key, bytes.NewReader(body))
	if err != nil {
		g.t.Error(err)
		return 0, nil, ""
	}
	r.Header.Set("Authorization", g.auth)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := g.client.Do(r)
	if err != nil {
		g.t.Errorf("%s %s: %v", method, key, err)
		return 0, nil, ""
	}
	defer resp.Body.Close()
	if answer, err = io.ReadAll(resp.Body); err != nil {
		g.t.Errorf("%s %s: read answer: %v", method, key, err)
	}
	if resp.StatusCode < 400 {
		return resp.StatusCode, answer, ""
	}
	var doc struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Status  int `xml:"httpStatusCode"`
	}
	if err := xml.Unmarshal(answer, &doc); err != nil || doc.Code == "" || doc.Status != resp.StatusCode {
		g.t.Errorf("%s %s = %d %q, which is not COS's error document: %v", method, key, resp.StatusCode, answer, err)
	}
	return resp.StatusCode, answer, doc.Code
}

func (g *rig) put(key string, body []byte, headers ...string) (status int, code string) {
	status, _, code = g.do("PUT", key, body, headers...)
	return status, code
}

// content is what the n-th object holds. Its sizes are those of rows, of files of one piece and of files of several.
func content(n uint64) []byte {
	size := []int{700, 100 << 10, 5000, 600 << 10, 0, 20 << 10}[n%6]
	b := make([]byte, size)
	random := rand.NewPCG(n, 1)
	for i := 0; i+8 <= len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], random.Uint64())
	}
	return b
}

func keyOf(n uint64) string { return fmt.Sprintf("object-%06d", n) }

// load is what 32 writers did.
type load struct {
	mu      sync.Mutex // guards the rest
	acked   map[uint64]bool
	refused map[uint64]string // codes
}

const writers = 32

// write puts objects from 32 clients at once until total were answered, and calls at with the number of each before it is
// sent.
func (g *rig) write(l *load, total uint64, at func(n uint64)) {
	var next atomic.Uint64
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for n := next.Add(1); n <= total && !g.t.Failed(); n = next.Add(1) {
				at(n)
				status, code := g.put(keyOf(n), content(n))
				l.mu.Lock()
				if status == 200 {
					l.acked[n] = true
				} else {
					l.refused[n] = code
				}
				l.mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func newLoad() *load { return &load{acked: map[uint64]bool{}, refused: map[uint64]string{}} }

// check reads every object: those acknowledged must be whole, those refused must be whole or not there. A refused write may be
// there only if the server could not know, which maybe says.
func (g *rig) check(l *load, maybe bool) {
	g.t.Helper()
	for n := range l.acked {
		if status, got, code := g.do("GET", keyOf(n), nil); status != 200 || !bytes.Equal(got, content(n)) {
			g.t.Errorf("acknowledged object %d = %d %s, %d bytes", n, status, code, len(got))
		}
	}
	for n := range l.refused {
		status, got, code := g.do("GET", keyOf(n), nil)
		switch {
		case status == 404 && code == "NoSuchKey":
		case maybe && status == 200 && bytes.Equal(got, content(n)):
		default:
			g.t.Errorf("refused object %d = %d %s, %d bytes", n, status, code, len(got))
		}
	}
}

func onFile(kind faultfs.Kind, part string) func(faultfs.Op) bool {
	return func(o faultfs.Op) bool { return o.Kind == kind && strings.Contains(o.Path, part) }
}

// TestDiskErrorsUnderLoad fails one kind of operation in the midst of 32 writers.
func TestDiskErrorsUnderLoad(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault func(faultfs.Op) error
		code  string // of what is refused
		fails bool   // no write is taken until the next start
	}{
		{"a write of a body", faultfs.Nth(3, onFile(faultfs.Write, "blobs"), syscall.EIO), "InternalError", false},
		{"all writes of bodies", faultfs.From(1, onFile(faultfs.Write, "blobs"), syscall.EIO), "InternalError", false},
		{"a sync of a body", faultfs.Nth(2, onFile(faultfs.Sync, "blobs"), syscall.EIO), "InternalError", false},
		{"making of files", faultfs.From(1, onFile(faultfs.Create, "blobs"), syscall.EMFILE), "InternalError", false},
		{"a write of the log", faultfs.Nth(5, onFile(faultfs.Write, ".log"), syscall.EIO), "ServiceUnavailable", true},
		{"a sync of the log", faultfs.Nth(2, onFile(faultfs.Sync, ".log"), syscall.EIO), "ServiceUnavailable", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fs, dir, l := faultfs.NewMem(), t.TempDir(), newLoad()
			g := newRig(t, dir, fs)
			g.write(l, 300, func(n uint64) {
				if n == 100 {
					fs.Fail(tt.fault)
				}
			})
			if len(l.refused) == 0 || len(l.acked) < 100-2*writers {
				t.Fatalf("%d writes were refused, %d acknowledged", len(l.refused), len(l.acked))
			}
			for n, code := range l.refused {
				if code != tt.code {
					t.Errorf("object %d: refused with %s, want %s", n, code, tt.code)
				}
			}
			g.check(l, tt.fails)

			fs.Fail(nil)
			status, code := g.put("after", content(1))
			if want := map[bool]int{false: 200, true: 503}[tt.fails]; status != want {
				t.Errorf("put after the fault = %d %s, want %d", status, code, want)
			}
			g.stop()

			g = newRig(t, dir, fs)
			g.check(l, tt.fails)
			if status, code := g.put("after restart", content(1)); status != 200 {
				t.Errorf("put after the restart = %d %s", status, code)
			}
		})
	}
}

// TestFullDiskUnderLoad fills the disk in the midst of 32 writers, and makes room again.
func TestFullDiskUnderLoad(t *testing.T) {
	fs, dir, l := faultfs.NewMem(), t.TempDir(), newLoad()
	g := newRig(t, dir, fs)
	g.write(l, 300, func(n uint64) {
		if n == 100 {
			fs.Limit(5 << 20)
		}
	})
	if len(l.refused) == 0 || len(l.acked) < 100-2*writers {
		t.Fatalf("%d writes were refused, %d acknowledged", len(l.refused), len(l.acked))
	}
	for n, code := range l.refused {
		if code != "ServiceUnavailable" {
			t.Errorf("object %d: refused with %s, want ServiceUnavailable", n, code)
		}
	}
	g.check(l, false)
	if status, _, code := g.do("DELETE", keyOf(1), nil); status != 204 {
		t.Errorf("delete on a full disk = %d %s", status, code)
	}
	delete(l.acked, 1)

	fs.Limit(1 << 30)
	g.putUntilTaken("after")
	g.stop()
	newRig(t, dir, fs).check(l, false)
}

// putUntilTaken puts an object again and again while the server finds out that the disk has space.
func (g *rig) putUntilTaken(key string) {
	g.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		status, code := g.put(key, content(2))
		if status == 200 {
			return
		}
		if code != "ServiceUnavailable" {
			g.t.Fatalf("put = %d %s, want ServiceUnavailable", status, code)
		}
		<-tick.C
	}
	g.t.Fatal("put is still refused though there is room")
}

// TestPowerLossUnderLoad takes away what was not synced at some moment in the midst of 32 writers.
func TestPowerLossUnderLoad(t *testing.T) {
	for percent := range 3 {
		fs, dir, l := faultfs.NewMem(), t.TempDir(), newLoad()
		g := newRig(t, dir, fs)
		before := newLoad()
		var crashed *faultfs.FS
		g.write(l, 200, func(n uint64) {
			if n != 120 {
				return
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			for n := range l.acked {
				before.acked[n] = true
			}
			crashed = fs.Crash(50*percent, rand.New(rand.NewPCG(1, uint64(percent))))
		})
		g.stop()
		g = newRig(t, dir, crashed)
		for n := range l.acked {
			if !before.acked[n] {
				before.refused[n] = "" // under way or yet to come: whole or not there
			}
		}
		g.check(before, true)
		if status, code := g.put("after", content(3)); status != 200 {
			t.Errorf("put after the power loss = %d %s", status, code)
		}
		g.stop()
	}
}

// TestReadErrorsBreakTheAnswer fails reads of a body: the client must not take what it got for the whole.
func TestReadErrorsBreakTheAnswer(t *testing.T) {
	fs := faultfs.NewMem()
	g := newRig(t, t.TempDir(), fs)
	if status, code := g.put("k", content(3)); status != 200 {
		t.Fatalf("put = %d %s", status, code)
	}
	fs.Fail(faultfs.From(2, onFile(faultfs.Read, "blobs"), syscall.EIO))
	r, err := http.NewRequest("GET", g.url+"/faults/k", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", g.auth)
	resp, err := g.client.Do(r)
	if err == nil {
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("reading = %v, want %v", err, io.ErrUnexpectedEOF)
	}
	fs.Fail(nil)
	if status, got, code := g.do("GET", "k", nil); status != 200 || !bytes.Equal(got, content(3)) {
		t.Errorf("get after the fault = %d %s, %d bytes", status, code, len(got))
	}
}

// TestFailingToOpen fails each operation of a start in turn, the first of a new directory and a later one: the error is
// reported, and the next start finds everything.
func TestFailingToOpen(t *testing.T) {
	dir := t.TempDir()
	kept := faultfs.NewMem()
	g := newRig(t, dir, kept)
	if status, code := g.put("k", content(2)); status != 200 {
		t.Fatalf("put = %d %s", status, code)
	}
	g.stop()

	for _, fresh := range []bool{true, false} {
		failures := 0
		for nth := 1; ; nth++ {
			fs := faultfs.NewMem()
			if !fresh {
				fs = kept.Crash(0, rand.New(rand.NewPCG(1, 1)))
			}
			left := nth
			fs.Fail(func(faultfs.Op) error {
				if left--; left == 0 {
					return syscall.EIO
				}
				return nil
			})
			s, err := server.New(server.Config{Dir: dir, FS: fs, SigningKey: testKey()})
			if err != nil {
				if !errors.Is(err, syscall.EIO) {
					t.Errorf("New with operation %d failing = %v, want %v", nth, err, syscall.EIO)
				}
				failures++
			} else {
				_ = s.Close() // which may be what met the error
			}
			fs.Fail(nil)
			if left > 0 {
				break
			}
			if s, err = server.New(server.Config{Dir: dir, FS: fs, SigningKey: testKey()}); err != nil {
				t.Fatalf("New after operation %d failed = %v", nth, err)
			}
			if w := do(s, "PUT", "/new", "", "Authorization", g.auth, "ibm-service-instance-id", s.Credential("").InstanceID()); w.Code != 200 {
				t.Errorf("create after operation %d of the start before failed = %d %s", nth, w.Code, w.Body)
			}
			if !fresh {
				if w := do(s, "GET", "/faults/k", "", "Authorization", g.auth); w.Code != 200 || !bytes.Equal(w.Body.Bytes(), content(2)) {
					t.Errorf("get after operation %d of the start before failed = %d, %d bytes", nth, w.Code, w.Body.Len())
				}
			}
			if err := s.Close(); err != nil {
				t.Errorf("Close after operation %d failed = %v", nth, err)
			}
		}
		if failures == 0 {
			t.Error("no failing operation was reported")
		}
	}
}

// TestUnwritableIdentities: a credential that can not be kept is not handed out.
func TestUnwritableIdentities(t *testing.T) {
	dir := t.TempDir()
	s := newServer(t, dir)
	if err := os.Rename(filepath.Join(dir, "iam"), filepath.Join(dir, "moved")); err != nil {
		t.Fatal(err)
	}
	if cred, err := s.CreateInstance(t.Context(), "second"); err == nil {
		t.Errorf("CreateInstance = %v without a folder to keep it in", cred)
	}
	if got := len(s.IAM().Instances()); got != 1 {
		t.Errorf("there are %d instances, want 1", got)
	}
	login(t, s)
}
