// Package ats is a local stand-in for IBM's Aspera transfer service: clients
// that want the objects of a bucket moved at high speed ask it for a transfer
// spec, over the part of the Aspera Node API that IBM's SDKs use.
//
// There is no ascp here. What a spec of this service is good for is its member
// icos_rapid, an extension: a grant for a session of package rapid, whose
// streams end at the S3 API of the same server. A client that does not know it
// sees the fields that IBM's service gives, and finds nobody at the SSH port.
//
// [New] makes a [Service], which is an http.Handler.
package ats
