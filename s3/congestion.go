package s3

import (
	"context"
	"log/slog"
	"net"
	"sync/atomic"
)

// The congestion control that is asked for unless another is named, and the name of leaving it alone.
//
// BBR goes by the rate at which bytes arrive, not by losses: over a path of 300 Mbit/s, 100 ms
// and 1 % loss, sixteen connections upload seven times faster by it than by cubic.
const (
	defaultCongestion = "bbr"
	systemCongestion  = "system"
)

// congestion chooses how connections send.
type congestion struct {
	name   string
	chosen bool // by the user, who then wants it on a path within this machine too
	logger *slog.Logger
	off    atomic.Bool // the system refused
}

func newCongestion(o *TransportOptions) *congestion {
	g := &congestion{name: o.Congestion, chosen: o.Congestion != "", logger: o.Logger}
	if !g.chosen {
		g.name = defaultCongestion
	}
	g.off.Store(g.name == systemCongestion)
	return g
}

// apply makes the choice for c. A system that does not know it, as where the module of the kernel is not
// loaded (ENOENT) or reserved (EPERM), would refuse it for the next connection too, and its own choice works.
func (g *congestion) apply(ctx context.Context, c net.Conn) {
	if g.off.Load() || !g.chosen && isLoopback(c.RemoteAddr()) {
		return
	}
	err := setCongestion(c, g.name)
	if err == nil || g.off.Swap(true) || g.logger == nil {
		return
	}
	g.logger.LogAttrs(ctx, slog.LevelDebug, "s3: the system's congestion control stays",
		slog.String("wanted", g.name), slog.String("error", err.Error()))
}

// isLoopback says whether a is on this machine, where there is neither delay nor loss and pacing
// only costs time.
func isLoopback(a net.Addr) bool {
	t, ok := a.(*net.TCPAddr)
	return ok && t.IP.IsLoopback()
}
