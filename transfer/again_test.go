package transfer_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/transfer"
)

// A sync that an object keeps from succeeding for good looks at the target each
// time, and its sums are those of one run.
func TestSyncComparesAgainAfterFailures(t *testing.T) {
	b := bucket(t, nil)
	dir := t.TempDir()
	write(t, dir, map[string]string{"a": "1", "b": "2", "c": "3"})
	if err := os.WriteFile(filepath.Join(dir, "zz\xff"), nil, 0o600); err != nil {
		t.Skip("this system takes no such name:", err)
	}
	state := t.TempDir()
	for round := range 3 {
		m := manager(t, b.Client(), &transfer.Options{StateDir: state})
		tr := m.Start(t.Context(), transfer.Sync{
			From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: b, Prefix: "again/"}, Compare: transfer.Auto,
		})
		var failed *transfer.FailedError
		if err := tr.Wait(t.Context()); !errors.As(err, &failed) || failed.Failed != 1 {
			t.Fatalf("round %d: %v, want one failure", round, err)
		}
		p := tr.Progress()
		copied, skipped := int64(1), int64(2)
		if round == 0 {
			copied, skipped = 3, 0
		}
		if p.Objects != copied || p.Skipped != skipped || p.Failed != 1 {
			t.Errorf("round %d: %d copied, %d skipped, %d failed; want %d, %d, 1", round, p.Objects, p.Skipped, p.Failed, copied, skipped)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if ok, err := b.Object("again/b").Exists(t.Context()); err != nil || !ok {
			t.Errorf("round %d: the object that had been removed is not there: %v", round, err)
		}
		if err := b.Object("again/b").Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// What has arrived of the objects of a tree counts for its job.
func TestJobsCountParts(t *testing.T) {
	const part = 5 << 20
	second, hold := make(chan struct{}), make(chan struct{})
	var once sync.Once
	b := bucket(t, &icostest.Options{Wrap: func(cos http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n := r.URL.Query().Get("partNumber"); n != "" && n != "1" {
				once.Do(func() { close(second) }) // the first has been answered
				select {
				case <-hold:
				case <-r.Context().Done():
				}
				return
			}
			cos.ServeHTTP(w, r)
		})
	}})
	defer close(hold)
	dir, state := t.TempDir(), t.TempDir()
	write(t, dir, map[string]string{"large": string(fill(1, 3*part))})
	m := manager(t, b.Client(), &transfer.Options{StateDir: state, PartSize: part, Connections: 1})
	tr := m.UploadDir(t.Context(), dir, b, "parts/")
	<-second
	if err := tr.Pause(); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	list := jobs(t, state)
	if len(list) != 1 || list[0].Bytes != part || list[0].Objects != 0 {
		t.Errorf("jobs are %+v, want one with the bytes of one part", list)
	}
}
