// Package iam is a local stand-in for IBM Cloud IAM: it keeps service
// instances, service IDs, API keys and HMAC key pairs on disk, exchanges API
// keys for signed tokens over IBM's token protocol, and tells the rest of the
// server who a token or an access key belongs to.
//
// Start with [New], which on an empty directory also makes a first instance
// and its credential ([Service.First]). A Service is an http.Handler for
// /identity/ and /oidc/; [Service.VerifyToken] and [Service.AccessKey] are
// what authentication calls on every request, and both answer from memory.
package iam
