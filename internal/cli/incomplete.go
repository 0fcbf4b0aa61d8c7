package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/icos-go/icos"
)

// incomplete is what rm --incomplete is about: uploads in parts that were begun
// and neither completed nor aborted. The service keeps their parts, and they are
// paid for, without end.
type incomplete struct {
	olderThan ageFlag
	force     bool // those of unfinished jobs, too
}

// orphan is one such upload.
type orphan struct {
	upload  *icos.Upload
	at      location
	created time.Time
	bytes   int64
	job     string // that can go on with it, "" if none can
}

// orphansAtOnce is how many uploads are asked for their parts side by side.
const orphansAtOnce = 16

// removeIncomplete aborts the uploads at l: of that key, or with r.recursive of
// all keys that begin with it.
func (r *remover) removeIncomplete(ctx context.Context, client *icos.Client, at []location) error {
	jobs := map[string]string{} // by target
	for _, j := range r.unfinished() {
		jobs[j.To] = j.ID
	}
	var sum orphanSum
	for _, l := range at {
		for batch, err := range r.orphans(ctx, client.Bucket(l.bucket), l, jobs) {
			if err != nil {
				return fmt.Errorf("list uploads of %s: %w", l, err)
			}
			if err := r.abort(ctx, batch, &sum); err != nil {
				return err
			}
		}
	}
	return r.sumUpOrphans(&sum)
}

// orphanSum counts uploads.
type orphanSum struct{ uploads, bytes, kept, failed int64 }

// orphans lists the uploads at l in batches, each with the size of its parts.
func (r *remover) orphans(ctx context.Context, b *icos.Bucket, l location, jobs map[string]string) func(func([]*orphan, error) bool) {
	return func(yield func([]*orphan, error) bool) {
		var batch []*orphan
		for up, err := range b.Uploads(ctx, &icos.ListOptions{Prefix: l.key}) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !r.recursive && up.Key != l.key || time.Since(up.Created) < time.Duration(r.incomplete.olderThan) {
				continue
			}
			at := location{remote: true, bucket: l.bucket, key: up.Key}
			batch = append(batch, &orphan{upload: b.Object(up.Key).Upload(up.ID), at: at, created: up.Created, job: jobs[at.String()]})
			if len(batch) == orphansAtOnce {
				if err := weigh(ctx, batch); !yield(batch, err) || err != nil {
					return
				}
				batch = nil
			}
		}
		if len(batch) > 0 {
			yield(batch, weigh(ctx, batch))
		}
	}
}

// weigh finds out how large the uploads are.
func weigh(ctx context.Context, batch []*orphan) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, o := range batch {
		group.Go(func() error {
			for part, err := range o.upload.Parts(ctx) {
				switch {
				case errors.Is(err, fs.ErrNotExist):
					return nil // completed or aborted meanwhile
				case err != nil:
					return err
				}
				o.bytes += part.Size
			}
			return nil
		})
	}
	return group.Wait()
}

// abort tells of a batch of uploads and aborts them.
func (r *remover) abort(ctx context.Context, batch []*orphan, sum *orphanSum) error {
	for _, o := range batch {
		status, err := "", error(nil)
		switch {
		case o.job != "" && !r.incomplete.force:
			status = "kept"
			sum.kept++
		case r.dryRun:
			status = "planned"
		default:
			err = o.upload.Abort(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			r.reportError(fmt.Errorf("abort upload of %s: %w", o.at, err), exitCode(err))
			sum.failed++
			continue
		case status != "kept":
			sum.uploads++
			sum.bytes += o.bytes
		}
		if err := r.tellOrphan(o, status); err != nil {
			return err
		}
	}
	return nil
}

func (r *remover) tellOrphan(o *orphan, status string) error {
	if r.flags.json {
		return r.emit(record{
			Type: "abort_upload", Bucket: o.at.bucket, Key: &o.at.key, ID: o.upload.ID(), Size: &o.bytes,
			Created: timestamp(o.created), Status: status, Command: jobHint(o.job),
		})
	}
	word := map[string]string{"": "aborted", "planned": "would abort", "kept": "kept"}[status]
	line := fmt.Sprintf("%s %s (%s, %s old)", word, printable(o.at.String()), formatSize(o.bytes), formatAge(time.Since(o.created)))
	if status == "kept" {
		line += ": " + jobHint(o.job) + " goes on with it; --force aborts it"
	}
	return r.printf("%s\n", line)
}

func jobHint(id string) string {
	if id == "" {
		return ""
	}
	return "icos jobs resume " + id
}

func (r *remover) sumUpOrphans(sum *orphanSum) error {
	switch {
	case r.flags.json:
		if err := r.emit(record{Type: "summary", Objects: &sum.uploads, Size: &sum.bytes, Failed: &sum.failed, Skipped: &sum.kept}); err != nil {
			return err
		}
	case r.dryRun:
		r.notef("would abort %s, %s\n", plural(sum.uploads, "upload"), formatSize(sum.bytes))
	default:
		r.notef("aborted %s, %s\n", plural(sum.uploads, "upload"), formatSize(sum.bytes))
	}
	if sum.failed > 0 {
		return &someFailed{failed: int(sum.failed), total: int(sum.failed + sum.uploads)}
	}
	return nil
}
