package transfer_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/transfer"
)

// TestCustomerKey moves objects that only the caller's key opens: in one piece and in parts, up, down and across.
func TestCustomerKey(t *testing.T) {
	b := bucket(t, nil)
	m := manager(t, b.Client(), nil)
	key := customerKey(t, 1)
	for _, size := range []int{1000, 30 << 20} {
		content := fill(9, size)
		o := b.Object("o").WithKey(key)
		if err := m.Upload(t.Context(), file(t, 9, size), o).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		info, err := o.Stat(t.Context())
		if err != nil || info.EncryptedBy != icos.EncryptedByCustomer || info.Size != int64(size) {
			t.Errorf("%d bytes: Stat = %+v, %v", size, info, err)
		}
		path := filepath.Join(t.TempDir(), "down")
		if err := m.Download(t.Context(), o, path).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes: downloaded %d, %v", size, len(got), err)
		}
		to := b.Object("copy")
		if err := m.Copy(t.Context(), o, to).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := get(t, to); !bytes.Equal(got, content) {
			t.Errorf("%d bytes: copied %d", size, len(got))
		}
		if err := m.Download(t.Context(), b.Object("o"), filepath.Join(t.TempDir(), "down")).Wait(t.Context()); err == nil {
			t.Error("download without the key is no error")
		}
	}
}

// TestCustomerKeyOfResumedUpload goes on with an upload under a key of the caller only with that key, and keeps what was sent until then.
func TestCustomerKeyOfResumedUpload(t *testing.T) {
	const part = 5 << 20
	second := make(chan struct{})
	var hold atomic.Bool
	hold.Store(true)
	var once sync.Once
	b := bucket(t, &icostest.Options{Wrap: func(cos http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n := r.URL.Query().Get("partNumber"); n != "" && n != "1" && hold.Load() {
				once.Do(func() { close(second) }) // the first has been answered
				<-r.Context().Done()
				return
			}
			cos.ServeHTTP(w, r)
		})
	}})
	o := &transfer.Options{StateDir: t.TempDir(), PartSize: part, Threshold: part, Connections: 1}
	path := file(t, 9, 3*part)
	m := manager(t, b.Client(), o)
	m.Upload(t.Context(), path, b.Object("o").WithKey(customerKey(t, 1)))
	<-second
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	hold.Store(false)
	err := filepath.WalkDir(o.StateDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		kept, err := os.ReadFile(path)
		if bytes.Contains(kept, bytes.Repeat([]byte{1}, 32)) || bytes.Contains(kept, []byte("AQEBAQEBAQEBAQ")) {
			t.Errorf("the key is in %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}

	m = manager(t, b.Client(), o)
	for name, other := range map[string]*icos.Object{"none": b.Object("o"), "another": b.Object("o").WithKey(customerKey(t, 2))} {
		if err := m.Upload(t.Context(), path, other).Wait(t.Context()); !errors.Is(err, transfer.ErrCustomerKey) {
			t.Errorf("with key %s: %v", name, err)
		}
	}
	tr := m.Upload(t.Context(), path, b.Object("o").WithKey(customerKey(t, 1)))
	if err := tr.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := tr.Report().Resumed; got != part {
		t.Errorf("went on after %d bytes, want %d", got, part)
	}
	if got := get(t, b.Object("o").WithKey(customerKey(t, 1))); !bytes.Equal(got, fill(9, 3*part)) {
		t.Errorf("stored are %d other bytes", len(got))
	}
}

// TestCustomerKeyOfTree moves trees whose objects a key of the caller is for, and finds them the same afterwards.
func TestCustomerKeyOfTree(t *testing.T) {
	b := bucket(t, nil)
	m := manager(t, b.Client(), nil)
	dir, back := t.TempDir(), t.TempDir()
	write(t, dir, map[string]string{"small": "1", "d/large": string(fill(3, 20<<20))})
	up := transfer.Sync{
		From: transfer.Tree{Dir: dir}, Compare: transfer.Checksum,
		To: transfer.Tree{Bucket: b, Prefix: "a/", Key: customerKey(t, 1)},
	}
	across := transfer.Sync{From: up.To, To: transfer.Tree{Bucket: b, Prefix: "b/", Key: customerKey(t, 2)}, Compare: transfer.Checksum}
	down := transfer.Sync{From: across.To, To: transfer.Tree{Dir: back}, Compare: transfer.Checksum}
	for _, want := range []int64{2, 0} {
		for _, w := range []transfer.Sync{up, across, down} {
			tr := m.Start(t.Context(), w)
			if err := tr.Wait(t.Context()); err != nil || tr.Report().Objects != want {
				t.Fatalf("%s: %d objects, %v; want %d", tr, tr.Report().Objects, err, want)
			}
		}
	}
	if got, err := os.ReadFile(filepath.Join(back, "d", "large")); err != nil || !bytes.Equal(got, fill(3, 20<<20)) {
		t.Errorf("came back as %d bytes, %v", len(got), err)
	}
	info, err := b.Object("b/small").WithKey(customerKey(t, 2)).Stat(t.Context())
	if err != nil || info.EncryptedBy != icos.EncryptedByCustomer {
		t.Errorf("Stat = %+v, %v", info, err)
	}
}

// TestCustomerKeyByHTTPClient has the key go along when another http.Client sends the requests: without it the object would be stored
// as it is, and nobody would notice.
func TestCustomerKeyByHTTPClient(t *testing.T) {
	b := bucket(t, nil)
	via := &http.Client{Transport: http.DefaultTransport}
	m := manager(t, b.Client(), &transfer.Options{HTTPClient: func(*icos.Bucket) *http.Client { return via }})
	o := b.Object("o").WithKey(customerKey(t, 1))
	if err := m.Upload(t.Context(), file(t, 9, 1000), o).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if info, err := o.Stat(t.Context()); err != nil || info.EncryptedBy != icos.EncryptedByCustomer {
		t.Errorf("Stat = %+v, %v", info, err)
	}
}

func customerKey(t *testing.T, fill byte) icos.CustomerKey {
	t.Helper()
	key, err := icos.NewCustomerKey(bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return key
}
