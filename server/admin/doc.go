// Package admin steers a running local COS over HTTP: fault rules, the clock of
// objects, the journal of requests, snapshots.
//
// [New] serves it, to those alone who have the token, and never to a web page;
// [Client] calls it. Whoever has the token can break the server and read what
// it is asked, so that it belongs on a loopback address, and is off unless
// somebody asks for it.
//
// The API is JSON under /v1:
//
//	GET    /v1/faults            the seed and the rules
//	POST   /v1/faults            a rule to add
//	PUT    /v1/faults            a seed and the rules to have instead
//	DELETE /v1/faults[/ID]       remove all rules, or one
//	GET    /v1/clock             the clock of objects
//	POST   /v1/clock             {"advance": "36h"} or {"set": "2030-01-01T00:00:00Z"}
//	GET    /v1/requests          the journal: ?after=SEQ&limit=N&wait=20s
//	DELETE /v1/requests          forget them
//	POST   /v1/snapshot          {"directory": "/absolute/path"}
//	POST   /v1/restore           {"directory": "/absolute/path"}, one that was written so
//
// Errors are {"error": "what was wrong"}.
package admin
