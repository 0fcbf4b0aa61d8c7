package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/internal/flaky"
	"github.com/icos-go/icos/transfer"
)

// watched makes a bucket on a server that counts.
func watched(t testing.TB) (*icos.Bucket, *flaky.Handler) {
	var net *flaky.Handler
	b := bucket(t, &icostest.Options{Now: earlier, Wrap: func(cos http.Handler) http.Handler {
		net = flaky.New(cos, flaky.Faults{})
		return net
	}})
	return b, net
}

// earlier is the clock of a server whose objects are older than the second in which
// a job begins. Of those of the same second it is not known whether they changed
// since.
func earlier() time.Time { return time.Now().Add(-10 * time.Second) }

// forest is a tree of small files and two that have parts.
func forest(n int) map[string]string {
	files := map[string]string{
		"b/large-1": string(fill(1, 17<<20)),
		"d/large-2": string(fill(2, 12<<20)),
	}
	for i := range n {
		files[fmt.Sprintf("%c/%03d", 'a'+rune(i%5), i)] = strings.Repeat(fmt.Sprint(i), 1000)
	}
	return files
}

func total(files map[string]string) (n int64) {
	for _, content := range files {
		n += int64(len(content))
	}
	return n
}

// ticker is an observer that closes a channel when so many bytes have moved.
func ticker(bytes int64) (transfer.Observer, <-chan struct{}) {
	reached := make(chan struct{})
	var once sync.Once
	return transfer.Observer{Progress: func(_ *transfer.Transfer, p transfer.Progress) {
		if p.Bytes >= bytes {
			once.Do(func() { close(reached) })
		}
	}}, reached
}

const slowly = 20 << 20 // bytes a second, so that there is time to interrupt

var slow = transfer.Options{PartSize: 5 << 20, Threshold: 5 << 20, Rate: slowly, Concurrency: 3}

// directions are trees to move both ways. Each returns the work and what checks it.
var directions = []struct {
	name string
	work func(b *icos.Bucket, dir string) transfer.Sync
}{
	{"up", func(b *icos.Bucket, dir string) transfer.Sync {
		return transfer.Sync{From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: b, Prefix: "p/"}}
	}},
	{"down", func(b *icos.Bucket, dir string) transfer.Sync {
		return transfer.Sync{From: transfer.Tree{Bucket: b, Prefix: "p/"}, To: transfer.Tree{Dir: dir}}
	}},
}

// lay puts files at the source of a direction.
func lay(t *testing.T, w transfer.Sync, files map[string]string) {
	t.Helper()
	if w.From.Dir != "" {
		write(t, w.From.Dir, files)
		// What changed just before a job begins may have changed after, as far as
		// the clock of the file system can tell.
		time.Sleep(20 * time.Millisecond)
		return
	}
	for key, content := range files {
		put(t, w.From.Bucket.Object(w.From.Prefix+key), []byte(content))
	}
}

// arrived compares the target of a direction with files.
func arrived(t *testing.T, w transfer.Sync, files map[string]string) {
	t.Helper()
	got := map[string]string{}
	if w.To.Dir != "" {
		got = read(t, w.To.Dir)
	} else {
		for key, content := range stored(t, w.To.Bucket) {
			got[strings.TrimPrefix(key, w.To.Prefix)] = content
		}
	}
	for key, content := range files {
		if got[key] != content {
			t.Errorf("%s has %d bytes, which are not the %d of the source", key, len(got[key]), len(content))
		}
		delete(got, key)
	}
	for key := range got {
		t.Errorf("%s is there", key)
	}
}

// TestTreeIsPausedAndResumed: nothing moves while it is paused, everything arrives,
// and nothing that was acknowledged is sent twice.
func TestTreeIsPausedAndResumed(t *testing.T) {
	for _, d := range directions {
		t.Run(d.name, func(t *testing.T) {
			b, net := watched(t)
			w := d.work(b, t.TempDir())
			files := forest(300)
			lay(t, w, files)
			net.Reset()
			o := slow
			m := manager(t, b.Client(), &o)
			seen := map[string]int{}
			half, reached := ticker(total(files) / 3)
			tr := m.Start(t.Context(), w, half, transfer.Observer{Item: func(_ *transfer.Transfer, it transfer.Item) { seen[it.Key]++ }})
			<-reached
			if err := tr.Pause(); err != nil {
				t.Fatal(err)
			}
			paused := time.Now()
			before := tr.Progress()
			if got := tr.Active(); len(got) != 0 || before.State != transfer.Paused {
				t.Errorf("paused, %v are active and progress is %+v", got, before)
			}
			requests := net.Requests()
			if err := tr.Resume(); err != nil {
				t.Fatal(err)
			}
			resumed := time.Now()
			if n := net.Requests(); n != requests {
				t.Errorf("%d requests were made while it was paused", n-requests)
			}
			for _, slice := range net.Traffic() {
				if slice.Start.After(paused.Add(200*time.Millisecond)) && slice.Start.Add(10*time.Millisecond).Before(resumed) {
					t.Errorf("traffic %v after the pause: %+v", slice.Start.Sub(paused), slice)
				}
			}
			m.SetRate(0)
			if err := tr.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			arrived(t, w, files)
			p, r := tr.Progress(), tr.Report()
			if n := int64(len(files)); p.Objects != n || p.Bytes != total(files) || p.Failed != 0 {
				t.Errorf("progress is %+v", p)
			}
			if len(seen) != len(files) {
				t.Errorf("%d items of %d", len(seen), len(files))
			}
			for key, n := range seen {
				if n != 1 {
					t.Errorf("%s was reported %d times", key, n)
				}
			}
			if r.Bytes != total(files) || r.Resumed != 0 {
				t.Errorf("report is %+v", r)
			}
			sentTwice(t, net)
		})
	}
}

// sentTwice complains of parts that were sent again although they were stored. Of
// objects stored at once, those that were on their way when the work stopped may
// have been stored without the answer having come.
func sentTwice(t *testing.T, net *flaky.Handler) {
	t.Helper()
	onTheirWay := slow.Concurrency
	again := 0
	for part, count := range net.Parts() {
		switch {
		case count.Stored <= 1:
		case part.Number == 0 && count.Stored == 2:
			again++
		default:
			t.Errorf("%+v was stored %d times", part, count.Stored)
		}
	}
	if again > onTheirWay {
		t.Errorf("%d objects were stored twice, more than could be on their way", again)
	}
}

// TestTreeGoesOnInAnotherManager: Close keeps what has arrived, and the same work
// with the same state directory goes on from there.
func TestTreeGoesOnInAnotherManager(t *testing.T) {
	for _, d := range directions {
		t.Run(d.name, func(t *testing.T) {
			b, net := watched(t)
			w := d.work(b, t.TempDir())
			files := forest(300)
			lay(t, w, files)
			net.Reset()
			stateDir := filepath.Join(t.TempDir(), "state")
			o := slow
			o.StateDir, o.Label = stateDir, []byte(`{"run":1}`)

			m := manager(t, b.Client(), &o)
			half, reached := ticker(total(files) / 3)
			tr := m.Start(t.Context(), w, half)
			<-reached
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
			if err := tr.Wait(t.Context()); !errors.Is(err, transfer.ErrClosed) {
				t.Errorf("Wait = %v", err)
			}
			list := jobs(t, stateDir)
			if len(list) != 1 || list[0].ID != tr.ID() || list[0].Running || string(list[0].Label) != `{"run":1}` ||
				list[0].Kind != "sync" || list[0].From != w.From.String() || list[0].To != w.To.String() {
				t.Fatalf("jobs are %+v", list)
			}
			objects := list[0].Objects

			o.Rate = 0
			m = manager(t, b.Client(), &o)
			again := m.Start(t.Context(), w)
			if again.ID() != tr.ID() {
				t.Errorf("ID was %s and is %s", tr.ID(), again.ID())
			}
			if err := again.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			arrived(t, w, files)
			p, r := again.Progress(), again.Report()
			if n := int64(len(files)); p.Objects != n || p.ObjectsTotal != n || p.Bytes != total(files) || p.Total != total(files) {
				t.Errorf("progress is %+v", p)
			}
			if r.Resumed == 0 || r.Sent+r.Resumed != total(files) {
				t.Errorf("sent %d and resumed %d of %d, %d objects were there: %+v", r.Sent, r.Resumed, total(files), objects, r)
			}
			sentTwice(t, net)
			if n := uploads(t, b); n != 0 {
				t.Errorf("%d uploads are left", n)
			}
			if left := jobs(t, stateDir); len(left) != 0 {
				t.Errorf("jobs are left: %+v", left)
			}
		})
	}
}

// TestStopLeavesNothing: without a state directory, and when it is canceled, what
// was on its way is gone.
func TestStopLeavesNothing(t *testing.T) {
	for _, d := range directions {
		for _, stop := range []struct {
			name  string
			state bool
			stop  func(*transfer.Manager, *transfer.Transfer, context.CancelFunc)
			err   error
		}{
			{"close", false, func(m *transfer.Manager, _ *transfer.Transfer, _ context.CancelFunc) { m.Close() }, transfer.ErrClosed},
			{"context", false, func(_ *transfer.Manager, _ *transfer.Transfer, cancel context.CancelFunc) { cancel() }, context.Canceled},
			{"cancel", false, func(_ *transfer.Manager, tr *transfer.Transfer, _ context.CancelFunc) { tr.Cancel() }, transfer.ErrCanceled},
			{"cancel with state", true, func(_ *transfer.Manager, tr *transfer.Transfer, _ context.CancelFunc) { tr.Cancel() }, transfer.ErrCanceled},
			{"cancel when paused", true, func(_ *transfer.Manager, tr *transfer.Transfer, _ context.CancelFunc) {
				if err := tr.Pause(); err != nil {
					panic(err)
				}
				tr.Cancel()
			}, transfer.ErrCanceled},
			{"close when paused", false, func(m *transfer.Manager, tr *transfer.Transfer, _ context.CancelFunc) {
				if err := tr.Pause(); err != nil {
					panic(err)
				}
				m.Close()
			}, transfer.ErrClosed},
		} {
			t.Run(d.name+"/"+stop.name, func(t *testing.T) {
				b := bucket(t, nil)
				dir := t.TempDir()
				w := d.work(b, dir)
				files := forest(20)
				lay(t, w, files)
				o := slow
				if stop.state {
					o.StateDir = filepath.Join(t.TempDir(), "state")
				}
				before := runtime.NumGoroutine()
				m := manager(t, b.Client(), &o)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				half, reached := ticker(total(files) / 2)
				tr := m.Start(ctx, w, half)
				<-reached
				stop.stop(m, tr, cancel)
				if err := tr.Wait(t.Context()); !errors.Is(err, stop.err) {
					t.Errorf("Wait = %v, want %v", err, stop.err)
				}
				if err := m.Close(); err != nil {
					t.Error(err)
				}
				if n := uploads(t, b); n != 0 {
					t.Errorf("%d uploads are left", n)
				}
				if w.To.Dir != "" {
					for name := range read(t, dir) {
						if _, ok := files[name]; !ok {
							t.Errorf("%s is left", name)
						}
					}
				}
				if stop.state {
					if left := jobs(t, o.StateDir); len(left) != 0 {
						t.Errorf("jobs are left: %+v", left)
					}
					if left, err := os.ReadDir(o.StateDir); err != nil || len(left) != 0 {
						t.Errorf("in the state directory there is %v, %v", left, err)
					}
				}
				noGoroutines(t, before)
			})
		}
	}
}

// noGoroutines checks that no goroutine of package transfer is left. Those that are
// just ending are given a moment.
func noGoroutines(t *testing.T, before int) {
	t.Helper()
	var stacks string
	for range 3000 {
		buf := make([]byte, 1<<20)
		stacks = string(buf[:runtime.Stack(buf, true)])
		if !strings.Contains(stacks, "icos/transfer.(") && !strings.Contains(stacks, "transfer/internal/") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("goroutines are left; there were %d:\n%s", before, stacks)
}

// TestRemoveJob gives up work that was interrupted.
func TestRemoveJob(t *testing.T) {
	for _, d := range directions {
		t.Run(d.name, func(t *testing.T) {
			b := bucket(t, nil)
			dir := t.TempDir()
			w := d.work(b, dir)
			files := forest(20)
			lay(t, w, files)
			o := slow
			o.StateDir = filepath.Join(t.TempDir(), "state")
			m := manager(t, b.Client(), &o)
			half, reached := ticker(total(files) / 2)
			tr := m.Start(t.Context(), w, half)
			<-reached
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
			if w.To.Bucket != nil && uploads(t, b) == 0 {
				t.Fatal("no upload was kept")
			}
			if err := transfer.RemoveJob(t.Context(), o.StateDir, tr.ID(), b.Client()); err != nil {
				t.Fatal(err)
			}
			if n := uploads(t, b); n != 0 {
				t.Errorf("%d uploads are left", n)
			}
			if left, err := os.ReadDir(o.StateDir); err != nil || len(left) != 0 {
				t.Errorf("in the state directory there is %v, %v", left, err)
			}
			if w.To.Dir != "" {
				for name := range read(t, dir) {
					if _, ok := files[name]; !ok {
						t.Errorf("%s is left", name)
					}
				}
			}
		})
	}
}

// TestRemoveJobWithoutClient says what stays.
func TestRemoveJobWithoutClient(t *testing.T) {
	b := bucket(t, nil)
	o := slow
	o.StateDir, o.Connections = filepath.Join(t.TempDir(), "state"), 1
	m := manager(t, b.Client(), &o)
	half, reached := ticker(6 << 20)
	tr := m.Upload(t.Context(), file(t, 1, 17<<20), b.Object("k"), half)
	<-reached
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	list := jobs(t, o.StateDir)
	if len(list) != 1 || list[0].Kind != "upload" || list[0].Bytes == 0 || list[0].Total != 17<<20 || list[0].To != "cos://"+b.Name()+"/k" {
		t.Fatalf("jobs are %+v", list)
	}
	err := transfer.RemoveJob(t.Context(), o.StateDir, tr.ID(), nil)
	if err == nil || !strings.Contains(err.Error(), b.Name()+"/k") {
		t.Errorf("RemoveJob = %v", err)
	}
	if left := jobs(t, o.StateDir); len(left) != 0 || uploads(t, b) != 1 {
		t.Errorf("jobs are left: %+v", left)
	}
	if err := transfer.RemoveJob(t.Context(), o.StateDir, tr.ID(), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("RemoveJob of what is gone = %v", err)
	}
}

// TestFailedObjectsAreTriedAgain: a second run with the same state directory does
// what the first could not, and nothing else.
func TestFailedObjectsAreTriedAgain(t *testing.T) {
	for _, d := range directions {
		t.Run(d.name, func(t *testing.T) {
			var broken atomic.Bool
			b := bucket(t, &icostest.Options{Now: earlier, Wrap: func(cos http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if broken.Load() && (strings.HasSuffix(r.URL.Path, "/p/b") || strings.HasSuffix(r.URL.Path, "/p/c")) {
						http.Error(w, "", http.StatusForbidden)
						return
					}
					cos.ServeHTTP(w, r)
				})
			}})
			w := d.work(b, t.TempDir())
			files := map[string]string{"a": "1", "b": "22", "c": "333", "d": "4444"}
			lay(t, w, files)
			o := transfer.Options{StateDir: filepath.Join(t.TempDir(), "state")}

			broken.Store(true)
			items, tr, err := do(t, manager(t, b.Client(), &o), w)
			if failed, ok := errors.AsType[*transfer.FailedError](err); !ok || failed.Failed != 2 || failed.Total != 4 {
				t.Fatalf("Wait = %v", err)
			}
			if got := ops(items); got["b"] != transfer.Failed || got["c"] != transfer.Failed || got["d"] != transfer.Copied {
				t.Errorf("items are %v", got)
			}
			if p := tr.Progress(); p.Failed != 2 || p.Objects != 2 || p.Bytes != 5 {
				t.Errorf("progress is %+v", p)
			}
			if list := jobs(t, o.StateDir); len(list) != 1 || list[0].Failed != 2 || list[0].Objects != 2 {
				t.Fatalf("jobs are %+v", list)
			}

			broken.Store(false)
			items, tr, err = do(t, manager(t, b.Client(), &o), w)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]transfer.Op{"b": transfer.Copied, "c": transfer.Copied}, ops(items)); diff != "" {
				t.Errorf("items: %s", diff)
			}
			// The first pass came to its end: the sums are those of the second.
			if p := tr.Progress(); p.Failed != 0 || p.Objects != 2 || p.Bytes != 5 || p.Total != 5 {
				t.Errorf("progress is %+v", p)
			}
			arrived(t, w, files)
			if left := jobs(t, o.StateDir); len(left) != 0 {
				t.Errorf("jobs are left: %+v", left)
			}
		})
	}
}

// TestChangedSourceStartsOver says why in the item.
func TestChangedSourceStartsOver(t *testing.T) {
	b := bucket(t, nil)
	o := slow
	o.StateDir = filepath.Join(t.TempDir(), "state")
	m := manager(t, b.Client(), &o)
	half, reached := ticker(6 << 20)
	path := file(t, 1, 17<<20)
	m.Upload(t.Context(), path, b.Object("k"), half)
	<-reached
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, fill(2, 16<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Rate = 0
	items, tr, err := do(t, manager(t, b.Client(), &o), transfer.Upload{Path: path, To: b.Object("k")})
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != 1 || items[0].Reason == "" {
		t.Errorf("items are %+v", items)
	}
	if diff := cmp.Diff(int64(16<<20), tr.Progress().Bytes); diff != "" {
		t.Error(diff)
	}
	if string(get(t, b.Object("k"))) != string(fill(2, 16<<20)) {
		t.Error("the object is not what the file is now")
	}
	if n := uploads(t, b); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
}
