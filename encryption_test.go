package icos_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
)

// plain is n bytes of which every 16 are unlike any other 16.
func plain(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "<plain %08x>", i)
	}
	return b.Bytes()[:n]
}

func customerKey(t *testing.T, fill byte) icos.CustomerKey {
	t.Helper()
	key, err := icos.NewCustomerKey(bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestCustomerKey(t *testing.T) {
	b := newBucket(t)
	key := customerKey(t, 1)
	for _, size := range []int{0, 10, 200 << 10, 11 * mib} {
		want := plain(size)
		o := b.Object(fmt.Sprint(size)).WithKey(key)
		info, err := o.Put(ctx, bytes.NewReader(want), &icos.PutOptions{Threshold: 6 * mib, PartSize: 5 * mib})
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(o, nil)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: read %d, %v", size, len(got), err)
		}
		stat, err := o.Stat(ctx)
		if err != nil || stat.Size != int64(size) || stat.ETag != info.ETag || stat.EncryptedBy != icos.EncryptedByCustomer {
			t.Errorf("Stat = %+v, %v", stat, err)
		}
		other := b.Object(o.Key())
		if _, err := other.Get(ctx, nil); err == nil {
			t.Error("Get without the key is no error")
		}
		if _, err := other.WithKey(customerKey(t, 2)).Get(ctx, nil); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("Get with another key: %v, want fs.ErrPermission", err)
		}
	}
}

func readAll(o *icos.Object, opts *icos.GetOptions) ([]byte, error) {
	r, err := o.Get(ctx, opts)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	return b, errors.Join(err, r.Close())
}

// TestCustomerKeyRanges reads an encrypted object in every way there is of reading a piece.
func TestCustomerKeyRanges(t *testing.T) {
	want := plain(12*mib + 5)
	o := newBucket(t).Object("o").WithKey(customerKey(t, 1))
	if _, err := o.Put(ctx, io.MultiReader(bytes.NewReader(want)), &icos.PutOptions{Threshold: 6 * mib}); err != nil { // a stream
		t.Fatal(err)
	}
	at, err := o.ReaderAt(ctx)
	if err != nil {
		t.Fatal(err)
	}
	r, err := o.Get(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rng := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		off := rng.IntN(len(want))
		if rng.IntN(2) == 0 {
			off = min(off>>16<<16+rng.IntN(3)-1, len(want)-1) // near the end of a chunk
		}
		off = max(off, 0)
		n := 1 + rng.IntN(min(len(want)-off, 200<<10))
		piece := want[off : off+n]
		if got, err := readAll(o, &icos.GetOptions{Offset: int64(off), Length: int64(n)}); err != nil || !bytes.Equal(got, piece) {
			t.Fatalf("Get of %d bytes at %d: %d, %v", n, off, len(got), err)
		}
		got := make([]byte, n)
		if _, err := at.ReadAt(got, int64(off)); err != nil && err != io.EOF || !bytes.Equal(got, piece) {
			t.Fatalf("ReadAt of %d bytes at %d: %v", n, off, err)
		}
		if _, err := r.Seek(int64(off), io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, piece) {
			t.Fatalf("Seek to %d and Read of %d: %v", off, n, err)
		}
	}
}

func TestCustomerKeyCopies(t *testing.T) {
	b := newBucket(t)
	one, two := customerKey(t, 1), customerKey(t, 2)
	want := plain(11 * mib)
	from := b.Object("from").WithKey(one)
	if _, err := from.Put(ctx, bytes.NewReader(want), nil); err != nil {
		t.Fatal(err)
	}
	for name, opts := range map[string]*icos.CopyOptions{"whole": nil, "parts": {Threshold: 1, PartSize: 5 * mib}} {
		for kind, to := range map[string]*icos.Object{"another key": b.Object(name + "1").WithKey(two), "no key": b.Object(name + "2")} {
			if _, err := from.Copy(ctx, to, opts); err != nil {
				t.Fatalf("%s, %s: %v", name, kind, err)
			}
			if got, err := readAll(to, nil); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, %s: read %d bytes, %v", name, kind, len(got), err)
			}
		}
	}
}

// TestCustomerKeyPrintsNothing: a key is not to be found where handles and options are printed.
func TestCustomerKeyPrintsNothing(t *testing.T) {
	key := customerKey(t, 'k')
	o := client.Bucket("b").Object("o").WithKey(key)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		if text := fmt.Sprintf(verb, key); text != "REDACTED" {
			t.Errorf("%s: %s", verb, text)
		}
		text := fmt.Sprintf(verb, *o) + fmt.Sprintf(verb, struct{ key icos.CustomerKey }{key})
		if strings.Contains(text, "kkkk") || strings.Contains(text, "6b6b") || strings.Contains(text, "107, 107") || strings.Contains(text, "0x6b") {
			t.Errorf("%s: %s", verb, text)
		}
	}
	if _, err := icos.NewCustomerKey([]byte("short")); err == nil {
		t.Error("a key of 5 bytes is no error")
	}
	if o.Version("v").CustomerKey() != key || !client.Bucket("b").Object("o").CustomerKey().IsZero() {
		t.Error("the key is not with the handle")
	}
}

// TestCustomerKeyOverHTTP: a key does not leave the machine in the clear.
func TestCustomerKeyOverHTTP(t *testing.T) {
	c, err := icos.NewClient(icos.Config{Endpoint: "http://cos.example", Credentials: cos.Config().Credentials})
	if err == nil {
		defer c.Close()
		_, err = c.Bucket("bucket").Object("o").WithKey(customerKey(t, 1)).Put(ctx, strings.NewReader("x"), nil)
	}
	if err == nil || !strings.Contains(err.Error(), "plain http") {
		t.Errorf("error %v", err)
	}
}

// TestNothingInTheClear stores objects of all sizes under each kind of key, stops the server and looks for them in every file of it.
func TestNothingInTheClear(t *testing.T) {
	const size = 6 * mib
	all := plain(size + size/2)
	for _, kind := range []string{"plain", "root key", "customer key", "managed key", "default"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			srv, err := icostest.Start(&icostest.Options{Dir: dir, Encrypt: kind == "default"})
			if err != nil {
				t.Fatal(err)
			}
			stop := func() {
				if err := srv.Close(); err != nil {
					t.Error(err)
				}
			}
			defer stop()
			b := srv.Client().Bucket("bucket")
			create, put := &icos.CreateOptions{}, &icos.PutOptions{Threshold: size, PartSize: 5 * mib}
			object := b.Object
			switch kind {
			case "root key":
				create.RootKeyCRN = srv.RootKey()
			case "customer key":
				object = func(key string) *icos.Object { return b.Object(key).WithKey(customerKey(t, 7)) }
			case "managed key":
				put.Encrypt = true
			}
			if err := b.Create(ctx, create); err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{100, 64 << 10, 64<<10 + 1, mib, size, len(all)} {
				o := object(fmt.Sprint(n))
				if _, err := o.Put(ctx, bytes.NewReader(all[:n]), put); err != nil {
					t.Fatal(err)
				}
				if got, err := readAll(o, nil); err != nil || !bytes.Equal(got, all[:n]) {
					t.Errorf("%d bytes: read %d, %v", n, len(got), err)
				}
			}
			if _, err := object("100").Copy(ctx, object("copy"), nil); err != nil {
				t.Fatal(err)
			}
			u, err := object("unfinished").NewUpload(ctx, put)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := u.PutPart(ctx, 1, bytes.NewReader(all), int64(len(all)), nil); err != nil {
				t.Fatal(err)
			}
			stop()
			if found := countPlain(t, dir, all); (found > 0) != (kind == "plain") {
				t.Errorf("%d blocks of plaintext on the disk", found)
			}
		})
	}
}

// countPlain counts the blocks of 16 bytes of text that stand, at any place, in the files below dir.
func countPlain(t *testing.T, dir string, text []byte) (found int) {
	t.Helper()
	blocks := make(map[string]bool, len(text)/16)
	for i := 0; i+16 <= len(text); i += 16 {
		blocks[string(text[i:i+16])] = true
	}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(name)
		for i := 0; i+16 <= len(b); i++ {
			if b[i] == '<' && blocks[string(b[i:i+16])] { // each block begins with one
				found++
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestEncryptedZip opens an archive in a bucket under a root key without reading all of it.
func TestEncryptedZip(t *testing.T) {
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for i := range 20 {
		f, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprint(i)}) // not compressed
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(plain(100<<10 + i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b := client.Bucket("zip-vault")
	if err := b.Create(ctx, &icos.CreateOptions{RootKeyCRN: cos.RootKey()}); err != nil {
		t.Fatal(err)
	}
	o := b.Object("a.zip")
	if _, err := o.Put(ctx, bytes.NewReader(archive.Bytes()), nil); err != nil {
		t.Fatal(err)
	}
	at, err := o.ReaderAt(ctx)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(at, at.Size())
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("13")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, plain(100<<10+13)) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}
