package icos_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos"
)

const year = 365 * day

// TestRetention takes an object through twenty years of a retention policy.
func TestRetention(t *testing.T) {
	ctx := t.Context()
	cos, b := timeMachine(t)
	if p, err := b.Protection(ctx); err != nil || p != (icos.Protection{}) {
		t.Fatalf("policy %+v, error %v, want none", p, err)
	}
	policy := icos.Protection{Enabled: true, Minimum: 1, Default: 3650, Maximum: 36500, Permanent: true}
	if err := b.SetProtection(ctx, policy); err != nil {
		t.Fatal(err)
	}
	if p, err := b.Protection(ctx); err != nil || p != policy {
		t.Fatalf("policy %+v, error %v, want %+v", p, err, policy)
	}

	o := b.Object("ledger")
	keep(t, o, "one")
	refused := func(when string) {
		t.Helper()
		if err := o.Delete(ctx); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: delete: %v, want fs.ErrPermission", when, err)
		}
		if _, err := o.Put(ctx, strings.NewReader("two"), nil); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: replace: %v, want fs.ErrPermission", when, err)
		}
	}
	refused("new")
	state, err := o.Retention(ctx)
	if err != nil || state.Period != 3650*86400 || !state.Until.Equal(state.Since.Add(10*year)) || len(state.Holds) != 0 {
		t.Errorf("state %+v, error %v", state, err)
	}
	cos.Advance(t, 9*year)
	refused("after nine years")
	if err := o.ExtendRetention(ctx, icos.RetentionExtension{By: 2 * year}); err != nil {
		t.Error(err)
	}
	if err := o.ExtendRetention(ctx, icos.RetentionExtension{For: 11 * year}); err == nil {
		t.Error("the period was made shorter")
	}
	if err := o.ExtendRetention(ctx, icos.RetentionExtension{FromNow: day, By: day}); err == nil {
		t.Error("a period was extended in two ways at once")
	}
	cos.Advance(t, 2*year)
	refused("after eleven years")
	if err := o.AddHold(ctx, "case-1"); err != nil {
		t.Error(err)
	}
	if err := o.AddHold(ctx, "case-1"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the same hold again: %v, want fs.ErrExist", err)
	}
	cos.Advance(t, 9*year)
	refused("held")
	if holds, err := o.Holds(ctx); err != nil || len(holds) != 1 || holds[0].ID != "case-1" {
		t.Errorf("holds %+v, error %v", holds, err)
	}
	info, err := o.Stat(ctx)
	if err != nil || info.LegalHolds != 1 || info.RetentionPeriod != 12*365*86400 || !info.RetainedUntil.Equal(state.Since.Add(12*year)) {
		t.Errorf("info %+v, error %v", info, err)
	}
	if err := o.RemoveHold(ctx, "case-1"); err != nil {
		t.Error(err)
	}
	if err := o.RemoveHold(ctx, "case-1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("release what is not held: %v, want fs.ErrNotExist", err)
	}
	if err := o.Delete(ctx); err != nil {
		t.Errorf("delete after twenty years: %v", err)
	}
	if _, err := o.Retention(ctx); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("retention of nothing: %v, want fs.ErrNotExist", err)
	}
}

// TestRetentionOfWrites stores objects in each way, with each kind of retention.
func TestRetentionOfWrites(t *testing.T) {
	ctx := t.Context()
	cos, b := timeMachine(t)
	if err := b.SetProtection(ctx, icos.Protection{Default: 1, Maximum: 3650, Permanent: true}); err != nil {
		t.Fatal(err)
	}
	until := cos.Clock().Now().Add(30 * day).Truncate(time.Second)
	large := bytes.Repeat([]byte("0123456789abcdef"), 700_000) // in three parts
	tests := []struct {
		name      string
		retention icos.Retention
		period    int64
		until     time.Time
		holds     int
	}{
		{"default", icos.Retention{}, 86400, time.Time{}, 0},
		{"for", icos.Retention{For: 90 * time.Minute, Hold: "h"}, 5400, time.Time{}, 1},
		{"until", icos.Retention{Until: until}, 0, until, 0},
		{"indefinitely", icos.Retention{For: icos.RetainIndefinitely}, icos.RetainIndefinitely, time.Time{}, 0},
		{"permanently", icos.Retention{For: icos.RetainPermanently, Hold: "h"}, icos.RetainPermanently, time.Time{}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opts := &icos.PutOptions{Retention: tt.retention}
			for name, body := range map[string][]byte{"small": large[:10], "large": large} {
				if _, err := b.Object(tt.name+"/"+name).Put(ctx, bytes.NewReader(body), opts); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			if _, err := b.Object(tt.name+"/small").Copy(ctx, b.Object(tt.name+"/copy"), &icos.CopyOptions{Retention: tt.retention}); err != nil {
				t.Fatalf("copy: %v", err)
			}
			if _, err := b.Object(tt.name+"/large").Copy(ctx, b.Object(tt.name+"/parts"), &icos.CopyOptions{Retention: tt.retention, Threshold: 6 << 20, PartSize: 5 << 20}); err != nil {
				t.Fatalf("copy in parts: %v", err)
			}
			for _, name := range []string{"small", "large", "copy", "parts"} {
				state, err := b.Object(tt.name + "/" + name).Retention(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if tt.until.IsZero() && state.Period != tt.period || len(state.Holds) != tt.holds {
					t.Errorf("%s: state %+v, want a period of %d and %d holds", name, state, tt.period, tt.holds)
				}
				if off := state.Until.Sub(tt.until); !tt.until.IsZero() && (off < 0 || off > 2*time.Second) {
					t.Errorf("%s: kept until %v, want %v", name, state.Until, tt.until)
				}
			}
		})
	}
	from := b.Object("for/small")
	if _, err := from.Copy(ctx, b.Object("kept"), &icos.CopyOptions{KeepRetention: true}); err != nil {
		t.Fatal(err)
	}
	if state, err := b.Object("kept").Retention(ctx); err != nil || state.Period != 5400 || len(state.Holds) != 1 {
		t.Errorf("copy with the retention of its source: %+v, error %v", state, err)
	}
	if _, err := b.Object("for/large").Copy(ctx, b.Object("x"), &icos.CopyOptions{KeepRetention: true, Threshold: 1}); err == nil || !strings.Contains(err.Error(), "in parts") {
		t.Errorf("copy in parts with the retention of its source: %v", err)
	}
	// What is kept indefinitely gets an end.
	o := b.Object("indefinitely/small")
	cos.Advance(t, year)
	if err := o.Delete(ctx); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("delete: %v, want fs.ErrPermission", err)
	}
	if err := o.ExtendRetention(ctx, icos.RetentionExtension{Until: cos.Clock().Now()}); err != nil {
		t.Fatal(err)
	}
	cos.Advance(t, time.Second)
	if err := o.Delete(ctx); err != nil {
		t.Errorf("delete at its end: %v", err)
	}
}

// TestLocks takes versions of an object through their locks.
func TestLocks(t *testing.T) {
	ctx := t.Context()
	cos, _ := timeMachine(t)
	b := cos.Client().Bucket("vault")
	if err := b.Create(ctx, &icos.CreateOptions{ObjectLock: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := cos.Client().Bucket("bucket").ObjectLock(ctx); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("object lock of a bucket without: %v, want fs.ErrNotExist", err)
	}
	want := icos.LockDefault{Mode: icos.Governance, Days: 7}
	if err := b.SetObjectLock(ctx, want); err != nil {
		t.Fatal(err)
	}
	if d, err := b.ObjectLock(ctx); err != nil || d != want {
		t.Errorf("default %+v, error %v, want %+v", d, err, want)
	}
	until := cos.Clock().Now().Add(year).Truncate(time.Second)
	large := bytes.Repeat([]byte("0123456789abcdef"), 700_000)
	strict := icos.Lock{Mode: icos.Compliance, Until: until, Hold: true}
	for name, lock := range map[string]icos.Lock{"default": {}, "strict": strict} {
		for size, body := range map[string][]byte{"small": large[:10], "large": large} {
			o := b.Object(name + "/" + size)
			if _, err := o.Put(ctx, bytes.NewReader(body), &icos.PutOptions{Lock: lock}); err != nil {
				t.Fatal(err)
			}
			got, err := o.Lock(ctx)
			switch {
			case err != nil:
				t.Error(err)
			case name == "default" && (got.Mode != icos.Governance || got.Until.Before(cos.Clock().Now().Add(6*day)) || got.Hold):
				t.Errorf("%s: lock %+v, want the default", o, got)
			case name == "strict" && (got.Mode != strict.Mode || !got.Until.Equal(strict.Until) || !got.Hold):
				t.Errorf("%s: lock %+v, want %+v", o, got, strict)
			}
		}
	}
	remove := func(b *icos.Bucket, key string) error {
		info, err := b.Object(key).Stat(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return b.Object(key).Version(info.VersionID).Delete(ctx)
	}
	if err := remove(b, "default/small"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("delete what is locked: %v, want fs.ErrPermission", err)
	}
	if err := remove(b.BypassGovernance(), "default/small"); err != nil {
		t.Errorf("delete around governance: %v", err)
	}
	o := b.Object("default/large")
	if err := o.SetLock(ctx, "", time.Time{}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("unlock: %v, want fs.ErrPermission", err)
	}
	if err := b.BypassGovernance().Object(o.Key()).SetLock(ctx, "", time.Time{}); err != nil {
		t.Errorf("unlock around governance: %v", err)
	}
	if lock, err := o.Lock(ctx); err != nil || lock != (icos.Lock{}) {
		t.Errorf("lock %+v, error %v, want none", lock, err)
	}
	if err := remove(b.BypassGovernance(), "strict/small"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("delete around compliance: %v, want fs.ErrPermission", err)
	}
	cos.Advance(t, 2*year)
	if err := remove(b, "strict/small"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("delete what is held: %v, want fs.ErrPermission", err)
	}
	if err := b.Object("strict/small").SetLockHold(ctx, false); err != nil {
		t.Error(err)
	}
	if err := remove(b, "strict/small"); err != nil {
		t.Errorf("delete in the end: %v", err)
	}
	if err := b.Object("strict/large").SetLock(ctx, icos.Compliance, cos.Clock().Now().Add(day)); err != nil {
		t.Errorf("lock again: %v", err)
	}
}

func TestTags(t *testing.T) {
	ctx := t.Context()
	_, b := timeMachine(t)
	want := map[string]string{"team": "storage", "cost center": "a=b&c", "größe": ""}
	large := bytes.Repeat([]byte("0123456789abcdef"), 700_000)
	for name, body := range map[string][]byte{"small": large[:10], "large": large} {
		o := b.Object(name)
		if _, err := o.Put(ctx, bytes.NewReader(body), &icos.PutOptions{Tags: want}); err != nil {
			t.Fatal(err)
		}
		for _, threshold := range []int64{0, 6 << 20} {
			to := b.Object("copy of " + name)
			if _, err := o.Copy(ctx, to, &icos.CopyOptions{Threshold: threshold, PartSize: 5 << 20}); err != nil {
				t.Fatal(err)
			}
			if got, err := to.Tags(ctx); err != nil || !maps.Equal(got, want) {
				t.Errorf("%s, threshold %d: tags %v, error %v, want %v", to, threshold, got, err, want)
			}
			other := map[string]string{"other": "tag"}
			if _, err := o.Copy(ctx, to, &icos.CopyOptions{Threshold: threshold, PartSize: 5 << 20, Tags: other}); err != nil {
				t.Fatal(err)
			}
			if got, err := to.Tags(ctx); err != nil || !maps.Equal(got, other) {
				t.Errorf("%s, threshold %d: tags %v, error %v, want %v", to, threshold, got, err, other)
			}
		}
	}
	type tagged interface {
		Tags(ctx context.Context) (map[string]string, error)
		SetTags(ctx context.Context, tags map[string]string) error
	}
	for name, h := range map[string]tagged{"object": b.Object("small"), "bucket": b} {
		if err := h.SetTags(ctx, want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := h.Tags(ctx); err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: tags %v, error %v, want %v", name, got, err, want)
		}
		if err := h.SetTags(ctx, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := h.Tags(ctx); err != nil || len(got) != 0 {
			t.Errorf("%s: tags %v, error %v, want none", name, got, err)
		}
	}
	info, err := b.Object("large").Stat(ctx)
	if err != nil || info.TagCount != 3 {
		t.Errorf("info %+v, error %v, want three tags", info, err)
	}
}

// TestLifecycleOfWhatIsKept has rules expire objects while they are kept, which must wait.
func TestLifecycleOfWhatIsKept(t *testing.T) {
	ctx := t.Context()
	cos, kept := timeMachine(t)
	if err := kept.SetProtection(ctx, icos.Protection{Default: 10, Maximum: 100}); err != nil {
		t.Fatal(err)
	}
	locked := cos.Client().Bucket("vault")
	if err := locked.Create(ctx, &icos.CreateOptions{ObjectLock: true}); err != nil {
		t.Fatal(err)
	}
	if err := locked.SetObjectLock(ctx, icos.LockDefault{Mode: icos.Governance, Days: 10}); err != nil {
		t.Fatal(err)
	}
	versions := func() (n int) {
		t.Helper()
		for v, err := range locked.Versions(ctx, nil) {
			if err != nil {
				t.Fatal(err)
			}
			if !v.Deleted {
				n++
			}
		}
		return n
	}
	rules := []icos.LifecycleRule{{Expiration: &icos.LifecycleExpiration{Days: 1}, NoncurrentExpiration: &icos.NoncurrentVersionExpiration{Days: 1}}}
	if err := kept.SetLifecycle(ctx, rules); err != nil {
		t.Fatal(err)
	}
	if err := locked.SetLifecycle(ctx, rules); err != nil {
		t.Fatal(err)
	}
	held := kept.Object("held")
	for _, o := range []*icos.Object{kept.Object("k"), held, locked.Object("k"), locked.Object("k")} {
		keep(t, o, "hello")
	}
	if err := held.AddHold(ctx, "case"); err != nil {
		t.Fatal(err)
	}
	there := func(o *icos.Object) bool {
		t.Helper()
		exists, err := o.Exists(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return exists
	}
	for range 9 {
		cos.Advance(t, day)
		if !there(kept.Object("k")) || !there(held) || versions() != 2 {
			t.Fatalf("what is kept has expired: %t %t, %d versions", there(kept.Object("k")), there(held), versions())
		}
	}
	cos.Advance(t, 3*day)
	cos.Advance(t, 3*day)
	if there(kept.Object("k")) || versions() != 0 {
		t.Errorf("what is kept no more has not expired: %t, %d versions", there(kept.Object("k")), versions())
	}
	if !there(held) {
		t.Error("what is held has expired")
	}
}
