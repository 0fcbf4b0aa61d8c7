package icos_test

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/server/clock"
)

const day = 24 * time.Hour

// timeMachine is a server whose clock of objects begins at the start of 2030, with a bucket.
func timeMachine(t *testing.T, opts ...func(*icostest.Options)) (*icostest.Server, *icos.Bucket) {
	t.Helper()
	c := clock.New(nil)
	c.Set(time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC))
	o := &icostest.Options{Clock: c}
	for _, opt := range opts {
		opt(o)
	}
	cos := icostest.NewServer(t, o)
	b := cos.Client().Bucket("bucket")
	if err := b.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return cos, b
}

func keep(t *testing.T, o *icos.Object, body string) {
	t.Helper()
	if _, err := o.Put(t.Context(), strings.NewReader(body), nil); err != nil {
		t.Fatal(err)
	}
}

func TestLifecycle(t *testing.T) {
	cos, b := timeMachine(t)
	ctx := t.Context()
	if rules, err := b.Lifecycle(ctx); len(rules) != 0 || err != nil {
		t.Errorf("rules of a new bucket: %v, %v", rules, err)
	}
	if err := b.DeleteLifecycle(ctx); err != nil {
		t.Errorf("delete no rules: %v", err)
	}
	size := int64(100)
	want := []icos.LifecycleRule{
		{ID: "logs", Filter: icos.LifecycleFilter{Prefix: "logs/"}, Expiration: &icos.LifecycleExpiration{Days: 30}, AbortDays: 7},
		{ID: "cold", Transition: &icos.LifecycleTransition{Days: 90, StorageClass: icos.ArchiveGlacier}},
		{ID: "off", Disabled: true, Filter: icos.LifecycleFilter{Prefix: "a <b> & c", Tags: []icos.Tag{{Key: "k", Value: "v"}}, SmallerThan: &size}, Expiration: &icos.LifecycleExpiration{Date: time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)}},
		{ID: "old", NoncurrentExpiration: &icos.NoncurrentVersionExpiration{Days: 3, Keep: 2}, Expiration: &icos.LifecycleExpiration{ExpiredObjectDeleteMarker: true}},
	}
	if err := b.SetLifecycle(ctx, want); err != nil {
		t.Fatal(err)
	}
	got, err := b.Lifecycle(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range [][]icos.LifecycleRule{nil, {{ID: "x", Filter: icos.LifecycleFilter{Prefix: "\x01"}}}} {
		if err := b.SetLifecycle(ctx, bad); err == nil {
			t.Errorf("rules %v are accepted", bad)
		}
	}
	var e *icos.Error
	if err := b.SetLifecycle(ctx, []icos.LifecycleRule{{ID: "nothing"}}); !errors.As(err, &e) || e.Code != "InvalidRequest" {
		t.Errorf("a rule without action: %v", err)
	}

	keep(t, b.Object("logs/1"), "x")
	info, err := b.Object("logs/1").Stat(ctx)
	if want := time.Date(2030, 2, 1, 0, 0, 0, 0, time.UTC); err != nil || !info.Expires.Equal(want) || info.ExpiryRule != "logs" {
		t.Errorf("expires %v by %q, %v, want %v", info.Expires, info.ExpiryRule, err, want)
	}
	cos.Advance(t, 30*day)
	if exists, err := b.Object("logs/1").Exists(ctx); err != nil || !exists {
		t.Errorf("before its time: %v, %v", exists, err)
	}
	cos.Advance(t, day)
	if exists, err := b.Object("logs/1").Exists(ctx); err != nil || exists {
		t.Errorf("after its time: %v, %v", exists, err)
	}
	if err := b.DeleteLifecycle(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestArchive(t *testing.T) {
	cos, b := timeMachine(t)
	ctx := t.Context()
	if err := b.SetLifecycle(ctx, []icos.LifecycleRule{{Transition: &icos.LifecycleTransition{Days: 10, StorageClass: icos.ArchiveGlacier}}}); err != nil {
		t.Fatal(err)
	}
	o := b.Object("k")
	keep(t, o, "hello")
	stat := func() icos.ObjectInfo {
		t.Helper()
		info, err := o.Stat(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	read := func() (string, error) {
		r, err := o.Get(ctx, nil)
		if err != nil {
			return "", err
		}
		defer r.Close()
		body, err := io.ReadAll(r)
		return string(body), err
	}
	refused := func(err error, code string) {
		t.Helper()
		if e, ok := errors.AsType[*icos.Error](err); !ok || e.Code != code {
			t.Errorf("error %v, want %s", err, code)
		}
	}
	at := time.Date(2030, 1, 11, 12, 0, 0, 0, time.UTC)
	if a := stat().Archive; a.Class != "" || a.At.Sub(at).Abs() > time.Minute || !a.Readable() {
		t.Errorf("scheduled: %+v", a)
	}
	refused(o.RestoreArchived(ctx, 1, nil), "ObjectAlreadyInActiveTierError")
	if err := o.WaitRestored(ctx, nil); err != nil {
		t.Errorf("wait for an object that is not archived: %v", err)
	}
	cos.Advance(t, 3650*day)
	if info := stat(); info.Archive.Class != icos.ArchiveGlacier || info.Archive.At.Sub(at).Abs() > time.Minute || info.Archive.Readable() || info.StorageClass != "GLACIER" {
		t.Errorf("archived: %+v", info)
	}
	for listed, err := range b.Objects(ctx, nil) {
		if err != nil || listed.StorageClass != icos.ArchiveGlacier {
			t.Errorf("listed as %q, %v", listed.StorageClass, err)
		}
	}
	_, err := read()
	refused(err, "InvalidObjectState")
	if err := o.WaitRestored(ctx, nil); !errors.Is(err, icos.ErrArchived) {
		t.Errorf("wait for what nobody asked for: %v", err)
	}
	if _, err := o.Copy(ctx, b.Object("copy"), nil); !errors.Is(err, icos.ErrArchived) {
		t.Errorf("copy: %v, want ErrArchived", err)
	}
	if _, err := o.Get(ctx, nil); !errors.Is(err, icos.ErrArchived) || errors.Is(err, fs.ErrPermission) {
		t.Errorf("get: %v, want ErrArchived", err)
	}
	refused(o.RestoreArchived(ctx, 3, &icos.RestoreOptions{Tier: icos.RestoreAccelerated}), "InvalidArgument")
	if err := o.RestoreArchived(ctx, 0, nil); err == nil {
		t.Error("restored for no days")
	}
	if err := o.RestoreArchived(ctx, 3, &icos.RestoreOptions{Tier: icos.RestoreBulk}); err != nil {
		t.Fatal(err)
	}
	if a := stat().Archive; !a.Restoring || a.Readable() {
		t.Errorf("restoring: %+v", a)
	}
	refused(o.RestoreArchived(ctx, 3, nil), "RestoreAlreadyInProgress")
	cos.Advance(t, 12*time.Hour)
	if a := stat().Archive; a.Restoring || !a.Readable() || a.RestoredUntil.IsZero() {
		t.Errorf("restored: %+v", a)
	}
	if body, err := read(); body != "hello" || err != nil {
		t.Errorf("read %q, %v", body, err)
	}
	if err := o.RestoreArchived(ctx, 30, nil); err != nil {
		t.Fatal(err)
	}
	cos.Advance(t, 29*day)
	if body, err := read(); body != "hello" || err != nil {
		t.Errorf("read %q, %v", body, err)
	}
	cos.Advance(t, 2*day)
	_, err = read()
	refused(err, "InvalidObjectState")
}

func TestReplication(t *testing.T) {
	cos, b := timeMachine(t)
	ctx := t.Context()
	copies := cos.Client().Bucket("copies")
	if err := copies.Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	for _, bucket := range []*icos.Bucket{b, copies} {
		if err := bucket.SetVersioning(ctx, true); err != nil {
			t.Fatal(err)
		}
	}
	if rules, err := b.Replication(ctx); len(rules) != 0 || err != nil {
		t.Errorf("rules of a new bucket: %v, %v", rules, err)
	}
	crn, err := copies.CRN()
	if err != nil {
		t.Fatal(err)
	}
	want := []icos.ReplicationRule{
		{ID: "all", Priority: 1, Bucket: crn, DeleteMarkers: true},
		{ID: "off", Disabled: true, Priority: 2, Bucket: crn, Filter: icos.ReplicationFilter{Prefix: "p", Tags: []icos.Tag{{Key: "k", Value: "v"}}}},
	}
	if err := b.SetReplication(ctx, want); err != nil {
		t.Fatal(err)
	}
	got, err := b.Replication(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	keep(t, b.Object("k"), "hello")
	cos.Advance(t, 0) // waits for the copies
	info, err := copies.Object("k").Stat(ctx)
	if err != nil || info.Replication != icos.ReplicationReplica {
		t.Errorf("the copy: %+v, %v", info, err)
	}
	if info, err := b.Object("k").Stat(ctx); err != nil || info.Replication != icos.ReplicationCompleted {
		t.Errorf("the original: %+v, %v", info, err)
	}

	if err := copies.SetVersioning(ctx, false); err != nil {
		t.Fatal(err)
	}
	keep(t, b.Object("b <c>"), "hello")
	cos.Advance(t, 0)
	n := 0
	for f, err := range b.ReplicationFailures(ctx) {
		if n++; err != nil || f.Key != "b <c>" || f.SyncType != "content" || f.Cause == "" || f.VersionID == "" || f.FirstAttempted.IsZero() || f.LastAttempted.IsZero() {
			t.Errorf("failure %+v, %v", f, err)
		}
	}
	if n != 1 {
		t.Errorf("%d failures, want 1", n)
	}
	if err := copies.SetVersioning(ctx, true); err != nil {
		t.Fatal(err)
	}
	if err := b.RetryReplication(ctx); err != nil {
		t.Fatal(err)
	}
	cos.Advance(t, 0)
	for f, err := range b.ReplicationFailures(ctx) {
		t.Errorf("after the retry: %+v, %v", f, err)
	}
	if err := b.DeleteReplication(ctx); err != nil {
		t.Fatal(err)
	}
	for f, err := range cos.Client().Bucket("missing").ReplicationFailures(ctx) {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("failures of a missing bucket: %+v, %v", f, err)
		}
	}
}
