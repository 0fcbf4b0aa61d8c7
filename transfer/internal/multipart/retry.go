package multipart

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"syscall"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/s3"
)

const (
	defaultPatience = time.Minute

	// maxRepeats is how often in a row a piece is repeated that arrives damaged, or of which
	// nothing arrives. Each try may consist of several attempts of the client already.
	maxRepeats = 4

	// longestPause is the bound of the wait between two tries of a piece.
	longestPause = 5 * time.Second
)

// errBroken is in the chain of an error when a piece came through damaged, in part or
// not at all, so that another try may well succeed.
var errBroken = errors.New("broken off")

// persist tries until a piece is through, or another try would be useless. try tells
// with got whether something of the piece arrived.
func (m *mover) persist(ctx context.Context, what string, try func(ctx context.Context) (got bool, err error)) error {
	for failures := 0; ; {
		got, err := try(ctx)
		if err == nil {
			m.arrived()
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if got {
			m.arrived()
			failures = 0
		}
		failures++
		if !m.again(err, failures) {
			return err
		}
		m.meter.Retried()
		m.log(ctx, "repeat "+what, "failures", failures, "error", err)
		if failures > 1 && pause(ctx, failures) != nil {
			return context.Cause(ctx)
		}
	}
}

// again says whether to try once more after that many failures in a row.
func (m *mover) again(err error, failures int) bool {
	switch {
	case damaged(err):
		return failures <= maxRepeats
	case errors.Is(err, errBroken):
		return failures <= maxRepeats || m.patient()
	}
	return passing(err) && m.patient()
}

// patient says whether the service answered not long ago, so that it may be back soon. One
// that never answered is not waited for.
func (m *mover) patient() bool {
	limit := m.env.Patience
	if limit == 0 {
		limit = defaultPatience
	}
	last := m.last.Load()
	return last != 0 && time.Since(time.Unix(0, last)) < limit
}

// damaged says whether the bytes of a piece were not those of its checksum.
func damaged(err error) bool {
	e, ok := errors.AsType[*icos.Error](err)
	return ok && (e.Code == "BadDigest" || e.Code == "IncompleteBody" || e.Code == "XAmzContentChecksumMismatch") ||
		errors.Is(err, icos.ErrChecksum)
}

// passing says whether the same request may well succeed later.
func passing(err error) bool {
	if errors.Is(err, icos.ErrChanged) || errors.Is(err, ErrFull) || !s3.Transient(err) {
		return false
	}
	if _, answered := errors.AsType[*icos.Error](err); answered {
		return true
	}
	_, network := errors.AsType[net.Error](err)
	return !local(err) && (network || broken(err))
}

// local says whether err is about a file of this machine.
func local(err error) bool {
	_, ok := errors.AsType[*fs.PathError](err)
	return ok
}

// broken says whether err is that of a connection that ended.
func broken(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNREFUSED) ||
		errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// pause lets some time pass: a random part of 100 ms, doubled with each failure.
func pause(ctx context.Context, failures int) error {
	bound := min(100*time.Millisecond<<min(failures, 10), longestPause)
	t := time.NewTimer(rand.N(bound))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
