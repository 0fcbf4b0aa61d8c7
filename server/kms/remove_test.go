package kms_test

import (
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/icos-go/icos/server/kms"
)

// TestDestroy: the material of a destroyed key is nowhere, and nothing opens what it has wrapped.
func TestDestroy(t *testing.T) {
	g := newRig(t)
	secret := []byte("this material must be gone 12345")
	id, crn := g.create(`{"name":"k","payload":"` + base64.StdEncoding.EncodeToString(secret) + `"}`)
	data, wrapped, err := g.NewDataKey(crn, "p")
	if err != nil {
		t.Fatal(err)
	}
	if !inFiles(t, g.dir, secret) {
		t.Fatal("the material is not on the disk: the test looks in the wrong place")
	}
	g.do("DELETE", "/keys/"+id, "").want(t, "delete", 204, "")
	if inFiles(t, g.dir, secret) {
		t.Error("the material is on the disk after the key was destroyed")
	}
	g.open()
	if _, err := g.DataKey(crn, "p", wrapped); !errors.Is(err, kms.ErrDestroyed) {
		t.Errorf("DataKey: %v, want ErrDestroyed", err)
	}
	if _, _, err := g.NewDataKey(crn, "p"); !errors.Is(err, kms.ErrDestroyed) {
		t.Errorf("NewDataKey: %v, want ErrDestroyed", err)
	}

	// Its owner can bring it back; nobody else, and not for ever.
	restore := func(payload string) *reply {
		return g.do("POST", "/keys/"+id+"/restore", `{"metadata":{"collectionTotal":1},"resources":[{"payload":"`+payload+`"}]}`)
	}
	g.do("POST", "/keys/"+id+"/restore", "").want(t, "restore without material", 400, "KEY_PAYLOAD_REQ_ERR")
	restore(material).want(t, "restore with other material", 400, "INVALID_FIELD_ERR")
	restore(base64.StdEncoding.EncodeToString(secret)).want(t, "restore", 201, "")
	if got, err := g.DataKey(crn, "p", wrapped); err != nil || got != data {
		t.Errorf("DataKey after restore: %v", err)
	}
	restore(base64.StdEncoding.EncodeToString(secret)).want(t, "restore again", 409, "KEY_ACTION_INVALID_STATE_ERR")
	g.do("DELETE", "/keys/"+id, "").want(t, "delete", 204, "")
	g.now = g.now.Add(31 * 24 * time.Hour)
	g.token = g.newToken()
	restore(base64.StdEncoding.EncodeToString(secret)).want(t, "restore too late", 409, "KEY_RESTORE_EXPIRED")

	made, _ := g.create(`{"name":"made"}`)
	g.do("DELETE", "/keys/"+made, "").want(t, "delete", 204, "")
	g.do("POST", "/keys/"+made+"/restore", "").want(t, "restore a key made here", 400, "KEY_IMPT_REQ_ERR")
}

func TestRegistrations(t *testing.T) {
	g := newRig(t)
	id, _ := g.create(`{"name":"k"}`)
	bucket := "crn:v1:bluemix:public:cloud-object-storage:global:a/1:2:bucket:b"
	g.registrations = []kms.Registration{{Resource: bucket, Created: start}}
	for _, path := range []string{"/keys/" + id + "/registrations", "/keys/registrations"} {
		r := g.do("GET", path, "").want(t, path, 200, "")
		if len(r.Resources) == 0 || r.Resources[0].ResourceCRN != bucket || r.Resources[0].Prevent {
			t.Errorf("%s: %s", path, r.body)
		}
	}
	g.do("DELETE", "/keys/"+id, "").want(t, "delete", 409, "PROTECTED_RESOURCE_ERR")
	g.do("DELETE", "/keys/"+id+"?force=maybe", "").want(t, "delete", 400, "INVALID_QUERY_PARAM_ERR")
	g.registrations[0].Prevent = true
	g.do("DELETE", "/keys/"+id, "").want(t, "delete", 409, "PROTECTED_RESOURCE_ERR")
	g.do("DELETE", "/keys/"+id+"?force=true", "").want(t, "delete by force", 409, "PREV_KEY_DEL_ERR")
	g.registrations[0].Prevent = false
	g.do("DELETE", "/keys/"+id+"?force=true", "").want(t, "delete by force", 204, "")
}
