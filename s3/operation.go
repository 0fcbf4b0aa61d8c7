package s3

import (
	"context"
	"io"
	"net/http"
	"net/url"
)

// operation is one row of the API: what begins the request line and how failures are treated.
type operation struct {
	name   string
	method string
	query  string // sent as it is, before the query of the request
	flags  flags
}

type flags uint8

const (
	instance    flags = 1 << iota // sends ibm-service-instance-id
	integrity                     // the XML body needs a Content-MD5
	lateErrors                    // 200 may carry an error
	idempotent                    // may be repeated although the method is POST
	wholeness                     // asks for the checksum, and for the bytes as they are stored
	goneIsDone                    // after an attempt of unknown outcome, 404 means it worked
	takenIsDone                   // and so does 409
)

// What a request or a response can do beyond its struct tags.
type (
	// documentRequest has an XML body. An empty one is not sent.
	documentRequest interface{ document() ([]byte, error) }

	// streamRequest has a body that the caller supplies.
	streamRequest interface {
		stream() upload
	}

	// copyRequest names another object as its source.
	copyRequest interface {
		source() (bucket, key, versionID string)
	}

	// documentResponse is read from an XML body.
	documentResponse interface{ parse(*scanner) error }

	// statusResponse wants to know the status: more than one means success.
	statusResponse interface{ status(code int) }

	// streamResponse takes the body over, unread.
	streamResponse interface {
		open(x *exchange, r *http.Response)
	}
)

// upload is what a streamRequest sends.
type upload struct {
	body io.Reader
	size int64
	sum  Checksum
	sent func(int)
}

// exchange is one call on its way through encoding, attempts and decoding.
type exchange struct {
	op          operation
	bucket, key string

	base     *url.URL // scheme, host and leading path; changed by redirects
	path     string   // bucket and key, not escaped, with its leading slash
	rawPath  string   // the same, escaped; empty when there is no difference
	rawQuery string
	header   http.Header
	values   []string // backing of the values in header, to save an allocation each

	body     *source  // nil: none
	sum      Checksum // of body, as sent
	computed bool     // sum is ours and not the caller's

	unverified bool
	live       bool // the body of the answer goes to the caller unread
	attempts   int
	unsure     bool // an attempt may have been carried out without our knowing
	hint       hint // what the last answer said beside its error
	doc        *buffer
}

// call makes one call. Response and Request are the structs of one operation.
func call[Response, Request any](ctx context.Context, c *Client, op operation, r *Request) (*Response, error) {
	out := new(Response)
	if err := c.call(ctx, &exchange{op: op}, r, out); err != nil {
		return nil, err
	}
	return out, nil
}

func (c *Client) call(ctx context.Context, x *exchange, request, response any) error {
	if err := c.encode(x, request); err != nil {
		return x.wrap(err)
	}
	defer c.release(x)
	if err := c.encodeBody(x, request); err != nil {
		return x.wrap(err)
	}
	stream, live := response.(streamResponse)
	x.live = live
	r, err := c.do(ctx, x)
	if err != nil {
		return err
	}
	if err := c.decode(x, r, response); err != nil {
		if live {
			r.Body.Close()
		}
		return x.wrap(err)
	}
	if live {
		stream.open(x, r)
	}
	return nil
}

// set sets a header that is not set yet. name is in canonical form.
func (x *exchange) set(name, value string) {
	x.values = append(x.values, value)
	n := len(x.values)
	x.header[name] = x.values[n-1 : n : n]
}
