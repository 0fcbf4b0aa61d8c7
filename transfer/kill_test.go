package transfer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/internal/flaky"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
)

// killRounds is how many works are killed until they are done. ICOS_KILL_ROUNDS
// sets it, 5 if it is not set.
func killRounds(t *testing.T) int {
	t.Helper()
	if testing.Short() {
		return 2
	}
	rounds := 5
	if s := os.Getenv("ICOS_KILL_ROUNDS"); s != "" {
		var err error
		if rounds, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	return rounds
}

// kinds are the works there are; rounds take turns at them.
var kinds = []string{
	"upload", "download", "upload tree", "download tree", "sync up", "sync down",
	"move tree up", "move tree down", "sync across", "copy",
}

// TestKillProcess kills the process that transfers.
func TestKillProcess(t *testing.T) {
	killAll(t, flaky.Faults{}, &icostest.Options{}, 6)
}

// TestKillProcessAmongFaults kills it while the server fails in every way.
func TestKillProcessAmongFaults(t *testing.T) {
	killAll(t, flaky.Faults{
		SlowDown: 0.03, Reset: 0.02, Lost: 0.02, TruncateUp: 0.02, TruncateDown: 0.04, CorruptUp: 0.02, CorruptDown: 0.04,
		Only: func(r *http.Request) bool { return !strings.HasPrefix(r.URL.Path, "/identity/") },
	}, &icostest.Options{}, 4)
}

// TestKillProcessWhoseTokenExpires has tokens that are good for two seconds, as
// the process sees it.
func TestKillProcessWhoseTokenExpires(t *testing.T) {
	killAll(t, flaky.Faults{}, &icostest.Options{TokenTTL: 4 * time.Second}, 3)
}

// killAll runs the rounds, each of which is killed up to so many times.
func killAll(t *testing.T, faults flaky.Faults, o *icostest.Options, kills int) {
	var net *flaky.Handler
	o.Wrap = func(cos http.Handler) http.Handler {
		net = flaky.New(cos, flaky.Faults{})
		return net
	}
	o.Now = late
	cos := icostest.NewServer(t, o)
	base := task{Endpoint: cos.URL, APIKey: cos.Credential.APIKey, Instance: cos.Credential.ResourceInstanceID}
	first, total := rand.IntN(len(kinds)), 0
	for round := range killRounds(t) {
		kind := kinds[(first+round)%len(kinds)]
		t.Run(fmt.Sprintf("%d %s", round, kind), func(t *testing.T) {
			k := newKilling(t, cos.HMACClient(), net, base, kind)
			faults.Seed = rand.Uint64()
			f := faults
			if round%2 == 1 {
				// What was corrupted on the way down is recorded, found at the end, and
				// fetched again: every other round is without, to see that else nothing is.
				f.CorruptDown = 0
			}
			k.faults = f
			net.SetFaults(f)
			defer net.SetFaults(flaky.Faults{})
			total += k.untilDone(t, kills)
			net.SetFaults(flaky.Faults{})
			k.verify(t)
		})
	}
	t.Logf("%d kills", total)
}

// TestKillServer kills the server. What it acknowledged is not sent again
// either.
func TestKillServer(t *testing.T) {
	dir := t.TempDir()
	var backend atomic.Pointer[url.URL]
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(backend.Load())
			r.Out.Host = r.In.Host
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // of answers that end early, which is the point
		Transport:    &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16},
	}
	net := flaky.New(proxy, flaky.Faults{})
	front := newFront(t, net)
	var server *exec.Cmd
	var base task
	start := func() {
		server, base = startServer(t, dir)
		u, err := url.Parse(base.Endpoint)
		if err != nil {
			t.Fatal(err)
		}
		backend.Store(u)
		base.Endpoint = front
	}
	start()
	client, err := icos.NewClient(icos.Config{Endpoint: front, Credentials: auth.HMAC(base.AccessKey, base.Secret), InstanceID: base.Instance})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	first, kills := rand.IntN(len(kinds)), 0
	for round := range killRounds(t) {
		kind := kinds[(first+round)%len(kinds)]
		t.Run(fmt.Sprintf("%d %s", round, kind), func(t *testing.T) {
			k := newKilling(t, client, net, base, kind)
			for n := 0; ; n++ {
				if n > 20 {
					t.Fatal("not done after 20 processes")
				}
				cmd, done := k.start(t)
				err := errors.New("running")
				for died := 0; err != nil && err.Error() == "running" && died < 3; died++ {
					timer := time.NewTimer(moment())
					select {
					case err = <-done:
					case <-timer.C:
						kill(t, server)
						server.Wait() // reports the kill
						kills++
						start()
					}
					timer.Stop()
				}
				if err != nil && err.Error() == "running" {
					err = <-done
				}
				if err == nil {
					break
				}
				t.Logf("process %d gave up: %v: %s", cmd.Process.Pid, err, cmd.Stderr)
				k.look(t)
			}
			k.verify(t)
		})
	}
	t.Logf("%d kills", kills)
}

// A killing is one work that is killed until it is done.
type killing struct {
	task
	client *icos.Client
	bucket *icos.Bucket
	net    *flaky.Handler
	ledger *ledger

	faults flaky.Faults // of the server while the work is done

	files, old map[string][]byte // what has to arrive, what was there before
	dir        string            // local side of a tree, or of a file
}

func newKilling(t *testing.T, client *icos.Client, net *flaky.Handler, base task, kind string) *killing {
	t.Helper()
	k := &killing{task: base, client: client, net: net, dir: filepath.Join(t.TempDir(), "tree")}
	k.Kind, k.State, k.Rate = kind, filepath.Join(t.TempDir(), "state"), 32<<20
	k.bucket = client.Bucket(fmt.Sprintf("kill-%d", rand.Uint64()))
	if err := os.Mkdir(k.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	k.ledger = newLedger(k.bucket.Name())
	if err := k.bucket.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if k.tree() {
		k.files = killTree()
	} else {
		k.files = map[string][]byte{"object": fill(rand.Uint64(), 4*killPart+12345)}
	}
	if strings.HasPrefix(kind, "sync") {
		k.old = map[string][]byte{}
		for i, key := range slices.Sorted(maps.Keys(k.files)) {
			switch i % 4 {
			case 0:
				k.old[key] = k.files[key] // need not be moved, unless it looks older
			case 1:
				k.old[key] = append([]byte("old"), k.files[key]...)
			case 2:
				k.old[key+".gone"] = []byte(key)
			}
		}
	}
	switch kind {
	case "upload":
		k.From, k.To = filepath.Join(k.dir, "object"), k.bucket.Name()+"/to/object"
		k.fillDir(t, k.files)
	case "download":
		k.From, k.To = k.bucket.Name()+"/from/object", filepath.Join(k.dir, "object")
		k.fillBucket(t, "from/", k.files)
	case "copy":
		k.From, k.To = k.bucket.Name()+"/from/object", k.bucket.Name()+"/to/object"
		k.fillBucket(t, "from/", k.files)
	case "upload tree", "sync up", "move tree up":
		k.From, k.To = k.dir, k.bucket.Name()+"/to/"
		k.fillBucket(t, "to/", k.old)
		k.fillDir(t, k.files)
	case "download tree", "sync down", "move tree down":
		k.From, k.To = k.bucket.Name()+"/from/", k.dir
		k.fillDir(t, k.old)
		k.fillBucket(t, "from/", k.files)
	case "sync across":
		k.From, k.To = k.bucket.Name()+"/from/", k.bucket.Name()+"/to/"
		k.fillBucket(t, "to/", k.old)
		k.fillBucket(t, "from/", k.files)
	}
	net.Reset()
	return k
}

func (k *killing) tree() bool {
	return strings.Contains(k.Kind, "tree") || strings.Contains(k.Kind, "sync")
}

// down says whether files arrive on this machine.
func (k *killing) down() bool { return k.To == k.dir || filepath.Dir(k.To) == k.dir }

// source is the prefix of the keys that are moved, in requests.
func (k *killing) source() string {
	if k.down() {
		return "from/"
	}
	return "to/"
}

// killTree is small files, and some with parts, in directories.
func killTree() map[string][]byte {
	files := map[string][]byte{}
	seed := rand.Uint64()
	for i := range uint64(120) {
		files[fmt.Sprintf("d%d/e%d/f%d", i%5, i%3, i)] = fill(seed+i, int(i*i*3))
	}
	files["d0/large"] = fill(seed+1000, 2*killPart+1)
	files["d3/larger"] = fill(seed+1001, 3*killPart-1)
	files["empty"] = []byte{}
	return files
}

func (k *killing) fillDir(t *testing.T, files map[string][]byte) {
	t.Helper()
	text := map[string]string{}
	for name, b := range files {
		text[name] = string(b)
	}
	write(t, k.dir, text)
}

func (k *killing) fillBucket(t *testing.T, prefix string, files map[string][]byte) {
	t.Helper()
	for name, b := range files {
		put(t, k.bucket.Object(prefix+name), b)
	}
}

// start starts a process that does the work, and says how it ends.
func (k *killing) start(t *testing.T) (*exec.Cmd, <-chan error) {
	t.Helper()
	spec, err := json.Marshal(k.task)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ICOS_KILL_WORKER="+string(spec))
	cmd.Stderr = &bytes.Buffer{}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() }) // of one that is gone does nothing
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	return cmd, done
}

// moment is when to kill: any time in what a whole run takes on a machine with
// nothing else to do.
func moment() time.Duration { return rand.N(700 * time.Millisecond) }

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
}

// untilDone runs processes and kills them up to so many times, until one ends
// by itself and well.
func (k *killing) untilDone(t *testing.T, kills int) (killed int) {
	t.Helper()
	for tries := 0; ; tries++ {
		if tries > kills+10 {
			t.Fatalf("not done after %d processes", tries)
		}
		cmd, done := k.start(t)
		var err error
		if killed < kills {
			timer := time.NewTimer(moment())
			select {
			case err = <-done:
			case <-timer.C:
				kill(t, cmd)
				if err = <-done; err != nil {
					killed++
				}
			}
			timer.Stop()
		} else {
			err = <-done
		}
		if err == nil {
			return killed
		}
		if said := cmd.Stderr.(*bytes.Buffer).String(); said != "" {
			t.Logf("process %d: %v: %s", cmd.Process.Pid, err, said)
		}
		k.look(t)
		if t.Failed() {
			t.FailNow()
		}
		if k.over(t) {
			return killed
		}
	}
}

// look checks what may never be, after a kill.
func (k *killing) look(t *testing.T) {
	t.Helper()
	k.ledger.record(t, k.State, k.net, slices.Sorted(maps.Keys(k.files)), k.source())
	if k.down() {
		for name, b := range k.arrived(t) {
			if want, ok := k.files[name]; ok && !bytes.Equal(b, want) && !bytes.Equal(b, k.old[name]) {
				t.Errorf("%s has its final name and %d bytes, want %d", name, len(b), len(want))
			}
		}
	}
	if strings.HasPrefix(k.Kind, "move") {
		k.nothingLost(t)
	}
}

// nothingLost checks that what is moved is on one side at least.
func (k *killing) nothingLost(t *testing.T) {
	t.Helper()
	local := k.arrived(t)
	for name, want := range k.files {
		if b, ok := local[name]; ok && bytes.Equal(b, want) {
			continue
		}
		info, err := k.bucket.Object(k.source() + name).Stat(t.Context())
		if err != nil || info.Size != int64(len(want)) {
			t.Errorf("%s is on neither side: object has %d bytes, %v", name, info.Size, err)
		}
	}
}

// arrived returns the files of the local side.
func (k *killing) arrived(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	if _, err := os.Stat(k.dir); errors.Is(err, fs.ErrNotExist) {
		return files // a directory that is moved goes too
	}
	for name, text := range read(t, k.dir) {
		files[name] = []byte(text)
	}
	return files
}

// target returns what is at the other end.
func (k *killing) target(t *testing.T) map[string][]byte {
	t.Helper()
	if k.down() {
		return k.arrived(t)
	}
	got := map[string][]byte{}
	for o, err := range k.bucket.Objects(t.Context(), &icos.ListOptions{Prefix: "to/"}) {
		if err != nil {
			t.Fatal(err)
		}
		got[strings.TrimPrefix(o.Key, "to/")] = get(t, k.bucket.Object(o.Key))
	}
	return got
}

// over reports whether a process was killed when it had nothing left to do but to
// end: it has forgotten the work, and to begin it again would move everything again.
func (k *killing) over(t *testing.T) bool {
	t.Helper()
	store, err := checkpoint.Open(k.State)
	if err != nil {
		t.Fatal(err)
	}
	for range store.List() {
		return false
	}
	k.net.SetFaults(flaky.Faults{}) // for the test itself
	defer k.net.SetFaults(k.faults)
	return maps.EqualFunc(k.target(t), k.files, bytes.Equal)
}

// verify checks that everything has arrived, once, and that nothing is left.
func (k *killing) verify(t *testing.T) {
	t.Helper()
	if k.faults.CorruptDown > 0 || !k.down() { // all who read what was uploaded are this test
		clear(k.ledger.ranges)
	}
	k.ledger.check(t, k.net)
	got := k.target(t)
	for name, want := range k.files {
		if b, ok := got[name]; !ok || !bytes.Equal(b, want) {
			t.Errorf("%s: there %v, with %d bytes, want %d", name, ok, len(b), len(want))
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("%s is there and should not be", name)
	}
	if n := uploads(t, k.bucket); n > 0 {
		t.Errorf("%d uploads are left", n)
	}
	if strings.HasPrefix(k.Kind, "move") {
		for o, err := range k.bucket.Objects(t.Context(), &icos.ListOptions{Prefix: "from/"}) {
			if err != nil {
				t.Fatal(err)
			}
			t.Errorf("source %s is left", o.Key)
		}
		if !k.down() {
			for name := range k.arrived(t) {
				t.Errorf("source %s is left", name)
			}
		}
	}
	left, err := filepath.Glob(filepath.Join(k.State, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range left {
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			t.Errorf("%s is left", path)
		}
	}
	store, err := checkpoint.Open(k.State)
	if err != nil {
		t.Fatal(err)
	}
	for info, err := range store.List() {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		t.Errorf("checkpoint of %+v is left", info.Identity)
	}
}

// newFront serves a handler at an address that stays.
func newFront(t *testing.T, h http.Handler) string {
	t.Helper()
	cos := icostest.NewServer(t, &icostest.Options{Wrap: func(http.Handler) http.Handler { return h }})
	return cos.URL
}

func startServer(t *testing.T, dir string) (*exec.Cmd, task) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ICOS_KILL_SERVER="+dir)
	cmd.Stderr = &bytes.Buffer{}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	var base task
	if err := json.NewDecoder(out).Decode(&base); err != nil {
		t.Fatalf("server: %v: %s", err, cmd.Stderr)
	}
	return cmd, base
}
