package flaky_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/flaky"
)

// object is what the server holds.
var object = bytes.Repeat([]byte("0123456789abcdef"), 20_000)

// A server answers GETs with object and keeps what it is sent.
type server struct {
	mu   sync.Mutex
	got  []byte
	err  error // of reading the last body
	puts int
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	switch {
	case r.Method == http.MethodPost && query.Has("uploads"):
		fmt.Fprint(w, "<InitiateMultipartUploadResult><UploadId>up-1</UploadId></InitiateMultipartUploadResult>")
	case r.Method == http.MethodPost && query.Get("uploadId") == "broken":
		fmt.Fprint(w, "<Error><Code>InternalError</Code></Error>")
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPut:
		b, err := io.ReadAll(r.Body)
		s.mu.Lock()
		s.got, s.err = b, err
		s.puts++
		s.mu.Unlock()
	case r.Header.Get("Range") != "":
		w.Header().Set("Content-Range", "bytes 100-199/320000")
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusPartialContent)
		w.Write(object[100:200])
	default:
		w.Header().Set("Content-Length", strconv.Itoa(len(object)))
		w.Write(object)
	}
}

// last returns what the last PUT sent, how many there were, and how reading the
// last ended.
func (s *server) last() (got []byte, puts int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got, s.puts, s.err
}

func start(t *testing.T, f flaky.Faults) (*flaky.Handler, *server, string) {
	t.Helper()
	s := &server{}
	h := flaky.New(s, f)
	web := httptest.NewServer(h)
	t.Cleanup(web.Close)
	return h, s, web.URL
}

// ask sends a request and returns what came of it. The client does not repeat
// anything, since each request has a connection of its own.
func ask(t *testing.T, method, url string, body []byte, header ...string) (status int, answer []byte, err error) {
	t.Helper()
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, reader)
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

func TestNoFaults(t *testing.T) {
	_, s, url := start(t, flaky.Faults{})
	if status, got, err := ask(t, "GET", url+"/b/k", nil); status != 200 || err != nil || !bytes.Equal(got, object) {
		t.Errorf("GET: %d, %d bytes, %v", status, len(got), err)
	}
	status, _, err := ask(t, "PUT", url+"/b/k", object)
	if got, _, _ := s.last(); status != 200 || err != nil || !bytes.Equal(got, object) {
		t.Errorf("PUT: %d, %v", status, err)
	}
}

func TestSlowDown(t *testing.T) {
	_, s, url := start(t, flaky.Faults{SlowDown: 1})
	status, got, err := ask(t, "PUT", url+"/b/k", []byte("x"))
	_, puts, _ := s.last()
	if status != 503 || err != nil || !strings.Contains(string(got), "<Code>SlowDown</Code>") || puts != 0 {
		t.Errorf("%d %q, %v, carried out %d times", status, got, err, puts)
	}
}

func TestResetAndLost(t *testing.T) {
	for _, tt := range []struct {
		name string
		f    flaky.Faults
		puts int
	}{{"reset", flaky.Faults{Reset: 1}, 0}, {"lost", flaky.Faults{Lost: 1}, 1}} {
		_, s, url := start(t, tt.f)
		_, _, err := ask(t, "PUT", url+"/b/k", []byte("x"))
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v, want the connection to be reset", tt.name, err)
		}
		if _, puts, _ := s.last(); puts != tt.puts {
			t.Errorf("%s: carried out %d times, want %d", tt.name, puts, tt.puts)
		}
	}
}

func TestTruncate(t *testing.T) {
	_, s, url := start(t, flaky.Faults{TruncateUp: 1, TruncateDown: 1})
	if _, got, err := ask(t, "GET", url+"/b/k", nil); err == nil || !bytes.HasPrefix(object, got) || len(got) == len(object) {
		t.Errorf("GET: %d of %d bytes, %v", len(got), len(object), err)
	}
	if _, _, err := ask(t, "PUT", url+"/b/k", object); err == nil {
		t.Error("a PUT whose body was cut succeeded")
	}
	if got, _, err := s.last(); !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.HasPrefix(object, got) || len(got) == len(object) {
		t.Errorf("the server read %d of %d bytes, %v", len(got), len(object), err)
	}
}

func TestCorrupt(t *testing.T) {
	_, s, url := start(t, flaky.Faults{CorruptUp: 1, CorruptDown: 1})
	_, got, err := ask(t, "GET", url+"/b/k", nil)
	if n := differentBits(got, object); err != nil || n != 1 {
		t.Errorf("GET: %d bits differ, %v", n, err)
	}
	if n := differentBits(object, bytes.Repeat([]byte("0123456789abcdef"), 20_000)); n != 0 {
		t.Errorf("%d bits of what the server holds were flipped", n)
	}
	_, _, err = ask(t, "PUT", url+"/b/k", object)
	sent, _, _ := s.last()
	if n := differentBits(sent, object); err != nil || n != 1 {
		t.Errorf("PUT: %d bits differ, %v", n, err)
	}
	// What is not an object's data is left alone.
	if _, got, err := ask(t, "GET", url+"/b/k?acl", nil); err != nil || !bytes.Equal(got, object) {
		t.Errorf("GET of an ACL: %v, %d bits differ", err, differentBits(got, object))
	}
}

func differentBits(a, b []byte) (n int) {
	if len(a) != len(b) {
		return -1
	}
	for i := range a {
		n += bits.OnesCount8(a[i] ^ b[i])
	}
	return n
}

func TestOnly(t *testing.T) {
	h, _, url := start(t, flaky.Faults{SlowDown: 1, Only: func(r *http.Request) bool { return r.Method == http.MethodPut }})
	if status, _, _ := ask(t, "GET", url+"/b/k", nil); status != 200 {
		t.Errorf("GET: %d", status)
	}
	h.SetFaults(flaky.Faults{SlowDown: 1, Only: func(r *http.Request) bool { return r.Method == http.MethodGet }})
	if status, _, _ := ask(t, "GET", url+"/b/k", nil); status != 503 {
		t.Errorf("GET: %d", status)
	}
}

func TestDelay(t *testing.T) {
	_, _, url := start(t, flaky.Faults{Delay: 1, DelayFor: 20 * time.Millisecond})
	begun := time.Now()
	ask(t, "GET", url+"/b/k", nil)
	if took := time.Since(begun); took < 20*time.Millisecond {
		t.Errorf("answered after %v", took)
	}
}

// fates asks for each of 200 keys ten times, in some order, and returns what
// became of each.
func fates(seed uint64, backwards bool) map[string]string {
	h := flaky.New(&server{}, flaky.Faults{Seed: seed, SlowDown: 0.1})
	all := map[string]string{}
	for i := range 200 {
		if backwards {
			i = 199 - i
		}
		for range 10 {
			w := httptest.NewRecorder()
			// Another run has other upload ids and signatures.
			url := fmt.Sprintf("/b/k?uploadId=%d&partNumber=%d&X-Amz-Date=%[1]d", time.Now().UnixNano(), i)
			h.ServeHTTP(w, httptest.NewRequest("PUT", url, strings.NewReader("x")))
			all[strconv.Itoa(i)] += fmt.Sprint(w.Code, " ")
		}
	}
	return all
}

func TestSeedDecides(t *testing.T) {
	one, same, other := fates(1, false), fates(1, true), fates(2, false)
	slow, different := 0, 0
	for key, codes := range one {
		slow += strings.Count(codes, "503")
		if same[key] != codes {
			t.Errorf("part %s: %s, and again %s", key, codes, same[key])
		}
		if other[key] != codes {
			different++
		}
	}
	if slow < 150 || slow > 250 {
		t.Errorf("%d of 2000 requests answered 503, want about 200", slow)
	}
	if different < 50 {
		t.Errorf("only %d of 200 parts fare differently with another seed", different)
	}
}

func TestCounters(t *testing.T) {
	h, _, url := start(t, flaky.Faults{})
	ask(t, "POST", url+"/b/k?uploads", nil)
	if n := h.Uploads(); n != 1 {
		t.Errorf("%d uploads are open, want 1", n)
	}
	ask(t, "PUT", url+"/b/k?uploadId=up-1&partNumber=7", object)
	ask(t, "PUT", url+"/b/k?uploadId=up-1&partNumber=7", object[:10])
	h.SetFaults(flaky.Faults{SlowDown: 1})
	ask(t, "PUT", url+"/b/k?uploadId=up-1&partNumber=7", object[:10])
	h.SetFaults(flaky.Faults{Lost: 1})
	ask(t, "PUT", url+"/b/k?uploadId=up-1&partNumber=7", object[:10])
	h.SetFaults(flaky.Faults{})
	part := flaky.Part{Bucket: "b", Key: "k", UploadID: "up-1", Number: 7}
	want := flaky.PartCount{Received: 4, Stored: 3, Acknowledged: 2, Bytes: int64(len(object)) + 20}
	if got := h.Parts()[part]; got != want {
		t.Errorf("part: %+v, want %+v", got, want)
	}

	ask(t, "PUT", url+"/b/whole", object)
	ask(t, "PUT", url+"/b/whole?acl", object[:5])
	whole := flaky.PartCount{Received: 1, Stored: 1, Acknowledged: 1, Bytes: int64(len(object))}
	if got := h.Parts()[flaky.Part{Bucket: "b", Key: "whole"}]; got != whole {
		t.Errorf("whole object: %+v, want %+v", got, whole)
	}
	want.Bytes += int64(len(object)) + 5

	ask(t, "GET", url+"/b/k", nil)
	ask(t, "GET", url+"/b/k", nil, "Range", "bytes=100-199")
	got := h.Ranges()
	if len(got) != 2 || got[0] != (flaky.Range{"b", "k", 0, int64(len(object)), int64(len(object))}) || got[1] != (flaky.Range{"b", "k", 100, 100, 100}) {
		t.Errorf("ranges: %+v", got)
	}
	var in, out int64
	for _, s := range h.Traffic() {
		in += s.In
		out += s.Out
	}
	if in != want.Bytes || out < int64(len(object))+100 {
		t.Errorf("traffic: %d in, %d out", in, out)
	}

	ask(t, "POST", url+"/b/k?uploadId=broken", []byte("<x/>"))
	if n := h.Uploads(); n != 1 {
		t.Errorf("%d uploads are open after an error in a 200, want 1", n)
	}
	ask(t, "DELETE", url+"/b/k?uploadId=up-1", nil)
	if n := h.Uploads(); n != 0 {
		t.Errorf("%d uploads are open, want none", n)
	}
	if h.Requests() != 11 || h.MaxInFlight() < 1 {
		t.Errorf("%d requests, at most %d at once", h.Requests(), h.MaxInFlight())
	}
	h.Reset()
	if len(h.Parts()) != 0 || len(h.Ranges()) != 0 || len(h.Traffic()) != 0 || h.Requests() != 0 {
		t.Error("Reset left something")
	}
}

func TestInFlight(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	h := flaky.New(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-answer
	}), flaky.Faults{})
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/b/k", nil)) })
		<-asked
	}
	if n := h.InFlight(); n != 3 {
		t.Errorf("%d in flight, want 3", n)
	}
	close(answer)
	all.Wait()
	if h.InFlight() != 0 || h.MaxInFlight() != 3 {
		t.Errorf("%d in flight, at most %d; want 0 and 3", h.InFlight(), h.MaxInFlight())
	}
}

// What a request does that began before a Reset does not count after it.
func TestResetForgetsWhatIsInFlight(t *testing.T) {
	h := flaky.New(&server{}, flaky.Faults{})
	body, sender := io.Pipe()
	var all sync.WaitGroup
	all.Go(func() {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("PUT", "/b/k?uploadId=up&partNumber=1", body))
	})
	for range 2 { // the second is taken when the first has been counted
		if _, err := sender.Write(object); err != nil {
			t.Fatal(err)
		}
	}
	if len(h.Traffic()) == 0 || len(h.Parts()) != 1 {
		t.Fatalf("%d slices and %d parts before", len(h.Traffic()), len(h.Parts()))
	}
	h.Reset()
	if _, err := sender.Write(object); err != nil {
		t.Fatal(err)
	}
	if n := h.InFlight(); n != 1 {
		t.Errorf("%d in flight, want 1", n)
	}
	if err := sender.Close(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if len(h.Traffic()) != 0 || len(h.Parts()) != 0 {
		t.Errorf("counted %v and %v", h.Traffic(), h.Parts())
	}
}
