package icos_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos"
)

func TestGetRanges(t *testing.T) {
	o := newBucket(t).Object("digits")
	put(t, o, []byte("0123456789"))
	tests := []struct {
		opts icos.GetOptions
		want string
	}{
		{icos.GetOptions{}, "0123456789"},
		{icos.GetOptions{Offset: 3}, "3456789"},
		{icos.GetOptions{Length: 4}, "0123"},
		{icos.GetOptions{Offset: 3, Length: 4}, "3456"},
		{icos.GetOptions{Offset: 8, Length: 100}, "89"},
		{icos.GetOptions{Offset: 9}, "9"},
		{icos.GetOptions{Offset: -3}, "789"},
		{icos.GetOptions{Offset: -100}, "0123456789"},
	}
	for _, test := range tests {
		r, err := o.Get(ctx, &test.opts)
		if err != nil {
			t.Errorf("Get(%+v): %v", test.opts, err)
			continue
		}
		got, err := io.ReadAll(r)
		if string(got) != test.want || err != nil {
			t.Errorf("Get(%+v) = %q, %v, want %q", test.opts, got, err, test.want)
		}
		if r.Size() != int64(len(test.want)) || r.Info().Size != 10 || r.Info().Key != "digits" {
			t.Errorf("Get(%+v): size %d, info %+v", test.opts, r.Size(), r.Info())
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if _, err := r.Read(make([]byte, 1)); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("Read after Close: %v, want fs.ErrClosed", err)
		}
	}
}

func TestGetErrors(t *testing.T) {
	b := newBucket(t)
	info := put(t, b.Object("key"), []byte("text"))
	status := func(code int) func(error) bool {
		return func(err error) bool {
			e, ok := errors.AsType[*icos.Error](err)
			return ok && e.StatusCode == code
		}
	}
	is := func(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }
	tests := map[string]struct {
		object *icos.Object
		opts   icos.GetOptions
		want   func(error) bool
	}{
		"no such key":           {b.Object("nothing"), icos.GetOptions{}, is(fs.ErrNotExist)},
		"no such bucket":        {client.Bucket("no-such-bucket").Object("key"), icos.GetOptions{}, is(fs.ErrNotExist)},
		"range past the end":    {b.Object("key"), icos.GetOptions{Offset: 4}, status(http.StatusRequestedRangeNotSatisfiable)},
		"another version":       {b.Object("key"), icos.GetOptions{IfMatch: "0123456789abcdef0123456789abcdef"}, is(icos.ErrChanged)},
		"the version we have":   {b.Object("key"), icos.GetOptions{IfNoneMatch: info.ETag}, status(http.StatusNotModified)},
		"negative length":       {b.Object("key"), icos.GetOptions{Length: -1}, func(err error) bool { return err != nil }},
		"length and the end":    {b.Object("key"), icos.GetOptions{Offset: -2, Length: 1}, func(err error) bool { return err != nil }},
		"key that is not UTF-8": {b.Object("\xff"), icos.GetOptions{}, func(err error) bool { return err != nil }},
	}
	for name, test := range tests {
		if _, err := test.object.Get(ctx, &test.opts); !test.want(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReaderGoesOnWhenTheConnectionBreaks(t *testing.T) {
	b := newBucket(t)
	data := noise(3*mib + 17)
	put(t, b.Object("key"), data)
	breaks := map[string]func(i int) (bytes int64, cut bool){
		"once":               func(i int) (int64, bool) { return mib, i == 1 },
		"at once":            func(i int) (int64, bool) { return 0, i <= 2 },
		"every 100,000":      func(int) (int64, bool) { return 100_000, true },
		"before the last":    func(i int) (int64, bool) { return int64(len(data)) - 1, i == 1 },
		"anywhere":           func(int) (int64, bool) { return rand.Int64N(mib), true },
		"after the last":     func(i int) (int64, bool) { return int64(len(data)), i == 1 },
		"once, and ends":     func(i int) (int64, bool) { return -mib, i == 1 },
		"at first, and ends": func(i int) (int64, bool) { return -1, i == 1 },
	}
	for name, cut := range breaks {
		t.Run(name, func(t *testing.T) {
			gets := 0
			p := &proxy{}
			p.body = func(r *http.Request, body io.ReadCloser) io.ReadCloser {
				if gets++; gets > 1 && r.Header.Get("If-Match") == "" {
					t.Error("went on without If-Match")
				}
				n, ok := cut(gets)
				switch {
				case !ok:
					return body
				case n < 0: // a body that just ends, as that of a lying proxy
					return struct {
						io.Reader
						io.Closer
					}{io.LimitReader(body, -n), body}
				}
				return &breaking{body, n}
			}
			for _, opts := range []icos.GetOptions{{}, {Offset: 1000, Length: 2 * mib}, {Offset: -2 * mib}} {
				gets = 0
				want := data
				if opts.Offset > 0 {
					want = data[opts.Offset:][:opts.Length]
				} else if opts.Offset < 0 {
					want = data[int64(len(data))+opts.Offset:]
				}
				r, err := through(t, p, b).Object("key").Get(ctx, &opts)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(r)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("Get(%+v): read %d bytes, %v, want %d", opts, len(got), err, len(want))
				}
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestReaderGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &proxy{
			meddle: func(r *http.Request) (*http.Response, error) {
				resp := respond(r, http.StatusOK, strings.Repeat("x", 1000))
				resp.Header.Set("ETag", `"tag"`)
				if r.Header.Get("Range") != "" {
					resp.StatusCode = http.StatusPartialContent
					resp.Header.Set("Content-Range", "bytes 0-999/1000")
				}
				resp.Body = &breaking{resp.Body, 0}
				return resp, nil
			},
		}
		start := time.Now()
		r, err := through(t, p, client.Bucket("any")).Object("key").Get(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		n, err := io.Copy(io.Discard, r)
		if n != 0 || !errors.Is(err, errReset) {
			t.Errorf("read %d bytes, %v; want the error of the connection", n, err)
		}
		if got := p.count("GET"); got != 6 {
			t.Errorf("%d requests, want 6", got)
		}
		if took := time.Since(start); took == 0 || took > time.Minute {
			t.Errorf("gave up after %v", took)
		}
	})
}

func TestReaderNeverMixesVersions(t *testing.T) {
	tests := map[string]func(o *icos.Object) error{
		"replaced": func(o *icos.Object) error {
			_, err := o.Put(ctx, bytes.NewReader(make([]byte, mib)), nil)
			return err
		},
		"deleted": func(o *icos.Object) error { return o.Delete(ctx) },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBucket(t)
			data := noise(mib)
			put(t, b.Object("key"), data)
			p := &proxy{body: func(_ *http.Request, body io.ReadCloser) io.ReadCloser { return &breaking{body, 1000} }}
			r, err := through(t, p, b).Object("key").Get(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if err := change(b.Object("key")); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if !errors.Is(err, icos.ErrChanged) {
				t.Errorf("Read: %v, want ErrChanged", err)
			}
			if !bytes.HasPrefix(data, got) {
				t.Errorf("the %d bytes read are not those of the first version", len(got))
			}
		})
	}
}

func TestReaderFindsDamage(t *testing.T) {
	b := newBucket(t)
	small, large := b.Object("small"), b.Object("large")
	put(t, small, noise(10_000))
	put(t, large, noise(20*mib))
	for _, o := range []*icos.Object{small, large} {
		for name, n := range map[string]int64{"in one go": 1 << 40, "across broken connections": 3000} {
			t.Run(o.Key()+" "+name, func(t *testing.T) {
				first := true
				p := &proxy{body: func(_ *http.Request, body io.ReadCloser) io.ReadCloser {
					if !first {
						return body
					}
					first = false
					return &flipping{&breaking{body, n}, 100}
				}}
				r, err := through(t, p, b).Object(o.Key()).Get(ctx, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				if n, err := io.Copy(io.Discard, r); !errors.Is(err, icos.ErrChecksum) {
					t.Errorf("read %d bytes, %v; want ErrChecksum", n, err)
				}
			})
		}
	}
}

// flipping damages one byte.
type flipping struct {
	io.ReadCloser
	at int
}

func (f *flipping) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if 0 <= f.at && f.at < n {
		p[f.at] ^= 1
	}
	f.at -= n
	return n, err
}

func TestReaderStopsWithItsContext(t *testing.T) {
	b := newBucket(t)
	put(t, b.Object("key"), noise(8*mib))
	ctx, cancel := context.WithCancel(ctx)
	r, err := b.Object("key").Get(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cancel()
	if _, err := io.Copy(io.Discard, r); !errors.Is(err, context.Canceled) {
		t.Errorf("Read: %v, want context.Canceled", err)
	}
}

func TestReaderSeeks(t *testing.T) {
	o := newBucket(t).Object("key")
	data := noise(1000)
	put(t, o, data)
	for _, opts := range []*icos.GetOptions{nil, {Offset: 100, Length: 500}} {
		want := data
		if opts != nil {
			want = data[100:600]
		}
		r, err := o.Get(ctx, opts)
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(r, want); err != nil {
			t.Error(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if _, err := r.Seek(0, io.SeekStart); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("Seek after Close: %v", err)
		}
	}
}

func TestReaderUsesConnectionsAgain(t *testing.T) {
	b := newBucket(t)
	put(t, b.Object("key"), noise(100_000))
	p := &proxy{}
	o := through(t, p, b).Object("key")
	conns := map[string]bool{}
	for range 10 {
		r, err := o.Get(traced(ctx, conns), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, make([]byte, 100_000)); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Read(make([]byte, 1)); err != io.EOF {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if len(conns) != 1 {
		t.Errorf("%d connections were made for 10 requests, want 1", len(conns))
	}
}

func TestReaderAtOpensArchives(t *testing.T) {
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	want := map[string][]byte{}
	for i := range 200 {
		name := fmt.Sprintf("file-%d", i)
		want[name] = noise(int64(20_000 + i))
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(want[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b := newBucket(t)
	size := int64(archive.Len())
	put(t, b.Object("archive.zip"), archive.Bytes())

	p := &proxy{}
	r, err := through(t, p, b).Object("archive.zip").ReaderAt(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if r.Size() != size {
		t.Errorf("size is %d, want %d", r.Size(), size)
	}
	z, err := zip.NewReader(r, r.Size())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(len(want), len(z.File)); diff != "" {
		t.Error(diff)
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := i; j < len(z.File); j += 4 {
				f, err := z.File[j].Open()
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(f)
				if err != nil || !bytes.Equal(got, want[z.File[j].Name]) {
					t.Errorf("%s: %d bytes, %v", z.File[j].Name, len(got), err)
				}
			}
		})
	}
	wg.Wait()
	if got := p.count("GET"); got > 8 {
		t.Errorf("%d requests for an archive of %d bytes", got, size)
	}
}

func TestReaderAt(t *testing.T) {
	b := newBucket(t)
	data := noise(10*mib + 5)
	put(t, b.Object("key"), data)
	r, err := b.Object("key").ReaderAt(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		off := rand.Int64N(int64(len(data)) + 2)
		n := rand.IntN(3 * mib)
		if rand.IntN(2) == 0 {
			n %= 5000
		}
		buf := make([]byte, n)
		got, err := r.ReadAt(buf, off)
		want := data[min(off, int64(len(data))):]
		if len(want) >= n {
			want = want[:n]
		}
		if !bytes.Equal(buf[:got], want) || err != nil && err != io.EOF || (err == io.EOF) != (got < n) && n > 0 {
			t.Fatalf("ReadAt(%d bytes, %d) = %d, %v, want %d", n, off, got, err, len(want))
		}
	}
	if _, err := r.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("read at a negative offset")
	}

	put(t, b.Object("key"), make([]byte, len(data)))
	if _, err := r.ReadAt(make([]byte, 2*mib), 0); !errors.Is(err, icos.ErrChanged) {
		t.Errorf("ReadAt after the object was replaced: %v, want ErrChanged", err)
	}
	if _, err := b.Object("nothing").ReaderAt(ctx); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReaderAt of nothing: %v", err)
	}
}

func TestReaderWritesTo(t *testing.T) {
	o := newBucket(t).Object("key")
	data := noise(700_000)
	put(t, o, data)
	r, err := o.Get(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got strings.Builder
	n, err := r.WriteTo(&got)
	if n != int64(len(data)) || err != nil || got.String() != string(data) {
		t.Errorf("WriteTo = %d, %v", n, err)
	}
}
