package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
)

// serve runs s on a loopback listener; stop ends it and returns what Serve
// returned.
func serve(t *testing.T) (addr, authorization string, stop context.CancelFunc, done chan error) {
	t.Helper()
	s := newServer(t, t.TempDir())
	authorization = login(t, s)
	if w := do(s, "PUT", "/drain", "", "Authorization", authorization, "ibm-service-instance-id", s.Credential("").InstanceID()); w.Code != 200 {
		t.Fatalf("create = %d %s", w.Code, w.Body)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	done = make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	return ln.Addr().String(), authorization, cancel, done
}

func TestServeLetsRequestsFinish(t *testing.T) {
	addr, authorization, stop, done := serve(t)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "PUT /drain/k HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", addr, authorization)
	br := bufio.NewReader(c)
	resp, err := http.ReadResponse(br, nil)
	if err != nil || resp.StatusCode != http.StatusContinue {
		t.Fatalf("= %v, %v, want 100", resp, err)
	}
	stop() // the request is running now
	if _, err := io.WriteString(c, "hello"); err != nil {
		t.Fatal(err)
	}
	resp, err = http.ReadResponse(br, nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("= %v, %v, want 200", resp, err)
	}
	if err := <-done; err != nil {
		t.Errorf("Serve = %v, want nil", err)
	}
	if c, err := net.Dial("tcp", addr); err == nil {
		t.Error("the listener is still open", c.Close())
	}
}

func TestServeReportsListenerErrors(t *testing.T) {
	s := newServer(t, t.TempDir())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(t.Context(), ln); err == nil {
		t.Error("Serve on a closed listener: no error")
	}
}
