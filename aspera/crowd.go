package aspera

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/icos-go/icos/aspera/internal/ascp"
	"github.com/icos-go/icos/transfer"
)

// smallFile is the size in bytes below which files share an ascp process with others
// that move at the same time. To start one takes seconds.
const smallFile = 16 << 20

// A crowd is the small files of a bucket that move in one direction. The first of
// them has a process of its own, for it may be alone; those that come meanwhile share
// one that is kept alive.
type crowd struct {
	p *path
	d Direction

	n      atomic.Int64                 // files on their way
	latest atomic.Pointer[transfer.Job] // whose limits count for all
	spec   atomic.Pointer[Spec]         // of the process

	mu      sync.Mutex
	line    *ascp.Line // nil until it is needed; guarded by mu
	refused *SpecError // why the service gives no spec for all of the bucket; nil while it does; guarded by mu
}

// enter counts a file that begins to move, until leave is called. It returns whether
// there are others.
func (c *crowd) enter() (others bool, leave func()) {
	return c.n.Add(1) > 1, func() { c.n.Add(-1) }
}

// move moves a file with others. It returns false if the file has to go on its own.
func (c *crowd) move(ctx context.Context, h *haul) (done bool, err error) {
	c.mu.Lock()
	if c.line == nil {
		c.line = &ascp.Line{Command: c.command, Acquire: c.p.r.place, Rates: c.rates, Timing: c.p.r.timing}
	}
	line, refused := c.line, c.refused
	c.mu.Unlock()
	if refused != nil {
		return false, nil
	}
	c.latest.Store(h.j)
	err = line.Move(ctx, h.way.Source, h.way.Destination, func(n int64) { h.report(n, 0) })
	if e, ok := errors.AsType[*SpecError](err); ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.refused == nil {
			c.p.r.logger().Debug("small files have a process each", "bucket", c.p.bucket.Name(), "error", e)
		}
		c.refused = e
		return false, nil
	}
	if errors.Is(err, ascp.ErrTwice) {
		return false, nil
	}
	if err != nil {
		h.report(0, 0)
	}
	return true, err
}

// command returns the process that is kept alive.
func (c *crowd) command(ctx context.Context, _ ascp.Attempt) (*ascp.Command, error) {
	r := c.p.r
	c.mu.Lock()
	refused := c.refused
	c.mu.Unlock()
	if refused != nil {
		return nil, refused // others have asked meanwhile
	}
	program, err := r.ascp()
	if err != nil {
		return nil, err
	}
	all := Path{Source: "/"}
	if c.d == Send {
		all = Path{Destination: "/"}
	}
	spec, err := c.p.party.service.Setup(ctx, c.p.bucket, c.d, all)
	if err != nil {
		return nil, err
	}
	spec.merge(&r.cfg)
	spec.RemoteHost = oneHost(spec.RemoteHost)
	c.spec.Store(spec)
	args, err := spec.arguments(&invocation{
		key: program.Key, logDir: r.cfg.LogDir, rates: c.rates(), xferID: newXferID(), session: 1, of: 1,
	})
	if err != nil {
		return nil, &SpecError{Step: "set up " + c.d.String(), Bucket: c.p.bucket.Name(), Err: err}
	}
	return &ascp.Command{Path: program.Path, Args: args, Env: spec.environment()}, nil
}

func (c *crowd) rates() ascp.Rates { return c.p.r.rates(c.spec.Load(), c.latest.Load()) }

// close ends the process. Nothing may be on its way.
func (c *crowd) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.line != nil {
		c.line.Close()
	}
}

// newXferID returns a name for a transfer that nobody goes on with.
func newXferID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4 of RFC 9562
	return formatUUID(b[:])
}

func formatUUID(b []byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
