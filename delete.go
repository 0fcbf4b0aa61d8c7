package icos

import (
	"context"
	"fmt"
	"iter"
	"net/http"

	"github.com/icos-go/icos/s3"
)

const (
	deleteBatch       = 1000 // keys in one request, the most that the service takes
	deleteConcurrency = 4    // requests at once
)

// DeleteObjects removes the objects of any number of keys, 1,000 in one request
// and up to four requests at once. It takes the next keys when the loop over its
// results gets there, so the keys may come from a list that is longer than the
// memory.
//
// The results are the keys, in no particular order, each with the reason why it
// could not be removed, or nil. An object that does not exist counts as removed.
// If the context ends the last result is an empty key and the reason. Leaving
// the loop waits for requests on their way, and makes no more.
func (b *Bucket) DeleteObjects(ctx context.Context, keys iter.Seq[string]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		d := &deletion{bucket: b, results: make(chan deleted, deleteConcurrency)}
		defer d.wait()
		batch := make([]string, 0, deleteBatch)
		for key := range keys {
			if ctx.Err() != nil {
				break
			}
			batch = append(batch, key)
			if len(batch) < deleteBatch {
				continue
			}
			if d.running == deleteConcurrency && !d.report(yield) {
				return
			}
			d.start(ctx, batch)
			batch = make([]string, 0, deleteBatch)
		}
		if len(batch) > 0 && ctx.Err() == nil {
			d.start(ctx, batch)
		}
		for d.running > 0 {
			if !d.report(yield) {
				return
			}
		}
		if ctx.Err() != nil {
			yield("", fmt.Errorf("delete objects: %w", context.Cause(ctx)))
		}
	}
}

// A deletion is one loop over DeleteObjects. Its state is owned by the goroutine
// that loops.
type deletion struct {
	bucket  *Bucket
	running int          // requests whose results are still to come
	results chan deleted // has room for all of them
}

// deleted is what became of one batch: why all of it failed, or some keys of it.
type deleted struct {
	keys   []string
	err    error
	errors map[string]error
}

func (d *deletion) start(ctx context.Context, keys []string) {
	d.running++
	go func() { d.results <- d.bucket.deleteBatch(ctx, keys) }()
}

// report waits for a batch and yields what became of its keys.
func (d *deletion) report(yield func(string, error) bool) bool {
	result := <-d.results
	d.running--
	for _, key := range result.keys {
		err := result.err
		if err == nil {
			err = result.errors[key]
		}
		if !yield(key, err) {
			return false
		}
	}
	return true
}

func (d *deletion) wait() {
	for ; d.running > 0; d.running-- {
		<-d.results
	}
}

func (b *Bucket) deleteBatch(ctx context.Context, keys []string) deleted {
	r := &s3.DeleteObjectsRequest{Bucket: b.name, Quiet: true, Objects: make([]s3.ObjectID, 0, len(keys))}
	result := deleted{keys: keys, errors: map[string]error{}}
	for _, key := range keys {
		// One bad key would make the service refuse all of the batch.
		if err := checkKey(key); err != nil {
			result.errors[key] = fmt.Errorf("delete: %w", err)
			continue
		}
		if !fitsXML(key) {
			if err := b.Object(key).Delete(ctx); err != nil {
				result.errors[key] = err
			}
			continue
		}
		r.Objects = append(r.Objects, s3.ObjectID{Key: key})
	}
	if len(r.Objects) == 0 {
		return result
	}
	wire, err := b.wire(ctx)
	if err != nil {
		result.err = fmt.Errorf("delete objects: %w", err)
		return result
	}
	resp, err := wire.DeleteObjects(ctx, r)
	if err != nil {
		result.err = fmt.Errorf("delete objects: %w", b.explain(ctx, err))
		return result
	}
	for _, e := range resp.Errors {
		result.errors[e.Key] = fmt.Errorf("delete: %w", &Error{
			Op: "DeleteObjects", Bucket: b.name, Key: e.Key, Code: e.Code, Message: e.Message,
			StatusCode: statusOf(e.Code),
		})
	}
	return result
}

// statusOf returns the status that a failure to delete has when it is an answer of
// its own, which is what errors.Is goes by; 0 if it is not known.
func statusOf(code string) int {
	switch code {
	case "AccessDenied":
		return http.StatusForbidden
	case "NoSuchVersion", "NoSuchKey", "NoSuchBucket":
		return http.StatusNotFound
	case "InternalError":
		return http.StatusInternalServerError
	}
	return 0
}

// fitsXML reports whether a key, which is UTF-8, has only characters that XML can
// carry. Other keys cannot be in a batch.
func fitsXML(key string) bool {
	for _, c := range key {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0xFFFE || c == 0xFFFF {
			return false
		}
	}
	return true
}
