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

// serveOne serves one connection with handler, guarded, until end.
func serveOne(handler http.HandlerFunc) (c net.Conn, end func()) {
	ln := pipeListener{make(chan net.Conn, 1)}
	c, other := net.Pipe()
	ln.conn <- other
	hs := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w, r, end := guard(w, r)
		defer end()
		handler(w, r)
	})}
	served := make(chan error, 1)
	go func() { served <- hs.Serve(ln) }()
	return c, func() {
		_ = c.Close()
		close(ln.conn)
		_ = hs.Close()
		<-served
	}
}

// reading serves one connection with a handler that reads the body, waits, and reports what it saw.
func reading(wait time.Duration) (c net.Conn, result chan error, end func()) {
	result = make(chan error, 1)
	c, end = serveOne(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		if err == nil {
			select {
			case <-r.Context().Done():
				err = errors.New("the request was cancelled though its client waits")
			case <-time.After(wait):
			}
		}
		result <- err
	})
	return c, result, end
}

func TestStalledBodyFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, result, end := reading(0)
		defer end()
		begin := time.Now()
		fmt.Fprint(c, "PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello")
		err := <-result
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("reading = %v, want a deadline", err)
		}
		if took := time.Since(begin); took != stallTimeout {
			t.Errorf("it took %v, want %v", took, stallTimeout)
		}
	})
}

func TestSlowBodyIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, result, end := reading(0)
		defer end()
		fmt.Fprint(c, "PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n")
		for range 10 {
			time.Sleep(stallTimeout - time.Second)
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
		c, result, end := reading(10 * stallTimeout)
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

// refusing serves one connection with a handler that refuses requests without reading their bodies.
func refusing() (c net.Conn, end func()) {
	return serveOne(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) })
}

// A client that is refused gets its answer and loses its connection, though it never sends the body that it announced.
func TestRefusalDoesNotWaitForBody(t *testing.T) {
	for name, body := range map[string]string{
		"a little missing": "Content-Length: 10\r\n\r\nhello",
		"all missing":      "Content-Length: 10\r\n\r\n",
		"much missing":     "Content-Length: 5000000000\r\n\r\nhello",
		"chunk missing":    "Transfer-Encoding: chunked\r\n\r\na\r\nhello",
		"chunks missing":   "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"waits for 100":    "Content-Length: 10\r\nExpect: 100-continue\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, end := refusing()
				defer end()
				begin := time.Now()
				fmt.Fprint(c, "PUT /b/k HTTP/1.1\r\nHost: h\r\n"+body)
				resp, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err != nil || resp.StatusCode != http.StatusForbidden || !resp.Close {
					t.Fatalf("= %v, %v, want 403 and Connection: close", resp, err)
				}
				if _, err := io.Copy(io.Discard, c); err != nil {
					t.Errorf("reading on = %v, want the end", err)
				}
				if took := time.Since(begin); took > 2*restTimeout {
					t.Errorf("it took %v, want at most %v", took, 2*restTimeout)
				}
			})
		})
	}
}

// What is left of a small body is read, so that the connection can be used again, and no deadline stays behind.
func TestRefusalKeepsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, end := refusing()
		defer end()
		br := bufio.NewReader(c)
		for range 3 {
			fmt.Fprint(c, "PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello")
			time.Sleep(restTimeout - time.Second)
			fmt.Fprint(c, "world")
			resp, err := http.ReadResponse(br, nil)
			if err != nil || resp.StatusCode != http.StatusForbidden || resp.Close {
				t.Fatalf("= %v, %v, want 403 and the connection to stay", resp, err)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * stallTimeout)
		}
	})
}

// sending serves one connection with a handler that sends 10 MB, and reports when that ends.
func sending() (c net.Conn, result chan error, end func()) {
	result = make(chan error, 1)
	c, end = serveOne(func(w http.ResponseWriter, _ *http.Request) {
		buf := make([]byte, 100_000)
		var err error
		for i := 0; i < 100 && err == nil; i++ {
			_, err = w.Write(buf)
		}
		result <- err
	})
	fmt.Fprint(c, "GET /b/k HTTP/1.1\r\nHost: h\r\n\r\n")
	return c, result, end
}

func TestUntakenAnswerFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, result, end := sending()
		defer end()
		begin := time.Now()
		if _, err := io.CopyN(io.Discard, c, 1_000_000); err != nil {
			t.Fatal(err)
		}
		if err := <-result; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("writing = %v, want a deadline", err)
		}
		if took := time.Since(begin); took != stallTimeout {
			t.Errorf("it took %v, want %v", took, stallTimeout)
		}
	})
}

func TestSlowlyTakenAnswerIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, result, end := sending()
		defer end()
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			time.Sleep(stallTimeout / 2)
			_, err = io.CopyN(io.Discard, resp.Body, 200_000)
		}
		if err != io.EOF {
			t.Errorf("reading = %v, want the end", err)
		}
		if err := <-result; err != nil {
			t.Errorf("writing = %v", err)
		}
	})
}

func TestPanicIsLogged(t *testing.T) {
	var log strings.Builder
	s := &Server{log: slog.New(slog.NewTextHandler(&log, nil))}
	s.state.Store(&state{s3: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken") })})
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
