package icos

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/icos-go/icos/s3"
)

// Error is an error response from the service. Ask errors.Is for
// fs.ErrNotExist, fs.ErrExist and fs.ErrPermission, and errors.AsType[*icos.Error]
// for the code, the message and the request ID that IBM support asks for.
type Error = s3.Error

// ErrChecksum is in the chain of an error when bytes did not match their
// checksum: they were damaged on the way, or are stored damaged.
var ErrChecksum = s3.ErrChecksum

// ErrChanged is in the chain of an error when the source of a copy, or an object
// being read, was replaced meanwhile; or when what [Object.Put] reads grew or
// shrank.
var ErrChanged = errors.New("changed meanwhile")

// ErrNoEndpoint is in the chain of an error when the configuration does not say
// where the service is and nothing else does.
var ErrNoEndpoint = errors.New("no endpoint")

// hasCode reports whether err is an answer of the service with that code.
func hasCode(err error, code string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == code
}

// A WrongEndpointError says that a bucket is not where the client looked. The
// service itself only says NoSuchBucket or NoSuchKey then. It is not
// fs.ErrNotExist, for the bucket does exist; the answer of the service is in
// reach of errors.AsType[*icos.Error].
type WrongEndpointError struct {
	Bucket   string
	Location string // region of the bucket, such as eu-de
	Used     string // region of the client's endpoint
	Endpoint string // what Config.Endpoint should be

	response *Error
}

func (e *WrongEndpointError) Error() string {
	return fmt.Sprintf("bucket %q is in %s; this client uses %s: set Endpoint to %s",
		e.Bucket, e.Location, e.Used, e.Endpoint)
}

// As gives access to the answer of the service without making this error
// answer to errors.Is as that one does.
func (e *WrongEndpointError) As(target any) bool {
	if p, ok := target.(**Error); ok {
		*p = e.response
		return true
	}
	return false
}

// explain returns err, or a better one when the bucket turns out to be
// somewhere else. It makes at most one request for each bucket, and none unless
// the service says that something is missing.
func (b *Bucket) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*Error](err)
	if !ok || e.StatusCode != http.StatusNotFound || b.client.base == nil {
		return err
	}
	switch e.Code {
	case "NoSuchBucket", "NoSuchKey", "NotFound":
	default:
		return err
	}
	at := b.client.spots.of(b.name)
	if at.lock(ctx) != nil {
		return err
	}
	defer at.unlock()
	if !at.looked {
		// Without an opinion about where this client is, no look-up can help.
		region, n := b.client.atlas.region(ctx, b.client.base)
		if region == "" {
			return err
		}
		location, lookErr := b.locate(ctx, b.client.fixed)
		if ctx.Err() != nil {
			return err
		}
		at.looked = true
		if lookErr != nil || regionOf(location) == region {
			return err // there is nothing to add to what the service said
		}
		right, lookErr := b.client.atlas.endpoint(ctx, regionOf(location), n)
		if right == b.client.base.String() {
			return err // a server that plays several regions
		}
		if lookErr != nil {
			right = "that of " + regionOf(location)
		}
		at.wrong = &WrongEndpointError{Bucket: b.name, Location: regionOf(location), Used: region, Endpoint: right}
	}
	if at.wrong == nil {
		return err
	}
	wrong := *at.wrong
	wrong.response = e
	return &wrong
}
