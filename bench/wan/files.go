package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/icos-go/icos/bench/internal/emulate"
	"github.com/icos-go/icos/bench/internal/report"
)

// mover is a row of the table of many files.
type mover struct {
	name      string
	transport string // of our client; empty for rclone
	cc        string
}

// benchFiles moves a folder of many small files.
func benchFiles(ctx context.Context, b *bench) error {
	n, size := 10_000, int64(16<<10)
	if b.quick {
		n = 1000
	}
	movers := []mover{
		{"icos over rapid", "rapid-http", "cubic"},
		{"icos over https and cubic", "https", "cubic"},
		{"rclone", "", "cubic"},
	}
	cells := slices.DeleteFunc([]emulate.Shape{
		{Rate: 300e6, RTT: 100 * time.Millisecond},
		{Rate: 300e6, RTT: 100 * time.Millisecond, Loss: 0.01},
	}, func(c emulate.Shape) bool { return !b.cells.MatchString(c.String()) })
	for _, cell := range cells {
		t := report.NewTable("client", "files up", "files/s", "Mbit/s", "CPU s", "files down", "files/s", "Mbit/s", "CPU s")
		for _, m := range movers {
			if !b.only.MatchString(m.name) {
				continue
			}
			row := []string{m.name}
			for _, op := range []string{"putdir", "getdir"} {
				done, took, u, err := b.moveFiles(ctx, cell, m, op, n, size)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err != nil {
					b.note("files, %s, %s, %s: %v", cell.String(), m.name, op, err)
					row = append(row, "failed", "", "", "")
					continue
				}
				perSecond := float64(done) / took.Seconds()
				b.note("files, %s, %s, %s: %d in %v", cell.String(), m.name, op, done, took.Round(time.Millisecond))
				row = append(row, fmt.Sprint(done), fmt.Sprintf("%.0f", perSecond), mbit(perSecond*float64(size)), fmt.Sprintf("%.1f", u.cpu.Seconds()))
			}
			t.Row(row...)
		}
		fmt.Fprintf(b.out, "%d files of %d KiB over %s (Mbit/s, RTT ms, loss %%); who needs longer is stopped after some seconds\n\n%s\n", n, size>>10, cell.String(), t)
	}
	return nil
}

func (b *bench) moveFiles(ctx context.Context, cell emulate.Shape, m mover, op string, n int, size int64) (done int, took time.Duration, u usage, err error) {
	cell.Seed = 1
	e, err := b.open(cell, m.cc, strings.HasPrefix(m.transport, "rapid"))
	if err != nil {
		return 0, 0, u, err
	}
	defer func() {
		_, _, stop := e.stop()
		err = errors.Join(err, stop)
	}()
	if op == "putdir" {
		if err := writeFiles(filepath.Join(e.dir, "files"), n, size); err != nil {
			return 0, 0, u, err
		}
	}
	f := clientFlags{transport: m.transport, op: op, objects: n, size: size, limit: b.limit}
	if m.transport != "" {
		if strings.HasPrefix(m.transport, "rapid") {
			f.limit = 2 * time.Minute
		}
		got, u, err := e.client(ctx, f)
		if err != nil {
			return 0, 0, u, err
		}
		o := got.Objects[0]
		if got.Files > 0 && !o.Whole && f.limit > b.limit {
			err = fmt.Errorf("%d of %d files in %v", got.Files, n, f.limit)
		}
		return got.Files, time.Duration(o.End - o.Start), u, err
	}
	path, err := tool("rclone")
	if err != nil {
		return 0, 0, u, err
	}
	args := []string{"copy", filepath.Join(e.dir, "files"), "bench:bench/put"}
	if op == "getdir" {
		args = []string{"copy", fmt.Sprintf("bench:bench/n%d-s%d", n, size), filepath.Join(e.dir, "received")}
	}
	begin := time.Now()
	_, u, err = e.program(ctx, emulate.A, e.rcloneCommand(path, args...), f.limit)
	took = time.Since(begin)
	if err != nil && !errors.Is(err, errStopped) {
		return 0, took, u, err
	}
	if op == "getdir" {
		files, err := os.ReadDir(filepath.Join(e.dir, "received"))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // it was stopped before the first file
		}
		return len(files), took, u, err
	}
	// What arrived whole, of which the link knows only the bytes.
	return int(e.link.Stats(emulate.A).TCP.Payload / size), took, u, nil
}

func writeFiles(dir string, n int, size int64) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for i := range n {
		if err := writeFile(filepath.Join(dir, fmt.Sprintf("f%05d", i)), size); err != nil {
			return err
		}
	}
	return nil
}
