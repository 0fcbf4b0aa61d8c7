package replication_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/server/lifecycle"
	"github.com/icos-go/icos/server/replication"
	"github.com/icos-go/icos/server/store"
)

// killDir names the data directory when the test binary runs as the worker that is killed.
const killDir = "ICOS_KILL_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		if err := workUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(workFailed)
		}
		os.Exit(0)
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")) // a worker that has ended need not wait for a second
	os.Exit(m.Run())
}

const workFailed = 3 // what the worker exits with when an error, and nobody, ended it

// later is a clock on which what the test wrote is old enough to expire.
func later() time.Time { return time.Now().AddDate(10, 0, 0) }

// workUntilKilled replicates and sweeps, and says when it begins.
func workUntilKilled(dir string) error {
	s, err := store.Open(dir, nil)
	if err != nil {
		return err
	}
	ctx := context.Background()
	r := replication.New(replication.Config{Store: s})
	fmt.Println("begin")
	if err := r.Resume(ctx); err != nil {
		return err
	}
	_, err = lifecycle.New(lifecycle.Config{Store: s, Now: later}).Sweep(ctx)
	err = errors.Join(err, r.Wait(ctx))
	r.Close()
	return errors.Join(err, s.Close())
}

// TestKilledWorkersLoseNothing kills a process in the middle of replication and of a sweep, time and again.
func TestKilledWorkersLoseNothing(t *testing.T) {
	dir := t.TempDir()
	const objects, kept = 800, 20
	prepare(t, dir, objects, kept)
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	for range rounds {
		killOnce(t, dir)
		check(t, dir, objects, kept, false)
	}
	s, err := store.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := replication.New(replication.Config{Store: s})
	if err := r.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := lifecycle.New(lifecycle.Config{Store: s, Now: later}).Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait(t, r)
	r.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, dir, objects, kept, true)
}

// prepare writes objects that are to be replicated, and as many that are to expire, but for some that are held.
func prepare(t *testing.T, dir string, objects, kept int) {
	t.Helper()
	s, err := store.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	makeBuckets(t, s)
	old := store.Bucket{Name: "old"}
	old.Documents = map[string][]byte{"lifecycle": []byte("<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>")}
	if err := s.CreateBucket(ctx, old); err != nil {
		t.Fatal(err)
	}
	for i := range objects {
		put(t, s, fmt.Sprint(i))
		o := &store.PutOptions{}
		if i%(objects/kept) == 0 {
			o.Retention = store.Retention{Kept: true, Holds: []store.LegalHold{{ID: "h"}}}
		}
		if _, err := s.Put(ctx, "old", fmt.Sprint(i), strings.NewReader("body"), o); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// killOnce runs a worker and kills it soon after it began.
func killOnce(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if !bufio.NewScanner(out).Scan() {
		t.Errorf("the worker did not begin: %v", cmd.Wait())
		return
	}
	timer := time.AfterFunc(rand.N(30*time.Millisecond), func() {
		_ = cmd.Process.Kill() // it may have ended by itself
	})
	defer timer.Stop()
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() == workFailed {
		t.Errorf("the worker failed: %v", err)
	}
}

// check looks at what the store has: every object, a copy of each that is completed, and all that is held.
func check(t *testing.T, dir string, objects, kept int, finished bool) {
	t.Helper()
	s, err := store.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx := t.Context()
	pending, completed := 0, 0
	err = s.Scan(ctx, "from", "", "", true, func(o *store.Object) (bool, error) {
		switch o.Replication.Status {
		case replication.Pending:
			pending++
			return true, nil
		case replication.Completed:
			completed++
		default:
			t.Errorf("%s is %+v", o.Key, o.Replication)
		}
		replica, err := s.OpenVersion(ctx, "to", o.Key, o.Version)
		if err != nil {
			t.Errorf("%s is completed without a copy: %v", o.Key, err)
			return true, nil
		}
		defer replica.Close()
		var body strings.Builder
		if _, err := replica.WriteRangeTo(&body, 0, replica.Object().Size); err != nil || body.String() != "body of "+o.Key {
			t.Errorf("the copy of %s reads %q, %v", o.Key, body.String(), err)
		}
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	left, held := 0, 0
	err = s.Scan(ctx, "old", "", "", true, func(o *store.Object) (bool, error) {
		left++
		if len(o.Retention.Holds) > 0 {
			held++
		}
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if pending+completed != objects || held != kept {
		t.Errorf("%d are pending and %d completed of %d, %d are held of %d", pending, completed, objects, held, kept)
	}
	if finished && (pending > 0 || left != kept) {
		t.Errorf("in the end %d are pending, and %d are left of %d", pending, left, kept)
	}
}
