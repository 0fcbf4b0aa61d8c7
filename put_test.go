package icos_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos"
)

const mib = 1 << 20

// sources are the kinds of readers that Put treats in different ways.
var sources = map[string]func(t *testing.T, data []byte) io.Reader{
	"bytes.Reader":   func(_ *testing.T, data []byte) io.Reader { return bytes.NewReader(data) },
	"strings.Reader": func(_ *testing.T, data []byte) io.Reader { return strings.NewReader(string(data)) },
	"bytes.Buffer":   func(_ *testing.T, data []byte) io.Reader { return bytes.NewBuffer(data) },
	"plain reader":   func(_ *testing.T, data []byte) io.Reader { return io.MultiReader(bytes.NewReader(data)) },
	"seeker only":    func(_ *testing.T, data []byte) io.Reader { return struct{ io.ReadSeeker }{bytes.NewReader(data)} },
	"late EOF":       func(_ *testing.T, data []byte) io.Reader { return iotest.DataErrReader(bytes.NewReader(data)) },
	"file":           func(t *testing.T, data []byte) io.Reader { return tempFile(t, data) },
	"rest of a file": func(t *testing.T, data []byte) io.Reader {
		f := tempFile(t, append([]byte("skipped"), data...))
		if _, err := f.Seek(7, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		return f
	},
	"pipe": func(t *testing.T, data []byte) io.Reader {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			_, err := w.Write(data)
			done <- errors.Join(err, w.Close())
		}()
		t.Cleanup(func() {
			if err := errors.Join(<-done, r.Close()); err != nil {
				t.Error(err)
			}
		})
		return r
	},
}

func tempFile(t testing.TB, data []byte) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestPutAroundThresholds(t *testing.T) {
	const partSize, threshold = 5 * mib, 6 * mib
	tests := []struct {
		size  int64
		parts int // 0: one request
	}{
		{0, 0},
		{1, 0},
		{4096, 0},
		{partSize, 0},
		{threshold - 1, 0},
		{threshold, 2},
		{2*partSize - 1, 2},
		{2 * partSize, 2},
		{2*partSize + 1, 3},
	}
	b := newBucket(t)
	for _, test := range tests {
		data := noise(test.size)
		for name, source := range sources {
			t.Run(fmt.Sprintf("%d bytes of %s", test.size, name), func(t *testing.T) {
				p := &proxy{}
				o := through(t, p, b).Object(fmt.Sprintf("%s/%d", name, test.size))
				var told []int64
				src := source(t, data)
				info, err := o.Put(ctx, src, &icos.PutOptions{
					PartSize: partSize, Threshold: threshold, ContentType: "text/x-noise",
					Metadata: map[string]string{"color": "blue"},
					Progress: func(sent int64) { told = append(told, sent) },
				})
				if err != nil {
					t.Fatal(err)
				}
				if info.Size != test.size || info.Key != o.Key() || info.ETag == "" {
					t.Errorf("Put returned %+v", info)
				}
				want := []string{"PUT"}
				if test.parts > 0 {
					want = slices.Concat([]string{"CREATE"}, slices.Repeat([]string{"PART"}, test.parts), []string{"COMPLETE"})
				}
				if diff := cmp.Diff(want, p.all()); diff != "" {
					t.Errorf("requests (-want +got):\n%s", diff)
				}
				if !slices.IsSorted(told) || test.size > 0 && (len(told) == 0 || told[len(told)-1] != test.size) {
					t.Errorf("progress was %d", told)
				}
				if rest, err := io.ReadAll(src); err != nil || len(rest) > 0 {
					t.Errorf("source has %d bytes left, %v", len(rest), err)
				}
				checkObject(t, o, data)
				stat, err := o.Stat(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if stat.ETag != info.ETag || stat.ContentType != "text/x-noise" || stat.Metadata["color"] != "blue" || stat.Size != test.size {
					t.Errorf("Stat returned %+v", stat)
				}
			})
		}
	}
	checkNoUploads(t, b)
}

// Part sizes and thresholds that are no multiple of anything, and a threshold that
// is larger than a part.
func TestPutOddSizes(t *testing.T) {
	b := newBucket(t)
	opts := &icos.PutOptions{PartSize: 5*mib + 12345, Threshold: 11*mib + 1, Concurrency: 2}
	for _, size := range []int64{5*mib + 12345, 11 * mib, 11*mib + 1, 17 * mib} {
		data := noise(size)
		for _, name := range []string{"plain reader", "bytes.Buffer", "seeker only"} {
			source := sources[name]
			o := b.Object(fmt.Sprintf("%s/%d", name, size))
			info, err := o.Put(ctx, source(t, data), opts)
			if err != nil || info.Size != size {
				t.Errorf("%s: Put = %+v, %v", o.Key(), info, err)
				continue
			}
			if multipart := strings.Contains(info.ETag, "-"); multipart != (size > 11*mib) {
				t.Errorf("%s: ETag %s", o.Key(), info.ETag)
			}
			checkObject(t, o, data)
		}
	}
}

func TestPutRetriesPartsThatBreak(t *testing.T) {
	b := newBucket(t)
	data := noise(11 * mib)
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int64
			p := &proxy{}
			// Every second part is cut off in the middle; every fifth answer is lost.
			p.meddle = func(r *http.Request) (*http.Response, error) {
				if kind(r) != "PART" {
					return nil, nil
				}
				switch i := n.Add(1); {
				case i%2 == 0:
					_, err := io.CopyN(io.Discard, r.Body, 2*mib)
					return nil, errors.Join(errReset, err, r.Body.Close())
				case i%5 == 0:
					return refuse(r, http.StatusServiceUnavailable, "SlowDown"), r.Body.Close()
				}
				return nil, nil
			}
			o := through(t, p, b).Object(name)
			var told []int64
			_, err := o.Put(ctx, source(t, data), &icos.PutOptions{
				PartSize: 5 * mib, Progress: func(sent int64) { told = append(told, sent) },
			})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.IsSorted(told) || told[len(told)-1] != 11*mib {
				t.Errorf("progress does not rise to %d: %d", 11*mib, told[max(0, len(told)-5):])
			}
			if got := p.count("PART"); got <= 3 {
				t.Errorf("%d parts were sent; none was repeated", got)
			}
			checkObject(t, client.Bucket(b.Name()).Object(name), data)
		})
	}
	checkNoUploads(t, b)
}

func TestPutLeavesNothingBehind(t *testing.T) {
	errSource := errors.New("the disk is on fire")
	tests := map[string]struct {
		meddle func(r *http.Request) (*http.Response, error)
		source func(t *testing.T, cancel func()) io.Reader
		opts   icos.PutOptions
		want   error
		aborts int
	}{
		"a part is refused": {
			meddle: func(r *http.Request) (*http.Response, error) {
				if kind(r) == "PART" && r.URL.Query().Get("partNumber") == "2" {
					return refuse(r, http.StatusForbidden, "AccessDenied"), r.Body.Close()
				}
				return nil, nil
			},
			want: fs.ErrPermission, aborts: 1,
		},
		"the source fails": {
			source: func(*testing.T, func()) io.Reader {
				return io.MultiReader(bytes.NewReader(noise(12*mib)), iotest.ErrReader(errSource))
			},
			want: errSource, aborts: 1,
		},
		"the source fails before the threshold": {
			source: func(*testing.T, func()) io.Reader { return iotest.ErrReader(errSource) },
			want:   errSource,
		},
		"cancelled between parts": {
			source: func(_ *testing.T, cancel func()) io.Reader {
				return io.MultiReader(bytes.NewReader(noise(12*mib)), readerFunc(func(p []byte) (int, error) {
					cancel()
					return copy(p, "x"), nil
				}))
			},
			want: context.Canceled, aborts: 1,
		},
		"shorter than its size": {
			source: func(*testing.T, func()) io.Reader { return io.MultiReader(bytes.NewReader(noise(12 * mib))) },
			opts:   icos.PutOptions{Size: 13 * mib},
			want:   icos.ErrChanged, aborts: 1,
		},
		"longer than its size": {
			source: func(*testing.T, func()) io.Reader { return io.MultiReader(bytes.NewReader(noise(12 * mib))) },
			opts:   icos.PutOptions{Size: 11 * mib},
			want:   icos.ErrChanged, aborts: 1,
		},
		"the object exists": {
			source: func(*testing.T, func()) io.Reader { return bytes.NewReader(noise(12 * mib)) },
			opts:   icos.PutOptions{IfNoneMatch: "*"},
			want:   &icos.Error{Code: "PreconditionFailed"}, aborts: 1,
		},
		"the object exists, small": {
			source: func(*testing.T, func()) io.Reader { return strings.NewReader("new") },
			opts:   icos.PutOptions{IfNoneMatch: "*"},
			want:   &icos.Error{Code: "PreconditionFailed"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBucket(t)
			put(t, b.Object("key"), []byte("old"))
			p := &proxy{meddle: test.meddle}
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			var src io.Reader = bytes.NewReader(noise(12 * mib))
			if test.source != nil {
				src = test.source(t, cancel)
			}
			test.opts.PartSize = 5 * mib
			_, err := through(t, p, b).Object("key").Put(ctx, src, &test.opts)
			if want, ok := test.want.(*icos.Error); ok {
				if e, ok := errors.AsType[*icos.Error](err); !ok || e.Code != want.Code {
					t.Errorf("Put: %v, want %s", err, want.Code)
				}
			} else if !errors.Is(err, test.want) {
				t.Errorf("Put: %v, want %v", err, test.want)
			}
			if got := p.count("ABORT"); got != test.aborts {
				t.Errorf("%d uploads were aborted, want %d", got, test.aborts)
			}
			checkNoUploads(t, b)
			checkObject(t, b.Object("key"), []byte("old"))
		})
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestPutCancelledWhileAPartIsSent(t *testing.T) {
	b := newBucket(t)
	ctx, cancel := context.WithCancel(ctx)
	p := &proxy{}
	p.meddle = func(r *http.Request) (*http.Response, error) {
		if kind(r) == "PART" && r.URL.Query().Get("partNumber") == "2" {
			cancel()
		}
		return nil, nil
	}
	_, err := through(t, p, b).Object("key").Put(ctx, bytes.NewReader(noise(32*mib)), &icos.PutOptions{PartSize: 5 * mib})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Put: %v, want context.Canceled", err)
	}
	checkNoUploads(t, b)
}

// An upload that the service began must be aborted even if its answer comes
// after the cancellation.
func TestPutCancelledWhileTheUploadBegins(t *testing.T) {
	b := newBucket(t)
	ctx, cancel := context.WithCancel(ctx)
	p := &proxy{}
	p.meddle = func(r *http.Request) (*http.Response, error) {
		if kind(r) == "CREATE" {
			cancel()
		}
		return nil, nil
	}
	_, err := through(t, p, b).Object("key").Put(ctx, bytes.NewReader(noise(12*mib)), nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Put: %v, want context.Canceled", err)
	}
	if p.count("CREATE") != 1 || p.count("ABORT") != 1 || p.count("PART") != 0 {
		t.Errorf("requests were %v", p.all())
	}
	checkNoUploads(t, b)
}

func TestPutAbortsWhenTheSourcePanics(t *testing.T) {
	b := newBucket(t)
	defer func() {
		if recover() == nil {
			t.Error("the panic was swallowed")
		}
		checkNoUploads(t, b)
	}()
	src := io.MultiReader(bytes.NewReader(noise(12*mib)), readerFunc(func([]byte) (int, error) { panic("bad source") }))
	_, err := b.Object("key").Put(ctx, src, &icos.PutOptions{PartSize: 5 * mib})
	t.Errorf("Put returned %v", err)
}

func TestPutNamesTheUploadThatItCouldNotAbort(t *testing.T) {
	b := newBucket(t)
	p := &proxy{}
	p.meddle = func(r *http.Request) (*http.Response, error) {
		switch kind(r) {
		case "PART":
			return refuse(r, http.StatusForbidden, "AccessDenied"), r.Body.Close()
		case "ABORT":
			return refuse(r, http.StatusMethodNotAllowed, "MethodNotAllowed"), nil
		}
		return nil, nil
	}
	_, err := through(t, p, b).Object("key").Put(ctx, bytes.NewReader(noise(12*mib)), nil)
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Put: %v, want the reason why the part failed", err)
	}
	left := 0
	for u, listErr := range b.Uploads(ctx, nil) {
		if listErr != nil {
			t.Fatal(listErr)
		}
		left++
		if !strings.Contains(err.Error(), u.ID) {
			t.Errorf("Put: %v, does not name upload %s", err, u.ID)
		}
		if err := b.Object(u.Key).Upload(u.ID).Abort(ctx); err != nil {
			t.Error(err)
		}
	}
	if left != 1 {
		t.Errorf("%d uploads left, want 1", left)
	}
}

func TestPutOfAFileThatChanges(t *testing.T) {
	changes := map[string]func(f *os.File) error{
		"grows":      func(f *os.File) error { _, err := f.WriteAt([]byte("more"), 12*mib); return err },
		"shrinks":    func(f *os.File) error { return f.Truncate(7 * mib) },
		"is emptied": func(f *os.File) error { return f.Truncate(0) },
	}
	for name, change := range changes {
		for _, threshold := range []int64{5 * mib, 100 * mib} {
			t.Run(fmt.Sprintf("%s, threshold %d MiB", name, threshold/mib), func(t *testing.T) {
				b := newBucket(t)
				f := tempFile(t, noise(12*mib))
				p := &proxy{}
				changed := false
				p.meddle = func(r *http.Request) (*http.Response, error) {
					if k := kind(r); !changed && (k == "CREATE" || k == "PUT") {
						changed = true
						return nil, change(f)
					}
					return nil, nil
				}
				_, err := through(t, p, b).Object("key").Put(ctx, f, &icos.PutOptions{PartSize: 5 * mib, Threshold: threshold})
				if !errors.Is(err, icos.ErrChanged) {
					t.Errorf("Put: %v, want ErrChanged", err)
				}
				if exists, err := b.Object("key").Exists(ctx); exists || err != nil {
					t.Errorf("the object exists: %v, %v", exists, err)
				}
				checkNoUploads(t, b)
			})
		}
	}
}

func TestPutReadsFilesThatClaimToBeEmpty(t *testing.T) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		t.Skip("needs /proc")
	}
	defer f.Close()
	info, err := newBucket(t).Object("status").Put(ctx, f, nil)
	if err != nil || info.Size == 0 {
		t.Errorf("stored %d bytes, %v", info.Size, err)
	}
}

func TestPutRefusesWhatCannotWork(t *testing.T) {
	b := newBucket(t)
	tests := map[string]struct {
		object *icos.Object
		opts   *icos.PutOptions
		want   string
	}{
		"no key":            {b.Object(""), nil, "the key is empty"},
		"long key":          {b.Object(strings.Repeat("k", 1025)), nil, "at most 1024"},
		"not UTF-8":         {b.Object("\xff"), nil, "not UTF-8"},
		"no bucket":         {client.Bucket("").Object("k"), nil, "the bucket is empty"},
		"path as a bucket":  {client.Bucket("a/b").Object("k"), nil, "lower-case letters"},
		"negative option":   {b.Object("k"), &icos.PutOptions{PartSize: -1}, "negative"},
		"size is not right": {b.Object("k"), &icos.PutOptions{Size: 5}, "there are 4 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := test.object.Put(ctx, strings.NewReader("text"), test.opts)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Put: %v, want something about %q", err, test.want)
			}
		})
	}
}

func TestKeysSurvive(t *testing.T) {
	b := newBucket(t)
	keys := []string{
		"../../etc/passwd", "..", ".", "a//b", "a", "a/b", "a/", "/a", "//", "a/./b", "a/../b",
		"𝄞 music", strings.Repeat("k", 1024), strings.Repeat("é", 512), "plus+plus", "percent%2Fpercent%", "space at the end ",
		"tab\tnewline\nquote\"<&>'", "question?mark#hash&amp;=", "\u0001\u007f", "back\\slash", "é", "e\u0301", "~*!()'",
	}
	for _, key := range keys {
		put(t, b.Object(key), []byte("value of "+key))
	}
	for _, key := range keys {
		checkObject(t, b.Object(key), []byte("value of "+key))
	}
	var listed []string
	for info, err := range b.Objects(ctx, &icos.ListOptions{PageSize: 3}) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, info.Key)
	}
	slices.Sort(keys)
	if diff := cmp.Diff(keys, listed); diff != "" {
		t.Errorf("listed keys (-want +got):\n%s", diff)
	}
	for key, err := range b.DeleteObjects(ctx, slices.Values(keys)) {
		if err != nil {
			t.Errorf("delete %q: %v", key, err)
		}
	}
	for info, err := range b.Objects(ctx, nil) {
		t.Errorf("still there: %q, %v", info.Key, err)
	}
}
