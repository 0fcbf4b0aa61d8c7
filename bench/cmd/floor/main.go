// Command floor is the least that a Go program on net/http can do to move
// objects: no retries, no checksums, no progress, no directories. It is what the
// clients are compared with, and what puts load on the servers.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/icos-go/icos/bench/internal/drive"
	"github.com/icos-go/icos/bench/internal/lean"
)

const (
	partSize    = 16 << 20
	partWorkers = 4
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "load" {
		loadMain(os.Args[2:])
		return
	}
	drive.Main("floor", func(c drive.Config) (drive.Store, error) { return open(c) })
}

// store is a [drive.Store] of bare requests. Keys must not need escaping.
type store struct {
	base   url.URL // endpoint; its path is the bucket's
	bearer string
	signer *lean.Signer
	http   *http.Transport
	bufs   sync.Pool // of *[]byte, partCopy bytes each
}

// copyBytes is how much of a body is moved at once.
const copyBytes = 256 << 10

func open(c drive.Config) (*store, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil {
		return nil, err
	}
	s := &store{
		base:   url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/" + c.Bucket},
		signer: &lean.Signer{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey},
		http: &http.Transport{
			MaxIdleConnsPerHost: c.Workers,
			DisableCompression:  true,
			WriteBufferSize:     64 << 10,
			ReadBufferSize:      64 << 10,
		},
		bufs: sync.Pool{New: func() any { b := make([]byte, copyBytes); return &b }},
	}
	if c.Token != "" {
		s.bearer = "Bearer " + c.Token
	}
	return s, nil
}

// do sends one request and returns a response whose status is 2xx.
func (s *store) do(ctx context.Context, method, path, query string, header http.Header, body io.Reader, size int64) (*http.Response, error) {
	u := s.base
	u.Path += path
	u.RawQuery = query
	if header == nil {
		header = make(http.Header, 4)
	}
	r := &http.Request{Method: method, URL: &u, Host: u.Host, Header: header, ContentLength: size}
	if body != nil {
		r.Body = io.NopCloser(body)
	}
	if s.bearer != "" {
		header["Authorization"] = []string{s.bearer}
	} else {
		s.signer.Sign(r, time.Now())
	}
	resp, err := s.http.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		b, _ := io.ReadAll(io.LimitReader(resp.Body, 2048))
		resp.Body.Close()
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, b)
	}
	return resp, nil
}

// send is do for responses whose body does not matter.
func (s *store) send(ctx context.Context, method, path, query string, body io.Reader, size int64) (http.Header, error) {
	resp, err := s.do(ctx, method, path, query, nil, body, size)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp.Header, err
}

func (s *store) Put(ctx context.Context, key string, f *os.File, size int64) error {
	if size > partSize {
		return s.putParts(ctx, key, f, size)
	}
	buf := s.bufs.Get().(*[]byte)
	defer s.bufs.Put(buf)
	if size > copyBytes {
		_, err := s.send(ctx, "PUT", "/"+key, "", f, size)
		return err
	}
	if _, err := io.ReadFull(f, (*buf)[:size]); err != nil {
		return err
	}
	_, err := s.send(ctx, "PUT", "/"+key, "", bytes.NewReader((*buf)[:size]), size)
	return err
}

func (s *store) putParts(ctx context.Context, key string, f *os.File, size int64) error {
	resp, err := s.do(ctx, "POST", "/"+key, "uploads=", nil, nil, 0)
	if err != nil {
		return err
	}
	doc, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return err
	}
	id := url.QueryEscape(between(doc, "<UploadId>", "</UploadId>"))
	n := int((size + partSize - 1) / partSize)
	etags := make([]string, n)
	err = parallel(n, func(i int) error {
		off := int64(i) * partSize
		length := min(partSize, size-off)
		h, err := s.send(ctx, "PUT", "/"+key, "partNumber="+strconv.Itoa(i+1)+"&uploadId="+id, io.NewSectionReader(f, off, length), length)
		etags[i] = h.Get("Etag")
		return err
	})
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString("<CompleteMultipartUpload>")
	for i, e := range etags {
		fmt.Fprintf(&b, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i+1, e)
	}
	b.WriteString("</CompleteMultipartUpload>")
	_, err = s.send(ctx, "POST", "/"+key, "uploadId="+id, &b, int64(b.Len()))
	return err
}

func (s *store) Get(ctx context.Context, key string, f *os.File, size int64) error {
	if size <= partSize {
		return s.getRange(ctx, key, f, nil)
	}
	n := int((size + partSize - 1) / partSize)
	return parallel(n, func(i int) error {
		off := int64(i) * partSize
		h := http.Header{"Range": {fmt.Sprintf("bytes=%d-%d", off, min(off+partSize, size)-1)}}
		return s.getRange(ctx, key, io.NewOffsetWriter(f, off), h)
	})
}

func (s *store) getRange(ctx context.Context, key string, w io.Writer, h http.Header) error {
	resp, err := s.do(ctx, "GET", "/"+key, "", h, nil, 0)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	buf := s.bufs.Get().(*[]byte)
	defer s.bufs.Put(buf)
	// The struct hides ReadFrom, which would bring its own small buffer.
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, resp.Body, *buf)
	if err == nil && n != resp.ContentLength {
		err = fmt.Errorf("get %s: %d bytes of %d", key, n, resp.ContentLength)
	}
	return err
}

func (s *store) List(ctx context.Context, prefix string, fn func(string, int64)) error {
	token := ""
	var doc bytes.Buffer
	for {
		q := "list-type=2&prefix=" + url.QueryEscape(prefix)
		if token != "" {
			q = "continuation-token=" + url.QueryEscape(token) + "&" + q
		}
		resp, err := s.do(ctx, "GET", "/", q, nil, nil, 0)
		if err != nil {
			return err
		}
		doc.Reset()
		_, err = doc.ReadFrom(resp.Body)
		resp.Body.Close()
		if err != nil {
			return err
		}
		rest := doc.Bytes()
		if token = between(rest, "<NextContinuationToken>", "</NextContinuationToken>"); token == "" &&
			bytes.Contains(rest, []byte("<IsTruncated>true")) {
			return fmt.Errorf("list %s: truncated without a token", prefix)
		}
		for {
			i := bytes.Index(rest, []byte("<Key>"))
			if i < 0 {
				break
			}
			rest = rest[i:]
			size, err := strconv.ParseInt(between(rest, "<Size>", "</Size>"), 10, 64)
			if err != nil {
				return err
			}
			fn(between(rest, "<Key>", "</Key>"), size)
			rest = rest[len("<Key>"):]
		}
		if token == "" {
			return nil
		}
	}
}

// between returns what stands between the first open and the next end in doc.
func between(doc []byte, open, end string) string {
	_, rest, ok := bytes.Cut(doc, []byte(open))
	if !ok {
		return ""
	}
	v, _, _ := bytes.Cut(rest, []byte(end))
	return string(v)
}

// parallel calls do(0) to do(n-1), a few at a time.
func parallel(n int, do func(i int) error) error {
	work := make(chan int, n)
	for i := range n {
		work <- i
	}
	close(work)
	errs := make(chan error, partWorkers)
	for range partWorkers {
		go func() {
			var err error
			for i := range work {
				if e := do(i); e != nil && err == nil {
					err = e
				}
			}
			errs <- err
		}()
	}
	var err error
	for range partWorkers {
		if e := <-errs; e != nil {
			err = e
		}
	}
	return err
}
