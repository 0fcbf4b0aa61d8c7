// Package s3api serves the S3 API of a local COS over a store.
//
// Begin with [New], which returns an http.Handler. It answers as COS does: with its headers, its error documents and its
// spelling of error codes. What COS refuses is refused with COS's code, and an operation that is not implemented answers 501
// NotImplemented and names the operation; no request is taken for another one.
package s3api
