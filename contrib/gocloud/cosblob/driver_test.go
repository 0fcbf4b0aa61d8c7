package cosblob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/s3"
)

func newBucket(t *testing.T, client func(*icostest.Server) *icos.Client) *blob.Bucket {
	cos := icostest.NewServer(t)
	if err := client(cos).Bucket("blobs").Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	b := OpenBucket(client(cos), "blobs")
	t.Cleanup(func() { b.Close() })
	return b
}

func TestEscape(t *testing.T) {
	for key, want := range map[string]string{
		"":               "",
		"a/b ü/日本":       "a/b ü/日本",
		"../up":          "..__0x2f__up",
		"a/../b":         "a/..__0x2f__b",
		"../../b":        "..__0x2f__..__0x2f__b",
		"line\nend\x00":  "line__0xa__end__0x0__",
		"not utf-8 \xff": "not utf-8 \xff",
	} {
		got := escapeKey(key)
		if got != want {
			t.Errorf("escapeKey(%q) = %q, want %q", key, got, want)
		}
		if back := unescape(got); back != key {
			t.Errorf("unescape(%q) = %q, want %q", got, back, key)
		}
	}
	for _, plain := range []string{"__0x", "a__0xzz__b", "__0x2f", "__0xffffffffff__"} {
		if got := unescape(plain); got != plain {
			t.Errorf("unescape(%q) = %q, want no change", plain, got)
		}
	}
}

func TestErrorCode(t *testing.T) {
	status := func(status int) error { return fmt.Errorf("wrapped: %w", &icos.Error{StatusCode: status}) }
	b := &bucket{}
	for want, errs := range map[gcerrors.ErrorCode][]error{
		gcerrors.FailedPrecondition: {status(412), icos.ErrChanged, icos.ErrArchived},
		gcerrors.InvalidArgument:    {status(400), status(416)},
		gcerrors.Unimplemented:      {status(501), s3.ErrPresign, errAbsentType},
		gcerrors.ResourceExhausted:  {status(429), status(503)},
		gcerrors.Internal:           {status(500)},
		gcerrors.NotFound:           {status(404), fs.ErrNotExist},
		gcerrors.PermissionDenied:   {status(403)},
		gcerrors.Canceled:           {context.Canceled},
		gcerrors.DeadlineExceeded:   {context.DeadlineExceeded},
		gcerrors.Unknown:            {errors.New("anything else"), status(302)},
	} {
		for _, err := range errs {
			if got := b.ErrorCode(err); got != want {
				t.Errorf("ErrorCode(%v) = %v, want %v", err, got, want)
			}
		}
	}
}

// Nothing is stored of what was not written to its end.
func TestCancelledWriteStoresNothing(t *testing.T) {
	b := newBucket(t, (*icostest.Server).Client)
	ctx, cancel := context.WithCancel(t.Context())
	w, err := b.NewWriter(ctx, "partial", &blob.WriterOptions{ContentType: "text/plain"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, strings.Repeat("x", 1<<20)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := w.Close(); !errors.Is(err, context.Canceled) {
		t.Errorf("Close: %v, want context.Canceled", err)
	}
	if found, err := b.Exists(t.Context(), "partial"); found || err != nil {
		t.Errorf("the blob is there: %v, %v", found, err)
	}
}

// A large blob arrives in parts, whole.
func TestLargeBlob(t *testing.T) {
	b := newBucket(t, (*icostest.Server).Client)
	want := strings.Repeat("0123456789abcdef", 12<<20/16) + "end"
	w, err := b.NewWriter(t.Context(), "large", &blob.WriterOptions{ContentType: "text/plain", BufferSize: 5 << 20, MaxConcurrency: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, strings.NewReader(want)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := b.ReadAll(t.Context(), "large")
	if err != nil || string(got) != want {
		t.Errorf("read %d bytes, %v, want the %d written", len(got), err, len(want))
	}
	attrs, err := b.Attributes(t.Context(), "large")
	if err != nil || attrs.MD5 != nil || !strings.HasSuffix(attrs.ETag, `-3"`) {
		t.Errorf("attributes %+v, %v, want no MD5 and an ETag of three parts", attrs, err)
	}
}

// COS knows presigned URLs of HMAC keys only.
func TestSignedURLNeedsHMAC(t *testing.T) {
	b := newBucket(t, (*icostest.Server).Client)
	if _, err := b.SignedURL(t.Context(), "k", nil); gcerrors.Code(err) != gcerrors.Unimplemented {
		t.Errorf("with a bearer token: %v, want Unimplemented", err)
	}
	_, err := b.SignedURL(t.Context(), "k", &blob.SignedURLOptions{Method: "PUT", EnforceAbsentContentType: true})
	if gcerrors.Code(err) != gcerrors.Unimplemented || !strings.Contains(err.Error(), "ContentType") {
		t.Errorf("without a content type: %v, want %v", err, errAbsentType)
	}
}

// A hook of Delete can choose the version.
func TestBeforeDelete(t *testing.T) {
	b := newBucket(t, (*icostest.Server).Client)
	if err := b.WriteAll(t.Context(), "k", []byte("x"), nil); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("no")
	err := b.DeleteWithOptions(t.Context(), "k", &blob.DeleteOptions{BeforeDelete: func(as func(any) bool) error {
		var object **icos.Object
		if !as(&object) || (*object).Key() != "k" {
			t.Errorf("the object is %v", object)
		}
		return refused
	}})
	if !errors.Is(err, refused) {
		t.Errorf("Delete: %v, want the hook's error", err)
	}
	if found, err := b.Exists(t.Context(), "k"); !found || err != nil {
		t.Errorf("the blob is there: %v, %v", found, err)
	}
}
