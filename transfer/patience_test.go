package transfer_test

import (
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/transfer"
)

// TestPatience has two requests for parts fail after the first part went well.
func TestPatience(t *testing.T) {
	for name, tt := range map[string]struct {
		patience time.Duration
		fails    bool
	}{
		"none":     {-1, true},
		"a minute": {time.Minute, false},
		"default":  {0, false},
	} {
		t.Run(name, func(t *testing.T) {
			var parts atomic.Int64
			srv := icostest.NewServer(t, &icostest.Options{Wrap: func(cos http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Query().Has("partNumber") {
						if n := parts.Add(1); n == 2 || n == 3 {
							w.WriteHeader(http.StatusServiceUnavailable)
							return
						}
					}
					cos.ServeHTTP(w, r)
				})
			}})
			cfg := srv.Config()
			cfg.Retry = s3.RetryPolicy{MaxAttempts: -1} // of the client; what is tested goes on top
			client, err := icos.NewClient(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			bucket := client.Bucket("patient")
			if err := bucket.Create(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "f")
			if err := os.WriteFile(path, make([]byte, 16<<20), 0o600); err != nil {
				t.Fatal(err)
			}
			m, err := transfer.NewManager(client, &transfer.Options{PartSize: 5 << 20, Threshold: 5 << 20, Connections: 1, Patience: tt.patience})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if err := m.Upload(t.Context(), path, bucket.Object("k")).Wait(t.Context()); (err != nil) != tt.fails {
				t.Errorf("upload: %v, want an error: %v", err, tt.fails)
			}
		})
	}
}
