package replication

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/icos-go/icos/server/store"
)

// Failure is a version that could not be replicated.
type Failure struct {
	Key         string
	Version     string    // VersionID
	Sync        string    // SyncContent, or SyncDelete for a delete marker
	First, Last time.Time // attempts
	Cause       string
}

// What a Failure was about.
const (
	SyncContent = "content"
	SyncDelete  = "delete"
)

// FailureOptions choose what Failures returns.
type FailureOptions struct {
	Before int64  // milliseconds since 1970: only what was first tried until then; 0 for everything
	After  string // FailurePage.Next of the page before
	Max    int    // 0 or less lists nothing
}

// FailurePage is one page of failures, that tried last for the first time first.
type FailurePage struct {
	Failures []Failure
	Next     string // to be the next After; empty on the last page
}

// Failures lists one page of what could not be replicated of a bucket. It reads the whole bucket, and holds one page in memory.
func Failures(ctx context.Context, s *store.Store, bucket string, o FailureOptions) (FailurePage, error) {
	var page FailurePage
	if o.Max <= 0 {
		return page, nil
	}
	var after Failure
	if o.After != "" {
		var err error
		if after, err = parsePosition(o.After); err != nil {
			return page, err
		}
	}
	var list latest
	err := s.Scan(ctx, bucket, "", "", true, func(v *store.Object) (bool, error) {
		f := Failure{Key: v.Key, Version: v.VersionID(), Sync: SyncContent, First: v.Replication.First, Last: v.Replication.Last, Cause: v.Replication.Cause}
		switch {
		case v.Replication.Status != Failed,
			o.Before > 0 && f.First.UnixMilli() > o.Before,
			o.After != "" && compare(&f, &after) <= 0:
			return true, ctx.Err()
		case v.DeleteMarker:
			f.Sync = SyncDelete
		}
		heap.Push(&list, f)
		if len(list) > o.Max+1 { // one more than fits tells that there is one more
			heap.Pop(&list)
		}
		return true, ctx.Err()
	})
	if err != nil {
		return page, fmt.Errorf("look for failures: %w", err)
	}
	slices.SortFunc(list, func(a, b Failure) int { return compare(&a, &b) })
	if len(list) > o.Max {
		list = list[:o.Max]
		page.Next = list[o.Max-1].position()
	}
	page.Failures = list
	return page, nil
}

// compare orders failures as they are listed: the latest first, and those of one time by key and version.
func compare(a, b *Failure) int {
	return cmp.Or(b.First.Compare(a.First), strings.Compare(a.Key, b.Key), strings.Compare(a.Version, b.Version))
}

// position says where in the list a failure is.
func (f *Failure) position() string {
	return strconv.FormatInt(f.First.UnixNano(), 10) + " " + f.Version + " " + f.Key
}

func parsePosition(s string) (Failure, error) {
	first, rest, _ := strings.Cut(s, " ")
	version, key, found := strings.Cut(rest, " ")
	ns, err := strconv.ParseInt(first, 10, 64)
	if err != nil || !found {
		return Failure{}, fmt.Errorf("position %q in the list of failures is none", s)
	}
	return Failure{Key: key, Version: version, First: time.Unix(0, ns)}, nil
}

// latest is a heap of failures whose root is the one that is listed last.
type latest []Failure

func (l latest) Len() int           { return len(l) }
func (l latest) Less(i, j int) bool { return compare(&l[i], &l[j]) > 0 }
func (l latest) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *latest) Push(x any)        { *l = append(*l, x.(Failure)) }

func (l *latest) Pop() any {
	last := len(*l) - 1
	f := (*l)[last]
	*l = (*l)[:last]
	return f
}
