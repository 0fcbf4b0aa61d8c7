package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/icos-go/icos/bench/internal/emulate"
	"github.com/icos-go/icos/bench/internal/report"
)

// benchCeiling runs the transports without a link between their ends: both in one
// namespace over its loopback device, and in two joined by veth devices.
func benchCeiling(ctx context.Context, b *bench) error {
	t := report.NewTable("transport", "path", "n", "Gbit/s", "CPU s/Gbit client", "server", "both", "client MiB", "server MiB")
	raw := func(kind string, streams int, op string) clientFlags {
		return clientFlags{transport: kind, streams: streams, op: op, size: 1 << 40, objects: 1, limit: 3 * time.Second}
	}
	noOffload := raw("rapid", 1, "get")
	noOffload.noOffload = true
	rows := []transport{
		{name: "rapid get, 1 stream", flags: raw("rapid", 1, "get"), congestion: "cubic"},
		{name: "rapid get, 8 streams", flags: raw("rapid", 8, "get"), congestion: "cubic"},
		{name: "rapid get, no GSO and GRO", flags: noOffload, congestion: "cubic"},
		{name: "quic-go 1", flags: raw("quic", 1, "get"), congestion: "cubic"},
		{name: "quic-go 8", flags: raw("quic", 8, "get"), congestion: "cubic"},
		{name: "TCP cubic 1", flags: raw("tcp", 1, "get"), congestion: "cubic"},
		{name: "TCP bbr 1", flags: raw("tcp", 1, "get"), congestion: "bbr"},
	}
	for _, tr := range rows {
		if !b.only.MatchString(tr.name) {
			continue
		}
		for _, path := range []string{"loopback", "veth"} {
			if !b.cells.MatchString(path) {
				continue
			}
			var runs []linkResult
			for range max(b.passes, 2) {
				r, err := b.ceiling(ctx, tr, path)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err != nil {
					b.note("ceiling, %s, %s: %v", tr.name, path, err)
					continue
				}
				b.note("ceiling, %s, %s: %.2f Gbit/s", tr.name, path, r.warm*8/1e9)
				runs = append(runs, r)
			}
			if len(runs) == 0 {
				t.Row(tr.name, path, "0", "failed")
				continue
			}
			perGbit := func(f func(r linkResult) time.Duration) string {
				return fmt.Sprintf("%.3f", median(runs, func(r linkResult) float64 { return f(r).Seconds() / (float64(r.bytes) * 8 / 1e9) }))
			}
			t.Row(tr.name, path, fmt.Sprint(len(runs)),
				fmt.Sprintf("%.2f", median(runs, func(r linkResult) float64 { return r.warm })*8/1e9),
				perGbit(func(r linkResult) time.Duration { return r.client.cpu }),
				perGbit(func(r linkResult) time.Duration { return r.server.cpu }),
				perGbit(func(r linkResult) time.Duration { return r.client.cpu + r.server.cpu }),
				fmt.Sprint(int64(median(runs, func(r linkResult) float64 { return float64(r.client.peak) }))>>20),
				fmt.Sprint(int64(median(runs, func(r linkResult) float64 { return float64(r.server.peak) }))>>20))
		}
	}
	fmt.Fprintf(b.out, "As fast as this machine can, both ends on it; the second half of 3 s\n\n%s\n", t)
	return nil
}

func (b *bench) ceiling(ctx context.Context, tr transport, path string) (r linkResult, err error) {
	l, err := b.emulate(emulate.Shape{})
	if err != nil {
		return r, err
	}
	e := newEnds(b, l)
	host, side := emulate.B.Address(), emulate.B
	if path == "veth" {
		side = emulate.A
		if host, err = l.Veth(tr.congestion); err != nil {
			return r, errors.Join(err, l.Close())
		}
	} else if err := l.LoopbackCongestion(tr.congestion); err != nil {
		return r, errors.Join(err, l.Close())
	}
	if err := e.serve(host, tr.flags.transport == "rapid"); err != nil {
		return r, errors.Join(err, l.Close())
	}
	f := tr.flags
	if b.quick {
		f.limit = 2 * time.Second
	}
	got, u, err := e.clientOn(ctx, side, f)
	_, server, stop := e.stop()
	if err := errors.Join(err, stop); err != nil {
		return r, err
	}
	half := got.Slots[len(got.Slots)/2 : max(len(got.Slots)/2+1, len(got.Slots)-1)]
	var sum int64
	for _, n := range half {
		sum += n
	}
	r.warm = rate(sum, int64(len(half))*tenth)
	r.bytes = got.Objects[0].Bytes
	r.client, r.server = u, server
	return r, nil
}
