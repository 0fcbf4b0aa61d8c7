package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	// maxErrorBody bounds how much of an error answer is read.
	maxErrorBody = 64 << 10

	// maxDocument bounds every other document. A page of 1000 keys of 1024 bytes, each
	// byte percent-encoded, is less than 5 MB.
	maxDocument = 32 << 20

	// maxKept bounds the documents whose memory is used again.
	maxKept = 4 << 20

	// A body that cannot be repeated waits for the word of the service from this
	// size on, and one that can from the other: it costs a round trip, which is
	// little against either sending in vain or having to fail.
	expectStream = 1 << 20
	expectReplay = 64 << 20
)

// buffer is the document of an answer.
type buffer = bytes.Buffer

// hint is what an answer says beside its error.
type hint struct {
	retryAfter string
	location   string
	date       string
	token      string // the bearer token that was refused
	sent       bool   // the request left, as far as is known
}

// errFinal marks an error before the network that no repetition would cure.
type errFinal struct{ error }

func (e errFinal) Unwrap() error { return e.error }

// attempt sends x once. The response has a status below 300; its body was read
// into x.doc unless x.live.
func (c *Client) attempt(ctx context.Context, x *exchange) (*http.Response, error) {
	x.hint = hint{}
	trace := traceOf(ctx)
	req, body, err := c.request(trace.watch(ctx), x)
	if err != nil {
		return nil, errFinal{err}
	}
	start := time.Now()
	x.hint.sent = true
	small := body == nil && x.body != nil && x.body.sent != nil
	if small {
		x.body.sent(int(x.body.size))
	}
	r, err := c.roundTrip(req)
	if c.logger != nil {
		c.log(ctx, x, req, r, err, time.Since(start))
	}
	if err == nil {
		err = c.receive(x, req, r)
	}
	if trace != nil && trace.Attempt != nil {
		a := x.attemptInfo(r, body, err, start)
		a.Cancelled = ctx.Err() != nil
		trace.Attempt(a)
	}
	if body != nil {
		if cause := body.stop(); cause != nil {
			// The fault lies with the caller's reader, whatever the transport made of it.
			if r != nil {
				r.Body.Close()
			}
			return nil, errFinal{fmt.Errorf("read body: %w", cause)}
		}
		if err == nil && body.sum != nil {
			if x.sum.Value = sumValue(body.sum); body.read < x.body.size {
				x.sum.Value = "" // answered before all was read
			}
		}
		if err != nil && x.body.sent != nil && body.read > 0 {
			x.body.sent(-int(body.read))
		}
	}
	if err != nil {
		if small {
			x.body.sent(-int(x.body.size))
		}
		if x.body != nil {
			x.body.block = nil // the transport may still be reading it
		}
		return nil, err
	}
	return r, nil
}

// attemptInfo is what a Trace is told about an attempt that began at start and is over now.
func (x *exchange) attemptInfo(r *http.Response, body *attemptBody, err error, start time.Time) AttemptInfo {
	now := time.Now()
	a := AttemptInfo{Op: x.op.name, Number: x.attempts, Err: err, Took: now.Sub(start)}
	if r != nil {
		a.StatusCode = r.StatusCode
	}
	switch {
	case body != nil:
		a.Sent = body.sent.Load()
		if end := body.ended.Load(); end != 0 {
			a.Wait = now.Sub(body.begun) - time.Duration(end)
		}
	case x.body != nil:
		a.Sent, a.Wait = x.body.size, a.Took
	default:
		a.Wait = a.Took
	}
	return a
}

// request makes the http.Request of the next attempt.
func (c *Client) request(ctx context.Context, x *exchange) (*http.Request, *attemptBody, error) {
	header := x.header
	if x.attempts > 1 {
		// The transport may still be writing the headers of the attempt before.
		header = x.header.Clone()
		header.Del("Authorization")
		header.Del("X-Amz-Date")
	}
	x.header = header
	if skew := c.skew.Load(); skew != 0 {
		header["X-Amz-Date"] = []string{time.Now().Add(time.Duration(skew)).UTC().Format("20060102T150405Z")}
	}
	req := &http.Request{
		Method:     x.op.method,
		URL:        &url.URL{Scheme: x.base.Scheme, Host: x.base.Host, Path: x.path, RawPath: x.rawPath, RawQuery: x.rawQuery},
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     header,
		Host:       x.base.Host,
	}
	var body *attemptBody
	switch {
	case x.body == nil:
	case x.body.size == 0:
		req.Body = http.NoBody
	case x.body.size <= smallSize && x.body.kept != nil:
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(x.body.kept)), x.body.size
	default:
		var err error
		if body, err = x.body.open(); err != nil {
			return nil, nil, err
		}
		if x.body.stream != nil && x.sum.Value == "" {
			body.sum = x.sum.Algorithm.New()
		}
		req.Body, req.ContentLength = body, x.body.size
		if n := x.body.size; n >= expectReplay || n >= expectStream && x.body.stream != nil {
			header["Expect"] = []string{"100-continue"}
		}
	}
	req = req.WithContext(ctx)
	if c.credentials != nil {
		if err := c.credentials.Authorize(ctx, req); err != nil {
			return nil, nil, err
		}
	}
	return req, body, nil
}

// roundTrip sends req without following redirects.
func (c *Client) roundTrip(req *http.Request) (*http.Response, error) {
	if c.direct != nil {
		return c.direct.RoundTrip(req) // saves ten allocations that prepare for redirects
	}
	r, err := c.http.Do(req)
	if err == nil {
		return r, nil
	}
	// The URL it adds is in our own words already, and may be long.
	if u, ok := errors.AsType[*url.Error](err); ok {
		return nil, u.Err
	}
	return nil, err
}

// receive makes an error of an answer that is one, and reads the document of one that is not.
func (c *Client) receive(x *exchange, req *http.Request, r *http.Response) error {
	if r.StatusCode >= 300 {
		x.hint.retryAfter = r.Header.Get("Retry-After")
		x.hint.location = r.Header.Get("Location")
		x.hint.date = r.Header.Get("Date")
		x.hint.token = bearerOf(req.Header)
		body, _ := io.ReadAll(io.LimitReader(r.Body, maxErrorBody)) // what there is of it will do
		r.Body.Close()
		return x.errorOf(r, body)
	}
	if x.live {
		return nil
	}
	defer r.Body.Close()
	if r.Body == http.NoBody || r.ContentLength == 0 || req.Method == http.MethodHead {
		return x.checkLate(r, nil)
	}
	if x.doc == nil {
		x.doc = c.buffers.Get().(*buffer)
	}
	x.doc.Reset()
	if r.ContentLength > maxDocument {
		return errFinal{fmt.Errorf("read answer: %d bytes are more than the %d allowed", r.ContentLength, maxDocument)}
	}
	if r.ContentLength > 0 {
		x.doc.Grow(int(r.ContentLength) + bytes.MinRead) // ReadFrom wants room for one read more
	}
	n, err := x.doc.ReadFrom(io.LimitReader(r.Body, maxDocument+1))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if n > maxDocument {
		return errFinal{fmt.Errorf("read answer: more than the %d bytes allowed", maxDocument)}
	}
	return x.checkLate(r, x.doc.Bytes())
}

// checkLate finds the error in an answer whose status line was sent before the outcome
// was known. White space that kept the connection alive may precede it.
func (x *exchange) checkLate(r *http.Response, doc []byte) error {
	if x.op.flags&lateErrors == 0 {
		return nil
	}
	if doc = bytes.TrimSpace(doc); len(doc) == 0 {
		return fmt.Errorf("read answer: no result in it: %w", io.ErrUnexpectedEOF)
	}
	s := newScanner(doc)
	if s.next() && string(s.name()) == "Error" {
		return x.errorOf(r, doc)
	}
	return nil
}

// release gives back the document, whose strings have been copied, and the block of the body, which
// no attempt reads any more.
func (c *Client) release(x *exchange) {
	if x.doc != nil {
		if x.doc.Cap() <= maxKept {
			c.buffers.Put(x.doc)
		}
		x.doc = nil
	}
	if x.body != nil {
		c.unkeep(x.body)
	}
}

func bearerOf(h http.Header) string {
	const scheme = "Bearer "
	if a := h.Get("Authorization"); len(a) > len(scheme) && a[:len(scheme)] == scheme {
		return a[len(scheme):]
	}
	return ""
}
