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
// and up to four requests at once. Nothing is removed before its results are
// ranged over: it takes the next keys when the loop gets there, so the keys may
// come from a list that is longer than the memory.
//
// The results are the keys, in no particular order, each with the reason why it
// could not be removed, or nil. An object that does not exist counts as removed.
// If the context ends the last result is an empty key and the reason. Leaving
// the loop waits for requests on their way, and makes no more.
func (b *Bucket) DeleteObjects(ctx context.Context, keys iter.Seq[string]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for id, err := range b.DeleteVersions(ctx, unversioned(keys)) {
			if !yield(id.Key, err) {
				return
			}
		}
	}
}

// unversioned names the latest version of each key.
func unversioned(keys iter.Seq[string]) iter.Seq[s3.ObjectID] {
	return func(yield func(s3.ObjectID) bool) {
		for key := range keys {
			if !yield(s3.ObjectID{Key: key}) {
				return
			}
		}
	}
}

// An ObjectID names an object, and a version of it when VersionID is set.
type ObjectID = s3.ObjectID

// DeleteVersions is [Bucket.DeleteObjects] for versions and delete markers, which
// it removes for good. An object without VersionID is deleted as
// DeleteObjects does it.
func (b *Bucket) DeleteVersions(ctx context.Context, versions iter.Seq[ObjectID]) iter.Seq2[ObjectID, error] {
	return func(yield func(ObjectID, error) bool) {
		d := &deletion{bucket: b, results: make(chan deleted, deleteConcurrency)}
		defer d.wait()
		batch := make([]s3.ObjectID, 0, deleteBatch)
		for id := range versions {
			if ctx.Err() != nil {
				break
			}
			batch = append(batch, id)
			if len(batch) < deleteBatch {
				continue
			}
			if d.running == deleteConcurrency && !d.report(yield) {
				return
			}
			d.start(ctx, batch)
			batch = make([]s3.ObjectID, 0, deleteBatch)
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
			yield(s3.ObjectID{}, fmt.Errorf("delete objects: %w", context.Cause(ctx)))
		}
	}
}

// A deletion is one loop over DeleteVersions. Its state is owned by the goroutine
// that loops.
type deletion struct {
	bucket  *Bucket
	running int          // requests whose results are still to come
	results chan deleted // has room for all of them
}

// deleted is what became of one batch: why all of it failed, or some objects of it.
type deleted struct {
	ids    []s3.ObjectID
	err    error
	errors map[s3.ObjectID]error
}

func (d *deletion) start(ctx context.Context, ids []s3.ObjectID) {
	d.running++
	go func() { d.results <- d.bucket.deleteBatch(ctx, ids) }()
}

// report waits for a batch and yields what became of its objects.
func (d *deletion) report(yield func(s3.ObjectID, error) bool) bool {
	result := <-d.results
	d.running--
	for _, id := range result.ids {
		err := result.err
		if err == nil {
			err = result.errors[id]
		}
		if !yield(id, err) {
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

func (b *Bucket) deleteBatch(ctx context.Context, ids []s3.ObjectID) deleted {
	r := &s3.DeleteObjectsRequest{Bucket: b.name, Quiet: true, BypassGovernanceRetention: b.bypass, Objects: make([]s3.ObjectID, 0, len(ids))}
	result := deleted{ids: ids, errors: map[s3.ObjectID]error{}}
	for _, id := range ids {
		// One bad key would make the service refuse all of the batch.
		if err := checkKey(id.Key); err != nil {
			result.errors[id] = fmt.Errorf("delete: %w", err)
			continue
		}
		if !fitsXML(id.Key) {
			if err := b.Object(id.Key).Version(id.VersionID).Delete(ctx); err != nil {
				result.errors[id] = err
			}
			continue
		}
		r.Objects = append(r.Objects, id)
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
		result.errors[s3.ObjectID{Key: e.Key, VersionID: e.VersionID}] = fmt.Errorf("delete: %w", &Error{
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
