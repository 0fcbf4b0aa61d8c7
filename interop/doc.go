// Package interop holds tests in which programs that we did not write judge
// ours: SDKs and tools against our server, our client against another server,
// our signatures against another signer. README.md says what is tested and
// how to run it.
package interop
