package s3_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/icos-go/icos/s3"
)

// inFile is a body in a file that counts how often it was asked where it lies.
type inFile struct {
	f     *os.File
	pos   int64
	size  int64
	asked int
}

func (b *inFile) Read(p []byte) (int, error) {
	n, err := b.f.ReadAt(p[:min(int64(len(p)), b.size-b.pos)], b.pos)
	b.pos += int64(n)
	if n == 0 && b.pos == b.size {
		return 0, io.EOF
	}
	return n, err
}

func (b *inFile) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += b.pos
	case io.SeekEnd:
		offset += b.size
	}
	b.pos = offset
	return offset, nil
}

func (b *inFile) ReadFile(most int) (*os.File, int64, int, error) {
	b.asked++
	n := min(int64(most), b.size-b.pos, 100_000)
	if n == 0 {
		return nil, 0, 0, io.EOF
	}
	offset := b.pos
	b.pos += n
	return b.f, offset, int(n), nil
}

func TestBodyInFile(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	attempts := 0
	var got []byte
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		if attempts++; attempts%2 == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer srv.Close()
	client, err := s3.New(s3.Config{Endpoint: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{len(data), len(data) - 1, 300_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			var sent int
			body := &inFile{f: f, size: int64(size)}
			_, err := client.PutObject(t.Context(), &s3.PutObjectRequest{
				Bucket: "bucket", Key: "key", Body: body, ContentLength: int64(size),
				Checksum: s3.Checksum{Algorithm: s3.NoChecksum}, Sent: func(n int) { sent += n },
			})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, data[:size]) || sent != size {
				t.Errorf("%d bytes arrived and %d were told, want %d", len(got), sent, size)
			}
			if runtime.GOOS == "linux" && body.asked == 0 {
				t.Error("the file was read and not sent by the system")
			}
		})
	}
}

func TestBodyInFileThatShrank(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, make([]byte, 400_000), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	defer srv.Close()
	client, err := s3.New(s3.Config{Endpoint: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.PutObject(t.Context(), &s3.PutObjectRequest{
		Bucket: "bucket", Key: "key", Body: &inFile{f: f, size: 500_000}, ContentLength: 500_000,
		Checksum: s3.Checksum{Algorithm: s3.NoChecksum},
	})
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want %v", err, io.ErrUnexpectedEOF)
	}
}
