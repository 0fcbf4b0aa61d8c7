package s3api

import (
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/icos-go/icos/server/authn"
	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/journal"
	"github.com/icos-go/icos/server/store"
)

// Limits of COS on what a request carries.
const (
	maxPutSize  = 5 << 30 // bytes of one PUT or part
	maxPageSize = 1000    // entries of one page of a listing
)

// call is one request and its answer.
type call struct {
	*handler
	w     http.ResponseWriter
	r     *http.Request
	start time.Time
	id    string // of the request, in the answer's headers and the log

	bucket, key string
	query       query
	op          *operation

	auth *authn.Result
	who  iam.Principal
	info *store.Bucket // the bucket, once authorize has looked it up; an empty one before

	byRole bool // a role lets the caller do this; found by authorize, with info

	status  int
	started bool // the status line has been given to net/http

	values  [8]string // of headers of the answer
	valuesN int       // how many of them are in use

	code  code           // of the error answered with
	watch *journal.Watch // nil without a journal
	end   func()         // what a fault does after the answer; nil without one
}

// Headers that every answer has, shared by all: net/http only reads them.
var (
	headerVersion = []string{"2.5"}
	headerServer  = []string{"Cleversafe/3.18.1.0"}
	headerRanges  = []string{"bytes"}
	headerXML     = []string{"application/xml"}
	headerZero    = []string{"0"}
)

// value is a header with one value. It lies in the call as long as there is room, since one allocation for each is a good part of
// what a small request costs.
func (c *call) value(s string) []string {
	i := c.valuesN
	if i == len(c.values) {
		return []string{s}
	}
	c.values[i] = s
	c.valuesN++
	return c.values[i : i+1 : i+1]
}

// begin gives the call its id and the headers of every answer.
func (c *call) begin() {
	c.id = newRequestID()
	ids := c.value(c.id)
	h := c.w.Header()
	h["Date"] = c.dates.header(c.start)
	h["X-Clv-Request-Id"] = ids
	h["X-Amz-Request-Id"] = ids
	h["X-Clv-S3-Version"] = headerVersion
	h["Server"] = headerServer
	h["Accept-Ranges"] = headerRanges
}

// newRequestID returns a random uuid. It names a request in logs and guards nothing, so that it need not be unguessable.
func newRequestID() string {
	const hex = "0123456789abcdef"
	var b [36]byte
	hi, lo := rand.Uint64(), rand.Uint64()
	hi = hi&^0xf000 | 0x4000
	lo = lo&^(3<<62) | 1<<63
	n := 0
	for i := range 16 {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b[n] = '-'
			n++
		}
		half := hi
		if i >= 8 {
			half = lo
		}
		v := byte(half >> (56 - 8*(i%8)))
		b[n], b[n+1] = hex[v>>4], hex[v&15]
		n += 2
	}
	return string(b[:])
}

func (c *call) name() string {
	if c.op == nil {
		return ""
	}
	return c.op.name
}

// authenticate finds out who asks. The body may be read only through c.auth afterwards.
func (c *call) authenticate() error {
	result, err := c.handler.authn.Authenticate(c.r)
	if err != nil {
		return err
	}
	c.auth, c.who = result, result.Principal
	for _, p := range c.query {
		if c.routes.known(p.name) && !authn.Covers(result.Scheme, p.name) {
			return newErrorMessage(codeAccessDenied, "The signature of the URL does not cover the sub-resource "+p.name+": presign with Signature Version 4.")
		}
	}
	return nil
}

// writeStatus begins an answer without a body.
func (c *call) writeStatus(status int) {
	if status != http.StatusNoContent && status != http.StatusNotModified {
		c.w.Header()["Content-Length"] = headerZero
	}
	c.writeHeader(status)
}

func (c *call) writeHeader(status int) {
	c.status, c.started = status, true
	c.w.WriteHeader(status)
}

// writeXML answers with a document and gives the writer back.
func (c *call) writeXML(status int, x *xmlWriter) error {
	h := c.w.Header()
	h["Content-Type"] = headerXML
	h["Content-Length"] = c.value(strconv.Itoa(len(x.b)))
	c.writeHeader(status)
	_, err := c.w.Write(x.b)
	x.free()
	return err
}

// fail answers with an error. If the answer has begun already, only breaking the connection tells the client.
func (c *call) fail(err error) {
	if c.started {
		if c.r.Context().Err() == nil && !clientGone(err) {
			c.log.Error("answer broken off", "id", c.id, "operation", c.name(), "bucket", c.bucket, "key", c.key, "err", err)
		}
		panic(http.ErrAbortHandler)
	}
	e := toAPIError(err)
	c.code = e.code
	if e.status >= 500 && e.cause != nil && c.r.Context().Err() == nil {
		c.log.Error("request", "id", c.id, "operation", c.name(), "bucket", c.bucket, "key", c.key, "err", e.cause)
	}
	h := c.w.Header()
	for i := 0; i+1 < len(e.headers); i += 2 {
		h.Set(e.headers[i], e.headers[i+1])
	}
	if c.r.Method == http.MethodHead {
		c.writeStatus(e.status)
		return
	}
	x := newXML()
	x.open("Error")
	x.text("Code", string(e.code))
	x.text("Message", e.message)
	if !e.bare {
		x.text("Resource", c.resource())
	}
	x.text("RequestId", c.id)
	x.int("httpStatusCode", int64(e.status))
	x.close("Error")
	// The client that does not read the document has gone; there is nobody left to tell.
	_ = c.writeXML(e.status, x)
}

// resource is the name of what the request is about: /bucket/ or /bucket/key.
func (c *call) resource() string {
	if c.bucket == "" {
		return "/"
	}
	return "/" + c.bucket + "/" + c.key
}

// body returns the decoded body, bounded to limit bytes: more of them are the error tooLarge. Errors of the network come out
// of it as the answers they deserve.
func (c *call) body(limit int64, tooLarge code) (io.Reader, error) {
	if c.auth.Length > limit {
		return nil, newError(tooLarge)
	}
	return &bodyReader{r: c.auth.Body, left: limit, tooLarge: tooLarge}, nil
}

type bodyReader struct {
	r        io.Reader
	left     int64
	tooLarge code
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, newError(b.tooLarge)
	}
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, bodyError(err)
}

// bodyError is the answer to an error of reading a body.
func bodyError(err error) error {
	if _, ok := errors.AsType[*authn.Error](err); ok {
		return err
	}
	if _, ok := errors.AsType[*apiError](err); ok {
		return err // of a body within the body
	}
	e := newError(codeIncompleteBody)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		e = newError(codeRequestTimeout)
	}
	e.cause = err
	return e
}

// readBody reads a document of at most limit bytes. Reading to the end is what verifies its digests.
//
// It authorizes the call once more: clients send as slowly as they like, and meanwhile a bucket of that name may have become
// another's.
func (c *call) readBody(limit int64) ([]byte, error) {
	r, err := c.body(limit, codeMessageTooLong)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return body, c.authorize(c.op.need)
}

// document reads and parses the body of a request that needs one.
func (c *call) document(limit int64, root string) (*element, error) {
	body, err := c.readBody(limit)
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return nil, newError(codeMissingBody)
	}
	return parseXML(body, root)
}

// needDigest refuses a request without a digest of its body, as S3 does for documents whose corruption would do harm.
func (c *call) needDigest() error {
	if c.auth.Integrity {
		return nil
	}
	return invalidRequest("Missing required header for this request: Content-MD5 or x-amz-checksum-*")
}
