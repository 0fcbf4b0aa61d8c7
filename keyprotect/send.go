package keyprotect

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"

	"github.com/icos-go/icos/internal/rest"
)

const (
	typeKey    = "application/vnd.ibm.kms.key+json"
	typeAction = "application/vnd.ibm.kms.key_action+json"
)

// call is one request on its way.
type call struct {
	op     string // for errors
	key    string
	method string
	path   []string // after /api/v2/
	query  url.Values
	prefer string
	kind   string // content type of body
	body   any    // nil: none
	twice  bool   // carrying it out twice is as good as once

	unsure bool // an attempt may have been carried out without our knowing
}

// do carries a call out and reads the answer into out, unless that is nil. It returns the header of the answer.
func (c *Client) do(ctx context.Context, x *call, out any) (http.Header, error) {
	r := &rest.Request{
		Op: x.op, About: x.key, Method: x.method, Query: x.query, Body: x.body, Repeatable: x.twice,
		Header: http.Header{"Correlation-Id": {correlation()}},
	}
	for _, element := range x.path {
		r.Path += "/" + url.PathEscape(element)
	}
	if x.body != nil {
		r.Header.Set("Content-Type", x.kind)
	}
	if x.prefer != "" {
		r.Header.Set("Prefer", "return="+x.prefer)
	}
	h, err := c.rest.Do(ctx, r, out)
	x.unsure = r.Unsure()
	return h, err
}

// errorf is the error of a call whose answer lacks something, step first.
func (c *Client) errorf(x *call, format string) error {
	return c.rest.Errorf(&rest.Request{Op: x.op, About: x.key}, format)
}

// stale reports whether an answer says that the token has expired, which Key Protect does with a status of 400.
func stale(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Has("BEARER_SUB_EXTRACTION_ERR")
}

// correlation returns an id that the answer, and IBM's support, name the request by.
func correlation() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
