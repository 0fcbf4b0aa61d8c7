package relay

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"
)

// counters are what the Server has done since it began.
type counters struct {
	granted                                      atomic.Int64
	invalid, denied, clock, destination, tooMany atomic.Int64
	streams, open                                atomic.Int64
	busy, offList, unreachable, idle             atomic.Int64
	up, down                                     atomic.Int64 // bytes to and from upstreams
}

func (c *counters) refused(code string) {
	switch code {
	case codeInvalid:
		c.invalid.Add(1)
	case codeDenied:
		c.denied.Add(1)
	case codeClock:
		c.clock.Add(1)
	case codeDestination:
		c.destination.Add(1)
	case codeBusy:
		c.tooMany.Add(1)
	}
}

// serveMetrics is GET /metrics, in the text format of Prometheus 0.0.4. It is
// for this machine, and for those who have a token.
func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) {
	if !local(r) {
		if _, err := s.gate.caller(r.Context(), r, time.Now()); err != nil {
			s.refuse(w, r, "", denialOf(err), err)
			return
		}
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	if _, err := w.Write([]byte(s.metrics())); err != nil {
		s.log.Debug("send metrics", "error", err)
	}
}

// local reports whether r comes from this machine and not by way of a proxy on it.
func local(r *http.Request) bool {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !addr.Addr().Unmap().IsLoopback() {
		return false
	}
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	return true
}

// A metric is one name with its values by label; the label is "" or as in
// code="busy".
type metric struct {
	name, kind, help string
	values           []labelled
}

type labelled struct {
	label string
	value int64
}

func (s *Server) metrics() string {
	c := &s.counts
	t := s.cfg.Listener.Totals()
	one := func(n int64) []labelled { return []labelled{{"", n}} }
	var b strings.Builder
	for _, m := range []metric{
		{"icos_relay_grants_total", "counter", "Grants given.", one(c.granted.Load())},
		{"icos_relay_refusals_total", "counter", "Requests for a grant that were refused.", []labelled{
			{`code="invalid"`, c.invalid.Load()},
			{`code="denied"`, c.denied.Load()},
			{`code="clock"`, c.clock.Load()},
			{`code="destination"`, c.destination.Load()},
			{`code="busy"`, c.tooMany.Load()},
		}},
		{"icos_relay_grants_waiting", "gauge", "Grants whose session has not begun.", one(int64(t.Grants))},
		{"icos_relay_sessions", "gauge", "Sessions now.", one(int64(t.Live))},
		{"icos_relay_sessions_total", "counter", "Sessions begun.", one(t.Sessions)},
		{"icos_relay_streams", "gauge", "Streams now.", one(c.open.Load())},
		{"icos_relay_streams_total", "counter", "Streams opened.", one(c.streams.Load())},
		{"icos_relay_streams_failed_total", "counter", "Streams ended by the relay.", []labelled{
			{`why="busy"`, c.busy.Load()},
			{`why="destination"`, c.offList.Load()},
			{`why="unreachable"`, c.unreachable.Load()},
			{`why="idle"`, c.idle.Load()},
		}},
		{"icos_relay_upstream_bytes_total", "counter", "Bytes carried to and from upstreams.", []labelled{
			{`direction="up"`, c.up.Load()},
			{`direction="down"`, c.down.Load()},
		}},
		{"icos_relay_udp_bytes_total", "counter", "Bytes of UDP payloads.", []labelled{
			{`direction="received"`, t.Received},
			{`direction="sent"`, t.Sent},
		}},
		{"icos_relay_udp_retransmitted_bytes_total", "counter", "Bytes of streams sent again.", one(t.Retransmitted)},
		{"icos_relay_udp_packets_lost_total", "counter", "Packets sent and given up for lost.", one(t.Lost)},
		{"icos_relay_udp_datagrams_dropped_total", "counter", "Datagrams received and not taken.", []labelled{
			{`why="unknown"`, t.Unknown},
			{`why="forged"`, t.Forged},
			{`why="host"`, t.Dropped},
		}},
	} {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %[1]s %[3]s\n", m.name, m.help, m.kind)
		for _, v := range m.values {
			if v.label == "" {
				fmt.Fprintf(&b, "%s %d\n", m.name, v.value)
			} else {
				fmt.Fprintf(&b, "%s{%s} %d\n", m.name, v.label, v.value)
			}
		}
	}
	return b.String()
}
