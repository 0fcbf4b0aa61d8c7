package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/icos-go/icos/bench/internal/emulate"
	"github.com/icos-go/icos/bench/internal/report"
)

// cells are the links of the first table.
func cells() []emulate.Shape {
	cell := func(mbit float64, rtt int, loss float64) emulate.Shape {
		return emulate.Shape{Rate: mbit * 1e6, RTT: time.Duration(rtt) * time.Millisecond, Loss: loss / 100}
	}
	return []emulate.Shape{
		cell(100, 100, 1), cell(300, 100, 1), cell(300, 200, 2), cell(100, 200, 5),
		cell(1000, 100, 0.1), cell(1000, 200, 1), cell(100, 300, 10),
	}
}

// transport is a row of a cell.
type transport struct {
	name       string
	congestion string // of TCP, on both sides
	flags      clientFlags
	ours       bool // moves whole objects, several of them, however long it takes
	bare       bool // without HTTP
	rclone     bool
}

func (t *transport) udp() bool {
	return strings.HasPrefix(t.flags.transport, "rapid") || t.flags.transport == "quic"
}

func transports() []transport {
	raw := func(kind string, streams int, op string) clientFlags {
		return clientFlags{transport: kind, streams: streams, op: op}
	}
	objects := func(kind, op string) clientFlags { return clientFlags{transport: kind, op: op} }
	return []transport{
		{name: "rapid, bare stream, get", flags: raw("rapid", 1, "get"), congestion: "cubic", ours: true, bare: true},
		{name: "rapid, bare stream, put", flags: raw("rapid", 1, "put"), congestion: "cubic", ours: true, bare: true},
		{name: "icos over rapid, get", flags: objects("rapid-http", "get"), congestion: "cubic", ours: true},
		{name: "icos over rapid, put", flags: objects("rapid-http", "put"), congestion: "cubic", ours: true},
		{name: "icos over http and bbr, get", flags: objects("http", "get"), congestion: "bbr"},
		{name: "icos over http and bbr, put", flags: objects("http", "put"), congestion: "bbr"},
		{name: "icos over https and cubic, get", flags: objects("https", "get"), congestion: "cubic"},
		{name: "icos over https and cubic, put", flags: objects("https", "put"), congestion: "cubic"},
		{name: "TCP cubic 1", flags: raw("tcp", 1, "get"), congestion: "cubic"},
		{name: "TCP cubic 16", flags: raw("tcp", 16, "get"), congestion: "cubic"},
		{name: "TCP bbr 1", flags: raw("tcp", 1, "get"), congestion: "bbr"},
		{name: "TCP bbr 16", flags: raw("tcp", 16, "get"), congestion: "bbr"},
		{name: "quic-go 1", flags: raw("quic", 1, "get"), congestion: "cubic"},
		{name: "quic-go 8", flags: raw("quic", 8, "get"), congestion: "cubic"},
		{name: "rclone put", flags: objects("http", "put"), congestion: "cubic", rclone: true},
		{name: "rclone get", flags: objects("http", "get"), congestion: "cubic", rclone: true},
	}
}

// linkResult is what one transport did on one link.
type linkResult struct {
	// Bytes per second: of the objects after the first one, from the first byte at the receiver to the last, and
	// from the request to the end of the operation; and of the first one, from the beginning of the session to its end.
	warm, took, cold float64
	size             int64   // of an object
	whole            bool    // the objects arrived whole
	n                int     // objects behind warm
	lost, queued     float64 // shares of the packets sent: dropped by the queue; peak of the queue in BDP
	ramp             float64 // round trips; negative if it never got there
	duplicates       float64 // share; negative if not known
	parity           float64 // the same
	client, server   usage
	bytes            int64   // that arrived in all
	late             float64 // share of the packets
	void             bool    // the emulator lost packets of its own
}

// benchLinks measures all transports on all links. Slow links, which leave the
// processors idle, are measured side by side.
func benchLinks(ctx context.Context, b *bench) error {
	selected := slices.DeleteFunc(cells(), func(c emulate.Shape) bool { return !b.cells.MatchString(c.String()) })
	tables := make([]string, len(selected))
	begin := 0.0
	for _, class := range []struct {
		below float64 // bits per second
		links int     // at once
	}{{200e6, 3}, {500e6, 2}, {math.Inf(1), 1}} {
		var members []int
		for i, c := range selected {
			if c.Rate >= begin && c.Rate < class.below {
				members = append(members, i)
			}
		}
		begin = class.below
		err := sideBySide(class.links, len(members), func(i int) (err error) {
			tables[members[i]], err = b.measureCell(ctx, selected[members[i]])
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, t := range tables {
		fmt.Fprintln(b.out, t)
	}
	return nil
}

// measureCell returns the table of one link.
func (b *bench) measureCell(ctx context.Context, cell emulate.Shape) (string, error) {
	t := report.NewTable("transport", "MiB", "n", "first to last byte", "share", "request to end", "share", "cold", "share", "queue drops %", "peak queue BDP",
		"ramp RTT", "duplicates %", "parity %", "CPU s/Gbit", "client MiB", "server MiB", "late %")
	var failures []string
	for _, tr := range transports() {
		if !b.only.MatchString(tr.name) {
			continue
		}
		var runs []linkResult
		var failed error
		for pass := range b.passes {
			cell.Seed = uint64(pass + 1)
			r, err := b.measureLink(ctx, cell, tr)
			if ctx.Err() != nil {
				return "", ctx.Err()
			}
			if err != nil {
				failed = err
				b.note("%s, %s: %v", cell.String(), tr.name, err)
				continue
			}
			b.note("%s, %s: %.1f Mbit/s warm, %.1f cold, whole %v", cell.String(), tr.name, r.warm*8/1e6, r.cold*8/1e6, r.whole)
			runs = append(runs, r)
		}
		if len(runs) == 0 {
			t.Row(tr.name, "", "0", "failed")
			failures = append(failures, fmt.Sprintf("  %s: %s\n", tr.name, firstLine(failed)))
			continue
		}
		t.Row(tr.cells(cell, runs)...)
	}
	return fmt.Sprintf("%s (Mbit/s, RTT ms, loss %% each way); 100 %% is the link less its loss, %.1f Mbit/s of IP packets; rates in Mbit/s of object bytes\n\n%s%s",
		cell.String(), cell.Rate*(1-cell.Loss)/1e6, t, strings.Join(failures, "")), nil
}

// sideBySide calls do(0) to do(n-1), as many at once as it is told, and returns the
// first error.
func sideBySide(at, n int, do func(i int) error) error {
	var g errgroup.Group
	g.SetLimit(at)
	for i := range n {
		g.Go(func() error { return do(i) })
	}
	return g.Wait()
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func (t *transport) cells(cell emulate.Shape, runs []linkResult) []string {
	get := func(f func(r linkResult) float64) float64 { return median(runs, f) }
	warm := get(func(r linkResult) float64 { return r.warm })
	took := get(func(r linkResult) float64 { return r.took })
	cold := get(func(r linkResult) float64 { return r.cold })
	limit := cell.Rate / 8 * (1 - cell.Loss)
	name := t.name
	n := 0
	for _, r := range runs {
		if !r.whole {
			name = t.name + " *"
		}
		if r.void {
			name = t.name + " (void)"
		}
		n += r.n
	}
	orDash := func(v float64, format string) string {
		if v < 0 {
			return "-"
		}
		return fmt.Sprintf(format, v)
	}
	return []string{
		name, fmt.Sprint(runs[0].size >> 20), fmt.Sprint(n),
		mbit(warm), percent(warm / limit), mbit(took), percent(took / limit), mbit(cold), percent(cold / limit),
		fmt.Sprintf("%.2f", 100*get(func(r linkResult) float64 { return r.lost })),
		fmt.Sprintf("%.2f", get(func(r linkResult) float64 { return r.queued })),
		orDash(get(func(r linkResult) float64 { return r.ramp }), "%.1f"),
		orDash(100*get(func(r linkResult) float64 { return r.duplicates }), "%.2f"),
		orDash(100*get(func(r linkResult) float64 { return r.parity }), "%.2f"),
		fmt.Sprintf("%.2f", get(func(r linkResult) float64 {
			return (r.client.cpu + r.server.cpu).Seconds() / (float64(max(r.bytes, 1)) * 8 / 1e9)
		})),
		fmt.Sprint(int64(get(func(r linkResult) float64 { return float64(r.client.peak) })) >> 20),
		fmt.Sprint(int64(get(func(r linkResult) float64 { return float64(r.server.peak) })) >> 20),
		fmt.Sprintf("%.1f", 100*get(func(r linkResult) float64 { return r.late })),
	}
}

func mbit(bytesPerSecond float64) string {
	if v := bytesPerSecond * 8 / 1e6; v < 20 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", bytesPerSecond*8/1e6)
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

func median[T any](all []T, f func(T) float64) float64 {
	if len(all) == 0 {
		return 0
	}
	v := make([]float64, len(all))
	for i, x := range all {
		v[i] = f(x)
	}
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// measureLink runs one transport over one link.
func (b *bench) measureLink(ctx context.Context, cell emulate.Shape, t transport) (r linkResult, err error) {
	e, err := b.open(cell, t.congestion, strings.HasPrefix(t.flags.transport, "rapid"))
	if err != nil {
		return r, err
	}
	stopped := false
	defer func() {
		if !stopped {
			_, _, stop := e.stop()
			err = errors.Join(err, stop)
		}
	}()
	f := t.flags
	f.size, f.objects, f.limit = b.size, 1, b.limit
	if t.bare && !t.ours && cell.Rate < 200e6 {
		f.size /= 4
	}
	r.size = f.size
	if t.ours {
		f.objects = 1 + b.repeats(cell)
		// However slow: ten times what it should take.
		f.limit = time.Duration(10 * float64(f.size) * float64(f.objects) * 8 / cell.Rate * float64(time.Second))
	}
	if b.profiles != "" {
		f.profile = filepath.Join(b.profiles, strings.Map(fileRune, cell.String()+"-"+t.name))
	}
	if f.op == "put" && (t.rclone || f.transport != "rapid" && f.transport != "tcp" && f.transport != "quic") {
		if err := writeFile(filepath.Join(e.dir, sourceFile), f.size); err != nil {
			return r, err
		}
	}
	e.link.Reset()
	var got clientReport
	if t.rclone {
		got, r.client, err = e.rclone(ctx, f)
	} else {
		got, r.client, err = e.client(ctx, f)
	}
	if err != nil {
		return r, err
	}
	from := emulate.B
	if f.op == "put" {
		from = emulate.A
	}
	s := e.link.Stats(from)
	stopped = true
	var server serverReport
	if server, r.server, err = e.stop(); err != nil {
		return r, err
	}
	if f.op == "put" {
		fill(got.Objects, server.Puts)
	}
	r.judge(cell, &t, got, s)
	if len(got.Rapid) > 0 {
		again, parity := got.Rapid[0].Duplicates, server.Totals.Parity
		if f.op == "put" {
			again, parity = server.Totals.Duplicates, got.Rapid[0].Parity
		}
		r.duplicates = float64(again) / float64(max(r.bytes, 1))
		r.parity = float64(parity) / float64(max(r.bytes, 1))
	}
	if b.verbose {
		b.explain(got, server, s)
	}
	return r, nil
}

// explain says more of a run than the tables do.
func (b *bench) explain(got clientReport, server serverReport, s *emulate.Stats) {
	for _, o := range got.Objects {
		b.note("  %s: %d bytes, first after %v, last after %v, done after %v", cmp.Or(o.Key, "object"), o.Bytes,
			time.Duration(o.First-o.Start).Round(time.Millisecond), time.Duration(o.Last-o.Start).Round(time.Millisecond), time.Duration(o.End-o.Start).Round(time.Millisecond))
	}
	b.note("  link: %d packets sent, %d lost at random, %d dropped by the queue, %d blocked, %d refused, %d overrun, %d late; waited %v (median) %v (95 %%)",
		s.Sent, s.RandomDrops, s.QueueDrops, s.Blocked, s.Refused, s.Overrun, s.Late, s.Wait(.5), s.Wait(.95))
	for name, f := range map[string]*emulate.Flow{"TCP": &s.TCP, "UDP": &s.UDP} {
		var line []string
		const step = 500 * time.Millisecond
		for at := time.Duration(0); at < time.Duration(len(f.Slots))*emulate.Slot; at += step {
			line = append(line, fmt.Sprintf("%.0f", f.Rate(at, at+step)/1e6))
		}
		b.note("  %s, Mbit/s each half second: %s", name, strings.Join(line, " "))
	}
	b.note("  client: %+v\n  server: %+v", got.Rapid, server.Totals)
}

func fileRune(r rune) rune {
	if strings.ContainsRune("/ ,", r) {
		return '-'
	}
	return r
}

// repeats is how many objects follow the first one.
func (b *bench) repeats(cell emulate.Shape) int {
	switch {
	case b.objects > 0:
		return b.objects
	case cell.Rate < 200e6:
		return 1
	case cell.Rate < 500e6:
		return 2
	}
	return 3
}

// fill adds to uploads what the server knows of them.
func fill(objects, puts []object) {
	for i := range objects {
		o := &objects[i]
		if o.First != 0 { // bare streams know it
			continue
		}
		o.Bytes = 0
		for _, p := range puts {
			if p.Key == o.Key || o.Key == "" && p.Start >= o.Start {
				o.join(p)
			}
		}
	}
}

func (r *linkResult) judge(cell emulate.Shape, t *transport, got clientReport, s *emulate.Stats) {
	r.duplicates, r.parity, r.whole = -1, -1, len(got.Objects) > 0
	var warm, took []float64
	for i, o := range got.Objects {
		r.whole = r.whole && o.Whole
		r.bytes += o.Bytes
		if i == 0 {
			r.cold = o.took()
		}
		if i > 0 || len(got.Objects) == 1 {
			warm = append(warm, o.received())
			took = append(took, o.took())
		}
	}
	r.n = len(warm)
	r.warm = median(warm, func(v float64) float64 { return v })
	r.took = median(took, func(v float64) float64 { return v })
	flow := &s.TCP
	if t.udp() {
		flow = &s.UDP
	}
	if !r.whole && len(got.Slots) > 20 {
		// Stopped in the middle: the second half, in which the ramp is over.
		half := got.Slots[len(got.Slots)/2 : len(got.Slots)-1]
		var sum int64
		for _, n := range half {
			sum += n
		}
		r.warm = rate(sum, int64(len(half))*tenth)
	}
	r.lost = float64(s.QueueDrops) / float64(max(s.Sent, 1))
	r.queued = float64(s.PeakQueue) / max(cell.BDP(), 1)
	r.ramp = -1
	if at, ok := flow.Reaches(0.9*cell.Rate*(1-cell.Loss), max(cell.RTT, 10*emulate.Slot)); ok {
		r.ramp = float64(at) / float64(cell.RTT)
	}
	r.late = float64(s.Late) / float64(max(s.Delivered, 1))
	r.void = s.Refused+s.Overrun > 0
}

// writeFile makes a file of which no two pieces are alike.
func writeFile(path string, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	b := make([]byte, 1<<20)
	x := uint64(size)
	for left := size; left > 0 && err == nil; {
		for i := 0; i < len(b); i += 8 {
			x = x*6364136223846793005 + 1442695040888963407 // Knuth's MMIX generator
			binary.LittleEndian.PutUint64(b[i:], x)
		}
		var n int
		n, err = f.Write(b[:min(left, int64(len(b)))])
		left -= int64(n)
	}
	return errors.Join(err, f.Close())
}

// rclone moves one object with rclone's defaults. What it moved before its time was
// up is what the link delivered for it, retransmissions included.
func (e *ends) rclone(ctx context.Context, f clientFlags) (clientReport, usage, error) {
	path, err := tool("rclone")
	if err != nil {
		return clientReport{}, usage{}, err
	}
	remote := fmt.Sprintf("bench:bench/n1-s%d/f0", f.size)
	args := []string{"copyto", remote, filepath.Join(e.dir, "received")}
	from := emulate.B
	if f.op == "put" {
		args, from = []string{"copyto", filepath.Join(e.dir, sourceFile), "bench:bench/put"}, emulate.A
	}
	o := object{Key: "/bench/put", Start: monotonic(), Whole: true}
	_, u, err := e.program(ctx, emulate.A, e.rcloneCommand(path, args...), f.limit)
	o.End = monotonic()
	if errors.Is(err, errStopped) {
		o.Whole, err = false, nil
	}
	flow := &e.link.Stats(from).TCP
	o.Bytes = min(f.size, flow.Payload)
	o.First, o.Last = o.Start+int64(flow.First), cmp.Or(o.End, o.Start)
	return clientReport{Objects: []object{o}}, u, err
}

func (e *ends) rcloneCommand(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Env = []string{
		"HOME=" + e.dir, "PATH=/usr/bin:/bin", "TMPDIR=" + e.dir,
		"AWS_ACCESS_KEY_ID=bench", "AWS_SECRET_ACCESS_KEY=bench",
		"RCLONE_CONFIG_BENCH_TYPE=s3", "RCLONE_CONFIG_BENCH_PROVIDER=Other", "RCLONE_CONFIG_BENCH_ENV_AUTH=true",
		"RCLONE_CONFIG_BENCH_ENDPOINT=http://" + emulate.B.Address() + httpPort, "RCLONE_CONFIG_BENCH_REGION=us-east-1",
		"RCLONE_CONFIG_BENCH_FORCE_PATH_STYLE=true", "RCLONE_CONFIG=" + filepath.Join(e.dir, "rclone.conf"),
	}
	return cmd
}

// tool finds a peer's program where go run . has built it.
func tool(name string) (string, error) {
	path, err := filepath.Abs(filepath.Join(".cache", "bin", name))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w: go run . -clients -quick -only '^rclone$' builds it", err)
	}
	return path, nil
}
