package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/icos-go/icos/server/clock"
	"github.com/icos-go/icos/server/lifecycle"
	"github.com/icos-go/icos/server/store"
)

const day = 24 * time.Hour

// rig is a store with a bucket "b", whose clock a test moves.
type rig struct {
	t       *testing.T
	clock   *clock.Clock
	store   *store.Store
	sweeper *lifecycle.Sweeper
}

func newRig(t *testing.T, versioning string) *rig {
	t.Helper()
	base := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	c := clock.New(func() time.Time { return base })
	s, err := store.Open("data", &store.Options{FS: vfs.NewMem(), Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.CreateBucket(t.Context(), store.Bucket{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	r := &rig{t, c, s, lifecycle.New(lifecycle.Config{Store: s, Now: c.Now})}
	r.versioning(versioning)
	return r
}

func (r *rig) update(change func(b *store.Bucket)) {
	r.t.Helper()
	if _, err := r.store.UpdateBucket(r.t.Context(), "b", func(b *store.Bucket) error {
		change(b)
		return nil
	}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) versioning(state string) {
	r.t.Helper()
	if state != "" {
		r.update(func(b *store.Bucket) { b.Versioning = state })
	}
}

// rules sets the rules, all about everything unless they have a Filter.
func (r *rig) rules(inner ...string) {
	r.t.Helper()
	var doc strings.Builder
	doc.WriteString("<LifecycleConfiguration>")
	for i, rule := range inner {
		fmt.Fprintf(&doc, "<Rule><ID>%d</ID><Status>Enabled</Status>%s</Rule>", i, rule)
	}
	doc.WriteString("</LifecycleConfiguration>")
	r.update(func(b *store.Bucket) { b.Documents = map[string][]byte{"lifecycle": []byte(doc.String())} })
}

func (r *rig) put(key string, change ...func(*store.PutOptions)) store.Object {
	r.t.Helper()
	var o store.PutOptions
	for _, c := range change {
		c(&o)
	}
	object, err := r.store.Put(r.t.Context(), "b", key, strings.NewReader("body of "+key), &o)
	if err != nil {
		r.t.Fatal(err)
	}
	return object
}

// sweep moves the clock and returns what the sweep did.
func (r *rig) sweep(d time.Duration) lifecycle.Swept {
	r.t.Helper()
	r.clock.Advance(d)
	n, err := r.sweeper.Sweep(r.t.Context())
	if err != nil {
		r.t.Fatalf("sweep: %v", err)
	}
	return n
}

// versions lists every version as key, with ! for a delete marker, the newest of a key first.
func (r *rig) versions() []string {
	r.t.Helper()
	var list []string
	err := r.store.Scan(r.t.Context(), "b", "", "", true, func(o *store.Object) (bool, error) {
		name := o.Key
		if o.DeleteMarker {
			name += "!"
		}
		list = append(list, name)
		return true, nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

func (r *rig) want(step string, versions ...string) {
	r.t.Helper()
	if got := r.versions(); !slices.Equal(got, versions) {
		r.t.Errorf("%s: %q, want %q", step, got, versions)
	}
}

const (
	expire10   = "<Expiration><Days>10</Days></Expiration>"
	noncurrent = "<NoncurrentVersionExpiration><NoncurrentDays>5</NoncurrentDays></NoncurrentVersionExpiration>"
	markers    = "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"
)

func TestSweepExpiresObjects(t *testing.T) {
	r := newRig(t, "")
	r.rules("<Filter><Prefix>logs/</Prefix></Filter>"+expire10, "<Filter><Tag><Key>keep</Key><Value>no</Value></Tag></Filter><Expiration><Days>1</Days></Expiration>")
	r.put("logs/1")
	r.put("other")
	r.put("tagged", func(o *store.PutOptions) { o.Tags = []store.Tag{{Key: "keep", Value: "no"}} })
	if n := r.sweep(day); n != (lifecycle.Swept{}) {
		t.Errorf("after a day: %+v", n)
	}
	r.put("logs/2")
	if n := r.sweep(12 * time.Hour); n != (lifecycle.Swept{Expired: 1}) {
		t.Errorf("at midnight: %+v", n)
	}
	r.want("the tagged one", "logs/1", "logs/2", "other")
	r.sweep(9*day - time.Minute)
	r.want("a minute too early", "logs/1", "logs/2", "other")
	if n := r.sweep(time.Minute); n != (lifecycle.Swept{Expired: 1}) {
		t.Errorf("after ten days: %+v", n)
	}
	r.want("after ten days", "logs/2", "other")
	r.sweep(3650 * day)
	r.want("after ten years", "other")
}

func TestSweepKeepsWhatIsKept(t *testing.T) {
	r := newRig(t, "")
	r.rules("<Filter/><Expiration><Days>1</Days></Expiration>")
	r.put("free")
	r.put("retained", func(o *store.PutOptions) { o.Retention = store.Retention{Kept: true, Period: 100 * 24 * 60 * 60} })
	r.put("held", func(o *store.PutOptions) {
		o.Retention = store.Retention{Kept: true, Holds: []store.LegalHold{{ID: "h"}}}
	})
	if n := r.sweep(50 * day); n != (lifecycle.Swept{Expired: 1}) {
		t.Errorf("after 50 days: %+v", n)
	}
	r.want("after 50 days", "held", "retained")
	r.sweep(50 * day)
	r.want("after the retention", "held")
	if _, err := r.store.Update(t.Context(), "b", "held", func(o *store.Object) error {
		o.Retention.Holds = nil
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	r.sweep(0)
	r.want("after the hold")
}

func TestSweepOfVersions(t *testing.T) {
	r := newRig(t, store.VersioningEnabled)
	r.rules("<Filter/>"+expire10, "<Filter/>"+noncurrent)
	r.put("a")
	r.clock.Advance(day)
	r.put("a")
	r.clock.Advance(day)
	r.put("a")
	r.put("b", func(o *store.PutOptions) {
		o.Lock = store.Lock{Mode: store.LockCompliance, Until: r.clock.Now().Add(30 * day)}
	})
	r.want("written", "a", "a", "a", "b")
	// The second took the place of the first after one day, the third that of the second after two.
	r.sweep(4 * day)
	r.want("six days on", "a", "a", "a", "b")
	if n := r.sweep(day); n != (lifecycle.Swept{Removed: 1}) {
		t.Errorf("seven days on: %+v", n)
	}
	if n := r.sweep(day); n != (lifecycle.Swept{Removed: 1}) {
		t.Errorf("eight days on: %+v", n)
	}
	r.want("eight days on", "a", "b")
	// An expired object is hidden, and then a noncurrent version.
	if n := r.sweep(5 * day); n != (lifecycle.Swept{Expired: 2}) {
		t.Errorf("thirteen days on: %+v", n)
	}
	r.want("expired", "a!", "a", "b!", "b")
	if n := r.sweep(6 * day); n != (lifecycle.Swept{Removed: 1}) {
		t.Errorf("nineteen days on: %+v", n)
	}
	r.want("the locked version stays", "a!", "b!", "b")
	// A marker that hides nothing goes when it is as old as objects may be.
	r.sweep(5 * day)
	r.want("the marker", "b!", "b")
	r.sweep(30 * day)
	r.sweep(30 * day)
	r.want("all gone")
}

func TestSweepOfMarkers(t *testing.T) {
	r := newRig(t, store.VersioningEnabled)
	r.rules("<Filter/>" + markers)
	ctx := t.Context()
	for _, key := range []string{"gone", "hidden"} {
		o := r.put(key)
		if _, err := r.store.DeleteVersion(ctx, "b", key, "", nil); err != nil {
			t.Fatal(err)
		}
		if key == "gone" {
			if _, err := r.store.DeleteVersion(ctx, "b", key, o.Version, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.put("z")
	r.want("before", "gone!", "hidden!", "hidden", "z")
	if n := r.sweep(0); n != (lifecycle.Swept{Removed: 1}) {
		t.Errorf("sweep: %+v", n)
	}
	r.want("after", "hidden!", "hidden", "z")
}

func TestSweepKeepsNewerVersions(t *testing.T) {
	r := newRig(t, store.VersioningEnabled)
	r.rules("<Filter/><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionExpiration>")
	for range 5 {
		r.put("k")
	}
	if n := r.sweep(3 * day); n != (lifecycle.Swept{Removed: 2}) {
		t.Errorf("sweep: %+v", n)
	}
	r.want("after", "k", "k", "k")
	if n := r.sweep(3650 * day); n != (lifecycle.Swept{}) {
		t.Errorf("ten years later: %+v", n)
	}
}

func TestSweepWithSuspendedVersioning(t *testing.T) {
	r := newRig(t, store.VersioningEnabled)
	r.put("versioned")
	r.versioning(store.VersioningSuspended)
	r.put("null")
	r.rules("<Filter/><Expiration><Days>1</Days></Expiration>")
	if n := r.sweep(3 * day); n != (lifecycle.Swept{Expired: 2}) {
		t.Errorf("sweep: %+v", n)
	}
	// As IBM warns: the null version is lost to the null marker.
	r.want("after", "null!", "versioned!", "versioned")
}

func TestSweepAbortsUploads(t *testing.T) {
	r := newRig(t, "")
	r.rules("<Filter><Prefix>big/</Prefix></Filter><AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload>")
	ctx := t.Context()
	begin := func(key string) {
		t.Helper()
		if _, err := r.store.CreateUpload(ctx, "b", key, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 1200 { // more than a page
		begin(fmt.Sprintf("big/%d", i))
	}
	begin("small")
	r.clock.Advance(day)
	begin("big/new")
	if n := r.sweep(day + 12*time.Hour); n != (lifecycle.Swept{Aborted: 1200}) {
		t.Errorf("sweep: %+v", n)
	}
	page, err := r.store.ListUploads(ctx, "b", store.ListUploadsOptions{Max: 1000})
	if err != nil || len(page.Uploads) != 2 {
		t.Errorf("%d uploads are left, %v", len(page.Uploads), err)
	}
}

// TestSweepOfManyObjects expires more than a sweep holds in memory at once.
func TestSweepOfManyObjects(t *testing.T) {
	for _, versioning := range []string{"", store.VersioningEnabled} {
		r := newRig(t, versioning)
		r.rules("<Filter/><Expiration><Days>1</Days></Expiration>", "<Filter/>"+noncurrent)
		const n = 2500
		for i := range n {
			r.put(fmt.Sprintf("key/%04d", i%1250))
		}
		done := r.sweep(3650 * day)
		if want := (lifecycle.Swept{Expired: 1250}); versioning == "" && done != want {
			t.Errorf("sweep: %+v, want %+v", done, want)
		}
		if want := (lifecycle.Swept{Expired: 1250, Removed: 1250}); versioning != "" && done != want {
			t.Errorf("sweep of versions: %+v, want %+v", done, want)
		}
		r.sweep(30 * day)
		r.sweep(30 * day)
		r.want("in the end")
	}
}

// TestTenYears lets ten years pass day by day.
func TestTenYears(t *testing.T) {
	r := newRig(t, store.VersioningEnabled)
	r.rules("<Filter/><Expiration><Days>30</Days></Expiration>", "<Filter/><NoncurrentVersionExpiration><NoncurrentDays>60</NoncurrentDays></NoncurrentVersionExpiration>")
	var total lifecycle.Swept
	years := 10
	if testing.Short() {
		years = 1
	}
	for i := range years * 365 {
		if i%7 == 0 {
			r.put(fmt.Sprintf("weekly/%d", i%5))
		}
		n := r.sweep(day)
		total.Expired += n.Expired
		total.Removed += n.Removed
	}
	// Five keys, each written every five weeks and so expired in between.
	if got, want := int(total.Expired), years*52; got < want-10 || got > want+10 {
		t.Errorf("%d objects expired in %d years, want about %d", got, years, want)
	}
	if n := len(r.versions()); n > 30 {
		t.Errorf("%d versions are left", n)
	}
	r.sweep(365 * day)
	r.sweep(365 * day)
	r.sweep(365 * day)
	r.want("in the end")
}

func TestSweepLeavesBrokenBucketsAlone(t *testing.T) {
	r := newRig(t, "")
	r.rules("<Filter/><Expiration><Days>1</Days></Expiration>")
	r.put("k")
	broken := store.Bucket{Name: "a"} // comes before b
	broken.Documents = map[string][]byte{"lifecycle": []byte("<Other/>")}
	if err := r.store.CreateBucket(t.Context(), broken); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(3 * day)
	n, err := r.sweeper.Sweep(t.Context())
	if err == nil || !strings.Contains(err.Error(), "sweep a:") {
		t.Errorf("error %v does not tell of the broken bucket", err)
	}
	if n != (lifecycle.Swept{Expired: 1}) {
		t.Errorf("the other bucket: %+v", n)
	}
}

func TestSweepEndsWithItsContext(t *testing.T) {
	r := newRig(t, "")
	r.rules("<Filter/><Expiration><Days>1</Days></Expiration>")
	r.put("k")
	r.clock.Advance(3 * day)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.sweeper.Sweep(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("sweep with a context that has ended: %v", err)
	}
	r.want("nothing was done", "k")
	if n := r.sweep(0); n.Expired != 1 {
		t.Errorf("the next sweep: %+v", n)
	}
}
