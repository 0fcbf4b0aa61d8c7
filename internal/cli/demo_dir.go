package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/icos-go/icos"
)

// directory uploads the files of DIR up to the limit, then reads each one back.
func (d *demo) directory(ctx context.Context) error {
	files, skipped, left, err := d.choose()
	if err != nil {
		return err
	}
	var bytes int64
	for _, f := range files {
		bytes += f.size
	}
	d.say("Upload %s: %s, %s", d.dir, plural(len(files), "file"), formatSize(bytes))
	if left > 0 {
		d.tell("%s beyond --max %s are left out", plural(left, "file"), d.limit.String())
	}
	if skipped > 0 {
		d.tell("%d skipped: not regular files, not readable, or too long for a key", skipped)
	}
	began := time.Now()
	if err := d.each(ctx, "up", bytes, files, func(ctx context.Context, f localFile, moved func(int64)) error {
		in, err := os.Open(f.path)
		if err != nil {
			return err
		}
		defer in.Close()
		_, err = d.bucket.Object("files/"+f.rel).Put(ctx, in, &icos.PutOptions{ContentType: contentType(f.rel), Progress: moved})
		return err
	}); err != nil {
		return fmt.Errorf("upload %s: %w", d.dir, err)
	}
	d.moved("up  ", len(files), bytes, time.Since(began))

	began = time.Now()
	var changed atomic.Int64
	if err := d.each(ctx, "down", bytes, files, func(ctx context.Context, f localFile, moved func(int64)) error {
		in, err := os.Open(f.path)
		if err != nil {
			return err
		}
		defer in.Close()
		err = d.compare(ctx, d.bucket.Object("files/"+f.rel), &countingReader{r: in, reached: moved})
		if errors.Is(err, errMismatch) && changedSince(in, f) {
			changed.Add(1)
			return nil
		}
		return err
	}); err != nil {
		return fmt.Errorf("download %s: %w", d.dir, err)
	}
	d.moved("down", len(files), bytes, time.Since(began))
	if n := int(changed.Load()); n > 0 {
		d.tell("%s changed on disk meanwhile and could not be compared", plural(n, "file"))
	} else {
		d.tell("every byte is as it was")
	}
	return nil
}

func (d *demo) moved(way string, files int, bytes int64, took time.Duration) {
	d.tell("%s %v, %s, %.0f files/s", way, took.Round(time.Millisecond), formatRate(bytes, took), float64(files)/took.Seconds())
}

// choose lists the files to upload. What DIR cannot give is counted, not fatal.
func (d *demo) choose() (files []localFile, skipped, left int, err error) {
	room := int64(d.limit)
	for f, err := range walkFiles(d.dir) {
		switch {
		case err != nil && f.path == d.dir:
			return nil, 0, 0, err
		case err != nil, len("files/"+f.rel) > 1024, !readable(f.path):
			skipped++
		case f.size > room:
			left++
		default:
			room -= f.size
			files = append(files, f)
		}
	}
	return files, skipped, left, nil
}

func readable(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

func changedSince(f *os.File, was localFile) bool {
	info, err := f.Stat()
	return err != nil || info.Size() != was.size || !info.ModTime().Equal(was.modTime)
}

// each moves the files, several at once, under one bar.
func (d *demo) each(ctx context.Context, way string, bytes int64, files []localFile, move func(context.Context, localFile, func(int64)) error) error {
	bar := d.newProgress(ctx, way, bytes, io.Discard)
	defer bar.end()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(demoJobs)
	for _, f := range files {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			if err := move(ctx, f, bar.share()); err != nil {
				return fmt.Errorf("%s: %w", f.rel, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// compare reads obj whole and holds it against want.
func (d *demo) compare(ctx context.Context, obj *icos.Object, want io.Reader) error {
	r, err := obj.Get(ctx, nil)
	if err != nil {
		return err
	}
	defer r.Close()
	same, err := sameBytes(r, want)
	if err == nil && !same {
		err = fmt.Errorf("%s: %w", obj.Key(), errMismatch)
	}
	return err
}

func sameBytes(a, b io.Reader) (bool, error) {
	x, y := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, errX := io.ReadFull(a, x)
		m, errY := io.ReadFull(b, y)
		for _, err := range []error{errX, errY} {
			if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
				return false, err
			}
		}
		if !bytes.Equal(x[:n], y[:m]) {
			return false, nil
		}
		if errX != nil || errY != nil {
			return errX != nil && errY != nil, nil
		}
	}
}
