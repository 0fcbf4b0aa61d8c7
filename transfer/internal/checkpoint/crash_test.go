package checkpoint_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/icos-go/icos/transfer/internal/checkpoint"
)

// TestMain is also the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("CHECKPOINT_TEST_DIR"); dir != "" {
		if err := writeUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeUntilKilled adds pieces and saves states, and says of each that it is
// kept.
func writeUntilKilled(dir string) error {
	s, err := checkpoint.Open(dir)
	if err != nil {
		return err
	}
	o, err := s.Object(upload)
	if err != nil {
		return err
	}
	j, err := s.Job(tree)
	if err != nil {
		return err
	}
	if _, begun := o.Header(); !begun {
		if err := o.Begin(checkpoint.Header{UploadID: "up"}); err != nil {
			return err
		}
	}
	failed := slices.Repeat([]string{"a key that failed"}, 5000) // so that rewriting is frequent
	for n := len(o.Pieces()); ; n++ {
		if err := errors.Join(o.Add(piece(n)), j.Save(checkpoint.State{Frontier: fmt.Sprint(n), Failed: failed})); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

func TestKilledWriterLosesNothingItWasToldIsKept(t *testing.T) {
	rounds := 10
	if testing.Short() {
		rounds = 3
	}
	dir := t.TempDir()
	last := -1
	for round := range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "CHECKPOINT_TEST_DIR="+dir)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewScanner(out)
		for range 1 + rand.IntN(200) {
			if !lines.Scan() {
				t.Fatalf("round %d: writer ended by itself: %s", round, stderr.String())
			}
		}
		_, err = open(t, dir).Object(upload)
		if busy, ok := errors.AsType[*checkpoint.BusyError](err); !ok || busy.PID != cmd.Process.Pid {
			t.Errorf("open beside process %d: %v", cmd.Process.Pid, err)
		}
		must(t, cmd.Process.Kill())
		for acked := lines.Text(); ; acked = lines.Text() {
			last, err = strconv.Atoi(acked)
			must(t, err)
			if !lines.Scan() {
				break
			}
		}
		cmd.Wait() // reports the kill

		s := open(t, dir)
		o, j := object(t, s), job(t, s)
		if h, _ := o.Header(); h.UploadID != "up" {
			t.Fatalf("round %d: upload %q", round, h.UploadID)
		}
		// One may have been written that there was no time to tell of.
		if got := o.Pieces(); len(got) < last+1 || len(got) > last+2 {
			t.Fatalf("round %d: %d pieces, of which %d were acknowledged", round, len(got), last+1)
		}
		for i, p := range o.Pieces() {
			if p != piece(i) {
				t.Fatalf("round %d: piece %d is %+v", round, i, p)
			}
		}
		state, _ := j.State()
		if got, err := strconv.Atoi(state.Frontier); err != nil || got < last || got > last+1 {
			t.Fatalf("round %d: frontier %q, acknowledged %d", round, state.Frontier, last)
		}
		must(t, errors.Join(o.Close(), j.Close()))
	}
	t.Logf("%d pieces kept over %d kills", last+1, rounds)
}

// written is a checkpoint on disk with a header and n pieces.
func written(t testing.TB, n int) []byte {
	t.Helper()
	dir := t.TempDir()
	o := object(t, open(t, dir))
	must(t, o.Begin(header()))
	for i := range n {
		must(t, o.Add(piece(i)))
	}
	must(t, o.Close())
	b, err := os.ReadFile(filepath.Join(dir, o.ID()+checkpoint.Suffix))
	must(t, err)
	return b
}

// reopened opens a checkpoint that is these bytes, in dir.
func reopened(t *testing.T, dir string, b []byte) (*checkpoint.Object, error) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(dir, upload.ID()+checkpoint.Suffix), b, 0o600))
	return open(t, dir).Object(upload)
}

// goesOn checks that a checkpoint holds the first pieces of those that were
// written, and that what is added to it now is found again.
func goesOn(t *testing.T, dir string, o *checkpoint.Object) (kept int) {
	t.Helper()
	got := o.Pieces()
	for i, p := range got {
		if p != piece(i) {
			t.Fatalf("piece %d is %+v", i, p)
		}
	}
	_, begun := o.Header()
	if !begun {
		must(t, o.Begin(checkpoint.Header{UploadID: "another"}))
	}
	must(t, o.Add(piece(len(got))))
	must(t, o.Close())
	again := object(t, open(t, dir))
	defer again.Close()
	if _, ok := again.Header(); !ok || len(again.Pieces()) != len(got)+1 {
		t.Fatalf("of %d pieces, and one added, %d are found", len(got), len(again.Pieces()))
	}
	return len(got)
}

func TestTornAnywhere(t *testing.T) {
	b, dir := written(t, 4), t.TempDir()
	last := 0
	for n := range len(b) + 1 {
		o, err := reopened(t, dir, b[:n])
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		kept := goesOn(t, dir, o)
		if kept < last {
			t.Fatalf("cut at %d: %d pieces, of a shorter file %d", n, kept, last)
		}
		last = kept
	}
	if last != 4 {
		t.Errorf("the whole file has %d pieces, want 4", last)
	}
}

func TestGarbageAnywhere(t *testing.T) {
	b, dir := written(t, 4), t.TempDir()
	for at := range b {
		if at == len("icosckp") { // the version has its own test
			continue
		}
		bad := bytes.Clone(b)
		bad[at] ^= 0x41
		o, err := reopened(t, dir, bad)
		if err != nil {
			t.Fatalf("flipped at %d: %v", at, err)
		}
		goesOn(t, dir, o)
	}
	for _, tail := range [][]byte{make([]byte, 4096), bytes.Repeat([]byte{0xff}, 4096), b[:100]} {
		o, err := reopened(t, dir, append(bytes.Clone(b), tail...))
		must(t, err)
		if kept := goesOn(t, dir, o); kept != 4 {
			t.Errorf("%d pieces before a tail of garbage, want 4", kept)
		}
	}
}

func TestNewerVersionIsLeftAlone(t *testing.T) {
	b, dir := written(t, 4), t.TempDir()
	b[len("icosckp")] = 2
	_, err := reopened(t, dir, b)
	if v, ok := errors.AsType[*checkpoint.VersionError](err); !ok || v.Version != 2 {
		t.Errorf("error %v, want that it has version 2", err)
	}
	s := open(t, dir)
	for info, err := range s.List() {
		must(t, err)
		if _, ok := errors.AsType[*checkpoint.VersionError](info.Err); !ok || info.ID != upload.ID() {
			t.Errorf("listed %+v", info)
		}
	}
	got, err := os.ReadFile(filepath.Join(dir, upload.ID()+checkpoint.Suffix))
	must(t, err)
	if !bytes.Equal(got, b) {
		t.Error("it was written to")
	}
	must(t, s.Remove(upload.ID())) // what the user asks for is done
}

func TestLengthsAreNotBelieved(t *testing.T) {
	b := written(t, 0)
	b = append(b, 3, 0xff, 0xff, 0x3f, 0, 1, 2, 3, 4, 'x') // 4 MiB - 1, of which one byte is there
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	good, err := checkpoint.Read(bytes.NewReader(b))
	runtime.ReadMemStats(&after)
	if err != nil || good != int64(len(b)-10) {
		t.Errorf("good to %d, %v; want to %d", good, err, len(b)-10)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes allocated for a file of %d", n, len(b))
	}
}

// A full is a disk with so much room.
type full struct {
	checkpoint.Disk
	room int64
}

func (d *full) WriteAt(p []byte, off int64) (int, error) {
	if over := off + int64(len(p)) - d.room; over > 0 {
		n, err := d.Disk.WriteAt(p[:max(0, int64(len(p))-over)], off)
		return n, errors.Join(err, syscall.ENOSPC)
	}
	return d.Disk.WriteAt(p, off)
}

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	o := object(t, open(t, dir))
	must(t, o.Begin(header()))
	must(t, o.Add(piece(0)))
	info, err := os.Stat(filepath.Join(dir, o.ID()+checkpoint.Suffix))
	must(t, err)
	disk := &full{room: info.Size() + 20}
	o.SetDisk(func(d checkpoint.Disk) checkpoint.Disk { disk.Disk = d; return disk })
	for _, n := range []int{1, 2} {
		if err := o.Add(piece(n)); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("Add on a full disk: %v", err)
		}
	}
	if got := o.Pieces(); len(got) != 3 {
		t.Errorf("this process knows of %d pieces, want 3", len(got))
	}
	now, err := os.Stat(filepath.Join(dir, o.ID()+checkpoint.Suffix))
	must(t, err)
	if now.Size() != info.Size() {
		t.Errorf("%d bytes, of which %d are good", now.Size(), info.Size())
	}
	disk.room = 1 << 20
	must(t, o.Add(piece(3)))
	must(t, o.Close())
	var got []int
	for _, p := range object(t, open(t, dir)).Pieces() {
		got = append(got, p.Number)
	}
	if want := []int{0, 3}; !slices.Equal(got, want) {
		t.Errorf("found pieces %v, want %v", got, want)
	}
}

// When the header of a new upload cannot be kept, pieces must not be added to
// those of the old one.
func TestFullDiskAtBegin(t *testing.T) {
	dir := t.TempDir()
	o := object(t, open(t, dir))
	must(t, o.Begin(header()))
	must(t, o.Add(piece(0)))
	disk := &full{}
	o.SetDisk(func(d checkpoint.Disk) checkpoint.Disk { disk.Disk = d; return disk })
	if err := o.Begin(checkpoint.Header{UploadID: "new"}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Begin on a full disk: %v", err)
	}
	disk.room = 1 << 20
	if err := o.Add(piece(7)); err == nil {
		t.Error("Add after a Begin that failed succeeded")
	}
	if h, _ := o.Header(); h.UploadID != "new" || len(o.Pieces()) != 1 {
		t.Errorf("this process knows upload %q with %d pieces", h.UploadID, len(o.Pieces()))
	}
	must(t, o.Close())
	o = object(t, open(t, dir))
	if h, _ := o.Header(); h.UploadID != "up" || len(o.Pieces()) != 1 || o.Pieces()[0] != piece(0) {
		t.Errorf("found upload %q with %+v", h.UploadID, o.Pieces())
	}
}

func TestReadErrorsAreNotTakenForTheEnd(t *testing.T) {
	b := written(t, 2)
	broken := errors.New("broken disk")
	for _, n := range []int{0, 8, 40, len(b)} {
		r := io.MultiReader(bytes.NewReader(b[:n]), errReader{broken})
		if _, err := checkpoint.Read(r); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func FuzzOpen(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("icosckp\x01\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("icosckp\x02"))
	f.Add(written(f, 2))
	f.Add([]byte("icosckp\x01\x01\x00\x00\x00\x00\x00\x00\x00\x01\x05\x00\x00\x00abcdhello"))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		o, err := reopened(t, dir, b)
		if err != nil {
			if _, ok := errors.AsType[*checkpoint.VersionError](err); !ok {
				t.Fatal(err)
			}
			return
		}
		h, begun := o.Header()
		if !begun {
			must(t, o.Begin(h))
		}
		before := o.Pieces()
		if err := o.Add(piece(0)); err != nil && len(before) < 1<<20 {
			t.Fatal(err)
		}
		must(t, o.Close())
		if after := object(t, open(t, dir)).Pieces(); len(after) < max(len(before), 1) {
			t.Fatalf("%d pieces became %d", len(before), len(after))
		}
	})
}

// FuzzRecord has files whose CRCs are right and whose records are not.
func FuzzRecord(f *testing.F) {
	first := written(f, 0)[:16]
	for kind := range byte(6) {
		f.Add(kind, []byte("\x06upload\x01e\x01b\x01k\x01p"), []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
		f.Add(kind, []byte{}, []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	}
	f.Fuzz(func(t *testing.T, kind byte, identity, payload []byte) {
		b := checkpoint.AppendRecord(bytes.Clone(first), 1, identity)
		b = checkpoint.AppendRecord(b, kind, payload)
		good, err := checkpoint.Read(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if again, err := checkpoint.Read(bytes.NewReader(b[:good])); again != good || err != nil {
			t.Fatalf("%d bytes are good, and of these %d: %v", good, again, err)
		}
	})
}
