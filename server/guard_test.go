package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A pipeListener hands out one end of a pipe, once.
type pipeListener struct {
	conn chan net.Conn
}

func (l pipeListener) Accept() (net.Conn, error) {
	if c, ok := <-l.conn; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (l pipeListener) Close() error   { return nil }
func (l pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// guarded serves one connection with a handler that reads the body, waits,
// and reports what it saw.
func guarded(t *testing.T, wait time.Duration) (c net.Conn, result chan error, end func()) {
	ln := pipeListener{make(chan net.Conn, 1)}
	c, other := net.Pipe()
	ln.conn <- other
	result = make(chan error, 1)
	hs := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		guardBody(w, r)
		_, err := io.Copy(io.Discard, r.Body)
		if err == nil {
			select {
			case <-r.Context().Done():
				err = errors.New("the request was cancelled though its client waits")
			case <-time.After(wait):
			}
		}
		result <- err
	})}
	served := make(chan error, 1)
	go func() { served <- hs.Serve(ln) }()
	return c, result, func() {
		_ = c.Close()
		close(ln.conn)
		_ = hs.Close()
		<-served
	}
}

func TestStalledBodyFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, result, end := guarded(t, 0)
		defer end()
		begin := time.Now()
		fmt.Fprint(c, "PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello")
		err := <-result
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("reading = %v, want a deadline", err)
		}
		if took := time.Since(begin); took != bodyStallTimeout {
			t.Errorf("it took %v, want %v", took, bodyStallTimeout)
		}
	})
}

func TestSlowBodyIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, result, end := guarded(t, 0)
		defer end()
		fmt.Fprint(c, "PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n")
		for range 10 {
			time.Sleep(bodyStallTimeout - time.Second)
			fmt.Fprint(c, "x")
		}
		if err := <-result; err != nil {
			t.Errorf("reading a slow body = %v", err)
		}
	})
}

// A handler may take long after the body, and its client may take long to
// send the next request: neither is a stalled body.
func TestNoDeadlineAfterBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, result, end := guarded(t, 10*bodyStallTimeout)
		defer end()
		br := bufio.NewReader(c)
		for range 2 {
			fmt.Fprint(c, "PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello")
			if err := <-result; err != nil {
				t.Errorf("= %v", err)
			}
			resp, err := http.ReadResponse(br, nil)
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("= %v, %v, want 200", resp, err)
			}
		}
	})
}

func TestPanicIsLogged(t *testing.T) {
	var log strings.Builder
	s := &Server{log: slog.New(slog.NewTextHandler(&log, nil)), s3: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("broken")
	})}
	func() {
		defer func() {
			if v := recover(); v != http.ErrAbortHandler {
				t.Errorf("panic = %v, want ErrAbortHandler, which drops the connection", v)
			}
		}()
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/b/k?X-Amz-Signature=abc", nil))
	}()
	for _, want := range []string{"level=ERROR", "panic=broken", "path=/b/k ", "guard_test.go"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log lacks %s: %s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "abc") {
		t.Error("log has the signature")
	}
}
