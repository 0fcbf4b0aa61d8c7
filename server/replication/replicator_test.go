package replication_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/icos-go/icos/server/replication"
	"github.com/icos-go/icos/server/store"
)

const crnPrefix = "crn:v1:bluemix:public:cloud-object-storage:global:a/1:instance:bucket:"

// newStore has the buckets "from", which is replicated, and "to".
func newStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open("data", &store.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	makeBuckets(t, s)
	return s
}

func makeBuckets(t *testing.T, s *store.Store) {
	t.Helper()
	for _, name := range []string{"from", "to"} {
		b := store.Bucket{Name: name, Instance: "instance"}
		b.Versioning = store.VersioningEnabled
		if name == "from" {
			b.Documents = map[string][]byte{"replication": []byte("<ReplicationConfiguration><Rule><Status>Enabled</Status><Filter/><Destination><Bucket>" +
				crnPrefix + "to</Bucket></Destination></Rule></ReplicationConfiguration>")}
		}
		if err := s.CreateBucket(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
}

func put(t *testing.T, s *store.Store, key string) store.Object {
	t.Helper()
	o := &store.PutOptions{}
	o.Replication.Status = replication.Pending
	object, err := s.Put(t.Context(), "from", key, strings.NewReader("body of "+key), o)
	if err != nil {
		t.Fatal(err)
	}
	return object
}

func wait(t *testing.T, r *replication.Replicator) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := r.Wait(ctx); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, s *store.Store, bucket, status string) (n int) {
	t.Helper()
	err := s.Scan(t.Context(), bucket, "", "", true, func(o *store.Object) (bool, error) {
		if o.Replication.Status == status {
			n++
		}
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestMoreThanFitsTheQueue adds versions faster than they are copied.
func TestMoreThanFitsTheQueue(t *testing.T) {
	s := newStore(t)
	const n = 5000
	objects := make([]store.Object, n)
	for i := range objects {
		objects[i] = put(t, s, fmt.Sprint(i))
	}
	r := replication.New(replication.Config{Store: s})
	defer r.Close()
	for i := range objects {
		r.Add("from", &objects[i])
	}
	wait(t, r)
	if done, copies := count(t, s, "from", replication.Completed), count(t, s, "to", replication.Replica); done != n || copies != n {
		t.Errorf("%d are completed and %d are replicas, want %d", done, copies, n)
	}
}

func TestCloseLeavesTheRestPending(t *testing.T) {
	s := newStore(t)
	const n = 2000
	objects := make([]store.Object, n)
	for i := range objects {
		objects[i] = put(t, s, fmt.Sprint(i))
	}
	r := replication.New(replication.Config{Store: s})
	for i := range objects {
		r.Add("from", &objects[i])
	}
	r.Close()
	pending, done, copies := count(t, s, "from", replication.Pending), count(t, s, "from", replication.Completed), count(t, s, "to", replication.Replica)
	if pending+done != n || copies < done {
		t.Errorf("%d are pending, %d completed, %d replicas of %d", pending, done, copies, n)
	}
	r.Add("from", &objects[0]) // too late, and no harm
	r.Close()

	next := replication.New(replication.Config{Store: s})
	defer next.Close()
	if err := next.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait(t, next)
	if done, copies := count(t, s, "from", replication.Completed), count(t, s, "to", replication.Replica); done != n || copies != n {
		t.Errorf("after the restart %d are completed and %d are replicas, want %d", done, copies, n)
	}
}

func TestWhatCanNotBeReplicated(t *testing.T) {
	s := newStore(t)
	ctx := t.Context()
	update := func(bucket string, change func(*store.Bucket)) {
		t.Helper()
		if _, err := s.UpdateBucket(ctx, bucket, func(b *store.Bucket) error {
			change(b)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	r := replication.New(replication.Config{Store: s})
	defer r.Close()
	// try replicates a new object and returns its status and the cause.
	try := func(key string, change ...func(*store.PutOptions)) store.Replication {
		t.Helper()
		o := &store.PutOptions{}
		o.Replication.Status = replication.Pending
		for _, c := range change {
			c(o)
		}
		object, err := s.Put(ctx, "from", key, strings.NewReader("body"), o)
		if err != nil {
			t.Fatal(err)
		}
		r.Add("from", &object)
		wait(t, r)
		object, err = s.StatVersion(ctx, "from", key, object.VersionID())
		if err != nil {
			t.Fatal(err)
		}
		return object.Replication
	}
	failed := func(got store.Replication, cause string) {
		t.Helper()
		if got.Status != replication.Failed || !strings.Contains(got.Cause, cause) || got.First.IsZero() || got.Last.Before(got.First) {
			t.Errorf("%+v, want a failure for %q", got, cause)
		}
	}
	failed(try("archived", func(o *store.PutOptions) { o.Archive = store.Archive{Class: "GLACIER", At: time.Unix(1, 0)} }), "archived")
	failed(try("sealed", func(o *store.PutOptions) {
		o.Seal = &store.Seal{Encryption: store.Encryption{Kind: store.ManagedKey, Envelope: []byte("e")}}
	}), "key management")
	failed(try("customer", func(o *store.PutOptions) {
		o.Seal = &store.Seal{Encryption: store.Encryption{Kind: store.CustomerKey, Envelope: []byte("e")}}
	}), "customer")
	update("to", func(b *store.Bucket) { b.Quota = 3 })
	failed(try("large"), "quota")
	update("to", func(b *store.Bucket) { b.Quota, b.Firewall = 0, []string{"10.0.0.0/8"} })
	failed(try("behind-a-wall"), "firewall")
	update("to", func(b *store.Bucket) { b.Firewall, b.Instance = nil, "another" })
	failed(try("elsewhere"), "does not exist")
	update("to", func(b *store.Bucket) { b.Instance, b.Versioning = "instance", store.VersioningSuspended })
	failed(try("unversioned"), "versioning")
	update("to", func(b *store.Bucket) { b.Versioning = store.VersioningEnabled })
	if got := try("fine"); got.Status != replication.Completed || got.Cause != "" {
		t.Errorf("%+v, want %s", got, replication.Completed)
	}
	update("from", func(b *store.Bucket) { b.Documents = nil })
	if got := try("without-rules"); got.Status != "" {
		t.Errorf("%+v, want none: the rules are gone", got)
	}
	if n := count(t, s, "to", replication.Replica); n != 1 {
		t.Errorf("%d replicas, want 1", n)
	}
}

func TestNilReplicatorDoesNothing(t *testing.T) {
	var r *replication.Replicator
	r.Add("from", &store.Object{State: store.State{Replication: store.Replication{Status: replication.Pending}}})
	r.Reattempt("from")
	if err := errors.Join(r.Resume(t.Context()), r.Wait(t.Context())); err != nil {
		t.Error(err)
	}
	r.Close()
}
