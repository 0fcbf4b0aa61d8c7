package aspera

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos/aspera/internal/ascp"
)

// parse reads a spec as a service sends it.
func parse(t *testing.T, text string) *Spec {
	t.Helper()
	s, err := parseSetup([]byte(`{"transfer_specs":[{"transfer_spec":` + text + `}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestArguments compares arguments with those of the published table.
func TestArguments(t *testing.T) {
	const base = `"direction":"receive","remote_host":"h.example.com","remote_user":"xfer","token":"t"`
	usual := invocation{list: "/l", session: 1, of: 1, xferID: "id", rates: ascp.Rates{Target: 5, Min: 2, Policy: "fair"}}
	for _, tt := range []struct {
		name   string
		spec   string
		change func(*invocation)
		want   []string // in this order, beside others
		not    []string
	}{
		{"what a receiver needs", base, nil, []string{"-q", "--mode", "recv", "-y", "0", "--policy", "fair", "--host", "h.example.com", "--user", "xfer", "-l", "5", "-m", "2", "-k", "0", "--file-pair-list=/l", "--dest64"}, []string{"-d", "-i", "-C", "-O", "-P", "-c"}},
		{"SSH", base + `,"ssh_port":33001,"fasp_port":33002,"sshfp":"ab:cd","wss_port":443`, nil, []string{"-O", "33002", "-P", "33001", "--check-sshfp=ab:cd"}, []string{"--ws-connect", "443"}},
		{"WebSocket", base + `,"ssh_port":33001,"fasp_port":33002,"sshfp":"abcd","wss_enabled":true,"wss_port":443`, nil, []string{"--ws-connect", "-P", "443"}, []string{"-O", "33001", "--check-sshfp=abcd"}},
		{"a key", base, func(v *invocation) { v.key = "/key" }, []string{"-i", "/key"}, nil},
		{"a password needs no key", base + `,"remote_password":"p"`, func(v *invocation) { v.key = "/key" }, nil, []string{"-i", "/key", "p"}},
		{"ciphers", base + `,"cipher":"aes-256-gcm"`, nil, []string{"-c", "aes256gcm"}, nil},
		{"an uploader makes directories", `"direction":"send","remote_host":"h"`, nil, []string{"-d", "--mode", "send"}, nil},
		{"fallback", base + `,"http_fallback":true,"http_fallback_port":80`, nil, []string{"-y", "1", "-t", "80"}, nil},
		{"fallback over TLS", base + `,"http_fallback":"force","http_fallback_port":80,"https_fallback_port":443`, nil, []string{"-y", "F", "-t", "443"}, []string{"80"}},
		{"no fallback", base + `,"http_fallback":false,"http_fallback_port":80`, nil, []string{"-y", "0"}, []string{"-t"}},
		{
			"the rest", base + `,"resume_policy":"sparse_csum","overwrite":"diff+older","dgram_size":1400,"file_checksum":"sha-256","source_root":"/a","src_base":"/b"`, nil,
			[]string{"-k", "2", "--overwrite=diff+older", "-Z", "1400", "--file-checksum=sha-256", "--source-prefix64", "L2E=", "--src-base64", "L2I="},
			nil,
		},
		{"the stricter way to resume", base + `,"resume_policy":"none"`, func(v *invocation) { v.resume = 1 }, []string{"-k", "1"}, nil},
		{
			"one of several", base + `,"resume_policy":"full_csum"`, func(v *invocation) { v.session, v.of, v.splitFrom, v.host = 2, 3, 100, "10.0.0.1" },
			[]string{"--host", "10.0.0.1", "-C", "2:3", "--multi-session-threshold=100", "-k", "0"},
			[]string{"h.example.com"},
		},
		{"kept alive", base, func(v *invocation) { v.list = "" }, []string{"--keepalive", "--dest64"}, []string{"--file-pair-list="}},
		{"nulls", base + `,"cipher":null,"sshfp":null,"ssh_port":null,"tags":null,"paths":null`, nil, nil, []string{"-c", "-P"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := usual
			if tt.change != nil {
				tt.change(&v)
			}
			s := parse(t, "{"+tt.spec+"}")
			s.DestinationRoot = "/"
			args, err := s.arguments(&v)
			if err != nil {
				t.Fatal(err)
			}
			rest := args
			for _, w := range tt.want {
				i := slices.Index(rest, w)
				if i < 0 {
					t.Fatalf("%q is missing, or not in its place: %q", w, args)
				}
				rest = rest[i+1:]
			}
			for _, n := range tt.not {
				if slices.Contains(args, n) {
					t.Errorf("%q is there: %q", n, args)
				}
			}
			if args[len(args)-1] != "Lw==" {
				t.Errorf("the destination is %q", args[len(args)-1])
			}
		})
	}
}

// TestArgumentsRefuse has a service say what would be another option.
func TestArgumentsRefuse(t *testing.T) {
	for _, member := range []string{
		`"remote_host":"-oProxyCommand=x"`, `"remote_host":"a b"`, `"remote_host":"h\u0000"`, `"remote_user":"-x"`, `"remote_user":"a;b"`,
		`"cipher":"rot13"`, `"rate_policy":"-x"`, `"resume_policy":"maybe"`, `"overwrite":"--x"`, `"file_checksum":"-x"`, `"sshfp":"zz"`,
		`"ssh_port":65536`, `"fasp_port":-1`, `"target_rate_kbps":-1`, `"dgram_size":-1`, `"token":"a\u0000b"`,
	} {
		s := parse(t, `{"direction":"send","remote_host":"h",`+member+`}`)
		if args, err := s.arguments(&invocation{list: "/l", session: 1, of: 1}); err == nil {
			t.Errorf("%s became %q", member, args)
		}
	}
}

// TestMerge puts a configuration over what a service says.
func TestMerge(t *testing.T) {
	spec := func() *Spec {
		return parse(t, `{"direction":"send","remote_host":"ats.example.com","target_rate_kbps":1000,"min_rate_kbps":10,"rate_policy":"fair","destination_root":"/x","multi_session":4}`)
	}
	for _, tt := range []struct {
		name string
		cfg  Config
		want func(*Spec)
	}{
		{"nothing", Config{}, func(s *Spec) {}},
		{"rates", Config{TargetRate: 5_000_400, MinRate: 1, RatePolicy: "high"}, func(s *Spec) { s.TargetRate, s.MinRate, s.RatePolicy = 5000, 1, "high" }},
		{"caps", Config{TargetRateCap: 500_000, MinRateCap: 5_000}, func(s *Spec) { s.TargetRateCap, s.TargetRate, s.MinRateCap, s.MinRate = 500, 500, 5, 5 }},
		{"locks", Config{LockTargetRate: true, LockMinRate: true, LockRatePolicy: true}, func(s *Spec) { s.LockTargetRate, s.LockMinRate, s.LockRatePolicy = true, true, true }},
		{"sessions", Config{MultiSession: 2, MultiSessionThreshold: 60_000_000}, func(s *Spec) { s.MultiSession, s.MultiSessionThreshold = 2, 60_000_000 }},
		{"all", Config{MultiSession: All}, func(s *Spec) { s.MultiSession, s.RemoteHost = 0, "ats-all.example.com" }},
		{"root", Config{DestinationRoot: "/data"}, func(*Spec) {}},
	} {
		got, want := spec(), spec()
		want.DestinationRoot = "/"
		tt.want(want)
		got.merge(&tt.cfg)
		type plain Spec // has no methods, by which go-cmp would go
		if diff := cmp.Diff(plain(*want), plain(*got)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestAllHost(t *testing.T) {
	for host, want := range map[string]string{
		"ats.example.com": "ats-all.example.com", "ats-all.example.com": "ats-all.example.com", "localhost": "localhost", "::1": "::1",
	} {
		if got := allHost(host); got != want {
			t.Errorf("all of %s are %s, want %s", host, got, want)
		}
	}
	for host, want := range map[string]string{"ats-all.example.com": "ats.example.com", "ats.example.com": "ats.example.com", "x-all": "x-all"} {
		if got := oneHost(host); got != want {
			t.Errorf("one of %s is %s, want %s", host, got, want)
		}
	}
}

func TestHostPort(t *testing.T) {
	for address, want := range map[string]string{":33001": "relay:33001", "other:1": "other:1", "nonsense": "nonsense"} {
		if got := hostPort(address, "relay"); got != want {
			t.Errorf("%s becomes %s, want %s", address, got, want)
		}
	}
}

// TestXferID names the same transfer always the same.
func TestXferID(t *testing.T) {
	a, b := newXferID(), newXferID()
	if a == b || len(a) != 36 || strings.Count(a, "-") != 4 {
		t.Errorf("%s, %s", a, b)
	}
}

func FuzzParseSetup(f *testing.F) {
	f.Add([]byte(`{"transfer_specs":[{"transfer_spec":{"direction":"send","remote_host":"h","tags":{"a":{"b":null}},"http_fallback":"force"}}]}`))
	f.Add([]byte(`{"transfer_specs":[{"error":{"code":1}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := parseSetup(body)
		if err != nil {
			return
		}
		args, err := s.arguments(&invocation{list: "/l", session: 1, of: 1, xferID: "id"})
		if err != nil {
			return
		}
		for i, a := range args {
			if strings.ContainsRune(a, 0) {
				t.Fatalf("argument %d is %q", i, a)
			}
		}
		if i := slices.Index(args, "--host"); strings.HasPrefix(args[i+1], "-") {
			t.Fatalf("the host is an option: %q", args)
		}
		if _, err := json.Marshal(s); err != nil {
			t.Fatal(err)
		}
	})
}
