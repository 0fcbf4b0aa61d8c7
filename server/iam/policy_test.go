package iam_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/icos-go/icos/server/iam"
)

// principal returns who a credential is.
func principal(t testing.TB, s *iam.Service, c iam.ServiceCredential) iam.Principal {
	t.Helper()
	_, p, found := s.AccessKey(c.HMACKeys.AccessKeyID)
	if !found {
		t.Fatal("the credential has no access key")
	}
	return p
}

// newMemory returns a service that keeps nothing, its first credential's owner and the UUID of the instance.
func newMemory(t testing.TB) (s *iam.Service, first iam.Principal, instance string) {
	t.Helper()
	s, err := iam.New(iam.Config{SigningKey: testKey()})
	if err != nil {
		t.Fatal(err)
	}
	first = principal(t, s, s.First())
	return s, first, first.Instance
}

func TestRoles(t *testing.T) {
	for _, test := range []struct {
		in   string
		want iam.Role
		crn  string
	}{
		{"Manager", iam.Manager, "crn:v1:bluemix:public:iam::::serviceRole:Manager"},
		{"writer", iam.Writer, "crn:v1:bluemix:public:iam::::serviceRole:Writer"},
		{"READER", iam.Reader, "crn:v1:bluemix:public:iam::::serviceRole:Reader"},
		{"Content Reader", iam.ContentReader, "crn:v1:bluemix:public:cloud-object-storage::::serviceRole:ContentReader"},
		{"objectreader", iam.ObjectReader, "crn:v1:bluemix:public:cloud-object-storage::::serviceRole:ObjectReader"},
		{"Object Writer", iam.ObjectWriter, "crn:v1:bluemix:public:cloud-object-storage::::serviceRole:ObjectWriter"},
	} {
		for _, in := range []string{test.in, test.crn} {
			if got, err := iam.ParseRole(in); got != test.want || err != nil {
				t.Errorf("ParseRole(%q) = %v, %v, want %v", in, got, err, test.want)
			}
		}
		if got := test.want.CRN(); got != test.crn {
			t.Errorf("%v.CRN() = %q, want %q", test.want, got, test.crn)
		}
	}
	for _, in := range []string{"", "Administrator", "crn:v1:bluemix:public:iam::::role:Administrator", "crn:v1:bluemix:public:kms::::serviceRole:Reader"} {
		if got, err := iam.ParseRole(in); !errors.Is(err, iam.ErrRole) {
			t.Errorf("ParseRole(%q) = %v, %v, want ErrRole", in, got, err)
		}
	}
}

// Every action has a name of its own in IBM's form, and a stronger one of Reader, Writer and Manager has what a weaker one has.
func TestActions(t *testing.T) {
	names := map[string]bool{}
	for a := iam.AccountGetAccountBuckets; a <= iam.ObjectBypassGovernanceRetention; a++ {
		name := a.String()
		if !strings.HasPrefix(name, "cloud-object-storage.") || strings.Count(name, ".") != 2 || names[name] {
			t.Errorf("action %d is named %q", a, name)
		}
		names[name] = true
		roles := a.Roles()
		if !slices.Contains(roles, iam.Manager) {
			t.Errorf("%v: a Manager may not", a)
		}
		if slices.Contains(roles, iam.Reader) && !slices.Contains(roles, iam.Writer) {
			t.Errorf("%v: a Reader may, and a Writer may not", a)
		}
	}
}

func TestPolicyScope(t *testing.T) {
	s, _, instance := newMemory(t)
	other, err := s.CreateInstance(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	bucketOnly, err := s.CreateCredential(t.Context(), instance, "b", &iam.CredentialOptions{Role: iam.Writer, Bucket: "b"})
	if err != nil {
		t.Fatal(err)
	}
	nothing, err := s.CreateCredential(t.Context(), instance, "n", &iam.CredentialOptions{WithoutRole: true})
	if err != nil {
		t.Fatal(err)
	}
	in, elsewhere := iam.Resource{Instance: instance, Bucket: "b"}, iam.Resource{Instance: other.InstanceID(), Bucket: "b"}
	for _, test := range []struct {
		name string
		who  iam.Principal
		a    iam.Action
		r    iam.Resource
		want bool
	}{
		{"manager of the instance", principal(t, s, s.First()), iam.BucketPutProtection, in, true},
		{"manager elsewhere", principal(t, s, s.First()), iam.BucketHead, elsewhere, false},
		{"manager in account", principal(t, s, s.First()), iam.AccountGetAccountBuckets, iam.Resource{Instance: instance}, true},
		{"writer of a bucket, there", principal(t, s, bucketOnly), iam.BucketPutCORS, in, true},
		{"writer of a bucket, as manager", principal(t, s, bucketOnly), iam.BucketPutACL, in, false},
		{"writer of a bucket, in another", principal(t, s, bucketOnly), iam.BucketHead, iam.Resource{Instance: instance, Bucket: "c"}, false},
		{"writer of a bucket, in that name elsewhere", principal(t, s, bucketOnly), iam.BucketHead, elsewhere, false},
		{"writer of a bucket, listing buckets", principal(t, s, bucketOnly), iam.AccountGetAccountBuckets, iam.Resource{Instance: instance}, false},
		{"without a role", principal(t, s, nothing), iam.ObjectGet, in, false},
		{"anonymous", iam.Principal{Anonymous: true}, iam.ObjectGet, in, false},
		{"unknown", iam.Principal{ID: "iam-ServiceId-0", Instance: instance}, iam.ObjectGet, in, false},
	} {
		if got := s.Allowed(test.who, test.a, test.r); got != test.want {
			t.Errorf("%s: %v is %v, want %v", test.name, test.a, got, test.want)
		}
	}
	if s.Manages(principal(t, s, bucketOnly), instance) || !s.Manages(principal(t, s, s.First()), instance) || s.Manages(principal(t, s, s.First()), "") {
		t.Error("only a Manager of all of an instance manages it, and not the account")
	}
	if _, _, found := s.AccessKey(""); found {
		t.Error("a credential without HMAC keys is found under the empty key")
	}
}

func TestConditions(t *testing.T) {
	const folder = `{"operator":"or","conditions":[
		{"operator":"and","conditions":[
			{"key":"{{resource.attributes.prefix}}","operator":"stringMatch","value":"folder1/subfolder1/*"},
			{"key":"{{resource.attributes.delimiter}}","operator":"stringEqualsAnyOf","value":["/",""]}]},
		{"key":"{{resource.attributes.path}}","operator":"stringMatch","value":"folder1/subfolder1/*"},
		{"operator":"and","conditions":[
			{"key":"{{resource.attributes.delimiter}}","operator":"stringExists","value":false},
			{"key":"{{resource.attributes.prefix}}","operator":"stringExists","value":false},
			{"key":"{{resource.attributes.path}}","operator":"stringExists","value":["false"]}]}]}`
	const strict = `{"operator":"and","conditions":[
		{"key":"{{resource.attributes.prefix}}","operator":"stringEquals","value":"folder1/"},
		{"key":"{{resource.attributes.delimiter}}","operator":"stringEquals","value":"/"}]}`
	const path = `{"key":"{{resource.attributes.path}}","operator":"stringMatchAnyOf","value":["a?c","*.txt","x**y"]}`
	list := func(prefix, delimiter string) iam.Resource { return iam.Resource{Prefix: prefix, Delimiter: delimiter} }
	object := func(key string) iam.Resource { return iam.Resource{Path: key} }
	for _, test := range []struct {
		rule string
		a    iam.Action
		r    iam.Resource
		want bool
	}{
		{folder, iam.BucketGet, list("folder1/subfolder1/", "/"), true},
		{folder, iam.BucketGet, list("folder1/subfolder1/deeper", ""), true},
		{folder, iam.BucketGet, list("folder1/subfolder1/", "x"), false},
		{folder, iam.BucketGet, list("folder1/", "/"), false},
		{folder, iam.BucketGetVersions, list("", ""), false},
		{folder, iam.ObjectGet, object("folder1/subfolder1/file.txt"), true},
		{folder, iam.ObjectDelete, object("folder1/file.txt"), false},
		{folder, iam.BucketPutVersioning, iam.Resource{}, true}, // by the last of the three
		{strict, iam.BucketGet, list("folder1/", "/"), true},
		{strict, iam.BucketGet, list("folder1/", ""), false},
		{strict, iam.BucketGet, list("folder1/subfolder1/", "/"), false},
		{strict, iam.ObjectGet, object("folder1/"), false},
		{strict, iam.BucketHead, iam.Resource{}, false},
		{path, iam.ObjectGet, object("abc"), true},
		{path, iam.ObjectGet, object("aüc"), true},
		{path, iam.ObjectGet, object("abbc"), false},
		{path, iam.ObjectGet, object("a/b.txt"), true},
		{path, iam.ObjectGet, object("a/b.txt.gz"), false},
		{path, iam.ObjectGet, object("xy"), true},
		{path, iam.ObjectGet, object("x...y"), true},
		{path, iam.BucketGet, list("abc", ""), false},
	} {
		s, _, instance := newMemory(t)
		c, err := s.CreateCredential(t.Context(), instance, "test", &iam.CredentialOptions{WithoutRole: true})
		if err != nil {
			t.Fatal(err)
		}
		rule := new(iam.Condition)
		if err := json.Unmarshal([]byte(test.rule), rule); err != nil {
			t.Fatal(err)
		}
		who := principal(t, s, c)
		if _, err := s.CreatePolicy(t.Context(), iam.Policy{Subject: who.ID, Roles: []iam.Role{iam.Manager}, Instance: instance, Bucket: "b", Condition: rule}, ""); err != nil {
			t.Fatal(err)
		}
		r := test.r
		r.Instance, r.Bucket = instance, "b"
		if got := s.Allowed(who, test.a, r); got != test.want {
			t.Errorf("%v of %+v is %v, want %v by %s", test.a, test.r, got, test.want, test.rule)
		}
	}
}

// A condition written is the condition read, in the types that its operator has.
func TestConditionJSON(t *testing.T) {
	const doc = `{"operator":"or","conditions":[{"operator":"stringMatch","key":"{{resource.attributes.path}}","value":"a*"},` +
		`{"operator":"stringEqualsAnyOf","key":"{{resource.attributes.delimiter}}","value":["/",""]},` +
		`{"operator":"stringExists","key":"{{resource.attributes.prefix}}","value":false}]}`
	var c iam.Condition
	if err := json.Unmarshal([]byte(doc), &c); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(c)
	if err != nil || string(got) != doc {
		t.Errorf("written again: %s, %v", got, err)
	}
}

func TestInvalidPolicies(t *testing.T) {
	s, first, instance := newMemory(t)
	role := []iam.Role{iam.Reader}
	comparison := func(operator, attribute string, values ...string) *iam.Condition {
		return &iam.Condition{Operator: operator, Attribute: attribute, Values: values}
	}
	deep := &iam.Condition{Operator: "or", Conditions: []iam.Condition{{Operator: "and", Conditions: []iam.Condition{{Operator: "or", Conditions: []iam.Condition{*comparison("stringEquals", "path", "a")}}}}}}
	many := &iam.Condition{Operator: "or", Conditions: slices.Repeat([]iam.Condition{*comparison("stringEquals", "path", "a")}, 11)}
	for name, p := range map[string]iam.Policy{
		"no subject":               {Roles: role, Instance: instance},
		"unknown subject":          {Subject: "iam-ServiceId-0", Roles: role, Instance: instance},
		"another group":            {Subject: "AccessGroupId-1", Roles: role, Instance: instance},
		"no role":                  {Subject: first.ID, Instance: instance},
		"no such role":             {Subject: first.ID, Roles: []iam.Role{99}, Instance: instance},
		"unknown instance":         {Subject: first.ID, Roles: role, Instance: "0"},
		"instance of another kind": {Subject: first.ID, Roles: role, Instance: "crn:v1:bluemix:public:kms:us-south:a/1:2::"},
		"bucket without instance":  {Subject: first.ID, Roles: role, Bucket: "b"},
		"public instance":          {Subject: iam.PublicAccess, Roles: []iam.Role{iam.ObjectReader}, Instance: instance},
		"public writers":           {Subject: iam.PublicAccess, Roles: []iam.Role{iam.ObjectWriter}, Instance: instance, Bucket: "b"},
		"operator":                 {Subject: first.ID, Roles: role, Instance: instance, Condition: comparison("stringNotEquals", "path", "a")},
		"attribute":                {Subject: first.ID, Roles: role, Instance: instance, Condition: comparison("stringEquals", "size", "a")},
		"no value":                 {Subject: first.ID, Roles: role, Instance: instance, Condition: comparison("stringEquals", "path")},
		"no values":                {Subject: first.ID, Roles: role, Instance: instance, Condition: comparison("stringMatchAnyOf", "path")},
		"exists":                   {Subject: first.ID, Roles: role, Instance: instance, Condition: comparison("stringExists", "path", "perhaps")},
		"long value":               {Subject: first.ID, Roles: role, Instance: instance, Condition: comparison("stringEquals", "path", strings.Repeat("a", 3000))},
		"empty or":                 {Subject: first.ID, Roles: role, Instance: instance, Condition: &iam.Condition{Operator: "or"}},
		"deep":                     {Subject: first.ID, Roles: role, Instance: instance, Condition: deep},
		"many":                     {Subject: first.ID, Roles: role, Instance: instance, Condition: many},
	} {
		if _, err := s.CreatePolicy(t.Context(), p, ""); !errors.Is(err, iam.ErrPolicy) {
			t.Errorf("%s: %v, want ErrPolicy", name, err)
		}
	}
	for _, prefix := range []string{"a*", "a?", "", strings.Repeat("a", 3000), "\xff"} {
		if _, err := iam.Below(prefix); err == nil {
			t.Errorf("Below(%q) has no error", prefix)
		}
	}
	if got := len(s.Policies()); got != 1 {
		t.Errorf("%d policies, want the first credential's alone", got)
	}
}

// State of before there were roles goes on with every identity as a Manager, which is what it was; and what is made then is kept.
func TestStateWithoutPolicies(t *testing.T) {
	dir := t.TempDir()
	s := newService(t, dir, &clock{start})
	p, err := s.CreateProfile(t.Context(), s.First().ResourceInstanceID, "profile")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "state.json")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	doc["version"] = 1
	delete(doc, "policies")
	for _, id := range doc["identities"].([]any) {
		delete(id.(map[string]any), "role")
	}
	if b, err = json.Marshal(doc); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for range 2 {
		s = newService(t, dir, &clock{start})
		who := principal(t, s, s.First())
		for _, id := range []string{who.ID, "iam-" + p.ID} {
			if !s.Allowed(iam.Principal{ID: id}, iam.BucketPutACL, iam.Resource{Instance: who.Instance, Bucket: "b"}) {
				t.Errorf("%s is no Manager", id)
			}
		}
		if got := s.First().RoleCRN; got != iam.Manager.CRN() {
			t.Errorf("the first credential's role is %q", got)
		}
		for _, p := range s.Policies() {
			ids = append(ids, p.ID)
		}
	}
	if len(ids) != 4 || ids[0] != ids[2] || ids[1] != ids[3] {
		t.Errorf("policies of two starts: %q", ids)
	}
}

// A policy is gone with its subject, and deleting it is felt by tokens that were issued before.
func TestPoliciesEnd(t *testing.T) {
	s, _, instance := newMemory(t)
	c, err := s.CreateCredential(t.Context(), instance, "c", &iam.CredentialOptions{Role: iam.Reader})
	if err != nil {
		t.Fatal(err)
	}
	who := principal(t, s, c)
	r := iam.Resource{Instance: instance, Bucket: "b"}
	if !s.Allowed(who, iam.BucketHead, r) {
		t.Fatal("a Reader may not look")
	}
	p := s.Policies()[1]
	if err := s.DeletePolicy(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if s.Allowed(who, iam.BucketHead, r) {
		t.Error("the role is still there without its policy")
	}
	if err := s.DeletePolicy(t.Context(), p.ID); !errors.Is(err, iam.ErrNotFound) {
		t.Errorf("deleted again: %v", err)
	}
	if _, err := s.Policy(p.ID); !errors.Is(err, iam.ErrNotFound) {
		t.Errorf("still found: %v", err)
	}
	if p, err = s.CreatePolicy(t.Context(), iam.Policy{Subject: who.ID, Roles: []iam.Role{iam.Writer}, Instance: instance}, "me"); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Policy(p.ID); err != nil || got.CreatedBy != "me" || got.Created.IsZero() {
		t.Errorf("policy = %+v, %v", got, err)
	}
	if err := s.DeleteCredential(t.Context(), who.ID); err != nil {
		t.Fatal(err)
	}
	if got := len(s.Policies()); got != 1 {
		t.Errorf("%d policies are left, want 1", got)
	}
}

func BenchmarkAllowed(b *testing.B) {
	s, first, instance := newMemory(b)
	c, err := s.CreateCredential(b.Context(), instance, "prefix", &iam.CredentialOptions{Role: iam.Writer, Bucket: "bucket", Prefix: "folder/"})
	if err != nil {
		b.Fatal(err)
	}
	r := iam.Resource{Instance: instance, Bucket: "bucket", Path: "folder/object"}
	for _, test := range []struct {
		name string
		who  iam.Principal
	}{{"manager", first}, {"prefix", principal(b, s, c)}} {
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !s.Allowed(test.who, iam.ObjectPut, r) {
					b.Fatal("denied")
				}
			}
		})
	}
}

// The question is asked on every request, so that it must not cost memory.
func TestAllowedAllocatesNothing(t *testing.T) {
	s, first, instance := newMemory(t)
	c, err := s.CreateCredential(t.Context(), instance, "prefix", &iam.CredentialOptions{Role: iam.Writer, Bucket: "bucket", Prefix: "folder/"})
	if err != nil {
		t.Fatal(err)
	}
	r := iam.Resource{Instance: instance, Bucket: "bucket", Path: "folder/object"}
	for _, who := range []iam.Principal{first, principal(t, s, c)} {
		if n := testing.AllocsPerRun(100, func() { s.Allowed(who, iam.ObjectPut, r) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

// Logging into a trusted profile must not make more of somebody than it was.
func TestProfileIsForManagers(t *testing.T) {
	s, _, instance := newMemory(t)
	p, err := s.CreateProfile(t.Context(), instance, "profile")
	if err != nil {
		t.Fatal(err)
	}
	for role, want := range map[iam.Role]int{iam.Manager: 200, iam.Writer: 400, iam.Reader: 400} {
		c, err := s.CreateCredential(t.Context(), instance, "c", &iam.CredentialOptions{Role: role})
		if err != nil {
			t.Fatal(err)
		}
		token, _, err := s.NewToken(principal(t, s, c).ID)
		if err != nil {
			t.Fatal(err)
		}
		form := url.Values{"grant_type": {"urn:ibm:params:oauth:grant-type:assume"}, "access_token": {token}, "profile_id": {p.ID}}
		if status, body := post(t, s, "/identity/token", form.Encode(), true); status != want {
			t.Errorf("a %v logs into a profile: %d %v, want %d", role, status, body, want)
		}
	}
}
