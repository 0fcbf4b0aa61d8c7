package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// row is a workload of the client tables.
type row struct {
	name  string
	title string
	op    op
	n     int
	size  int64
}

func rows(quick bool) []row {
	all := []row{
		{"put1g", "upload 1 GiB", putFile, 1, 1 << 30},
		{"get1g", "download 1 GiB", getFile, 1, 1 << 30},
		{"put4k", "upload 10,000 × 4 KiB", putDir, 10000, 4 << 10},
		{"get4k", "download 10,000 × 4 KiB", getDir, 10000, 4 << 10},
		{"put256k", "upload 1,000 × 256 KiB", putDir, 1000, 256 << 10},
		{"list", "list 1,000,000 keys", list, 1000000, 4 << 10},
		{"sync4k", "sync 10,000 × 4 KiB that are there already", syncDir, 10000, 4 << 10},
	}
	if quick {
		for i := range all {
			r := &all[i]
			if r.n == 1 {
				r.size >>= 4
			} else {
				r.n /= 20
			}
			r.title += fmt.Sprintf(", cut to %d × %d bytes", r.n, r.size)
		}
	}
	return all
}

// rate is how much of the row is done in a second, in the row's unit.
func (r row) rate(d time.Duration) string {
	switch {
	case r.n == 1:
		return fmt.Sprintf("%.2f GB/s", float64(r.size)/d.Seconds()/1e9)
	case r.op == list:
		return fmt.Sprintf("%.0f keys/s", float64(r.n)/d.Seconds())
	}
	return fmt.Sprintf("%.0f files/s", float64(r.n)/d.Seconds())
}

// sample is one run of one client.
type sample struct {
	usage
	server time.Duration // processor time of the server meanwhile
}

// run has a client do the row once and checks that it was done.
func (r row) run(ctx context.Context, w *workspace, s *server, c client, tag string) (sample, error) {
	t := task{op: r.op, endpoint: s.endpoint}
	stored := fmt.Sprintf("n%d-s%d/", r.n, r.size) // a prefix that the null server invents
	var check func(out []byte) error
	switch r.op {
	case putFile, putDir:
		dir, err := w.files(r.n, r.size)
		if err != nil {
			return sample{}, err
		}
		t.path, t.key = dir, "put-"+tag+"/"
		if r.op == putFile {
			t.path, t.key = filepath.Join(dir, "f0000000"), t.key+"f0000000"
		}
		prefix := t.key
		check = func([]byte) error { return s.received(ctx, w, prefix, r.n, int64(r.n)*r.size) }
	case getFile, getDir:
		dir := filepath.Join(w.mem, "get")
		if err := os.Mkdir(dir, 0o755); err != nil {
			return sample{}, err
		}
		defer os.RemoveAll(dir)
		t.path, t.key = dir, stored
		if r.op == getFile {
			t.path, t.key = filepath.Join(dir, "f0000000"), stored+"f0000000"
		}
		check = func([]byte) error { return holds(dir, r.n, r.size) }
	case syncDir:
		dir, err := w.files(r.n, r.size)
		if err != nil {
			return sample{}, err
		}
		t.path, t.key = dir, stored
		check = s.nothing(ctx, w, stored)
	case list:
		t.key = stored
		last := fmt.Sprintf("f%07d", r.n-1)
		check = func(out []byte) error {
			// Drivers print the count, commands the keys.
			if o := string(out); strings.TrimSpace(o) != fmt.Sprint(r.n) && !strings.Contains(o, last) {
				return fmt.Errorf("the list ends with %.100q", o)
			}
			return nil
		}
	}
	before := s.proc.cpu()
	u, out, err := measure(ctx, append(w.clientEnv(s.endpoint, s.access, s.secret), c.env...), filepath.Join(filepath.Dir(w.bin), c.path), c.args(t)...)
	if err == nil {
		err = check(out)
	}
	return sample{u, s.proc.cpu() - before}, err
}

// holds checks that dir has n files of size bytes.
func holds(dir string, n int, size int64) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) == 1 && entries[0].IsDir() { // some clients make the last folder of the prefix
		return holds(filepath.Join(dir, entries[0].Name()), n, size)
	}
	if len(entries) != n {
		return fmt.Errorf("%d files arrived, not %d", len(entries), n)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		if info.Size() != size {
			return fmt.Errorf("%s has %d bytes, not %d", e.Name(), info.Size(), size)
		}
	}
	return nil
}

// nothing returns what checks that nothing was stored since it was called.
func (s *server) nothing(ctx context.Context, w *workspace, prefix string) func([]byte) error {
	if s.kind.name == null.name || s.kind.name == nullTLS.name {
		return func([]byte) error { return s.received(ctx, w, prefix, 0, 0) }
	}
	before := s.proc.written()
	return func([]byte) error {
		// Each of a million objects would be 16 bytes and a row.
		if n := s.proc.written() - before; n > 8<<20 {
			return fmt.Errorf("the server wrote %d MiB although everything was there", n>>20)
		}
		return nil
	}
}

// received asks the null server what was put under prefix.
func (s *server) received(ctx context.Context, w *workspace, prefix string, n int, size int64) error {
	r, err := http.NewRequestWithContext(ctx, "GET", s.endpoint+"/?received="+url.QueryEscape(prefix), nil)
	if err != nil {
		return err
	}
	resp, err := w.http.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var got struct {
		Keys  int
		Bytes int64
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<10)).Decode(&got); err != nil {
		return err
	}
	if got.Keys != n || got.Bytes != size {
		return fmt.Errorf("the server received %d keys, %d bytes, not %d keys, %d bytes", got.Keys, got.Bytes, n, size)
	}
	return nil
}
