package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/transfer"
)

// fill returns n bytes that follow from a seed.
func fill(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	r.Read(b) //nolint:errcheck // it never fails
	return b
}

// file makes a file of n bytes that follow from a seed.
func file(t testing.TB, seed uint64, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), fmt.Sprintf("file-%d", seed))
	if err := os.WriteFile(path, fill(seed, n), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// write makes the files of a directory: names to contents.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// read returns the files of a directory: names to contents.
func read(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if d.Type()&os.ModeSymlink != 0 {
			target, err := os.Readlink(path)
			files[filepath.ToSlash(name)] = "-> " + target
			return err
		}
		content, err := os.ReadFile(path)
		files[filepath.ToSlash(name)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// stored returns the objects of a bucket: keys to contents.
func stored(t testing.TB, b *icos.Bucket) map[string]string {
	t.Helper()
	objects := map[string]string{}
	for o, err := range b.Objects(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		objects[o.Key] = string(get(t, b.Object(o.Key)))
	}
	return objects
}

func get(t testing.TB, o *icos.Object) []byte {
	t.Helper()
	r, err := o.Get(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t testing.TB, o *icos.Object, content []byte) {
	t.Helper()
	if _, err := o.Put(t.Context(), bytes.NewReader(content), nil); err != nil {
		t.Fatal(err)
	}
}

// bucket makes a bucket on a server of its own.
func bucket(t testing.TB, o *icostest.Options) *icos.Bucket {
	t.Helper()
	b := icostest.NewServer(t, o).Client().Bucket("bucket-" + fmt.Sprint(rand.Uint32()))
	if err := b.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return b
}

// manager makes a Manager that is closed at the end.
func manager(t testing.TB, c *icos.Client, o *transfer.Options) *transfer.Manager {
	t.Helper()
	m, err := transfer.NewManager(c, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// uploads returns how many multipart uploads a bucket has.
func uploads(t testing.TB, b *icos.Bucket) int {
	t.Helper()
	n := 0
	for _, err := range b.Uploads(context.WithoutCancel(t.Context()), nil) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// offline returns a client of a service that is never asked.
func offline(t testing.TB) *icos.Client {
	t.Helper()
	c, err := icos.NewClient(icos.Config{Endpoint: "http://127.0.0.1:1", Credentials: auth.Anonymous})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A fake moves 1,000 bytes a tick of 10 ms, and knows after a pause how far it was.
type fake struct {
	fail error // at half of the way

	mu    sync.Mutex
	moved map[string]int64
}

func (f *fake) Upload(ctx context.Context, j *transfer.Job) error {
	return f.move(ctx, j, j.Info().Size)
}

func (f *fake) Download(context.Context, *transfer.Job) error { return errors.ErrUnsupported }

func (f *fake) move(ctx context.Context, j *transfer.Job, size int64) error {
	f.mu.Lock()
	if f.moved == nil {
		f.moved = map[string]int64{}
	}
	at := f.moved[j.Path()]
	f.mu.Unlock()
	if at > 0 {
		j.Resumed(at)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for at < size {
		n := min(1000, size-at)
		if err := j.Wait(ctx, int(n)); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		at += n
		j.Progress(n)
		if at%5000 == 0 {
			j.Progress(-500) // some of it was damaged
			j.Progress(500)
		}
		f.mu.Lock()
		f.moved[j.Path()] = at
		f.mu.Unlock()
		if f.fail != nil && at >= size/2 {
			return f.fail
		}
	}
	return nil
}

// jobs returns what a state directory has.
func jobs(t testing.TB, stateDir string) []transfer.JobInfo {
	t.Helper()
	var list []transfer.JobInfo
	for j, err := range transfer.Jobs(stateDir) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, j)
	}
	return list
}
