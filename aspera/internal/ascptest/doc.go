// Package ascptest has a program that stands in for IBM's ascp in tests, and a
// server that stands in for the one that ascp talks to.
//
// The program speaks the protocol of the management port as it is published, in
// words of its own, and really moves the bytes, in HTTP requests to a [Gateway]. It
// is the test's own binary, called again:
//
//	func TestMain(m *testing.M) { ascptest.Main(m) }
//
// [New] says how it behaves, start by start, and tells afterwards how it was called.
package ascptest
