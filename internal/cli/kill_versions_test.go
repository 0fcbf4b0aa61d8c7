package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/keyprotect"
)

// TestServeOfVersionsSurvivesKill is TestServeSurvivesKill for what goes on by itself, too: a bucket with versioning under a root key is
// written to, replicated to another one, and swept by a lifecycle, and the server is killed in the middle of that. Every version that was
// acknowledged is there, none that was removed comes back, what the lifecycle is not about is not touched, and in the end all that is there
// has its copy.
//
// ICOS_KILL_ROUNDS sets the number of rounds, 5 if it is not set.
func TestServeOfVersionsSurvivesKill(t *testing.T) {
	rounds := killRounds(t)
	dir := t.TempDir()
	l := &versionLedger{
		there: map[string]keptVersion{}, removed: map[string]keptVersion{}, fresh: map[string]bool{},
		acks: make(chan struct{}),
	}
	for round := range rounds {
		srv := startServe(t, dir)
		source, _ := richBuckets(t, dir, round == 0)
		l.verify(t, source, false)
		ctx, stop := context.WithCancel(t.Context())
		var writers sync.WaitGroup
		for w := range 16 {
			writers.Go(func() { l.write(ctx, source, round, w) })
		}
		idle := make(chan struct{})
		go func() { writers.Wait(); close(idle) }()
		for range rand.IntN(400) {
			select {
			case <-l.acks:
			case <-idle:
				t.Fatal("all writers failed before the server was killed")
			}
		}
		srv.kill(t)
		stop()
		<-idle
	}
	srv := startServe(t, dir)
	source, target := richBuckets(t, dir, false)
	l.verify(t, source, true)
	l.verifyCopies(t, source, target)
	if n := len(l.there); n < 32 {
		t.Errorf("only %d versions were acknowledged in %d rounds; the test has tested nothing", n, rounds)
	}
	t.Logf("%d rounds, %d versions there and %d removed", rounds, len(l.there), len(l.removed))
	srv.interrupt(t)
}

// richBuckets returns the bucket that is written to and that of the copies, by the credentials that the server has written down.
func richBuckets(t *testing.T, dir string, create bool) (source, target *icos.Bucket) {
	t.Helper()
	t.Setenv("COS_CREDENTIALS_FILE", filepath.Join(dir, "cos_credentials"))
	ctx := t.Context()
	cfg, err := icos.LoadConfig()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Retry = impatient
	client, err := icos.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	source, target = client.Bucket("source"), client.Bucket("target")
	if !create {
		return source, target
	}
	o := &icos.CreateOptions{RootKeyCRN: firstRootKey(t)}
	crn, err := target.CRN()
	for _, b := range []*icos.Bucket{source, target} {
		if err == nil {
			err = b.Create(ctx, o)
		}
		if err == nil {
			err = b.SetVersioning(ctx, true)
		}
	}
	if err == nil {
		err = source.SetReplication(ctx, []icos.ReplicationRule{{Bucket: crn, DeleteMarkers: true}})
	}
	if err == nil {
		err = source.SetLifecycle(ctx, []icos.LifecycleRule{
			{Filter: icos.LifecycleFilter{Prefix: "old/"}, Expiration: &icos.LifecycleExpiration{Date: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}},
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return source, target
}

func firstRootKey(t *testing.T) string {
	t.Helper()
	cfg, err := keyprotect.LoadConfig()
	if err != nil {
		t.Fatal(err)
	}
	kp, err := keyprotect.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for key, err := range kp.Keys(t.Context(), &keyprotect.ListOptions{RootKeys: true}) {
		if err != nil {
			t.Fatal(err)
		}
		return key.CRN
	}
	t.Fatal("there is no root key")
	return ""
}

// keptVersion is the content of a version of a key.
type keptVersion struct {
	key  string
	seed uint64
}

// versionLedger knows which versions were acknowledged as written, and which as removed, by their ids.
type versionLedger struct {
	mu      sync.Mutex
	there   map[string]keptVersion
	removed map[string]keptVersion
	fresh   map[string]bool // ids written or removed since verify
	acks    chan struct{}   // receives once for each acknowledgement while somebody counts
}

// write puts, copies, hides and removes versions until ctx ends or the server is gone.
func (l *versionLedger) write(ctx context.Context, b *icos.Bucket, round, writer int) {
	rng := rand.New(rand.NewPCG(uint64(round), uint64(writer)))
	sizes := []int{0, 100, 4 << 10, 64 << 10, 65<<10 + 1, 300 << 10}
	var own []string // versions of this writer and round
	for n := 0; ctx.Err() == nil; n++ {
		key := fmt.Sprintf("%s/w%d/k%d", []string{"old", "kept"}[n%2], writer, rng.IntN(8))
		var err error
		switch p := rng.IntN(10); {
		case p == 0 && len(own) > 0:
			id := own[len(own)-1]
			own = own[:len(own)-1]
			l.mu.Lock()
			v := l.there[id]
			delete(l.there, id) // it may be gone from here on
			l.mu.Unlock()
			if err = b.Object(v.key).Version(id).Delete(ctx); err == nil {
				l.mu.Lock()
				l.removed[id] = v
				l.fresh[id] = true
				l.mu.Unlock()
			}
		case p == 1:
			err = b.Object(key).Delete(ctx)
		default:
			seed := rng.Uint64()
			var o icos.ObjectInfo
			if writer%8 == 7 {
				o, err = b.Object(key).Put(ctx, bytes.NewReader(content(seed, 6<<20)), &icos.PutOptions{PartSize: 5 << 20, Threshold: 5 << 20})
			} else {
				o, err = b.Object(key).Put(ctx, bytes.NewReader(content(seed, sizes[rng.IntN(len(sizes))])), nil)
			}
			if err == nil && p == 2 {
				l.note(o.VersionID, keptVersion{key, seed})
				own = append(own, o.VersionID)
				key += "-copy"
				o, err = b.Object(o.Key).Version(o.VersionID).Copy(ctx, b.Object(key), nil)
			}
			if err == nil {
				l.note(o.VersionID, keptVersion{key, seed})
				own = append(own, o.VersionID)
			}
		}
		if err != nil {
			return // killed
		}
		select {
		case l.acks <- struct{}{}:
		case <-ctx.Done():
		}
	}
}

func (l *versionLedger) note(id string, v keptVersion) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.there[id] = v
	l.fresh[id] = true
}

// verify reads the versions that have to be there, and looks for those that must not: those written or removed since it was last called and
// a hundred more, or all of them.
func (l *versionLedger) verify(t *testing.T, b *icos.Bucket, all bool) {
	t.Helper()
	older := 100
	skip := func(id string) bool {
		if all || l.fresh[id] {
			return false
		}
		older-- // maps are walked in random order
		return older < 0
	}
	for id, v := range l.there {
		if !skip(id) {
			l.compare(t, b, id, v)
		}
	}
	for id, v := range l.removed {
		if skip(id) {
			continue
		}
		if _, err := b.Object(v.key).Version(id).Stat(t.Context()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("version %s of %s was removed, and is back: %v", id, v.key, err)
		}
	}
	clear(l.fresh)
}

func (l *versionLedger) compare(t *testing.T, b *icos.Bucket, id string, v keptVersion) {
	t.Helper()
	got, err := readAll(t.Context(), b.Object(v.key).Version(id))
	if err != nil {
		t.Errorf("version %s of %s in %s: %v", id, v.key, b.Name(), err)
	} else if seed, ok := seedOf(got); !ok || seed != v.seed {
		t.Errorf("version %s of %s in %s holds %d bytes that are not its own", id, v.key, b.Name(), len(got))
	}
}

// verifyCopies waits until the copies are made, and compares them.
func (l *versionLedger) verifyCopies(t *testing.T, source, target *icos.Bucket) {
	t.Helper()
	ctx := t.Context()
	pending := maps.Clone(l.there)
	for wait := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		for id, v := range pending {
			o, err := source.Object(v.key).Version(id).Stat(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if o.Replication == icos.ReplicationCompleted {
				delete(pending, id)
			}
		}
		if len(pending) == 0 {
			break
		}
		if time.Now().After(wait) {
			t.Fatalf("%d versions are not replicated", len(pending))
		}
	}
	for id, v := range l.there {
		l.compare(t, target, id, v)
	}
}
