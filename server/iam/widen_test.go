package iam_test

import (
	"strings"
	"testing"
)

// What narrows a policy and is not implemented must not be ignored: the policy would give more than it says.
func TestPoliciesAreNotWidened(t *testing.T) {
	s, first, instance := newMemory(t)
	v1 := `{"type":"access","subjects":[{"attributes":[{"name":"iam_id","value":"` + first.ID + `"}]}],
		"roles":[{"role_id":"crn:v1:bluemix:public:iam::::serviceRole:Reader"}],
		"resources":[{"attributes":[{"name":"serviceName","value":"cloud-object-storage"},{"name":"serviceInstance","value":"` + instance + `"}]}]}`
	v2 := `{"type":"access","subject":{"attributes":[{"key":"iam_id","operator":"stringEquals","value":"` + first.ID + `"}]},
		"resource":{"attributes":[{"key":"serviceName","operator":"stringEquals","value":"cloud-object-storage"},
		{"key":"serviceInstance","operator":"stringEquals","value":"` + instance + `"}]},
		"control":{"grant":{"roles":[{"role_id":"crn:v1:bluemix:public:iam::::serviceRole:Reader"}]}}}`
	const rule = `{"operator":"stringMatch","key":"{{resource.attributes.path}}","value":"mine/*"}`
	for _, test := range []struct {
		name, path, body string
		status           int
	}{
		{"v1", "/v1/policies", v1, 201},
		{"v2", "/v2/policies", v2, 201},
		{"v1 with tags of the resource", "/v1/policies", strings.Replace(v1, `"resources":[{`, `"resources":[{"tags":[{"name":"env","value":"test"}],`, 1), 400},
		{"v2 with tags of the resource", "/v2/policies", strings.Replace(v2, `"resource":{`, `"resource":{"tags":[{"key":"env","operator":"stringEquals","value":"test"}],`, 1), 400},
		{"v1 with a rule", "/v1/policies", strings.Replace(v1, `"type"`, `"rule":`+rule+`,"type"`, 1), 400},
		{"v2 with a rule within another", "/v2/policies", strings.Replace(v2, `"type"`, `"rule":{"operator":"or","conditions":[`+rule+`],"key":"{{resource.attributes.path}}"},"type"`, 1), 400},
	} {
		if status, got := api(t, s, first.ID, "POST", test.path, test.body); status != test.status {
			t.Errorf("%s: status %d, want %d: %v", test.name, status, test.status, got)
		}
	}
}
