// Package relay carries rapid sessions to places that do not speak rapid, such
// as the endpoints of IBM Cloud Object Storage.
//
// A program that is far from its bucket asks a relay near the bucket for a
// grant, over HTTPS, with a [Client]. The grant opens a rapid session, whose
// streams the relay forwards over TCP. TLS and signatures stay end to end inside
// the streams: the relay sees where they go and how much they carry.
//
//	d := &rapid.Dialer{Grants: &relay.Client{URL: "https://relay.example:33001", Token: token}}
//	transport := &http.Transport{DialContext: d.DialContext}
//
// A [Server] is the other end. It connects to the places on its list and to
// nothing else, for callers who prove who they are.
//
// # Asking
//
// The client sends POST {URL}/v1/grants with Authorization: Bearer TOKEN and
//
//	{"destination":"s3.eu-de.cloud-object-storage.appdomain.cloud:443"}
//
// and is answered 200 with a rapid.Grant in JSON. A grant's address without a
// host, ":33001", is at the host of the URL. A refusal has another status and
//
//	{"error":{"code":"busy","message":"…"}}
//
// with code invalid (400), denied (401), clock (401), destination (403) or busy
// (429 or 503, with Retry-After). GET {URL}/v1/health answers 200 while grants
// are given and 503 when the relay is about to end.
package relay
