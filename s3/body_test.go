package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/s3"
)

// onlyReader hides every method but Read.
type onlyReader struct{ io.Reader }

type readerAt func([]byte, int64) (int, error)

func (f readerAt) ReadAt(p []byte, off int64) (int, error) { return f(p, off) }

func TestStreamIsNotRepeatedOnceRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, read := range []bool{false, true} {
			n := 0
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				if n++; n == 1 && !read {
					return nil, io.EOF
				}
				body, err := io.ReadAll(r.Body)
				if string(body) != "stream" || err != nil {
					t.Errorf("body = %q, %v", body, err)
				}
				if n == 1 {
					return nil, io.EOF
				}
				return answer(r, 200, ""), nil
			})
			_, err := c.PutObject(t.Context(), &s3.PutObjectRequest{Bucket: "b", Key: "k", Body: onlyReader{strings.NewReader("stream")}, ContentLength: 6})
			if read && (n != 1 || !errors.Is(err, io.EOF)) || !read && (n != 2 || err != nil) {
				t.Errorf("read %v: %d requests, error %v", read, n, err)
			}
		}
	})
}

// seekOnly is a body that can seek, but not be read at an offset.
type seekOnly struct{ io.ReadSeeker }

func TestBodyIsSentFromWhereItStands(t *testing.T) {
	at := strings.NewReader("0123456789")
	seek := seekOnly{strings.NewReader("0123456789")}
	for _, body := range []io.ReadSeeker{at, seek} {
		if _, err := body.Seek(3, io.SeekStart); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		body io.Reader
		size int64
		want string
	}{
		{at, 0, "3456789"},
		{at, 4, "3456"},
		{seek, 4, "3456"},
		{bytes.NewBufferString("buffer"), 0, "buffer"},
		{onlyReader{strings.NewReader("stream")}, 5, "strea"},
	} {
		var got string
		c := newClient(t, func(r *http.Request) (*http.Response, error) {
			b, err := io.ReadAll(r.Body)
			if err != nil || r.ContentLength != int64(len(tt.want)) {
				t.Errorf("body of %d bytes, %v", r.ContentLength, err)
			}
			got = string(b)
			return answer(r, 200, ""), nil
		})
		if _, err := c.PutObject(t.Context(), &s3.PutObjectRequest{Bucket: "b", Key: "k", Body: tt.body, ContentLength: tt.size}); err != nil {
			t.Error(err)
		}
		if got != tt.want {
			t.Errorf("%T, %d bytes: sent %q, want %q", tt.body, tt.size, got, tt.want)
		}
	}
}

func TestBodiesThatCannotBeSent(t *testing.T) {
	broken := errors.New("broken disk")
	for _, tt := range []struct {
		name string
		body io.Reader
		size int64
		want error // nil: any
	}{
		{"a stream of unknown length", onlyReader{strings.NewReader("stream")}, 0, nil},
		{"a length without a body", nil, 5, nil},
		{"a body shorter than its length", strings.NewReader("abc"), 5, io.ErrUnexpectedEOF},
		{"a long body shorter than its length", bytes.NewReader(make([]byte, 1<<20)), 2 << 20, io.ErrUnexpectedEOF},
		{"a broken disk", io.NewSectionReader(readerAt(func([]byte, int64) (int, error) { return 0, broken }), 0, 1<<20), 1 << 20, broken},
	} {
		for _, sum := range []s3.ChecksumAlgorithm{s3.CRC32C, s3.NoChecksum} {
			n := 0
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				n++
				_, err := io.ReadAll(r.Body)
				return nil, err
			})
			_, err := c.PutObject(t.Context(), &s3.PutObjectRequest{Bucket: "b", Key: "k", ContentLength: tt.size, Body: tt.body, Checksum: s3.Checksum{Algorithm: sum}})
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || n > 1 {
				t.Errorf("%s: %d requests, error %v", tt.name, n, err)
			}
		}
	}
}

func TestSentCountsWhatWasTakenBack(t *testing.T) {
	for _, size := range []int{100, 300 << 10} {
		synctest.Test(t, func(t *testing.T) {
			sum, back, n := 0, 0, 0
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					t.Error(err)
				}
				if n++; n == 1 {
					return nil, io.EOF
				}
				return answer(r, 200, ""), nil
			})
			_, err := c.PutObject(t.Context(), &s3.PutObjectRequest{
				Bucket: "b", Key: "k", Body: bytes.NewReader(make([]byte, size)),
				Sent: func(n int) {
					if sum += n; n < 0 {
						back -= n
					}
				},
			})
			if err != nil || sum != size || back != size {
				t.Errorf("size %d: sent %d in all, %d taken back, error %v", size, sum, back, err)
			}
		})
	}
}

func TestUploadEchoIsCompared(t *testing.T) {
	for echo, ok := range map[string]bool{"4waSgw==": true, "AAAAAA==": false} {
		for _, body := range []io.Reader{strings.NewReader("123456789"), onlyReader{strings.NewReader("123456789")}} {
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					t.Error(err)
				}
				return answer(r, 200, "", "x-amz-checksum-crc32c: "+echo), nil
			})
			_, err := c.PutObject(t.Context(), &s3.PutObjectRequest{Bucket: "b", Key: "k", Body: body, ContentLength: 9})
			if ok && err != nil || !ok && !errors.Is(err, s3.ErrChecksum) {
				t.Errorf("%T, echo %s: %v", body, echo, err)
			}
		}
	}
}

func TestDownloadIsVerified(t *testing.T) {
	for _, tt := range []struct {
		name, body, header string
		status             int
		want               error
	}{
		{"crc32", "123456789", "x-amz-checksum-crc32: y/Q5Jg==", 200, nil},
		{"crc32c", "123456789", "x-amz-checksum-crc32c: 4waSgw==", 200, nil},
		{"crc64nvme", "123456789", "x-amz-checksum-crc64nvme: rosUhgp5mIg=", 200, nil},
		{"sha1", "abc", "x-amz-checksum-sha1: qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", 200, nil},
		{"sha256", "abc", "x-amz-checksum-sha256: ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", 200, nil},
		{"damaged", "123456780", "x-amz-checksum-crc32c: 4waSgw==", 200, s3.ErrChecksum},
		{"range", "1234", "x-amz-checksum-crc32c: 4waSgw==", 206, nil},
		{"composite", "1234", "x-amz-checksum-crc32c: 4waSgw==-2", 200, nil},
		{"none", "1234", "Date: today", 200, nil},
	} {
		c := newClient(t, func(r *http.Request) (*http.Response, error) { return answer(r, tt.status, tt.body, tt.header), nil })
		out, err := c.GetObject(t.Context(), &s3.GetObjectRequest{Bucket: "b", Key: "k"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(out.Body)
		if !errors.Is(err, tt.want) || string(got) != tt.body {
			t.Errorf("%s: read %q, %v, want error %v", tt.name, got, err, tt.want)
		}
	}
}

func TestShortDownload(t *testing.T) {
	c := newClient(t, func(r *http.Request) (*http.Response, error) {
		resp := answer(r, 200, "1234")
		resp.ContentLength = 9
		return resp, nil
	})
	out, err := c.GetObject(t.Context(), &s3.GetObjectRequest{Bucket: "b", Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(out.Body); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "GetObject b/k") {
		t.Errorf("error = %v", err)
	}
}

// TestStalledConnectionIsCut talks to a server that takes the first request and says nothing.
func TestStalledConnectionIsCut(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	first := make(chan net.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		first <- c // held open, and silent
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
		})}
		srv.Serve(l)
	}()
	c, err := s3.New(s3.Config{
		Endpoint:   "http://" + l.Addr().String(),
		HTTPClient: &http.Client{Transport: s3.NewTransport(&s3.TransportOptions{StallTimeout: 500 * time.Millisecond})},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	if _, err := c.PutObject(t.Context(), &s3.PutObjectRequest{Bucket: "b", Key: "k", Body: bytes.NewReader(make([]byte, 1<<20))}); err != nil {
		t.Errorf("PutObject: %v", err)
	}
	(<-first).Close()
}

// TestStall checks the two directions of a connection without a network.
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer server.Close()
		tr := s3.NewTransport(&s3.TransportOptions{
			StallTimeout: 10 * time.Second,
			DialContext:  func(context.Context, string, string) (net.Conn, error) { return client, nil },
		})
		conn, err := tr.DialContext(t.Context(), "tcp", "x:1")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		// A read that waits is kept alive by writes that move.
		read := make(chan error, 1)
		go func() {
			_, err := conn.Read(make([]byte, 1))
			read <- err
		}()
		go io.Copy(io.Discard, server)
		for range 10 {
			time.Sleep(5 * time.Second)
			if _, err := conn.Write([]byte("x")); err != nil {
				t.Fatalf("write: %v", err)
			}
		}
		start := time.Now()
		err = <-read
		if took := time.Since(start); !errors.Is(err, os.ErrDeadlineExceeded) || took < 8*time.Second || took > 10*time.Second {
			t.Errorf("read ended after %v: %v", took, err)
		}
		if ne, ok := errors.AsType[net.Error](err); !ok || !ne.Timeout() {
			t.Errorf("%v is not a timeout", err)
		}
	})
}
