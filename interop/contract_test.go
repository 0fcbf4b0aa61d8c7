package interop

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestContract takes every operation that IBM's SDKs know through one session with one server, and compares what each SDK made
// of the answers with what COS promises. An SDK that has an operation, paginator or waiter which was not asked for fails the
// test, so that a new version of an SDK cannot bring one unseen.
func TestContract(t *testing.T) {
	s := startContract(t)
	for _, judge := range []struct {
		name string
		open func(*testing.T, *cos) sdk
	}{
		{"python", openPython}, {"node", openNode}, {"java", openJava}, {"go", openGo},
	} {
		t.Run(judge.name, func(t *testing.T) {
			began := time.Now()
			c := &contract{server: s, name: judge.name, sdk: judge.open(t, s.cos), called: map[string]bool{}}
			model := c.sdk.call("model", nil, 0)
			if model.Error != "" {
				t.Fatalf("model: %s: %s", model.Error, model.Message)
			}
			c.has = knownTo(model.Out)
			c.unused, _ = model.Out["unused"].(bool)
			for _, section := range sections {
				t.Run(section.name, func(t *testing.T) { section.run(&trial{contract: c, T: t, section: section.name}) })
			}
			c.wantAll(t)
			t.Logf("%d operations in %v", len(c.called), time.Since(began).Round(time.Second))
		})
	}
}

// sections are the parts of the contract, in the order in which they are gone through.
var sections = []struct {
	name string
	run  func(*trial)
}{
	{"buckets", contractBuckets},
	{"objects", contractObjects},
	{"copies", contractCopies},
	{"listings", contractListings},
	{"uploads", contractUploads},
	{"links", contractLinks},
	{"acl", contractACL},
	{"cors", contractCORS},
	{"tagging", contractTagging},
	{"website", contractWebsite},
	{"public access", contractPublicAccess},
	{"versions", contractVersions},
	{"object lock", contractObjectLock},
	{"retention", contractRetention},
	{"service keys", contractServiceKeys},
	{"own keys", contractCustomerKeys},
	{"key protect", contractKeyProtect},
	{"aspera", contractAspera},
	{"replication", contractReplication},
	{"lifecycle", contractLifecycle},
	{"archive", contractArchive},
	{"not offered", contractNotOffered},
}

// A contract is what one SDK did so far.
type contract struct {
	server *contractServer
	name   string // of the SDK
	sdk    sdk
	has    map[string]bool // what the SDK can be asked for, as "PutObject" or "wait ObjectExists"
	called map[string]bool
	unused bool // the driver can tell which methods of the SDK it did not need
}

// knownTo reads what a driver says that its SDK has.
func knownTo(model out) map[string]bool {
	has := map[string]bool{}
	for field, kind := range map[string]string{"operations": "", "paginators": "paginate ", "waiters": "wait ", "presigns": "presign "} {
		list, _ := model[field].([]any)
		for _, name := range list {
			has[kind+name.(string)] = true
		}
	}
	if posts, _ := model["posts"].(bool); posts {
		has["post"] = true
	}
	return has
}

// wantAll fails for everything that the SDK has and was not asked for. A test of some sections only, by -run, cannot tell.
func (c *contract) wantAll(t *testing.T) {
	if run := testFilter(); strings.Count(run, "/") > 1 {
		return
	}
	for _, op := range slices.Sorted(maps.Keys(c.has)) {
		if !c.called[op] {
			t.Errorf("%s has %q, which no section of the contract asks for", c.name, op)
		}
	}
	if !c.unused {
		return
	}
	for _, method := range c.sdk.call("unused", nil, 0).Out["Methods"].([]any) {
		t.Errorf("%s has the method %s, which no operation of its driver needs", c.name, method)
	}
}

// A trial is a section with one SDK.
type trial struct {
	*contract
	*testing.T
	section string
}

// bucket is a name for a bucket of this section and SDK.
func (s *trial) bucket(suffix string) string {
	return strings.Join([]string{"contract", s.contract.name, strings.ReplaceAll(s.section, " ", ""), suffix}, "-")
}

// create makes a bucket.
func (s *trial) create(suffix string) string {
	s.Helper()
	b := s.bucket(suffix)
	if s.ok("CreateBucket", in{"Bucket": b}, nil) == nil {
		s.FailNow()
	}
	return b
}

// lacks reports whether the SDK has no op; what the contract asks of it is then left out.
func (s *trial) lacks(op string) bool { return !s.has[op] }

// ok makes a call that must succeed with what is wanted among its results, and returns these. If the SDK does not have the
// operation it returns nil.
func (s *trial) ok(op string, params in, want out) out {
	s.Helper()
	return s.okStatus(op, 0, params, want)
}

// okStatus is ok with a certain status; 0 is any that says success.
func (s *trial) okStatus(op string, status int, params in, want out) out {
	s.Helper()
	return s.check(op, status, params, want, 0)
}

// pages is ok for all pages of a listing, each of at most n entries, as the SDK's own paginator puts them together.
func (s *trial) pages(op string, n int, params in, want out) out {
	s.Helper()
	return s.check("paginate "+op, 0, params, want, n)
}

func (s *trial) check(op string, status int, params in, want out, page int) out {
	s.Helper()
	if s.lacks(op) {
		return nil
	}
	got := s.call(op, params, page)
	switch {
	case got.Error != "":
		s.Errorf("%s %v: %d %s: %s", op, params, got.Status, got.Error, got.Message)
		return nil
	case status != 0 && got.Status != status:
		s.Errorf("%s %v: status %d, want %d", op, params, got.Status, status)
	}
	if diff := want.diff(got.Out); diff != "" {
		s.Errorf("%s %v: %s", op, params, diff)
	}
	if got.Out == nil {
		got.Out = out{}
	}
	return got.Out
}

// fails makes a call that must fail with a status and a code; the code of a HEAD is not on the wire and may be "".
func (s *trial) fails(op string, status int, code string, params in) {
	s.Helper()
	if s.lacks(op) {
		return
	}
	got := s.call(op, params, 0)
	if got.Error == "" {
		s.Errorf("%s %v: success with status %d, want %d %s", op, params, got.Status, status, code)
		return
	}
	if got.Status != status || code != "" && got.Error != code {
		s.Errorf("%s %v: %d %s (%s), want %d %s", op, params, got.Status, got.Error, got.Message, status, code)
	}
}

func (s *trial) call(op string, params in, page int) answer {
	s.called[op] = true
	return s.sdk.call(op, params, page)
}

// is reports whether the SDK is one of names: for what one of them cannot say.
func (s *trial) is(names ...string) bool { return slices.Contains(names, s.contract.name) }
