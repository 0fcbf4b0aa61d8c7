package kms_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestWrap(t *testing.T) {
	g := newRig(t)
	id, _ := g.create(`{"name":"k"}`)
	other, _ := g.create(`{"name":"other"}`)
	key := base64.StdEncoding.EncodeToString([]byte("a key of mine"))
	w := g.do("POST", "/keys/"+id+"/actions/wrap", `{"plaintext":"`+key+`","aad":["one","two"]}`).want(t, "wrap", 200, "")
	if w.Plaintext != "" || w.KeyVersion.ID == "" {
		t.Errorf("wrap: %s", w.body)
	}
	var parts map[string]any
	if b, err := base64.StdEncoding.DecodeString(w.Ciphertext); err != nil || json.Unmarshal(b, &parts) != nil || parts["version"] != "4.0.0" || parts["handle"] != w.KeyVersion.ID || parts["iv"] == "" {
		t.Errorf("ciphertext %s", w.Ciphertext)
	}
	unwrap := func(key, ciphertext, aad string) *reply {
		return g.do("POST", "/keys/"+key+"/actions/unwrap", `{"ciphertext":"`+ciphertext+`","aad":`+aad+`}`)
	}
	if r := unwrap(id, w.Ciphertext, `["one","two"]`).want(t, "unwrap", 200, ""); r.Plaintext != key || r.Ciphertext != "" || r.KeyVersion.ID != w.KeyVersion.ID {
		t.Errorf("unwrap: %s", r.body)
	}
	const code = "UNPROCESSABLE_CIPHERTEXT_ERR"
	for _, aad := range []string{`[]`, `["one"]`, `["two","one"]`, `["onetwo"]`, `["one","two",""]`} {
		unwrap(id, w.Ciphertext, aad).want(t, "aad "+aad, 422, code)
	}
	unwrap(other, w.Ciphertext, `["one","two"]`).want(t, "another key", 422, code)
	for i := range w.Ciphertext {
		if i%37 == 0 && w.Ciphertext[i] != 'A' {
			altered := w.Ciphertext[:i] + "A" + w.Ciphertext[i+1:]
			if r := unwrap(id, altered, `["one","two"]`); r.status != 422 && r.Plaintext != key {
				t.Errorf("altered at %d: %d %s", i, r.status, r.body)
			}
		}
	}
	unwrap(id, "***", "[]").want(t, "no base64", 422, code)
	unwrap(id, "", "[]").want(t, "no ciphertext", 400, "INVALID_FIELD_ERR")
	g.do("POST", "/keys/"+id+"/actions/unwrap", "").want(t, "no body", 400, "NO_BODY_ERR")
	g.do("POST", "/keys/"+id+"/actions/wrap", `{"aad":["`+strings.Repeat("x", 256)+`"]}`).want(t, "long aad", 400, "INVALID_FIELD_ERR")

	// Without a key, one is made. The old form of actions still works.
	fresh := g.do("POST", "/keys/"+id+"?action=wrap", "").want(t, "wrap", 200, "")
	if b, err := base64.StdEncoding.DecodeString(fresh.Plaintext); err != nil || len(b) != 32 {
		t.Errorf("new key %q", fresh.Plaintext)
	}
	if r := g.do("POST", "/keys/"+id+"?action=unwrap", `{"ciphertext":"`+fresh.Ciphertext+`"}`); r.Plaintext != fresh.Plaintext {
		t.Errorf("unwrap: %s", r.body)
	}
}

func TestRotate(t *testing.T) {
	g := newRig(t)
	id, crn := g.create(`{"name":"k"}`)
	w := g.do("POST", "/keys/"+id+"/actions/wrap", "").want(t, "wrap", 200, "")
	data, wrapped, err := g.NewDataKey(crn, "p")
	if err != nil {
		t.Fatal(err)
	}
	g.now = g.now.Add(time.Minute)
	g.do("POST", "/keys/"+id+"/actions/rotate", "").want(t, "rotate", 204, "")
	g.do("POST", "/keys/"+id+"/actions/rotate", `{"payload":"`+material+`"}`).want(t, "rotate with material", 400, "INVALID_FIELD_ERR")
	u := g.do("POST", "/keys/"+id+"/actions/unwrap", `{"ciphertext":"`+w.Ciphertext+`"}`).want(t, "unwrap", 200, "")
	if u.Plaintext != w.Plaintext || u.KeyVersion.ID != w.KeyVersion.ID || u.Ciphertext == "" || u.Rewrapped.ID == w.KeyVersion.ID {
		t.Errorf("unwrap after rotate: %s", u.body)
	}
	r := g.do("POST", "/keys/"+id+"/actions/rewrap", `{"ciphertext":"`+w.Ciphertext+`"}`).want(t, "rewrap", 200, "")
	if r.Plaintext != "" || r.Rewrapped.ID != u.Rewrapped.ID {
		t.Errorf("rewrap: %s", r.body)
	}
	again := g.do("POST", "/keys/"+id+"/actions/unwrap", `{"ciphertext":"`+r.Ciphertext+`"}`)
	if again.Plaintext != w.Plaintext || again.Ciphertext != "" || again.KeyVersion.ID != u.Rewrapped.ID {
		t.Errorf("unwrap after rewrap: %s", again.body)
	}
	if got, err := g.DataKey(crn, "p", wrapped); err != nil || got != data {
		t.Errorf("data key after rotate: %v", err)
	}
	v := g.do("GET", "/keys/"+id+"/versions", "").want(t, "versions", 200, "")
	if len(v.Resources) != 2 || v.Resources[0].ID != u.Rewrapped.ID || v.Resources[1].ID != w.KeyVersion.ID {
		t.Errorf("versions: %s", v.body)
	}
	imported, _ := g.create(`{"name":"imported","payload":"` + material + `"}`)
	g.do("POST", "/keys/"+imported+"/actions/rotate", "").want(t, "rotate", 400, "KEY_PAYLOAD_REQ_ERR")
	g.do("POST", "/keys/"+imported+"/actions/rotate", `{"payload":"`+base64.StdEncoding.EncodeToString([]byte("fedcba9876543210"))+`"}`).want(t, "rotate", 204, "")
}

// TestStates goes through the table of what each state allows.
func TestStates(t *testing.T) {
	g := newRig(t)
	const ok, bad, gone = "", "KEY_ACTION_INVALID_STATE_ERR", "KEY_DELETED_ERR"
	tests := []struct {
		state  string
		number int
		want   map[string]string
	}{
		{"active", 1, map[string]string{"wrap": ok, "unwrap": ok, "rewrap": ok, "enable": bad, "disable": ok}},
		{"suspended", 2, map[string]string{"wrap": bad, "unwrap": bad, "rewrap": bad, "rotate": bad, "disable": bad, "enable": ok}},
		{"deactivated", 3, map[string]string{"wrap": bad, "unwrap": ok, "rewrap": ok, "disable": bad, "enable": bad, "rotate": ok}},
		{"destroyed", 5, map[string]string{"wrap": gone, "unwrap": gone, "rewrap": gone, "disable": gone, "enable": gone, "rotate": gone}},
	}
	for _, tt := range tests {
		for action, code := range tt.want {
			id, _ := g.create(`{"name":"k","expirationDate":"` + g.now.Add(time.Minute).Format(time.RFC3339) + `"}`)
			w := g.do("POST", "/keys/"+id+"/actions/wrap", "").want(t, "wrap", 200, "")
			switch tt.state {
			case "suspended":
				g.do("POST", "/keys/"+id+"/actions/disable", "").want(t, "disable", 204, "")
			case "deactivated":
				g.now = g.now.Add(2 * time.Minute)
				g.token = g.newToken()
			case "destroyed":
				g.do("DELETE", "/keys/"+id, "").want(t, "delete", 204, "")
			}
			what := action + " while " + tt.state
			if k := g.do("GET", "/keys/"+id, "").want(t, what, 200, "").Resources[0]; k.State != tt.number || k.Deleted != (tt.number == 5) {
				t.Errorf("%s: state %d, deleted %v", what, k.State, k.Deleted)
			}
			r := g.do("POST", "/keys/"+id+"/actions/"+action, `{"ciphertext":"`+w.Ciphertext+`"}`)
			status := map[string]int{ok: 200, bad: 409, gone: 410}[code]
			if code == ok && (action == "disable" || action == "enable" || action == "rotate") {
				status = 204
			}
			r.want(t, what, status, code)
		}
	}
	id, _ := g.create(`{"name":"k"}`)
	g.do("DELETE", "/keys/"+id, "", "Prefer", "return=representation").want(t, "delete", 200, "")
	g.do("DELETE", "/keys/"+id, "").want(t, "delete again", 410, "KEY_DELETED_ERR")
}
