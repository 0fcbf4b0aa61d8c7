package s3

import "time"

// A RetryPolicy says how often and how fast failed requests are repeated. The
// zero value means the defaults.
type RetryPolicy struct {
	// MaxAttempts is how often a request is sent at most, the first time
	// included. If zero, 6; if negative, 1.
	MaxAttempts int

	// BaseDelay is the bound of the wait before the first retry; it doubles
	// with each one. The wait is drawn evenly from below the bound. If zero, 100 ms.
	BaseDelay time.Duration

	// MaxDelay bounds the bound, and also how long a Retry-After of the service
	// is obeyed. If zero, 20 s.
	MaxDelay time.Duration

	// Budget is how many retries the client makes in a row, over all its
	// requests, when nothing succeeds. Each retry takes one from the
	// budget, and each ten requests that succeed give one back. If zero, 100; if
	// negative, there is no limit.
	Budget int
}
