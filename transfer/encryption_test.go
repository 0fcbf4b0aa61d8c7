package transfer_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/icos-go/icos"
)

// TestCustomerKey moves objects that only the caller's key opens: in one piece and in parts, up, down and across.
func TestCustomerKey(t *testing.T) {
	b := bucket(t, nil)
	m := manager(t, b.Client(), nil)
	key, err := icos.NewCustomerKey(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
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
