package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/icos-go/icos/bench/internal/report"
)

// result is what one client did on one row.
type result struct {
	client  client
	samples []sample
	failed  error
}

// benchClients prints a table for each row and scheme.
func benchClients(ctx context.Context, out io.Writer, w *workspace, o options) (err error) {
	servers := make([]*server, len(o.schemes))
	for i, scheme := range o.schemes {
		k := null
		if scheme == "https" {
			k = nullTLS
		}
		s, err := w.serve(ctx, k)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.stop()) }()
		servers[i] = s
	}
	chosen := present(out, w, o)
	var verdicts []string
	for _, r := range rows(o.quick) {
		if !o.rows.MatchString(r.name) {
			continue
		}
		for i, scheme := range o.schemes {
			results := r.passes(ctx, w, servers[i], chosen, o)
			if err := ctx.Err(); err != nil {
				return err
			}
			fmt.Fprintf(out, "%s, %s\n\n%s\n", r.title, scheme, r.table(results))
			verdicts = append(verdicts, r.judge(scheme, results)...)
		}
	}
	fmt.Fprintf(out, "Where icos stands\n\n%s\n", strings.Join(verdicts, "\n"))
	return nil
}

// present returns the clients that were chosen and exist.
func present(out io.Writer, w *workspace, o options) []client {
	return slices.DeleteFunc(clients(), func(c client) bool {
		if c.name != "floor" && !o.names.MatchString(c.name) {
			return true
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(w.bin), c.path)); err != nil {
			fmt.Fprintf(out, "%s is left out: %v\n\n", c.name, errors.Unwrap(err))
			return true
		}
		return false
	})
}

// passes runs every client once, then every client again, so that what else the
// machine does falls on all of them. Each pass begins with another one.
func (r row) passes(ctx context.Context, w *workspace, s *server, chosen []client, o options) []result {
	var results []result
	for _, c := range chosen {
		takes := c.rows == "" || slices.Contains(strings.Fields(c.rows), r.name)
		if takes && (o.slow || !slices.Contains(strings.Fields(c.slow), r.name)) {
			results = append(results, result{client: c})
		}
	}
	for pass := range o.passes {
		for i := range results {
			res := &results[(i+pass)%len(results)]
			// A list of a million keys takes the peers 10 to 30 s and varies
			// little; one run of theirs is enough.
			if res.failed != nil || ctx.Err() != nil || (r.op == list && !res.client.ours && pass > 0) {
				continue
			}
			tag := fmt.Sprintf("%s-%d-%s", r.name, pass, strings.ReplaceAll(res.client.name, " ", "-"))
			smp, err := r.run(ctx, w, s, res.client, tag)
			if err != nil {
				res.failed = err
				fmt.Fprintf(os.Stderr, "%s, %s: %v\n", r.title, res.client.name, err)
				continue
			}
			res.samples = append(res.samples, smp)
			fmt.Fprintf(os.Stderr, "%-8s %-25s wall %6.2f s, cpu %6.2f s, %3d MiB\n", r.name, res.client.name, smp.wall.Seconds(), smp.cpu().Seconds(), smp.rss>>20)
		}
	}
	return results
}

// median is the middle of what f says of the samples.
func (r result) median(f func(sample) time.Duration) time.Duration {
	all := make([]time.Duration, len(r.samples))
	for i, s := range r.samples {
		all[i] = f(s)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func (r result) wall() time.Duration {
	return r.median(func(s sample) time.Duration { return s.wall })
}

func (r result) cpu() time.Duration {
	return r.median(func(s sample) time.Duration { return s.cpu() })
}

// rss is the highest peak, since memory has a bound, not an average.
func (r result) rss() int64 {
	var top int64
	for _, s := range r.samples {
		top = max(top, s.rss)
	}
	return top
}

func (r row) table(results []result) string {
	floor := results[0]
	t := report.NewTable("client", "n", "wall s", "min", "rate", "CPU s", "user", "sys", "peak MiB", "server CPU s", "wall/floor", "CPU/floor")
	order := slices.Clone(results)
	slices.SortStableFunc(order, func(a, b result) int {
		if len(a.samples) == 0 || len(b.samples) == 0 {
			return len(b.samples) - len(a.samples)
		}
		return int(a.cpu() - b.cpu())
	})
	for _, res := range order {
		if len(res.samples) == 0 {
			t.Row(res.client.name, "0", "failed")
			continue
		}
		least := slices.MinFunc(res.samples, func(a, b sample) int { return int(a.wall - b.wall) })
		cells := []string{
			res.client.name, fmt.Sprint(len(res.samples)),
			seconds(res.wall()), seconds(least.wall), r.rate(res.wall()),
			seconds(res.cpu()),
			seconds(res.median(func(s sample) time.Duration { return s.user })),
			seconds(res.median(func(s sample) time.Duration { return s.sys })),
			fmt.Sprint(res.rss() >> 20),
			seconds(res.median(func(s sample) time.Duration { return s.server })),
		}
		if len(floor.samples) > 0 {
			cells = append(cells, ratio(res.wall(), floor.wall()), ratio(res.cpu(), floor.cpu()))
		}
		t.Row(cells...)
	}
	return t.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }

func ratio(a, b time.Duration) string { return fmt.Sprintf("%.2f", float64(a)/float64(b)) }
