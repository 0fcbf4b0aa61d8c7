package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A driver does with one client what people do daily. Every client goes through
// the same scenario.
type driver interface {
	createBucket(ctx context.Context, bucket string) error
	deleteBucket(ctx context.Context, bucket string) error
	// put stores a small object in one request.
	put(ctx context.Context, bucket, key string, body []byte) error
	// upload stores a file in parts.
	upload(ctx context.Context, bucket, key, path string) error
	// list returns all keys with a prefix, in as many pages as the client likes.
	list(ctx context.Context, bucket, prefix string) ([]string, error)
	get(ctx context.Context, bucket, key string) ([]byte, error)
	getRange(ctx context.Context, bucket, key string, off, n int64) ([]byte, error)
	copy(ctx context.Context, bucket, from, to string) error
	// presign returns a link to get an object, or errNotOffered.
	presign(ctx context.Context, bucket, key string) (string, error)
	delete(ctx context.Context, bucket string, keys ...string) error
}

// errNotOffered says that a client has no such thing, which is no fault of
// the server.
var errNotOffered = errors.New("not offered by this client")

// A coder is a driver that can tell which error code the service sent.
type coder interface{ code(err error) string }

// largeSize is 64 MiB, with a short last part.
const largeSize = 64<<20 + 12345

// oddKeys survive a round trip through clients that treat keys as bytes.
var oddKeys = []string{
	"plain", "with space", "trailing ", "plus+plus", "percent%2Fliteral", "a//b", "a", "a/b", "dir/",
	"ünïcödé/日本/😀", "quotes\"'", "a&b=c?d#e", "~tilde-._", "*()!$,;:@[]{}|^`\\<>", "..a/...", strings.Repeat("k", 1024),
}

// largeBody returns the contents of the large object: the same in each run, and
// no two blocks alike, so that parts cannot change places unseen.
func largeBody() []byte {
	b := make([]byte, largeSize)
	rng := rand.NewChaCha8([32]byte{'i', 'c', 'o', 's'})
	rng.Read(b) // never fails
	return b
}

// scenario takes d through the life of a bucket. keys are those that the client
// can name; links are followed by browser, which has no credentials.
func scenario(t *testing.T, d driver, browser *http.Client, bucket string, keys []string) {
	ctx := t.Context()
	must := func(step string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
	}
	must("create bucket", d.createBucket(ctx, bucket))
	wantCode(t, d, "create bucket again", d.createBucket(ctx, bucket), "BucketAlreadyExists", "BucketAlreadyOwnedByYou")

	for _, key := range keys {
		must("put "+key, d.put(ctx, bucket, key, contentOf(key)))
	}
	for _, key := range keys {
		got, err := d.get(ctx, bucket, key)
		must("get "+key, err)
		if want := contentOf(key); !bytes.Equal(got, want) {
			t.Errorf("get %q = %q, want %q", key, got, want)
		}
	}
	wantKeys(t, d, bucket, "", keys)
	wantKeys(t, d, bucket, "a/", withPrefix(keys, "a/"))
	wantCode(t, d, "delete bucket with objects", d.deleteBucket(ctx, bucket), "BucketNotEmpty")
	_, err := d.get(ctx, bucket, "missing")
	wantCode(t, d, "get missing", err, "NoSuchKey")
	must("delete", d.delete(ctx, bucket, keys...))
	wantKeys(t, d, bucket, "", nil)

	large(t, d, browser, bucket)
	must("delete bucket", d.deleteBucket(ctx, bucket))
	_, err = d.get(ctx, bucket, "large")
	wantCode(t, d, "get from no bucket", err, "NoSuchBucket")
}

func large(t *testing.T, d driver, browser *http.Client, bucket string) {
	ctx := t.Context()
	body := largeBody()
	path := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(path, body, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := d.upload(ctx, bucket, "large", path); err != nil {
		t.Fatalf("upload: %v", err)
	}
	wantBody(t, "get what was uploaded", body)(d.get(ctx, bucket, "large"))
	for _, r := range [][2]int64{{0, 1}, {5<<20 - 10, 20}, {8<<20 - 1, 2}, {largeSize - 7, 7}} {
		step := fmt.Sprintf("get %d bytes at %d", r[1], r[0])
		wantBody(t, step, body[r[0]:r[0]+r[1]])(d.getRange(ctx, bucket, "large", r[0], r[1]))
	}
	if err := d.copy(ctx, bucket, "large", "copied"); err != nil {
		t.Fatalf("copy: %v", err)
	}
	wantBody(t, "get copy", body)(d.get(ctx, bucket, "copied"))
	switch link, err := d.presign(ctx, bucket, "large"); {
	case errors.Is(err, errNotOffered):
	case err != nil:
		t.Errorf("presign: %v", err)
	default:
		wantBody(t, "get through a link", body)(follow(ctx, browser, link))
	}
	wantKeys(t, d, bucket, "", []string{"copied", "large"})
	if err := d.delete(ctx, bucket, "large", "copied"); err != nil {
		t.Fatalf("delete: %v", err)
	}
}

// contentOf is a body that says which key it belongs to.
func contentOf(key string) []byte { return []byte("the content of " + key + "\r\n\x00") }

func withPrefix(keys []string, prefix string) []string {
	var out []string
	for _, key := range keys {
		if strings.HasPrefix(key, prefix) {
			out = append(out, key)
		}
	}
	return out
}

func wantKeys(t *testing.T, d driver, bucket, prefix string, want []string) {
	t.Helper()
	got, err := d.list(t.Context(), bucket, prefix)
	if err != nil {
		t.Fatalf("list %q: %v", prefix, err)
	}
	want = slices.Sorted(slices.Values(want))
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("list %q = %q, want %q", prefix, got, want)
	}
}

func wantBody(t *testing.T, step string, want []byte) func(got []byte, err error) {
	return func(got []byte, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got %d bytes that differ from the %d wanted", step, len(got), len(want))
		}
	}
}

// wantCode checks that err is there, and its code if the client tells it.
func wantCode(t *testing.T, d driver, step string, err error, codes ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, want %v", step, codes)
		return
	}
	if c, ok := d.(coder); ok && !slices.Contains(codes, c.code(err)) {
		t.Errorf("%s: error is %q (%v), want %v", step, c.code(err), err, codes)
	}
}

// follow gets a link.
func follow(ctx context.Context, browser *http.Client, link string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, err
	}
	resp, err := browser.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %s: %s", resp.Status, b)
	}
	return b, err
}
