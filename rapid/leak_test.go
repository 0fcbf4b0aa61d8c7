package rapid_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Over real sockets nothing may run on when all is closed, in whatever order.
func TestNothingRunsOn(t *testing.T) {
	for name, end := range map[string]func(w *world){
		"client first": func(w *world) {
			_ = w.dialer.Close()
			_ = w.listener.Shutdown(context.Background())
		},
		"server first": func(w *world) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_ = w.listener.Shutdown(ctx)
			_ = w.dialer.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := looped(t, false)
			for range 3 {
				a, b := w.pipe(t)
				if _, err := a.Write(make([]byte, 1<<20)); err != nil {
					t.Fatal(err)
				}
				if err := b.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
					t.Fatal(err)
				}
			}
			end(w)
			// A goroutine that has done its last may still be seen for a moment.
			var left string
			for range 3000 {
				if left = ours(); left == "" {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Errorf("still running:\n%s", left)
		})
	}
}

// ours returns the stacks of goroutines that the package has started.
func ours() string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var found []string
	for g := range strings.SplitSeq(string(buf), "\n\n") {
		if strings.Contains(g, "icos/rapid.(") && !strings.Contains(g, "testing.tRunner(") {
			found = append(found, g)
		}
	}
	return strings.Join(found, "\n\n")
}
