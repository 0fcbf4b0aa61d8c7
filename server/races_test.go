package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// inner returns what stands between tags.
func inner(document, name string) string {
	_, rest, _ := strings.Cut(document, "<"+name+">")
	value, _, _ := strings.Cut(rest, "</"+name+">")
	return value
}

// TestRacingForOneUpload has parts uploaded, the upload completed and aborted, all at once: it must end one way, and wholly.
func TestRacingForOneUpload(t *testing.T) {
	s := newServer(t, t.TempDir())
	auth := login(t, s)
	if w := do(s, "PUT", "/races", "", "Authorization", auth, "ibm-service-instance-id", s.Credential("").InstanceID()); w.Code != 200 {
		t.Fatalf("create = %d %s", w.Code, w.Body)
	}
	var completions, aborts int
	for round := range 30 {
		path := fmt.Sprint("/races/k", round)
		id := inner(do(s, "POST", path+"?uploads", "", "Authorization", auth).Body.String(), "UploadId")
		body := bytes.Repeat([]byte{'0' + byte(round%10)}, 100_000)
		part := func() *httptest.ResponseRecorder {
			return do(s, "PUT", path+"?partNumber=1&uploadId="+id, string(body), "Authorization", auth)
		}
		etag := part().Header().Get("ETag")
		document := "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + etag + "</ETag></Part></CompleteMultipartUpload>"
		var wg sync.WaitGroup
		var mu sync.Mutex // guards the rest
		completed, aborted := 0, 0
		try := func(count *int, known string, request func() *httptest.ResponseRecorder) {
			wg.Go(func() {
				w := request()
				mu.Lock()
				defer mu.Unlock()
				switch {
				case w.Code < 300:
					*count++
				case inner(w.Body.String(), "Code") != known:
					t.Errorf("= %d %s, want success or %s", w.Code, w.Body, known)
				}
			})
		}
		var parts int
		racers := []func(){
			func() { try(&parts, "NoSuchUpload", part) },
			func() {
				try(&completed, "NoSuchUpload", func() *httptest.ResponseRecorder {
					return do(s, "POST", path+"?uploadId="+id, document, "Authorization", auth)
				})
			},
			func() {
				try(&aborted, "NoSuchUpload", func() *httptest.ResponseRecorder {
					return do(s, "DELETE", path+"?uploadId="+id, "", "Authorization", auth)
				})
			},
		}
		for i := range 12 {
			racers[(i+round)%3]() // the last one begun often comes first
		}
		wg.Wait()
		got := do(s, "GET", path, "", "Authorization", auth)
		switch {
		case completed > 0 && aborted == 0 && got.Code == 200 && bytes.Equal(got.Body.Bytes(), body):
			completions++
		case completed == 0 && aborted == 1 && got.Code == 404:
			aborts++
		default:
			t.Errorf("%d completions, %d aborts, and the object = %d, %d bytes", completed, aborted, got.Code, got.Body.Len())
		}
		if w := part(); w.Code != http.StatusNotFound {
			t.Errorf("a part afterwards = %d, want 404", w.Code)
		}
	}
	if w := do(s, "GET", "/races?uploads", "", "Authorization", auth); strings.Contains(w.Body.String(), "<Upload>") {
		t.Errorf("uploads are left: %s", w.Body)
	}
	t.Logf("%d completed, %d aborted", completions, aborts)
}

// TestDeletingBucketUnderWriters deletes and makes a bucket while others write to it: no object is acknowledged and then gone
// with the bucket, and none comes back with the next bucket of the name.
func TestDeletingBucketUnderWriters(t *testing.T) {
	s := newServer(t, t.TempDir())
	auth, instance := login(t, s), s.Credential("").InstanceID()
	create := func() int {
		return do(s, "PUT", "/races", "", "Authorization", auth, "ibm-service-instance-id", instance).Code
	}
	if code := create(); code != 200 {
		t.Fatalf("create = %d", code)
	}
	stop := make(chan struct{})
	var deleter, writers sync.WaitGroup
	deleted := 0
	deleter.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			switch code := do(s, "DELETE", "/races", "", "Authorization", auth).Code; code {
			case 204:
				deleted++
				if code := create(); code != 200 {
					t.Errorf("create = %d", code)
				}
			case 409:
			default:
				t.Errorf("delete = %d, want 204 or 409", code)
			}
		}
	})
	for n := range 3 {
		writers.Go(func() {
			path := fmt.Sprint("/races/k", n)
			body := strings.Repeat(fmt.Sprint(n), 70_000*(n%2)+10)
			for range 100 {
				switch w := do(s, "PUT", path, body, "Authorization", auth); w.Code {
				case 200:
					if w := do(s, "GET", path, "", "Authorization", auth); w.Code != 200 || w.Body.String() != body {
						t.Errorf("acknowledged object = %d, %d bytes", w.Code, w.Body.Len())
					}
				case 404:
				default:
					t.Errorf("put = %d %s", w.Code, w.Body)
				}
				if w := do(s, "DELETE", path, "", "Authorization", auth); w.Code != 204 && w.Code != 404 {
					t.Errorf("delete = %d %s", w.Code, w.Body)
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	deleter.Wait()
	if w := do(s, "GET", "/races", "", "Authorization", auth); w.Code != 200 || strings.Contains(w.Body.String(), "<Key>") {
		t.Errorf("the bucket in the end = %d %s", w.Code, w.Body)
	}
	t.Logf("deleted %d times", deleted)
}
