package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// benchMillion fills icos serve with a million objects and has the clients list
// them, and compare them with a million files: the whole way, from the index on the disk to
// the client.
func benchMillion(ctx context.Context, out io.Writer, w *workspace, o options) (err error) {
	n := 1000000
	if o.quick {
		n = 20000
	}
	s, err := w.serve(ctx, icosServe)
	if err != nil {
		fmt.Fprintf(out, "A million real keys are left out: %v\n\n", err)
		return nil
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.makeBucket(ctx, w); err != nil {
		return err
	}
	// The prefix has the form that rows ask for.
	r := row{name: "list", title: fmt.Sprintf("list %d real keys of icos serve, http", n), op: list, n: n, size: 16}
	fill, err := s.flood(ctx, w, "-workers=64", fmt.Sprintf("-n=%d", n), "-size=16", "-most=150s", "put", fmt.Sprintf("n%d-s16/", n))
	if err != nil {
		return err
	}
	if fill.Requests < n {
		fmt.Fprintf(out, "A million real keys are left out: only %d were stored in %.0f s\n\n", fill.Requests, fill.Seconds)
		return nil
	}
	fmt.Fprintf(os.Stderr, "filled with %d objects at %s/s\n", n, fill.rate())
	fmt.Fprintf(out, "%s%s\n(stored at %s PUT/s, 64 in flight, %.1f ms at the 99th percentile)\n\n%s\n",
		strings.ToUpper(r.title[:1]), r.title[1:], fill.rate(), fill.P99, r.table(r.passes(ctx, w, s, present(out, w, o), o)))

	// The same with as many files: the second run of a sync, which moves nothing.
	y := row{name: "syncall", title: fmt.Sprintf("Sync %d files that are in icos serve already, http", n), op: syncDir, n: n, size: 16}
	if o.rows.MatchString(y.name) {
		fmt.Fprintf(out, "%s\n\n%s(Server peak %d MiB)\n\n", y.title, y.table(y.passes(ctx, w, s, present(out, w, o), o)), s.proc.memory("VmHWM")>>20)
	}
	return ctx.Err()
}
