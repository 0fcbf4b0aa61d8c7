package multipart_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/transfer/internal/multipart"
	"github.com/icos-go/icos/transfer/internal/pace"
)

func TestFewPartsUnderALimit(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	w.env.Gate = pace.NewGate(16)
	limits := []*pace.Limiter{pace.NewLimiter(5 * mib), pace.NewLimiter(8 * mib)}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	done := make(chan error)
	for _, key := range []string{"a", "b"} {
		go func() {
			_, err := w.env.Upload(ctx, &multipart.Upload{
				Flow: multipart.Flow{Limiters: limits},
				File: w.file(key, bytesOf(1, 40*mib)), To: w.bucket.Object(key), PartSize: 5 * mib,
			})
			done <- err
		}()
	}
	for range 2 {
		if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	}
	// 2 parts for 2 s at 5 MiB/s, and what begins and aborts the uploads. Without the bound there are 16.
	if n := w.net.MaxInFlight(); n > 6 {
		t.Errorf("%d requests at once", n)
	}
}
