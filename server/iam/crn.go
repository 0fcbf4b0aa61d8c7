package iam

import "strings"

// The CRN layout is IBM Cloud's: ten fields joined by colons, of which the
// last two (resource type and resource) are empty for an instance as a whole.

func instanceCRN(account, instance string) string {
	return "crn:v1:bluemix:public:cloud-object-storage:global:a/" + account + ":" + instance + "::"
}

func serviceIDCRN(account, serviceID string) string {
	return "crn:v1:bluemix:public:iam-identity::a/" + account + "::serviceid:" + serviceID
}

func resourceKeyCRN(account, instance, key string) string {
	return "crn:v1:bluemix:public:cloud-object-storage:global:a/" + account + ":" + instance + ":resource-key:" + key
}

// instanceID returns the instance's UUID from s, which is a CRN or already
// the UUID. It returns "" if s is a CRN of something else.
func instanceID(s string) string {
	if !strings.HasPrefix(s, "crn:") {
		return s
	}
	f := strings.Split(s, ":")
	if len(f) != 10 || f[4] != "cloud-object-storage" {
		return ""
	}
	return f[7]
}

// lastField returns what a CRN names, or s itself if that is no CRN.
func lastField(s string) string { return s[strings.LastIndexByte(s, ':')+1:] }
