package rapid_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos/rapid"
)

func TestGrantJSON(t *testing.T) {
	g := rapid.Grant{
		Addrs: []string{"relay.example:33001", "[2001:db8::1]:443"}, ID: 0xabc, Key: rapid.Key{0: 1, 31: 0xff},
		Rate: 5e8, Policies: []rapid.Policy{rapid.Fair, rapid.Low}, Expires: time.Unix(1_700_000_000, 0).UTC(),
	}
	const want = `{"addrs":["relay.example:33001","[2001:db8::1]:443"],"id":"0000000000000abc","key":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8=","rate":500000000,"policies":["fair","low"],"expires":"2023-11-14T22:13:20Z"}`
	got, err := json.Marshal(g)
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	var back rapid.Grant
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(g, back); diff != "" {
		t.Errorf("what came back differs (-want +got):\n%s", diff)
	}
}

func TestBadGrantJSON(t *testing.T) {
	const key = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8="
	for _, text := range []string{
		`{"id":"abc","key":"` + key + `"}`,
		`{"id":"000000000000zabc","key":"` + key + `"}`,
		`{"id":"0000000000000abc","key":"` + key[:40] + `"}`,
		`{"id":"0000000000000abc","key":"` + strings.Repeat("!", 44) + `"}`,
	} {
		var g rapid.Grant
		err := json.Unmarshal([]byte(text), &g)
		if err == nil {
			t.Errorf("%s: accepted", text)
		} else if strings.Contains(err.Error(), key[:8]) {
			t.Errorf("%s: the error shows the key: %v", text, err)
		}
	}
}

func TestKeyIsNotPrinted(t *testing.T) {
	g := &rapid.Grant{Key: rapid.Key([]byte("SECRETSECRETSECRETSECRETSECRETSE"))}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("grant", "grant", g, "key", g.Key)
	for _, text := range []string{
		fmt.Sprint(g.Key), fmt.Sprintf("%v %+v %#v %s %x %d", g.Key, g.Key, g.Key, g.Key, g.Key, g.Key),
		fmt.Sprintf("%v %+v", *g, g), fmt.Sprintf("%#v", *g), log.String(),
	} {
		if strings.Contains(text, "SECRET") || strings.Contains(text, "83, 69") || strings.Contains(text, "53454352") || strings.Contains(text, "0x53") || strings.Contains(text, "U0VD") {
			t.Errorf("the key shows in %s", text)
		}
	}
}

func TestParsePolicy(t *testing.T) {
	for in, want := range map[string]rapid.Policy{"": rapid.Fair, "fair": rapid.Fair, "HIGH": rapid.High, "Low": rapid.Low, "fixed": rapid.Fixed} {
		if got, err := rapid.ParsePolicy(in); got != want || err != nil {
			t.Errorf("ParsePolicy(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	if _, err := rapid.ParsePolicy("fast"); err == nil {
		t.Error(`ParsePolicy("fast") succeeded`)
	}
}
