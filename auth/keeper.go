package auth

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// ErrClosed is returned by credentials after their Close.
var ErrClosed = errors.New("credentials are closed")

// When a keeper acts, as shares of a token's lifetime and as pauses.
const (
	// A token is renewed at a random moment between these shares of its life. The
	// later one leaves a token of an hour twelve minutes to live, so that an outage
	// of ten, wherever it begins, passes unseen.
	renewFrom, renewTo = 0.70, 0.80

	// A token counts as expired this long before it is, or a tenth of its life
	// before if that is shorter: a request takes time to arrive.
	expiryMargin = 10 * time.Second

	// A renewal that failed is tried again after a pause that doubles between these.
	minRenewPause, maxRenewPause = 5 * time.Second, 30 * time.Second

	// A definite refusal answers all who ask within this time, so that a thousand
	// goroutines with a wrong key are one request and not a thousand.
	refusalKept = time.Second

	// A token younger than this is not dropped when a service refuses it: a service
	// that refuses every token must not turn every request into two.
	minTokenAge = 5 * time.Second
)

// An owner owns the goroutines of credentials: none starts after close, and close
// waits for those that run.
type owner struct {
	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	closed bool // guarded by mu
	wg     sync.WaitGroup
}

func newOwner() *owner {
	ctx, cancel := context.WithCancel(context.Background())
	return &owner{ctx: ctx, cancel: cancel}
}

// run starts f, unless the owner is closed.
func (o *owner) run(f func(ctx context.Context)) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return false
	}
	o.wg.Go(func() { f(o.ctx) })
	return true
}

func (o *owner) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.cancel()
	o.wg.Wait()
}

// A keeper keeps one token fresh. It fetches when it is asked and has none, fetches
// ahead of expiry when it is asked and has one, and does nothing when nobody asks:
// there is no timer and, between fetches, no goroutine.
type keeper struct {
	owner *owner
	fetch func(ctx context.Context) (Token, error) // one call at a time

	mu        sync.Mutex // guards what follows
	token     Token
	fetchedAt time.Time
	renewAt   time.Time // when to fetch although token is valid
	failures  int       // of fetches in a row
	flight    *flight   // the fetch that is under way
	refusal   error     // a definite one
	refusedAt time.Time
}

// A flight is one fetch and those who wait for it.
type flight struct {
	done  chan struct{} // closed when token and err are set
	token Token
	err   error
}

// get returns the token if it is valid, at once, and otherwise waits for a fetch or
// for ctx. However many wait, there is one fetch, and it belongs to none of them: it
// goes on when the one who caused it gives up.
func (k *keeper) get(ctx context.Context) (Token, error) {
	if err := ctx.Err(); err != nil {
		return Token{}, fmt.Errorf("get token: %w", err)
	}
	if k.owner.ctx.Err() != nil {
		return Token{}, fmt.Errorf("get token: %w", ErrClosed)
	}
	k.mu.Lock()
	now := time.Now()
	if k.token.validAt(now) {
		t := k.token
		if k.flight == nil && !now.Before(k.renewAt) {
			k.start()
		}
		k.mu.Unlock()
		return t, nil
	}
	if k.refusal != nil && now.Sub(k.refusedAt) < refusalKept {
		defer k.mu.Unlock()
		return Token{}, k.refusal
	}
	if k.flight == nil {
		k.start()
	}
	f := k.flight
	k.mu.Unlock()
	if f == nil {
		return Token{}, fmt.Errorf("get token: %w", ErrClosed)
	}

	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		return Token{}, fmt.Errorf("get token: %w", ctx.Err())
	}
}

// start begins a flight. The caller holds k.mu.
func (k *keeper) start() {
	f := &flight{done: make(chan struct{})}
	started := k.owner.run(func(ctx context.Context) {
		f.token, f.err = k.fetch(ctx)
		if f.err != nil && ctx.Err() != nil {
			f.err = fmt.Errorf("get token: %w", ErrClosed)
		}
		k.land(f)
		close(f.done)
	})
	if started {
		k.flight = f
	}
}

// land records what a flight brought.
func (k *keeper) land(f *flight) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.flight = nil
	now := time.Now()
	if f.err != nil {
		pause := min(minRenewPause<<min(k.failures, 8), maxRenewPause)
		k.failures++
		k.renewAt = now.Add(pause/2 + rand.N(pause/2)) // a token we have stays
		if definite(f.err) {
			k.refusal, k.refusedAt = f.err, now
		}
		return
	}
	left := f.token.Expiry.Sub(now)
	share := renewFrom + (renewTo-renewFrom)*rand.Float64()
	k.renewAt = now.Add(time.Duration(share * float64(left)))
	k.token, k.fetchedAt = f.token, now
	k.token.Expiry = f.token.Expiry.Add(-min(expiryMargin, left/10))
	k.failures, k.refusal = 0, nil
	f.token = k.token
}

// drop forgets the token if it is still the one of this value and not brand-new.
func (k *keeper) drop(token string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if token == k.token.Value && time.Since(k.fetchedAt) >= minTokenAge {
		k.token = Token{}
	}
}
