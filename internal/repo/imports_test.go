package repo

import (
	"slices"
	"strings"
	"testing"
)

type rule struct {
	pkg string
	may []string // "public" stands for every package that is not internal
	why string
}

// law says what each package may import of ours, outside its tests. The
// client and the server meet only on the wire, so that a mistake cannot hide
// by being made on both sides; protocol code stands at the bottom and imports
// nothing, so that it is tested without sockets.
var law = []rule{
	{".", []string{"auth", "s3", "internal/linger", "internal/loopback", "internal/wireform"}, "handles over the wire, nothing of the server"},
	{"auth", []string{"internal/sigv4", "internal/sigv2", "internal/backoff", "internal/loopback"}, "signs with the canonical forms; knows no operation"},
	{"s3", []string{"auth", "internal/backoff", "internal/loopback"}, "one request and one response per operation"},
	{"internal/rest", []string{"auth", "internal/backoff", "internal/loopback"}, "JSON to a service and back; knows none of them"},
	{"iam", []string{"auth", "internal/rest"}, "who may do what, over the wire; nothing of the server"},
	{"resourceconfig", []string{"auth", "internal/rest"}, "a bucket's settings beside S3, over the wire"},
	{"keyprotect", []string{"auth", "internal/rest"}, "one service over HTTP; knows no bucket"},
	{"transfer/internal/pace", []string{"s3"}, "limits and measures; knows requests by their Trace only"},
	{"internal/sigv4", nil, "pure: bytes and times in, bytes out"},
	{"internal/sigv2", nil, "pure: bytes and times in, bytes out"},
	{"internal/crc", nil, "arithmetic"},
	{"internal/envelope", nil, "keys under keys; knows nobody's state"},
	{"internal/durable", nil, "files and directories; what is in them is the business of those who write them"},
	{"internal/linger", nil, "a context that ends later"},
	{"internal/backoff", nil, "how long to wait; knows no request"},
	{"internal/loopback", nil, "names of this machine"},
	{"internal/wireform", []string{"s3"}, "what is said about an object, as requests say it"},
	{"internal/flaky", nil, "a server that misbehaves wraps any http.Handler"},
	{"internal/netsim", nil, "a network knows packets, not what is in them"},
	{"rapid/internal/wire", nil, "bytes in, bytes out; no socket, no clock, no session"},
	{"rapid/internal/flow", nil, "ranges, buffers and histories; knows no packet and no clock"},
	{"rapid/internal/fec", nil, "sums of bytes; knows no stream and no packet"},
	{"rapid/internal/session", []string{"rapid/internal/wire", "rapid/internal/flow", "rapid/internal/fec", "rapid/internal/cc"}, "the protocol as a machine: datagrams and times in, datagrams out"},
	{"internal/faultfs", nil, "a file system that fails on demand knows nobody"},
	{"rapid/relay", []string{"rapid", "internal/loopback"}, "grants and forwarding; knows no S3, and no identities of ours but a token's"},
	{"internal/repo", nil, "looks at files, not at code"},
	{"internal/control", nil, "a socket and its messages; what they steer is behind an interface"},
	{"internal/cli", []string{"public", "internal/control", "internal/durable"}, "the command can do what a program can do, with the same packages"},
	{"cmd/icos", []string{"internal/cli"}, "ten lines; everything it does is tested in internal/cli"},
	{"server/store", nil, "bytes, rows and files; no HTTP, no identities"},
	{"server/admin", []string{"server/clock", "server/fault", "server/journal"}, "an HTTP API to what steers a server, which is behind an interface"},
	{"server/journal", nil, "remembers requests; knows HTTP and no operation"},
	{"server/fault", nil, "rules and what they do to an HTTP exchange; knows no operation"},
	{"server/clock", nil, "a time that can be moved; moves nothing else"},
	{"server/lifecycle", []string{"server/store"}, "rules and times, and a sweep over the store; no HTTP"},
	{"server/replication", []string{"server/store", "server/lifecycle"}, "rules, and a worker that copies within the store; no HTTP"},
	{"server/iam", []string{"server/store", "internal/durable"}, "identities, keys and tokens"},
	{"server/kms", []string{"server/iam", "internal/envelope", "internal/durable"}, "keys and their states; what they protect is behind a function"},
	{"server/resourceconfig", []string{"server/store", "server/iam"}, "a bucket's settings beside S3"},
	{"server/authn", []string{"internal/sigv4", "internal/sigv2", "server/iam"}, "who sent this request"},
	{"server/s3api", []string{"server/store", "server/iam", "server/kms", "internal/envelope", "server/lifecycle", "server/replication", "server/authn", "server/fault", "server/journal", "internal/crc"}, "the S3 operations over the store"},
	{"server/ats", []string{"server/store", "server/iam", "rapid"}, "who may move what, and a grant to do so; moves nothing"},
	{"server", []string{"server/store", "server/iam", "server/kms", "server/resourceconfig", "server/authn", "server/s3api", "server/ats", "server/clock", "server/fault", "server/journal", "server/lifecycle", "server/replication", "rapid", "internal/durable"}, "puts the services on one port"},
	{"transfer", []string{
		".", "s3", "transfer/filter", "transfer/internal/tree", "transfer/internal/checkpoint",
		"transfer/internal/mirror", "transfer/internal/multipart", "transfer/internal/pace",
	}, "queues, trees and resuming, over the handles; never the other end"},
	{"transfer/transfertest", []string{"transfer", ".", "icostest", "internal/flaky"}, "what any Transport has to pass, against a server that fails"},
	{"transfer/filter", nil, "rules and names; no files but the one the rules are in"},
	{"transfer/internal/tree", []string{"transfer/filter"}, "local files and names; knows no bucket"},
	{"transfer/internal/checkpoint", nil, "small files; what they mean is the business of those who write them"},
	{"transfer/internal/multipart", []string{".", "s3", "internal/crc", "internal/linger", "internal/wireform", "transfer/internal/checkpoint", "transfer/internal/pace"}, "the bytes of one object; knows no trees and no queue"},
	{"transfer/internal/mirror", []string{".", "s3", "transfer/filter", "transfer/internal/tree"}, "decides and moves nothing"},
	{"rapid/internal/cc", nil, "numbers in, numbers out: no sockets, no clock, no goroutines"},
	{"aspera", []string{".", "auth", "s3", "transfer", "rapid", "aspera/internal/ascp", "internal/loopback"}, "chooses how a Manager's bytes travel; the relay is behind rapid.Granter"},
	{"aspera/internal/ascp", nil, "a program and what it says; knows no bucket and no spec"},
	{"aspera/internal/ascptest", nil, "the other end of ascp's management port, in words of its own"},
	{"examples/backup", []string{"public"}, "a program as our users write it"},
	{"examples/restore", []string{"public"}, "a program as our users write it"},
	{"rapid", []string{"rapid/internal/wire", "rapid/internal/cc", "rapid/internal/session", "rapid/internal/udp"}, "sockets and goroutines around the protocol machine; no relay, no HTTP"},
	{"rapid/internal/udp", nil, "datagrams and their batches; knows no protocol"},
	{"icostest", []string{".", "auth", "keyprotect", "rapid", "server", "server/iam", "server/clock", "server/fault", "server/journal"}, "where client and server meet, for tests"},
}

// shunned are packages of the standard library that have a better successor
// or that do what a library must not.
var shunned = map[string]string{
	"math/rand": "use math/rand/v2, or crypto/rand for secrets",
	"io/ioutil": "use io and os",
	"log":       "libraries do not print; take a *slog.Logger",
	"unsafe":    "no measured need so far",
}

func TestImportLaw(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		seen[s.pkg] = true
		i := slices.IndexFunc(law, func(r rule) bool { return r.pkg == s.pkg })
		if i < 0 {
			t.Errorf("%s: package %s has no line in the import law; give it one, with its reason", s.name, s.pkg)
			continue
		}
		for _, imp := range s.imports() {
			ours, ok := local(imp)
			if !ok {
				continue
			}
			public := !strings.HasPrefix(ours, "internal/")
			if slices.Contains(law[i].may, ours) || public && slices.Contains(law[i].may, "public") {
				continue
			}
			t.Errorf("%s imports %s; %s may import %v (%s)", s.name, ours, s.pkg, law[i].may, law[i].why)
		}
	}
	for _, r := range law {
		if !seen[r.pkg] {
			t.Errorf("the import law has a line for %s, which does not exist", r.pkg)
		}
	}
}

func TestShunnedImports(t *testing.T) {
	for _, s := range sources(t) {
		for _, imp := range s.imports() {
			if why, ok := shunned[imp]; ok && !s.test() {
				t.Errorf("%s imports %s: %s", s.name, imp, why)
			}
		}
	}
}

// local returns the directory of an import path of the root module.
func local(imp string) (dir string, ok bool) {
	if imp == module {
		return ".", true
	}
	return strings.CutPrefix(imp, module+"/")
}
