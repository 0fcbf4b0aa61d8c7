package ats_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/icos-go/icos/rapid"
)

// The bodies are those that IBM's SDKs for Python and Java send.
func TestSpecOfUpload(t *testing.T) {
	s := newService(t)
	credentials := s.credentials(s.owner, "aspera_ats")
	tags := `{"aspera": {"node": {"storage_credentials": ` + credentials + `}}}`
	w := s.ask("POST", "/files/upload_setup",
		`{"transfer_requests": [{"transfer_request": {"paths": [{"source": "/home/me/big.iso", "destination": "images/big.iso"}], "tags": `+tags+`}}]}`,
		"X-Aspera-Storage-Credentials", credentials, "Accept", "application/json", "Content-Type", "application/json")
	spec := only(t, w).Spec
	for name, want := range map[string]any{
		"direction":   "send",
		"remote_host": "cos.example", "remote_user": "xfer", "ssh_port": 33001.0, "fasp_port": 33001.0,
		"cipher": "aes-128", "source_root": "", "destination_root": "/", "create_dir": true, "http_fallback": false,
		"rate_policy": "fair", "rate_policy_allowed": "fixed", "target_rate_kbps": 1e7, "target_rate_cap_kbps": 1e7,
		"min_rate_kbps": 0.0, "min_rate_cap_kbps": 1e7,
		"lock_rate_policy": false, "lock_target_rate": false, "lock_min_rate": false,
		"paths": []any{map[string]any{"source": "/home/me/big.iso", "destination": "images/big.iso"}},
	} {
		if got := spec[name]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	var want any
	if err := json.Unmarshal([]byte(tags), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(spec["tags"], want) {
		t.Error("the tags are not those of the request")
	}
	for name, length := range map[string]int{"token": 100, "cookie": 10, "sshfp": 40} {
		if got, _ := spec[name].(string); len(got) < length {
			t.Errorf("%s is %q", name, got)
		}
	}
	for name, value := range spec {
		if value == nil {
			t.Errorf("%s is null", name)
		}
	}
	if spec["icos_rapid"] != nil || spec["multi_session"] != nil {
		t.Errorf("the spec has what nobody offered or asked for: %v", spec)
	}
	again := only(t, s.setup("upload_setup", `{"paths":[{"source":"/home/me/big.iso","destination":"images/big.iso"}]}`)).Spec
	if again["cookie"] == spec["cookie"] || again["sshfp"] != spec["sshfp"] {
		t.Error("two transfers share a cookie, or the host has two keys")
	}
}

func TestSpecOfDownload(t *testing.T) {
	s := newService(t)
	for _, tt := range []struct{ request, want string }{
		{`{"paths":[{"source":"film.mov","destination":"/home/me/film.mov"}]}`, ""},
		{`{"paths":[{"source":"/film.mov"}]}`, ""},
		{`{"paths":[{"source":"photos"}]}`, ""},
		{`{"paths":[{"source":"photos/","destination":"/home/me/"}]}`, ""},
		{`{"paths":[{"source":"a.jpg"}],"source_root":"/photos/"}`, ""},
		{`{"paths":[{"source":"film.mov"},{"source":"photos/a.jpg"}]}`, ""},
		{`{"paths":[{"source":"odd\nname"}]}`, ""},
		{`{"paths":[{"source":"folder/"}]}`, ""},
		{`{"paths":[{"source":"/"}]}`, ""},
		{`{"paths":[{"source":"film"}]}`, `no object "film"`},
		{`{"paths":[{"source":"film.mov/"}]}`, `no object "film.mov/"`},
		{`{"paths":[{"source":"photo"}]}`, `no object "photo"`},
		{`{"paths":[{"source":"film.mov"},{"source":"missing\u0000"}]}`, "zero byte"},
		{`{"paths":[{"source":"film.mov"},{"source":"missing"}]}`, `no object "missing"`},
		{`{"paths":[{"destination":"/home/me"}]}`, "no source"},
	} {
		e := only(t, s.setup("download_setup", tt.request))
		switch {
		case tt.want == "" && (e.Error != nil || e.Spec["direction"] != "receive"):
			t.Errorf("%s: %v %v, want a spec", tt.request, e.Error, e.Spec["direction"])
		case tt.want != "" && (e.Error == nil || !strings.Contains(e.Error.UserMessage, tt.want)):
			t.Errorf("%s: %v, want an error with %q", tt.request, e.Error, tt.want)
		}
	}
}

func TestWhatIsAskedForIsInTheSpec(t *testing.T) {
	s := newService(t)
	spec := only(t, s.setup("upload_setup", `{"paths":[{"source":"a","destination":"b"}], "cookie":"mine", "destination_root":"in/box",
		"rate_policy":"low", "target_rate_kbps":50000, "min_rate_kbps":99000, "multi_session":5, "multi_session_threshold":60000000}`)).Spec
	for name, want := range map[string]any{
		"cookie": "mine", "destination_root": "in/box", "rate_policy": "low", "target_rate_kbps": 5e4,
		"min_rate_kbps": 5e4, // no more than the target
		"multi_session": 5.0, "multi_session_threshold": 6e7,
	} {
		if got := spec[name]; got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if got := only(t, s.setup("upload_setup", `{"paths":[{"source":"a"}],"target_rate_kbps":99000000000}`)).Spec["target_rate_kbps"]; got != 1e7 {
		t.Errorf("target_rate_kbps is %v above its cap", got)
	}
}

func TestErrorsStandInTheirElement(t *testing.T) {
	s := newService(t)
	long := strings.Repeat("k", 1025)
	for _, tt := range []struct {
		request, want string
		code          int
	}{
		{`{}`, "paths is missing", 400},
		{`{"paths":[]}`, "paths is missing", 400},
		{`{"paths":[{"source":"a","destination":"../b"}]}`, "segment", 400},
		{`{"paths":[{"source":"a","destination":"b/../../c"}]}`, "segment", 400},
		{`{"paths":[{"source":"a","destination":"b/.."}]}`, "segment", 400},
		{`{"paths":[{"source":"a","destination":"./b"}]}`, "segment", 400},
		{`{"paths":[{"source":"a","destination":"b"}],"destination_root":"/in/../.."}`, "segment", 400},
		{`{"paths":[{"source":"dir/.."}]}`, "segment", 400},
		{`{"paths":[{"source":"a","destination":"b\u0000c"}]}`, "zero byte", 400},
		{`{"paths":[{"source":"a","destination":"` + long + `"}]}`, "1024 bytes", 400},
		{`{"paths":[{"source":"a","destination":"b"}],"destination_root":"` + long[:1023] + `"}`, "1024 bytes", 400},
		{`{"paths":[{"source":"a","destination":"b"},{"source":"c"}]}`, "Either all paths", 400},
		{`{"paths":[{"source":"a"}],"rate_policy":"greedy"}`, "rate_policy", 400},
		{`{"paths":[{"source":"a"}],"target_rate_kbps":-1}`, "Rates", 400},
		{`{"paths":[{"source":"a"}],"multi_session":129}`, "multi_session", 400},
		{`{"paths":[{"source":"a"}],"multi_session":-1}`, "multi_session", 400},
		{`{"paths":[{"source":"a"}],"multi_session_threshold":-1}`, "threshold", 400},
		{`{"paths":[{"source":"a"}],"token_life_seconds":9999999999}`, "token_life_seconds", 400},
		{`{"paths":[{"source":"a"}],"cookie":"` + strings.Repeat("c", 5000) + `"}`, "cookie", 400},
		{`{"paths":[{"source":"a"}],"tags":"x"}`, "tags", 400},
		{`{"paths":[{"source":"a"}],"tags":{"aspera":{"node":{"storage_credentials":{"type":"token"}}}}}`, "Storage credentials", 400},
		{`{"paths":[{"source":"a"}],"tags":{"aspera":{"node":{"storage_credentials":` + s.credentials(s.other, "aspera_ats") + `}}}}`, "another's than", 403},
	} {
		e := only(t, s.setup("upload_setup", tt.request))
		if e.Error == nil || e.Error.Code != tt.code || !strings.Contains(e.Error.UserMessage, tt.want) {
			t.Errorf("%.120s: %+v, want %d with %q", tt.request, e.Error, tt.code, tt.want)
		}
	}
	// One bad transfer leaves the others be.
	list := elements(t, s.ask("POST", "/files/download_setup",
		`{"transfer_requests":[{"transfer_request":{"paths":[{"source":"missing"}]}},{"transfer_request":{"paths":[{"source":"film.mov"}]}}]}`,
		"X-Aspera-Storage-Credentials", s.credentials(s.owner, "aspera_ats")))
	if len(list) != 2 || list[0].Error == nil || list[0].Error.Code != 404 || list[1].Spec == nil {
		t.Errorf("two transfers, of which the second is good: %+v", list)
	}
}

// granter gives grants that count up, or fails.
type granter struct {
	given int
	tag   any
	err   error
}

func (g *granter) Grant(o rapid.GrantOptions) (*rapid.Grant, error) {
	if g.err != nil {
		return nil, g.err
	}
	g.given++
	g.tag = o.Tag
	return &rapid.Grant{Addrs: []string{":9000", "192.0.2.1:9001"}, ID: rapid.ID(g.given), Key: rapid.Key{byte(g.given)}}, nil
}

func TestSpecsCarryGrants(t *testing.T) {
	s := newService(t)
	g := &granter{}
	s.SetGranter(g)
	request := `{"transfer_request":{"paths":[{"source":"film.mov"}]}}`
	list := elements(t, s.ask("POST", "/files/download_setup", `{"transfer_requests":[`+request+`,`+request+`,{"transfer_request":{}}]}`,
		"X-Aspera-Storage-Credentials", s.credentials(s.owner, "aspera_ats")))
	var grants []rapid.Grant
	for _, e := range list[:2] {
		doc, err := json.Marshal(e.Spec["icos_rapid"])
		if err != nil {
			t.Fatal(err)
		}
		var grant rapid.Grant
		if err := json.Unmarshal(doc, &grant); err != nil {
			t.Fatalf("%v in the grant", err)
		}
		grants = append(grants, grant)
	}
	if grants[0].Key == grants[1].Key || grants[0].ID == grants[1].ID {
		t.Error("two transfers got one grant")
	}
	if got, want := fmt.Sprint(grants[0].Addrs), "[cos.example:9000 192.0.2.1:9001]"; got != want {
		t.Errorf("the server is at %v, want %v", got, want)
	}
	if _, p, _ := s.iam.AccessKey(s.owner.HMACKeys.AccessKeyID); g.tag != p.ID {
		t.Errorf("the session is tagged %v, want %v", g.tag, p.ID)
	}
	if g.given != 2 {
		t.Errorf("%d grants were given, want none for the transfer that failed", g.given)
	}
	// One request cannot take the places of all others.
	many := elements(t, s.ask("POST", "/files/download_setup", `{"transfer_requests":[`+strings.Repeat(request+",", 49)+request+`]}`,
		"X-Aspera-Storage-Credentials", s.credentials(s.owner, "aspera_ats")))
	if g.given != 2+16 || len(many) != 50 || many[15].Spec["icos_rapid"] == nil || many[16].Spec["token"] == nil {
		t.Errorf("a request for 50 transfers got %d grants", g.given-2)
	}
	g.err = rapid.ErrBusy
	if spec := only(t, s.setup("download_setup", `{"paths":[{"source":"film.mov"}]}`)).Spec; spec["icos_rapid"] != nil || spec["token"] == nil {
		t.Errorf("without a grant the spec is %v", spec)
	}
	g.err = errors.New("broken")
	s.SetGranter(nil)
	if spec := only(t, s.setup("download_setup", `{"paths":[{"source":"film.mov"}]}`)).Spec; spec["icos_rapid"] != nil {
		t.Error("a grant after the end of grants")
	}
}
