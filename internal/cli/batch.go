package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"mime"
	"os"
	"path"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/icos-go/icos"
)

// batch runs one command over one or many objects, and keeps the count that the
// command ends with. One object's failure does not stop the others.
type batch struct {
	*app
	verb string     // "copied"
	many bool       // failures are reported one by one and summed up at the end
	jobs int        // objects at once
	dir  *directory // where a recursive download goes
	all  *progress  // of many objects

	mu     sync.Mutex // guards all below, and lines of output
	done   int
	failed int
	bytes  int64
}

func (b *batch) copyAll(ctx context.Context, client *icos.Client, items iter.Seq2[copyItem, error], up *uploadFlags) error {
	began := time.Now()
	if b.many {
		b.all = b.newProgress(ctx, b.verb, -1)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(b.jobs)
	for item, err := range items {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			n := int64(0)
			if err == nil {
				n, err = b.copyOne(ctx, client, item, up)
			}
			return b.finish(ctx, item, n, err)
		})
	}
	err := group.Wait()
	if b.many {
		b.all.done(err == nil)
	}
	return b.sum(began, err)
}

// finish notes what became of one item. It returns an error only for what ends
// the whole command.
func (b *batch) finish(ctx context.Context, item copyItem, n int64, err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		if !b.many || ctx.Err() != nil {
			return err
		}
		b.failed++
		b.reportErrorTo(b.all.above(b.stderr), err, exitCode(err))
		return nil
	}
	b.done++
	b.bytes += n
	if b.flags.json {
		return b.emit(record{Type: "copy", Source: item.src.String(), Target: item.dst.String(), Size: &n})
	}
	return nil
}

// sum ends the command with its summary.
func (b *batch) sum(began time.Time, err error) error {
	took := time.Since(began)
	if b.flags.json {
		objects, failed, seconds := int64(b.done), int64(b.failed), took.Seconds()
		err = errors.Join(err, b.emit(record{Type: "summary", Objects: &objects, Failed: &failed, Size: &b.bytes, Seconds: &seconds}))
	} else if b.many || b.done > 0 {
		b.notef("%s %s, %s in %s (%s)", b.verb, plural(b.done, "object"), formatSize(b.bytes),
			took.Round(time.Millisecond), formatRate(b.bytes, took))
		if b.failed > 0 {
			b.notef("; %s failed", plural(b.failed, "object"))
		}
		b.notef("\n")
	}
	if err == nil && b.failed > 0 {
		return &someFailed{failed: b.failed, total: b.done + b.failed}
	}
	return err
}

// copyOne moves one object and returns how many bytes that was.
func (b *batch) copyOne(ctx context.Context, client *icos.Client, item copyItem, up *uploadFlags) (int64, error) {
	switch {
	case item.src.remote && item.dst.remote:
		return b.copyRemote(ctx, client, item)
	case item.dst.remote:
		return b.uploadOne(ctx, client, item, up)
	}
	return b.downloadOne(ctx, client, item)
}

func (b *batch) copyRemote(ctx context.Context, client *icos.Client, item copyItem) (int64, error) {
	info, err := client.Bucket(item.src.bucket).Object(item.src.key).
		Copy(ctx, client.Bucket(item.dst.bucket).Object(item.dst.key), nil)
	if err != nil {
		return 0, fmt.Errorf("copy %s to %s: %w", item.src, item.dst, err)
	}
	return info.Size, nil
}

func (b *batch) uploadOne(ctx context.Context, client *icos.Client, item copyItem, up *uploadFlags) (n int64, err error) {
	in, size := b.stdin, int64(-1)
	if !item.src.stream {
		f, err := os.Open(item.src.path)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		in, size = f, item.size
	}
	reached, done := b.bar(ctx, item.src, size)
	defer func() { done(err == nil) }()
	o := up.options(item.dst.key)
	o.Progress = reached
	info, err := client.Bucket(item.dst.bucket).Object(item.dst.key).Put(ctx, in, o)
	if err != nil {
		return 0, fmt.Errorf("upload %s to %s: %w", item.src, item.dst, err)
	}
	return info.Size, nil
}

func (b *batch) downloadOne(ctx context.Context, client *icos.Client, item copyItem) (n int64, err error) {
	r, err := client.Bucket(item.src.bucket).Object(item.src.key).Get(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("download %s: %w", item.src, err)
	}
	defer r.Close()
	reached, done := b.bar(ctx, item.src, r.Size())
	defer func() { done(err == nil) }()
	// WriteTo chooses a buffer that suits the object, where io.Copy would make a large one for every small file.
	if item.dst.stream {
		n, err = r.WriteTo(&countingWriter{w: b.stdout, reached: reached})
		if err != nil {
			return n, fmt.Errorf("download %s: %w", item.src, err)
		}
		return n, nil
	}
	f, err := b.create(item)
	if err != nil {
		return 0, fmt.Errorf("download %s: %w", item.src, err)
	}
	if n, err = r.WriteTo(&countingWriter{w: f, reached: reached}); err != nil {
		return n, errors.Join(fmt.Errorf("download %s: %w", item.src, err), f.abandon())
	}
	if err := f.commit(); err != nil {
		return n, fmt.Errorf("download %s: keep %s: %w", item.src, item.dst, err)
	}
	return n, nil
}

func (b *batch) create(item copyItem) (*partialFile, error) {
	if b.dir == nil {
		return createFile(item.dst.path)
	}
	name, err := localName(item.dst.path)
	if err != nil {
		return nil, err
	}
	return b.dir.create(name)
}

// bar shows one object move: by itself, or as a share of the bar of all.
func (b *batch) bar(ctx context.Context, src location, size int64) (reached func(int64), done func(ok bool)) {
	if b.many {
		return b.all.share(), func(bool) {}
	}
	p := b.newProgress(ctx, src.String(), size)
	return p.reached, p.done
}

// contentType guesses from a key's extension, as browsers will want it.
func contentType(key string) string {
	if t := mime.TypeByExtension(path.Ext(key)); t != "" {
		return t
	}
	return "application/octet-stream"
}
