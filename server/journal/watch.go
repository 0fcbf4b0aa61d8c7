package journal

import (
	"io"
	"net/http"
	"time"
)

// A Watch looks on while one request is served.
type Watch struct {
	log   *Log
	entry Entry
	start time.Time
}

// Begin returns what to serve a request with so that its bytes are counted, and
// the Watch to end when it has been served. The caller fills in what only it knows by way of [Watch.Entry].
func (l *Log) Begin(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request, *Watch) {
	now := time.Now()
	watch := &Watch{log: l, start: now, entry: Entry{
		Time: now.UTC(), Method: r.Method, Target: Target(r), Header: Header(r.Header),
	}}
	watch.entry.Header["Host"] = []string{short(r.Host, maxValue)}
	if r.Body != nil && r.Body != http.NoBody {
		r = r.WithContext(r.Context()) // net/http looks at the Body of the one it made
		r.Body = &countedBody{r.Body, watch}
	}
	return &countedAnswer{w, watch}, r, watch
}

// Entry returns the entry, to be completed before End.
func (w *Watch) Entry() *Entry { return &w.entry }

// End puts the entry in the log.
func (w *Watch) End() {
	w.entry.Took = time.Since(w.start)
	w.log.Add(w.entry)
}

type countedBody struct {
	io.ReadCloser
	watch *Watch
}

// Read implements io.Reader.
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.watch.entry.Received += int64(n)
	return n, err
}

type countedAnswer struct {
	http.ResponseWriter
	watch *Watch
}

// Unwrap lets an http.ResponseController through.
func (a *countedAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (a *countedAnswer) WriteHeader(status int) {
	if status >= 200 && a.watch.entry.Status == 0 {
		a.watch.entry.Status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *countedAnswer) Write(p []byte) (int, error) {
	if a.watch.entry.Status == 0 {
		a.watch.entry.Status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(p)
	a.watch.entry.Sent += int64(n)
	return n, err
}
