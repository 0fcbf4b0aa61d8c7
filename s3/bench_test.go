package s3_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/s3"
)

// nullServer answers HTTP/1.1 requests on loopback without net/http, so that what
// is measured is the client: every PUT with 200, every GET with body.
func nullServer(b *testing.B, body []byte, contentType string) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	get := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\nETag: \"d41d8cd98f00b204e9800998ecf8427e\"\r\nLast-Modified: Wed, 02 Jan 2030 03:04:05 GMT\r\nX-Amz-Request-Id: 9d2bbc00-2827-4210-b40a-8107863f4386\r\n\r\n", contentType, len(body))
	get = append(get, body...)
	put := []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: \"d41d8cd98f00b204e9800998ecf8427e\"\r\nX-Amz-Request-Id: 9d2bbc00-2827-4210-b40a-8107863f4386\r\n\r\n")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serveNull(c, get, put)
		}
	}()
	return "http://" + l.Addr().String()
}

func serveNull(c net.Conn, get, put []byte) {
	defer c.Close()
	r := bufio.NewReaderSize(c, 256<<10)
	for {
		reply, length := get, 0
		for first := true; ; first = false {
			line, err := r.ReadSlice('\n')
			if err != nil {
				return
			}
			if first && line[0] != 'G' {
				reply = put
			}
			if len(line) > 16 && string(line[:16]) == "Content-Length: " {
				for _, d := range line[16 : len(line)-2] {
					length = length*10 + int(d-'0')
				}
			}
			if len(line) == 2 {
				break
			}
		}
		if _, err := r.Discard(length); err != nil {
			return
		}
		if _, err := c.Write(reply); err != nil {
			return
		}
	}
}

func benchClient(b *testing.B, endpoint string, cred auth.Credentials) *s3.Client {
	b.Helper()
	c, err := s3.New(s3.Config{Endpoint: endpoint, Credentials: cred})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.CloseIdleConnections)
	return c
}

func credentials() map[string]auth.Credentials {
	return map[string]auth.Credentials{
		"bearer": auth.StaticToken(strings.Repeat("t", 1100)),
		"hmac":   auth.HMAC("AKIDEXAMPLE", "wJalrXUtnFEMI"),
	}
}

// BenchmarkPut4K compares PutObject with the least that net/http can do.
func BenchmarkPut4K(b *testing.B) {
	data := bytes.Repeat([]byte("x"), 4096)
	url := nullServer(b, nil, "text/plain")
	b.Run("net-http", func(b *testing.B) {
		hc := &http.Client{Transport: s3.NewTransport(nil)}
		defer hc.CloseIdleConnections()
		b.ReportAllocs()
		for b.Loop() {
			req, err := http.NewRequestWithContext(b.Context(), "PUT", url+"/bucket/some/key", bytes.NewReader(data))
			if err != nil {
				b.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+"t")
			resp, err := hc.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			resp.Body.Close()
		}
	})
	for name, cred := range credentials() {
		b.Run(name, func(b *testing.B) {
			c := benchClient(b, url, cred)
			b.ReportAllocs()
			for b.Loop() {
				_, err := c.PutObject(b.Context(), &s3.PutObjectRequest{Bucket: "bucket", Key: "some/key", Body: bytes.NewReader(data), ContentLength: int64(len(data))})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGet4K does so for GetObject.
func BenchmarkGet4K(b *testing.B) {
	url := nullServer(b, bytes.Repeat([]byte("x"), 4096), "text/plain")
	b.Run("net-http", func(b *testing.B) {
		hc := &http.Client{Transport: s3.NewTransport(nil)}
		defer hc.CloseIdleConnections()
		b.ReportAllocs()
		for b.Loop() {
			req, err := http.NewRequestWithContext(b.Context(), "GET", url+"/bucket/some/key", nil)
			if err != nil {
				b.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+"t")
			resp, err := hc.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				b.Fatal(err)
			}
			resp.Body.Close()
		}
	})
	for name, cred := range credentials() {
		b.Run(name, func(b *testing.B) {
			c := benchClient(b, url, cred)
			b.ReportAllocs()
			for b.Loop() {
				r, err := c.GetObject(b.Context(), &s3.GetObjectRequest{Bucket: "bucket", Key: "some/key"})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					b.Fatal(err)
				}
				r.Body.Close()
			}
		})
	}
}
