package flaky

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// A requestBody counts what is read of it, and spoils it.
type requestBody struct {
	io.ReadCloser
	h         *Handler
	call      *call
	off       int64
	cut, flip int64 // where it ends, where a bit is flipped; -1: nowhere
	bit       int
}

func (b *requestBody) Read(p []byte) (int, error) {
	if b.cut >= 0 {
		if b.off >= b.cut {
			return 0, io.ErrUnexpectedEOF
		}
		p = p[:min(int64(len(p)), b.cut-b.off)]
	}
	n, err := b.ReadCloser.Read(p)
	if at := b.flip - b.off; b.flip >= 0 && at >= 0 && at < int64(n) {
		p[at] ^= 1 << b.bit
	}
	b.off += int64(n)
	b.h.moved(b.call, int64(n), 0)
	return n, err
}

// errCut is what the server is told when its answer is cut short.
var errCut = errors.New("flaky: the answer ends here")

// An answer counts what is written to it, and spoils it.
type answer struct {
	http.ResponseWriter
	h     *Handler
	call  *call
	sink  bool  // nothing of it reaches the client
	fault *fate // what happens to the body, once its length is known

	status    int
	off       int64
	cut, flip int64 // -1: nowhere
	ended     bool  // it was cut
	failed    bool  // the client is gone
	rng       *Range
	document  bytes.Buffer // the beginning of the body, if it says what became of an upload
}

// maxDocument is how much of an answer is looked at.
const maxDocument = 64 << 10

// Unwrap lets an http.ResponseController through.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	if status >= 200 && a.status == 0 {
		a.begin(status)
	}
	if !a.sink {
		a.ResponseWriter.WriteHeader(status)
	}
}

// begin learns how long the body will be.
func (a *answer) begin(status int) {
	a.status = status
	length := int64(-1)
	if n, err := strconv.ParseInt(a.Header().Get("Content-Length"), 10, 64); err == nil {
		length = n
	}
	data := a.call.get && (status == http.StatusOK || status == http.StatusPartialContent)
	if data {
		a.rng = &Range{Bucket: a.call.bucket, Key: a.call.key, Offset: rangeStart(a.Header().Get("Content-Range")), Length: length}
		a.h.answering(a.call, a.rng)
	}
	if a.fault == nil || length == 0 {
		return
	}
	switch {
	case a.fault.fault == truncateDown:
		a.cut = a.fault.at(length)
	case data:
		a.flip = a.fault.at(length)
	}
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if a.call.creates || a.call.ends != "" {
		a.document.Write(p[:min(len(p), maxDocument-a.document.Len())])
	}
	if a.sink {
		return len(p), nil
	}
	whole := len(p)
	if a.cut >= 0 && a.off+int64(len(p)) > a.cut {
		p, a.ended = p[:a.cut-a.off], true
	}
	if at := a.flip - a.off; a.flip >= 0 && at >= 0 && at < int64(len(p)) {
		p = bytes.Clone(p)
		p[at] ^= 1 << a.fault.bit
	}
	// It is counted before, so that who has got it finds it counted.
	a.count(len(p))
	n, err := a.ResponseWriter.Write(p)
	a.count(n - len(p))
	a.off += int64(n)
	a.failed = a.failed || err != nil
	if err == nil && a.ended && n < whole {
		// What the server writes now goes nowhere.
		a.cut = a.off
		return n, errCut
	}
	return n, err
}

// count adds to what was handed to the connection; less than 0 is what it did not take.
func (a *answer) count(n int) {
	a.h.moved(a.call, 0, int64(n))
	if a.rng != nil {
		a.h.sent(a.rng, int64(n))
	}
}

// done counts what became of the request.
func (a *answer) done() {
	if a.status == 0 {
		a.begin(http.StatusOK) // a handler that writes nothing has said 200
	}
	if a.status < 200 || a.status > 299 {
		return
	}
	a.h.carriedOut(a.call, a.document.Bytes(), !a.sink && !a.ended && !a.failed)
}

// rangeStart returns the first byte of "bytes 5-9/100": 5.
func rangeStart(contentRange string) int64 {
	var start int64
	for _, c := range []byte(contentRange) {
		switch {
		case c >= '0' && c <= '9':
			start = start*10 + int64(c-'0')
		case c == '-':
			return start
		}
	}
	return 0
}
