package aspera

import (
	"context"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/aspera/internal/ascp"
	"github.com/icos-go/icos/transfer"
)

// ascpProgram is an ascp that runs.
type ascpProgram = ascp.Program

// findAscp finds the program that the configuration means.
func findAscp(ctx context.Context, c *Config) (*ascpProgram, error) {
	p, err := ascp.Find(ctx, c.Ascp)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoAscp, err)
	}
	return p, nil
}

// ascpUpload stores a file.
func (p *path) ascpUpload(ctx context.Context, j *transfer.Job) error {
	put, to := j.PutOptions(), j.Object()
	if key := p.r.cfg.rooted(to.Key()); key != to.Key() {
		to = to.Bucket().Object(key)
	}
	if why := p.unfit(to.Key(), j.Path()); why != "" || put.IfMatch != "" || put.IfNoneMatch != "" || put.Encrypt || keyed(j) {
		return p.skip(why)
	}
	h := &haul{p: p, j: j, way: Path{Source: j.Path(), Destination: to.Key()}, resume: 1}
	if err := h.run(ctx, Send); err != nil {
		return err
	}
	// What was sent is what was at the path.
	was := j.Info()
	now, err := os.Stat(j.Path())
	if err != nil {
		return fmt.Errorf("look at source: %w", err)
	}
	if now.Size() != was.Size || !now.ModTime().Equal(was.ModTime) {
		return fmt.Errorf("upload %s: the source %w", j.Path(), icos.ErrChanged)
	}
	info, err := to.Stat(ctx)
	if err != nil {
		return fmt.Errorf("look at what was stored: %w", err)
	}
	if info.Size != was.Size {
		return fmt.Errorf("upload %s: %d bytes were stored of %d", j.Path(), info.Size, was.Size)
	}
	if err := h.verify(&info); err != nil {
		return fmt.Errorf("upload %s: %w", j.Path(), err)
	}
	if attributed(&put, to.Key()) {
		if _, err := to.Copy(ctx, to, &icos.CopyOptions{
			Attributes: &put, ACL: put.ACL, Tags: put.Tags, Retention: put.Retention, Lock: put.Lock, IfMatch: info.ETag,
		}); err != nil {
			return fmt.Errorf("set attributes of what was stored: %w", err)
		}
	}
	return nil
}

// ascpDownload fetches an object.
func (p *path) ascpDownload(ctx context.Context, j *transfer.Job) error {
	if why := p.unfit(j.Object().Key(), j.Local()); why != "" || j.Object().VersionID() != "" || keyed(j) {
		return p.skip(why)
	}
	h := &haul{p: p, j: j, way: Path{Source: j.Object().Key(), Destination: j.Local()}}
	if j.Kept() && begun(j.Local()) {
		h.resume = 1
	} else if err := j.File().Truncate(0); err != nil {
		return fmt.Errorf("prepare partial file: %w", err)
	}
	if err := h.run(ctx, Receive); err != nil {
		return err
	}
	if err := j.Reopen(); err != nil {
		return err
	}
	info, err := j.Object().Stat(ctx)
	if err != nil {
		return fmt.Errorf("look at what was fetched: %w", err)
	}
	was := j.Info()
	if was.ETag != "" && info.ETag != was.ETag || info.Size != was.Size {
		return fmt.Errorf("download %s: the object %w", j.Object(), icos.ErrChanged)
	}
	stat, err := os.Stat(j.Local())
	if err != nil {
		return fmt.Errorf("look at what was written: %w", err)
	}
	if stat.Size() != info.Size {
		return fmt.Errorf("download %s: %d bytes were written of %d", j.Object(), stat.Size(), info.Size)
	}
	if err := h.verify(&info); err != nil {
		return fmt.Errorf("download %s: %w", j.Object(), err)
	}
	j.SetInfo(info)
	return nil
}

// begun reports whether there is what ascp leaves beside a file that it has not
// completed. Without that, what is in the file is not its own.
func begun(name string) bool {
	for _, suffix := range []string{".aspera-ckpt", ".aspx", ".partial"} {
		if _, err := os.Lstat(name + suffix); err == nil {
			return true
		}
	}
	return false
}

// verify compares the file with the object.
func (h *haul) verify(info *icos.ObjectInfo) error {
	verified, err := verify(h.j.File(), info)
	if verified {
		h.j.Verified()
	}
	return err
}

// unfit says why ascp cannot be given a key and a path, "" if it can.
func (p *path) unfit(key, local string) string {
	switch {
	case strings.ContainsAny(key+local, "\r\n"):
		return "a name has a line break"
	case !utf8.ValidString(key + local):
		return "a name is not UTF-8"
	case strings.HasPrefix(key, "/"), strings.HasSuffix(key, "/"), strings.Contains(key, "//"):
		return "a key has an empty name in it"
	}
	for name := range strings.SplitSeq(key, "/") {
		if name == "." || name == ".." {
			return "a key has . or .. in it"
		}
	}
	return ""
}

// keyed reports whether an object is encrypted with a key of the caller, which ascp has no way to send.
func keyed(j *transfer.Job) bool { return !j.Object().CustomerKey().IsZero() }

// skip leaves a file to HTTPS.
func (p *path) skip(why string) error {
	if why == "" {
		why = "an object has conditions, a version or a key"
	}
	p.unfitOnce.Do(func() {
		p.r.notice(fmt.Sprintf("%s: some objects travel over HTTPS, for ascp cannot be asked for them: %s", p.bucket.Name(), why))
	})
	return transfer.ErrSkipTransport
}
