package aspera_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/icos-go/icos/aspera"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/rapid"
)

// TestUsing moves one file each way, and wants to be told which way it was.
func TestUsing(t *testing.T) {
	nobody := rapid.GranterFunc(func(context.Context, string, string) (*rapid.Grant, error) {
		return nil, errors.New("nobody is there")
	})
	for name, tt := range map[string]struct {
		server *icostest.Options
		cfg    aspera.Config
		want   []string
	}{
		"rapid":           {&icostest.Options{Rapid: true}, aspera.Config{}, []string{"fast by rapid"}},
		"several at once": {&icostest.Options{Rapid: true}, aspera.Config{MultiSession: 3}, []string{"fast by rapid"}},
		"no offer":        {nil, aspera.Config{Ascp: "/nowhere"}, []string{"fast by https"}},
		"relay is down":   {&icostest.Options{Rapid: true}, aspera.Config{Relay: nobody}, []string{" by https"}},
		"https":           {&icostest.Options{Rapid: true}, aspera.Config{Engine: aspera.HTTPS}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFastWorld(t, tt.server)
			var mu sync.Mutex
			var told []string
			tt.cfg.Using = func(bucket string, e aspera.Engine) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, bucket+" by "+e.String())
			}
			m := w.manager(tt.cfg)
			path := filepath.Join(t.TempDir(), "f")
			if err := os.WriteFile(path, content(1, 20<<20), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := m.Upload(t.Context(), path, w.bucket.Object("k")).Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(told, tt.want) {
				t.Errorf("told %q, want %q", told, tt.want)
			}
		})
	}
}
