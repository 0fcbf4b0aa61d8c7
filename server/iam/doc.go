// Package iam is a local stand-in for IBM Cloud IAM: it keeps service
// instances, service IDs, API keys and HMAC key pairs on disk, exchanges API
// keys for signed tokens over IBM's token protocol, and tells the rest of the
// server who a token or an access key belongs to.
//
// What an identity may do is said by policies, each of which gives one of the
// roles of COS on an instance, a bucket or the objects below a prefix. Policies
// and credentials are managed with methods of Service, or over HTTP as with
// IBM's IAM Policy Management and Resource Controller.
//
// Start with [New], which on an empty directory also makes a first instance
// and its credential ([Service.First]). A Service is an http.Handler for
// /identity/ and /oidc/; [Service.VerifyToken] and [Service.AccessKey] are
// what authentication calls on every request, [Service.Allowed] is what
// authorization does, and all answer from memory.
package iam
