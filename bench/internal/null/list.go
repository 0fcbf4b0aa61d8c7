package null

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

var pages = sync.Pool{New: func() any { b := make([]byte, 0, 320<<10); return &b }}

// bucket answers what is asked of a bucket: its listing, and the questions that
// clients ask before they begin.
func (s *null) bucket(w http.ResponseWriter, r *http.Request, bucket string) {
	q := r.URL.Query()
	h := w.Header()
	h["Content-Type"] = []string{"application/xml"}
	switch {
	case q.Has("received"):
		s.received(w, q.Get("received"))
	case bucket == "":
		fmt.Fprint(w, xml.Header+`<ListAllMyBucketsResult><Owner><ID>null</ID></Owner><Buckets><Bucket><Name>bench</Name><CreationDate>2026-01-02T03:04:05.000Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>`)
	case q.Has("location"):
		fmt.Fprint(w, xml.Header+`<LocationConstraint>us-east-1</LocationConstraint>`)
	case q.Has("versioning"):
		fmt.Fprint(w, xml.Header+`<VersioningConfiguration></VersioningConfiguration>`)
	case q.Has("uploads"):
		fmt.Fprint(w, xml.Header+`<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>`)
	case q.Has("object-lock"):
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, xml.Header+`<Error><Code>ObjectLockConfigurationNotFoundError</Code></Error>`)
	default:
		s.list(w, bucket, q)
	}
}

// received tells how much was put under prefix: a question of the one who
// measures, not of S3.
func (s *null) received(w http.ResponseWriter, prefix string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys, size := 0, int64(0)
	for k, n := range s.sizes {
		if strings.HasPrefix(k, prefix) {
			keys++
			size += n
		}
	}
	fmt.Fprintf(w, `{"Keys": %d, "Bytes": %d}`, keys, size)
}

// list writes a page of a listing, of either version. Only whole invented
// prefixes are listed, "n1000-s4096/"; any other prefix is empty.
func (s *null) list(w http.ResponseWriter, bucket string, q map[string][]string) {
	param := func(name string) string {
		if v := q[name]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	prefix := param("prefix")
	dir, name, slash := strings.Cut(prefix, "/")
	n, size, ok := invented(dir)
	first, most := 0, 1000
	if m, err := strconv.Atoi(param("max-keys")); err == nil && m >= 0 {
		most = min(m, 1000)
	}
	// A continuation token is the number of the first key of the page; a marker
	// is the last key of the page before.
	if t := param("continuation-token"); t != "" {
		first, _ = strconv.Atoi(t)
	}
	for _, p := range []string{"marker", "start-after"} {
		if m := param(p); m != "" {
			last, _ := strconv.Atoi(m[strings.LastIndex(m, "f")+1:])
			first = max(first, last+1)
		}
	}
	if name != "" { // one key, asked for by its full name
		i, err := strconv.Atoi(strings.TrimPrefix(name, "f"))
		ok = ok && err == nil && i < n
		first, n = i, i+1
	}
	if !ok {
		n = 0
	}

	buf := pages.Get().(*[]byte)
	defer pages.Put(buf)
	b := append((*buf)[:0], xml.Header+`<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>`...)
	b = append(b, bucket...)
	b = append(b, `</Name><Prefix>`...)
	b = append(b, prefix...)
	b = append(b, `</Prefix><MaxKeys>1000</MaxKeys>`...)
	if ok && !slash && param("delimiter") == "/" {
		b = fmt.Appendf(b, `<CommonPrefixes><Prefix>%s/</Prefix></CommonPrefixes>`, dir)
		n = 0
	}
	end := min(n, first+most)
	for i := first; i < end; i++ {
		b = append(b, `<Contents><Key>`...)
		b = appendKey(b, dir, i)
		b = append(b, `</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;00000000000000000000000000000000-1&quot;</ETag><Size>`...)
		b = strconv.AppendInt(b, size, 10)
		b = append(b, `</Size><StorageClass>STANDARD</StorageClass></Contents>`...)
	}
	b = fmt.Appendf(b, `<KeyCount>%d</KeyCount>`, max(end-first, 0))
	if end < n {
		b = fmt.Appendf(b, `<NextContinuationToken>%d</NextContinuationToken><IsTruncated>true</IsTruncated>`, end)
	} else {
		b = append(b, `<IsTruncated>false</IsTruncated>`...)
	}
	b = append(b, `</ListBucketResult>`...)
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(b))}
	w.Write(b)
	*buf = b
}

func appendKey(b []byte, dir string, i int) []byte {
	b = append(b, dir...)
	b = append(b, "/f"...)
	for d := 1_000_000; d > 0; d /= 10 {
		b = append(b, byte('0'+i/d%10))
	}
	return b
}
