// Package ascp runs IBM's ascp program and speaks the protocol of its management
// port. It knows nothing of buckets and transfer specs: what to move is in the
// arguments that it is given.
//
// A [Transfer] is moved by one process or several, each of which is told and asked
// through a connection of its own: [Message]s of lines "Key: value" between a header
// and an empty line. A process that fails in a way that may pass is started again.
package ascp
