package icostest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
)

func Example() {
	cos, err := icostest.Start(nil) // in a test: icostest.NewServer(t)
	if err != nil {
		panic(err)
	}
	defer cos.Close()

	ctx := context.Background()
	bucket := cos.Client().Bucket("pictures")
	if err := bucket.Create(ctx, nil); err != nil {
		panic(err)
	}
	if _, err := bucket.Object("cat.txt").Put(ctx, strings.NewReader("meow"), nil); err != nil {
		panic(err)
	}
	// Output:
}

func TestRoundTrip(t *testing.T) {
	cos := icostest.NewServer(t)
	for name, client := range map[string]*icos.Client{"iam": cos.Client(), "hmac": cos.HMACClient()} {
		t.Run(name, func(t *testing.T) {
			bucket := client.Bucket("round-trip-" + name)
			if err := bucket.Create(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			for _, size := range []int{0, 1, 100 << 10, 12 << 20} { // the last in parts
				want := bytes.Repeat([]byte("icos"), size/4+1)[:size]
				object := bucket.Object("a/b c+%2F")
				if _, err := object.Put(t.Context(), bytes.NewReader(want), nil); err != nil {
					t.Fatalf("Put %d bytes: %v", size, err)
				}
				r, err := object.Get(t.Context(), nil)
				if err != nil {
					t.Fatalf("Get %d bytes: %v", size, err)
				}
				got, err := io.ReadAll(r)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("read %d bytes, %v, want %d", len(got), err, size)
				}
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestTwoServersAreStrangers(t *testing.T) {
	a, b := icostest.NewServer(t), icostest.NewServer(t)
	if err := a.Client().Bucket("only-in-a").Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Client().Bucket("only-in-a").Object("k").Stat(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat on the other server = %v, want ErrNotExist", err)
	}
	cfg := a.Config()
	cfg.Endpoint = b.URL // a's token at b
	c, err := icos.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Bucket("with-a-token").Create(t.Context(), nil); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Create with the other's token = %v, want ErrPermission", err)
	}
}

func TestDirIsKept(t *testing.T) {
	dir := t.TempDir()
	first, err := icostest.Start(&icostest.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	bucket := first.Client().Bucket("kept")
	if err := bucket.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.Object("k").Put(t.Context(), strings.NewReader("v"), nil); err != nil {
		t.Fatal(err)
	}
	for range 2 { // closing twice is fine
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
	}
	second := icostest.NewServer(t, &icostest.Options{Dir: dir})
	if second.Credential.APIKey != first.Credential.APIKey {
		t.Error("the credential changed")
	}
	if _, err := second.Client().Bucket("kept").Object("k").Stat(t.Context()); err != nil {
		t.Errorf("Stat after restart: %v", err)
	}
}

func TestWrapInjectsFaults(t *testing.T) {
	failures := 2
	cos := icostest.NewServer(t, &icostest.Options{Wrap: func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && failures > 0 {
				failures--
				http.Error(w, "", http.StatusServiceUnavailable)
				return
			}
			h.ServeHTTP(w, r)
		})
	}})
	if err := cos.HMACClient().Bucket("in-the-end").Create(t.Context(), nil); err != nil {
		t.Errorf("Create after two failures: %v", err)
	}
	if failures != 0 {
		t.Errorf("%d failures were not injected", failures)
	}
}
