package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/s3"
)

// TestServeSurvivesKill kills `icos serve` at random moments while 32 clients
// write to it, starts it again on the same directory, and looks for every
// object that was acknowledged. Each is there, whole, and none is half there.
//
// ICOS_KILL_ROUNDS sets the number of rounds, 5 if it is not set.
func TestServeSurvivesKill(t *testing.T) {
	rounds := killRounds(t)
	dir := t.TempDir()
	ledger := &ledger{acked: map[string]uint64{}, tried: map[string]map[uint64]bool{}, fresh: map[string]bool{}, acks: make(chan struct{})}
	for round := range rounds {
		srv := startServe(t, dir)
		if round == 0 {
			if err := srv.client.Bucket("crash").Create(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}
		ledger.verify(t, srv.client.Bucket("crash"), false)
		var writers sync.WaitGroup
		ctx, stop := context.WithCancel(t.Context())
		for w := range 32 {
			writers.Go(func() { ledger.write(ctx, srv.client.Bucket("crash"), round, w) })
		}
		// The moment is what varies: from the first requests on to well into
		// large objects and their commits, with 31 others always in flight.
		idle := make(chan struct{})
		go func() { writers.Wait(); close(idle) }()
		for range rand.IntN(400) {
			select {
			case <-ledger.acks:
			case <-idle:
				t.Fatal("all writers failed before the server was killed")
			}
		}
		srv.kill(t)
		stop()
		<-idle
	}
	srv := startServe(t, dir)
	ledger.verify(t, srv.client.Bucket("crash"), true)
	if n := len(ledger.acked); n < 32 {
		t.Errorf("only %d objects were acknowledged in %d rounds; the test has tested nothing", n, rounds)
	} else {
		t.Logf("%d rounds, %d objects acknowledged and found", rounds, n)
	}
	srv.interrupt(t)
}

func killRounds(t *testing.T) int {
	t.Helper()
	if s := os.Getenv("ICOS_KILL_ROUNDS"); s != "" {
		rounds, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return rounds
	}
	if testing.Short() {
		return 2
	}
	return 5
}

// ledger knows what was acknowledged, and for each key what it may hold: an
// unacknowledged overwrite may have happened or not, but not in part.
type ledger struct {
	mu    sync.Mutex
	acked map[string]uint64          // key → seed of the last acknowledged content
	tried map[string]map[uint64]bool // key → seeds sent since, unacknowledged
	fresh map[string]bool            // keys written since verify
	acks  chan struct{}              // receives once for each acknowledgement while somebody counts
}

// write puts objects of all the store's size classes until ctx ends or the
// server is gone. Half of the keys are overwritten again and again.
func (l *ledger) write(ctx context.Context, b *icos.Bucket, round, writer int) {
	rng := rand.New(rand.NewPCG(uint64(round), uint64(writer)))
	sizes := []int{0, 100, 4 << 10, 64 << 10, 65<<10 + 1, 300 << 10}
	for n := 0; ctx.Err() == nil; n++ {
		key := fmt.Sprintf("w%d/hot", writer)
		if n%2 == 0 {
			key = fmt.Sprintf("w%d/r%d/n%d", writer, round, n)
		}
		seed := rng.Uint64()
		l.mu.Lock()
		if l.tried[key] == nil {
			l.tried[key] = map[uint64]bool{}
		}
		l.tried[key][seed] = true
		l.fresh[key] = true
		l.mu.Unlock()
		size := sizes[rng.IntN(len(sizes))]
		var err error
		if writer%8 == 7 {
			_, err = b.Object(key).Put(ctx, bytes.NewReader(content(seed, 6<<20)), &icos.PutOptions{PartSize: 5 << 20, Threshold: 5 << 20})
		} else {
			_, err = b.Object(key).Put(ctx, bytes.NewReader(content(seed, size)), nil)
		}
		if err != nil {
			return // killed; what was sent stays in tried
		}
		l.mu.Lock()
		l.acked[key] = seed
		l.tried[key] = nil
		l.mu.Unlock()
		select {
		case l.acks <- struct{}{}:
		case <-ctx.Done():
		}
	}
}

// verify lists every object there has to be, and reads those written since it was
// last called, or all of them.
func (l *ledger) verify(t *testing.T, b *icos.Bucket, all bool) {
	t.Helper()
	present := map[string]bool{}
	for obj, err := range b.Objects(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		present[obj.Key] = true
		if !all && !l.fresh[obj.Key] {
			continue
		}
		got, err := readAll(t.Context(), b.Object(obj.Key))
		if err != nil {
			t.Errorf("%s is listed but cannot be read: %v", obj.Key, err)
			continue
		}
		seed, ok := seedOf(got)
		if !ok {
			t.Errorf("%s holds %d bytes that nobody sent as one object", obj.Key, len(got))
			continue
		}
		switch {
		case l.tried[obj.Key][seed]: // the acknowledgement was lost, the object was not
			l.acked[obj.Key] = seed
		case l.acked[obj.Key] != seed:
			t.Errorf("%s holds an old version, or another object's bytes", obj.Key)
		}
		l.tried[obj.Key] = nil
	}
	clear(l.fresh)
	for key := range l.acked {
		if !present[key] {
			t.Errorf("%s was acknowledged and is gone", key)
		}
	}
	for up, err := range b.Uploads(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Object(up.Key).Upload(up.ID).Abort(t.Context()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("abort %s: %v", up.Key, err)
		}
	}
}

func readAll(ctx context.Context, o *icos.Object) ([]byte, error) {
	r, err := o.Get(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// content is a body that proves itself: a seed, bytes that follow from it, and
// a hash over all.
func content(seed uint64, size int) []byte {
	b := make([]byte, 8, size+16)
	binary.LittleEndian.PutUint64(b, seed)
	rng := rand.NewChaCha8([32]byte(bytes.Repeat(b[:8], 4)))
	b = b[:8+size]
	rng.Read(b[8:])
	h := fnv.New64a()
	h.Write(b)
	return h.Sum(b)
}

func seedOf(b []byte) (seed uint64, ok bool) {
	if len(b) < 16 {
		return 0, false
	}
	h := fnv.New64a()
	h.Write(b[:len(b)-8])
	return binary.LittleEndian.Uint64(b), bytes.Equal(h.Sum(nil), b[len(b)-8:])
}

// impatient has clients find out soon that their server is gone for good; the last thing they try is to abort an upload.
var impatient = s3.RetryPolicy{BaseDelay: 10 * time.Millisecond}

// served is an `icos serve` in a process of its own.
type served struct {
	cmd    *exec.Cmd
	client *icos.Client
}

func startServe(t *testing.T, dir string) *served {
	t.Helper()
	cmd := exec.Command("icos", "serve", "--dir", dir, "--addr", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	lines := bufio.NewScanner(out)
	values := map[string]string{}
	for lines.Scan() {
		name, value, _ := strings.Cut(strings.TrimSpace(lines.Text()), "  ")
		values[name] = strings.TrimSpace(value)
		if strings.HasPrefix(name, "export AWS_SECRET") {
			break
		}
	}
	keys := map[string]string{}
	for name, value := range values {
		for _, field := range []string{"endpoint", "access key", "secret key"} {
			if rest, ok := strings.CutPrefix(name, field); ok {
				keys[field] = strings.TrimSpace(rest + value)
			}
		}
	}
	if keys["endpoint"] == "" || keys["secret key"] == "" {
		cmd.Process.Kill()
		cmd.Wait()
		t.Fatalf("icos serve announced nothing: %q", stderr.String())
	}
	go io.Copy(io.Discard, out)
	client, err := icos.NewClient(icos.Config{Endpoint: keys["endpoint"], Credentials: auth.HMAC(keys["access key"], keys["secret key"]), Retry: impatient})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return &served{cmd: cmd, client: client}
}

// kill ends the process as a crash would.
func (s *served) kill(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	s.cmd.Wait() // reports the kill
	s.client.Close()
}

// interrupt ends the process as Ctrl-C does.
func (s *served) interrupt(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("icos serve after an interrupt: %v", err)
	}
}
