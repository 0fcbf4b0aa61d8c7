// Package s3 is the wire: one method per operation of the IBM Cloud Object
// Storage API, one request and one response struct each, and no pointers where
// the zero value already says "not set".
//
// Most programs use package icos, which is built on this one. Come here for an
// operation or a header that icos does not offer:
//
//	c, err := s3.New(s3.Config{
//		Endpoint:    "https://s3.us-south.cloud-object-storage.appdomain.cloud",
//		Credentials: auth.IAM(apiKey, nil),
//	})
//	…
//	r, err := c.GetObject(ctx, &s3.GetObjectRequest{Bucket: "b", Key: "k"})
//
// For an operation without a method there is [Client.Do], which signs, retries
// and turns error answers into an [*Error] like every method does.
//
// # Retries
//
// A request is repeated, after a wait drawn from [0, 2ⁿ·base) (full jitter), when the
// network or the service failed in a way that a repetition can cure and when
// repeating is safe: its body can be read again and the operation gives
// the same result however often it is done. A Retry-After answer is honoured. A
// budget per client keeps retries from multiplying the load of a service in
// trouble. See [RetryPolicy].
//
// # Integrity
//
// PutObject and UploadPart send a CRC-32C of the body in a header, computed before
// the body is sent, when the body can be read twice; the service refuses bytes that
// do not match. GetObject asks for the stored checksum, and the body it returns
// fails at its end instead of reporting io.EOF when what was read does not match, or is shorter
// than announced. Bodies are sent as they are, never in aws-chunked encoding.
//
// # Errors
//
// Everything the service answers with is an [*Error]; the usual questions are
// asked with errors.Is and fs.ErrNotExist, fs.ErrExist and fs.ErrPermission.
package s3
