package tree_test

import (
	"io/fs"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos/transfer/internal/tree"
)

func TestMetadataHasTheNamesOfRclone(t *testing.T) {
	e := tree.Entry{Kind: tree.File, ModTime: time.Unix(1354040105, 123456789), Mode: 0o644 | fs.ModeSetuid}
	link := tree.Entry{Kind: tree.Symlink, ModTime: time.Unix(1, 0), Mode: fs.ModeSymlink | 0o777}
	dir := tree.Entry{Kind: tree.EmptyDir, ModTime: time.Unix(-1, 0), Mode: fs.ModeDir | fs.ModeSticky | 0o755}
	for _, c := range []struct {
		got, want map[string]string
	}{
		{e.Attributes(true, true).Metadata(), map[string]string{"mtime": "1354040105.123456789", "mode": "100644"}},
		{e.Attributes(true, false).Metadata(), map[string]string{"mtime": "1354040105.123456789"}},
		{e.Attributes(false, true).Metadata(), map[string]string{"mode": "100644"}},
		{e.Attributes(false, false).Metadata(), nil},
		{link.Attributes(false, false).Metadata(), map[string]string{"mode": "120777"}},
		{dir.Attributes(true, true).Metadata(), map[string]string{"mtime": "-1.000000000", "mode": "40755"}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("metadata (-want +got):\n%s", diff)
		}
	}
}

func TestReadTimes(t *testing.T) {
	for value, want := range map[string]time.Time{
		"1354040105.123456789":           time.Unix(1354040105, 123456789),
		"1354040105":                     time.Unix(1354040105, 0),
		"1354040105.5":                   time.Unix(1354040105, 500000000),
		"1354040105.1234567891234":       time.Unix(1354040105, 123456789),
		"0":                              time.Unix(0, 0),
		"-1.5":                           time.Unix(-2, 500000000),
		"-0.000000001":                   time.Unix(-1, 999999999),
		"253402300799":                   time.Unix(253402300799, 0),
		"2012-11-27T18:15:05.123456789Z": time.Unix(1354040105, 123456789),
		"2012-11-27T19:15:05+01:00":      time.Unix(1354040105, 0),
	} {
		a, err := tree.ReadAttributes(map[string]string{"Mtime": value})
		if err != nil || !a.ModTime.Equal(want) {
			t.Errorf("mtime %q is read as %v, %v; want %v", value, a.ModTime, err, want)
		}
	}
	for _, value := range []string{
		"", ".", "-", "1.", ".5", "NaN", "inf", "-inf", "1e9", "0x10", "+5", "--5", "1.-5", " 1", "1 ", "1_000", "253402300800", "-62135596801",
		"99999999999999999999", "9223372036854775807", "-9223372036854775808", "1.5.5", "٣", strings.Repeat("1", 1000), "0." + strings.Repeat("1", 1000), "yesterday",
	} {
		if a, err := tree.ReadAttributes(map[string]string{"mtime": value}); err == nil || !a.ModTime.IsZero() {
			t.Errorf("mtime %.40q is read as %v, %v; want an error", value, a.ModTime, err)
		}
	}
}

func TestReadModes(t *testing.T) {
	for value, want := range map[string]fs.FileMode{
		"100644":  0o644,
		"0100664": 0o664,
		"104755":  0o755, // setuid is not believed
		"40755":   fs.ModeDir | 0o755,
		"41777":   fs.ModeDir | 0o777,
		"120777":  fs.ModeSymlink | 0o777,
		"644":     0o644,
		"0600":    0o600,
		"4755":    0o755,
		"33188":   0o644, // decimal, as s3fs writes it
		"33204":   0o664,
		"16877":   fs.ModeDir | 0o755,
		"41471":   fs.ModeSymlink | 0o777,
	} {
		a, err := tree.ReadAttributes(map[string]string{"MODE": value})
		if err != nil || a.Mode == nil || *a.Mode != want {
			t.Errorf("mode %q is read as %v, %v; want %v", value, a.Mode, err, want)
			continue
		}
		if a.Symlink() != (want&fs.ModeSymlink != 0) {
			t.Errorf("mode %q: Symlink() = %v", value, a.Symlink())
		}
	}
	for _, value := range []string{"", "-1", "+644", "0o644", "rwxr-xr-x", "9", "10644", "140755", "60644", "20666", "777777777777777777777", "4294967295", "200000", " 644", "6_4_4"} {
		if a, err := tree.ReadAttributes(map[string]string{"mode": value}); err == nil || a.Mode != nil {
			t.Errorf("mode %q is read as %v, %v; want an error", value, a.Mode, err)
		}
	}
}

func TestReadWhatMakesSense(t *testing.T) {
	a, err := tree.ReadAttributes(map[string]string{"mtime": "NaN", "mode": "100600", "other": "x"})
	if err == nil || a.Mode == nil || *a.Mode != 0o600 {
		t.Errorf("attributes %+v, %v; want the mode, and an error about mtime", a, err)
	}
	if a, err := tree.ReadAttributes(nil); err != nil || a.Mode != nil || !a.ModTime.IsZero() || a.Symlink() {
		t.Errorf("no metadata is read as %+v, %v", a, err)
	}
}

func FuzzAttributes(f *testing.F) {
	f.Add("1354040105.123456789", "100644")
	f.Add("-0.5", "33188")
	f.Fuzz(func(t *testing.T, mtime, mode string) {
		a, _ := tree.ReadAttributes(map[string]string{"mtime": mtime, "mode": mode})
		b, err := tree.ReadAttributes(a.Metadata())
		if err != nil || !a.ModTime.Equal(b.ModTime) || (a.Mode == nil) != (b.Mode == nil) || a.Mode != nil && *a.Mode != *b.Mode {
			t.Errorf("%q, %q: %+v comes back as %+v, %v", mtime, mode, a, b, err)
		}
	})
}

func FuzzTimeRoundTrip(f *testing.F) {
	f.Add(int64(-1), int64(1))
	f.Fuzz(func(t *testing.T, sec, nsec int64) {
		want := time.Unix(sec%200_000_000_000, nsec%int64(math.Pow10(9)))
		a, err := tree.ReadAttributes(tree.Attributes{ModTime: want}.Metadata())
		if want.Year() < 1 || want.Year() > 9999 {
			return
		}
		if err != nil || !a.ModTime.Equal(want) {
			t.Errorf("%v comes back as %v, %v", want, a.ModTime, err)
		}
	})
}
