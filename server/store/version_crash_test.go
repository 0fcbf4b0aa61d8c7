package store_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/faultfs"
	"github.com/icos-go/icos/server/store"
)

// versionLog remembers what became of versions: those acknowledged as written, those about to be removed, and those acknowledged as
// removed.
type versionLog struct {
	mu      sync.Mutex
	more    sync.Cond
	count   int
	written map[string]loggedVersion
	doomed  map[string]bool
	gone    map[string]bool
}

type loggedVersion struct {
	key   string
	stamp uint64
}

func newVersionLog() *versionLog {
	l := &versionLog{written: map[string]loggedVersion{}, doomed: map[string]bool{}, gone: map[string]bool{}}
	l.more.L = &l.mu
	return l
}

func (l *versionLog) note(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	l.count++
	l.more.Broadcast()
}

func (l *versionLog) waitFor(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.count < n {
		l.more.Wait()
	}
}

func (l *versionLog) copy() *versionLog {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := newVersionLog()
	c.written, c.doomed, c.gone = maps.Clone(l.written), maps.Clone(l.doomed), maps.Clone(l.gone)
	return c
}

// versionWriter writes, hides and removes versions of a key of its own, and tells a log of it, whose methods it is given.
type versionWriter struct {
	s      *store.Store
	key    string
	rng    *rand.Rand
	own    []string // versions that are there
	stamp  uint64
	wrote  func(id string, v loggedVersion)
	doomed func(id string)
	gone   func(id string)
}

// keptVersions bounds how many versions a writer leaves, so that looking at all of them after each of many crashes is quick.
const keptVersions = 40

func (w *versionWriter) step(ctx context.Context) error {
	p := w.rng.IntN(10)
	if len(w.own) > 0 && (p < 3 || len(w.own) >= keptVersions) {
		i := w.rng.IntN(len(w.own))
		id := w.own[i]
		w.own = append(w.own[:i:i], w.own[i+1:]...)
		w.doomed(id)
		if _, err := w.s.DeleteVersion(ctx, "b", w.key, id, nil); err != nil {
			return err
		}
		w.gone(id)
		return nil
	}
	if p == 3 {
		d, err := w.s.DeleteVersion(ctx, "b", w.key, "", nil)
		if err != nil {
			return err
		}
		w.own = append(w.own, d.MarkerVersion)
		return nil
	}
	w.stamp++
	body := stamped(w.stamp, stampedSize(w.rng.Uint64()))
	var o store.Object
	var err error
	switch {
	case p == 4 && len(w.own) > 0:
		id := w.own[w.rng.IntN(len(w.own))]
		o, err = w.s.Copy(ctx, "b", w.key, "b", w.key, &store.CopyOptions{SourceVersion: id})
		if errors.Is(err, store.ErrDeleteMarker) {
			return nil
		}
		if err == nil {
			w.own = append(w.own, o.Version)
		}
		return err // a copy has the stamp of another version
	case p == 5:
		if err = putByParts(ctx, w.s, w.key, body); err == nil {
			o, err = w.s.Stat(ctx, "b", w.key)
		}
	default:
		o, err = w.s.Put(ctx, "b", w.key, bytes.NewReader(body), nil)
	}
	if err != nil {
		return err
	}
	w.own = append(w.own, o.Version)
	w.wrote(o.Version, loggedVersion{w.key, w.stamp})
	return nil
}

// verify checks what a crash left, of which l is what was acknowledged before and doomed what may have been removed when it came.
func (l *versionLog) verify(t *testing.T, s *store.Store, doomed map[string]bool) {
	t.Helper()
	for id, want := range l.written {
		if doomed[id] {
			continue
		}
		r, err := s.OpenVersion(t.Context(), "b", want.key, id)
		if err != nil {
			t.Errorf("version %s of %s was acknowledged: %v", id, want.key, err)
			continue
		}
		body, err := io.ReadAll(r.Range(0, -1))
		if got, serr := checkStamped(body); err != nil || serr != nil || got != want.stamp {
			t.Errorf("version %s of %s has stamp %d, %v, %v, want %d", id, want.key, got, err, serr, want.stamp)
		}
		r.Close()
	}
	for id := range l.gone {
		if _, err := s.StatVersion(t.Context(), "b", l.written[id].key, id); l.written[id].key != "" && !errors.Is(err, store.ErrNoSuchVersion) {
			t.Errorf("version %s was removed, and is back: %v", id, err)
		}
	}
}

// verifyVersions checks that all versions are whole, that one of each key is the latest, and that reading agrees with that.
func verifyVersions(t *testing.T, s *store.Store) {
	t.Helper()
	last := ""
	err := s.Scan(t.Context(), "b", "", "", true, func(o *store.Object) (bool, error) {
		if o.Latest != (o.Key != last) {
			t.Errorf("version %s of %s is latest: %v", o.Version, o.Key, o.Latest)
		}
		_, err := s.Stat(t.Context(), "b", o.Key)
		if o.Latest && (err == nil) == o.DeleteMarker {
			t.Errorf("latest of %s is %+v, and Stat says %v", o.Key, o, err)
		}
		last = o.Key
		if o.DeleteMarker {
			return true, nil
		}
		r, err := s.OpenVersion(t.Context(), "b", o.Key, o.VersionID())
		if err != nil {
			return false, err
		}
		defer r.Close()
		body, err := io.ReadAll(r.Range(0, -1))
		if err == nil {
			_, err = checkStamped(body)
		}
		if err != nil {
			t.Errorf("version %s of %s: %v", o.Version, o.Key, err)
		}
		return true, nil
	})
	if err != nil {
		t.Error(err)
	}
}

// deleteAllVersions empties and deletes the bucket.
func deleteAllVersions(t *testing.T, s *store.Store) {
	t.Helper()
	err := s.Scan(t.Context(), "b", "", "", true, func(o *store.Object) (bool, error) {
		_, err := s.DeleteVersion(t.Context(), "b", o.Key, o.VersionID(), nil)
		return true, err
	})
	if err == nil {
		err = s.DeleteBucket(t.Context(), "b")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestVersionsSurviveCrash is TestAcknowledgedWritesSurviveCrash for versions: none that was acknowledged is lost, and none that was
// removed comes back.
func TestVersionsSurviveCrash(t *testing.T) {
	rounds := roundsFrom("ICOS_CRASH_ROUNDS", 6)
	if testing.Short() {
		rounds = 3
	}
	for round := range uint64(rounds) {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(round, 8))
			mem := faultfs.NewMem()
			options := func(mem *faultfs.FS) *store.Options {
				return &store.Options{FS: mem, MinPartSize: -1, MemTable: 256 << 10}
			}
			s, err := store.Open("/data", options(mem))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.CreateBucket(t.Context(), store.Bucket{Name: "b", BucketState: store.BucketState{Versioning: store.VersioningEnabled}}); err != nil {
				t.Fatal(err)
			}
			log := newVersionLog()
			stop := make(chan struct{})
			var wg sync.WaitGroup
			for i := range 16 {
				w := &versionWriter{
					s: s, key: ackKey(i), rng: rand.New(rand.NewPCG(round, uint64(i))),
					wrote:  func(id string, v loggedVersion) { log.note(func() { log.written[id] = v }) },
					doomed: func(id string) { log.note(func() { log.doomed[id] = true }) },
					gone:   func(id string) { log.note(func() { log.gone[id] = true }) },
				}
				wg.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						if err := w.step(t.Context()); err != nil {
							t.Errorf("writer of %s: %v", w.key, err)
							return
						}
					}
				})
			}
			log.waitFor(200 + rng.IntN(800))
			before := log.copy()
			crashed := mem.Crash([]int{0, 0, 30, 70}[round%4], rng)
			doomed := log.copy().doomed
			close(stop)
			wg.Wait()
			if err := s.Close(); err != nil {
				t.Error(err)
			}

			again, err := store.Open("/data", options(crashed))
			if err != nil {
				t.Fatalf("Open after the crash = %v", err)
			}
			before.verify(t, again, doomed)
			again.Idle() // the sweep must take nothing that is in use
			before.verify(t, again, doomed)
			verifyVersions(t, again)
			deleteAllVersions(t, again)
			checkNothingLeft(t, again)
			if err := again.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// killVersions has the writer that is killed write versions.
const killVersions = "ICOS_KILL_VERSIONS"

// writeVersionsUntilKilled says on stdout what it is about to do and what was acknowledged.
func writeVersionsUntilKilled(dir string) error {
	s, err := store.Open(dir, &store.Options{MinPartSize: -1, MemTable: 1 << 20})
	if err != nil {
		return err
	}
	ctx := context.Background()
	err = s.CreateBucket(ctx, store.Bucket{Name: "b", BucketState: store.BucketState{Versioning: store.VersioningEnabled}})
	if err != nil && !errors.Is(err, store.ErrBucketExists) {
		return err
	}
	own := map[string][]string{} // versions that earlier processes have left
	err = s.Scan(ctx, "b", "", "", true, func(o *store.Object) (bool, error) {
		own[o.Key] = append(own[o.Key], o.Version)
		return true, nil
	})
	if err != nil {
		return err
	}
	base := uint64(time.Now().UnixNano())
	failed := make(chan error)
	var out sync.Mutex
	say := func(args ...any) {
		out.Lock()
		defer out.Unlock()
		fmt.Println(args...)
	}
	for i := range killWorkers {
		w := &versionWriter{
			s: s, key: ackKey(i), rng: rand.New(rand.NewPCG(base, uint64(i))), own: own[ackKey(i)], stamp: base,
			wrote:  func(id string, v loggedVersion) { say("wrote", id, v.key, v.stamp) },
			doomed: func(id string) { say("doomed", id) },
			gone:   func(id string) { say("gone", id) },
		}
		go func() {
			for {
				if err := w.step(ctx); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

// TestVersionsSurviveKill kills a process that writes versions at random moments, time and again on one data directory.
func TestVersionsSurviveKill(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	log := newVersionLog()
	for range roundsFrom("ICOS_KILL_ROUNDS", 4) {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), killDir+"="+dir, killVersions+"=1")
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		lines.Scan() // it is at work
		kill := time.AfterFunc(time.Duration(rand.IntN(400))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		for ok := true; ok; ok = lines.Scan() {
			if err := log.read(lines.Text()); err != nil {
				t.Fatalf("writer said %q: %v", lines.Text(), err)
			}
		}
		kill.Stop()
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != -1 {
			t.Fatalf("writer ended by itself: %v", err)
		}
		s, err := store.Open(dir, nil)
		if err != nil {
			t.Fatalf("Open after the kill = %v", err)
		}
		log.verify(t, s, log.doomed)
		s.Idle()
		log.verify(t, s, log.doomed)
		verifyVersions(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d versions acknowledged, %d removed", len(log.written), len(log.gone))
}

// read takes in a line of the writer.
func (l *versionLog) read(line string) error {
	var verb, id string
	var v loggedVersion
	if _, err := fmt.Sscan(line, &verb, &id); err != nil {
		return err
	}
	switch verb {
	case "wrote":
		if _, err := fmt.Sscan(line, &verb, &id, &v.key, &v.stamp); err != nil {
			return err
		}
		l.written[id] = v
	case "doomed":
		l.doomed[id] = true
	case "gone":
		l.gone[id] = true
	default:
		return errors.New("an unknown word")
	}
	return nil
}
