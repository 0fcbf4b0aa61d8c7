// Package kms is a local stand-in for IBM Key Protect: it keeps root keys and standard keys on disk, serves the Key Protect API over
// them, and gives the object store the keys that objects are encrypted with.
//
// Start with [New], which on an empty directory makes an instance with one root key ([Service.First]). A Service is an http.Handler
// for the requests that [Serves] recognises. [Service.NewDataKey] and [Service.DataKey] are the envelope encryption of the
// store; they look at the state of the root key each time, and nothing remembers what they returned.
//
// Deleting a key destroys its material at once and for good: the file that held it is overwritten. IBM keeps it for 30 days; here
// a root key comes back only if it was imported and its owner hands in the same material again.
package kms
