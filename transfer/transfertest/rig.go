package transfertest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/internal/flaky"
	"github.com/icos-go/icos/transfer"
)

// part is the size of the parts in all checks, the smallest there may be.
const part = 5 << 20

// A rig is a COS that can fail, a bucket in it, and a directory.
type rig struct {
	*testing.T
	net        *flaky.Handler
	cos        *icostest.Server
	client     *icos.Client
	bucket     *icos.Bucket
	dir        string
	state      string
	newManager newManager
}

// newManager makes a Manager for a check.
type newManager = func(*testing.T, *icos.Client, transfer.Options) (*transfer.Manager, error)

func newRig(t *testing.T, cos *icostest.Options, newManager newManager) *rig {
	t.Helper()
	r := &rig{T: t, dir: t.TempDir(), state: filepath.Join(t.TempDir(), "state"), newManager: newManager}
	var o icostest.Options
	if cos != nil {
		o = *cos
	}
	o.Wrap = func(cos http.Handler) http.Handler {
		r.net = flaky.New(cos, flaky.Faults{})
		return r.net
	}
	r.cos = icostest.NewServer(t, &o)
	cfg := r.cos.Config()
	cfg.Retry.BaseDelay = 5 * time.Millisecond // the server fails by design, and is never at its limit
	var err error
	if r.client, err = icos.NewClient(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.client.Close(); err != nil {
			t.Errorf("close the client: %v", err)
		}
	})
	r.bucket = r.client.Bucket("transfers")
	if err := r.bucket.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return r
}

// manager returns a Manager that keeps its checkpoints in state, if it is not
// empty. Parts are small, and go one after the other.
func (r *rig) manager(state string) *transfer.Manager {
	r.Helper()
	m, err := r.newManager(r.T, r.client, transfer.Options{
		PartSize:    part,
		Threshold:   part,
		Connections: 1,
		StateDir:    state,
	})
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { r.close(m) })
	return m
}

func (r *rig) close(m *transfer.Manager) {
	r.Helper()
	if err := m.Close(); err != nil {
		r.Errorf("close the manager: %v", err)
	}
	if n := r.net.InFlight(); n > 0 {
		r.Logf("%d requests are still being served after Close", n) // the server may be last to know
	}
}

// content returns bytes that follow from a seed.
func content(seed uint64, size int64) []byte {
	b := make([]byte, size)
	rand.NewChaCha8([32]byte(binary.LittleEndian.AppendUint64(make([]byte, 24), seed))).Read(b)
	return b
}

// file makes a file.
func (r *rig) file(name string, b []byte) (path string) {
	r.Helper()
	path = filepath.Join(r.dir, name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		r.Fatal(err)
	}
	return path
}

// object makes an object.
func (r *rig) object(key string, b []byte) *icos.Object {
	r.Helper()
	o := r.bucket.Object(key)
	if _, err := o.Put(r.Context(), bytes.NewReader(b), nil); err != nil {
		r.Fatal(err)
	}
	return o
}

// stored checks what an object holds; nil stands for no object.
func (r *rig) stored(o *icos.Object, want []byte) {
	r.Helper()
	r.net.SetFaults(flaky.Faults{})
	got, err := func() ([]byte, error) {
		body, err := o.Get(r.Context(), nil)
		if err != nil {
			return nil, err
		}
		defer body.Close()
		return io.ReadAll(body)
	}()
	r.compare(o.String(), got, err, want)
}

// written checks what a file holds; nil stands for no file.
func (r *rig) written(path string, want []byte) {
	r.Helper()
	got, err := os.ReadFile(path)
	r.compare(path, got, err, want)
}

func (r *rig) compare(what string, got []byte, err error, want []byte) {
	r.Helper()
	switch {
	case want == nil && err == nil:
		r.Errorf("%s is there, with %d bytes", what, len(got))
	case want == nil && !errors.Is(err, fs.ErrNotExist), want != nil && err != nil:
		r.Errorf("%s: %v", what, err)
	case !bytes.Equal(got, want):
		r.Errorf("%s has %d bytes, want %d; they differ from byte %d on", what, len(got), len(want), differ(got, want))
	}
}

func differ(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// clean checks that nothing is left of what was on its way: no upload, no job,
// and no file but those named.
func (r *rig) clean(files ...string) {
	r.Helper()
	for up, err := range r.bucket.Uploads(r.Context(), nil) {
		if err != nil {
			r.Fatal(err)
		}
		r.Errorf("upload %s of %s is still open", up.ID, up.Key)
	}
	keep := map[string]bool{}
	for _, f := range files {
		keep[f] = true
	}
	err := filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !keep[path] {
			r.Errorf("%s is left", path)
		}
		return err
	})
	if err != nil {
		r.Error(err)
	}
	for job, err := range transfer.Jobs(r.state) {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return
			}
			r.Fatal(err)
		}
		r.Errorf("job %s from %s to %s is left", job.ID, job.From, job.To)
	}
}

// partial returns the one file in the directory that is not named.
func (r *rig) partial(files ...string) string {
	r.Helper()
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		r.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		path := filepath.Join(r.dir, e.Name())
		named := false
		for _, f := range files {
			named = named || f == path
		}
		if !named {
			found = append(found, path)
		}
	}
	if len(found) != 1 {
		r.Fatalf("partial files: %q, want one", found)
	}
	return found[0]
}

// must waits for a transfer that has to succeed.
func (r *rig) must(t *transfer.Transfer) transfer.Report {
	r.Helper()
	if err := t.Wait(r.Context()); err != nil {
		r.Fatalf("%v: %v", t, err)
	}
	return t.Report()
}

// moved returns how many bytes of bodies went to the server and came from it
// since the counters were reset.
func (r *rig) moved() (up, down int64) {
	for _, s := range r.net.Traffic() {
		up += s.In
		down += s.Out
	}
	return up, down
}

// partway starts work at a limited rate and returns when so many bytes have
// moved and it is still running.
func (r *rig) partway(ctx context.Context, m *transfer.Manager, w transfer.Work, bytes int64) *transfer.Transfer {
	r.Helper()
	const rate = 24 << 20
	m.SetRate(rate)
	reached := make(chan struct{}, 1)
	t := m.Start(ctx, w, transfer.Observer{Progress: func(_ *transfer.Transfer, p transfer.Progress) {
		if p.Bytes >= bytes {
			select {
			case reached <- struct{}{}:
			default:
			}
		}
	}})
	select {
	case <-reached:
	case <-t.Done():
	}
	select {
	case <-t.Done():
		r.Fatalf("%v was over before %d bytes were seen to have moved: %v", t, bytes, t.Wait(ctx))
	default:
	}
	return t
}
