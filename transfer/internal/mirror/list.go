package mirror

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/transfer/filter"
	"github.com/icos-go/icos/transfer/internal/tree"
)

// List is [Local] or [Bucket], depending on the side.
func (s Side) List(ctx context.Context, o ListOptions) iter.Seq2[Entry, error] {
	if s.remote() {
		return Bucket(ctx, s.Bucket, s.Prefix, o)
	}
	return Local(ctx, s.Dir, o)
}

// Local lists the tree under dir. What cannot be read or transferred is an entry with
// an error, and the list goes on: of Kind Dir, a directory under which nothing is known; else something
// that is there but is no file. An error of a zero Entry comes last.
func Local(ctx context.Context, dir string, o ListOptions) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for e, err := range tree.Walk(ctx, dir, tree.WalkOptions(o)) {
			if !yield(Entry{Entry: e}, err) {
				return
			}
		}
	}
}

// Bucket lists the objects of b whose keys begin with prefix, without the one whose
// key is the prefix itself, which has no name in the tree. An error comes last.
// The next page is asked for while the loop is busy with one.
func Bucket(ctx context.Context, b *icos.Bucket, prefix string, o ListOptions) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		p := &pages{bucket: b, prefix: prefix}
		if o.After != "" {
			p.after = prefix + o.After
		}
		ctx, cancel := context.WithCancel(ctx)
		defer p.stop(cancel)
		for p.start(ctx); p.running; {
			page, err := p.next(ctx)
			if err != nil {
				yield(Entry{}, fmt.Errorf("list %v: %w", Side{Bucket: b, Prefix: prefix}, err))
				return
			}
			for i := range page {
				key, ok := strings.CutPrefix(page[i].Key, prefix)
				if !ok {
					yield(Entry{}, fmt.Errorf("list %v: the service sent the key %q, which does not begin like that", Side{Bucket: b, Prefix: prefix}, page[i].Key))
					return
				}
				e := objectEntry(&page[i], key)
				if key == "" || e.Kind == tree.EmptyDir && !o.EmptyDirs || excludes(o.Filter, key) {
					continue
				}
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

func excludes(rules *filter.Rules, key string) bool {
	if rules == nil {
		return false
	}
	excluded, _ := rules.Match(key, false)
	return excluded
}

func objectEntry(o *s3.Object, key string) Entry {
	e := Entry{ETag: o.ETag, StorageClass: o.StorageClass}
	e.Key, e.Size, e.ModTime = key, o.Size, o.LastModified
	if o.Size == 0 && strings.HasSuffix(key, "/") {
		e.Kind = tree.EmptyDir
	}
	return e
}

// pages fetches the pages of a list, one ahead of the reader. Its two responses
// take turns, because the memory of the entries is used again.
type pages struct {
	bucket        *icos.Bucket
	prefix, after string

	turn    [2]s3.ListObjectsV2Response
	now     int        // which of them is on its way
	fetched chan error // one error, or nil, for each request
	running bool       // a request is on its way
}

func (p *pages) start(ctx context.Context) {
	p.fetched = make(chan error, 1)
	p.fetch(ctx, "")
}

func (p *pages) fetch(ctx context.Context, token string) {
	p.running = true
	resp := &p.turn[p.now]
	go func() { p.fetched <- p.list(ctx, token, resp) }()
}

// next waits for the page on its way and asks for the one after it.
// The entries are good until the next call.
func (p *pages) next(ctx context.Context) ([]s3.Object, error) {
	err := <-p.fetched
	p.running = false
	if err != nil {
		return nil, err
	}
	resp := &p.turn[p.now]
	p.now = 1 - p.now
	if resp.IsTruncated {
		p.fetch(ctx, resp.NextContinuationToken)
	}
	return resp.Contents, nil
}

// stop returns when no request is on its way.
func (p *pages) stop(cancel context.CancelFunc) {
	cancel()
	if p.running {
		<-p.fetched
	}
}

func (p *pages) list(ctx context.Context, token string, resp *s3.ListObjectsV2Response) error {
	wire, err := p.bucket.S3(ctx)
	if err != nil {
		return err
	}
	err = wire.ListObjectsV2Into(ctx, &s3.ListObjectsV2Request{
		Bucket: p.bucket.Name(), Prefix: p.prefix, StartAfter: p.after, ContinuationToken: token,
	}, resp)
	switch {
	case err != nil:
		return p.explain(ctx, err)
	case !resp.IsTruncated:
		return nil
	case resp.NextContinuationToken == "":
		return errors.New("the service says there is more but not how to go on")
	case resp.NextContinuationToken == token:
		return errors.New("the service sent the same continuation token twice")
	}
	return nil
}

// explain returns what package icos says about the error, which knows where buckets are
// and which settings lead there.
func (p *pages) explain(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*s3.Error](err); !ok {
		return err
	}
	for _, better := range p.bucket.Objects(ctx, &icos.ListOptions{Prefix: p.prefix, PageSize: 1}) {
		if better != nil && ctx.Err() == nil {
			return better
		}
		break
	}
	return err
}
