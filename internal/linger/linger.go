// Package linger gives requests that must not be cut off a little more time
// than the work that they belong to.
package linger

import (
	"context"
	"time"
)

// Context returns a context that ends some time after ctx does, with its cause.
// The function returned ends it at once and releases what it holds.
func Context(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, func() { cancel(context.Cause(ctx)) })
		context.AfterFunc(late, func() { timer.Stop() })
	})
	return late, func() {
		stop()
		cancel(nil)
	}
}
