package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/icos-go/icos/bench/internal/report"
)

// load is what "floor load" prints.
type load struct {
	Requests int
	Seconds  float64
	P50, P99 float64 // milliseconds

	server time.Duration // processor time of the server for each request
}

// put and get loads, by requests in flight.
var inFlight = []int{16, 64}

// serverResult is what one server did. Every field has one entry a pass.
type serverResult struct {
	*server
	put, get map[int][]load // by requests in flight
	up, down []sample       // of one large object
	lists    []sample       // the first and the second of the same keys
	fill     load
	peak     int64
	failed   error
}

// benchServers loads every server in turn, several times, then lists what they
// hold.
func benchServers(ctx context.Context, out io.Writer, w *workspace, o options) (err error) {
	requests, keys, size := 10000, 100000, int64(1)<<30
	if o.quick {
		requests, keys, size = 1000, 5000, size>>4
	}
	var all []*serverResult
	defer func() {
		for _, r := range all {
			err = errors.Join(err, r.stop())
		}
	}()
	for _, k := range kinds {
		if k.name != "null" && !o.names.MatchString(k.name) {
			continue
		}
		s, err := w.serve(ctx, k)
		if err == nil {
			if err = s.makeBucket(ctx, w); err != nil {
				err = errors.Join(err, s.stop())
			}
		}
		if err != nil {
			fmt.Fprintf(out, "%s is left out: %v\n\n", k.name, err)
			continue
		}
		all = append(all, &serverResult{server: s, put: map[int][]load{}, get: map[int][]load{}})
	}
	for pass := range o.passes {
		for i := range all {
			r := all[(i+pass)%len(all)]
			if r.failed == nil {
				r.failed = r.pass(ctx, w, fmt.Sprintf("p%d/", pass), requests, size)
			}
		}
	}
	for _, r := range all {
		if r.failed == nil {
			r.failed = r.list(ctx, w, keys)
		}
		r.peak = r.proc.memory("VmHWM")
		if r.failed != nil {
			fmt.Fprintf(out, "%s failed: %v\n\n", r.kind.name, r.failed)
		}
	}
	all = slices.DeleteFunc(all, func(r *serverResult) bool {
		if r.failed != nil {
			err = errors.Join(err, r.stop())
		}
		return r.failed != nil
	})
	fmt.Fprintf(out, "Servers: %d PUTs and GETs of 4 KiB, a list of %d keys, %d MiB up and down; median of %d\n\n%s\n",
		requests, keys, size>>20, o.passes, serverTable(all))
	for _, r := range all {
		fmt.Fprintf(out, "  %s: %s\n", r.kind.name, r.kind.note)
	}
	fmt.Fprintf(out, "\nWhere icos serve stands\n\n%s\n", judgeServers(all))
	return err
}

// makeBucket tries again for a while, since some servers answer before they can
// serve.
func (s *server) makeBucket(ctx context.Context, w *workspace) error {
	return s.wait(ctx, func() error {
		_, err := s.flood(ctx, w, "mkbucket", ".")
		return err
	})
}

// flood runs "floor load".
func (s *server) flood(ctx context.Context, w *workspace, args ...string) (load, error) {
	args = append([]string{"load", "-endpoint=" + s.endpoint, "-bucket=" + bucket}, args...)
	before := s.proc.cpu()
	_, out, err := measure(ctx, w.clientEnv(s.endpoint, s.access, s.secret), filepath.Join(w.bin, "floor"), args...)
	if err != nil || len(out) == 0 {
		return load{}, err
	}
	var l load
	if err := json.Unmarshal(out, &l); err != nil {
		return load{}, err
	}
	l.server = (s.proc.cpu() - before) / time.Duration(max(l.Requests, 1))
	return l, nil
}

// pass puts and gets small objects, then a large one.
func (r *serverResult) pass(ctx context.Context, w *workspace, prefix string, requests int, size int64) error {
	for _, n := range inFlight {
		for _, op := range []string{"put", "get"} {
			l, err := r.flood(ctx, w, fmt.Sprintf("-workers=%d", n), fmt.Sprintf("-n=%d", requests), op, r.keys(fmt.Sprintf("%sc%d-", prefix, n), op))
			if err != nil {
				return err
			}
			to := r.put
			if op == "get" {
				to = r.get
			}
			to[n] = append(to[n], l)
			fmt.Fprintf(os.Stderr, "%-12s %s, %d in flight: %.0f/s, server %v each\n", r.kind.name, op, n, l.perSecond(), l.server)
		}
	}
	dir, err := w.files(1, size)
	if err != nil {
		return err
	}
	key := prefix + "large"
	run := func(op op, path, key string) (sample, error) {
		before := r.proc.cpu()
		u, _, err := measure(ctx, w.clientEnv(r.endpoint, r.access, r.secret), filepath.Join(w.bin, "floor"),
			drive()(task{op: op, path: path, key: key, endpoint: r.endpoint})...)
		return sample{u, r.proc.cpu() - before}, err
	}
	up, err := run(putFile, filepath.Join(dir, "f0000000"), key)
	if err != nil {
		return err
	}
	if r.kind.name == "null" {
		key = fmt.Sprintf("n1-s%d/f0000000", size)
	}
	path := filepath.Join(w.mem, "large")
	down, err := run(getFile, path, key)
	if err != nil {
		return err
	}
	r.up, r.down = append(r.up, up), append(r.down, down)
	fmt.Fprintf(os.Stderr, "%-12s %d MiB up %.2f s, down %.2f s\n", r.kind.name, size>>20, up.wall.Seconds(), down.wall.Seconds())
	return os.Remove(path)
}

// keys is the prefix to use: the null server holds only keys that it invents.
func (r *serverResult) keys(prefix, op string) string {
	if r.kind.name == "null" && op == "get" {
		return "n1000000-s4096/"
	}
	return prefix
}

// list fills a prefix with empty objects and lists it twice.
func (r *serverResult) list(ctx context.Context, w *workspace, keys int) error {
	prefix := "list/"
	if r.kind.name == "null" {
		prefix = fmt.Sprintf("n%d-s16/", keys)
	} else {
		l, err := r.flood(ctx, w, "-workers=64", fmt.Sprintf("-n=%d", keys), "-size=16", "-most=150s", "put", prefix)
		if err != nil {
			return err
		}
		if l.Requests < keys {
			return fmt.Errorf("only %d objects in %.0f s", l.Requests, l.Seconds)
		}
		r.fill = l
	}
	for range 2 {
		before := r.proc.cpu()
		u, _, err := measure(ctx, w.clientEnv(r.endpoint, r.access, r.secret), filepath.Join(w.bin, "floor"),
			drive()(task{op: list, key: prefix, endpoint: r.endpoint})...)
		if err != nil {
			return err
		}
		r.lists = append(r.lists, sample{u, r.proc.cpu() - before})
	}
	fmt.Fprintf(os.Stderr, "%-12s list %d keys: %.2f s, %.2f s\n", r.kind.name, keys, r.lists[0].wall.Seconds(), r.lists[1].wall.Seconds())
	return nil
}

func serverTable(all []*serverResult) string {
	t := report.NewTable("server", "PUT/s c16", "p99 ms", "PUT/s c64", "p99 ms", "GET/s c16", "GET/s c64", "µs CPU PUT", "GET",
		"list s", "again", "up s", "CPU s", "down s", "CPU s", "ready ms", "MiB then", "peak MiB")
	for _, r := range all {
		put16, put64, get16, get64 := middle(r.put[16]), middle(r.put[64]), middle(r.get[16]), middle(r.get[64])
		up, down := result{samples: r.up}, result{samples: r.down}
		server := func(s sample) time.Duration { return s.server }
		t.Row(r.kind.name,
			put16.rate(), fmt.Sprintf("%.1f", put16.P99), put64.rate(), fmt.Sprintf("%.1f", put64.P99), get16.rate(), get64.rate(),
			fmt.Sprint(put16.server.Microseconds()), fmt.Sprint(get16.server.Microseconds()),
			seconds(r.lists[0].wall), seconds(r.lists[1].wall),
			seconds(up.wall()), seconds(up.median(server)), seconds(down.wall()), seconds(down.median(server)),
			fmt.Sprint(r.ready.Milliseconds()), fmt.Sprint(r.rss>>20), fmt.Sprint(r.peak>>20))
	}
	return t.String()
}

func (l load) perSecond() float64 { return float64(l.Requests) / l.Seconds }

func (l load) rate() string { return fmt.Sprintf("%.0f", l.perSecond()) }

// middle is the load whose rate is the median.
func middle(all []load) load {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b load) int {
		if a.Seconds < b.Seconds {
			return -1
		}
		return 1
	})
	return all[len(all)/2]
}
