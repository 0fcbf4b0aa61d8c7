package s3api

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"

	"golang.org/x/sync/errgroup"

	"github.com/icos-go/icos/server/store"
)

const (
	maxDelete     = 1000    // keys of one DeleteObjects
	maxDeleteBody = 8 << 20 // bytes: a thousand keys of 1,024 bytes, each escaped

	// deleteConcurrency is how many keys of one DeleteObjects are deleted at once. Each waits for the disk, and those that
	// wait together share one sync.
	deleteConcurrency = 64
)

// deleteObject answers 204 also if there is no such object.
func (c *call) deleteObject() error {
	version, found := c.query.lookup("versionId")
	if err := checkDeletedVersion(version, found); err != nil {
		return err
	}
	var check func(*store.Object) error
	if match, found := joined(c.r.Header, "If-Match"); found {
		check = func(named *store.Object) error {
			if named != nil && !matchETag(match, named.ETag, false) {
				return preconditionFailed("If-Match")
			}
			return nil
		}
	}
	d, err := c.remove(c.r.Context(), c.key, version, check)
	if err != nil {
		return err
	}
	c.setDeleted(&d, version)
	c.writeStatus(http.StatusNoContent)
	return nil
}

// remove deletes an object or a version of it, unless it is kept.
func (c *call) remove(ctx context.Context, key, version string, check func(*store.Object) error) (store.Deleted, error) {
	var marker store.Object
	d, err := c.store.DeleteVersion(ctx, c.bucket, key, version, &store.DeleteOptions{
		Check: check, Removable: c.removable,
		Dated: func(o *store.Object) error {
			c.stamp(o)
			marker = *o
			return nil
		},
	})
	if err == nil && d.MarkerMade {
		if d.MarkerVersion != store.NullVersion {
			marker.Version = d.MarkerVersion
		}
		c.replicator.Add(c.bucket, &marker)
	}
	return d, err
}

// deletion is one key of a DeleteObjects and what became of it.
type deletion struct {
	key     string
	version string
	named   bool // the request named a version
	done    store.Deleted
	err     error
}

func (c *call) deleteObjects() error {
	if err := c.needDigest(); err != nil {
		return err
	}
	top, err := c.document(maxDeleteBody, "Delete")
	if err != nil {
		return err
	}
	list, quiet, err := parseDelete(top)
	if err != nil {
		return err
	}
	ctx := c.r.Context()
	var group errgroup.Group
	group.SetLimit(deleteConcurrency)
	for i := range list {
		d := &list[i]
		if d.err = d.check(); d.err != nil {
			continue
		}
		if d.err = c.mayDelete(d.key, d.named); d.err != nil {
			continue
		}
		group.Go(func() error {
			// A panic here is out of reach of the handler's recover, and would end the process.
			defer func() {
				if v := recover(); v != nil {
					d.err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
				}
			}()
			d.done, d.err = c.remove(ctx, d.key, d.version, nil)
			return nil
		})
	}
	_ = group.Wait() // each key has its own error
	x := newXML()
	x.root("DeleteResult")
	for i := range list {
		c.deleted(x, &list[i], quiet)
	}
	x.close("DeleteResult")
	return c.writeXML(http.StatusOK, x)
}

func (d *deletion) check() error {
	if d.key == "" {
		return newErrorMessage("UserKeyMustBeSpecified", "The key must not be empty.")
	}
	if err := checkKey(d.key); err != nil {
		return err
	}
	return checkDeletedVersion(d.version, d.named)
}

// deleted writes what became of one key.
func (c *call) deleted(x *xmlWriter, d *deletion, quiet bool) {
	if d.err == nil {
		if quiet {
			return
		}
		x.open("Deleted")
		x.key("Key", d.key)
		if d.named {
			x.text("VersionId", d.version)
		}
		x.deletedMarker(d)
		x.close("Deleted")
		return
	}
	e := toAPIError(d.err)
	if e.status >= 500 {
		c.log.Error("delete", "id", c.id, "bucket", c.bucket, "key", d.key, "err", d.err)
	}
	x.open("Error")
	x.key("Key", d.key)
	if d.named {
		x.text("VersionId", d.version)
	}
	x.text("Code", string(e.code))
	x.text("Message", e.message)
	x.close("Error")
}

// deletedMarker says that a deletion added a delete marker, or removed one.
func (x *xmlWriter) deletedMarker(d *deletion) {
	version := d.done.MarkerVersion
	if d.done.DeleteMarker {
		version = d.version
	}
	if d.done.MarkerMade || d.done.DeleteMarker {
		x.bool("DeleteMarker", true)
		x.text("DeleteMarkerVersionId", version)
	}
}

// parseDelete reads a Delete document.
func parseDelete(top *element) (list []deletion, quiet bool, err error) {
	if err := top.only("Object", "Quiet"); err != nil {
		return nil, false, err
	}
	if quiet, err = top.boolean("Quiet"); err != nil {
		return nil, false, err
	}
	for _, e := range top.children {
		if e.name != "Object" {
			continue
		}
		if len(list) == maxDelete {
			return nil, false, malformedXML("more than 1000 objects")
		}
		if err := e.only("Key", "VersionId", "ETag", "LastModifiedTime", "Size"); err != nil {
			return nil, false, err
		}
		if e.child("ETag") != nil || e.child("LastModifiedTime") != nil || e.child("Size") != nil {
			return nil, false, notImplemented("Conditions on the objects of DeleteObjects are not implemented")
		}
		if e.child("Key") == nil {
			return nil, false, malformedXML("an Object without Key")
		}
		version := e.child("VersionId")
		d := deletion{key: e.value("Key"), named: version != nil}
		if version != nil {
			d.version = version.text
		}
		list = append(list, d)
	}
	if len(list) == 0 {
		return nil, false, malformedXML("no objects to delete")
	}
	return list, quiet, nil
}
