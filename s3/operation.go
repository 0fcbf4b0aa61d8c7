package s3

import "context"

// operation is one row of the API: what sets the request line and how failures are treated.
type operation struct {
	name   string
	method string
	query  string // sent as it is, before the query of the request
	flags  flags
}

type flags uint8

const (
	instance   flags = 1 << iota // sends ibm-service-instance-id
	integrity                    // the XML body needs a Content-MD5
	lateErrors                   // 200 may carry an error
	idempotent                   // may be repeated although the method is POST
)

func call[Response, Request any](ctx context.Context, c *Client, op operation, r *Request) (*Response, error) {
	return nil, nil
}
