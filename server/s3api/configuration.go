package s3api

import (
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/icos-go/icos/server/store"
)

// Configurations are documents of a bucket, kept by the sub-resource that they are read and written at.

// getConfiguration answers with the document of a sub-resource, or with missing if there is none.
func (c *call) getConfiguration(name string, missing code) error {
	document := c.info.Documents[name]
	if document == nil {
		return newError(missing)
	}
	x := newXML()
	x.b = append(x.b[:0], document...)
	return c.writeXML(http.StatusOK, x)
}

// setConfiguration replaces the document of a sub-resource; nil removes it. Check, if not nil, sees the bucket before that, and its
// error changes nothing.
func (c *call) setConfiguration(name string, document []byte, status int, check func(*store.Bucket) error) error {
	if _, err := c.store.UpdateBucket(c.r.Context(), c.bucket, func(b *store.Bucket) error {
		if check != nil {
			if err := check(b); err != nil {
				return err
			}
		}
		documents := maps.Clone(b.Documents)
		switch {
		case document == nil:
			delete(documents, name)
		case documents == nil:
			documents = map[string][]byte{name: document}
		default:
			documents[name] = document
		}
		b.Documents = documents
		return nil
	}); err != nil {
		return err
	}
	c.writeStatus(status)
	return nil
}

// take ends the writing of a document that is kept, and gives the writer back.
func (x *xmlWriter) take() []byte {
	document := slices.Clone(x.b)
	x.free()
	return document
}

// parsed keeps what the documents of buckets say, so that not every request has to read them. It is ready for use.
type parsed[T any] struct {
	byBucket sync.Map // of *parsedDocument[T]
}

// forget lets go of what the documents of a deleted bucket said.
func (h *handler) forget(bucket string) {
	h.lifecycles.byBucket.Delete(bucket)
	h.replications.byBucket.Delete(bucket)
	h.sites.byBucket.Delete(bucket)
}

type parsedDocument[T any] struct {
	document []byte
	value    T
}

// of returns what a document of a bucket says.
func (p *parsed[T]) of(bucket string, document []byte, parse func([]byte) (T, error)) (T, error) {
	if len(document) == 0 {
		var none T
		return none, nil
	}
	if v, found := p.byBucket.Load(bucket); found {
		// The store replaces documents and never alters them, so that one of the same address is the same.
		if d := v.(*parsedDocument[T]); &d.document[0] == &document[0] {
			return d.value, nil
		}
	}
	value, err := parse(document)
	if err == nil {
		p.byBucket.Store(bucket, &parsedDocument[T]{document, value})
	}
	return value, err
}
