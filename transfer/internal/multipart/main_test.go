package multipart_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/internal/flaky"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
	"github.com/icos-go/icos/transfer/internal/multipart"
	"github.com/icos-go/icos/transfer/internal/pace"
)

const mib = 1 << 20

// world is a server that can misbehave, and what moves objects to and from it.
type world struct {
	t      *testing.T
	net    *flaky.Handler
	cos    *icostest.Server
	bucket *icos.Bucket
	env    *multipart.Env
	states *checkpoint.Store
	dir    string
}

func newWorld(t *testing.T, o icostest.Options) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	wrap := o.Wrap
	o.Wrap = func(h http.Handler) http.Handler {
		if wrap != nil {
			h = wrap(h)
		}
		w.net = flaky.New(h, flaky.Faults{})
		return w.net
	}
	w.cos = icostest.NewServer(t, &o)
	w.bucket = w.cos.Client().Bucket("box")
	if err := w.bucket.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	w.env = &multipart.Env{Gate: pace.NewGate(4), Pool: pace.NewPool(12 * mib)}
	var err error
	if w.states, err = checkpoint.Open(filepath.Join(w.dir, "state")); err != nil {
		t.Fatal(err)
	}
	w.net.Reset()
	return w
}

// bytesOf returns n bytes that follow from seed.
func bytesOf(seed uint64, n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(b)
	return b
}

// file makes a file and opens it.
func (w *world) file(name string, data []byte) *os.File {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return w.open(name)
}

func (w *world) open(name string) *os.File {
	w.t.Helper()
	f, err := os.OpenFile(filepath.Join(w.dir, name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { f.Close() })
	return f
}

// state opens a checkpoint as a process does that has just begun.
func (w *world) state(kind, key string) *checkpoint.Object {
	w.t.Helper()
	o, err := w.states.Object(checkpoint.Identity{Kind: kind, Endpoint: w.cos.URL, Bucket: "box", Key: key, Path: "/" + key})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { o.Close() })
	return o
}

// stored returns what is stored under key.
func (w *world) stored(key string) []byte {
	w.t.Helper()
	w.net.SetFaults(flaky.Faults{})
	r, err := w.bucket.Object(key).Get(context.Background(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// holds checks what is stored under key.
func (w *world) holds(key string, want []byte) {
	w.t.Helper()
	if got := w.stored(key); !bytes.Equal(got, want) {
		w.t.Errorf("%s: stored %s, want %s", key, short(got), short(want))
	}
}

// fileHolds checks what is in a file.
func (w *world) fileHolds(name string, want []byte) {
	w.t.Helper()
	got, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		w.t.Errorf("%s: has %s, want %s", name, short(got), short(want))
	}
}

func newReader(b []byte) io.Reader { return bytes.NewReader(b) }

// short tells two texts apart in a message.
func short(b []byte) string {
	sum := md5.Sum(b)
	return fmt.Sprintf("%d bytes (MD5 %s)", len(b), hex.EncodeToString(sum[:4]))
}

// quiet waits until the server has noticed that nobody waits for its answers any more.
func (w *world) quiet() {
	for w.net.InFlight() > 0 {
		runtime.Gosched()
	}
}

// uploads returns how many uploads are in progress.
func (w *world) uploads() int {
	w.t.Helper()
	w.net.SetFaults(flaky.Faults{})
	n := 0
	for _, err := range w.bucket.Uploads(context.Background(), nil) {
		if err != nil {
			w.t.Fatal(err)
		}
		n++
	}
	return n
}

// put stores an object in parts of 5 MiB.
func (w *world) put(key string, data []byte) icos.ObjectInfo {
	w.t.Helper()
	info, err := w.bucket.Object(key).Put(w.t.Context(), bytes.NewReader(data), &icos.PutOptions{PartSize: 5 * mib})
	if err != nil {
		w.t.Fatal(err)
	}
	w.net.Reset()
	return info
}
