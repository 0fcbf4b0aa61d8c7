package replication

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/icos-go/icos/server/lifecycle"
	"github.com/icos-go/icos/server/store"
)

// Why an object is not replicated, as the list of failures tells it.
var (
	errNoTarget    = errors.New("the destination bucket does not exist")
	errUnversioned = errors.New("the destination bucket does not have versioning enabled")
	errCustomer    = errors.New("objects encrypted with customer-provided keys can not be replicated")
	errArchived    = errors.New("archived objects can not be replicated")
	errNoKeys      = errors.New("the object is encrypted and the server has no key management service")
	errNull        = errors.New("null versions can not be replicated")
	errFirewall    = errors.New("the destination bucket has a firewall, which replication can not pass")
	errQuota       = errors.New("the quota of the destination bucket has no room")
)

// replicate copies one version to where it goes and notes what became of that.
func (r *Replicator) replicate(it item) {
	o, err := r.stat(it)
	if err != nil || o.Replication.Status != Pending && o.Replication.Status != Failed {
		return // it is gone, or somebody else was faster
	}
	b, err := r.store.Bucket(r.ctx, it.bucket)
	if err != nil {
		return
	}
	rules, err := Parse(b.Documents["replication"])
	if err != nil {
		r.log.Error("replicate", "bucket", it.bucket, "err", err)
		return
	}
	destinations := rules.Destinations(&o)
	var failure error
	for _, crn := range destinations {
		if err := r.copyTo(crn, &b, &o); err != nil {
			failure = errors.Join(failure, err)
		}
	}
	if r.ctx.Err() != nil {
		return // it stays pending
	}
	if failure != nil {
		r.log.Warn("replicate", "bucket", it.bucket, "key", it.key, "version", it.version, "err", failure)
	}
	err = r.settle(it, &o, len(destinations), failure)
	if err != nil && r.ctx.Err() == nil && !errors.Is(err, errChanged) {
		r.log.Error("note what became of a replication", "bucket", it.bucket, "key", it.key, "err", err)
	}
}

func (r *Replicator) stat(it item) (store.Object, error) {
	o, err := r.store.StatVersion(r.ctx, it.bucket, it.key, it.version)
	if marker, ok := errors.AsType[*store.MarkerError](err); ok {
		return marker.Marker, nil
	}
	return o, err
}

var errChanged = errors.New("the object was changed meanwhile")

// settle notes the outcome, unless the object was changed meanwhile: then it is pending again, and whoever changed it has said so.
func (r *Replicator) settle(it item, was *store.Object, destinations int, failure error) error {
	now := r.now().UTC()
	alter := func(o *store.Object) error {
		if !same(o, was) {
			return errChanged
		}
		s := &o.Replication
		switch {
		case destinations == 0:
			*s = store.Replication{} // the rules were changed meanwhile
			return nil
		case failure != nil:
			s.Status, s.Cause = Failed, failure.Error()
		default:
			s.Status, s.Cause = Completed, ""
		}
		if s.First.IsZero() {
			s.First = now
		}
		s.Last = now
		return nil
	}
	var err error
	if was.DeleteMarker {
		_, err = r.store.UpdateMarker(r.ctx, it.bucket, it.key, it.version, alter)
	} else {
		_, err = r.store.UpdateVersion(r.ctx, it.bucket, it.key, it.version, alter)
	}
	if errors.Is(err, store.ErrNoSuchKey) || errors.Is(err, store.ErrNoSuchVersion) || errors.Is(err, store.ErrNoSuchBucket) {
		return nil // it is gone
	}
	return err
}

// same reports whether nothing that a replica has was changed.
func same(a, b *store.Object) bool {
	return a.ETag == b.ETag && a.Replication == b.Replication && reflect.DeepEqual(a.Attributes, b.Attributes) && reflect.DeepEqual(a.Tags, b.Tags)
}

// copyTo makes the copy of a version in the bucket that a CRN names, or, if it is there, gives it the attributes and tags that the
// original has now.
func (r *Replicator) copyTo(crn string, from *store.Bucket, o *store.Object) error {
	to, err := r.target(crn)
	switch {
	case err != nil:
		return err
	case o.Version == "":
		return errNull
	case o.DeleteMarker:
		_, err := r.store.PutMarker(r.ctx, to.Name, o.Key, store.Replica{Version: o.Version, Modified: o.Modified})
		return err
	case o.Encryption.Kind == store.CustomerKey:
		return errCustomer
	}
	if there, err := r.store.StatVersion(r.ctx, to.Name, o.Key, o.Version); err == nil && there.ETag == o.ETag {
		return r.refresh(to, o)
	}
	switch lifecycle.StageOf(&o.Archive, r.now()) {
	case lifecycle.Archived, lifecycle.Restoring:
		return errArchived
	}
	if err := r.admit(to, o.Size); err != nil {
		return err
	}
	return r.copyContent(r.ctx, from, to, o)
}

// admit looks whether the quota of a bucket has room.
func (r *Replicator) admit(to *store.Bucket, size int64) error {
	if to.Quota == 0 {
		return nil
	}
	_, used, err := r.store.Usage(r.ctx, to.Name)
	if err == nil && used+size > to.Quota {
		err = errQuota
	}
	return err
}

// target finds the bucket that a CRN names.
func (r *Replicator) target(crn string) (*store.Bucket, error) {
	name, instance, ok := Bucket(crn)
	if !ok {
		return nil, errNoTarget
	}
	b, err := r.store.Bucket(r.ctx, name)
	switch {
	case errors.Is(err, store.ErrNoSuchBucket) || err == nil && b.Instance != instance:
		return nil, errNoTarget
	case err != nil:
		return nil, err
	case b.Versioning != store.VersioningEnabled:
		return nil, errUnversioned
	case b.Firewall != nil:
		return nil, errFirewall
	}
	return &b, nil
}

// refresh brings what a replica has besides its bytes up to date.
func (r *Replicator) refresh(to *store.Bucket, o *store.Object) error {
	_, err := r.store.UpdateVersion(r.ctx, to.Name, o.Key, o.Version, func(replica *store.Object) error {
		replica.Attributes, replica.Tags = o.Attributes, o.Tags
		return nil
	})
	return err
}

func (r *Replicator) copyContent(ctx context.Context, from, to *store.Bucket, o *store.Object) error {
	rules, err := lifecycle.Parse(to.Documents["lifecycle"])
	if err != nil {
		return err
	}
	c := &store.CopyOptions{SourceVersion: o.Version}
	c.Owner, c.Attributes, c.Tags = to.Owner, o.Attributes, o.Tags
	c.Lock = to.ObjectLock.New(r.now())
	c.Archive = rules.Archives(o.Modified) // lifecycles count from the date of the original
	c.Replication.Status = Replica
	c.Replica = &store.Replica{Version: o.Version, Modified: o.Modified}
	if c.Seal, err = r.seal(to, o); err != nil {
		return err
	}
	c.Unseal = func(source *store.Reader) error {
		if r.sealer == nil {
			return errNoKeys
		}
		key, err := r.sealer.Open(from.Name, o.Key, &o.Encryption)
		if err == nil {
			source.Unseal(key)
		}
		return err
	}
	if !o.Sealed() {
		c.Unseal = nil
	}
	_, err = r.store.Copy(ctx, from.Name, o.Key, to.Name, o.Key, c)
	switch {
	case errors.Is(err, store.ErrQuota):
		return errQuota // others were stored meanwhile
	case err != nil:
		return fmt.Errorf("copy: %w", err)
	}
	return nil
}

func (r *Replicator) seal(to *store.Bucket, o *store.Object) (*store.Seal, error) {
	if r.sealer != nil {
		return r.sealer.Seal(to, o.Key, o.Encryption.Kind == store.ManagedKey)
	}
	if to.RootKey != "" || o.Sealed() {
		return nil, errNoKeys
	}
	return nil, nil
}
