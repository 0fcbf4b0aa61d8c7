package s3api_test

import (
	"net/http"
	"testing"
	"time"
)

func TestReadConditions(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/k", "hello")
	const etag = `"5d41402abc4b2a76b9719d911017c592"`
	modified, err := http.ParseTime(s.do(s.owner, "HEAD", "/bucket/k", "").Header.Get("Last-Modified"))
	if err != nil {
		t.Fatal(err)
	}
	same, before, after := modified.Format(http.TimeFormat), modified.Add(-time.Hour).Format(http.TimeFormat), modified.Add(time.Hour).Format(http.TimeFormat)
	const match, none, since, unmodified = "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"
	tests := []struct {
		headers    []string
		read, copy int
	}{
		{nil, 200, 200},
		{[]string{match, etag}, 200, 200},
		{[]string{match, "5d41402abc4b2a76b9719d911017c592"}, 200, 200},
		{[]string{match, `"other", ` + etag}, 200, 200},
		{[]string{match, "*"}, 200, 200},
		{[]string{match, `"other"`}, 412, 412},
		{[]string{match, "W/" + etag}, 412, 412}, // strong comparison
		{[]string{match, ""}, 412, 412},
		{[]string{none, etag}, 304, 412},
		{[]string{none, "W/" + etag}, 304, 412},
		{[]string{none, "*"}, 304, 412},
		{[]string{none, `"other"`}, 200, 200},
		{[]string{since, before}, 200, 200},
		{[]string{since, same}, 304, 412},
		{[]string{since, after}, 304, 412},
		{[]string{unmodified, before}, 412, 412},
		{[]string{unmodified, same}, 200, 200},
		{[]string{unmodified, after}, 200, 200},
		{[]string{since, "yesterday"}, 200, 200},
		{[]string{unmodified, "yesterday"}, 200, 200},
		{[]string{match, etag, unmodified, before}, 200, 200},
		{[]string{match, `"other"`, unmodified, after}, 412, 412},
		{[]string{none, etag, since, before}, 304, 412},
		{[]string{none, `"other"`, since, after}, 200, 200},
		{[]string{match, etag, none, etag}, 304, 412},
		{[]string{match, `"other"`, none, etag}, 412, 412},
		{[]string{match, etag, since, after}, 304, 412},
		{[]string{unmodified, before, none, etag}, 412, 412},
		{[]string{unmodified, after, since, after}, 304, 412},
	}
	for _, test := range tests {
		for _, method := range []string{"GET", "HEAD"} {
			r := s.do(s.owner, method, "/bucket/k", "", test.headers...)
			if r.StatusCode != test.read {
				t.Errorf("%s with %q: %d, want %d", method, test.headers, r.StatusCode, test.read)
			}
			if r.StatusCode == 304 && (r.body != "" || r.Header.Get("ETag") != etag || r.Header.Get("Last-Modified") != same) {
				t.Errorf("%s with %q: 304 with body %q, %v", method, test.headers, r.body, r.Header)
			}
			if r.StatusCode == 412 {
				r.want(t, 412, "PreconditionFailed")
			}
		}
		headers := []string{"X-Amz-Copy-Source", "bucket/k"}
		for i := 0; i < len(test.headers); i += 2 {
			headers = append(headers, "X-Amz-Copy-Source-"+test.headers[i], test.headers[i+1])
		}
		if r := s.do(s.owner, "PUT", "/bucket/copy", "", headers...); r.StatusCode != test.copy {
			t.Errorf("copy with %q: %d, want %d", test.headers, r.StatusCode, test.copy)
		}
	}
}

func TestIfRange(t *testing.T) {
	s := newServer(t, serverOptions{})
	etag := s.put("/bucket/k", "hello").Header.Get("ETag")
	modified := s.do(s.owner, "HEAD", "/bucket/k", "").Header.Get("Last-Modified")
	for value, status := range map[string]int{etag: 206, modified: 206, `"other"`: 200, "Mon, 02 Jan 2006 15:04:05 GMT": 200, "W/" + etag: 200} {
		if r := s.do(s.owner, "GET", "/bucket/k", "", "Range", "bytes=0-1", "If-Range", value); r.StatusCode != status {
			t.Errorf("If-Range %s: %d, want %d", value, r.StatusCode, status)
		}
	}
}

func TestConditionalWrites(t *testing.T) {
	s := newServer(t, serverOptions{minPart: -1})
	s.do(s.owner, "PUT", "/bucket/k", "x", "If-Match", `"a"`).want(t, 404, "NoSuchKey")
	etag := s.put("/bucket/k", "one", "If-None-Match", "*").Header.Get("ETag")
	s.do(s.owner, "PUT", "/bucket/k", "two", "If-None-Match", "*").want(t, 412, "PreconditionFailed")
	s.do(s.owner, "PUT", "/bucket/k", "two", "If-Match", `"a"`).want(t, 412, "PreconditionFailed")
	s.do(s.owner, "PUT", "/bucket/k", "two", "If-None-Match", etag).want(t, 501, "NotImplemented")
	s.do(s.owner, "PUT", "/bucket/k", "two", "If-None-Match", "*", "If-Match", etag).want(t, 501, "NotImplemented")
	if got := s.do(s.owner, "GET", "/bucket/k", "").body; got != "one" {
		t.Errorf("object is %q after refused writes, want one", got)
	}
	etag = s.put("/bucket/k", "two", "If-Match", etag).Header.Get("ETag")

	complete := func(headers ...string) *response {
		u := s.begin("/bucket/k")
		return u.complete(append(headers, u.part(1, "three"))...)
	}
	complete("If-None-Match", "*").want(t, 412, "PreconditionFailed")
	complete("If-Match", `"a"`).want(t, 412, "PreconditionFailed")
	complete("If-Match", etag).want(t, 200, "")
	s.do(s.owner, "DELETE", "/bucket/k", "", "If-Match", etag).want(t, 412, "PreconditionFailed")
	s.do(s.owner, "DELETE", "/bucket/k", "", "If-Match", "*").want(t, 204, "")
	s.do(s.owner, "DELETE", "/bucket/k", "", "If-Match", etag).want(t, 204, "")
}

func TestOneOfManyConditionalWritersWins(t *testing.T) {
	s := newServer(t, serverOptions{})
	const writers = 16
	results := make(chan int, writers)
	for range writers {
		go func() {
			r, err := s.try(s.owner, "PUT", "/bucket/once", "x", "If-None-Match", "*")
			if err != nil {
				results <- 0
				return
			}
			results <- r.StatusCode
		}()
	}
	won := 0
	for range writers {
		switch status := <-results; status {
		case 200:
			won++
		case 412:
		default:
			t.Errorf("status %d", status)
		}
	}
	if won != 1 {
		t.Errorf("%d writers won, want 1", won)
	}
}
