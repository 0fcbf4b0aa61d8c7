// Package null is an S3 server that stores nothing: it reads what is put and
// forgets it, and invents what is asked for. A client measured against it is
// measured alone.
//
// What a key holds is in its name: under the prefix "n1000-s4096/" there are 1000
// keys of 4096 bytes. Anything else exists, as a size only, once it was put.
package null

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// New returns a server without objects.
func New() http.Handler { return &null{sizes: make(map[string]int64)} }

// null is the server. It remembers the sizes of what was put, because some
// clients look after what they wrote.
type null struct {
	mu    sync.Mutex
	sizes map[string]int64 // guarded by mu; by key, parts added up under the upload's id
}

const etag = `"00000000000000000000000000000000-1"`

// written is when the files of package main were changed, as rclone keeps it.
var written = []string{"1735689600"}

var (
	chunk    = make([]byte, 256<<10)
	buffers  = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}
	modified = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Format(http.TimeFormat)
)

func (s *null) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	h := w.Header()
	h["X-Amz-Request-Id"] = []string{"null"}
	switch {
	case r.Method == "PUT":
		s.put(w, r, key)
	case r.Method == "POST":
		s.post(w, r, bucket, key)
	case r.Method == "DELETE":
		w.WriteHeader(http.StatusNoContent)
	case key != "":
		s.get(w, r, key)
	case r.Method == "HEAD":
	default:
		s.bucket(w, r, bucket)
	}
}

func (s *null) put(w http.ResponseWriter, r *http.Request, key string) {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, *buf)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if d := r.Header.Get("X-Amz-Decoded-Content-Length"); d != "" {
		n, _ = strconv.ParseInt(d, 10, 64)
	}
	s.mu.Lock()
	if r.URL.RawQuery != "" {
		if id := r.URL.Query().Get("uploadId"); id != "" {
			n += s.sizes[id]
			key = id
		}
	}
	s.sizes[key] = n
	s.mu.Unlock()
	w.Header()["Etag"] = []string{etag}
}

func (s *null) post(w http.ResponseWriter, r *http.Request, bucket, key string) {
	io.Copy(io.Discard, r.Body)
	q := r.URL.Query()
	id := q.Get("uploadId")
	switch {
	case q.Has("uploads"):
		fmt.Fprintf(w, xml.Header+`<InitiateMultipartUploadResult><Bucket>%s</Bucket><Key>%s</Key><UploadId>u-%s-%d</UploadId></InitiateMultipartUploadResult>`,
			bucket, key, strings.ReplaceAll(key, "/", "_"), time.Now().UnixNano())
	case id != "":
		s.mu.Lock()
		s.sizes[key] = s.sizes[id]
		delete(s.sizes, id)
		s.mu.Unlock()
		fmt.Fprintf(w, xml.Header+`<CompleteMultipartUploadResult><Bucket>%s</Bucket><Key>%s</Key><ETag>%s</ETag></CompleteMultipartUploadResult>`, bucket, key, etag)
	default:
		fmt.Fprint(w, xml.Header+`<DeleteResult></DeleteResult>`)
	}
}

func (s *null) get(w http.ResponseWriter, r *http.Request, key string) {
	size, ok := s.size(key)
	h := w.Header()
	if !ok {
		h.Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusNotFound)
		if r.Method != "HEAD" {
			fmt.Fprint(w, xml.Header+`<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>`)
		}
		return
	}
	h["Etag"] = []string{etag}
	h["X-Amz-Meta-Mtime"] = written
	h["Last-Modified"] = []string{modified}
	h["Content-Type"] = []string{"application/octet-stream"}
	h["Accept-Ranges"] = []string{"bytes"}
	status, n := http.StatusOK, size
	if spec, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		first, last, err := span(spec, size)
		if err != nil {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, size))
		status, n = http.StatusPartialContent, last-first+1
	}
	h["Content-Length"] = []string{strconv.FormatInt(n, 10)}
	w.WriteHeader(status)
	if r.Method == "HEAD" {
		return
	}
	for n > 0 {
		m, err := w.Write(chunk[:min(n, int64(len(chunk)))])
		if err != nil {
			return
		}
		n -= int64(m)
	}
}

// span reads a Range of one piece: "first-" or "first-last".
func span(spec string, size int64) (first, last int64, err error) {
	a, b, _ := strings.Cut(spec, "-")
	if first, err = strconv.ParseInt(a, 10, 64); err != nil || first >= size {
		return 0, 0, fmt.Errorf("range %q not satisfiable", spec)
	}
	last = size - 1
	if b != "" {
		if last, err = strconv.ParseInt(b, 10, 64); err != nil {
			return 0, 0, err
		}
	}
	return first, min(last, size-1), nil
}

func (s *null) size(key string) (int64, bool) {
	dir, name, _ := strings.Cut(key, "/")
	if n, size, ok := invented(dir); ok {
		i, err := strconv.Atoi(strings.TrimPrefix(name, "f"))
		return size, err == nil && i < n
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.sizes[key]
	return n, ok
}

// invented reads a prefix such as "n1000-s4096".
func invented(dir string) (n int, size int64, ok bool) {
	c, sz, ok := strings.Cut(dir, "-s")
	if !ok || !strings.HasPrefix(c, "n") {
		return 0, 0, false
	}
	n, err := strconv.Atoi(c[1:])
	if err != nil {
		return 0, 0, false
	}
	size, err = strconv.ParseInt(sz, 10, 64)
	return n, size, err == nil
}
