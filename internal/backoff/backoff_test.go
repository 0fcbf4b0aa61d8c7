package backoff_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/internal/backoff"
)

func TestJitterIsBounded(t *testing.T) {
	for attempts, most := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 4: 5 * time.Second, 100: 5 * time.Second} {
		for range 1000 {
			if d := backoff.Jitter(time.Second, 5*time.Second, attempts); d < 0 || d >= most {
				t.Fatalf("after %d attempts: %v, want less than %v", attempts, d, most)
			}
		}
	}
}

func TestAsked(t *testing.T) {
	tests := []struct {
		retryAfter, date string
		want             time.Duration
	}{
		{"", "", 0},
		{"7", "", 7 * time.Second},
		{"-7", "", 0},
		{"soon", "", 0},
		{"99999999999999", "", 0},
		{"Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:07 GMT", 30 * time.Second},
		{"Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:50:07 GMT", 0},
		{"Sun, 06 Nov 1994 08:49:37 GMT", "", 0},
	}
	for _, tt := range tests {
		if got := backoff.Asked(tt.retryAfter, tt.date); got != tt.want {
			t.Errorf("Asked(%q, %q) = %v, want %v", tt.retryAfter, tt.date, got, tt.want)
		}
	}
}

func TestSleepEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		if err := backoff.Sleep(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		if err := backoff.Sleep(t.Context(), time.Minute); err != nil {
			t.Error(err)
		}
	})
}
