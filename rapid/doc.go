// Package rapid carries many reliable streams over one rate-controlled UDP
// path. Each stream is a [net.Conn] to a destination that a relay dials, so
// that HTTP, TLS and the signing of requests work over it unchanged, end to
// end; what changes is that a long or lossy path is filled. docs/rapid.md
// describes the protocol.
//
// A program that reaches a relay uses a [Dialer]:
//
//	d := &rapid.Dialer{Grants: &relay.Client{URL: "https://relay.example:33001", Token: token}}
//	defer d.Close()
//	client := &http.Client{Transport: &http.Transport{DialContext: d.DialContext}}
//
// The one that is reached uses a [Listener], which is a [net.Listener] of the
// streams of all sessions.
//
// A session begins with a [Grant], which the server hands out over a channel
// that is safe already, as HTTPS. It holds the keys: a packet that does not
// authenticate is dropped without an answer, so the port cannot be scanned or
// made to amplify. Grants open one session each.
//
// Rates in this package are in bits per second.
package rapid
