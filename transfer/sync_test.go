package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer"
	"github.com/icos-go/icos/transfer/filter"
)

var sample = map[string]string{
	"a":          "1",
	"a-b":        "2",
	"a.d/b":      "3",
	"b/c/d/e":    "4",
	"b/c/empty":  "",
	"b/large":    strings.Repeat("large", 4<<20/5),
	"ümlaut/ß +": "5",
}

// ops returns what was done with each key.
func ops(items []transfer.Item) map[string]transfer.Op {
	m := map[string]transfer.Op{}
	for _, it := range items {
		m[it.Key] = it.Op
	}
	return m
}

// do runs work and returns its items.
func do(t testing.TB, m *transfer.Manager, w transfer.Work) ([]transfer.Item, *transfer.Transfer, error) {
	t.Helper()
	var items []transfer.Item
	tr := m.Start(t.Context(), w, transfer.Observer{Item: func(_ *transfer.Transfer, it transfer.Item) { items = append(items, it) }})
	err := tr.Wait(t.Context())
	return items, tr, err
}

// prefixed returns a map with a prefix before each key.
func prefixed(prefix string, files map[string]string) map[string]string {
	m := map[string]string{}
	for k, v := range files {
		m[prefix+k] = v
	}
	return m
}

func TestTreeUpAcrossDown(t *testing.T) {
	b := bucket(t, nil)
	dir, down := t.TempDir(), filepath.Join(t.TempDir(), "new")
	write(t, dir, sample)
	m := manager(t, b.Client(), &transfer.Options{Threshold: 5 << 20})
	var bytes int64
	for _, content := range sample {
		bytes += int64(len(content))
	}
	for _, start := range []func() *transfer.Transfer{
		func() *transfer.Transfer { return m.UploadDir(t.Context(), dir, b, "up/") },
		func() *transfer.Transfer {
			return m.Start(t.Context(), transfer.Sync{From: transfer.Tree{Bucket: b, Prefix: "up/"}, To: transfer.Tree{Bucket: b, Prefix: "across/"}})
		},
		func() *transfer.Transfer { return m.DownloadDir(t.Context(), b, "across/", down) },
	} {
		tr := start()
		if err := tr.Wait(t.Context()); err != nil {
			t.Fatalf("%s: %v", tr, err)
		}
		p := tr.Progress()
		if n := int64(len(sample)); p.Objects != n || p.ObjectsTotal != n || p.Bytes != bytes || p.Total != bytes || p.Listing || p.State != transfer.Done {
			t.Errorf("%s: progress is %+v, want %d objects, %d bytes", tr, p, n, bytes)
		}
	}
	want := prefixed("up/", sample)
	maps.Copy(want, prefixed("across/", sample))
	if diff := cmp.Diff(want, stored(t, b)); diff != "" {
		t.Errorf("objects: %s", diff)
	}
	if diff := cmp.Diff(sample, read(t, down)); diff != "" {
		t.Errorf("files: %s", diff)
	}
}

func TestEmptyTree(t *testing.T) {
	b := bucket(t, nil)
	m := manager(t, b.Client(), nil)
	dir := t.TempDir()
	for _, tr := range []*transfer.Transfer{
		m.UploadDir(t.Context(), dir, b, "none/"),
		m.DownloadDir(t.Context(), b, "none/", filepath.Join(dir, "down")),
	} {
		if err := tr.Wait(t.Context()); err != nil {
			t.Errorf("%s: %v", tr, err)
		}
		if p := tr.Progress(); p.Objects != 0 || p.ObjectsTotal != 0 || p.Total != 0 {
			t.Errorf("%s: progress is %+v", tr, p)
		}
	}
}

// TestSyncSecondRunMovesNothing syncs three ways, twice each.
func TestSyncSecondRunMovesNothing(t *testing.T) {
	b := bucket(t, nil)
	dir, down := t.TempDir(), t.TempDir()
	write(t, dir, sample)
	m := manager(t, b.Client(), nil)
	for _, compare := range []transfer.Compare{transfer.Auto, transfer.Size, transfer.ModTime, transfer.Checksum} {
		for _, w := range []transfer.Sync{
			{From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: b, Prefix: "up/"}},
			{From: transfer.Tree{Bucket: b, Prefix: "up/"}, To: transfer.Tree{Bucket: b, Prefix: "across/"}},
			{From: transfer.Tree{Bucket: b, Prefix: "across/"}, To: transfer.Tree{Dir: down}},
		} {
			w.Compare, w.Delete = compare, true
			if _, _, err := do(t, m, w); err != nil {
				t.Fatalf("%v %v: %v", compare, w.To, err)
			}
			items, tr, err := do(t, m, w)
			if err != nil {
				t.Fatalf("%v %v: %v", compare, w.To, err)
			}
			p, r := tr.Progress(), tr.Report()
			if p.Skipped != int64(len(sample)) || p.Objects != 0 || r.Sent != 0 {
				t.Errorf("%v %v: the second run did %v, %+v", compare, w.To, ops(items), p)
			}
		}
	}
	if diff := cmp.Diff(sample, read(t, down)); diff != "" {
		t.Errorf("files: %s", diff)
	}
}

func TestSyncChanges(t *testing.T) {
	b := bucket(t, nil)
	dir := t.TempDir()
	write(t, dir, map[string]string{"same": "same", "other": "new!", "added": "1", "skip.log": "x"})
	for key, content := range map[string]string{"same": "same", "other": "old", "gone": "gone", "old.log": "x"} {
		put(t, b.Object("p/"+key), []byte(content))
	}
	rules, err := filter.New("*.log")
	if err != nil {
		t.Fatal(err)
	}
	m := manager(t, b.Client(), nil)
	w := transfer.Sync{
		From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: b, Prefix: "p/"},
		Compare: transfer.Size, Filter: rules, Delete: true, DryRun: true,
	}
	before := stored(t, b)
	items, tr, err := do(t, m, w)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]transfer.Op{
		"same": transfer.Skipped, "other": transfer.WouldCopy, "added": transfer.WouldCopy, "gone": transfer.WouldDelete,
	}, ops(items)); diff != "" {
		t.Errorf("dry run: %s", diff)
	}
	for _, it := range items {
		if it.Reason == "" || it.To == "" || it.Op == transfer.WouldCopy && (it.Bytes == 0 || it.From == "") {
			t.Errorf("dry run: item lacks something: %+v", it)
		}
	}
	if diff := cmp.Diff(before, stored(t, b)); diff != "" {
		t.Errorf("the dry run changed something: %s", diff)
	}
	if p := tr.Progress(); p.ObjectsTotal != 2 || p.Total != 5 || p.Skipped != 1 {
		t.Errorf("dry run: progress is %+v", p)
	}

	w.DryRun = false
	items, tr, err = do(t, m, w)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]transfer.Op{
		"same": transfer.Skipped, "other": transfer.Copied, "added": transfer.Copied, "gone": transfer.Deleted,
	}, ops(items)); diff != "" {
		t.Errorf("items: %s", diff)
	}
	if diff := cmp.Diff(map[string]string{"p/same": "same", "p/other": "new!", "p/added": "1", "p/old.log": "x"}, stored(t, b)); diff != "" {
		t.Errorf("objects: %s", diff)
	}
	if p := tr.Progress(); p.Objects != 2 || p.Skipped != 1 || p.Deleted != 1 {
		t.Errorf("progress is %+v", p)
	}
}

func TestDeleteGuard(t *testing.T) {
	no := errors.New("no")
	many := map[string]string{}
	for i := range 30 {
		many[fmt.Sprintf("f%02d", i)] = "x"
	}
	few := maps.Clone(many)
	for i := range 11 {
		delete(few, fmt.Sprintf("f%02d", i))
	}
	most := maps.Clone(many)
	delete(most, "f00")
	for _, test := range []struct {
		name    string
		source  map[string]string
		confirm func(transfer.DeletePlan) error
		err     error
		left    int
	}{
		{"a few", most, nil, nil, 29},
		{"more than ten and a tenth", few, nil, transfer.ErrDeleteRefused, 30},
		{"empty source", nil, nil, transfer.ErrDeleteRefused, 30},
		{"empty source confirmed", nil, func(p transfer.DeletePlan) error {
			if want := (transfer.DeletePlan{Delete: 30, Bytes: 30, Empty: true}); p != want {
				return fmt.Errorf("plan is %+v, want %+v", p, want)
			}
			return nil
		}, nil, 0},
		{"confirmed", few, func(p transfer.DeletePlan) error {
			if want := (transfer.DeletePlan{Delete: 11, Keep: 19, Bytes: 11}); p != want {
				return fmt.Errorf("plan is %+v, want %+v", p, want)
			}
			return nil
		}, nil, 19},
		{"declined", most, func(transfer.DeletePlan) error { return no }, no, 30},
	} {
		for _, local := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s local=%v", test.name, local), func(t *testing.T) {
				b := bucket(t, nil)
				m := manager(t, b.Client(), nil)
				dir := t.TempDir()
				source, target := test.source, many
				var w transfer.Sync
				if local {
					write(t, dir, target)
					for key, content := range source {
						put(t, b.Object(key), []byte(content))
					}
					w.From, w.To = transfer.Tree{Bucket: b}, transfer.Tree{Dir: dir}
				} else {
					write(t, dir, source)
					for key, content := range target {
						put(t, b.Object(key), []byte(content))
					}
					w.From, w.To = transfer.Tree{Dir: dir}, transfer.Tree{Bucket: b}
				}
				w.Compare, w.Delete, w.Confirm = transfer.Size, true, test.confirm
				_, tr, err := do(t, m, w)
				if !errors.Is(err, test.err) {
					t.Errorf("Wait = %v, want %v", err, test.err)
				}
				left := len(stored(t, b))
				if local {
					left = len(read(t, dir))
				}
				if left != test.left || tr.Progress().Deleted != int64(30-test.left) {
					t.Errorf("%d are left, want %d; progress is %+v", left, test.left, tr.Progress())
				}
			})
		}
	}
}

// TestNothingIsDeletedAfterAFailure: what could not be read may be there.
func TestNothingIsDeletedAfterAFailure(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	b := bucket(t, nil)
	dir := t.TempDir()
	write(t, dir, map[string]string{"a": "1", "secret/b": "2"})
	if err := os.Chmod(filepath.Join(dir, "secret"), 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(filepath.Join(dir, "secret"), 0o700)
	put(t, b.Object("secret/b"), []byte("2"))
	m := manager(t, b.Client(), nil)
	_, _, err := do(t, m, transfer.Sync{From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: b}, Compare: transfer.Size, Delete: true})
	if _, ok := errors.AsType[*transfer.FailedError](err); !ok {
		t.Errorf("Wait = %v", err)
	}
	if diff := cmp.Diff(map[string]string{"a": "1", "secret/b": "2"}, stored(t, b)); diff != "" {
		t.Error(diff)
	}
}

func TestFailedItems(t *testing.T) {
	b := bucket(t, nil)
	dir := t.TempDir()
	for _, key := range []string{"good", "../evil", "/etc/passwd", "a/./b", "nul\x00"} {
		if strings.ContainsRune(key, 0) {
			continue // the service refuses it
		}
		put(t, b.Object("p/"+key), []byte(key))
	}
	m := manager(t, b.Client(), nil)
	items, tr, err := do(t, m, transfer.Sync{From: transfer.Tree{Bucket: b, Prefix: "p/"}, To: transfer.Tree{Dir: filepath.Join(dir, "in")}})
	failed, ok := errors.AsType[*transfer.FailedError](err)
	if !ok || failed.Failed == 0 || failed.Total < failed.Failed || failed.First == nil {
		t.Fatalf("Wait = %v (%+v)", err, failed)
	}
	if got := ops(items); got["good"] != transfer.Copied || got["../evil"] != transfer.Refused {
		t.Errorf("items are %v", got)
	}
	if p := tr.Progress(); p.Failed != failed.Failed || p.Objects+p.Failed != p.ObjectsTotal {
		t.Errorf("progress is %+v", p)
	}
	if got := read(t, dir); got["in/good"] != "good" || got["evil"] != "" {
		t.Errorf("files are %v", got)
	}
}

func TestMoveTree(t *testing.T) {
	b := bucket(t, nil)
	top := t.TempDir()
	dir, down := filepath.Join(top, "src"), filepath.Join(top, "down")
	write(t, dir, sample)
	m := manager(t, b.Client(), nil)
	for _, w := range []transfer.Sync{
		{From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: b, Prefix: "up/"}, Move: true},
		{From: transfer.Tree{Bucket: b, Prefix: "up/"}, To: transfer.Tree{Bucket: b, Prefix: "across/"}, Move: true},
		{From: transfer.Tree{Bucket: b, Prefix: "across/"}, To: transfer.Tree{Dir: down}, Move: true},
	} {
		items, _, err := do(t, m, w)
		if err != nil {
			t.Fatal(err)
		}
		if got := ops(items); len(got) != len(sample) || got["a"] != transfer.Moved {
			t.Errorf("items are %v", got)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the source is still there: %v, %v", read(t, dir), err)
	}
	if left := stored(t, b); len(left) != 0 {
		t.Errorf("objects are left: %v", left)
	}
	if diff := cmp.Diff(sample, read(t, down)); diff != "" {
		t.Error(diff)
	}
}

func TestPreserveTree(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need rights")
	}
	b := bucket(t, nil)
	dir, down := t.TempDir(), t.TempDir()
	write(t, dir, map[string]string{"a": "1", "d/b": "2"})
	if err := os.Symlink("d/b", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "hollow"), 0o700); err != nil {
		t.Fatal(err)
	}
	m := manager(t, b.Client(), nil)
	keep := transfer.Preserve{ModTime: true, Mode: true, Symlinks: true, EmptyDirs: true}
	for _, w := range []transfer.Sync{
		{From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: b, Prefix: "p/"}, Preserve: keep},
		{From: transfer.Tree{Bucket: b, Prefix: "p/"}, To: transfer.Tree{Bucket: b, Prefix: "q/"}},
		{From: transfer.Tree{Bucket: b, Prefix: "q/"}, To: transfer.Tree{Dir: down}, Preserve: keep},
	} {
		if _, _, err := do(t, m, w); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[string]string{"a": "1", "d/b": "2", "link": "-> d/b"}, read(t, down)); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(filepath.Join(down, "hollow")); err != nil || !info.IsDir() {
		t.Errorf("the empty directory is %v, %v", info, err)
	}
	a, err := os.Stat(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := os.Stat(filepath.Join(down, "a"))
	if err != nil {
		t.Fatal(err)
	}
	if !a.ModTime().Equal(z.ModTime()) || a.Mode() != z.Mode() {
		t.Errorf("time and mode were %v %v and are %v %v", a.ModTime(), a.Mode(), z.ModTime(), z.Mode())
	}
}

// TestLinksWithoutPreserve: links to files are copied as these files, others are
// skipped, and neither is a failure.
func TestLinksWithoutPreserve(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need rights")
	}
	b := bucket(t, nil)
	dir := t.TempDir()
	write(t, dir, map[string]string{"a": "1", "d/b": "2"})
	for link, target := range map[string]string{"file": "d/b", "dir": "d", "nothing": "missing"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	items, tr, err := do(t, manager(t, b.Client(), nil), transfer.Sync{From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: b}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]transfer.Op{
		"a": transfer.Copied, "d/b": transfer.Copied, "file": transfer.Copied, "dir": transfer.Skipped, "nothing": transfer.Skipped,
	}, ops(items)); diff != "" {
		t.Error(diff)
	}
	for _, it := range items {
		if it.Op == transfer.Skipped && it.Reason == "" {
			t.Errorf("item has no reason: %+v", it)
		}
	}
	if diff := cmp.Diff(map[string]string{"a": "1", "d/b": "2", "file": "2"}, stored(t, b)); diff != "" {
		t.Error(diff)
	}
	if p := tr.Progress(); p.Skipped != 2 || p.Failed != 0 {
		t.Errorf("progress is %+v", p)
	}
}

func TestPutOptionsOfATree(t *testing.T) {
	b := bucket(t, nil)
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.html": "1"})
	m := manager(t, b.Client(), nil)
	for want, choose := range map[string]func(string) icos.PutOptions{
		"text/html; charset=utf-8": nil,
		"text/x-a.html":            func(key string) icos.PutOptions { return icos.PutOptions{ContentType: "text/x-" + key} },
	} {
		if _, _, err := do(t, m, transfer.Sync{From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: b}, Put: choose}); err != nil {
			t.Fatal(err)
		}
		info, err := b.Object("a.html").Stat(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if info.ContentType != want {
			t.Errorf("content type is %q, want %q", info.ContentType, want)
		}
	}
}

// TestTwoManagersOneJob: the second is told who is at it.
func TestTwoManagersOneJob(t *testing.T) {
	b := bucket(t, nil)
	dir, stateDir := t.TempDir(), t.TempDir()
	write(t, dir, map[string]string{"gone": "x"})
	put(t, b.Object("other"), []byte("x"))
	first := manager(t, b.Client(), &transfer.Options{StateDir: stateDir})
	second := manager(t, b.Client(), &transfer.Options{StateDir: stateDir})
	asked, answer := make(chan struct{}), make(chan struct{})
	w := transfer.Sync{From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: b}, Delete: true, Confirm: func(transfer.DeletePlan) error {
		close(asked)
		<-answer
		return nil
	}}
	one := first.Start(t.Context(), w)
	<-asked
	err := second.Start(t.Context(), w).Wait(t.Context())
	busy, ok := errors.AsType[*transfer.BusyError](err)
	if !errors.Is(err, transfer.ErrBusy) || !ok || busy.PID != os.Getpid() {
		t.Errorf("Wait = %v, want ErrBusy with this process", err)
	}
	for j, err := range transfer.Jobs(stateDir) {
		if err != nil || !j.Running || j.PID != os.Getpid() || j.ID != one.ID() {
			t.Errorf("job is %+v, %v", j, err)
		}
		if err := transfer.RemoveJob(context.Background(), stateDir, j.ID, b.Client()); !errors.Is(err, transfer.ErrBusy) {
			t.Errorf("RemoveJob = %v", err)
		}
	}
	close(answer)
	if err := one.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if jobs := jobs(t, stateDir); len(jobs) != 0 {
		t.Errorf("jobs are left: %+v", jobs)
	}
}
