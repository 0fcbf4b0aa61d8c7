package icos_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/icostest"
)

// answers is a service that answers with one status after the other, the last of them for good, and headers.
type answers struct {
	statuses []int
	header   http.Header
	asked    int
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	status := a.statuses[min(a.asked, len(a.statuses)-1)]
	a.asked++
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: a.header.Clone(),
		Body: io.NopCloser(strings.NewReader("")), Request: r,
	}, nil
}

func TestWaiters(t *testing.T) {
	bucket := func(c *icos.Client) *icos.Bucket { return c.Bucket("b") }
	object := func(c *icos.Client) *icos.Object { return c.Bucket("b").Object("k") }
	tests := []struct {
		name     string
		wait     func(ctx context.Context, c *icos.Client) error
		statuses []int
		took     time.Duration
		want     error // of the kinds of io/fs; nil for none
	}{
		{"bucket is there", func(ctx context.Context, c *icos.Client) error { return bucket(c).WaitExists(ctx, nil) }, []int{200}, 0, nil},
		{"bucket comes", func(ctx context.Context, c *icos.Client) error { return bucket(c).WaitExists(ctx, nil) }, []int{404, 404, 200}, 10 * time.Second, nil},
		{"bucket of another", func(ctx context.Context, c *icos.Client) error { return bucket(c).WaitExists(ctx, nil) }, []int{404, 403}, 5 * time.Second, nil},
		{"bucket never comes", func(ctx context.Context, c *icos.Client) error { return bucket(c).WaitExists(ctx, nil) }, []int{404}, 95 * time.Second, fs.ErrNotExist},
		{"bucket is hurried", func(ctx context.Context, c *icos.Client) error {
			return bucket(c).WaitExists(ctx, &icos.WaitOptions{Interval: time.Second, Tries: 3})
		}, []int{404}, 2 * time.Second, fs.ErrNotExist},
		{"bucket is awaited until the context ends", func(ctx context.Context, c *icos.Client) error {
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			return bucket(c).WaitExists(ctx, &icos.WaitOptions{Tries: -1})
		}, []int{404}, time.Hour, context.DeadlineExceeded},
		{"bucket goes", func(ctx context.Context, c *icos.Client) error { return bucket(c).WaitNotExists(ctx, nil) }, []int{200, 404}, 5 * time.Second, nil},
		{"bucket stays", func(ctx context.Context, c *icos.Client) error { return bucket(c).WaitNotExists(ctx, nil) }, []int{200}, 95 * time.Second, fs.ErrExist},
		{"bucket is forbidden", func(ctx context.Context, c *icos.Client) error { return bucket(c).WaitNotExists(ctx, nil) }, []int{403}, 0, fs.ErrPermission},
		{"object comes", func(ctx context.Context, c *icos.Client) error { return object(c).WaitExists(ctx, nil) }, []int{404, 200}, 5 * time.Second, nil},
		{"object never comes", func(ctx context.Context, c *icos.Client) error { return object(c).WaitExists(ctx, nil) }, []int{404}, 95 * time.Second, fs.ErrNotExist},
		{"object is forbidden", func(ctx context.Context, c *icos.Client) error { return object(c).WaitExists(ctx, nil) }, []int{403}, 0, fs.ErrPermission},
		{"object goes", func(ctx context.Context, c *icos.Client) error { return object(c).WaitNotExists(ctx, nil) }, []int{200, 200, 404}, 10 * time.Second, nil},
		{"object stays", func(ctx context.Context, c *icos.Client) error { return object(c).WaitNotExists(ctx, nil) }, []int{200}, 95 * time.Second, fs.ErrExist},
		{"object to restore is gone", func(ctx context.Context, c *icos.Client) error { return object(c).WaitRestored(ctx, nil) }, []int{404}, 0, fs.ErrNotExist},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service := &answers{statuses: test.statuses}
				c, err := icos.NewClient(icos.Config{
					Endpoint: "https://cos.example.com", Credentials: auth.StaticToken("TOK"), HTTPClient: &http.Client{Transport: service},
				})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				start := time.Now()
				err = test.wait(t.Context(), c)
				if took := time.Since(start); took != test.took {
					t.Errorf("took %v, want %v", took, test.took)
				}
				if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
					t.Errorf("error %v, want %v", err, test.want)
				}
			})
		})
	}
}

// TestWaitRestored waits for twelve hours, of which each look takes one.
func TestWaitRestored(t *testing.T) {
	looks := 0
	var cos *icostest.Server
	cos, b := timeMachine(t, func(o *icostest.Options) {
		o.Wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodHead {
					looks++
					cos.Clock().Advance(time.Hour)
				}
				next.ServeHTTP(w, r)
			})
		}
	})
	ctx := t.Context()
	if err := b.SetLifecycle(ctx, []icos.LifecycleRule{{Transition: &icos.LifecycleTransition{StorageClass: icos.ArchiveGlacier}}}); err != nil {
		t.Fatal(err)
	}
	o := b.Object("k")
	keep(t, o, "hello")
	if err := o.RestoreArchived(ctx, 1, nil); err != nil {
		t.Fatal(err)
	}
	err := o.WaitRestored(ctx, &icos.WaitOptions{Interval: 1, Tries: 5})
	if err == nil || looks != 5 {
		t.Errorf("after %d looks: %v", looks, err)
	}
	if err := o.WaitRestored(ctx, &icos.WaitOptions{Interval: 1}); err != nil || looks < 12 || looks > 13 {
		t.Errorf("after %d looks: %v", looks, err)
	}
}
