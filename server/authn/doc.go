// Package authn establishes who an S3 request comes from and that its body
// arrives unaltered: IAM bearer tokens, Signature Version 4 (header, query
// and streaming), Signature Version 2 (header and query), and no proof at
// all.
//
// A [Verifier] turns a request into a [Result]: the principal, and a Body to
// read instead of the request's own. That Body strips aws-chunked framing
// and ends in io.EOF only if every signature, digest and checksum that came
// with the request held; otherwise it ends in an [*Error].
package authn
