package aspera_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/aspera"
	"github.com/icos-go/icos/aspera/internal/ascptest"
	"github.com/icos-go/icos/transfer"
)

// withAscp is a configuration by which everything goes through the program.
func withAscp() aspera.Config {
	return aspera.Config{Engine: aspera.Ascp, Ascp: ascptest.Path()}
}

// TestAscp moves files up and down.
func TestAscp(t *testing.T) {
	w := newWorld(t)
	script := ascptest.New(t)
	m := w.manager(withAscp())
	for _, size := range []int{0, 1, 1 << 20, 1<<20 + 7} {
		b := content(1, size)
		o := w.bucket.Object(fmt.Sprintf("dir/of %d", size))
		up := m.Upload(t.Context(), w.file(b), o)
		if err := up.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.stored(o.Key(), b)
		if r := up.Report(); r.Verified != 1 {
			t.Errorf("upload of %d bytes was not verified: %+v", size, r)
		}
		if p := up.Progress(); p.Bytes != int64(size) || p.Total != int64(size) {
			t.Errorf("upload of %d bytes reports %d of %d", size, p.Bytes, p.Total)
		}
		back := filepath.Join(t.TempDir(), "back")
		down := m.Download(t.Context(), o, back)
		if err := down.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.written(back, b)
		if r := down.Report(); r.Verified != 1 {
			t.Errorf("download of %d bytes was not verified: %+v", size, r)
		}
		if p := down.Progress(); p.Bytes != int64(size) || p.Total != int64(size) {
			t.Errorf("download of %d bytes reports %d of %d", size, p.Bytes, p.Total)
		}
	}
	calls := script.Calls()
	if len(calls) != 8 {
		t.Fatalf("%d processes, want 8", len(calls))
	}
	if w.info != 1 {
		t.Errorf("%d requests for connection info, want 1", w.info)
	}
	if text := w.noticed(); text != "" {
		t.Errorf("notices: %s", text)
	}
}

// TestAscpInvocation looks at how a process is called.
func TestAscpInvocation(t *testing.T) {
	w := newWorld(t)
	script := ascptest.New(t)
	t.Setenv("ICOS_API_KEY", "must not be seen")
	t.Setenv("ASPERA_SCP_TOKEN", "of somebody else")
	cfg := withAscp()
	cfg.TargetRate, cfg.MinRate, cfg.RatePolicy = 500_000_000, 2_000_000, "high"
	cfg.LogDir = t.TempDir()
	m := w.manager(cfg)
	path := w.file(content(1, 1000))
	if err := m.Upload(t.Context(), path, w.bucket.Object("k ä")).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := script.Calls()[0]
	for option, want := range map[string]string{
		"--mode": "send", "--host": w.gateway.Host, "--user": "xfer", "-P": fmt.Sprint(w.gateway.Port), "-O": "33001",
		"-c": "aes128", "--policy": "high", "-l": "500000", "-m": "2000", "-y": "0", "-k": "1", "-L": cfg.LogDir, "-C": "",
	} {
		if got := c.Option(option); got != want {
			t.Errorf("%s is %q, want %q", option, got, want)
		}
	}
	for _, flag := range []string{"-q", "-d", "--dest64", "-M", "-u"} {
		if !c.Has(flag) {
			t.Errorf("%s is missing of %q", flag, c.Args)
		}
	}
	if last := c.Args[len(c.Args)-1]; last != base64.StdEncoding.EncodeToString([]byte("/")) {
		t.Errorf("the destination is %q", last)
	}
	if want := path + "\nk ä\n"; c.List != want || c.ListMode != "-rw-------" {
		t.Errorf("the list is %q, %s; want %q", c.List, c.ListMode, want)
	}
	if _, err := os.Stat(c.Option("--file-pair-list")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the list is left: %v", err)
	}
	var tags map[string]map[string]any
	b, err := base64.StdEncoding.DecodeString(c.Option("--tags64"))
	if err == nil {
		err = json.Unmarshal(b, &tags)
	}
	own := tags["aspera"]
	if _, null := own["nothing"]; err != nil || null || own["xfer_retry"] != 3600.0 || len(fmt.Sprint(own["xfer_id"])) != 36 || own["node"] == nil {
		t.Errorf("tags are %s: %v", b, err)
	}
	env := strings.Join(c.Env, "\n")
	if !strings.Contains(env, "ASPERA_SCP_TOKEN=transfer-token") || !strings.Contains(env, "ASPERA_SCP_COOKIE=c00kie") {
		t.Errorf("environment lacks secrets: %s", env)
	}
	if strings.Contains(env, "must not be seen") || strings.Contains(env, "somebody else") {
		t.Errorf("environment has what is none of its business: %s", env)
	}
	if args := strings.Join(c.Args, " "); strings.Contains(args, "transfer-token") || strings.Contains(args, "c00kie") {
		t.Errorf("arguments have secrets: %s", args)
	}
}

// TestAscpFails has the program fail, and finds its words and codes in the error.
func TestAscpFails(t *testing.T) {
	w := newWorld(t)
	m := w.manager(withAscp())
	path := w.file(content(1, 1<<20))
	if _, err := w.bucket.Object("there").Put(t.Context(), bytes.NewReader(content(2, 1<<20)), nil); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		fault ascptest.Fault
		code  int
		is    error
	}{
		{ascptest.Refuses.With(5), 5, fs.ErrPermission},
		{ascptest.Refuses.With(4), 4, fs.ErrNotExist},
		{ascptest.Fails.With(42), 42, fs.ErrExist},
		{ascptest.OneFile.With(34), 34, fs.ErrPermission},
		{ascptest.Vanishes, 0, nil},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			ascptest.New(t, tt.fault, tt.fault)
			dir := t.TempDir()
			for _, tr := range []*transfer.Transfer{
				m.Upload(t.Context(), path, w.bucket.Object(string(tt.fault))),
				m.Download(t.Context(), w.bucket.Object("there"), filepath.Join(dir, "back")),
			} {
				err := tr.Wait(t.Context())
				e, ok := errors.AsType[*aspera.TransferError](err)
				if !ok || e.Code != tt.code || tt.is != nil && !errors.Is(err, tt.is) {
					t.Errorf("%v: error is %v", tr, err)
				}
			}
			w.alone(dir, 0)
			if ok, err := w.bucket.Object(string(tt.fault)).Exists(t.Context()); ok != (tt.code == 34) || err != nil {
				t.Errorf("what failed is stored: %v, %v", ok, err) // but for what the program moved before it said so
			}
		})
	}
}

// TestAscpLies has the program say that it is done when it is not.
func TestAscpLies(t *testing.T) {
	w := newWorld(t)
	ascptest.New(t, ascptest.Half, ascptest.Half)
	m := w.manager(withAscp())
	b := content(1, 1<<20)
	if _, err := w.bucket.Object("there").Put(t.Context(), bytes.NewReader(b), nil); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := m.Download(t.Context(), w.bucket.Object("there"), filepath.Join(dir, "back")).Wait(t.Context()); err == nil {
		t.Error("half a download succeeded")
	}
	w.alone(dir, 0)
	if err := m.Upload(t.Context(), w.file(b), w.bucket.Object("k")).Wait(t.Context()); err == nil {
		t.Error("half an upload succeeded")
	}
}

// TestAscpCorrupts has the program flip bits.
func TestAscpCorrupts(t *testing.T) {
	w := newWorld(t)
	ascptest.New(t, ascptest.Corrupts, ascptest.Corrupts)
	m := w.manager(withAscp())
	b := content(1, 1<<20)
	if _, err := w.bucket.Object("there").Put(t.Context(), bytes.NewReader(b), nil); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, tr := range []*transfer.Transfer{
		m.Download(t.Context(), w.bucket.Object("there"), filepath.Join(dir, "back")),
		m.Upload(t.Context(), w.file(b), w.bucket.Object("k")),
	} {
		if err := tr.Wait(t.Context()); !errors.Is(err, icos.ErrChecksum) {
			t.Errorf("%v: error is %v", tr, err)
		}
	}
	w.alone(dir, 0)
}

// TestAscpReplacesFile has the program rename its own file over ours.
func TestAscpReplacesFile(t *testing.T) {
	w := newWorld(t)
	ascptest.New(t, ascptest.Replaces)
	b := content(1, 1<<20)
	if _, err := w.bucket.Object("there").Put(t.Context(), bytes.NewReader(b), nil); err != nil {
		t.Fatal(err)
	}
	back := filepath.Join(t.TempDir(), "back")
	if err := w.manager(withAscp()).Download(t.Context(), w.bucket.Object("there"), back).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.written(back, b)
}

// TestAscpGoesOn pauses transfers, has them canceled, and has another Manager go on
// with them: what arrived is not moved again.
func TestAscpGoesOn(t *testing.T) {
	w := newWorld(t)
	b := content(1, 2<<20)
	path := w.file(b)
	withAscp := func() aspera.Config {
		cfg := withAscp()
		cfg.Transfer.Threshold = 1 << 20 // from which on there are checkpoints
		return cfg
	}
	if _, err := w.bucket.Object("there").Put(t.Context(), bytes.NewReader(b), nil); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	back := filepath.Join(dir, "back")
	for _, work := range []transfer.Work{
		transfer.Upload{Path: path, To: w.bucket.Object("k")},
		transfer.Download{From: w.bucket.Object("there"), Path: back},
	} {
		// begin starts it, and returns when it has moved something.
		begin := func(t *testing.T, m *transfer.Manager) *transfer.Transfer {
			moving := make(chan struct{}, 1)
			tr := m.Start(t.Context(), work, transfer.Observer{Progress: func(_ *transfer.Transfer, p transfer.Progress) {
				if p.Bytes > 0 {
					select {
					case moving <- struct{}{}:
					default:
					}
				}
			}})
			select {
			case <-moving:
			case <-tr.Done():
				t.Fatalf("%v is over: %v", tr, tr.Wait(t.Context()))
			}
			return tr
		}
		resumed := func(t *testing.T, script *ascptest.Script) {
			t.Helper()
			calls := script.Calls()
			if len(calls) != 2 || calls[0].Sent == 0 || calls[1].Resumed != calls[0].Sent {
				t.Errorf("%d calls, %d bytes sent by the first, and %d resumed by the last", len(calls), calls[0].Sent, calls[len(calls)-1].Resumed)
			}
			if calls[0].Option("--tags64") != calls[1].Option("--tags64") || calls[1].Option("-k") == "0" {
				t.Errorf("the second has other tags, or does not resume: %q", calls[1].Args)
			}
		}
		t.Run(fmt.Sprintf("pause %T", work), func(t *testing.T) {
			script := ascptest.New(t, ascptest.Slow)
			tr := begin(t, w.manager(withAscp()))
			if err := tr.Pause(); err != nil {
				t.Fatal(err)
			}
			if told := script.Calls()[0].Told; !strings.Contains(strings.Join(told, "\n"), "CANCEL") {
				t.Errorf("it was told %q", told)
			}
			if err := tr.Resume(); err != nil {
				t.Fatal(err)
			}
			if err := tr.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			resumed(t, script)
			if got := tr.Progress(); got.Bytes != int64(len(b)) {
				t.Errorf("reports %d bytes of %d", got.Bytes, len(b))
			}
		})
		t.Run(fmt.Sprintf("cancel %T", work), func(t *testing.T) {
			ascptest.New(t, ascptest.Slow)
			os.Remove(back)
			tr := begin(t, w.manager(withAscp()))
			tr.Cancel()
			if err := tr.Wait(t.Context()); !errors.Is(err, transfer.ErrCanceled) {
				t.Errorf("error is %v", err)
			}
			w.alone(dir, 0)
		})
		t.Run(fmt.Sprintf("another process %T", work), func(t *testing.T) {
			if _, up := work.(transfer.Upload); up {
				return // the gateway has forgotten nothing of the canceled one, either
			}
			script := ascptest.New(t, ascptest.Slow)
			cfg := withAscp()
			cfg.Transfer.StateDir = t.TempDir()
			first := w.manager(cfg)
			begin(t, first)
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			tr := w.manager(cfg).Start(t.Context(), work)
			if err := tr.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			resumed(t, script)
			if tr.Report().Resumed == 0 {
				t.Error("nothing was reported as resumed")
			}
		})
	}
	w.written(back, b)
	w.stored("k", b)
}

// TestAscpTree moves trees, some names of which ascp cannot be given.
func TestAscpTree(t *testing.T) {
	w := newWorld(t)
	script := ascptest.New(t)
	dir, back := t.TempDir(), t.TempDir()
	names := []string{"a", "sub/b", "sub/sub/c", "line\nbreak"}
	for i, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content(byte(i), 1000+i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := w.manager(withAscp())
	if err := m.UploadDir(t.Context(), dir, w.bucket, "tree/").Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.DownloadDir(t.Context(), w.bucket, "tree/", back).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		got, err := os.ReadFile(filepath.Join(back, name))
		if err != nil || !bytes.Equal(got, content(byte(i), 1000+i)) {
			t.Errorf("%q: %d bytes, %v", name, len(got), err)
		}
	}
	if n := len(script.Calls()); n == 0 {
		t.Error("nothing went through a process")
	}
	if text := w.noticed(); !strings.Contains(text, "line break") || strings.Count(text, "\n") > 0 {
		t.Errorf("notices: %q", text)
	}
}

// TestAscpAttributes stores an object with metadata.
func TestAscpAttributes(t *testing.T) {
	w := newWorld(t)
	ascptest.New(t)
	m := w.manager(withAscp())
	o := w.bucket.Object("k.txt")
	work := transfer.Upload{Path: w.file(content(1, 10)), To: o, Put: icos.PutOptions{Metadata: map[string]string{"color": "red"}, CacheControl: "no-store"}}
	if err := m.Start(t.Context(), work).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := o.Stat(t.Context())
	if err != nil || info.Metadata["color"] != "red" || info.CacheControl != "no-store" {
		t.Errorf("%+v, %v", info, err)
	}
	// A condition is for the request that stores the object.
	work.Put = icos.PutOptions{IfNoneMatch: "*"}
	if err := m.Start(t.Context(), work).Wait(t.Context()); err == nil {
		t.Error("what was there was replaced")
	}
}

// TestAscpKeys leaves to requests what is to be encrypted: nobody would notice that ascp had stored it as it is.
func TestAscpKeys(t *testing.T) {
	w := newWorld(t)
	ascptest.New(t)
	m := w.manager(withAscp())
	key, err := icos.NewCustomerKey(content(1, 32))
	if err != nil {
		t.Fatal(err)
	}
	mine, managed := w.bucket.Object("mine").WithKey(key), w.bucket.Object("managed")
	b := content(2, 1000)
	for _, work := range []transfer.Upload{
		{Path: w.file(b), To: mine},
		{Path: w.file(b), To: managed, Put: icos.PutOptions{Encrypt: true}},
	} {
		if err := m.Start(t.Context(), work).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for o, want := range map[*icos.Object]icos.EncryptedBy{mine: icos.EncryptedByCustomer, managed: icos.EncryptedByService} {
		if info, err := o.Stat(t.Context()); err != nil || info.EncryptedBy != want {
			t.Errorf("%s: encrypted by %q, %v; want %q", o, info.EncryptedBy, err, want)
		}
	}
	path := filepath.Join(t.TempDir(), "down")
	if err := m.Download(t.Context(), mine, path).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, b) {
		t.Errorf("came back as %d bytes, %v", len(got), err)
	}
}

// TestAscpDestinationRoot has keys put below a root, and files nowhere else.
func TestAscpDestinationRoot(t *testing.T) {
	w := newWorld(t)
	ascptest.New(t)
	for _, root := range []string{"/", "/data/in/", "data/in"} {
		cfg := withAscp()
		cfg.DestinationRoot = root
		m := w.manager(cfg)
		b := content(byte(len(root)), 1000)
		up := m.Start(t.Context(), transfer.Upload{Path: w.file(b), To: w.bucket.Object("k"), Put: icos.PutOptions{CacheControl: "no-store"}})
		if err := up.Wait(t.Context()); err != nil {
			t.Fatalf("%s: %v", root, err)
		}
		key := "k"
		if root != "/" {
			key = "data/in/k"
		}
		w.stored(key, b)
		if info, err := w.bucket.Object(key).Stat(t.Context()); err != nil || info.CacheControl != "no-store" {
			t.Errorf("%s: %+v, %v", root, info, err)
		}
		back := filepath.Join(t.TempDir(), "back")
		if err := m.Download(t.Context(), w.bucket.Object(key), back).Wait(t.Context()); err != nil {
			t.Errorf("%s: %v", root, err)
		}
		w.written(back, b)
	}
}

// TestAscpMissing does without a program.
func TestAscpMissing(t *testing.T) {
	w := newWorld(t)
	cfg := aspera.Config{Engine: aspera.Ascp, Ascp: filepath.Join(t.TempDir(), "ascp")}
	err := w.manager(cfg).Upload(t.Context(), w.file(nil), w.bucket.Object("k")).Wait(t.Context())
	if !errors.Is(err, aspera.ErrNoAscp) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
	cfg.Engine = aspera.Auto
	if err := w.manager(cfg).Upload(t.Context(), w.file(nil), w.bucket.Object("k")).Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if text := w.noticed(); !strings.Contains(text, "fast: bytes travel over HTTPS: ") {
		t.Errorf("notices: %q", text)
	}
}

// TestAscpNewToken asks for another token when the first is refused.
func TestAscpNewToken(t *testing.T) {
	w := newWorld(t)
	script := ascptest.New(t, ascptest.BadToken)
	tokens := 0
	w.change = func(spec map[string]any) {
		tokens++
		token := fmt.Sprintf("token-%d", tokens)
		w.gateway.Admit(token)
		spec["token"] = token
	}
	if err := w.manager(withAscp()).Upload(t.Context(), w.file(content(1, 10)), w.bucket.Object("k")).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	calls := script.Calls()
	if len(calls) != 2 || !strings.Contains(strings.Join(calls[1].Env, "\n"), "ASPERA_SCP_TOKEN=token-2") {
		t.Errorf("%d processes, the last with %q", len(calls), calls[len(calls)-1].Env)
	}
}

// TestAscpSetRate changes the limit of a Manager while a process runs, which is told.
func TestAscpSetRate(t *testing.T) {
	w := newWorld(t)
	script := ascptest.New(t, ascptest.Slow) // goes on when it is told
	m := w.manager(withAscp())
	m.SetRate(1_000_000) // bytes a second
	tr := m.Upload(t.Context(), w.file(content(1, 600_000)), w.bucket.Object("k"))
	ticks := time.NewTicker(50 * time.Millisecond)
	defer ticks.Stop()
	for rate := int64(2_000_000); ; rate += 1_000_000 {
		select {
		case <-ticks.C:
			m.SetRate(rate)
			continue
		case <-tr.Done():
		}
		break
	}
	if err := tr.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := script.Calls()[0]
	if c.Option("-l") == "100000000" || len(c.Told) == 0 || !strings.HasPrefix(c.Told[0], "FASPMGR 2; Type: RATE; Rate: ") {
		t.Errorf("begun with %s kbit/s, and told %q", c.Option("-l"), c.Told)
	}
}
