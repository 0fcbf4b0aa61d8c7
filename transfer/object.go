package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"mime"
	"os"
	"path"
	"path/filepath"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
	"github.com/icos-go/icos/transfer/internal/multipart"
	"github.com/icos-go/icos/transfer/internal/tree"
)

// An outcome is what became of one object.
type outcome struct {
	size     int64
	partSize int64 // bytes; 0 if in one request
	verified bool
	skipped  bool
	reason   string // why it was skipped or started over
}

func outcomeOf(r multipart.Result) outcome {
	return outcome{size: r.Info.Size, partSize: r.PartSize, verified: r.Verified, reason: r.StartedOver}
}

// An upload is a file and where it goes.
type upload struct {
	path     string
	to       *icos.Object
	put      icos.PutOptions
	preserve Preserve
	move     bool
	identity checkpoint.Identity // of this object
	parent   string              // ID of the tree it is part of
	record   func()              // see [Job]
}

// upload stores a file. Only what is moved in parts has a checkpoint: what goes in
// one request is sent again sooner than it is written down.
func (t *Transfer) upload(ctx context.Context, a *active, u *upload) (outcome, error) {
	f, info, err := openSource(u.path)
	if err != nil {
		return outcome{}, err
	}
	defer f.Close()
	a.resize(info.Size())

	j := t.job(a, u.to, u.path, u.parent)
	j.file, j.stat = f, info
	j.info.Key, j.info.Size, j.info.ModTime = u.to.Key(), info.Size(), info.ModTime()
	j.put = u.put
	j.put.Metadata = attributes(u.put.Metadata, u.preserve, info)
	if err := j.open(u.identity, threshold(t.m.o.Threshold, uploadThreshold)); err != nil {
		return outcome{}, err
	}
	j.record = u.record
	if err := t.m.transport.Upload(ctx, j); err != nil {
		return outcome{}, j.close(err)
	}
	j.outcome.size = info.Size()
	if u.move {
		if err := removeSource(u.path, info); err != nil {
			return j.outcome, j.close(err)
		}
	}
	return j.outcome, j.close(nil)
}

// openSource opens a regular file. To open a pipe would wait for who writes to it.
func openSource(name string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is not a regular file: upload a directory as a tree, anything else as a stream", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("open source: %w", err)
	}
	// What counts is what was opened.
	if info, err = f.Stat(); err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("look at source: %w", err)
	}
	return f, info, nil
}

// removeSource removes a file that has been moved, unless it is another one by
// now.
func removeSource(name string, was fs.FileInfo) error {
	now, err := os.Lstat(name)
	if err != nil {
		return fmt.Errorf("remove source: %w", err)
	}
	if !os.SameFile(now, was) || now.Size() != was.Size() || !now.ModTime().Equal(was.ModTime()) {
		return fmt.Errorf("remove source: %s: %w; it was stored as it was before", name, icos.ErrChanged)
	}
	if err := os.Remove(name); err != nil {
		return fmt.Errorf("remove source: %w", err)
	}
	return nil
}

// removeObject removes an object that has been moved, unless it is another one by
// now. The service cannot be told to look, so somebody who replaces it in the moment
// between the two requests is not noticed.
func removeObject(ctx context.Context, o *icos.Object, etag string) error {
	if o.VersionID() == "" && etag != "" {
		now, err := o.Stat(ctx)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return fmt.Errorf("remove source: %w", err)
		case now.ETag != etag:
			return fmt.Errorf("remove source: %s: %w; it was stored as it was before", o, icos.ErrChanged)
		}
	}
	if err := o.Delete(ctx); err != nil {
		return fmt.Errorf("remove source: %w", err)
	}
	return nil
}

// removeLink removes a symbolic link that has been moved, unless something else is
// there by now.
func removeLink(name, target string) error {
	now, err := os.Readlink(name)
	if err != nil {
		return fmt.Errorf("remove source: %w", err)
	}
	if filepath.ToSlash(now) != target {
		return fmt.Errorf("remove source: %s: %w; it was stored as it was before", name, icos.ErrChanged)
	}
	if err := os.Remove(name); err != nil {
		return fmt.Errorf("remove source: %w", err)
	}
	return nil
}

// attributes adds to metadata what is preserved of a file. The map of the caller
// is left alone.
func attributes(metadata map[string]string, p Preserve, info fs.FileInfo) map[string]string {
	if !p.ModTime && !p.Mode {
		return metadata
	}
	var a tree.Attributes
	if p.ModTime {
		a.ModTime = info.ModTime()
	}
	if p.Mode {
		mode := info.Mode()
		a.Mode = &mode
	}
	return merged(a.Metadata(), metadata)
}

// merged returns what is in either map; where both have a key, the second counts.
func merged(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	if all == nil {
		return b
	}
	maps.Copy(all, b)
	return all
}

// withType sets a content type that follows from the name, if there is none.
func withType(p icos.PutOptions, key string) icos.PutOptions {
	if p.ContentType == "" {
		p.ContentType = mime.TypeByExtension(path.Ext(key))
	}
	return p
}

func threshold(chosen, usual int64) int64 {
	if chosen > 0 {
		return chosen
	}
	return usual
}

// stream stores what a reader has.
func (t *Transfer) stream(ctx context.Context, a *active, r io.Reader, to *icos.Object, put icos.PutOptions) (outcome, error) {
	if put.Size > 0 {
		a.resize(put.Size)
	}
	result, err := t.m.env.Stream(ctx, &multipart.Stream{
		Flow: t.flow(a), Reader: r, To: to, Put: put,
		PartSize: t.m.o.PartSize, Threshold: t.m.o.Threshold,
	})
	if err != nil {
		return outcome{}, err
	}
	out := outcomeOf(result)
	out.size = a.bytes.Load()
	a.resize(out.size)
	return out, nil
}

// downloadFile fetches an object into a file named by its path.
func (t *Transfer) downloadFile(ctx context.Context, a *active, w Download, path string) (outcome, error) {
	if w.NoClobber {
		_, err := os.Lstat(path)
		if err == nil {
			return outcome{skipped: true, reason: "there is a file already"}, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return outcome{}, fmt.Errorf("look at target: %w", err)
		}
	}
	root, key, err := tree.OpenFile(path)
	if err != nil {
		return outcome{}, fmt.Errorf("open target: %w", err)
	}
	ahead := t.ahead(ctx, w.From)
	defer ahead.Close()
	info, err := w.From.Stat(ctx)
	if err != nil {
		return outcome{}, errors.Join(err, root.Close())
	}
	out, err := t.download(ctx, a, &download{
		from: w.From, info: info, stated: true, ahead: ahead, root: root, key: key,
		preserve: w.Preserve, move: w.Move, identity: t.plan.identity,
	})
	return out, errors.Join(err, root.Close())
}

// ahead asks for the beginning of an object while it is not known yet what it is, if that pays.
func (t *Transfer) ahead(ctx context.Context, from *icos.Object) *multipart.Ahead {
	if t.tally.kept.Load() > 0 {
		return nil // its beginning is there
	}
	return t.m.env.Ahead(ctx, from, t.meter, t.m.o.PartSize)
}

// A download is an object and the file that it becomes.
type download struct {
	from     *icos.Object
	info     icos.ObjectInfo // with an ETag
	stated   bool            // info is what the service has said just now
	ahead    *multipart.Ahead
	root     *tree.Root
	key      string // of the file in root
	preserve Preserve
	move     bool
	identity checkpoint.Identity
	parent   string
	record   func() // see [Job]
}

// download fetches an object. The file has another name until it is complete and
// its bytes have been checked.
func (t *Transfer) download(ctx context.Context, a *active, d *download) (outcome, error) {
	a.resize(d.info.Size)
	j := t.job(a, d.from, d.root.Path(d.key), d.parent)
	j.info, j.stated, j.ahead = d.info, d.stated, d.ahead
	if err := j.open(d.identity, threshold(t.m.o.Threshold, downloadThreshold)); err != nil {
		return outcome{}, err
	}
	j.record = d.record
	if t.committed(d, j) {
		j.outcome.size = j.info.Size
		a.resume(j.info.Size)
		return d.finish(ctx, j)
	}
	// Without a checkpoint the name is one that the same work finds again too: what
	// a crash leaves is written over, and does not stay.
	resumable := j.checkpoint != nil
	partial, err := d.root.Partial(d.key, d.identity.ID())
	if err != nil {
		return outcome{}, j.close(fmt.Errorf("open partial file: %w", err))
	}
	j.file = partial
	if resumable {
		j.header.Partial = partial.Path()
	}
	if err := t.m.transport.Download(ctx, j); err != nil {
		if resumable && j.worthKeeping() {
			err = errors.Join(err, partial.Keep())
		} else {
			err = errors.Join(err, partial.Abandon())
		}
		return outcome{}, j.close(err)
	}
	j.outcome.size = j.info.Size
	if err := t.commit(d, j, partial); err != nil {
		return outcome{}, j.close(err)
	}
	return d.finish(ctx, j)
}

// finish ends a download whose file is complete.
func (d *download) finish(ctx context.Context, j *Job) (outcome, error) {
	if d.move {
		// Small files are not on disk yet when they get their name.
		if err := d.root.Sync(d.key); err != nil {
			return outcome{}, j.close(fmt.Errorf("put file on disk: %w", err))
		}
		if err := removeObject(ctx, d.from, j.info.ETag); err != nil {
			return outcome{}, j.close(err)
		}
	}
	return j.outcome, j.close(nil)
}

// committed reports whether a process was killed after it had given the file its
// name, and before it could say so: all of this version of the object has arrived,
// there is no partial file any more, and the file is one that would be made of it.
func (t *Transfer) committed(d *download, j *Job) bool {
	if j.checkpoint == nil || d.preserve.ModTime || d.preserve.Symlinks {
		return false
	}
	h, begun := j.checkpoint.Header()
	if !begun || h.Partial == "" || h.ETag == "" || h.ETag != j.info.ETag || h.Size != j.info.Size {
		return false
	}
	var arrived int64
	for _, p := range j.checkpoint.Pieces() {
		arrived += p.Length
	}
	if _, err := os.Lstat(h.Partial); arrived != h.Size || !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	info, err := d.root.Stat(d.key)
	return err == nil && info.Mode().IsRegular() && info.Size() == h.Size &&
		info.ModTime().Truncate(serviceGrain).Equal(j.info.ModTime.Truncate(serviceGrain))
}

// maxLink is how long the target of a symbolic link may be, in bytes.
const maxLink = 4096

// commit gives a complete file its name, time and mode.
func (t *Transfer) commit(d *download, j *Job, p *tree.Partial) error {
	kept, err := tree.ReadAttributes(j.info.Metadata)
	if err != nil {
		t.m.o.Logger.Debug("metadata makes no sense", "object", d.from.String(), "err", err)
	}
	if d.preserve.Symlinks && kept.Symlink() {
		return commitLink(d, j, p)
	}
	when := j.info.ModTime
	if d.preserve.ModTime && !kept.ModTime.IsZero() {
		when = kept.ModTime
	}
	var mode *fs.FileMode
	if d.preserve.Mode {
		mode = kept.Mode
	}
	if err := p.Commit(when, mode); err != nil {
		return fmt.Errorf("complete file: %w", errors.Join(err, p.Abandon()))
	}
	return nil
}

// commitLink makes the symbolic link that an object stands for.
func commitLink(d *download, j *Job, p *tree.Partial) error {
	if j.info.Size > maxLink {
		return errors.Join(fmt.Errorf("make link: target has %d bytes", j.info.Size), p.Abandon())
	}
	target := make([]byte, j.info.Size)
	_, err := p.ReadAt(target, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err = errors.Join(err, p.Abandon()); err != nil {
		return fmt.Errorf("read link: %w", err)
	}
	if err := d.root.Symlink(d.key, string(target)); err != nil {
		return fmt.Errorf("make link: %w", err)
	}
	return nil
}

// putBytes stores an object that stands for a link or a directory.
func (t *Transfer) putBytes(ctx context.Context, a *active, to *icos.Object, body string, put icos.PutOptions) (outcome, error) {
	return t.stream(ctx, a, bytes.NewReader([]byte(body)), to, put)
}
