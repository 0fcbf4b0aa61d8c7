package aspera_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/aspera"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/transfer"
)

func TestConfig(t *testing.T) {
	client, err := icos.NewClient(icos.Config{Endpoint: "http://127.0.0.1:1", Credentials: auth.IAM("key", nil)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		cfg  aspera.Config
		want string // field that is wrong
	}{
		{aspera.Config{}, ""},
		{aspera.Config{MultiSession: 5}, ""},
		{aspera.Config{MultiSession: aspera.All}, ""},
		{aspera.Config{MultiSession: 10}, ""},
		{aspera.Config{MultiSession: 11}, "MultiSession"},
		{aspera.Config{MultiSession: 11, MaxSessions: 11}, ""},
		{aspera.Config{MultiSession: 129, MaxSessions: 200}, "MultiSession"},
		{aspera.Config{MultiSession: -2}, "MultiSession"},
		{aspera.Config{MultiSessionThreshold: 60_000_000}, ""},
		{aspera.Config{MultiSessionThreshold: 59_999_999}, "MultiSessionThreshold"},
		{aspera.Config{MultiSessionThreshold: -60_000_000}, "MultiSessionThreshold"},
		{aspera.Config{TargetRate: -1}, "TargetRate"},
		{aspera.Config{TargetRateCap: -1}, "TargetRateCap"},
		{aspera.Config{MinRate: -1}, "MinRate"},
		{aspera.Config{MinRateCap: -1}, "MinRateCap"},
		{aspera.Config{TargetRate: 10, MinRate: 20}, "MinRate"},
		{aspera.Config{TargetRate: 10, MinRate: 20, MinRateCap: 10}, ""},
		{aspera.Config{TargetRate: 30, TargetRateCap: 10, MinRate: 20}, "MinRate"},
		{aspera.Config{RatePolicy: "high", LockRatePolicy: true, LockMinRate: true, LockTargetRate: true}, ""},
		{aspera.Config{RatePolicy: "brutal"}, "RatePolicy"},
		{aspera.Config{RatePolicy: rapid.Fixed}, "TargetRate"},
		{aspera.Config{RatePolicy: rapid.Fixed, TargetRateCap: 10}, ""},
		{aspera.Config{MaxQueue: -1}, "MaxQueue"},
		{aspera.Config{MaxSessions: -1}, "MaxSessions"},
		{aspera.Config{CacheSize: -1}, "CacheSize"},
		{aspera.Config{Engine: "udt"}, "Engine"},
		{aspera.Config{Engine: "auto"}, ""},
		{aspera.Config{Transfer: transfer.Options{MaxQueue: 1}}, "Transfer"},
		{aspera.Config{Transfer: transfer.Options{HTTPClient: func(*icos.Bucket) *http.Client { return nil }}}, "Transfer"},
		{aspera.Config{Transfer: transfer.Options{PartSize: 1}}, "PartSize"}, // in words of package transfer
	} {
		m, err := aspera.NewManager(client, tt.cfg)
		if err == nil {
			err = m.Close()
		}
		e, ok := errors.AsType[*aspera.ConfigError](err)
		switch {
		case tt.want == "" && err != nil, tt.want != "" && err == nil:
			t.Errorf("%+v: error is %v", tt.cfg, err)
		case tt.want == "PartSize":
		case tt.want != "" && (!ok || e.Field != tt.want):
			t.Errorf("%+v: error is %v, want one about %s", tt.cfg, err, tt.want)
		}
	}
}

// TestCredentials refuses those that cannot be delegated, where they have to be.
func TestCredentials(t *testing.T) {
	for name, c := range map[string]auth.Credentials{
		"HMAC keys":              auth.HMAC("id", "secret"),
		"anonymous requests":     auth.Anonymous,
		"a token from elsewhere": auth.StaticToken("token"),
	} {
		client, err := icos.NewClient(icos.Config{Endpoint: "http://127.0.0.1:1", Credentials: c})
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			cfg aspera.Config
			ok  bool
		}{
			{aspera.Config{}, false},
			{aspera.Config{Engine: aspera.Rapid}, false},
			{aspera.Config{Engine: aspera.Ascp}, false},
			{aspera.Config{Engine: aspera.Ascp, Relay: rapid.GranterFunc(nil)}, false},
			{aspera.Config{Engine: aspera.HTTPS}, true},
			{aspera.Config{Relay: rapid.GranterFunc(nil)}, true},
			{aspera.Config{Engine: aspera.Rapid, Relay: rapid.GranterFunc(nil)}, true},
		} {
			m, err := aspera.NewManager(client, tt.cfg)
			if tt.ok {
				if err != nil {
					t.Errorf("%s with %+v: %v", name, tt.cfg, err)
				} else if err := m.Close(); err != nil {
					t.Error(err)
				}
				continue
			}
			if !errors.Is(err, aspera.ErrCredentials) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "auth.IAM") {
				t.Errorf("%s with %+v: error is %v", name, tt.cfg, err)
			}
		}
	}
	if _, err := aspera.NewManager(nil, aspera.Config{}); err == nil {
		t.Error("no client was accepted")
	}
}

func TestParseEngine(t *testing.T) {
	for name, want := range map[string]aspera.Engine{"": aspera.Auto, "auto": aspera.Auto, "rapid": aspera.Rapid, "ascp": aspera.Ascp, "https": aspera.HTTPS} {
		got, err := aspera.ParseEngine(name)
		if err != nil || got != want {
			t.Errorf("%q is %v, %v", name, got, err)
		}
		if back, err := aspera.ParseEngine(got.String()); err != nil || back != want {
			t.Errorf("%v is written as %q", want, got.String())
		}
	}
	if _, err := aspera.ParseEngine("http"); err == nil {
		t.Error("http was accepted")
	}
}

// TestQueueFull is that of IBM's manager: refused at once.
func TestQueueFull(t *testing.T) {
	w := newWorld(t)
	m := w.manager(aspera.Config{Engine: aspera.HTTPS, MaxQueue: 1, Transfer: transfer.Options{Concurrency: 1}})
	m.SetRate(1)
	path := w.file(content(1, 1<<20))
	for _, key := range []string{"runs", "waits"} {
		defer m.Upload(t.Context(), path, w.bucket.Object(key)).Cancel()
	}
	err := m.Upload(t.Context(), path, w.bucket.Object("no more")).Wait(t.Context())
	if !errors.Is(err, transfer.ErrQueueFull) {
		t.Errorf("error is %v", err)
	}
}
